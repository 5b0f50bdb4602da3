#include "inspect/recorder.h"

#include "base/error.h"
#include "base/format.h"

namespace qkv::inspect {

model::Tensor Recorder::see(const std::string& name, model::Tensor value) {
  if (value.dim() == 0 || value.size(0) != 1) {
    throw base::Error(base::concat("tap ", name, ": found shape ", model::shape_text(value.sizes()),
                                   ", expected a batch of one row"));
  }
  values_.emplace_back(name, value.detach()[0].to(at::kCPU, at::kFloat).contiguous());
  return value;
}

const model::Tensor& Recorder::value(const std::string& name) const {
  if (const model::Tensor* found = find(name)) return *found;
  throw base::Error(base::concat("tap ", name, ": this model has no such value"));
}

const model::Tensor* Recorder::find(const std::string& name) const {
  for (const auto& [known, value] : values_) {
    if (known == name) return &value;
  }
  return nullptr;
}

}  // namespace qkv::inspect
