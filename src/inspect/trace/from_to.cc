#include <algorithm>

#include "base/format.h"
#include "base/table.h"
#include "base/utf8.h"
#include "inspect/trace/columns.h"
#include "inspect/trace/trace.h"

namespace qkv::inspect {
namespace {

constexpr const char* kCorner = "From \\ To";
constexpr std::size_t kLabelWidth = 8;
constexpr std::size_t kCellWidth = 4;  // "0.12"

std::size_t width_of(const std::string& label) {
  return std::max(kCellWidth, base::display_width(label));
}

/// The cells of one row under labels first … last−1.
std::vector<std::string> row_of(const AttentionMap& map, const std::vector<std::string>& labels,
                                bool causal, std::size_t query, std::size_t first,
                                std::size_t last) {
  std::vector<std::string> row = {labels[query]};
  for (std::size_t key = first; key < last; ++key) {
    const bool closed = causal && key > query;
    row.push_back(
        right_aligned(closed ? "—" : base::fixed(map[query][key], 2), width_of(labels[key])));
  }
  return row;
}

std::vector<std::string> header_of(const std::vector<std::string>& labels, std::size_t first,
                                   std::size_t last) {
  std::vector<std::string> header = {kCorner};
  for (std::size_t key = first; key < last; ++key) {
    header.push_back(right_aligned(labels[key], width_of(labels[key])));
  }
  return header;
}

}  // namespace

std::string from_to_table(const AttentionMap& map, const std::vector<std::string>& labels,
                          bool causal, std::size_t token) {
  std::vector<std::string> shown;
  shown.reserve(labels.size());
  for (const std::string& label : labels) shown.push_back(clipped(label, kLabelWidth));
  const std::size_t tokens = shown.size();
  constexpr std::size_t kGap = 2;
  const std::size_t margin = kGap + base::display_width(kCorner);

  std::size_t width = margin;
  for (const std::string& label : shown) width += kGap + width_of(label);
  if (width <= kPageWidth) {
    base::Table table(header_of(shown, 0, tokens));
    for (std::size_t query = 0; query < tokens; ++query) {
      table.add(row_of(map, shown, causal, query, 0, tokens));
    }
    return table.text();
  }

  std::string out;
  for (std::size_t first = 0, last = 0; first < tokens; first = last) {
    width = margin;
    while (last < tokens && width + kGap + width_of(shown[last]) <= kPageWidth) {
      width += kGap + width_of(shown[last++]);
    }
    base::Table table(header_of(shown, first, last));
    table.add(row_of(map, shown, causal, token, first, last));
    if (!out.empty()) out += "\n";
    out += table.text();
  }
  return out;
}

}  // namespace qkv::inspect
