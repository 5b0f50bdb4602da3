#pragma once

#include <array>

namespace qkv::config {

// The names in the folder of a run and in that of a checkpoint.

inline constexpr const char* kConfigFile = "config.json";         ///< in both
inline constexpr const char* kTokenizerFile = "tokenizer.model";  ///< in both
inline constexpr const char* kWeightsFile = "model.safetensors";
inline constexpr const char* kOptimizerFile = "optimizer.safetensors";
inline constexpr const char* kTrainerFile = "trainer.json";
inline constexpr const char* kMetricsFile = "metrics.jsonl";
inline constexpr const char* kLockFile = ".lock";
inline constexpr const char* kCheckpointsFolder = "checkpoints";
inline constexpr const char* kSnapshotsFolder = "snapshots";
inline constexpr const char* kTensorBoardFolder = "tensorboard";

inline constexpr std::array kCheckpointFiles = {kConfigFile, kTokenizerFile, kWeightsFile,
                                                kOptimizerFile, kTrainerFile};
inline constexpr std::array kRunFiles = {kConfigFile, kTokenizerFile, kMetricsFile, kLockFile};
inline constexpr std::array kRunFolders = {kCheckpointsFolder, kSnapshotsFolder,
                                           kTensorBoardFolder};

}  // namespace qkv::config
