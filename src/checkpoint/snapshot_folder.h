#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "checkpoint/safetensors.h"

namespace qkv::checkpoint {

/// The weights of one run after some of its steps: RUN/snapshots/step-NNNNNNN/model.safetensors.
class SnapshotFolder {
 public:
  explicit SnapshotFolder(const std::filesystem::path& run);

  /// Writes a snapshot, completely or not at all. Throws Error (Fault::kRun) if it fails.
  void save(std::int64_t step, const std::vector<SavedArray>& weights) const;

  /// The steps that have a snapshot, in ascending order.
  std::vector<std::int64_t> steps() const;

  /// Removes the snapshots after this step, which a resumed run makes again, and what interrupted
  /// saves left.
  void remove_after(std::int64_t step) const;

  /// Something in the folder that no qkv run makes and that may therefore not be removed; or
  /// nothing.
  std::optional<std::filesystem::path> foreign() const;

  std::filesystem::path step_path(std::int64_t step) const;

 private:
  std::filesystem::path folder_;
};

/// The model of a snapshot in the run of this checkpoint. Throws Error if the file is damaged, is
/// not of this model, or holds a weight that is not finite.
std::shared_ptr<const engine::Model> open_snapshot(const std::filesystem::path& snapshot,
                                                   const Checkpoint& of_run);

}  // namespace qkv::checkpoint
