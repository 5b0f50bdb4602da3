#include "checkpoint/stored_arrays.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"

namespace qkv::checkpoint {

std::uint64_t largest_safetensors(double values) {
  return static_cast<std::uint64_t>(values * sizeof(float)) + sizeof(std::uint64_t) +
         base::file_limit::kSafetensorsHeader;
}

void require_finite(const base::NamedArrays& arrays, const std::string& where) {
  const auto is_wrong = [](float value) { return !std::isfinite(value); };
  for (const auto& [name, array] : arrays) {
    const auto& values = array.values;
    const auto first = std::find_if(values.begin(), values.end(), is_wrong);
    if (first == values.end()) continue;
    throw base::Error(base::concat(where, ": tensor ", base::quoted(name), ": found ",
                                   std::count_if(first, values.end(), is_wrong), " of ",
                                   values.size(), " values that are not finite, the first is ",
                                   *first, ", expected finite numbers"));
  }
}

std::vector<base::Array> in_order(base::NamedArrays arrays, const spec::WeightList& weights,
                                  const std::string& where) {
  std::map<std::string, base::Array*> found;
  for (auto& [name, array] : arrays) found.emplace(name, &array);
  std::vector<base::Array> ordered;
  for (const spec::Weight& weight : weights.all) {
    const auto array = found.find(weight.name);
    if (array == found.end())
      throw base::Error(base::concat(where, ": found no tensor ", base::quoted(weight.name),
                                     ", expected one of shape ", base::shape_text(weight.shape)));
    if (array->second->shape != weight.shape) {
      throw base::Error(base::concat(where, ": tensor ", base::quoted(weight.name),
                                     ": found shape ", base::shape_text(array->second->shape),
                                     ", expected ", base::shape_text(weight.shape)));
    }
    ordered.push_back(std::move(*array->second));
    found.erase(array);
  }
  if (!found.empty())
    throw base::Error(base::concat(where, ": found tensor ", base::quoted(found.begin()->first),
                                   ", which this model does not have"));
  return ordered;
}

}  // namespace qkv::checkpoint
