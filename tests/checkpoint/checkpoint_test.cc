#include "checkpoint/checkpoint.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <limits>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "checkpoint/checkpoint_folder.h"
#include "engine/support.h"
#include "scratch.h"

namespace qkv::checkpoint {
namespace {

namespace fs = std::filesystem;
using tests::Scratch;
using tests::write_bytes;

config::Config small_config() {
  config::Config config;
  config.tokenizer.kind = spec::TokenizerKind::kChar;
  config.model = tests::tiny_model_config();
  config.model.bias = false;
  config.model.position = spec::Position::kSinusoidal;
  config.model.layers = 1;
  config.data.train = {"/text.txt"};
  config.training.batch_size = 200;  // with this context, 1200 tokens per step
  return config;
}

const text::Tokenizer& tokenizer() {
  static const text::Tokenizer made = [] {
    config::TokenizerConfig config;
    config.kind = spec::TokenizerKind::kChar;
    config.vocabulary = 20;
    std::string_view rest = "some text\n";
    return text::Tokenizer::train(config, [rest]() mutable { return std::exchange(rest, {}); });
  }();
  return made;
}

base::NamedArrays weights_of(const config::Config& config, unsigned seed = 1) {
  return tests::named_weights(config.model, tokenizer().size(), seed);
}

TrainerState state_at(std::int64_t step, std::int64_t best = -1) {
  TrainerState state;
  state.step = step;
  state.tokens = 1000 * static_cast<std::uint64_t>(step);
  if (best >= 0) state.best = state.best_checkpoint = MeasuredLoss{.loss = 1.25, .step = best};
  state.train_hash = "1234";
  return state;
}

/// A separate run folder.
struct RunFolder {
  Scratch scratch;
  CheckpointFolder checkpoints{scratch.path()};
  fs::path folder = scratch / "checkpoints";

  void save(const config::Config& config, const base::NamedArrays& weights,
            const base::NamedArrays& moments, const TrainerState& state) const {
    checkpoints.save(config, tokenizer(), saved(weights), saved(moments), state);
  }
  fs::path save(std::int64_t step, std::int64_t best = -1, unsigned seed = 1) const {
    save(small_config(), weights_of(small_config(), seed),
         {{"first", {{3}, std::vector<float>(3, static_cast<float>(step))}}}, state_at(step, best));
    return checkpoints.step_path(step);
  }
  Checkpoint open() const { return open_checkpoint(scratch.path()); }

  std::set<std::string> names() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename());
    return names;
  }
};

using Names = std::set<std::string>;

void flip(const fs::path& path, std::size_t at) {
  std::string bytes = base::read_file(path);
  bytes.at(at) = static_cast<char>(bytes.at(at) ^ 1);
  write_bytes(path, bytes);
}

/// The message of the Error that `action` throws; anything else is a failure.
template <typename Action>
std::string error_of(const Action& action, base::Error::Fault fault = base::Error::Fault::kInput) {
  try {
    action();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.fault(), fault) << error.what();
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another exception: " << error.what();
  }
  return {};
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void expect_weights(const engine::Model& model, const base::NamedArrays& expected) {
  ASSERT_EQ(model.list().all.size(), expected.size());
  for (std::size_t at = 0; at < expected.size(); ++at) {
    const auto& [name, weight] = expected[at];
    EXPECT_EQ(model.list().all[at].name, name);
    const base::Array found = model.weight(static_cast<spec::WeightIndex>(at));
    EXPECT_EQ(found.shape, weight.shape) << name;
    EXPECT_TRUE(std::equal(found.values.begin(), found.values.end(), weight.values.begin(),
                           weight.values.end()))
        << name;
  }
}

TEST(Checkpoint, OfARecurrentNetComesBackAsItWasSaved) {
  const RunFolder run;
  config::Config config = small_config();
  for (const spec::Architecture kind : {spec::Architecture::kLstm, spec::Architecture::kGru}) {
    config.model.kind = kind;
    const base::NamedArrays weights = weights_of(config);
    run.save(config, weights, {}, state_at(10));
    const Checkpoint found = open_checkpoint(run.checkpoints.step_path(10));
    EXPECT_EQ(found.config.model.kind, kind);
    expect_weights(*found.model, weights);
  }
}

