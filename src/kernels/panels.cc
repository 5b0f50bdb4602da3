#include "kernels/panels.h"

#include <algorithm>

namespace qkv::kernels {

Panels pack(const std::vector<LinearWeights>& layers, std::int64_t inputs, std::int64_t lanes,
            Arena& memory) {
  std::int64_t outputs = 0;
  for (const LinearWeights& layer : layers) outputs += layer.outputs;
  const std::int64_t stride = inputs * lanes;
  float* values = memory.take<float>(panels_of(outputs, lanes) * stride).data();
  float* bias = nullptr;
  if (layers.front().bias != nullptr) bias = memory.take<float>(outputs).data();

  std::int64_t place = 0;
  for (const LinearWeights& layer : layers) {
    if (bias != nullptr) std::copy_n(layer.bias, layer.outputs, bias + place);
    for (std::int64_t output = 0; output < layer.outputs; ++output, ++place) {
      const float* row = layer.weight + output * inputs;
      float* panel = values + place / lanes * stride + place % lanes;
      for (std::int64_t input = 0; input < inputs; ++input) panel[input * lanes] = row[input];
    }
  }
  return {.values = values, .outputs = outputs, .inputs = inputs, .stride = stride, .bias = bias};
}

void unpack(const Panels& panels, std::int64_t first, std::int64_t lanes,
            base::MutableView matrix) {
  for (std::int64_t output = 0; output < matrix.shape[0]; ++output) {
    const std::int64_t place = first + output;
    const float* panel = panels.values + place / lanes * panels.stride + place % lanes;
    float* row = matrix[output].data;
    for (std::int64_t input = 0; input < panels.inputs; ++input) row[input] = panel[input * lanes];
  }
}

}  // namespace qkv::kernels
