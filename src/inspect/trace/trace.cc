#include "inspect/trace/trace.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "base/error.h"
#include "base/format.h"
#include "base/table.h"
#include "base/utf8.h"
#include "engine/model.h"
#include "inspect/ablation/ablation.h"
#include "inspect/trace/columns.h"
#include "inspect/trace/head_arithmetic.h"

namespace qkv::inspect {
namespace {

constexpr std::size_t kShown = 4;  // components of a vector
constexpr std::size_t kNumberWidth = 9;
constexpr std::size_t kNameWidth = 34;
constexpr std::size_t kTraceLabelWidth = 12;
constexpr const char* kClosed = "—";

Vector vector_of(base::View view) {
  const std::span<const float> values = view.values();
  return {values.begin(), values.end()};
}

std::vector<Vector> rows_of(base::View matrix) {
  std::vector<Vector> rows;
  for (std::int64_t row = 0; row < matrix.shape[0]; ++row) rows.push_back(vector_of(matrix[row]));
  return rows;
}

std::string cell(double value) { return right_aligned(number_text(value), kNumberWidth); }
std::string heading(const std::string& text) { return right_aligned(text, kNumberWidth); }

/// "[ 0.1 0.2 0.3 0.4 … ]"
std::string components(const Vector& values) {
  std::string out = "[";
  for (std::size_t i = 0; i < std::min(kShown, values.size()); ++i) out += cell(values[i]);
  return out + (values.size() > kShown ? " … ]" : " ]");
}

/// A line for a vector: its name, first components and length.
std::string vector_line(const std::string& name, const Vector& values) {
  return base::concat("   ", left_aligned(clipped(name, kNameWidth), kNameWidth),
                      components(values), "  length ", number_text(length(values)), "\n");
}

double largest_difference(const Vector& ours, const Vector& theirs) {
  double largest = 0;
  for (std::size_t i = 0; i < ours.size(); ++i)
    largest = std::max(largest, std::abs(ours[i] - theirs[i]));
  return largest;
}

/// One query token in one head of a recorded pass.
class Trace {
 public:
  Trace(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection, std::int64_t layer,
        std::int64_t head, std::int64_t token)
      : checkpoint_(checkpoint),
        model_(checkpoint.config.model),
        taps_(inspection.taps),
        layer_(layer),
        head_(head),
        token_(token),
        shared_head_(head * model_.key_value_heads / model_.heads),
        prefix_(base::concat("layers.", layer, ".")) {
    for (const std::string& label : token_labels(inspection.passage, checkpoint.tokenizer)) {
      labels_.push_back(clipped(label, kTraceLabelWidth));
    }
    if (model_.has_scores()) {
      input_.query = vector_of(attention("query")[head][token]);
      input_.keys = rows_of(attention("key")[shared_head_]);
      input_.slope = checkpoint.model->positions().slope(head);
      if (model_.attention.scaled)
        input_.divisor = std::sqrt(static_cast<double>(model_.head_width()));
    }
    input_.values = rows_of(attention("value")[shared_head_]);
    input_.asking = static_cast<std::size_t>(token);
    input_.causal = model_.causal();
    steps_ = compute_head(input_);
  }

  std::string text() const {
    return base::concat("Layer ", layer_, ", head ", head_, ": what token ", token_, ", ",
                        label(token_), ", takes from the ", labels_.size(),
                        " tokens of the text\n\n", reading(), "\n", projections(), "\n", weighing(),
                        "\n", mixing());
  }

 private:
  const base::Array& attention(const char* name) const {
    return taps_.value(prefix_ + "attention." + name);
  }
  Vector of_token(const std::string& name) const { return vector_of(taps_.value(name)[token_]); }
  const std::string& label(std::int64_t token) const {
    return labels_[static_cast<std::size_t>(token)];
  }
  bool even() const { return input_.keys.empty(); }

  std::string reading() const {
    const Vector embedding = of_token("embedding");
    std::string out = "1. What the layer reads: a vector of " + std::to_string(model_.width) +
                      " numbers per token\n";
    out += vector_line(base::concat("embedding of ", label(token_)), embedding);
    Vector sum = embedding;
    if (taps_.has("position")) {
      const Vector position = of_token("position");
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += position[i];
      out += vector_line(base::concat("+ ", model_.position, " position ", token_), position);
      out += vector_line("= input of layer 0", sum);
    } else {
      out += base::concat("   no position is added: ", why_none_is_added(), "\n");
    }
    if (layer_ > 0) {
      out += vector_line(base::concat("after layer ", layer_ - 1, ": input of layer ", layer_),
                         of_token(prefix_ + "input"));
    }
    out += vector_line("n = norm(x)", vector_of(attention("norm")[token_]));
    return base::concat(out, "   norm(x) = ", norm_formula(),
                        ", ε = ", base::shortest(model_.norm_epsilon), "\n");
  }