TEST(Checkpoint, ComesBackAsItWasSaved) {
  const RunFolder run;
  TrainerState state = state_at(70, 60);
  state.validations_without_best = 3;
  state.validation_hash = "5678";
  const base::NamedArrays weights = weights_of(small_config());
  run.save(small_config(), weights, {{"moment", {{2}, {1, 1}}}}, state);

  const Checkpoint found = open_checkpoint(run.checkpoints.step_path(70));
  EXPECT_EQ(found.path, run.folder / "step-0000070");
  EXPECT_EQ(found.config.model.width, 8);
  EXPECT_EQ(found.tokenizer.bytes(), tokenizer().bytes());
  expect_weights(*found.model, weights);
  EXPECT_EQ(found.state.step, 70);
  EXPECT_EQ(found.state.tokens, 70'000U);
  EXPECT_EQ(found.state.best->loss, 1.25);
  EXPECT_EQ(found.state.best_checkpoint->step, 60);
  EXPECT_EQ(found.state.validations_without_best, 3);
  EXPECT_EQ(found.state.train_hash, "1234");
  EXPECT_EQ(found.state.validation_hash, "5678");
  EXPECT_EQ(found.weights_hash, base::sha256(base::read_file(found.path / "model.safetensors")));
  EXPECT_EQ(found.config_hash, base::sha256(base::read_file(found.path / "config.json")));
  EXPECT_EQ(read_optimizer(found.path)[0].second, base::Array({2}, {1, 1}));
}

TEST(Checkpoint, HoldsTheFilesOfTheFormatAndNothingElse) {
  const RunFolder run;
  Names files;
  for (const auto& entry : fs::directory_iterator(run.save(0)))
    files.insert(entry.path().filename());
  EXPECT_EQ(files, (Names{"config.json", "tokenizer.model", "model.safetensors",
                          "optimizer.safetensors", "trainer.json"}));
  EXPECT_EQ(run.names(), (Names{"step-0000000"}));
}

TEST(Checkpoint, EqualStatesGiveEqualBytes) {
  const RunFolder a;
  const RunFolder b;
  for (const auto& entry : fs::directory_iterator(a.save(5))) {
    EXPECT_EQ(base::read_file(entry.path()), base::read_file(b.save(5) / entry.path().filename()))
        << entry.path();
  }
}

TEST(Checkpoint, ARunFolderStandsForItsBest) {
  const RunFolder run;
  run.save(0);
  run.save(10);
  run.save(20, 10);
  run.checkpoints.update_links(state_at(20, 10), 3);
  EXPECT_EQ(run.open().state.step, 10);
  EXPECT_EQ(find_checkpoint(run.folder / "last"), run.folder / "last");
  EXPECT_EQ(find_checkpoint(run.folder / "step-0000020"), run.folder / "step-0000020");
}

TEST(Checkpoint, OpensWhileItsRunGoesOn) {
  const RunFolder run;
  const auto save = [&](std::int64_t step) {
    run.save(step, step);
    run.checkpoints.update_links(state_at(step, step), 0);  // removes the best one before
  };
  save(1);
  std::atomic<bool> opened = false;
  std::thread trainer([&] {
    for (std::int64_t step = 2; step <= small_config().training.steps && !opened; ++step) {
      save(step);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));  // training takes longer
    }
  });
  for (int times = 0; times < 60; ++times) {
    EXPECT_NO_THROW(run.open());
    EXPECT_NO_THROW(open_checkpoint(run.folder / "best"));
  }
  opened = true;
  trainer.join();
}

TEST(Checkpoint, ARunCopiedWithItsLinksAsFoldersOpens) {
  const RunFolder run;
  run.save(10);
  run.checkpoints.update_links(state_at(10), 3);
  fs::remove(run.folder / "best");
  fs::copy(run.folder / "step-0000010", run.folder / "best", fs::copy_options::recursive);
  EXPECT_EQ(run.open().state.step, 10);
}

