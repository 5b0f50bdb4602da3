#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <sstream>
#include <tuple>

#include "base/error.h"
#include "base/files.h"
#include "config/config.h"
#include "config/derived.h"
#include "scratch.h"

namespace qkv::config {
namespace {

namespace fs = std::filesystem;
using tests::Scratch;

constexpr const char* kLeast = R"({"data": {"train": ["a.txt"]}})";

Config parsed(const std::string& text) {
  return parse_config(base::parse_json(text, "x.json"), "x.json", "/base");
}

std::string refusal(const std::string& text) {
  try {
    parsed(text);
  } catch (const base::Error& error) {
    return error.what();
  }
  return "accepted";
}

// The error of a config with this key in addition to the required one.
std::string refusal_of(const std::string& key, const std::string& value) {
  const auto dot = key.rfind('.');
  const std::string section = key.substr(0, dot);
  std::string text = "{\"" + key.substr(dot + 1) + "\": " + value + "}";
  if (dot == std::string::npos) {
    return refusal("{\"data\": {\"train\": [\"a\"]}, " + text.substr(1));
  }
  for (std::size_t end = section.size(); end != std::string::npos && end > 0;) {
    const auto begin = section.rfind('.', end - 1);
    const auto from = begin == std::string::npos ? 0 : begin + 1;
    text = "{\"" + section.substr(from, end - from) + "\": " + text + "}";
    end = begin == std::string::npos ? 0 : begin;
  }
  return refusal("{\"data\": {\"train\": [\"a\"]}, " + text.substr(1));
}

class Load : public ::testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& text) {
    fs::create_directories((scratch_ / name).parent_path());
    base::write_file(scratch_ / name, text);
    return scratch_ / name;
  }
  std::string refused(const std::vector<std::string>& overrides, const std::string& text = kLeast) {
    try {
      load_config(write("c.json", text), overrides);
    } catch (const base::Error& error) {
      std::string message = error.what();
      const auto folder = scratch_.path().string() + "/";
      if (message.rfind(folder, 0) == 0) message = message.substr(folder.size());
      return message;
    }
    return "accepted";
  }
  Scratch scratch_;
};

TEST(ParseConfig, FillsInDefaults) {
  Config expected;
  expected.data.train = {"/base/a.txt"};
  EXPECT_EQ(parsed(kLeast), expected);
}

TEST(ParseConfig, ReadsEveryKey) {
  const Config c = parsed(R"({
    "$schema": "schema.json", "name": "n", "seed": 9007199254740991,
    "tokenizer": {"kind": "bpe", "vocabulary": 7, "path": "t.model", "sample_bytes": 9},
    "data": {"train": ["a", "/b"], "validation": ["../c"], "validation_fraction": 0.5, "layout": "lines"},
    "model": {"kind": "transformer", "layers": 3, "heads": 6, "key_value_heads": 2, "width": 12, "context": 5,
      "feed_forward": {"width": 10, "activation": "relu2"}, "norm": "rms", "norm_epsilon": 1e-6,
      "position": "alibi", "rotary_base": 5e5, "objective": "masked", "dropout": 0.25, "bias": true,
      "tied_embeddings": false, "initial_deviation": 0.25,
      "attention": {"projection": "identity", "weights": "uniform", "scaled": false,
        "query_key_norm": true, "value_residual": true}},
    "training": {"steps": 11, "batch_size": 12, "accumulation": 13, "optimizer": "muon", "learning_rate": 0.5,
      "matrix_learning_rate": 0.25,
      "minimum_learning_rate": 0.125, "warmup_steps": 14, "schedule": "linear", "beta1": 0.75, "beta2": 0,
      "epsilon": 0.0625, "weight_decay": 3, "gradient_clip": 4, "validate_every": 15, "log_every": 16,
      "patience": 17, "sample_every": 18, "sample_prompt": "p\u0000q"},
    "checkpoints": {"every": 19, "keep": 20, "snapshots": [0, 7]},
    "runtime": {"device": "cuda", "precision": "bfloat16", "threads": 21}})");
  EXPECT_EQ(c.name, "n");
  EXPECT_EQ(c.seed, 9007199254740991U);
  EXPECT_EQ(c.tokenizer, (TokenizerConfig{spec::TokenizerKind::kBpe, 7, "/base/t.model", 9}));
  EXPECT_EQ(c.data, (DataConfig{{"/base/a", "/b"}, {"/c"}, 0.5, spec::TextLayout::kLines}));
  spec::ModelConfig model;
  model.layers = 3;
  model.heads = 6;
  model.key_value_heads = 2;
  model.width = 12;
  model.context = 5;
  model.feed_forward.width = 10;
  model.feed_forward.activation = spec::Activation::kRelu2;
  model.norm = spec::Norm::kRms;
  model.norm_epsilon = 1e-6;
  model.position = spec::Position::kAlibi;
  model.rotary_base = 5e5;
  model.objective = spec::Objective::kMasked;
  model.dropout = 0.25;
  model.bias = true;
  model.tied_embeddings = false;
  model.initial_deviation = 0.25;
  model.attention.projection = spec::Projection::kIdentity;
  model.attention.weights = spec::Weighting::kUniform;
  model.attention.scaled = false;
  model.attention.query_key_norm = true;
  model.attention.value_residual = true;
  EXPECT_EQ(c.model, model);
  EXPECT_EQ(c.training, (TrainingConfig{11, 12, 13, spec::Optimizer::kMuon, 0.5, 0.25, 0.125, 14,
                                        spec::Schedule::kLinear, 0.75, 0, 0.0625, 3, 4, 15, 16, 17,
                                        18, std::string("p\0q", 3)}));
  EXPECT_EQ(c.checkpoints, (CheckpointsConfig{19, 20, {{0, 7}}}));
  EXPECT_EQ(c.runtime, (RuntimeConfig{spec::Device::kCuda, spec::Precision::kBfloat16, 21}));
  // And back: it is enough to reproduce the run, wherever it is read.
  EXPECT_EQ(parse_config(base::parse_json(to_json(c).dump(), "again"), "again", "/elsewhere"), c);
}