  const char* why_none_is_added() const {
    switch (model_.position) {
      case spec::Position::kRotary:
        return "queries and keys are rotated by their positions (see 2)";
      case spec::Position::kAlibi:
        return "scores decrease with the distance (see 3)";
      case spec::Position::kNone:
      case spec::Position::kSinusoidal:
      case spec::Position::kLearned:
        break;
    }
    return "this model does not know the positions of tokens";
  }

  std::string norm_formula() const {
    const char* bias = model_.norm_bias() ? " + bias" : "";
    switch (model_.norm) {
      case spec::Norm::kLayer:
        return base::concat("(x − mean) ÷ √(variance + ε) · weight", bias);
      case spec::Norm::kRms:
        break;
    }
    return base::concat("x ÷ √(mean of x² + ε) · weight", bias);
  }

  /// "q = W_Q n + b_Q: what I look for"
  std::string projection(const char* vector, const char* place, const char* meaning) const {
    if (model_.attention.projection != spec::Projection::kLearned) return vector;
    return base::concat(vector, " = W_", place, " n",
                        model_.bias ? base::concat(" + b_", place) : "", ": ", meaning);
  }

  std::string projections() const {
    const bool learned = model_.attention.projection == spec::Projection::kLearned;
    const std::int64_t width = model_.head_width();
    std::string out =
        base::concat("2. Query, key and value: ", width, " numbers each for this head\n");
    if (!learned) {
      out += base::concat("   q = k = v = components ", head_ * width, " to ",
                          (head_ + 1) * width - 1, " of the norm's output: nothing is projected\n");
    }
    if (!even()) {
      out += vector_line(projection("q", "Q", "what I look for"), input_.query);
      out += vector_line(projection("k", "K", "what I offer"), input_.keys[input_.asking]);
    }
    out += vector_line(projection("v", "V", "what I pass on"), input_.values[input_.asking]);
    if (model_.attention.value_residual && layer_ > 0)
      out += "   v is shown after it is mixed with the value of the first layer\n";
    if (const std::int64_t group = model_.heads / model_.key_value_heads; group > 1) {
      out += base::concat("   keys and values are those of key/value head ", shared_head_,
                          ", which heads ", shared_head_ * group, " to ",
                          (shared_head_ + 1) * group - 1, " share\n");
    }
    if (model_.attention.query_key_norm)
      out +=
          "   q and k are shown after their norm: x ÷ √(mean of x² + ε) · weight, in each head\n";
    if (!even() && model_.position == spec::Position::kRotary) {
      out += base::concat("   q and k are shown as they enter the product: rotated by position ",
                          token_, "\n");
    }
    return out;
  }

  std::string weighing() const {
    if (even()) return weighing_evenly();
    const bool scaled = model_.attention.scaled;
    const std::string root = base::concat("√", model_.head_width());
    std::string out =
        base::concat("3. Weights: q·k for each key", scaled ? base::concat(" → ÷", root) : "",
                     input_.slope > 0 ? " → distance bias" : "", model_.causal() ? " → mask" : "",
                     " → softmax\n");
    std::vector<std::string> header = {"key", "To", heading("q·k")};
    if (scaled) header.push_back(heading("÷" + root));
    if (input_.slope > 0) header.insert(header.end(), {heading("bias"), heading("sum")});
    header.insert(header.end(), {heading("exp"), heading("weight")});
    base::Table table(header);
    for (std::size_t key = 0; key < labels_.size(); ++key) table.add(weight_row(key));
    out += table.text();
    out += expanded_product();
    if (!scaled) out += "   this model does not divide scores by √head_width\n";
    if (input_.slope > 0) {
      out += base::concat("   bias = −slope · distance, slope = 2^(−8·", head_ + 1, "/",
                          model_.heads, ") = ", number_text(input_.slope), "\n");
    }
    out += base::concat("   exp is of the ", input_.slope > 0 ? "sum" : "score",
                        " minus the largest, ", number_text(steps_.largest),
                        "; weight = exp ÷ their total, ", number_text(steps_.total), "\n");
    if (model_.causal())
      out += base::concat("   ", kClosed, ": keys after the query are closed (masked with −∞)\n");
    return out;
  }

