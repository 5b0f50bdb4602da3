#include "config/config.h"

namespace qkv::config {

double estimate_tables(const spec::ModelConfig& model) {
  if (model.recurrent()) return 0;
  constexpr double kDouble = 8;
  const double values = static_cast<double>(model.context) * static_cast<double>(model.width);
  switch (model.position) {
    case spec::Position::kSinusoidal:
      // Half as many angles; the sine and cosine of each, then both interleaved.
      return kDouble * values * 2.5;
    case spec::Position::kRotary:
      // The same for one head, not interleaved.
      return kDouble * values / static_cast<double>(model.heads) * 1.5;
    case spec::Position::kNone:
    case spec::Position::kLearned:
    case spec::Position::kAlibi:
      break;
  }
  return 0;
}

}  // namespace qkv::config
