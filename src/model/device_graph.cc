#include "model/device_graph.h"

#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <utility>

#if __has_include(<ATen/accelerator/Graph.h>)
#include <ATen/DeviceAccelerator.h>
#include <ATen/accelerator/Graph.h>
#elif defined(QKV_CUDA_GRAPH)  // an older CUDA build, together with CUDA's own headers
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#endif

namespace qkv::model {

class DeviceGraph::Recording {
 public:
#if __has_include(<ATen/accelerator/Graph.h>)
  static constexpr bool kPossible = true;
  at::accelerator::Graph graph;
  static void free_unused_memory() { at::accelerator::emptyCache(); }
#elif defined(QKV_CUDA_GRAPH)
  static constexpr bool kPossible = true;
  at::cuda::CUDAGraph graph;
  static void free_unused_memory() { c10::cuda::CUDACachingAllocator::emptyCache(); }
#else
  static constexpr bool kPossible = false;
  struct {
    void capture_begin() {}
    void capture_end() {}
    void replay() {}
  } graph;
  static void free_unused_memory() {}
#endif
};

DeviceGraph::DeviceGraph(at::Device device, std::function<void()> work, int eager_times)
    : work_(std::move(work)),
      eager_times_(eager_times),
      // The default stream cannot be recorded.
      stream_(c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device)) {}

DeviceGraph::~DeviceGraph() = default;

void DeviceGraph::launch() {
  // Comes after all earlier work on the device, such as the initial values of the weights.
  c10::Event before(stream_.device_type());
  before.record(
      c10::impl::VirtualGuardImpl(stream_.device_type()).getDefaultStream(stream_.device()));
  before.block(stream_);
  const c10::StreamGuard guard(stream_);
  if (!Recording::kPossible || eager_times_ > 0) {
    --eager_times_;
    work_();
    return;
  }
  if (!recording_) {
    auto recording = std::make_unique<Recording>();
    // A graph has its own memory: it cannot use what the eager runs left.
    stream_.synchronize();
    Recording::free_unused_memory();
    recording->graph.capture_begin();
    work_();  // recorded, not executed
    recording->graph.capture_end();
    recording_ = std::move(recording);
  }
  recording_->graph.replay();
}

}  // namespace qkv::model
