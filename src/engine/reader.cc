#include "engine/reader.h"

#include "base/error.h"
#include "base/format.h"
#include "engine/recurrent.h"
#include "engine/transformer.h"

namespace qkv::engine {

std::string Reader::unreadable(std::span<const std::int32_t> ids) const {
  const auto more = static_cast<std::int64_t>(ids.size());
  if (const std::int64_t context = model_.config().context; tokens_ + more > context) {
    return base::concat("found ", tokens_ + more, " tokens, expected at most the context of ",
                        context);
  }
  for (const std::int32_t id : ids) {
    if (id < 0 || id >= model_.vocabulary())
      return base::concat("found the id ", id, ", expected one below ", model_.vocabulary());
  }
  return "";
}

void Reader::require_readable(std::span<const std::int32_t> ids) const {
  if (const std::string reason = unreadable(ids); !reason.empty()) throw base::Error(reason);
}

Rows Reader::read(std::span<const std::int32_t> ids, Taps* taps) {
  require_readable(ids);
  const Rows final = read_more(ids, taps);
  tokens_ += final.count;
  return final;
}

std::span<const float> Reader::next(std::span<const std::int32_t> ids) {
  require_readable(ids);
  const std::span<const float> logits = next_after(ids);
  tokens_ += static_cast<std::int64_t>(ids.size());
  return logits;
}

Rows Reader::read_from(std::int64_t layer, Rows x, Taps* taps, std::int64_t kept,
                       Rows first_values) {
  const Rows final = read_layers(layer, x, first_values, taps, kept);
  tokens_ = kept + final.count;
  return final;
}

Rows Reader::read_layers(std::int64_t /*layer*/, Rows /*x*/, Rows /*first_values*/, Taps* /*taps*/,
                         std::int64_t /*kept*/) {
  throw base::Error(base::concat("reading from the input of a layer on: found a model of the kind ",
                                 spec::name_of(model_.config().kind), ", expected a transformer"));
}

std::unique_ptr<Reader> make_reader(const Model& model, int threads) {
  switch (model.config().kind) {
    case spec::Architecture::kTransformer:
      return std::make_unique<Transformer>(model, threads);
    case spec::Architecture::kLstm:
    case spec::Architecture::kGru:
      break;
  }
  return std::make_unique<Recurrent>(model);
}

}  // namespace qkv::engine
