// qkv-passes: how long the native engine needs for one pass over a text.
//
// usage: qkv-passes CONFIG TOKENS MODEL
//
// The model has the config's shape, 1024 tokens and the initial weights; it is written to MODEL, so
// that tools/bench/passes.mjs can time qkv.wasm with it. A pass gives the logits after each token.
// Prints the median of 200 passes on one thread; QKV_INSTRUCTIONS chooses the instruction set.

#include <algorithm>
#include <chrono>
#include <exception>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "config/config.h"
#include "kernels/processor.h"
#include "spec/initial_weights.h"
#include "wasm/session.h"

namespace {

using namespace qkv;

constexpr std::int64_t kVocabulary = 1024;
constexpr int kPasses = 200;

double median_milliseconds(wasm::Session& session, const std::vector<std::int32_t>& ids) {
  std::vector<double> times;
  for (int pass = 0; pass < kPasses; ++pass) {
    const auto start = std::chrono::steady_clock::now();
    session.read(ids, "");
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
            .count());
  }
  std::sort(times.begin(), times.end());
  return times[kPasses / 2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: qkv-passes CONFIG TOKENS MODEL\n";
    return 2;
  }
  try {
    wasm::ModelParts parts{config::load_config(argv[1]).model, kVocabulary, {}};
    parts.weights = spec::initial_weights(spec::WeightList(parts.config, kVocabulary), 1);
    const std::string bytes = wasm::model_bytes(parts.config, kVocabulary, parts.weights);
    std::ofstream(argv[3], std::ios::binary) << bytes;
    std::vector<std::int32_t> ids;
    for (int at = 0; at < std::stoi(argv[2]); ++at) ids.push_back(at * 37 % kVocabulary);
    wasm::Session session(std::move(parts));
    std::cout << "native, " << kernels::name(kernels::instructions()) << ": "
              << median_milliseconds(session, ids) << " ms\n";
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