TEST(ParseConfig, KeyValueHeadsFollowHeads) {
  EXPECT_EQ(parsed(R"({"data": {"train": ["a"]}, "model": {"heads": 8}})").model.key_value_heads,
            8);
  EXPECT_EQ(parsed(R"({"data": {"train": ["a"]}, "model": {"heads": 8, "key_value_heads": 2}})")
                .model.key_value_heads,
            2);
}

TEST(ParseConfig, UnknownKeysSuggestTheNearest) {
  EXPECT_EQ(refusal_of("model.widht", "64"),
            R"(x.json: unknown key "model.widht"; did you mean "model.width"?)");
  EXPECT_EQ(refusal_of("training.batchSize", "64"),
            R"(x.json: unknown key "training.batchSize"; did you mean "training.batch_size"?)");
  EXPECT_EQ(refusal_of("modle", "{}"), R"(x.json: unknown key "modle"; did you mean "model"?)");
  EXPECT_EQ(refusal_of("training.dropout", "0.1"),
            R"(x.json: unknown key "training.dropout"; did you mean "model.dropout"?)");
  EXPECT_EQ(
      refusal_of("model.attention.scale", "true"),
      R"(x.json: unknown key "model.attention.scale"; did you mean "model.attention.scaled"?)");
  EXPECT_EQ(
      refusal_of("checkpoints.zzzzzzzz", "1"),
      R"(x.json: unknown key "checkpoints.zzzzzzzz"; "checkpoints" has every, keep, snapshots)");
  EXPECT_EQ(refusal(R"({"data": {"train": ["a"]}, "model.width": 1})"),
            R"(x.json: unknown key "model.width"; in a file keys nest: {"a": {"b": 1}})");
  EXPECT_EQ(refusal(R"({"data": {"train": ["a"]}, "a\nb": 1})").find('\n'), std::string::npos);
  EXPECT_LT(refusal_of(std::string(1000000, 'w'), "1").size(), 300U);
}

