#include "wasm/model_bytes.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>

#include "wasm/support.h"

namespace qkv::wasm {
namespace {

using tests::ModelAndBytes;

spec::ModelConfig unusual_config() {
  spec::ModelConfig config = tests::tiny_model_config();
  config.key_value_heads = 2;
  config.norm = spec::Norm::kRms;
  config.norm_epsilon = 3e-7;
  config.position = spec::Position::kRotary;
  config.rotary_base = 500;
  config.objective = spec::Objective::kMasked;
  config.feed_forward.activation = spec::Activation::kSwiglu;
  config.dropout = 0.25;
  config.tied_embeddings = false;
  config.initial_deviation = 0.5;
  config.attention.scaled = false;
  return config;
}

/// The bytes with another number at this place.
std::string with_number(std::string bytes, std::size_t place, double number) {
  std::memcpy(&bytes[place * sizeof number], &number, sizeof number);
  return bytes;
}

std::string error_of(std::string_view bytes) {
  std::string error;
  return read_model_bytes(bytes, error) ? "no error" : error;
}

TEST(ModelBytes, ReadBackAsTheyWereWritten) {
  const spec::ModelConfig config = unusual_config();
  const ModelAndBytes pair(config);
  std::string error;
  const auto parts = read_model_bytes(pair.bytes, error);
  ASSERT_TRUE(parts) << error;
  EXPECT_EQ(parts->config, config);
  EXPECT_EQ(parts->vocabulary, tests::kWasmVocabulary);
  EXPECT_EQ(parts->weights, pair.weights);
}

TEST(ModelBytes, AreRefusedAtAnyOtherLength) {
  const std::string bytes = ModelAndBytes(tests::tiny_model_config()).bytes;
  EXPECT_EQ(error_of(bytes), "no error");
  EXPECT_NE(error_of(bytes + "more"), "no error");
  for (std::size_t size = 0; size < bytes.size(); ++size)
    ASSERT_NE(error_of(std::string_view(bytes).substr(0, size)), "no error") << size;
}

TEST(ModelBytes, WithNumbersThatAreNoModelAreRefused) {
  const std::string bytes = ModelAndBytes(unusual_config()).bytes;
  std::size_t numbers = 0;
  for (std::size_t place = 0; place < 22; ++place) {
    for (const double number : {-1.0, 1e300, std::numeric_limits<double>::infinity(),
                                std::numeric_limits<double>::quiet_NaN()}) {
      numbers += error_of(with_number(bytes, place, number)) != "no error";
    }
  }
  // Real numbers, such as an epsilon, may be −1 and 1e300.
  EXPECT_EQ(numbers, 22 * 4 - 4 * 2);
  EXPECT_EQ(error_of(with_number(bytes, 4, 3)),
            "model.heads: found 3, expected a divisor of model.width (8)");
  EXPECT_EQ(error_of(with_number(bytes, 7, 0x1p28)),
            "found a context of 268435456, expected a model of less memory");
}

}  // namespace
}  // namespace qkv::wasm
