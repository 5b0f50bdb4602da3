#pragma once

namespace qkv::engine {

/// Constants of Muon (Jordan et al. 2024), for the updates of both processor and device: the
/// momentum, and how a matrix M, divided by its norm + kMuonSmall, is made nearly orthogonal by
/// kMuonTurns iterations of X ← a X + (b X Xᵀ + c (X Xᵀ)²) X.
constexpr double kMuonMomentum = 0.95;
constexpr double kMuonSmall = 1e-7;
constexpr int kMuonTurns = 5;
constexpr double kMuonA = 3.4445;
constexpr double kMuonB = -4.7750;
constexpr double kMuonC = 2.0315;

}  // namespace qkv::engine