TEST(ParseConfig, WrongValuesAreNamed) {
  EXPECT_EQ(refusal_of("model.width", R"("x")"),
            R"(x.json: model.width: found "x", expected an integer from 1 to 65536)");
  EXPECT_EQ(refusal_of("model.width", "1234567890"),
            "x.json: model.width: found 1234567890, expected an integer from 1 to 65536");
  for (const char* wrong :
       {"1.5", "-1", "0", "1e-3", "1e5", "99999999999999999999", "18446744073709551615", "null",
        "true", "[]", "{}", "[1, 2, 3, 4, 5, 6]"}) {
    EXPECT_EQ(refusal_of("model.width", wrong).rfind("x.json: model.width: found ", 0), 0U)
        << wrong;
  }
  EXPECT_EQ(refusal_of("seed", "-1"),
            "x.json: seed: found -1, expected an integer from 0 to 9007199254740991");
  EXPECT_EQ(refusal_of("seed", "9007199254740992"),
            "x.json: seed: found 9007199254740992, expected an integer from 0 to 9007199254740991");
  EXPECT_EQ(refusal_of("model.norm", R"("batch")"),
            R"(x.json: model.norm: found "batch", expected "layer" or "rms")");
  EXPECT_EQ(refusal_of("model.kind", R"("rnn")"),
            R"(x.json: model.kind: found "rnn", expected "transformer", "lstm" or "gru")");
  EXPECT_EQ(refusal_of("model.dropout", "1"),
            "x.json: model.dropout: found 1, expected a number from 0 to below 1");
  EXPECT_EQ(refusal_of("training.learning_rate", "0"),
            "x.json: training.learning_rate: found 0, expected a number above 0 and at most 100");
  EXPECT_EQ(refusal_of("training.beta2", "1.0"),
            "x.json: training.beta2: found 1, expected a number from 0 to below 1");
  EXPECT_EQ(refusal_of("model.bias", "1"), "x.json: model.bias: found 1, expected true or false");
  EXPECT_EQ(refusal_of("tokenizer.path", "7"),
            "x.json: tokenizer.path: found 7, expected null or a text that is not empty");
  EXPECT_EQ(refusal_of("name", R"("")"),
            R"(x.json: name: found "", expected a text of 1 to 100 characters)");
  EXPECT_EQ(refusal_of("model", "5"), "x.json: model: found 5, expected an object");
  EXPECT_EQ(
      refusal_of("model.feed_forward.activation", R"("tanh")"),
      R"(x.json: model.feed_forward.activation: found "tanh", expected "gelu", "relu", "relu2", "silu", "swiglu" or "none")");
  EXPECT_EQ(
      refusal_of("tokenizer.kind", R"("words")"),
      R"(x.json: tokenizer.kind: found "words", expected "word", "char", "bpe" or "unigram")");
  EXPECT_EQ(refusal(R"({"data": {"train": ["a"], "layout": "rows"}})"),
            R"(x.json: data.layout: found "rows", expected "stream" or "lines")");
}

TEST(ParseConfig, WholeNumbersMayHaveAPointOrAnExponent) {
  const Config config = parsed(R"({"data": {"train": ["a"]}, "seed": 9007199254740991.0,
    "model": {"width": 1.28e2, "feed_forward": {"width": 1000.0}},
    "training": {"steps": 1e3, "warmup_steps": 0e0, "validate_every": -0.0}})");
  EXPECT_EQ(config.seed, 9007199254740991U);
  EXPECT_EQ(config.model.width, 128);
  EXPECT_EQ(config.model.feed_forward.width, 1000);
  EXPECT_EQ(config.training.steps, 1000);
  EXPECT_EQ(config.training.warmup_steps, 0);
  EXPECT_EQ(config.training.validate_every, 0);
  EXPECT_EQ(to_json(config)["training"]["steps"].dump(), "1000");
  EXPECT_EQ(refusal_of("training.steps", "1000.5"),
            "x.json: training.steps: found 1000.5, expected an integer from 1 to 1000000000");
  EXPECT_EQ(refusal_of("training.steps", "1e10"),
            "x.json: training.steps: found 10000000000, expected an integer from 1 to 1000000000");
  EXPECT_EQ(refusal_of("seed", "9007199254740992.0"),
            "x.json: seed: found 9007199254740992, expected an integer from 0 to 9007199254740991");
  EXPECT_EQ(refusal_of("seed", "1e300"),
            "x.json: seed: found 1e+300, expected an integer from 0 to 9007199254740991");
}

// For a config with these keys, the keys whose defaults depend on others.
std::string derived(const std::string& keys) {
  const Config c = parsed(R"({"data": {"train": ["a"]}, )" + keys + "}");
  EXPECT_NO_THROW(check_config(c, "c.json")) << keys;
  std::ostringstream out;
  out << c.model.heads << ' ' << c.model.key_value_heads << ' ' << c.model.width << "; "
      << c.training.steps << ' ' << c.training.warmup_steps << ' ' << c.training.learning_rate
      << ' ' << c.training.minimum_learning_rate;
  return out.str();
}

