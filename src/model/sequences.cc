#include "model/sequences.h"

#include <algorithm>
#include <bit>
#include <map>

namespace qkv::model {
namespace {

/// A document: `length` of the batch · tokens, starting at `begin`.
struct Run {
  std::int64_t begin;
  std::int64_t length;
};

/// The documents grouped by length: in a group, the longest has at most twice the tokens of any
/// other.
std::map<int, std::vector<Run>> find_runs(const Tensor& documents) {
  const Tensor numbers = documents.to(at::kCPU).contiguous();
  const std::int64_t* number = numbers.const_data_ptr<std::int64_t>();
  const std::int64_t tokens = numbers.size(1);
  std::map<int, std::vector<Run>> groups;
  for (std::int64_t begin = 0; begin < numbers.numel();) {
    std::int64_t end = begin + 1;
    while (end % tokens != 0 && number[end] == number[begin]) ++end;
    const std::int64_t length = end - begin;
    if (number[begin] >= 0)
      groups[std::bit_width(static_cast<std::uint64_t>(length - 1))].push_back({begin, length});
    begin = end;
  }
  return groups;
}

Tensor flipped(const Tensor& x, Sequences::Direction direction) {
  return direction == Sequences::Direction::kBackward ? x.flip(1) : x;
}

}  // namespace

Sequences::Sequences(const Tensor& documents) {
  if (!documents.defined()) return;
  shape_ = documents.sizes().vec();
  std::vector<std::int64_t> home(static_cast<std::size_t>(documents.numel()), 0);
  std::vector<std::int64_t> home_backward = home;
  const auto to_tensor = [&](const std::vector<std::int64_t>& values) {
    return torch::tensor(values, at::kLong).to(documents.device());
  };
  std::int64_t place = 1;  // the first row is the zeros
  for (const auto& [size, runs] : find_runs(documents)) {
    std::int64_t longest = 0;
    for (const Run& run : runs) longest = std::max(longest, run.length);
    std::vector<std::int64_t> forward;
    std::vector<std::int64_t> backward;
    for (const Run& run : runs) {
      for (std::int64_t step = 0; step < longest; ++step, ++place) {
        const bool inside = step < run.length;
        forward.push_back(run.begin + (inside ? step : 0));
        backward.push_back(run.begin + (inside ? run.length - 1 - step : 0));
        if (!inside) continue;
        home[static_cast<std::size_t>(forward.back())] = place;
        home_backward[static_cast<std::size_t>(backward.back())] = place;
      }
    }
    forward_.parts.push_back(to_tensor(forward).view({-1, longest}));
    backward_.parts.push_back(to_tensor(backward).view({-1, longest}));
  }
  forward_.home = to_tensor(home);
  backward_.home = to_tensor(home_backward);
}

std::vector<Tensor> Sequences::cut(const Tensor& x, Direction direction) const {
  if (shape_.empty()) return {flipped(x, direction)};
  const Tensor tokens = x.flatten(0, 1);
  std::vector<Tensor> parts;
  for (const Tensor& part : order(direction).parts) {
    parts.push_back(
        tokens.index_select(0, part.flatten()).view({part.size(0), part.size(1), x.size(2)}));
  }
  return parts;
}

Tensor Sequences::join(std::vector<Tensor> parts, Direction direction) const {
  if (shape_.empty()) return flipped(parts.at(0), direction);
  for (Tensor& part : parts) part = part.flatten(0, 1);
  parts.insert(parts.begin(), torch::zeros({1, parts.at(0).size(1)}, parts.at(0).options()));
  return at::cat(parts).index_select(0, order(direction).home).view({shape_[0], shape_[1], -1});
}

}  // namespace qkv::model
