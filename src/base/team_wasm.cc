// A team of one: WebAssembly has no threads here.
#include "base/team.h"

namespace qkv::base {

class Team::Others {};

Team::Team(int /*members*/) {}

Team::~Team() = default;

void Team::run(const std::function<void(int)>& work) { work(0); }

void Team::run_alone(const std::function<void(int)>& work) { work(0); }

Team::Clock::duration Team::waited() const { return {}; }

void Team::meet(int /*member*/) {}

}  // namespace qkv::base
