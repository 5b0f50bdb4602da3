#include "inspect/activations/activations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/bytes.h"
#include "base/files.h"
#include "base/format.h"
#include "base/json.h"
#include "inspect/tiny.h"
#include "scratch.h"

namespace qkv::inspect {
namespace {

/// A safetensors file, read without the reader of checkpoints, which knows only float32.
class AnyTensors {
 public:
  explicit AnyTensors(const std::filesystem::path& path) : bytes_(base::read_file(path)) {
    const auto size = base::from_little_endian<std::uint64_t>(bytes_.data());
    header_ = base::parse_json(bytes_.substr(8, size), "header");
    data_ = bytes_.data() + 8 + size;
  }

  const base::Json& header() const { return header_; }
  base::Json shape(const std::string& name) const { return header_.at(name).at("shape"); }
  template <typename Value>
  std::vector<Value> values(const std::string& name) const {
    const base::Json& range = header_.at(name).at("data_offsets");
    const auto begin = range[0].get<std::size_t>();
    std::vector<Value> values((range[1].get<std::size_t>() - begin) / sizeof(Value));
    std::memcpy(values.data(), data_ + begin, values.size() * sizeof(Value));
    return values;
  }

 private:
  std::string bytes_;
  base::Json header_;
  const char* data_;
};

const std::vector<std::string> kLines = {"the cat sat on the mat.", "a dog ran",
                                         "the king and the queen saw the cat"};

std::string lines_file() {
  std::string lines;
  for (const std::string& line : kLines)
    lines += base::Json{{"text", line}, {"label", 1}}.dump() + "\n\n";
  return lines;
}

TEST(Activations, AreThoseOfAPassOverEachText) {
  for (const spec::Objective objective : spec::all<spec::Objective>()) {
    config::Config config = tests::tiny_config();
    config.model.objective = objective;
    config.model.key_value_heads = 2;
    config.data.layout = spec::TextLayout::kLines;
    const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(config);
    const tests::Scratch scratch;
    base::write_file(scratch / "texts.jsonl", lines_file());
    for (const auto& [pattern, taps] :
         std::vector<std::pair<std::string, std::vector<std::string>>>{
             {"layers.?.output", {"layers.0.output", "layers.1.output"}},
             {"layers.1.attention.key", {"layers.1.attention.key"}},
             {"layers.*.attention.mixed", {"layers.0.attention.mixed", "layers.1.attention.mixed"}},
             {"logits", {"logits"}}}) {
      const auto write = [&](const std::string& name, int threads) {
        return write_activations(checkpoint, {scratch / "texts.jsonl", pattern, scratch / name},
                                 threads);
      };
      const std::string printed = write("a.safetensors", 1);
      write("b.safetensors", 3);
      EXPECT_EQ(base::read_file(scratch / "a.safetensors"),
                base::read_file(scratch / "b.safetensors"));
      const AnyTensors file(scratch / "a.safetensors");
      EXPECT_NE(printed.find(base::concat("3 texts, ", file.shape("ids")[0].get<int>())),
                std::string::npos)
          << printed;

      std::size_t row = 0;
      for (std::size_t text = 0; text < kLines.size(); ++text) {
        const Inspection inspection = tests::inspect_text(checkpoint, kLines[text]);
        const std::size_t tokens = inspection.passage.tokens.size();
        for (std::size_t token = 0; token < tokens; ++token, ++row) {
          EXPECT_EQ(file.values<std::int64_t>("ids")[row], inspection.passage.tokens[token].id);
          EXPECT_EQ(file.values<std::int64_t>("text_index")[row], static_cast<std::int64_t>(text));
          EXPECT_EQ(file.values<std::int64_t>("offsets")[2 * row],
                    static_cast<std::int64_t>(inspection.passage.tokens[token].begin));
          for (const std::string& name : taps) {
            const base::Array& value = inspection.taps.value(name);
            const std::vector<float> found = file.values<float>(name);
            const bool by_head = value.shape.size() == 3;
            const auto size = value.values.size() / tokens;
            std::vector<float> expected;
            if (by_head) {
              for (std::int64_t head = 0; head < value.shape[0]; ++head) {
                const auto part = value[head][static_cast<std::int64_t>(token)].values();
                expected.insert(expected.end(), part.begin(), part.end());
              }
            } else {
              const auto part = value[static_cast<std::int64_t>(token)].values();
              expected.assign(part.begin(), part.end());
            }
            ASSERT_EQ(expected.size(), size);
            // Among other taps, a pass may compute rows together that were separate.
            for (std::size_t at = 0; at < size; ++at)
              ASSERT_NEAR(found[row * size + at], expected[at], 1e-5 * (1 + std::abs(expected[at])))
                  << name;
          }
        }
      }
      EXPECT_EQ(file.shape("ids"), base::Json{row});
      EXPECT_EQ(file.header().contains("losses"), objective == spec::Objective::kCausal);
    }
    const base::Json pieces =
        base::parse_json(base::read_file(scratch / "vocab.json"), "vocab.json");
    EXPECT_EQ(pieces.size(), static_cast<std::size_t>(checkpoint.tokenizer.size()));
    EXPECT_EQ(pieces[5], checkpoint.tokenizer.piece(5));
  }
}

TEST(Activations, TellTheLossOfEachNextToken) {
  const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(tests::tiny_config());
  const tests::Scratch scratch;
  base::write_file(scratch / "texts.jsonl", lines_file());
  write_activations(checkpoint, {scratch / "texts.jsonl", "final", scratch / "a.safetensors"}, 2);
  const std::vector<float> losses = AnyTensors(scratch / "a.safetensors").values<float>("losses");
  std::size_t row = 0;
  for (const std::string& line : kLines) {
    const Inspection inspection = tests::inspect_text(checkpoint, line);
    const base::Array& logits = inspection.taps.value("logits");
    const std::size_t tokens = inspection.passage.tokens.size();
    for (std::size_t token = 0; token + 1 < tokens; ++token, ++row) {
      double total = 0;
      const auto of_token = logits[static_cast<std::int64_t>(token)].values();
      for (const float logit : of_token) total += std::exp(static_cast<double>(logit));
      const auto next = static_cast<std::size_t>(inspection.passage.tokens[token + 1].id);
      EXPECT_NEAR(losses[row], std::log(total) - static_cast<double>(of_token[next]), 1e-4);
    }
    EXPECT_TRUE(std::isnan(losses[row++]));
  }
  EXPECT_EQ(losses.size(), row);
}

TEST(Activations, RefuseBeforeTheyWrite) {
  const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(tests::tiny_config());
  const tests::Scratch scratch;
  base::write_file(scratch / "good", lines_file());
  base::write_file(scratch / "text.jsonl", "{\"text\": \"a dog\"}\n{\"txt\": \"a cat\"}\n");
  base::write_file(scratch / "number.jsonl", "{\"text\": 3}\n");
  base::write_file(scratch / "long.jsonl", "{\"text\": \"" + std::string(200, '.') + "\"}\n");
  base::write_file(scratch / "empty.jsonl", "\n");
  const auto refused = [&](const char* texts, const char* pattern, const char* out = "out") {
    return tests::message_of([&] {
      write_activations(checkpoint, {scratch / texts, pattern, scratch / out}, 1);
    });
  };
  EXPECT_NE(refused("text.jsonl", "final").find("text.jsonl:2: found no text in \"text\""),
            std::string::npos);
  EXPECT_NE(refused("number.jsonl", "final").find("number.jsonl:1: found no text"),
            std::string::npos);
  EXPECT_NE(refused("long.jsonl", "final").find("long.jsonl:1: found "), std::string::npos);
  EXPECT_NE(refused("empty.jsonl", "final").find("found no text, expected at least one line"),
            std::string::npos);
  EXPECT_NE(refused("good", "layers.*.attention.*s")
                .find("matches layers.0.attention.scores, a map of queries and keys"),
            std::string::npos);
  EXPECT_NE(refused("good", "nothing")
                .find("matches no value of this model, expected one of embedding, "),
            std::string::npos);
  EXPECT_NE(refused("good", "final", "vocab.json").find("found vocab.json"), std::string::npos);
  EXPECT_NE(refused("good", "final", "good"), "");
  EXPECT_FALSE(std::filesystem::exists(scratch / "out"));
  EXPECT_FALSE(std::filesystem::exists(scratch / "vocab.json"));
  EXPECT_EQ(base::read_file(scratch / "good"), lines_file());
}

}  // namespace
}  // namespace qkv::inspect
