#pragma once

#include <c10/core/Stream.h>

#include <functional>
#include <memory>

#include "model/tensor.h"

namespace qkv::model {

/// Work that a CUDA device is given again and again. The host launches it operation by operation a
/// few times, in which libraries set themselves up; then it is recorded as one CUDA graph, and from
/// there on each launch() is one command, whatever the number of operations.
///
/// So `work` must be the same operations on the same tensors every time, and nothing in it may wait
/// for the device. Its input are values copied into these tensors before.
class DeviceGraph {
 public:
  /// `eager_times`: before it is recorded.
  DeviceGraph(at::Device device, std::function<void()> work, int eager_times);
  ~DeviceGraph();
  DeviceGraph(const DeviceGraph&) = delete;
  DeviceGraph& operator=(const DeviceGraph&) = delete;

  /// Where the work is done, in the order given; whoever fills its input or reads its output does
  /// so under a c10::StreamGuard of it, or after waiting for it.
  c10::Stream stream() const { return stream_; }
  /// Has the work done, without waiting for it. Where this libtorch cannot record, always operation
  /// by operation.
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
