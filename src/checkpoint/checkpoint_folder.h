#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/array.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/step_link.h"

namespace qkv::checkpoint {

/// The checkpoints of one run: RUN/checkpoints/step-NNNNNNN, with the links best and last.
class CheckpointFolder {
 public:
  explicit CheckpointFolder(const std::filesystem::path& run, LinkKind links = LinkKind::kSymbolic)
      : folder_(run / "checkpoints"), links_(links) {}

  /// Writes a checkpoint, completely or not at all. `optimizer` holds the moments. Only the names
  /// of the config's files are written. Throws Error (Fault::kRun) if it fails; what existed before
  /// stays.
  void save(const config::Config& config, const text::Tokenizer& tokenizer,
            const std::vector<SavedArray>& weights, const std::vector<SavedArray>& optimizer,
            const TrainerState& state) const;

  /// Points best and last as `state` says (best to the last if that one is gone), and removes
  /// checkpoints older than the newest `keep`. The untrained, the best and the last one are never
  /// removed, nor a folder that contains anything other than a checkpoint's files.
  void update_links(const TrainerState& state, std::int64_t keep) const;

  /// The newest complete checkpoint, or nothing. Removes what interrupted saves left.
  std::optional<std::filesystem::path> newest() const;

  /// The lowest of these losses whose step has a checkpoint.
  std::optional<MeasuredLoss> best_of(const std::vector<MeasuredLoss>& measured) const;

  /// Something in the folder that no qkv run makes and that may therefore not be removed; or
  /// nothing.
  std::optional<std::filesystem::path> foreign() const;

  /// Whether the checkpoint of a step exists.
  bool holds(std::int64_t step) const;

  std::filesystem::path step_path(std::int64_t step) const;

 private:
  std::filesystem::path folder_;
  LinkKind links_;
};

/// Reads the optimizer's moments of a checkpoint, checked against the hash in trainer.json. Throws
/// Error if one is not finite.
base::NamedArrays read_optimizer(const std::filesystem::path& checkpoint);

}  // namespace qkv::checkpoint