TEST(Checkpoint, SaysWhatIsNotThere) {
  const RunFolder run;
  const fs::path& here = run.scratch.path();
  EXPECT_TRUE(holds(error_of([&] { find_checkpoint(here / "absent"); }), "absent: not found"));
  EXPECT_TRUE(
      holds(error_of([&] { find_checkpoint(here); }), "expected a checkpoint or run folder"));
  EXPECT_TRUE(holds(error_of([&] { find_checkpoint(here / std::string(5000, 'x')); }), "xxx"));
  write_bytes(here / "file", "");
  error_of([&] { find_checkpoint(here / "file"); });
  error_of([&] { find_checkpoint(here / "file" / "below"); });
  for (const char* name : {"config.json", "tokenizer.model", "model.safetensors"}) {
    const fs::path folder = run.save(3);
    fs::remove(folder / name);
    error_of([&] { open_checkpoint(folder); });
    fs::create_directory(folder / name);
    EXPECT_TRUE(holds(error_of([&] { open_checkpoint(folder); }), name)) << name;
    // A save does not replace what qkv did not write.
    EXPECT_THROW(run.save(3), base::Error);
    EXPECT_TRUE(fs::is_directory(folder / name));
    fs::remove(folder / name);
  }
  const fs::path folder = run.save(3);
  fs::remove(folder / "optimizer.safetensors");
  EXPECT_TRUE(holds(error_of([&] { read_optimizer(folder); }), "optimizer.safetensors"));
  fs::create_directory_symlink("step-9999999", run.folder / "best");
  error_of([&] { run.open(); });
}

TEST(Checkpoint, NoticesAFlippedBit) {
  const RunFolder run;
  const fs::path folder = run.save(0);
  for (const char* name :
       {"config.json", "model.safetensors", "tokenizer.model", "optimizer.safetensors"}) {
    const std::size_t size = fs::file_size(folder / name);
    for (const std::size_t at : {std::size_t{0}, size / 3, size / 2, size - 1}) {
      flip(folder / name, at);
      const std::string message = error_of([&] {
        open_checkpoint(folder);
        read_optimizer(folder);
      });
      EXPECT_TRUE(holds(message, name)) << message;
      flip(folder / name, at);
    }
  }
  EXPECT_NO_THROW(open_checkpoint(folder));
  flip(folder / "model.safetensors", fs::file_size(folder / "model.safetensors") - 1);
  EXPECT_TRUE(holds(error_of([&] { open_checkpoint(folder); }), "damaged"));
}

TEST(Checkpoint, NoticesTruncatedFiles) {
  const RunFolder run;
  const fs::path folder = run.save(0);
  for (const bool with_hashes : {true, false}) {
    if (!with_hashes)
      fs::remove(folder / "trainer.json");  // as another program's checkpoint has none
    for (const char* name : {"model.safetensors", "tokenizer.model"}) {
      const std::string bytes = base::read_file(folder / name);
      for (const std::size_t size :
           {std::size_t{0}, std::size_t{1}, bytes.size() / 2, bytes.size() - 1}) {
        write_bytes(folder / name, bytes.substr(0, size));
        error_of([&] { open_checkpoint(folder); });
      }
      write_bytes(folder / name, bytes);
    }
  }
  EXPECT_NO_THROW(open_checkpoint(folder));
}

TEST(Checkpoint, AnyByteOfTrainerJsonMayBeWrong) {
  const RunFolder run;
  const fs::path file = run.save(0, 0) / "trainer.json";
  const std::string bytes = base::read_file(file);
  int refused = 0;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ (1U << (at % 8)));
    write_bytes(file, damaged);
    try {
      open_checkpoint(file.parent_path());
    } catch (const base::Error&) {
      ++refused;
    }  // anything else ends the test
  }
  EXPECT_GT(refused, 100);
}

