// The example of docs/attention.md: the page's tables, read from the page, against the model.

#include <gtest/gtest.h>

#include <sstream>

#include "base/files.h"
#include "base/format.h"
#include "support.h"

namespace qkv::model {
namespace {

using tests::Matrix;

const Matrix kEmbedding = {{1, 0}, {0.5, -1}, {0, 1}};  // cat, sat, the
const Matrix kQuery = {{1, 0.5}, {0, 1}};
const Matrix kKey = {{0, 1}, {1, 0}};
const Matrix kValue = {{1, -1}, {0.5, 1}};
const Matrix kOutput = {{1, 0}, {0.5, 1}};

/// The numbers of the page, computed by hand and again here.
const std::map<std::string, Matrix> kTables = {
    {"position", {{0, 1}, {0.8415, 0.5403}, {0.9093, -0.4161}}},
    {"input", {{0, 2}, {1.8415, 0.5403}, {1.4093, -1.4161}}},
    {"norm", {{0, 1.4142}, {1.3570, 0.3982}, {0.9976, -1.0024}}},
    {"query", {{0.7071, 1.4142}, {1.5561, 0.3982}, {0.4964, -1.0024}}},
    {"key", {{1.4142, 0}, {0.3982, 1.3570}, {-1.0024, 0.9976}}},
    {"value", {{-1.4142, 1.4142}, {0.9588, 1.0767}, {2, -0.5036}}},
    {"scores", {{1, 2.2006, 0.7020}, {2.2006, 1.1599, -1.1627}, {0.7020, -1.1627, -1.4975}}},
    {"scaled", {{0.7071, 1.5561, 0.4964}, {1.5561, 0.8201, -0.8221}, {0.4964, -0.8221, -1.0589}}},
    {"weights", {{1, 0, 0}, {0.6761, 0.3239, 0}, {0.6763, 0.1809, 0.1428}}},
    {"mixed", {{-1.4142, 1.4142}, {-0.6456, 1.3049}, {-0.4974, 1.0793}}},
    {"output", {{-1.4142, 0.7071}, {-0.6456, 0.9821}, {-0.4974, 0.8306}}},
    {"middle", {{-1.4142, 2.7071}, {1.1959, 1.5224}, {0.9119, -0.5855}}},
    {"final", {{-0.6548, 1.2535}, {0.8736, 1.1121}, {1.1900, -0.7641}}},
    {"logits", {{-0.6548, -1.5809, 1.2535}, {0.8736, -0.6753, 1.1121}, {1.1900, 1.3591, -0.7641}}},
    {"probability", {{0.1229, 0.0487, 0.8284}, {0.4029, 0.0856, 0.5115}, {0.4299, 0.5091, 0.0609}}},
};

spec::ModelConfig config_of_the_page() {
  spec::ModelConfig config;
  config.layers = config.heads = config.key_value_heads = 1;
  config.width = 2;
  config.context = 3;
  config.feed_forward.activation = spec::Activation::kNone;
  config.norm = spec::Norm::kRms;
  return config;
}

void load(const Parameters& parameters, const std::map<std::string, Matrix>& values) {
  const torch::NoGradGuard no_gradients;
  for (const auto& [name, weight] : parameters.list()) {
    const auto found = values.find(name);
    if (found == values.end()) continue;  // the norms stay at 1
    for (std::size_t row = 0; row < found->second.size(); ++row) {
      weight[static_cast<std::int64_t>(row)].copy_(torch::tensor(found->second[row], at::kDouble));
    }
  }
}

std::string page() { return base::read_file(std::string(QKV_SOURCE_DIR) + "/docs/attention.md"); }

/// The three rows of a table on the page.
std::string rows_text(const Matrix& table) {
  const std::vector<std::string> words = {"the", "cat", "sat"};
  std::string text;
  for (std::size_t row = 0; row < table.size(); ++row) {
    text += base::concat("| ", words[row], " |");
    for (const double value : table[row]) text += base::concat(" ", base::fixed(value, 4), " |");
    text += "\n";
  }
  return text;
}

TEST(HandExample, TheModelComputesTheNumbersOfThePage) {
  const Transformer model(config_of_the_page(), 3, 1, at::kDouble);
  load(model.parameters(), {{"model.embed_tokens.weight", kEmbedding},
                            {"model.layers.0.self_attn.q_proj.weight", kQuery},
                            {"model.layers.0.self_attn.k_proj.weight", kKey},
                            {"model.layers.0.self_attn.v_proj.weight", kValue},
                            {"model.layers.0.self_attn.o_proj.weight", kOutput}});
  tests::Record seen;
  const Tensor logits = tests::logits_of(model, {2, 0, 1}, {.taps = &seen, .dropout = {}});
  seen.values["probability"] = logits.softmax(-1);

  const auto tap_of = [](const std::string& table) {
    if (table == "position" || table == "final" || table == "logits" || table == "probability")
      return table;
    return base::concat(table == "input" || table == "middle" ? "layers.0." : "layers.0.attention.",
                        table);
  };
  for (const auto& [table, expected] : kTables) {
    const Tensor tap = seen.values.at(tap_of(table)).squeeze(0);
    const Matrix found = tests::to_matrix(tap.dim() == 3 ? tap[0] : tap);
    ASSERT_EQ(found.size(), 3U) << table;
    for (std::size_t row = 0; row < 3; ++row) {
      ASSERT_EQ(found[row].size(), expected[row].size()) << table;
      for (std::size_t column = 0; column < found[row].size(); ++column) {
        // The page has four digits after the point; the model computes in double.
        EXPECT_NEAR(found[row][column], expected[row][column], 0.5001e-4)
            << table << " " << row << " " << column;
      }
    }
  }
}

TEST(HandExample, ThePageHoldsTheseNumbers) {
  const std::string text = page();
  for (const auto& [table, values] : kTables) {
    const std::size_t heading = text.find(base::concat("\n| ", table, " |"));
    ASSERT_NE(heading, std::string::npos) << table;
    const std::string rows =
        text.substr(text.find("---: |\n", heading) + 7, rows_text(values).size());
    EXPECT_EQ(rows, rows_text(values)) << table;
  }
}

TEST(HandExample, ThePageHoldsTheseWeights) {
  const std::string text = page();
  for (const char* row : {"| cat | 1 | 0 |", "| sat | 0.5 | -1 |", "| the | 0 | 1 |"}) {
    EXPECT_NE(text.find(row), std::string::npos) << row;
  }
  EXPECT_NE(text.find("W_Q = | 1  0.5 |    W_K = | 0  1 |    W_V = | 1   -1 |\n"
                      "          | 0  1   |          | 1  0 |          | 0.5  1 |"),
            std::string::npos);
  EXPECT_NE(text.find("W_O = | 1    0 |\n          | 0.5  1 |"), std::string::npos);
}

TEST(HandExample, TheLossesFollowFromTheLogits) {
  const Matrix& logits = kTables.at("logits");
  const auto loss = [&](std::size_t row, std::size_t next) {
    double sum = 0;
    for (const double logit : logits[row]) sum += std::exp(logit);
    return std::log(sum) - logits[row][next];
  };
  const std::string text = page();
  // From logits with four digits a loss has an error of up to twice 0.5e-4, were all at their
  // worst.
  EXPECT_NEAR(loss(0, 0), 2.0965, 1e-4);
  EXPECT_NE(text.find("2.0965 nats"), std::string::npos);
  EXPECT_NEAR(loss(1, 1), 2.4579, 1e-4);
  EXPECT_NE(text.find("a loss of 2.4579"), std::string::npos);
}

}  // namespace
}  // namespace qkv::model
