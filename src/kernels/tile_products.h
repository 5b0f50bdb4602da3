#pragma once

#include <cstdint>

#include "kernels/tiles.h"
#ifdef __AMX_TILE__
#include "kernels/amx_tiles.h"
#else
#include "kernels/pair_tiles.h"
#endif

namespace qkv::kernels::QKV_TILES {

/// The same for one or two rows of tiles and any number of columns.
inline void multiply_row(std::int64_t rows, std::int64_t columns, std::int64_t steps, const Side& a,
                         Side b, Sums sums, bool add) {
  for (; columns > 0; columns -= 2) {
    if (rows > 1) {
      if (columns > 1) {
        multiply<2, 2>(steps, a, b, sums, add);
      } else {
        multiply<2, 1>(steps, a, b, sums, add);
      }
    } else if (columns > 1) {
      multiply<1, 2>(steps, a, b, sums, add);
    } else {
      multiply<1, 1>(steps, a, b, sums, add);
    }
    b.base = b.at(2, 0);
    sums.base += 2 * sums.column;
  }
}

}  // namespace qkv::kernels::QKV_TILES