TEST(Checkpoint, RefusesATrainerJsonOfAnotherForm) {
  const RunFolder run;
  const fs::path file = run.save(0) / "trainer.json";
  const base::Json good = base::read_json(file);
  std::vector<base::Json> bad = {base::Json::array(), base::Json(3), base::Json("text"),
                                 base::Json::object()};
  for (const char* key :
       {"files", "corpus", "step", "tokens", "best", "validations_without_best"}) {
    for (const base::Json& value :
         {base::Json(5), base::Json("text"), base::Json::array(), base::Json(nullptr)}) {
      base::Json changed = good;
      if (changed[key].type() == value.type() || (value.is_number() && good[key].is_number()))
        continue;
      changed[key] = value;
      if (std::string(key) != "best" || !value.is_null()) bad.push_back(changed);
    }
    base::Json without = good;
    without.erase(key);
    bad.push_back(without);
  }
  for (const base::Json& json : bad) {
    write_bytes(file, json.dump());
    EXPECT_TRUE(holds(error_of([&] { open_checkpoint(file.parent_path()); }), "trainer.json"))
        << json.dump();
  }
}

TEST(Checkpoint, ItsStepIsThatOfItsFolderAndWithinTheRun) {
  const RunFolder run;
  const fs::path folder = run.save(30, 20);
  base::Json json = base::read_json(folder / "trainer.json");
  for (const base::Json& step :
       {base::Json(20), base::Json(-5), base::Json(30.0), base::Json(1e300), base::Json(nullptr),
        base::Json("30"), base::Json(std::numeric_limits<std::int64_t>::max())}) {
    json["step"] = step;
    write_bytes(folder / "trainer.json", json.dump());
    EXPECT_TRUE(holds(error_of([&] { open_checkpoint(folder); }), "trainer.json: step: found "))
        << step;
  }
  // In another folder, the name says nothing, but the run has only so many steps.
  fs::rename(folder, run.scratch / "moved");
  json["step"] = 30;
  write_bytes(run.scratch / "moved" / "trainer.json", json.dump());
  EXPECT_EQ(open_checkpoint(run.scratch / "moved").state.step, 30);
  json["step"] = small_config().training.steps + 1;
  write_bytes(run.scratch / "moved" / "trainer.json", json.dump());
  EXPECT_TRUE(holds(error_of([&] { open_checkpoint(run.scratch / "moved"); }), "from 0 to "));
}

TEST(Checkpoint, ItsCountersAreSuchAsARunCanReach) {
  const RunFolder run;
  const fs::path folder = run.save(30, 20);
  const base::Json good = base::read_json(folder / "trainer.json");
  const auto with = [&](const char* key, const base::Json& value) {
    base::Json json = good;
    json[base::Json::json_pointer(key)] = value;
    write_bytes(folder / "trainer.json", json.dump());
  };
  const auto refused = [&](const char* key, const base::Json& value, const char* message) {
    with(key, value);
    EXPECT_TRUE(holds(error_of([&] { open_checkpoint(folder); }), message)) << key << value;
  };
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  refused("/tokens", kMost, "tokens: found 9223372036854775807, expected a whole number from 0 to");
  refused("/tokens", 30 * 1200 + 1, "tokens: found 36001, expected a whole number from 0 to 36000");
  refused("/validations_without_best", 31, "validations_without_best: found 31, expected");
  refused("/best/step", 31, "best: step: found 31, expected a whole number from 0 to 30");
  refused("/best_checkpoint/step", kMost, "best_checkpoint: step: found ");
  refused("/best/loss", -0.5, "best: loss: found -0.5, expected a number from 0");
  with("/tokens", 30 * 1200);
  EXPECT_EQ(open_checkpoint(folder).state.tokens, 36000U);
}

TEST(Checkpoint, WeightsAndMomentsThatAreNotFiniteAreRefused) {
  const RunFolder run;
  for (const float wrong : {NAN, INFINITY, -INFINITY}) {
    base::NamedArrays weights = weights_of(small_config());
    auto& [name, weight] = weights.back();
    weight.values[3] = wrong;
    run.save(small_config(), weights, {{"moment", {{2}, {1, wrong}}}}, state_at(10));
    const fs::path folder = run.checkpoints.step_path(10);
    const std::string message = error_of([&] { open_checkpoint(folder); });
    EXPECT_TRUE(
        holds(message, "step-0000010/model.safetensors: tensor \"" + name + "\": found 1 of"))
        << message;
    EXPECT_TRUE(
        holds(error_of([&] { read_optimizer(folder); }),
              "optimizer.safetensors: tensor \"moment\": found 1 of 2 values that are not finite"));
  }
}

