#pragma once

#include <c10/core/Stream.h>

#include <functional>
#include <memory>

#include "model/tensor.h"

namespace qkv::model {

/// Work that a CUDA device repeats. For the first few times, the host launches it operation by
/// operation, while libraries initialize themselves. Then it is recorded as one CUDA graph, and
/// each further launch() is a single command, whatever the number of operations.
///
/// Therefore, `work` must consist of the same operations on the same tensors every time, and
/// nothing in it may wait for the device. Its inputs are values copied into these tensors before.
class DeviceGraph {
 public:
  /// `eager_times`: the number of runs before it is recorded.
  DeviceGraph(at::Device device, std::function<void()> work, int eager_times);
  ~DeviceGraph();
  DeviceGraph(const DeviceGraph&) = delete;
  DeviceGraph& operator=(const DeviceGraph&) = delete;

  /// The stream on which the work runs, in order. Code that fills its inputs or reads its outputs
  /// must do so under a c10::StreamGuard for this stream, or after waiting for it.
  c10::Stream stream() const { return stream_; }
  /// Starts the work without waiting for it. If this libtorch cannot record, it always runs
  /// operation by operation.
  void launch();
  bool recorded() const { return recording_ != nullptr; }

 private:
  class Recording;  ///< libtorch's own graph, which has other names in other versions

  std::function<void()> work_;
  int eager_times_;
  c10::Stream stream_;
  std::unique_ptr<Recording> recording_;
};

}  // namespace qkv::model
