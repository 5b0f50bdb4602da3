#include "engine/reader.h"

#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "engine/recurrent.h"
#include "engine/transformer.h"

namespace qkv::engine {
namespace {

/// Shows each value to two taps, one after the other.
class BothTaps : public Taps {
 public:
  BothTaps(std::unique_ptr<Taps> first, Taps* second) : first_(std::move(first)), second_(second) {}

  bool wants(const TapPlace& place) const override {
    return first_->wants(place) || second_wants(place);
  }
  void see(const TapPlace& place, base::MutableView value) override {
    if (first_->wants(place)) first_->see(place, value);
    if (second_wants(place)) second_->see(place, value);
  }

 private:
  bool second_wants(const TapPlace& place) const {
    return second_ != nullptr && second_->wants(place);
  }

  std::unique_ptr<Taps> first_;
  Taps* second_;
};

}  // namespace

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

template <typename Pass>
auto Reader::intervened(std::int64_t kept, Taps* taps, Pass pass) const {
  const Intervention* intervention = model_.intervention();
  if (intervention == nullptr) return pass(taps);
  BothTaps both(intervention->make_taps(beginning_, kept), taps);
  return pass(&both);
}

void Reader::begin(std::span<const std::int32_t> ids) {
  if (tokens_ == 0 && model_.intervention() != nullptr) beginning_.assign(ids.begin(), ids.end());
}

Rows Reader::read(std::span<const std::int32_t> ids, Taps* taps) {
  require_readable(ids);
  begin(ids);
  const Rows final = intervened(tokens_, taps, [&](Taps* all) { return read_more(ids, all); });
  tokens_ += final.count;
  return final;
}

std::span<const float> Reader::next(std::span<const std::int32_t> ids) {
  require_readable(ids);
  begin(ids);
  const std::span<const float> logits =
      intervened(tokens_, nullptr, [&](Taps* all) { return next_after(ids, all); });
  tokens_ += static_cast<std::int64_t>(ids.size());
  return logits;
}

Rows Reader::read_from(std::int64_t layer, Rows x, Taps* taps, std::int64_t kept,
                       Rows first_values) {
  const Rows final = intervened(
      kept, taps, [&](Taps* all) { return read_layers(layer, x, first_values, all, kept); });
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