TEST(Checkpoint, NamesItsFilesAndFindsThemByTheRunAroundIt) {
  const RunFolder run;
  config::Config config = small_config();
  config.data.train = {"/secret/place/a.txt", "/secret/b.txt"};
  config.data.validation = {"/secret/v.txt"};
  config.tokenizer.path = "/secret/t.model";
  run.save(config, weights_of(config), {}, state_at(10));
  const fs::path folder = run.checkpoints.step_path(10);
  for (const char* file : {"config.json", "trainer.json", "model.safetensors"})
    EXPECT_FALSE(holds(base::read_file(folder / file), "secret")) << file;
  EXPECT_EQ(base::read_json(folder / "config.json")["data"]["train"],
            base::Json({"a.txt", "b.txt"}));

  // The run's own config has the paths; if it cannot be read, the checkpoint still opens.
  base::write_file(run.scratch / "config.json", config::to_json(config).dump());
  run.checkpoints.update_links(state_at(10), 1);
  fs::create_directory_symlink(folder, run.scratch / "link");
  for (const fs::path& path :
       {folder, run.scratch.path(), run.folder / "best", run.scratch / "link"}) {
    const config::Config found = open_checkpoint(path).config;
    EXPECT_EQ(found.data.train, config.data.train) << path;
    EXPECT_EQ(found.data.validation, config.data.validation) << path;
    EXPECT_EQ(found.tokenizer.path, config.tokenizer.path) << path;
  }
  base::write_file(run.scratch / "config.json", "{");
  EXPECT_EQ(open_checkpoint(folder).config.data.train[1], fs::canonical(folder) / "b.txt");
  // In another folder, only the names are known.
  base::write_file(run.scratch / "config.json", config::to_json(config).dump());
  fs::rename(folder, run.scratch / "alone");
  EXPECT_EQ(open_checkpoint(run.scratch / "alone").config.data.train[1],
            fs::canonical(run.scratch / "alone") / "b.txt");
}

TEST(Checkpoint, IsCalledByItsPlaceInItsRun) {
  EXPECT_EQ(checkpoint_name("/place/runs/world/checkpoints/step-0000010"),
            "world/checkpoints/step-0000010");
  EXPECT_EQ(checkpoint_name("/place/runs/world/checkpoints/best/"), "world/checkpoints/best");
  EXPECT_EQ(checkpoint_name("/place/kept"), "kept");
  EXPECT_EQ(checkpoint_name("runs/world/checkpoints/best"), "runs/world/checkpoints/best");
  EXPECT_EQ(checkpoint_name("../up/kept"), "kept");
  EXPECT_EQ(checkpoint_name("."), fs::current_path().filename());
}

TEST(Checkpoint, ComparesShapesBeforeTheModelTakesMemory) {
  const RunFolder run;
  const fs::path folder = run.save(0);
  fs::remove(folder / "trainer.json");
  base::Json config = base::read_json(folder / "config.json");
  config["model"]["width"] = 4096;  // 400 MB of weights, 86 MB of positions
  config["model"]["feed_forward"]["width"] = 4096;
  write_bytes(folder / "config.json", config.dump());
  rusage before{};
  rusage after{};
  getrusage(RUSAGE_SELF, &before);
  EXPECT_TRUE(holds(error_of([&] { open_checkpoint(folder); }), "found shape ["));
  getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 50'000) << "kilobytes";
}

TEST(Checkpoint, WeightsThatDoNotFitTheModelExactlyAreRefused) {
  const RunFolder run;
  const fs::path folder = run.save(10);
  fs::remove(folder / "trainer.json");  // it holds the hash of the weights
  const auto open_with = [&](const base::NamedArrays& arrays) {
    write_safetensors(folder / "model.safetensors", saved(arrays));
    return open_checkpoint(folder);
  };
  const base::NamedArrays good = weights_of(small_config());
  std::vector<std::pair<base::NamedArrays, std::string>> bad;
  bad.emplace_back(good, good[2].first);
  bad.back().first.erase(bad.back().first.begin() + 2);
  bad.emplace_back(good, "stranger");
  bad.back().first.emplace_back("stranger", base::Array({1}));
  bad.emplace_back(good, good[1].first);
  bad.back().first[1].second = base::Array({9});
  bad.emplace_back(good, good[0].first);  // as many values in another shape
  std::swap(bad.back().first[0].second.shape[0], bad.back().first[0].second.shape[1]);
  bad.emplace_back(base::NamedArrays(), good[0].first);
  for (const auto& [arrays, name] : bad) {
    const std::string message = error_of([&] { open_with(arrays); });
    EXPECT_TRUE(holds(message, "model.safetensors") && holds(message, name)) << message;
  }
  // In any order.
  base::NamedArrays turned(good.rbegin(), good.rend());
  expect_weights(*open_with(turned).model, good);
}

