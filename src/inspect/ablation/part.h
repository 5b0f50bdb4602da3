#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/taps.h"
#include "spec/model.h"

namespace qkv::inspect {

/// A head, named by layer and head, both counted from 0.
struct HeadPlace {
  std::int64_t layer = 0;
  std::int64_t head = 0;

  bool operator==(const HeadPlace&) const = default;
};

/// A part of a Transformer that writes to the residual stream: a head, or the feed-forward layer of
/// a layer.
struct Part {
  std::int64_t layer = 0;
  std::optional<std::int64_t> head = {};  ///< nothing: the feed-forward layer

  Part() = default;
  Part(std::int64_t of_layer, std::optional<std::int64_t> of_head)
      : layer(of_layer), head(of_head) {}
  Part(const HeadPlace& place) : layer(place.layer), head(place.head) {}
  bool operator==(const Part&) const = default;
};

/// "L1.H3", or "L0.mlp" for a feed-forward layer.
std::string name_of(const Part& part);

/// The output of a part: what a head has mixed, among that of all heads of the layer, or what the
/// feed-forward layer adds to the residual stream.
engine::TapPlace output_of(const Part& part);

/// All heads and feed-forward layers, layer by layer.
std::vector<Part> all_parts(const spec::ModelConfig& model);

/// The parts in a list such as "L1.H3,L0.mlp". Throws Error, which begins with the name of the
/// option, if one has another form, appears twice, or is missing in the model.
std::vector<Part> parse_parts(std::string_view list, const spec::ModelConfig& model,
                              const char* option);

}  // namespace qkv::inspect