TEST(ParseConfig, NoDefaultContradictsWhatWasWritten) {
  const std::string model = "4 4 128; ";
  const std::string training = "; 2000 100 0.001 0.0001";
  EXPECT_EQ(derived(R"("seed": 1)"), "4 4 128; 2000 100 0.001 0.0001");

  EXPECT_EQ(derived(R"("training": {"steps": 60})"), model + "60 6 0.001 0.0001");
  EXPECT_EQ(derived(R"("training": {"steps": 1})"), model + "1 0 0.001 0.0001");
  EXPECT_EQ(derived(R"("training": {"steps": 50000})"), model + "50000 100 0.001 0.0001");
  EXPECT_EQ(derived(R"("training": {"steps": 60, "warmup_steps": 60})"),
            model + "60 60 0.001 0.0001");
  EXPECT_EQ(derived(R"("training": {"warmup_steps": 3000})"), model + "3000 3000 0.001 0.0001");
  EXPECT_EQ(derived(R"("training": {"learning_rate": 5e-5})"), model + "2000 100 5e-05 5e-06");
  EXPECT_EQ(derived(R"("training": {"learning_rate": 0.1})"), model + "2000 100 0.1 0.0001");
  EXPECT_EQ(derived(R"("training": {"minimum_learning_rate": 0.01})"),
            model + "2000 100 0.01 0.01");
  EXPECT_EQ(derived(R"("training": {"minimum_learning_rate": 0.01, "schedule": "constant"})"),
            model + "2000 100 0.001 0.01");

  EXPECT_EQ(derived(R"("model": {"width": 6})"), "3 3 6" + training);
  EXPECT_EQ(derived(R"("model": {"width": 7})"), "1 1 7" + training);
  EXPECT_EQ(derived(R"("model": {"width": 12, "position": "rotary"})"), "3 3 12" + training);
  EXPECT_EQ(derived(R"("model": {"heads": 3})"), "3 3 126" + training);
  EXPECT_EQ(derived(R"("model": {"heads": 1000})"), "1000 1000 1000" + training);
  EXPECT_EQ(derived(R"("model": {"heads": 128, "position": "rotary"})"), "128 128 256" + training);
  EXPECT_EQ(derived(R"("model": {"key_value_heads": 3})"), "3 3 126" + training);
  EXPECT_EQ(derived(R"("model": {"key_value_heads": 8})"), "8 8 128" + training);
  EXPECT_EQ(derived(R"("model": {"key_value_heads": 2, "attention": {"projection": "identity"}})"),
            "2 2 128" + training);
  EXPECT_EQ(derived(R"("model": {"kind": "lstm", "objective": "masked", "heads": 3})"),
            "3 3 128" + training);
  EXPECT_EQ(derived(R"("model": {"kind": "gru", "width": 150})"), "4 4 150" + training);
}

TEST(ParseConfig, KnowsWhatNobodyWrote) {
  const Defaults defaults =
      parsed(R"({"data": {"train": ["a"]}, "model": {"width": 64, "feed_forward": {"width": 9}}})")
          .defaults;
  for (const char* key : {"seed", "model.context", "model.heads", "model.attention.scaled",
                          "model.feed_forward.activation", "training.batch_size", "data.layout"})
    EXPECT_TRUE(defaults.has(key)) << key;
  for (const char* key : {"model.width", "model.feed_forward.width", "data.train", "model", "odd"})
    EXPECT_FALSE(defaults.has(key)) << key;
  EXPECT_TRUE(Config().defaults.keys.empty());
}

TEST(ParseConfig, TheDefaultContextHasRoomInTheText) {
  const auto context = [](const std::string& keys, std::uint64_t tokens) {
    return fitting_context(parsed(R"({"data": {"train": ["a"])" + keys + "}"), tokens);
  };
  EXPECT_EQ(context("}", 1'000'000), 256);
  EXPECT_EQ(context("}", 257), 256);
  EXPECT_EQ(context("}", 256), 255);
  EXPECT_EQ(context("}", 2), 1);
  EXPECT_EQ(context("}", 0), 1);
  // A document may be shorter than the context, and what was written stays.
  EXPECT_EQ(context(R"(, "layout": "lines"})", 20), 256);
  EXPECT_EQ(context(R"(}, "model": {"context": 300})", 20), 300);
}

