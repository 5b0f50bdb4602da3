#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "config/config.h"
#include "scratch.h"
#include "spec/weights.h"

namespace qkv::config {
namespace {

using tests::Scratch;

/// Roughly what a run takes: its weights, and what each token keeps.
double run_memory(const Config& config, std::int64_t vocabulary) {
  const spec::ModelConfig& model = config.model;
  const double tokens =
      static_cast<double>(config.training.batch_size) * static_cast<double>(model.context);
  const double layer = 10 * static_cast<double>(model.width) +
                       2 * static_cast<double>(model.feed_forward.width) +
                       3 * static_cast<double>(model.heads) * static_cast<double>(model.context);
  return 16 * spec::count_parameters(model, vocabulary) +
         tokens * (4 * static_cast<double>(model.layers) * layer +
                   32 * static_cast<double>(config.training.accumulation));
}

// The message of a check, or "" if it passes.
template <typename Change>
std::string message(const Change& change, std::optional<std::int64_t> vocabulary = std::nullopt) {
  Config config;
  config.data.train = {"/a"};
  change(config);
  try {
    check_config(config, "c.json", vocabulary, run_memory);
  } catch (const base::Error& error) {
    return error.what();
  }
  return "";
}

TEST(CheckConfig, AcceptsTheDefaults) {
  EXPECT_EQ(message([](Config&) {}), "");
}

TEST(CheckConfig, HeadsDivideWidth) {
  EXPECT_EQ(message([](Config& c) { c.model.heads = c.model.key_value_heads = 5; }),
            "c.json: model.heads: found 5, expected a divisor of model.width (128)");
}

TEST(CheckConfig, KeyValueHeadsDivideHeads) {
  EXPECT_EQ(message([](Config& c) { c.model.key_value_heads = 3; }),
            "c.json: model.key_value_heads: found 3, expected a divisor of model.heads (4)");
  EXPECT_EQ(message([](Config& c) { c.model.key_value_heads = 8; }),
            "c.json: model.key_value_heads: found 8, expected a divisor of model.heads (4)");
  EXPECT_EQ(message([](Config& c) { c.model.key_value_heads = 2; }), "");
}

TEST(CheckConfig, IdentityKeepsAllHeads) {
  const auto change = [](Config& c) {
    c.model.attention.projection = spec::Projection::kIdentity;
    c.model.key_value_heads = 2;
  };
  EXPECT_EQ(message(change),
            "c.json: model.key_value_heads: found 2, expected as many as model.heads (4), since "
            "model.attention.projection \"identity\" cannot reduce their number");
}

TEST(CheckConfig, OnlyQueriesAndKeysHaveTheirNorm) {
  for (const spec::Weighting weights : spec::all<spec::Weighting>()) {
    const auto change = [&](Config& c) {
      c.model.attention.weights = weights;
      c.model.attention.query_key_norm = true;
    };
    const std::string refused = base::concat(
        "c.json: model.attention.query_key_norm: found true, expected false, since a model with "
        "model.attention.weights \"",
        weights, "\" has no queries and keys");
    EXPECT_EQ(message(change), weights == spec::Weighting::kSoftmax ? "" : refused);
  }
}

TEST(CheckConfig, ARecurrentNetHasNoHeads) {
  for (const spec::Architecture kind : {spec::Architecture::kLstm, spec::Architecture::kGru}) {
    const auto change = [&](Config& c) {
      c.model.kind = kind;
      c.model.width = 127;
      c.model.heads = 5;
      c.model.position = spec::Position::kRotary;
    };
    EXPECT_EQ(message(change), "");
    EXPECT_EQ(message([&](Config& c) {
                change(c);
                c.model.objective = spec::Objective::kMasked;
              }),
              base::concat("c.json: model.width: found 127, expected an even number: with the "
                           "objective \"masked\", each direction of a ",
                           kind, " has half of it"));
  }
}

TEST(CheckConfig, ChecksKernelsOnlyIfThereAreSome) {
  const auto change = [](Config& c) { c.runtime.kernels = spec::Kernels::kCheck; };
  EXPECT_EQ(message(change), "");
  const std::string refused =
      "c.json: runtime.kernels: found \"check\", expected \"fused\" or \"plain\": there are no "
      "kernels "
      "to check for this model and device";
  EXPECT_EQ(message([&](Config& c) {
              change(c);
              c.model.kind = spec::Architecture::kLstm;
            }),
            refused);
  EXPECT_EQ(message([&](Config& c) {
              change(c);
              c.model.attention.weights = spec::Weighting::kUniform;
            }),
            refused);
}

TEST(CheckConfig, RotaryTurnsPairs) {
  const auto change = [](Config& c) {
    c.model.position = spec::Position::kRotary;
    c.model.width = 12;
  };
  EXPECT_EQ(message(change),
            "c.json: model.position: found \"rotary\", expected an even head width for it, but "
            "model.width / model.heads is 12 / 4 = 3");
  EXPECT_EQ(message([](Config& c) { c.model.position = spec::Position::kRotary; }), "");
}

TEST(CheckConfig, LayersMayBeEmptied) {
  const auto change = [](Config& c) {
    c.model.attention.weights = spec::Weighting::kNone;
    c.model.feed_forward.activation = spec::Activation::kNone;
  };
  EXPECT_EQ(message(change), "");
}

TEST(CheckConfig, ScheduleIsInOrder) {
  EXPECT_EQ(message([](Config& c) { c.training.steps = 50; }),
            "c.json: training.warmup_steps: found 100, expected at most training.steps (50)");
  EXPECT_EQ(message([](Config& c) { c.training.steps = 100; }), "");
  EXPECT_EQ(message([](Config& c) { c.training.learning_rate = 5e-5; }),
            "c.json: training.minimum_learning_rate: found 1e-04, expected at most "
            "training.learning_rate (5e-05)");
  // A constant schedule does not use the minimum.
  const auto constant = [](Config& c) {
    c.training.learning_rate = 5e-5;
    c.training.schedule = spec::Schedule::kConstant;
  };
  EXPECT_EQ(message(constant), "");
}

TEST(CheckConfig, SnapshotsAreOfStepsOfTheRun) {
  const auto checked = [](const std::vector<std::int64_t>& steps) {
    return message([&](Config& config) {
      config.training.steps = 200;
      config.checkpoints.snapshots = steps;
    });
  };
  EXPECT_EQ(checked({0, 200}), "");
  EXPECT_EQ(checked({}), "");
  EXPECT_EQ(checked({7, 201}),
            "c.json: checkpoints.snapshots: found 201, expected steps of at most training.steps "
            "(200)");
}

TEST(Snapshots, AreOfThePowersOfTwoAndOfBothEnds) {
  const auto kept = [](const CheckpointsConfig& checkpoints) {
    std::vector<std::int64_t> steps;
    for (std::int64_t step = 0; step <= 21; ++step) {
      if (checkpoints.has_snapshot(step, step == 21)) steps.push_back(step);
    }
    return steps;
  };
  using Steps = std::vector<std::int64_t>;
  EXPECT_EQ(kept({}), (Steps{0, 1, 2, 4, 8, 16, 21}));
  EXPECT_EQ(kept({.snapshots = Steps()}), Steps());
  EXPECT_EQ(kept({.snapshots = Steps{20, 5}}), (Steps{5, 20}));
}

TEST(CheckConfig, OnlyACausalModelWrites) {
  const auto change = [](Config& c) {
    c.model.objective = spec::Objective::kMasked;
    c.training.sample_every = 10;
  };
  EXPECT_EQ(message(change),
            "c.json: training.sample_every: found 10, expected 0, since a model with the objective "
            "\"masked\" cannot continue a text");
  EXPECT_EQ(message([](Config& c) { c.model.objective = spec::Objective::kMasked; }), "");
}

TEST(CheckConfig, PatienceNeedsValidation) {
  const auto change = [](Config& c) {
    c.training.patience = 3;
    c.data.validation_fraction = 0;
  };
  EXPECT_EQ(message(change).rfind("c.json: training.patience: found 3, expected 0", 0), 0U);
  const auto with_files = [&](Config& c) {
    change(c);
    c.data.validation = {"/v"};
  };
  EXPECT_EQ(message(with_files), "");
}

TEST(CheckConfig, TheNameIsAFolder) {
  for (const char* wrong : {"", ".", "..", "a/b", "/", "a\nb", "a\u009Bb", "a\u202Eb"}) {
    EXPECT_EQ(message([&](Config& c) { c.name = wrong; }).rfind("c.json: name: found ", 0), 0U)
        << wrong;
  }
  EXPECT_NE(message([](Config& c) { c.name = std::string("a\0b", 3); }), "");
  for (const char* good : {"a b", "...", "größe", "-x"}) {
    EXPECT_EQ(message([&](Config& c) { c.name = good; }), "") << good;
  }
}

TEST(CheckConfig, MemoryMustExist) {
  const std::string batch = message([](Config& c) {
    c.runtime.kernels = spec::Kernels::kPlain;
    c.training.batch_size = 1048576;
  });
  EXPECT_EQ(
      batch.rfind(
          "c.json: training.batch_size: found 1048576, expected a run that fits into memory", 0),
      0U)
      << batch;
  EXPECT_NE(batch.find(" TB, this machine has "), std::string::npos) << batch;

  // All micro-batches of a step are drawn at once.
  const std::string accumulated = message([](Config& c) {
    c.training.accumulation = 1048576;
    c.training.batch_size = 1024;
    c.model.context = 1024;
  });
  EXPECT_NE(accumulated.find("and training.accumulation 1048576, it takes about "),
            std::string::npos)
      << accumulated;

  const std::string width = message([](Config& c) {
    c.model.layers = 1024;
    c.model.width = 65536;
    c.model.feed_forward.width = 1048576;
  });
  EXPECT_EQ(
      width.rfind("c.json: model.width: found 65536, expected a model that fits into memory", 0),
      0U)
      << width;
  // Training on a CUDA device does not use this memory.
  EXPECT_EQ(message([](Config& c) {
              c.runtime.device = spec::Device::kCuda;
              c.runtime.kernels = spec::Kernels::kPlain;
              c.training.batch_size = 1048576;
            }),
            "");
  // A table of positions is not a weight, but takes memory.
  spec::ModelConfig table;
  table.layers = 1;
  table.width = 65536;
  table.context = 1048576;
  table.attention.weights = spec::Weighting::kNone;
  table.feed_forward.activation = spec::Activation::kNone;
  for (const spec::Position position : {spec::Position::kSinusoidal, spec::Position::kRotary}) {
    table.position = position;
    table.heads = table.key_value_heads = 1;
    try {
      check_model(table, "c.json", 260);
      ADD_FAILURE() << position;
    } catch (const base::Error& error) {
      EXPECT_EQ(std::string(error.what()).rfind("c.json: model.context: found 1048576", 0), 0U)
          << error.what();
    }
  }
  // Known vocabularies count, too.
  EXPECT_EQ(message([](Config&) {}, 500), "");
  EXPECT_NE(message([](Config&) {}, std::numeric_limits<std::int64_t>::max()), "");
}

// The message where these keys hold defaults, and the text is known.
std::string told(const std::set<std::string>& defaults, void (*change)(Config&)) {
  const auto all = [&](Config& c) {
    c.runtime.kernels = spec::Kernels::kPlain;
    c.runtime.threads = 1;
    c.defaults.keys = defaults;
    change(c);
  };
  return message(all, 300);
}

TEST(CheckConfig, TooLittleMemoryNamesWhatCouldBeLowered) {
  // The weights fit, but not what a batch of the usual size keeps.
  const auto wide = [](Config& c) {
    c.model.layers = 64;
    c.model.position = spec::Position::kNone;
    c.model.context = 1048576;
    c.training.batch_size = 1024;
  };
  const std::string a =
      told({"model.context", "model.heads", "training.batch_size", "model.width"}, wide);
  EXPECT_EQ(a.rfind("c.json: model.layers: found 64, expected a run that fits into memory: with "
                    "training.batch_size 1024 (a default) and model.context 1048576 (a default), "
                    "it takes about ",
                    0),
            0U)
      << a;
  EXPECT_NE(a.find(", this machine has "), std::string::npos) << a;
  const std::string b = told({"training.batch_size", "model.layers"}, wide);
  EXPECT_EQ(b.rfind("c.json: model.context: found 1048576, expected", 0), 0U) << b;
  EXPECT_NE(b.find("training.batch_size 1024 (a default)"), std::string::npos) << b;
  // No default is blamed for what somebody wrote.
  const std::string c =
      told({"model.width", "model.layers", "tokenizer.vocabulary"},
           [](Config& config) { config.model.feed_forward.width = std::int64_t{1} << 50U; });
  EXPECT_EQ(c.rfind("c.json: model.feed_forward.width: found 1125899906842624, expected a model "
                    "that fits into memory: with model.width 128 (a default) and model.layers 2 (a "
                    "default), its ",
                    0),
            0U)
      << c;
}

TEST(CheckConfig, ADefaultThatFollowsTheTextWaitsForIt) {
  const auto change = [](Config& c) {
    c.defaults.keys = {"model.context"};
    c.runtime.kernels = spec::Kernels::kPlain;
    c.model.position = spec::Position::kNone;
    c.model.context = 1048576;
    c.training.batch_size = 16384;
  };
  EXPECT_EQ(message(change), "");
  EXPECT_NE(message(change, 300), "");
  EXPECT_NE(message([&](Config& c) {
              change(c);
              c.data.layout = spec::TextLayout::kLines;
            }),
            "");
}

TEST(CheckFiles, NamesWhatIsMissing) {
  const Scratch scratch;
  base::write_file(scratch / "a.txt", "a");
  base::write_file(scratch / "v.txt", "v");
  const std::string top = scratch.path().string();
  const auto files = [&](const auto& change) -> std::string {
    Config config;
    config.data.train = {scratch / "a.txt"};
    config.data.validation = {scratch / "v.txt"};
    change(config);
    try {
      check_files(config, "c.json");
    } catch (const base::Error& error) {
      EXPECT_EQ(error.fault(), base::Error::Fault::kInput);
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(files([](Config&) {}), "");
  EXPECT_EQ(files([&](Config& c) { c.data.train.push_back(scratch / "b.txt"); }),
            "c.json: data.train: found \"" + top + "/b.txt\", expected an existing file");
  EXPECT_EQ(files([&](Config& c) { c.data.train = {scratch.path()}; }),
            "c.json: data.train: found \"" + top + "\", expected a file, not a folder");
  EXPECT_EQ(files([&](Config& c) { c.data.validation = {"/dev/zero"}; }),
            "c.json: data.validation: found \"/dev/zero\", expected a regular file");
  EXPECT_EQ(files([&](Config& c) { c.tokenizer.path = scratch / "t.model"; }),
            "c.json: tokenizer.path: found \"" + top + "/t.model\", expected an existing file");
  // A file under a second name is still used for training.
  std::filesystem::create_symlink(scratch / "a.txt", scratch / "link.txt");
  EXPECT_EQ(files([&](Config& c) { c.data.validation = {scratch / "link.txt"}; }),
            "c.json: data.validation: found \"" + top +
                "/link.txt\", expected a file that is not in data.train");
}

}  // namespace
}  // namespace qkv::config
