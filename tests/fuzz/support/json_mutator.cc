#include "fuzz/support/json_mutator.h"

#include <algorithm>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/utf8.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace qkv::fuzz {
namespace {

using Random = std::minstd_rand;

std::size_t below(std::size_t size, Random& random) { return random() % size; }

void collect(base::Json& node, std::vector<base::Json*>& out) {
  out.push_back(&node);
  if (!node.is_structured()) return;
  for (base::Json& child : node) collect(child, out);
}

/// Values at the limits of what readers expect.
base::Json edge_value(Random& random) {
  static const std::vector<base::Json> edges = {nullptr,
                                                true,
                                                0,
                                                1,
                                                -1,
                                                2,
                                                9,
                                                1000,
                                                0.5,
                                                1e308,
                                                -1e308,
                                                std::int64_t{1} << 31U,
                                                INT64_MAX,
                                                INT64_MIN,
                                                UINT64_MAX,
                                                "",
                                                " ",
                                                ".",
                                                "a(n)",
                                                "{",
                                                "é\u0301😀",
                                                "a\nb\x1b[0m",
                                                base::Json::array(),
                                                base::Json::object(),
                                                base::Json::array({0, 1000})};
  return edges[below(edges.size(), random)];
}

std::string mutate_text(std::string text) {
  const std::size_t size = text.size();
  text.resize(size + 16);
  text.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(text.data()), size, text.size()));
  return base::replace_invalid_utf8(text);
}

void mutate_number(base::Json& node, Random& random) {
  const auto value = node.get<double>();
  const double next[] = {value + 1, value - 1, value * 2, value / 2, -value};
  const double chosen = next[below(std::size(next), random)];
  // Integers stay integers if possible.
  if (node.is_number_integer() && chosen > -1e15 && chosen < 1e15) {
    node = static_cast<std::int64_t>(chosen);
  } else {
    node = chosen;
  }
}

void mutate_members(base::Json& node, const base::Json& other, Random& random) {
  const std::size_t place = node.empty() ? 0 : below(node.size(), random);
  const bool removes = !node.empty() && below(2, random) == 0;
  if (node.is_array()) {
    if (removes) {
      node.erase(place);
    } else {
      node.insert(node.begin() + static_cast<std::ptrdiff_t>(place), other);
    }
    return;
  }
  const std::string key =
      node.empty() ? "" : std::next(node.begin(), static_cast<std::ptrdiff_t>(place)).key();
  if (removes) {
    node.erase(key);
  } else {
    node[mutate_text(key)] = other;
  }
}

void mutate_value(base::Json& root, Random& random) {
  std::vector<base::Json*> nodes;
  collect(root, nodes);
  base::Json& node = *nodes[below(nodes.size(), random)];
  const base::Json other = *nodes[below(nodes.size(), random)];
  switch (below(4, random)) {
    case 0:
      node = edge_value(random);
      break;
    case 1:
      node = other;
      break;
    default:
      if (node.is_string()) {
        node = mutate_text(node.get<std::string>());
      } else if (node.is_number()) {
        mutate_number(node, random);
      } else if (node.is_structured()) {
        mutate_members(node, other, random);
      } else {
        node = other;
      }
  }
}

/// The text with one value of the JSON in [begin, end) changed; empty if this is not JSON.
std::string with_mutated_value(const std::string& text, std::size_t begin, std::size_t end,
                               Random& random) {
  if (begin >= end) return {};
  base::Json json = base::Json::parse(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                      text.begin() + static_cast<std::ptrdiff_t>(end), nullptr,
                                      /*allow_exceptions=*/false);
  if (json.is_discarded()) return {};
  mutate_value(json, random);
  return text.substr(0, begin) + json.dump(-1, ' ', false, base::Json::error_handler_t::replace) +
         text.substr(end);
}

}  // namespace

std::size_t mutate_json(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  Random random(seed);
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (below(8, random) > 0) {
    const std::size_t place = text.empty() ? 0 : below(text.size(), random);
    const std::size_t before = text.rfind('\n', place);
    const std::size_t begin = before == std::string::npos ? 0 : before + 1;
    std::string changed =
        with_mutated_value(text, begin, std::min(text.find('\n', begin), text.size()), random);
    if (changed.empty())
      changed =
          with_mutated_value(text, std::min(text.find('{'), text.size()), text.size(), random);
    if (!changed.empty() && changed.size() <= most) {
      std::copy(changed.begin(), changed.end(), data);
      return changed.size();
    }
  }
  return LLVMFuzzerMutate(data, size, most);
}

}  // namespace qkv::fuzz