TEST(CheckpointFolder, LinksAreRelativeAndNoCheckpointOfWorthIsRemoved) {
  const RunFolder run;
  run.save(0);
  for (const std::int64_t step : {10, 20, 30, 40, 50}) run.save(step);
  run.checkpoints.update_links(state_at(50, 10), 2);
  EXPECT_EQ(run.names(), (Names{"best", "last", "step-0000000", "step-0000010", "step-0000030",
                                "step-0000040", "step-0000050"}));
  EXPECT_EQ(fs::read_symlink(run.folder / "best"), "step-0000010");
  EXPECT_EQ(fs::read_symlink(run.folder / "last"), "step-0000050");

  run.save(60, 60);
  run.checkpoints.update_links(state_at(60, 60), 0);
  EXPECT_EQ(run.names(), (Names{"best", "last", "step-0000000", "step-0000060"}));
  EXPECT_EQ(fs::read_symlink(run.folder / "best"), "step-0000060");
  EXPECT_EQ(run.open().state.step, 60);
}

TEST(CheckpointFolder, WithoutValidationBestIsTheLast) {
  const RunFolder run;
  run.save(0);
  run.save(10);
  run.checkpoints.update_links(state_at(10), 1);
  EXPECT_EQ(fs::read_symlink(run.folder / "best"), "step-0000010");
}

TEST(CheckpointFolder, WithoutSymbolicLinksFilesPointToCheckpoints) {
  const RunFolder run;
  const CheckpointFolder checkpoints(run.scratch.path(), LinkKind::kFile);
  for (const std::int64_t step : {10, 20, 30}) run.save(step, 10);
  checkpoints.update_links(state_at(20, 10), 5);
  EXPECT_EQ(base::read_file(run.folder / "best"), "step-0000010\n");
  EXPECT_EQ(base::read_file(run.folder / "last"), "step-0000020\n");
  EXPECT_EQ(run.open().path, run.folder / "step-0000010");
  EXPECT_EQ(find_checkpoint(run.folder / "last"), run.folder / "step-0000020");
  EXPECT_EQ(checkpoints.foreign(), std::nullopt);
  checkpoints.update_links(state_at(30, 20), 0);
  EXPECT_EQ(run.open().path, run.folder / "step-0000020");
  EXPECT_EQ(run.names(), (Names{"best", "last", "step-0000020", "step-0000030"}));

  // If links are possible again, they replace the files, and vice versa.
  run.save(40);
  run.checkpoints.update_links(state_at(40, 30), 5);
  EXPECT_EQ(fs::read_symlink(run.folder / "last"), "step-0000040");
  checkpoints.update_links(state_at(30, 20), 5);
  EXPECT_FALSE(fs::is_symlink(run.folder / "last"));
  EXPECT_EQ(find_checkpoint(run.folder / "last"), run.folder / "step-0000030");

  // A file that names no checkpoint points nowhere.
  for (const char* text : {"", "step-", "../step-0000020", "step-0000020 and more", "\xff"}) {
    write_bytes(run.folder / "best", text);
    EXPECT_TRUE(holds(error_of([&] { run.open(); }), "expected a checkpoint or run folder"))
        << text;
    EXPECT_EQ(checkpoints.foreign(), run.folder / "best");
  }
  write_bytes(run.folder / "best", "step-0000020\r\n");
  EXPECT_EQ(run.open().state.step, 20);
}

