#pragma once

#include <string>

#include "evaluate/probes/contrast.h"
#include "inspect/ablation/part.h"

namespace qkv::evaluate {

// The cells of tables; "-" if there is no number.

inline constexpr const char* kNoCell = "-";

/// A number; without a sign if it is shown as 0.
std::string number_cell(double value, int decimals);

/// A share from 0 to 1 in percent: "99.5%", "100%".
std::string percent_cell(double share);

/// In whole percent: "28%".
std::string whole_percent_cell(double share);

/// A share before and after, and its interval: "24 → 100% (98–100)".
std::string change_cell(double before, const Share& after);

/// A head: "layer.head".
std::string head_cell(const inspect::HeadPlace& place);

/// A name of at most this many columns; a longer one is cut and ends in "…".
std::string name_cell(const std::string& name, std::size_t columns = 17);

}  // namespace qkv::evaluate