  std::vector<std::string> weight_row(std::size_t key) const {
    const bool open = is_open(input_, key);
    const auto number = [&](double value) { return open ? cell(value) : heading(kClosed); };
    std::vector<std::string> row = {std::to_string(key), labels_[key], number(steps_.scores[key])};
    if (model_.attention.scaled) row.push_back(number(steps_.scaled[key]));
    if (input_.slope > 0) {
      row.push_back(number(steps_.biased[key] - steps_.scaled[key]));
      row.push_back(number(steps_.biased[key]));
    }
    row.push_back(number(steps_.exponentials[key]));
    row.push_back(number(steps_.weights[key]));
    return row;
  }

  /// The product with the strongest key, term by term.
  std::string expanded_product() const {
    const std::size_t key = strongest();
    std::string out = base::concat("   q·k of key ", key, ":");
    constexpr std::size_t kTerms = 3;
    const std::size_t count = input_.query.size();
    for (std::size_t i = 0; i < std::min(kTerms, count); ++i) {
      out += base::concat(i == 0 ? " " : " + ", number_text(input_.query[i]), "·",
                          number_text(input_.keys[key][i]));
    }
    if (count > kTerms) out += base::concat(" + … ", count - kTerms, " more");
    return base::concat(out, " = ", number_text(steps_.scores[key]), "\n");
  }

  std::string weighing_evenly() const {
    std::string out =
        "3. Weights: this model has no queries and keys; the weights are uniform over the open "
        "keys\n";
    base::Table table({"key", "To", heading("weight")});
    for (std::size_t key = 0; key < labels_.size(); ++key) {
      table.add({std::to_string(key), labels_[key],
                 is_open(input_, key) ? cell(steps_.weights[key]) : heading(kClosed)});
    }
    out += table.text();
    return base::concat(out, "   weight = 1 ÷ open keys = 1 ÷ ", number_text(steps_.total), "\n");
  }

  std::string mixing() const {
    std::string out = "4. Weighted sum of the values\n";
    base::Table table({"key", "To", heading("weight"), "·", left_aligned("value", kNumberWidth)});
    for (std::size_t key = 0; key < labels_.size(); ++key) {
      if (!is_open(input_, key)) continue;
      table.add({std::to_string(key), labels_[key], cell(steps_.weights[key]), "·",
                 components(input_.values[key])});
    }
    out += table.text();
    out += vector_line(base::concat("= mixed: what ", label(token_), " receives"), steps_.mixed);
    out += vector_line(base::concat("W_O [all heads]", model_.bias ? " + b_O" : "", ": added to x"),
                       vector_of(attention("output")[token_]));
    return base::concat(
        out, "   weights and sum are computed here from q, k and v; the model's differ by at most ",
        difference_text(), "\n");
  }

  std::string difference_text() const {
    double largest =
        largest_difference(steps_.weights, vector_of(attention("weights")[head_][token_]));
    largest = std::max(
        largest, largest_difference(steps_.mixed, vector_of(attention("mixed")[head_][token_])));
    if (!even()) {
      largest = std::max(
          largest,
          largest_difference(steps_.scores, vector_of(attention("scores")[head_][token_])));
      largest = std::max(
          largest,
          largest_difference(steps_.scaled, vector_of(attention("scaled")[head_][token_])));
    }
    std::ostringstream out;
    out.precision(1);
    out << std::scientific << largest;
    return out.str();
  }

  std::size_t strongest() const {
    return static_cast<std::size_t>(std::max_element(steps_.weights.begin(), steps_.weights.end()) -
                                    steps_.weights.begin());
  }

  const checkpoint::Checkpoint& checkpoint_;
  const spec::ModelConfig& model_;
  const Recorder& taps_;
  std::int64_t layer_;
  std::int64_t head_;
  std::int64_t token_;
  std::int64_t shared_head_;
  std::string prefix_;
  std::vector<std::string> labels_;
  HeadInput input_;
  HeadSteps steps_;
};

}  // namespace

std::string trace_text(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                       std::int64_t layer, std::int64_t head, std::int64_t token) {
  const spec::ModelConfig& model = checkpoint.config.model;
  require_attention(checkpoint);
  require_index("layer", layer, model.layers);
  require_index("head", head, model.heads);
  require_index("trace", token, static_cast<std::int64_t>(inspection.passage.tokens.size()));
  if (is_ablated(*checkpoint.model, {layer, head}))
    throw base::Error(base::concat("--trace: found layer ", layer, ", head ", head,
                                   ", which is ablated, expected a head that computes"));
  const AttentionMap map = attention_map(inspection, layer, head);
  return base::concat(source_line(checkpoint), "\n",
                      Trace(checkpoint, inspection, layer, head, token).text(),
                      "\n5. From (query) and To (key): the weights of this head\n",
                      from_to_table(map, token_labels(inspection.passage, checkpoint.tokenizer),
                                    model.causal(), static_cast<std::size_t>(token)));
}

}  // namespace qkv::inspect
