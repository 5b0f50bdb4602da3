#include "inspect/trace/trace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <sstream>

#include "base/utf8.h"
#include "inspect/tiny.h"
#include "inspect/trace/columns.h"

namespace qkv::inspect {
namespace {

using tests::message_of;

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

/// The rows, as words, of the first table after the line that starts with `title`.
std::vector<std::vector<std::string>> rows_after(const std::string& text, const std::string& title,
                                                 std::size_t count) {
  const std::vector<std::string> lines = lines_of(text);
  std::vector<std::vector<std::string>> rows;
  for (std::size_t at = 0; at < lines.size(); ++at) {
    if (!lines[at].starts_with(title)) continue;
    for (std::size_t row = 0; row < count; ++row) rows.push_back(words_of(lines.at(at + 2 + row)));
  }
  return rows;
}

/// What layer 1 computes for one query token in one head, in plain loops from the recorded query,
/// keys and values.
struct ExpectedTrace {
  std::vector<double> scores;   ///< q·k of each key
  std::vector<double> scaled;   ///< divided by √4 numbers per head, if they are
  std::vector<double> weights;  ///< of the keys up to the query
  double largest_terms = 0;     ///< the largest sum of the magnitudes of a score's terms
  double largest_value = 0;     ///< of all heads
};

base::View attention(const Inspection& inspection, const std::string& name) {
  return inspection.taps.value("layers.1.attention." + name).view();
}

ExpectedTrace computed(const Inspection& inspection, const spec::ModelConfig& model,
                       std::int64_t head, std::int64_t token) {
  ExpectedTrace expected;
  const std::span<const float> query = attention(inspection, "query")[head][token].values();
  const base::View keys = attention(inspection, "key")[head * model.key_value_heads / 4];
  double total = 0;
  for (std::int64_t key = 0; key < 7; ++key) {
    double score = 0;
    double terms = 0;
    for (std::size_t at = 0; at < query.size(); ++at) {
      const double term = static_cast<double>(query[at]) * static_cast<double>(keys[key].data[at]);
      score += term;
      terms += std::abs(term);
    }
    expected.scores.push_back(score);
    expected.scaled.push_back(model.attention.scaled ? score / 2 : score);
    expected.largest_terms = std::max(expected.largest_terms, terms);
    if (key > token) continue;
    double sum = expected.scaled.back();
    if (model.position == spec::Position::kAlibi)  // slope 2^(−8·4/4)
      sum -= static_cast<double>(std::abs(token - key)) / 256;
    total += expected.weights.emplace_back(std::exp(sum));
  }
  for (double& weight : expected.weights) weight /= total;
  for (const float value : attention(inspection, "value").values())
    expected.largest_value = std::max(expected.largest_value, std::abs(static_cast<double>(value)));
  return expected;
}

// Four digits after the point, of numbers that the test, too, computes in double.
constexpr double kPrinted = 0.51e-4;

void expect_rows(const std::string& text, const ExpectedTrace& expected, bool scaled) {
  const auto rows = rows_after(text, "3. Weights", 7);
  ASSERT_EQ(rows.size(), 7U);
  for (std::size_t key = 0; key < 7; ++key) {
    const std::vector<std::string>& row = rows[key];
    EXPECT_EQ(row.at(0), std::to_string(key));
    if (key > 4) {
      EXPECT_EQ(row.back(), "—");
      continue;
    }
    EXPECT_NEAR(std::stod(row.at(2)), expected.scores[key], kPrinted) << text;
    EXPECT_NEAR(std::stod(row.at(scaled ? 3 : 2)), expected.scaled[key], kPrinted);
    EXPECT_NEAR(std::stod(row.back()), expected.weights[key], kPrinted);
  }
}

TEST(Trace, ItsNumbersAreThoseOfAnIndependentComputation) {
  for (const spec::Position position : spec::all<spec::Position>()) {
    for (const std::int64_t key_value_heads : {4, 2, 1}) {
      for (const bool scaled : {true, false}) {
        config::Config config = tests::tiny_config();
        config.model.position = position;
        config.model.key_value_heads = key_value_heads;
        config.model.attention.scaled = scaled;
        const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(config);
        const Inspection inspection = tests::inspect_text(checkpoint, "the cat sat on the mat.");
        const std::int64_t token = 4;
        const std::int64_t head = 3;
        const std::string text = trace_text(checkpoint, inspection, 1, head, token);
        const ExpectedTrace expected = computed(inspection, config.model, head, token);
        expect_rows(text, expected, scaled);

        // The model's own are in float32. A score, a sum of 4 products that is divided and biased
        // before the largest is taken off, takes 8 roundings relative to its terms, and a softmax
        // changes by no more than its scores. Ten more are those of seven weights themselves, and
        // what is mixed is a sum of seven.
        const double allowed = (8 * expected.largest_terms + 10) * tests::kFloat32;
        const double allowed_of_all = allowed * std::max(1.0, 7 * expected.largest_value);
        for (std::size_t key = 0; key < 5; ++key) {
          EXPECT_NEAR(attention(inspection, "weights")[head][token].data[key],
                      expected.weights[key], allowed)
              << position;
        }
        const std::string last = "differ by at most ";
        // Printed with two digits.
        EXPECT_LT(std::stod(text.substr(text.find(last) + last.size())), 1.05 * allowed_of_all)
            << text;
      }
    }
  }
}

TEST(Trace, FitsThePage) {
  for (const spec::Weighting weights : {spec::Weighting::kSoftmax, spec::Weighting::kUniform}) {
    for (const spec::Position position :
         {spec::Position::kAlibi, spec::Position::kSinusoidal, spec::Position::kRotary}) {
      for (const spec::Projection projection : spec::all<spec::Projection>()) {
        config::Config config = tests::tiny_config();
        config.model.context = 300;
        config.model.position = position;
        config.model.attention.weights = weights;
        config.model.attention.projection = projection;
        const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(config);
        std::string text = "extraordinarily";
        for (int i = 0; i < 40; ++i) text += " the cat";
        const Inspection inspection = tests::inspect_text(checkpoint, text);
        for (const std::string& line : lines_of(trace_text(checkpoint, inspection, 1, 3, 57))) {
          EXPECT_LE(base::display_width(line), 100U) << line;
        }
      }
    }
  }
}

TEST(Trace, ShowsEveryTermOfItsFormulas) {
  config::Config config = tests::tiny_config();
  config.model.norm_epsilon = 0.25;
  const auto text_with = [&](spec::Norm norm, bool bias) {
    config.model.norm = norm;
    config.model.bias = bias;
    const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(config);
    return trace_text(checkpoint, tests::inspect_text(checkpoint, "the cat sat"), 0, 0, 1);
  };
  const auto expect = [](const std::string& text, const std::vector<std::string>& parts) {
    for (const std::string& part : parts)
      EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
    for (const std::string& line : lines_of(text))
      EXPECT_LE(base::display_width(line), 100U) << line;
  };
  expect(text_with(spec::Norm::kLayer, true),
         {"norm(x) = (x − mean) ÷ √(variance + ε) · weight + bias, ε = 0.25\n",
          "q = W_Q n + b_Q: what I look for ", "k = W_K n + b_K: ", "v = W_V n + b_V: ",
          "W_O [all heads] + b_O: added to x ", "—: keys after the query are closed"});
  expect(text_with(spec::Norm::kLayer, false),
         {"· weight, ε = 0.25\n", "q = W_Q n: ", "W_O [all heads]: added to x "});
  expect(text_with(spec::Norm::kRms, true),
         {"norm(x) = x ÷ √(mean of x² + ε) · weight, ε = 0.25\n"});
}

TEST(Trace, SaysWhatTheModelDoesNotHave) {
  config::Config config = tests::tiny_config();
  config.model.attention.weights = spec::Weighting::kUniform;
  const checkpoint::Checkpoint even = tests::tiny_checkpoint(config);
  const std::string text = trace_text(even, tests::inspect_text(even, "the cat sat"), 0, 0, 1);
  EXPECT_NE(text.find("1 ÷ open keys = 1 ÷ 2.0000"), std::string::npos) << text;
  EXPECT_EQ(text.find("q·k"), std::string::npos);

  config.model.attention.weights = spec::Weighting::kNone;
  const checkpoint::Checkpoint none = tests::tiny_checkpoint(config);
  const Inspection inspection = tests::inspect_text(none, "the cat sat");
  EXPECT_NE(message_of([&] { trace_text(none, inspection, 0, 0, 0); }).find("no attention"),
            std::string::npos);
}

TEST(Trace, RefusesWhatIsNotThere) {
  const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(tests::tiny_config());
  const Inspection inspection = tests::inspect_text(checkpoint, "the cat sat");
  EXPECT_EQ(message_of([&] { trace_text(checkpoint, inspection, 0, 0, 3); }),
            "--trace: found 3, expected 0 to 2");
  EXPECT_EQ(message_of([&] { trace_text(checkpoint, inspection, 0, 0, -1); }),
            "--trace: found -1, expected 0 to 2");
  EXPECT_EQ(message_of([&] { trace_text(checkpoint, inspection, 2, 0, 0); }),
            "--layer: found 2, expected 0 to 1");
  EXPECT_EQ(message_of([&] { trace_text(checkpoint, inspection, 0, 4, 0); }),
            "--head: found 4, expected 0 to 3");
}

TEST(FromTo, ShowsAllRowsOrTheOneThatFits) {
  const AttentionMap map = {{1, 0}, {0.25F, 0.75F}};
  EXPECT_EQ(from_to_table(map, {"the", "·cat"}, true, 0),
            "  From \\ To   the  ·cat\n"
            "  the        1.00     —\n"
            "  ·cat       0.25  0.75\n");
  const AttentionMap wide(40, std::vector<float>(40, 0.025F));
  const std::vector<std::string> lines =
      lines_of(from_to_table(wide, std::vector<std::string>(40, "word"), false, 7));
  EXPECT_EQ(lines.size(), 8U);  // three blocks of a header and a row
}

TEST(Columns, FitWhatTheyPromise) {
  for (const double value :
       {0.0, -0.00001, 999.99991, -999.99999, -99999.994, -99999.996, 1e9, -1e38}) {
    EXPECT_LE(number_text(value).size(), 9U) << value;
  }
  EXPECT_EQ(number_text(-0.00001), "0.0000");
  EXPECT_EQ(number_text(-1497.6419), "-1497.64");
  EXPECT_EQ(clipped("abcdef", 6), "abcdef");
  EXPECT_EQ(clipped("abcdefg", 6), "abcde…");
  EXPECT_EQ(clipped("日本語日本語", 6), "日本…");
}

}  // namespace
}  // namespace qkv::inspect
