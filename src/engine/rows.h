#pragma once

#include "kernels/panels.h"

namespace qkv::engine {

using kernels::MutableRows;
using kernels::Panels;
using kernels::Rows;

}  // namespace qkv::engine
