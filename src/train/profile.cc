#include "train/profile.h"

#include "base/format.h"
#include "base/table.h"

namespace qkv::train {
namespace {

constexpr std::array<const char*, Profile::kPhases> kNames = {"batch", "step", "validation",
                                                              "saving", "other"};

}  // namespace

double Profile::training_seconds() const {
  return total() - seconds(Phase::kValidation) - seconds(Phase::kSaving);
}

std::string Profile::table(std::int64_t steps, const base::Parts& step_parts) const {
  base::Table table({"phase", "ms/step", "share"});
  const auto add = [&](const std::string& name, double spent) {
    table.add({name, steps > 0 ? base::fixed(spent * 1000 / static_cast<double>(steps), 3) : "",
               base::fixed(spent / total() * 100, 1) + "%"});
  };
  for (std::size_t index = 0; index < kNames.size(); ++index) {
    const auto phase = static_cast<Phase>(index);
    add(kNames[index], seconds(phase));
    if (phase != Phase::kStep) continue;
    for (const auto& [name, spent] : step_parts) add("  " + name, spent);
  }
  return table.text();
}

}  // namespace qkv::train
