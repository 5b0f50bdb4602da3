#include "train/profile.h"

#include "base/format.h"
#include "base/table.h"

namespace qkv {
namespace {

constexpr std::array<const char*, Profile::kPhases> kNames = {"batch",      "gradient", "update",
                                                              "validation", "saving",   "other"};

}  // namespace

double Profile::training_seconds() const {
  return total() - seconds(Phase::kValidation) - seconds(Phase::kSaving);
}

std::string Profile::table(std::int64_t steps, const Parts& gradient_parts) const {
  Table table({"phase", "ms/step", "share"});
  const auto add = [&](const std::string& name, double spent) {
    table.add({name, steps > 0 ? fixed(spent * 1000 / static_cast<double>(steps), 3) : "",
               fixed(spent / total() * 100, 1) + "%"});
  };
  for (std::size_t index = 0; index < kNames.size(); ++index) {
    const auto phase = static_cast<Phase>(index);
    add(kNames[index], seconds(phase));
    if (phase != Phase::kGradient) continue;
    for (const auto& [name, spent] : gradient_parts) add("  " + name, spent);
  }
  return table.text();
}

}  // namespace qkv
