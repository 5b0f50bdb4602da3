#include "inspect/patching/patching.h"

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "base/format.h"
#include "inspect/depths.h"
#include "predict/changes.h"

namespace qkv::inspect {
namespace {

/// A place whose values are taken from the other text: of one token or of all, and of one head or
/// of all that the value has.
struct Patch {
  engine::TapPlace place;
  std::int64_t head = -1;   ///< −1: the value has no heads
  std::int64_t token = -1;  ///< −1: all
};

/// Copies what a patch says from the other text's value.
class Patcher : public engine::Taps {
 public:
  /// `kept` tokens are not read. `donor`, the other text's value, must outlive it.
  Patcher(const Patch& patch, const base::Array& donor, std::int64_t kept)
      : patch_(patch), donor_(donor), kept_(kept) {}

  bool wants(const engine::TapPlace& place) const override { return place == patch_.place; }

  void see(const engine::TapPlace& /*place*/, base::MutableView value) override {
    const bool of_head = patch_.head >= 0;
    const base::MutableView into = of_head ? value[patch_.head] : value;
    const base::View from = of_head ? donor_[patch_.head] : donor_.view();
    const std::int64_t tokens = into.shape[0];
    for (std::int64_t token = 0; token < tokens; ++token) {
      if (patch_.token >= 0 && patch_.token != kept_ + token) continue;
      std::ranges::copy(from[kept_ + token].values(), into[token].values().begin());
    }
  }

 private:
  Patch patch_;
  const base::Array& donor_;
  std::int64_t kept_;
};

/// Patches, and where each one's share goes.
class Patches {
 public:
  Patches(const spec::ModelConfig& model, std::int64_t tokens, PatchedShares& shares) {
    const std::vector<std::string> depths = depth_names(model);
    shares.residual = base::ArrayOf<double>({static_cast<std::int64_t>(depths.size()), tokens});
    for (std::int64_t depth = 0; depth < shares.residual.shape[0]; ++depth)
      for (std::int64_t token = 0; token < tokens; ++token)
        add({.place = place_of(depth), .token = token}, shares.residual[depth].data + token);
    const std::int64_t attending = model.has_attention() ? model.layers : 0;
    shares.heads = shares.patterns = base::ArrayOf<double>({attending, model.heads});
    shares.heads_by_token = base::ArrayOf<double>({attending, model.heads, tokens});
    for (std::int64_t layer = 0; layer < attending; ++layer) {
      for (std::int64_t head = 0; head < model.heads; ++head) {
        add({.place = {engine::Tap::kMixed, layer}, .head = head}, shares.heads[layer].data + head);
        add({.place = {engine::Tap::kWeights, layer}, .head = head},
            shares.patterns[layer].data + head);
        for (std::int64_t token = 0; token < tokens; ++token)
          add({.place = {engine::Tap::kMixed, layer}, .head = head, .token = token},
              shares.heads_by_token[layer][head].data + token);
      }
    }
    const std::int64_t feeding = model.has_feed_forward() ? model.layers : 0;
    shares.feed_forward = base::ArrayOf<double>({feeding, tokens});
    for (std::int64_t layer = 0; layer < feeding; ++layer)
      for (std::int64_t token = 0; token < tokens; ++token)
        add({.place = {engine::Tap::kFeedForwardOutput, layer}, .token = token},
            shares.feed_forward[layer].data + token);
  }

  std::size_t size() const { return patches_.size(); }
  const Patch& operator[](std::size_t index) const { return patches_[index]; }
  double& share(std::size_t index) const { return *shares_[index]; }

 private:
  void add(const Patch& patch, double* share) {
    patches_.push_back(patch);
    shares_.push_back(share);
  }

  static engine::TapPlace place_of(std::int64_t depth) {
    if (depth == 0) return {engine::Tap::kInput, 0};
    return {depth % 2 == 1 ? engine::Tap::kMiddle : engine::Tap::kOutput, (depth - 1) / 2};
  }

  std::vector<Patch> patches_;
  std::vector<double*> shares_;
};

/// The change of a pass that a patch makes.
predict::Change change_of(const Patch& patch, const Recorder& donor) {
  const base::Array& value = donor.value(engine::tap_name(patch.place));
  return {.first = patch.place,
          .token = std::max<std::int64_t>(patch.token, 0),
          .make_taps = [&value, patch](std::int64_t kept) {
            return std::make_unique<Patcher>(patch, value, kept);
          }};
}

}  // namespace

std::int64_t patch_count(const spec::ModelConfig& model, std::int64_t tokens) {
  const auto depths = static_cast<std::int64_t>(depth_names(model).size());
  const std::int64_t of_heads = model.has_attention() ? model.heads * (tokens + 2) : 0;
  const std::int64_t of_feed_forward = model.has_feed_forward() ? tokens : 0;
  return 2 * (depths * tokens + model.layers * (of_heads + of_feed_forward));
}

Patching patch(const engine::Model& model, const PatchedTexts& texts, std::int64_t token,
               std::int32_t a, std::int32_t b, int threads, const std::string& label) {
  if (texts.clean.size() != texts.corrupt.size())
    throw base::Error(base::concat("the texts to patch: found ", texts.clean.size(), " and ",
                                   texts.corrupt.size(), " tokens, expected equally many"));
  const auto tokens = static_cast<std::int64_t>(texts.clean.size());
  Patching found;
  found.depths = depth_names(model.config());
  const Patches recovering(model.config(), tokens, found.recovered);
  const Patches losing(model.config(), tokens, found.lost);

  const std::vector<predict::Target> targets = {{.place = token, .piece = a},
                                                {.place = token, .piece = b}};
  const std::vector<predict::ScoredRow> rows = {{.ids = texts.corrupt, .targets = targets},
                                                {.ids = texts.clean, .targets = targets}};
  const auto changes_of = [&](std::size_t row) {
    const Patches& patches = row == 0 ? recovering : losing;
    const Recorder& donor = row == 0 ? texts.clean_taps : texts.corrupt_taps;
    std::vector<predict::Change> changes;
    for (std::size_t index = 0; index < patches.size(); ++index)
      changes.push_back(change_of(patches[index], donor));
    return changes;
  };
  const auto counter = predict::token_progress(
      label, static_cast<std::size_t>((patch_count(model.config(), tokens) + 2) * tokens));
  const auto scores = predict::score_changes(model, rows, threads, changes_of, counter);

  // log p(a) − log p(b) is the difference of the logits.
  const auto difference = [&](std::size_t row, std::size_t reading) {
    return scores[row][2 * reading].nats - scores[row][2 * reading + 1].nats;
  };
  found.corrupt_difference = difference(0, 0);
  found.clean_difference = difference(1, 0);
  const double whole = found.clean_difference - found.corrupt_difference;
  if (whole == 0)
    throw base::Error(
        "the texts to patch: found the same difference of logits for both, expected "
        "texts with different answers");
  for (std::size_t index = 0; index < recovering.size(); ++index) {
    recovering.share(index) = (difference(0, 1 + index) - found.corrupt_difference) / whole;
    losing.share(index) = (found.clean_difference - difference(1, 1 + index)) / whole;
  }
  return found;
}

}  // namespace qkv::inspect
