#include "world/effort.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/error.h"
#include "base/format.h"

namespace qkv::world {

Effort::Effort(std::string where, std::string what, std::uint64_t wanted, std::uint64_t tries)
    : where_(std::move(where)),
      what_(std::move(what)),
      wanted_(wanted),
      most_tries_(wanted * tries) {}

void Effort::try_once() {
  if (tries_ == most_tries_ || in_vain_ == kMostInVain) {
    throw base::Error(base::concat(where_, ": found ", found_, ' ', what_, " in ", tries_,
                                   " tries, expected ", wanted_));
  }
  ++tries_;
  ++in_vain_;
}

void Effort::found(double bytes) {
  in_vain_ = 0;
  bytes_ += bytes;
  ++found_;
  // The first few texts say too little about the rest. Later, the estimate improves with each text,
  // and an occasional check is enough.
  const bool estimates = found_ >= kEnoughToEstimate && std::has_single_bit(found_);
  const double all =
      estimates ? bytes_ / static_cast<double>(found_) * static_cast<double>(wanted_) : bytes_;
  if (all <= kMostBytes) return;
  throw base::Error(base::concat(where_, ": found ", found_, ' ', what_, ", of which ", wanted_,
                                 " would take about ", base::human_bytes(std::max(all, bytes_)),
                                 ", expected at most ", base::human_bytes(kMostBytes)));
}

}  // namespace qkv::world
