#include "inspect/artefacts/artefacts.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

#include "base/files.h"
#include "base/json.h"
#include "checkpoint/safetensors.h"
#include "inspect/artefacts/attention_json.h"
#include "inspect/tiny.h"
#include "leaks.h"
#include "scratch.h"

namespace qkv::inspect {
namespace {

using tests::message_of;

std::set<std::string> names_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.insert(entry.path().filename());
  return names;
}

TEST(AttentionJson, HoldsTheWeightsExactly) {
  config::Config config = tests::tiny_config();
  config.data.layout = spec::TextLayout::kLines;
  const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(config);
  const Inspection inspection = tests::inspect_text(checkpoint, "the \xE2\x82\xAC cat\t\"\\");
  std::string written;
  attention_json(checkpoint, inspection, [&](std::string_view part) { written += part; });
  const base::Json json = base::parse_json(written, "attention.json");

  EXPECT_EQ(json["checkpoint"]["path"], "runs/tiny/checkpoints/step-0000042");
  EXPECT_EQ(json["checkpoint"]["step"], 42);
  EXPECT_EQ(json["checkpoint"]["seed"], 7);
  EXPECT_EQ(json["checkpoint"]["config_sha256"], std::string(64, 'a'));
  EXPECT_EQ(json["checkpoint"]["weights_sha256"], std::string(64, 'b'));
  EXPECT_EQ(json["checkpoint"]["tokenizer_sha256"], base::sha256(checkpoint.tokenizer.bytes()));
  EXPECT_EQ(json["text"], "the \xE2\x82\xAC cat\t\"\\");

  const auto tokens = static_cast<std::int64_t>(inspection.passage.tokens.size());
  ASSERT_EQ(json["tokens"].size(), inspection.passage.tokens.size());
  EXPECT_EQ(json["tokens"][0],
            (base::Json{{"id", 1}, {"piece", "<s>"}, {"text", ""}, {"begin", 0}, {"end", 0}}));
  EXPECT_EQ(json["tokens"][1]["text"], "the");
  std::size_t place = 0;
  for (const base::Json& token : json["tokens"]) {
    EXPECT_EQ(token["begin"], place);  // tokens touch
    place = token["end"];
    if (token["piece"] == "<0xE2>") {
      EXPECT_EQ(token["text"], "\xEF\xBF\xBD");
    }
  }
  EXPECT_EQ(place, inspection.passage.text.size());
  EXPECT_NE(json["tokens"].dump().find("<0xE2>"), std::string::npos);

  ASSERT_EQ(json["layers"].size(), 2U);
  for (std::int64_t layer = 0; layer < 2; ++layer) {
    const base::Json& heads = json["layers"][static_cast<std::size_t>(layer)]["heads"];
    ASSERT_EQ(heads.size(), 4U);
    const base::Array& weights =
        inspection.taps.value("layers." + std::to_string(layer) + ".attention.weights");
    for (std::int64_t head = 0; head < 4; ++head) {
      const base::Json& rows = heads[static_cast<std::size_t>(head)]["weights"];
      ASSERT_EQ(static_cast<std::int64_t>(rows.size()), tokens);
      for (std::int64_t query = 0; query < tokens; ++query) {
        const auto row = rows[static_cast<std::size_t>(query)].get<std::vector<double>>();
        ASSERT_EQ(static_cast<std::int64_t>(row.size()), tokens);
        double sum = 0;
        for (std::int64_t key = 0; key < tokens; ++key) {
          const double weight = row[static_cast<std::size_t>(key)];
          sum += weight;
          EXPECT_EQ(static_cast<float>(weight), weights[head][query].data[key]);
        }
        EXPECT_NEAR(sum, 1, tests::rounding_of_weights(row.size()));
      }
    }
  }
}

TEST(Artefacts, AreAllThereAndTheSameTwice) {
  const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(tests::tiny_config());
  const tests::Scratch scratch;
  const auto formats = parse_formats("png,svg,pdf,json,safetensors");
  for (const auto& [run, threads] :
       {std::pair("one", 1), std::pair("two", 1), std::pair("many", 4)}) {
    const Inspection inspection = tests::inspect_text(checkpoint, "the cat sat.");
    const auto files = write_artefacts(checkpoint, inspection, {}, formats, scratch / run, threads);
    EXPECT_EQ(files.front(), scratch / run / "layer-0-head-0.png");
  }
  std::set<std::string> expected = {"attention.json", "taps.safetensors"};
  for (const std::string extension : {".png", ".svg", ".pdf"}) {
    expected.insert("heads" + extension);
    for (const char* layer : {"0", "1"}) {
      for (const char* head : {"0", "1", "2", "3"}) {
        expected.insert(std::string("layer-") + layer + "-head-" + head + extension);
      }
    }
  }
  EXPECT_EQ(names_in(scratch / "one"), expected);
  for (const std::string& name : expected) {
    EXPECT_EQ(base::sha256_file(scratch / "one" / name), base::sha256_file(scratch / "two" / name))
        << name;
    EXPECT_EQ(base::sha256_file(scratch / "one" / name), base::sha256_file(scratch / "many" / name))
        << name;
  }
  EXPECT_TRUE(base::read_file(scratch / "one" / "heads.png").starts_with("\x89PNG"));
  EXPECT_TRUE(base::read_file(scratch / "one" / "heads.pdf").starts_with("%PDF"));
  EXPECT_NE(base::read_file(scratch / "one" / "heads.svg").find("<svg"), std::string::npos);

  const Inspection inspection = tests::inspect_text(checkpoint, "the cat sat.");
  const base::NamedArrays taps = checkpoint::read_safetensors(scratch / "one" / "taps.safetensors");
  ASSERT_EQ(taps.size(), inspection.taps.values().size());
  for (std::size_t at = 0; at < taps.size(); ++at) {
    const auto& [name, value] = inspection.taps.values()[at];
    EXPECT_EQ(taps[at].first, name);
    EXPECT_EQ(taps[at].second.shape, value.shape) << name;
    EXPECT_EQ(taps[at].second.values, value.values) << name;
  }
  const std::string bytes = base::read_file(scratch / "one" / "taps.safetensors");
  EXPECT_NE(bytes.find(R"("checkpoint":"runs/tiny/checkpoints/step-0000042")"), std::string::npos);
  EXPECT_NE(bytes.find(R"("step":"42")"), std::string::npos);
}

TEST(Artefacts, NarrowThePicturesToTheChosenHead) {
  const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(tests::tiny_config());
  const Inspection inspection = tests::inspect_text(checkpoint, "the cat");
  const tests::Scratch scratch;
  write_artefacts(checkpoint, inspection, {.layer = 1, .head = 2}, {Artefact::kPng}, scratch / "a");
  EXPECT_EQ(names_in(scratch / "a"), (std::set<std::string>{"heads.png", "layer-1-head-2.png"}));
  write_artefacts(checkpoint, inspection, {.layer = {}, .head = 2}, {Artefact::kSvg},
                  scratch / "b");
  EXPECT_EQ(names_in(scratch / "b"),
            (std::set<std::string>{"heads.svg", "layer-0-head-2.svg", "layer-1-head-2.svg"}));
  const auto write = [&](HeadChoice choice) {
    write_artefacts(checkpoint, inspection, choice, {Artefact::kPng}, scratch / "c");
  };
  EXPECT_EQ(message_of([&] { write({.layer = 2, .head = {}}); }),
            "--layer: found 2, expected 0 to 1");
  EXPECT_EQ(message_of([&] { write({.layer = {}, .head = -1}); }),
            "--head: found -1, expected 0 to 3");
  EXPECT_FALSE(std::filesystem::exists(scratch / "c"));
}

TEST(Artefacts, AModelWithoutAttentionHasTapsAlone) {
  config::Config config = tests::tiny_config();
  config.model.attention.weights = spec::Weighting::kNone;
  const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(config);
  const Inspection inspection = tests::inspect_text(checkpoint, "the cat");
  const tests::Scratch scratch;
  EXPECT_NE(message_of([&] {
              write_artefacts(checkpoint, inspection, {}, parse_formats("safetensors,json"),
                              scratch / "a");
            }).find("no attention"),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(scratch / "a"));
  write_artefacts(checkpoint, inspection, {}, parse_formats("safetensors"), scratch / "a");
  EXPECT_EQ(names_in(scratch / "a"), (std::set<std::string>{"taps.safetensors"}));
}

TEST(Formats, AreAListOfNames) {
  EXPECT_EQ(parse_formats("json,png,json"),
            (std::vector<Artefact>{Artefact::kJson, Artefact::kPng}));
  EXPECT_EQ(message_of([] { parse_formats("png,gif"); }),
            "--format: found \"gif\", expected a list of png, svg, pdf, json, safetensors");
  EXPECT_NE(message_of([] { parse_formats(""); }), "");
  EXPECT_NE(message_of([] { parse_formats("png,"); }), "");
}

}  // namespace
}  // namespace qkv::inspect