TEST(CheckpointFolder, NoLinkPointsToWhatIsGone) {
  for (const LinkKind kind : {LinkKind::kSymbolic, LinkKind::kFile}) {
    const RunFolder run;
    const CheckpointFolder checkpoints(run.scratch.path(), kind);
    for (const std::int64_t step : {0, 10, 20, 30}) run.save(step);
    checkpoints.update_links(state_at(30, 10), 5);
    fs::remove_all(run.folder / "step-0000010");
    for (const fs::path& path : {run.scratch.path(), run.folder / "best"}) {
      const std::string message = error_of([&] { find_checkpoint(path); });
      EXPECT_TRUE(holds(message, "best: points to step-0000010, which does not exist")) << message;
    }
    const std::vector<MeasuredLoss> measured = {
        {.loss = 3, .step = 0}, {.loss = 1, .step = 10}, {.loss = 2, .step = 20}};
    EXPECT_EQ(checkpoints.best_of(measured)->step, 20);
    EXPECT_FALSE(checkpoints.best_of({{.loss = 1, .step = 10}}));
    checkpoints.update_links(state_at(30, 10), 5);
    EXPECT_EQ(run.open().state.step, 30);
  }
}

TEST(CheckpointFolder, TellsWhatNoRunMade) {
  const RunFolder run;
  EXPECT_EQ(run.checkpoints.foreign(), std::nullopt);
  for (const std::int64_t step : {0, 10, 20}) run.save(step);
  run.checkpoints.update_links(state_at(20), 5);
  fs::create_directories(run.folder / ".step-0000030.77.1.0.tmp" / "deep");
  fs::remove(run.folder / "best");
  fs::copy(run.folder / "step-0000010", run.folder / "best", fs::copy_options::recursive);
  EXPECT_EQ(run.checkpoints.foreign(), std::nullopt);
  for (const char* name : {"notes.txt", "mine.tmp", ".mine.1.2.3.tmp", "step-0000010/notes.txt",
                           "best/notes.txt", "step-notes", ".hidden", "step-0000040"}) {
    write_bytes(run.folder / name, "mine");
    EXPECT_EQ(run.checkpoints.foreign(), run.folder / name);
    EXPECT_TRUE(fs::remove(run.folder / name));
  }
  fs::remove(run.folder / "step-0000010" / "config.json");
  fs::create_directory(run.folder / "step-0000010" / "config.json");
  EXPECT_EQ(run.checkpoints.foreign(), run.folder / "step-0000010" / "config.json");
}

TEST(CheckpointFolder, ACheckpointThatHoldsSomethingElseStays) {
  const RunFolder run;
  for (const std::int64_t step : {10, 20, 30}) run.save(step);
  write_bytes(run.folder / "step-0000010" / "notes.txt", "mine");
  run.checkpoints.update_links(state_at(30), 0);
  EXPECT_EQ(run.names(), (Names{"best", "last", "step-0000010", "step-0000030"}));
}

TEST(CheckpointFolder, ALinkThatSomeoneReplacedByAFileIsAnErrorOrIsSwapped) {
  const RunFolder run;
  run.save(10);
  write_bytes(run.folder / "last", "a file");
  run.checkpoints.update_links(state_at(10), 1);
  EXPECT_EQ(fs::read_symlink(run.folder / "last"), "step-0000010");
  fs::remove(run.folder / "best");
  fs::create_directories(run.folder / "best" / "folder");
  error_of([&] { run.checkpoints.update_links(state_at(10), 1); }, base::Error::Fault::kRun);
}

TEST(CheckpointFolder, ALinkThatBecameACopyIsALinkAgain) {
  const RunFolder run;
  run.save(10);
  run.save(20);
  for (const char* link : {"best", "last"}) {
    fs::copy(run.folder / "step-0000010", run.folder / link, fs::copy_options::recursive);
  }
  run.checkpoints.update_links(state_at(20), 1);
  EXPECT_EQ(fs::read_symlink(run.folder / "last"), "step-0000020");
  EXPECT_EQ(run.names(), (Names{"best", "last", "step-0000010", "step-0000020"}));
  // A folder that equals no checkpoint next to it belongs to the user.
  fs::remove(run.folder / "last");
  fs::copy(run.folder / "step-0000010", run.folder / "last", fs::copy_options::recursive);
  fs::remove_all(run.folder / "step-0000010");
  error_of([&] { run.checkpoints.update_links(state_at(20), 1); }, base::Error::Fault::kRun);
  EXPECT_TRUE(fs::exists(run.folder / "last" / "model.safetensors"));
}

