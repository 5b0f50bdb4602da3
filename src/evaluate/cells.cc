#include "evaluate/cells.h"

#include <cmath>

#include "base/format.h"
#include "base/utf8.h"

namespace qkv::evaluate {
namespace {

std::string right_aligned(const std::string& text, std::size_t columns) {
  return text.size() < columns ? std::string(columns - text.size(), ' ') + text : text;
}

}  // namespace

std::string number_cell(double value, int decimals) {
  if (!std::isfinite(value)) return kNoCell;
  const std::string text = base::fixed(value, decimals);
  return std::stod(text) == 0 && text.starts_with('-') ? text.substr(1) : text;
}

std::string percent_cell(double share) {
  std::string text = number_cell(share * 100, 1);
  if (text == kNoCell) return text;
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text + "%";
}

std::string whole_percent_cell(double share) {
  const std::string text = number_cell(share * 100, 0);
  return text == kNoCell ? text : text + "%";
}

std::string change_cell(double before, const Share& after) {
  constexpr std::size_t kColumns = 3;
  const auto percent = [](double share) { return number_cell(share * 100, 0); };
  if (!std::isfinite(after.share)) return kNoCell;
  return base::concat(right_aligned(percent(before), kColumns), " → ",
                      right_aligned(percent(after.share), kColumns), "% (",
                      percent(after.interval.low), "–", percent(after.interval.high), ")");
}

std::string head_cell(const inspect::HeadPlace& place) {
  return base::concat(place.layer, ".", place.head);
}

std::string name_cell(const std::string& name, std::size_t columns) {
  std::string whole = base::printable(name);
  if (base::display_width(whole) <= columns) return whole;
  std::string out;
  for (std::size_t offset = 0; offset < whole.size();) {
    const std::size_t size =
        base::decode_utf8(whole, offset).value_or(base::Character{.code = 0, .size = 1}).size;
    const std::string next = out + whole.substr(offset, size);
    if (base::display_width(next) > columns - 1) break;
    out = next;
    offset += size;
  }
  return out + "…";
}

}  // namespace qkv::evaluate
