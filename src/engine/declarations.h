#pragma once

namespace qkv::engine {

// For headers that only pass on a model.
class Model;  // engine/model.h

}  // namespace qkv::engine
