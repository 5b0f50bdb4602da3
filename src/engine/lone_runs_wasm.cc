// Every run is alone in WebAssembly, which has no threads here and, without the host's help, no
// clock.
#include "engine/lone_runs.h"

namespace qkv::engine {

void LoneRuns::run(base::Team& team, const std::function<void(int)>& work) { team.run_alone(work); }

}  // namespace qkv::engine
