#include "spec/misfit.h"

#include "base/format.h"

namespace qkv::spec {
namespace {

std::optional<Misfit> find_misfit_of_heads(const ModelConfig& model) {
  const auto found = [](std::int64_t value) { return std::to_string(value); };
  if (model.width % model.heads != 0) {
    return Misfit{"model.heads", found(model.heads),
                  base::concat("a divisor of model.width (", model.width, ")")};
  }
  if (model.heads % model.key_value_heads != 0) {
    return Misfit{"model.key_value_heads", found(model.key_value_heads),
                  base::concat("a divisor of model.heads (", model.heads, ")")};
  }
  if (model.attention.projection == Projection::kIdentity && model.key_value_heads != model.heads) {
    return Misfit{
        "model.key_value_heads", found(model.key_value_heads),
        base::concat(
            "as many as model.heads (", model.heads,
            "), since model.attention.projection \"identity\" cannot reduce their number")};
  }
  if (model.attention.query_key_norm && !model.has_scores()) {
    return Misfit{"model.attention.query_key_norm", "true",
                  base::concat("false, since a model with model.attention.weights \"",
                               name_of(model.attention.weights), "\" has no queries and keys")};
  }
  if (model.position == Position::kRotary && model.head_width() % 2 != 0) {
    return Misfit{"model.position", base::concat('"', name_of(model.position), '"'),
                  base::concat("an even head width for it, but model.width / model.heads is ",
                               model.width, " / ", model.heads, " = ", model.head_width())};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Misfit> find_misfit(const ModelConfig& model) {
  if (!model.recurrent()) return find_misfit_of_heads(model);
  if (model.causal() || model.width % 2 == 0) return std::nullopt;
  return Misfit{"model.width", std::to_string(model.width),
                base::concat("an even number: with the objective \"masked\", each direction of a ",
                             name_of(model.kind), " has half of it")};
}

}  // namespace qkv::spec
