// The module qkv.wasm, run by node, against the native engine.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "scratch.h"
#include "wasm/support.h"

namespace qkv::wasm {
namespace {

using tests::ModelAndBytes;
using tests::Scratch;

/// Skips the test where the module cannot be built or run.
class Module : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::string(QKV_WASM_MODULE).empty())
      GTEST_SKIP() << "skipped: no compiler for WebAssembly (CONTRIBUTING.md)";
    if (std::string(QKV_NODE).empty()) GTEST_SKIP() << "skipped: node is not installed";
  }

  /// Runs a script of this folder with the module and more arguments; returns its exit status.
  static int run(const std::string& script, const std::string& arguments) {
    const std::string command = std::string("'") + QKV_NODE + "' '" QKV_SOURCE_DIR "/tests/wasm/" +
                                script + "' '" QKV_WASM_MODULE "' " + arguments;
    return std::system(command.c_str());  // NOLINT(cert-env33-c): no argument comes from outside
  }

  std::string write_model(const std::string& bytes) const {
    const std::string path = (scratch_ / "model").string();
    tests::write_bytes(path, bytes);
    return path;
  }
  std::vector<float> read_floats(const std::string& name) const {
    std::ifstream in(scratch_ / name, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    std::vector<float> values(bytes.size() / sizeof(float));
    std::copy_n(bytes.data(), values.size() * sizeof(float),
                reinterpret_cast<char*>(values.data()));
    return values;
  }

  Scratch scratch_;
};

struct Case {
  const char* name;
  void (*choose)(spec::ModelConfig& config);
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class ModuleOf : public Module, public ::testing::WithParamInterface<Case> {};

/// Keeps attention's weights in the last layer.
class Maps : public engine::Taps {
 public:
  bool wants(const engine::TapPlace& place) const override {
    return place == engine::TapPlace{engine::Tap::kWeights, 1};
  }
  void see(const engine::TapPlace& /*place*/, base::MutableView value) override {
    values.assign(value.data, value.data + value.size());
  }
  std::vector<float> values;
};

/// The largest difference, relative to the largest expected number.
double relative_difference(const std::vector<float>& found, const std::vector<float>& expected) {
  if (found.size() != expected.size()) return INFINITY;
  double difference = 0;
  double largest = 0;
  for (std::size_t at = 0; at < found.size(); ++at) {
    const double error = std::abs(static_cast<double>(found[at]) - expected[at]);
    if (!(error <= difference)) difference = error;  // also if it is not a number
    largest = std::max(largest, std::abs(static_cast<double>(expected[at])));
  }
  return difference / largest;
}

TEST_P(ModuleOf, ReadsAsTheNativeEngine) {
  spec::ModelConfig config;
  config.layers = 2;
  config.width = 36;  // not a multiple of a vector
  config.context = 64;
  config.feed_forward.width = 50;
  GetParam().choose(config);
  const ModelAndBytes pair(config);
  std::vector<std::int32_t> ids;
  std::string list;
  for (int at = 0; at < 57; ++at) {
    ids.push_back((at * at + 3) % static_cast<int>(tests::kWasmVocabulary));
    list += (list.empty() ? "" : ",") + std::to_string(ids.back());
  }
  const std::string tap = config.recurrent() ? "final" : "layers.1.attention.weights";
  ASSERT_EQ(run("read.mjs", "'" + write_model(pair.bytes) + "' " + list + " " + tap + " '" +
                                (scratch_ / "out").string() + "'"),
            0);

  Maps maps;
  const base::Array logits = tests::all_logits(pair.model, ids, &maps);
  const double of_logits = relative_difference(read_floats("out.logits"), logits.values);
  const double of_tapped = relative_difference(
      read_floats("out.tapped"), config.recurrent() ? read_floats("out.final") : maps.values);
  std::cout << "largest difference, relative to the largest number: logits " << of_logits << ", "
            << tap << " " << of_tapped << "\n";
  constexpr double kMost = 1e-5;
  EXPECT_LE(of_logits, kMost);
  EXPECT_LE(of_tapped, kMost);
}

const Case kCases[] = {
    {"RotaryRmsSwiglu",
     [](spec::ModelConfig& config) {
       config.heads = config.key_value_heads = 3;
       config.position = spec::Position::kRotary;
       config.norm = spec::Norm::kRms;
       config.feed_forward.activation = spec::Activation::kSwiglu;
     }},
    {"MaskedAlibiGeluBias",
     [](spec::ModelConfig& config) {
       config.objective = spec::Objective::kMasked;
       config.position = spec::Position::kAlibi;
       config.bias = true;
     }},
    {"LearnedPositionsRelu2Untied",
     [](spec::ModelConfig& config) {
       config.position = spec::Position::kLearned;
       config.feed_forward.activation = spec::Activation::kRelu2;
       config.tied_embeddings = false;
     }},
    {"SinusoidalSiluSharedKeys",
     [](spec::ModelConfig& config) {
       config.key_value_heads = 2;
       config.feed_forward.activation = spec::Activation::kSilu;
     }},
    {"QueryKeyNormValueResidual",
     [](spec::ModelConfig& config) {
       config.key_value_heads = 2;
       config.position = spec::Position::kRotary;
       config.heads = 2;
       config.attention.query_key_norm = true;
       config.attention.value_residual = true;
     }},
    {"UniformRelu",
     [](spec::ModelConfig& config) {
       config.attention.weights = spec::Weighting::kUniform;
       config.feed_forward.activation = spec::Activation::kRelu;
     }},
    {"Lstm", [](spec::ModelConfig& config) { config.kind = spec::Architecture::kLstm; }},
    {"MaskedGru",
     [](spec::ModelConfig& config) {
       config.kind = spec::Architecture::kGru;
       config.objective = spec::Objective::kMasked;
     }},
};
INSTANTIATE_TEST_SUITE_P(Models, ModuleOf, ::testing::ValuesIn(kCases),
                         [](const auto& of) { return std::string(of.param.name); });

TEST_F(Module, SaysWhatIsWrong) {
  EXPECT_EQ(
      run("failures.mjs", "'" + write_model(ModelAndBytes(tests::tiny_model_config()).bytes) + "'"),
      0);
}

}  // namespace
}  // namespace qkv::wasm
