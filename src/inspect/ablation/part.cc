#include "inspect/ablation/part.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/format.h"

namespace qkv::inspect {
namespace {

/// Takes a number from the beginning of a text; nothing if there is none.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  // from_chars would accept a sign.
  if (text.empty() || text.front() == '-') return {};
  const auto [rest, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc()) return {};
  text = {rest, static_cast<std::size_t>(end - rest)};
  return number;
}

bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

std::optional<Part> part_of(std::string_view name) {
  if (!take(name, "L")) return {};
  const auto layer = take_number(name);
  if (!layer) return {};
  if (name == ".mlp") return Part(*layer, {});
  if (!take(name, ".H")) return {};
  const auto head = take_number(name);
  if (!head || !name.empty()) return {};
  return Part(*layer, head);
}

/// "0", or "0 to 3"
std::string range_text(std::int64_t count) {
  return count == 1 ? "0" : base::concat("0 to ", count - 1);
}

/// Why the model has no such part; empty if it has.
std::string lack(const Part& part, const spec::ModelConfig& model) {
  if (model.recurrent())
    return base::concat("but the model is of the kind ", base::quoted(spec::name_of(model.kind)),
                        ", expected a transformer");
  if (part.layer >= model.layers)
    return base::concat("expected a layer from ", range_text(model.layers));
  if (part.head && !model.has_attention())
    return "but the model has no attention, expected a feed-forward layer such as L0.mlp";
  if (part.head && *part.head >= model.heads)
    return base::concat("expected a head from ", range_text(model.heads));
  if (!part.head && !model.has_feed_forward())
    return "but the model has no feed-forward layers, expected a head such as L0.H1";
  return "";
}

}  // namespace

std::string name_of(const Part& part) {
  return part.head ? base::concat("L", part.layer, ".H", *part.head)
                   : base::concat("L", part.layer, ".mlp");
}

engine::TapPlace output_of(const Part& part) {
  return {part.head ? engine::Tap::kMixed : engine::Tap::kFeedForwardOutput, part.layer};
}

std::vector<Part> all_parts(const spec::ModelConfig& model) {
  std::vector<Part> parts;
  if (model.recurrent()) return parts;
  for (std::int64_t layer = 0; layer < model.layers; ++layer) {
    for (std::int64_t head = 0; model.has_attention() && head < model.heads; ++head)
      parts.emplace_back(layer, head);
    if (model.has_feed_forward()) parts.emplace_back(layer, std::nullopt);
  }
  return parts;
}

std::vector<Part> parse_parts(std::string_view list, const spec::ModelConfig& model,
                              const char* option) {
  std::vector<Part> parts;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    const std::string_view name = list.substr(begin, end - begin);
    const auto refuse = [&](const std::string& expected) {
      throw base::Error(base::concat(option, ": found ", base::quoted(name), ", ", expected));
    };
    const std::optional<Part> part = part_of(name);
    if (!part) {
      refuse("expected a list of heads and feed-forward layers such as L1.H3,L0.mlp");
    } else if (const std::string reason = lack(*part, model); !reason.empty()) {
      refuse(reason);
    } else if (std::find(parts.begin(), parts.end(), *part) != parts.end()) {
      refuse("which is in the list twice, expected each part once");
    } else {
      parts.push_back(*part);
    }
    begin = end + 1;
  }
  return parts;
}

}  // namespace qkv::inspect