TEST(ParseConfig, WhatWasWrittenIsKeptAndChecked) {
  const auto complaint = [](const std::string& keys) -> std::string {
    try {
      check_config(parsed(R"({"data": {"train": ["a"]}, )" + keys + "}"), "c.json");
    } catch (const base::Error& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(complaint(R"("training": {"steps": 60, "warmup_steps": 100})"),
            "c.json: training.warmup_steps: found 100, expected at most training.steps (60)");
  EXPECT_EQ(complaint(R"("training": {"learning_rate": 1e-5, "minimum_learning_rate": 1e-4})")
                .rfind("c.json: training.minimum_learning_rate: found 1e-04", 0),
            0U);
  EXPECT_EQ(complaint(R"("model": {"width": 128, "heads": 3})"),
            "c.json: model.heads: found 3, expected a divisor of model.width (128)");
  EXPECT_EQ(complaint(R"("model": {"width": 7, "position": "rotary"})")
                .rfind("c.json: model.position: found \"rotary\"", 0),
            0U);
}

TEST(ParseConfig, DataIsRequired) {
  const std::string files = "a list [...] of at least 1, each a text that is not empty";
  EXPECT_EQ(refusal("{}"), "x.json: data.train: found nothing, expected " + files);
  EXPECT_EQ(refusal(R"({"data": {}})"), "x.json: data.train: found nothing, expected " + files);
  EXPECT_EQ(refusal(R"({"data": {"train": []}})"),
            "x.json: data.train: found [], expected " + files);
  EXPECT_EQ(refusal(R"({"data": {"train": "a"}})"),
            R"(x.json: data.train: found "a", expected )" + files);
  EXPECT_EQ(refusal(R"({"data": {"train": ["a", 3]}})"),
            "x.json: data.train[1]: found 3, expected a text that is not empty");
  EXPECT_EQ(refusal(R"({"data": {"train": ["a", ""]}})"),
            R"(x.json: data.train[1]: found "", expected a text that is not empty)");
  EXPECT_EQ(refusal(R"({"data": {"train": ["a\u0000b"]}})"),
            R"(x.json: data.train: found "a\x00b", expected a path without NUL bytes)");
  for (const char* wrong : {"[]", "3", "null", "\"x\""}) {
    EXPECT_EQ(refusal(wrong).rfind("x.json: found ", 0), 0U) << refusal(wrong);
  }
}

TEST(ParseConfig, RefusesNumbersThatAreNone) {
  for (const double none : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    for (const char* key : {"learning_rate", "weight_decay", "steps", "sample_prompt"}) {
      base::Json json = base::parse_json(kLeast, "x");
      json["training"][key] = none;
      EXPECT_THROW(parse_config(json, "x", "/"), base::Error) << key;
    }
  }
  EXPECT_NE(refusal_of("model.dropout", "NaN").find("not JSON"), std::string::npos);
  EXPECT_NE(refusal_of("model.dropout", "1e999").find("not JSON"), std::string::npos);
}

TEST(ParseConfig, IgnoresOnlyTheGivenKeys) {
  const base::Json json = base::parse_json(
      R"({"architectures": ["LlamaForCausalLM"], "data": {"train": ["/a"]}})", "x");
  EXPECT_NO_THROW(parse_config(json, "x", "/", {"architectures", "absent"}));
  EXPECT_THROW(parse_config(json, "x", "/"), base::Error);
}

TEST_F(Load, PathsOfTheFileStartAtItsFolder) {
  const fs::path file =
      write("configs/c.json", R"({"data": {"train": ["../data/a.txt"], "validation": ["v.txt"]}})");
  const Config config = load_config(file);
  const fs::path top = fs::canonical(scratch_.path());
  EXPECT_EQ(config.data.train, std::vector<fs::path>{top / "data/a.txt"});
  EXPECT_EQ(config.data.validation, std::vector<fs::path>{top / "configs/v.txt"});
  // A path through a link means the same files.
  fs::create_directories(scratch_ / "far/away");
  fs::create_directory_symlink(scratch_ / "configs", scratch_ / "far/away/link");
  EXPECT_EQ(load_config(scratch_ / "far/away/link/c.json"), config);
}

TEST_F(Load, PathsOfOverridesStartAtTheWorkingFolder) {
  const fs::path file = write("configs/c.json", kLeast);
  const fs::path here = fs::current_path();
  const Config config = load_config(
      file,
      {"data.train=b.txt", R"(data.validation=["c.txt", "/d.txt"])", "tokenizer.path=../t.model"});
  EXPECT_EQ(config.data.train, std::vector<fs::path>{here / "b.txt"});
  EXPECT_EQ(config.data.validation, (std::vector<fs::path>{here / "c.txt", "/d.txt"}));
  EXPECT_EQ(config.tokenizer.path, here.parent_path() / "t.model");
}

TEST_F(Load, AnOverrideMayGiveWhatTheFileLacks) {
  EXPECT_EQ(load_config(write("c.json", "{}"), {"data.train=/a"}).data.train,
            std::vector<fs::path>{"/a"});
  EXPECT_NE(refused({}, "{}"), "accepted");
}

TEST_F(Load, OverridesAreJsonOrText) {
  const Config config =
      load_config(write("c.json", kLeast),
                  {"model.heads=8", "name=two words", "training.learning_rate=2e-3",
                   "model.bias=true", "training.sample_prompt=a=b", "name=last",
                   "tokenizer.path=null", "seed=3", R"(model.attention={"scaled": false})"});
  EXPECT_EQ(config.model.heads, 8);
  EXPECT_EQ(config.model.key_value_heads, 8);
  EXPECT_EQ(config.name, "last");
  EXPECT_EQ(config.training.learning_rate, 2e-3);
  EXPECT_TRUE(config.model.bias);
  EXPECT_EQ(config.training.sample_prompt, "a=b");
  EXPECT_EQ(config.seed, 3U);
  EXPECT_FALSE(config.model.attention.scaled);
}

TEST_F(Load, WrongOverridesAreNamed) {
  EXPECT_EQ(refused({"model.widht=3"}),
            R"(--set: unknown key "model.widht"; did you mean "model.width"?)");
  EXPECT_EQ(refused({"modle.width=3"}),
            R"(--set: unknown key "modle.width"; did you mean "model.width"?)");
  EXPECT_EQ(refused({"width=3"}), R"(--set: unknown key "width"; did you mean "model.width"?)");
  EXPECT_EQ(refused({"model.width.x=3"}),
            R"(--set: unknown key "model.width.x"; did you mean "model.width"?)");
  EXPECT_EQ(refused({"model..width=3"}),
            R"(--set: unknown key "model..width"; did you mean "model.width"?)");
  EXPECT_EQ(refused({"qqqqqq.rrrrrr=3"}),
            R"(--set: unknown key "qqqqqq.rrrrrr"; no key has a similar name)");
  EXPECT_EQ(refused({"model.width=x"}),
            R"(--set: model.width: found "x", expected an integer from 1 to 65536)");
  EXPECT_EQ(refused({"model.dropout=NaN"}),
            R"(--set: model.dropout: found "NaN", expected a number from 0 to below 1)");
  EXPECT_EQ(refused({R"(model={"widht": 3})"}),
            R"(--set: unknown key "model.widht"; did you mean "model.width"?)");
  EXPECT_EQ(refused({"model.width"}),
            R"(--set: found "model.width", expected KEY=VALUE, such as model.width=64)");
  EXPECT_EQ(refused({"=3"}), R"(--set: found "=3", expected KEY=VALUE, such as model.width=64)");
  EXPECT_EQ(refused({""}), R"(--set: found "", expected KEY=VALUE, such as model.width=64)");
  EXPECT_EQ(refused({"data.train=\xff"}).rfind("--set: not UTF-8 at byte 11", 0), 0U);
  EXPECT_EQ(refused({"name=" + std::string(200, 'n')}).rfind("--set: name: found ", 0), 0U);
  EXPECT_EQ(refused({"data.train="}),
            R"(--set: data.train[0]: found "", expected a text that is not empty)");
  EXPECT_EQ(refused({"model.width=3"}, R"({"model": 5})"),
            "c.json: model: found 5, expected an object");
  EXPECT_EQ(refused({"model.width=3"}, "[]"), "c.json: found [], expected an object");
  // An error in the file is reported as the file's.
  EXPECT_EQ(refused({"model.width=3"}, R"({"data": {"train": ["a"]}, "sede": 1})"),
            R"(c.json: unknown key "sede"; did you mean "seed"?)");
}

TEST_F(Load, AnOverrideIsShownAsItWasWritten) {
  EXPECT_EQ(load_config(write("c.json", kLeast), {"training.steps=1e3"}).training.steps, 1000);
  EXPECT_EQ(load_config(write("c.json", kLeast), {"model.width=64.0"}).model.width, 64);
  EXPECT_EQ(load_config(write("c.json", kLeast), {"training={\"steps\": 1e2}"}).training.steps,
            100);
  const std::string expected = ", expected an integer from 1 to 1000000000";
  for (const char* wrong : {"1e20", "1000.5", "9007199254740993.0", "1E-1", "99999999999999999999"})
    EXPECT_EQ(refused({std::string("training.steps=") + wrong}),
              std::string("--set: training.steps: found ") + wrong + expected);
  EXPECT_LT(refused({"training.steps=" + std::string(5000, '1')}).size(), 200U);
}

TEST_F(Load, AnEmptyPathIsNone) {
  for (const char* key : {"data.train", "data.validation", "tokenizer.path"}) {
    const std::string name(key);
    EXPECT_EQ(refused({name + "="}).rfind("--set: " + name, 0), 0U) << key;
    if (name == "tokenizer.path") continue;
    EXPECT_EQ(refused({name + "=[\"a\", \"\"]"}),
              "--set: " + name + "[1]: found \"\", expected a text that is not empty");
  }
  EXPECT_EQ(refused({}, R"({"data": {"train": ["a"], "validation": [""]}})"),
            R"(c.json: data.validation[0]: found "", expected a text that is not empty)");
  EXPECT_EQ(refused({}, R"({"data": {"train": ["a"]}, "tokenizer": {"path": ""}})"),
            R"(c.json: tokenizer.path: found "", expected null or a text that is not empty)");
}

TEST_F(Load, SnapshotsAreAWordOrAListOfSteps) {
  const auto snapshots = [&](const std::string& value) {
    return load_config(write("c.json", kLeast), {"checkpoints.snapshots=" + value}).checkpoints;
  };
  using Steps = std::vector<std::int64_t>;
  EXPECT_EQ(snapshots("log").snapshots, std::nullopt);
  EXPECT_EQ(snapshots("none").snapshots, Steps());
  EXPECT_EQ(snapshots("[]").snapshots, Steps());
  EXPECT_EQ(snapshots("[3, 1e2, 0]").snapshots, (Steps{3, 100, 0}));
  for (const char* value : {"log", "none", "[3,100,0]"}) {
    const Config before =
        load_config(write("c.json", kLeast), {std::string("checkpoints.snapshots=") + value});
    EXPECT_EQ(parse_config(to_json(before), "x", "/"), before);
  }
  const std::string expected =
      R"(, expected "log" or "none", or a list [...] of any number, each an integer from 0 to 1000000000)";
  for (const char* value : {"linear", "7", "null", "{}"})
    EXPECT_NE(refused({std::string("checkpoints.snapshots=") + value}).find(expected),
              std::string::npos)
        << refused({std::string("checkpoints.snapshots=") + value});
  EXPECT_NE(refused({"checkpoints.snapshots=[3,-1]"}).find("checkpoints.snapshots[1]: found -1"),
            std::string::npos);
}

TEST_F(Load, ARunThatGoesOnKeepsItsDefaults) {
  const auto resumed = [&](const std::vector<std::string>& overrides, const std::string& text) {
    return load_resumed_config(write("c.json", text), overrides,
                               [&](const Config&) { return scratch_ / "run"; });
  };
  const std::string text = R"({"data": {"train": ["a.txt"]}, "training": {"learning_rate": 5e-4}})";
  // Nothing there: the run folder reports this.
  Config before = load_config(write("c.json", text));
  EXPECT_EQ(resumed({}, text), before);
  before.training.steps = 500;
  before.training.warmup_steps = 70;  // as an earlier version could have written it
  before.training.minimum_learning_rate = 1e-4;
  before.model.heads = before.model.key_value_heads = 2;
  write("run/config.json", to_json(before).dump());
  const Config after = resumed({"training.steps=9000"}, text);
  EXPECT_EQ(after.training.steps, 9000);
  EXPECT_EQ(after.training.warmup_steps, 70);
  EXPECT_EQ(after.training.minimum_learning_rate, 1e-4);
  EXPECT_EQ(after.model.heads, 2);
  EXPECT_EQ(after.model.key_value_heads, 2);
  // Keys that are set now have priority.
  EXPECT_EQ(resumed({"training.warmup_steps=5", "model.heads=4"}, text).training.warmup_steps, 5);
  EXPECT_EQ(resumed({"training.warmup_steps=5", "model.heads=4"}, text).model.heads, 4);
}

TEST_F(Load, ARunThatGoesOnKeepsAllThatIsLeftOut) {
  const std::string text = R"({"data": {"train": ["a.txt"]}, "training": {"steps": 10}})";
  Config before =
      load_config(write("c.json", text), {"seed=5", "model.context=9", "model.feed_forward.width=7",
                                          "tokenizer.vocabulary=50", "data.layout=lines"});
  before.training.validate_every = 3;
  before.checkpoints.keep = 8;
  before.runtime.threads = 5;
  before.tokenizer.path = "/gone/tokenizer.model";
  write("run/config.json", to_json(before).dump());
  const Config after = load_resumed_config(write("c.json", text), {"training.patience=2"},
                                           [&](const Config&) { return scratch_ / "run"; });
  Config expected = before;  // but for what may change
  expected.training.validate_every = TrainingConfig().validate_every;
  expected.training.patience = 2;
  expected.checkpoints = {};
  expected.runtime = {};
  expected.tokenizer.path = {};
  EXPECT_EQ(after, expected);
}

TEST_F(Load, ARunThatStartsFromWeightsHasTheirModel) {
  Config init = parsed(kLeast);
  init.tokenizer.kind = spec::TokenizerKind::kChar;
  init.model.width = 24;
  init.model.heads = init.model.key_value_heads = 3;
  init.model.feed_forward.activation = spec::Activation::kRelu;
  init.model.dropout = 0.5;
  init.model.context = 16;
  init.training.steps = 7;
  const auto started = [&](const std::vector<std::string>& overrides) {
    return load_initialised_config(write("c.json", kLeast), overrides, init, "runs/a");
  };
  Config config = started({});
  EXPECT_EQ(config.tokenizer.kind, spec::TokenizerKind::kChar);
  EXPECT_EQ(config.model.dropout, 0.0);
  EXPECT_EQ(config.model.context, 256);
  EXPECT_TRUE(config.defaults.has("model.context"));
  EXPECT_EQ(config.training.steps, 2000);
  config.model.dropout = init.model.dropout;
  config.model.context = init.model.context;
  EXPECT_EQ(config.model, init.model);
  EXPECT_EQ(started({"model.width=24", "model.dropout=0.1"}).model.dropout, 0.1);
  // What is written is named, not what then fits no longer.
  for (const auto& [key, found, expected] :
       {std::tuple("model.width", "7", "24"), std::tuple("model.heads", "1", "3"),
        std::tuple("model.feed_forward.width", "9", "512"),
        std::tuple("tokenizer.kind", "\"bpe\"", "\"char\"")}) {
    try {
      started({std::string(key) + "=" + found});
      ADD_FAILURE() << key;
    } catch (const base::Error& error) {
      EXPECT_EQ(std::string(error.what()),
                std::string(key) + ": found " + found + ", expected " + expected + " as in runs/a");
    }
  }
  // Learned positions have weights.
  init.model.position = spec::Position::kLearned;
  EXPECT_EQ(started({}).model.context, 16);
  EXPECT_FALSE(started({}).defaults.has("model.context"));
}

TEST(Nearest, CountsEdits) {
  const std::vector<std::string> known = {"width", "heads", "layers", "learning_rate"};
  EXPECT_EQ(nearest("width", known), "width");
  EXPECT_EQ(nearest("widht", known), "width");
  EXPECT_EQ(nearest("head", known), "heads");
  EXPECT_EQ(nearest("n_layers", known), "layers");
  EXPECT_EQ(nearest("learningrate", known), "learning_rate");
  EXPECT_EQ(nearest("lerning_rat", known), "learning_rate");
  EXPECT_EQ(nearest("depth", known), "");
  EXPECT_EQ(nearest("", known), "");
  EXPECT_EQ(nearest("x", {}), "");
}

}  // namespace
}  // namespace qkv::config
