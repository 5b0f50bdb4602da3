#include "engine/training/update.h"

#include <algorithm>
#include <cmath>

#include "engine/training/muon_constants.h"
#include "kernels/bfloat16.h"
#include "kernels/product.h"
#include "kernels/update_loops.h"

namespace qkv::engine {
namespace {

constexpr std::int64_t kPiece = 16384;

}  // namespace

/// The memory of a thread for making a matrix orthogonal.
struct TrainingUpdate::Muon {
  kernels::Products products;
  std::span<float> x;       ///< the direction, then the iterates
  std::span<float> square;  ///< X Xᵀ over the smaller side
  std::span<float> fourth;  ///< its square, then the polynomial in both
  std::span<float> product;
  std::span<kernels::Bfloat16> rounded_x;
  std::span<kernels::Bfloat16> rounded_square;
};

TrainingUpdate::TrainingUpdate(const WeightLayout& layout, const spec::TrainingConfig& config,
                               bool bfloat16, base::Team& team)
    : config_(config),
      bfloat16_(bfloat16),
      team_(team),
      first_(memory_.take<float>(layout.size())),
      second_(memory_.take<float>(layout.size())) {
  std::int64_t largest = 0;
  std::int64_t longest = 0;
  for (const WeightLayout::Place& place : layout.places()) {
    if (spec::by_muon(config.optimizer, place.weight)) {
      matrices_.push_back(place);
      largest = std::max(largest, place.size);
      longest = std::max(longest, std::min(place.weight.shape[0], place.weight.shape[1]));
      continue;
    }
    const double decay = place.weight.decays() ? config.weight_decay : 0;
    for (std::int64_t begin = 0; begin < place.size; begin += kPiece)
      parts_.push_back({place.begin + begin, std::min(kPiece, place.size - begin), decay});
  }
  // The largest first, so that threads finish at about the same time.
  std::stable_sort(matrices_.begin(), matrices_.end(),
                   [](const auto& a, const auto& b) { return a.size > b.size; });
  for (int thread = 0; thread < team.members(); ++thread) {
    auto muon = std::make_unique<Muon>();
    muon->x = memory_.take<float>(largest);
    muon->product = memory_.take<float>(largest);
    muon->square = memory_.take<float>(longest * longest);
    muon->fourth = memory_.take<float>(longest * longest);
    if (bfloat16) {
      muon->rounded_x = memory_.take<kernels::Bfloat16>(largest);
      muon->rounded_square = memory_.take<kernels::Bfloat16>(longest * longest);
    }
    muon_.push_back(std::move(muon));
  }
}

TrainingUpdate::~TrainingUpdate() = default;

/// Five quintic Newton–Schulz steps, X ← aX + (bA + cA²)X with A = XXᵀ, as in train/muon.cc. For a
/// tall matrix, X ← aX + X(bA + cA²) with A = XᵀX, which equals the step for its transpose.
template <typename T>
void TrainingUpdate::orthogonalise(Muon& muon, const WeightLayout::Place& place) const {
  const kernels::UpdateLoops& loops = kernels::update_loops();
  const std::int64_t rows = place.weight.shape[0];
  const std::int64_t columns = place.weight.shape[1];
  const bool tall = rows > columns;
  const std::int64_t side = std::min(rows, columns);
  const auto taken = [&](std::int64_t count, std::span<const float> exact,
                         std::span<kernels::Bfloat16> rounded) {
    if constexpr (sizeof(T) == 2) {
      loops.round(count, exact.data(), rounded.data());
      return static_cast<const T*>(rounded.data());
    } else {
      return static_cast<const T*>(exact.data());
    }
  };
  for (int turn = 0; turn < kMuonTurns; ++turn) {
    const kernels::Matrix<const T> x{taken(place.size, muon.x, muon.rounded_x), rows, columns,
                                     columns};
    const kernels::Matrix<float> square{muon.square.data(), side, side, side};
    const kernels::Matrix<float> fourth{muon.fourth.data(), side, side, side};
    if (tall) {
      muon.products.multiply(x.transpose(), x, square);
    } else {
      muon.products.multiply(x, x.transpose(), square);
    }
    const kernels::Matrix<const T> a{taken(side * side, muon.square, muon.rounded_square), side,
                                     side, side};
    muon.products.multiply(a, a, fourth);
    loops.combine(side * side, static_cast<float>(kMuonB), muon.square.data(),
                  static_cast<float>(kMuonC), muon.fourth.data(), muon.fourth.data());
    const kernels::Matrix<const T> polynomial{taken(side * side, muon.fourth, muon.rounded_square),
                                              side, side, side};
    const kernels::Matrix<float> product{muon.product.data(), rows, columns, columns};
    if (tall) {
      muon.products.multiply(x, polynomial, product);
    } else {
      muon.products.multiply(polynomial, x, product);
    }
    loops.combine(place.size, static_cast<float>(kMuonA), muon.x.data(), 1, muon.product.data(),
                  muon.x.data());
  }
}

void TrainingUpdate::update_matrix(Muon& muon, const WeightLayout::Place& place,
                                   double learning_rate, double gradient_scale,
                                   const float* gradient, float* weights) {
  const kernels::UpdateLoops& loops = kernels::update_loops();
  const double squares = loops.momentum(place.size, static_cast<float>(kMuonMomentum),
                                        static_cast<float>(gradient_scale), gradient + place.begin,
                                        first_.data() + place.begin, muon.x.data());
  const auto shrink = static_cast<float>(1 / (std::sqrt(squares) + kMuonSmall));
  loops.combine(place.size, shrink, muon.x.data(), 0, muon.x.data(), muon.x.data());
  if (bfloat16_) {
    orthogonalise<kernels::Bfloat16>(muon, place);
  } else {
    orthogonalise<float>(muon, place);
  }
  const double rate = config_.matrix_learning_rate * learning_rate / config_.learning_rate;
  const double scale = std::sqrt(std::max(1.0, static_cast<double>(place.weight.shape[0]) /
                                                   static_cast<double>(place.weight.shape[1])));
  loops.combine(place.size, static_cast<float>(1 - rate * config_.weight_decay),
                weights + place.begin, static_cast<float>(-rate * scale), muon.x.data(),
                weights + place.begin);
}

void TrainingUpdate::update(std::int64_t step, double learning_rate, double gradient_scale,
                            const float* gradient, float* weights) {
  const kernels::AdamwPass pass{
      .learning_rate = static_cast<float>(learning_rate),
      .beta1 = static_cast<float>(config_.beta1),
      .beta2 = static_cast<float>(config_.beta2),
      .fresh1 = static_cast<float>(1 - config_.beta1),
      .fresh2 = static_cast<float>(1 - config_.beta2),
      .epsilon = static_cast<float>(config_.epsilon),
      .weight_decay = 0,
      .correction1 = static_cast<float>(1 - std::pow(config_.beta1, static_cast<double>(step))),
      .correction2 = static_cast<float>(1 - std::pow(config_.beta2, static_cast<double>(step))),
      .gradient_scale = static_cast<float>(gradient_scale)};
  team_.run([&](int thread) {
    const auto turn = static_cast<std::size_t>(team_.members());
    const auto first = static_cast<std::size_t>(thread);
    for (std::size_t place = first; place < matrices_.size(); place += turn) {
      update_matrix(*muon_[first], matrices_[place], learning_rate, gradient_scale, gradient,
                    weights);
    }
    for (std::size_t place = first; place < parts_.size(); place += turn) {
      const Part& part = parts_[place];
      kernels::AdamwPass decaying = pass;
      decaying.weight_decay = static_cast<float>(part.weight_decay);
      kernels::update_loops().adamw(part.size, decaying, gradient + part.begin,
                                    first_.data() + part.begin, second_.data() + part.begin,
                                    weights + part.begin);
    }
  });
}

}  // namespace qkv::engine
