#include "inspect/recorder.h"

#include "base/error.h"
#include "base/format.h"

namespace qkv::inspect {

void Recorder::see(const engine::TapPlace& place, base::MutableView value) {
  base::Array copy({value.shape.begin(), value.shape.end()});
  std::copy(value.values().begin(), value.values().end(), copy.values.begin());
  values_.emplace_back(engine::tap_name(place), std::move(copy));
}

const base::Array& Recorder::value(const std::string& name) const {
  if (const base::Array* found = find(name)) return *found;
  throw base::Error(base::concat("tap ", name, ": this model has no such value"));
}

const base::Array* Recorder::find(const std::string& name) const {
  for (const auto& [known, value] : values_) {
    if (known == name) return &value;
  }
  return nullptr;
}

}  // namespace qkv::inspect
