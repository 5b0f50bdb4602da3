#pragma once

#include "config/config.h"
#include "spec/keys.h"

// The keys of the structs of a run (spec/keys.h), in the schema's order: the single list for both
// reading and writing.
namespace qkv::config {

using spec::Holds;

void visit_keys(Holds<TokenizerConfig> auto& tokenizer, const auto& visit) {
  visit("kind", tokenizer.kind);
  visit("vocabulary", tokenizer.vocabulary);
  visit("path", tokenizer.path);
  visit("sample_bytes", tokenizer.sample_bytes);
}

void visit_keys(Holds<DataConfig> auto& data, const auto& visit) {
  visit("train", data.train);
  visit("validation", data.validation);
  visit("validation_fraction", data.validation_fraction);
  visit("layout", data.layout);
}

void visit_keys(Holds<CheckpointsConfig> auto& checkpoints, const auto& visit) {
  visit("every", checkpoints.every);
  visit("keep", checkpoints.keep);
  visit("snapshots", checkpoints.snapshots);
}

void visit_keys(Holds<RuntimeConfig> auto& runtime, const auto& visit) {
  visit("device", runtime.device);
  visit("precision", runtime.precision);
  visit("threads", runtime.threads);
  visit("kernels", runtime.kernels);
}

void visit_keys(Holds<Config> auto& config, const auto& visit) {
  visit("name", config.name);
  visit("seed", config.seed);
  visit("tokenizer", config.tokenizer);
  visit("data", config.data);
  visit("model", config.model);
  visit("training", config.training);
  visit("checkpoints", config.checkpoints);
  visit("runtime", config.runtime);
}

}  // namespace qkv::config