TEST(CheckpointFolder, LeavesAloneWhatIsNoCheckpointOfIts) {
  const RunFolder run;
  for (const std::int64_t step : {0, 10, 20, 30}) run.save(step);
  fs::create_directory(run.folder / "step-0000010-kept");
  write_bytes(run.folder / "step-notes.txt", "mine");
  run.checkpoints.update_links(state_at(30), 0);
  EXPECT_EQ(run.names(), (Names{"best", "last", "step-0000000", "step-0000030", "step-0000010-kept",
                                "step-notes.txt"}));
  EXPECT_EQ(run.checkpoints.newest(), run.folder / "step-0000030");
}

TEST(CheckpointFolder, NewestGoesByTheStepAndClearsLeftovers) {
  const RunFolder run;
  EXPECT_EQ(run.checkpoints.newest(), std::nullopt);
  run.save(9'999'999);
  run.save(10'000'000);
  run.save(20);
  fs::create_directories(run.folder / ".step-0000030.77.0.tmp" / "deep");
  write_bytes(run.folder / ".last.77.1.tmp", "");
  // qkv makes no such name, so it belongs to the user.
  for (const char* name : {"mine.tmp", ".mine.77.1.0.tmp", ".last.tmp"})
    write_bytes(run.folder / name, "");
  EXPECT_EQ(run.checkpoints.newest(), run.folder / "step-10000000");
  EXPECT_EQ(run.names(), (Names{"step-0000020", "step-9999999", "step-10000000", "mine.tmp",
                                ".mine.77.1.0.tmp", ".last.tmp"}));
}

TEST(CheckpointFolder, NewestIsACheckpoint) {
  const RunFolder run;
  fs::create_directories(run.folder / "step-0000030");
  write_bytes(run.folder / "step-0000040", "a file");
  EXPECT_EQ(run.checkpoints.newest(), std::nullopt);
  run.save(20);
  EXPECT_EQ(run.checkpoints.newest(), run.folder / "step-0000020");
  EXPECT_EQ(run.names(), (Names{"step-0000020", "step-0000030", "step-0000040"}));
}

TEST(CheckpointFolder, SavingAStepAgainReplacesIt) {
  const RunFolder run;
  run.save(10, -1, 1);
  run.save(10, -1, 2);
  EXPECT_EQ(run.names(), (Names{"step-0000010"}));
  const Checkpoint found = open_checkpoint(run.checkpoints.step_path(10));
  expect_weights(*found.model, weights_of(small_config(), 2));
}

/// While one exists, no file grows beyond `bytes`, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST(CheckpointFolder, ASaveThatFailsLeavesWhatWasThere) {
  const RunFolder run;
  run.save(10, -1, 1);
  run.checkpoints.update_links(state_at(10), 3);
  const std::string before = base::read_file(run.folder / "last" / "model.safetensors");
  const Names names = run.names();
  for (const rlim_t bytes : {0, 200, 2000, 5000}) {
    for (const std::int64_t step : {10, 20}) {
      std::string message;
      {
        const FileSizeLimit limit(bytes);
        message = error_of([&] { run.save(step, -1, 2); }, base::Error::Fault::kRun);
      }
      EXPECT_TRUE(holds(message, "cannot write")) << message;
      EXPECT_EQ(run.names(), names) << "after a limit of " << bytes;
      EXPECT_EQ(base::read_file(run.folder / "last" / "model.safetensors"), before);
      EXPECT_EQ(run.open().state.step, 10);
    }
  }
}

TEST(CheckpointFolder, AFileInItsPlaceIsTheRunsFault) {
  const RunFolder run;
  write_bytes(run.folder, "a file");
  EXPECT_TRUE(holds(error_of([&] { run.save(10); }, base::Error::Fault::kRun), "checkpoints"));
  EXPECT_EQ(base::read_file(run.folder), "a file");
}

}  // namespace
}  // namespace qkv::checkpoint
