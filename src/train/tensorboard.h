#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace qkv::train {

/// Something in the folder that is not an event file of qkv, or nothing.
std::optional<std::filesystem::path> foreign_to_tensorboard(const std::filesystem::path& folder);

/// Writes scalars as a TensorBoard event file: framed records (length, masked CRC-32C, bytes) of
/// tensorflow.Event messages, encoded here because libsentencepiece allows no second protobuf.
class TensorBoard {
 public:
  /// Starts a new file in `folder` for a run that (re)starts after `step`: records of later steps
  /// in older files become void. Throws Error if it cannot be made.
  TensorBoard(const std::filesystem::path& folder, std::int64_t step);

  void scalar(const std::string& tag, std::int64_t step, double value);
  /// Makes written records visible to readers; false if something could not be written.
  bool flush();

 private:
  void record(const std::string& event);

  std::ofstream out_;
};

}  // namespace qkv::train
