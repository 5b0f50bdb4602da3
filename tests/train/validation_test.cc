#include "train/validation.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "predict/texts.h"
#include "train/arrays.h"

namespace qkv::train {
namespace {

class Validation : public tests::TextsTest {
 protected:
  /// The texts several times: more tokens than go through the model at once.
  text::TokenFile many_tokens(spec::TextLayout layout) {
    std::ofstream file(scratch_ / "many.txt");
    for (int copy = 0; copy < 300; ++copy) file << tests::kTexts;
    file.close();
    return text::open_tokens({scratch_ / "many.txt"}, tokenizer_, layout);
  }
};

// A CUDA device reads with the model itself; so does the processor here.
TEST_F(Validation, OnADeviceIsThatOfTheEngine) {
  for (const spec::Objective objective : spec::all<spec::Objective>()) {
    const auto engine = model(objective);
    const auto made = model::make_model(engine->config(), engine->vocabulary(), 1);
    load_weights(*engine, *made);
    for (const spec::TextLayout layout : spec::all<spec::TextLayout>()) {
      const text::TokenFile text = many_tokens(layout);
      const predict::Score found = score_on_device(*made, text, 5, {});
      const predict::Score expected = validate(*made, text, 5, {});
      ASSERT_GT(expected.tokens, objective == spec::Objective::kCausal ? 16384U : 1000U);
      EXPECT_EQ(found.tokens, expected.tokens) << objective << " " << layout;
      EXPECT_NEAR(found.nats, expected.nats, tests::rounding_of(expected.tokens))
          << objective << " " << layout;
      // Where two pieces are equally probable, rounding decides.
      EXPECT_NEAR(static_cast<double>(found.correct), static_cast<double>(expected.correct),
                  1e-3 * static_cast<double>(expected.tokens));
      EXPECT_EQ(found.text_bytes, expected.text_bytes);
      EXPECT_EQ(found.cut.count, expected.cut.count);
      EXPECT_EQ(validate(*made, text, 5, {}).nats, predict::score_text(*engine, text, 5, 1).nats);
    }
  }
}

}  // namespace
}  // namespace qkv::train
