#include "inspect/motion/motion.h"

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

namespace qkv::inspect {
namespace {

using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// The vectors at one depth, [count, width].
Rows rows_at(const std::vector<base::ArrayOf<double>>& vectors, std::int64_t depth) {
  const std::int64_t width = vectors.front().shape[1];
  Rows rows(static_cast<std::int64_t>(vectors.size()), width);
  for (std::int64_t row = 0; row < rows.rows(); ++row)
    rows.row(row) = Eigen::Map<const Eigen::RowVectorXd>(
        vectors[static_cast<std::size_t>(row)][depth].data, width);
  return rows;
}

/// The mean of the sentences of a sense.
Eigen::RowVectorXd mean_of(const Rows& sentences, const std::vector<bool>& is_b, bool b) {
  Eigen::RowVectorXd sum = Eigen::RowVectorXd::Zero(sentences.cols());
  double count = 0;
  for (std::int64_t row = 0; row < sentences.rows(); ++row) {
    if (is_b[static_cast<std::size_t>(row)] != b) continue;
    sum += sentences.row(row);
    ++count;
  }
  return sum / count;
}

std::vector<double> to_vector(const Eigen::VectorXd& values) {
  return {values.begin(), values.end()};
}

base::ArrayOf<double> to_array(const Rows& rows) {
  base::ArrayOf<double> out({rows.rows(), rows.cols()});
  std::copy(rows.data(), rows.data() + rows.size(), out.values.begin());
  return out;
}

/// The directions of the most variance, [width, 2], unit vectors or zeros; `explained` is filled
/// in.
Eigen::MatrixXd principal_components(const Rows& centred, std::array<double, 2>& explained) {
  // Eigenvectors u of X·Xᵀ give those of Xᵀ·X as Xᵀ·u. Sentences are fewer than dimensions.
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(centred * centred.transpose());
  Eigen::MatrixXd directions = Eigen::MatrixXd::Zero(centred.cols(), 2);
  const double total = centred.squaredNorm();
  for (std::int64_t component = 0; component < std::min<std::int64_t>(2, centred.rows());
       ++component) {
    const std::int64_t from_last = centred.rows() - 1 - component;  // they are in ascending order
    const double variance = solver.eigenvalues()[from_last];
    if (!(variance > 1e-12 * total)) break;
    explained[static_cast<std::size_t>(component)] = variance / total;
    directions.col(component) =
        centred.transpose() * solver.eigenvectors().col(from_last) / std::sqrt(variance);
  }
  return directions;
}

MotionDepth measure_depth(const Rows& frames, const Rows& sentences,
                          const std::vector<bool>& is_b) {
  MotionDepth out;
  const Eigen::RowVectorXd a = mean_of(sentences, is_b, false);
  const Eigen::RowVectorXd b = mean_of(sentences, is_b, true);
  const Eigen::RowVectorXd middle = (a + b) / 2;
  out.separation = (b - a).norm();
  constexpr double kRounding = 1e-6;  // vectors are in float32
  const bool are_one = out.separation <= kRounding * middle.norm();
  const Eigen::VectorXd axis =
      are_one ? Eigen::VectorXd::Zero(a.size())
              : Eigen::VectorXd(2 * (b - a).transpose() / (b - a).squaredNorm());
  out.axis = to_vector((frames.rowwise() - middle) * axis);
  out.sentence_axis = to_vector((sentences.rowwise() - middle) * axis);

  const Eigen::RowVectorXd mean = sentences.colwise().mean();
  const Rows centred = sentences.rowwise() - mean;
  Eigen::MatrixXd components = Eigen::MatrixXd::Zero(a.size(), 2);
  if (centred.norm() > kRounding * sentences.norm())
    components = principal_components(centred, out.explained);
  // An eigenvector has no sign: b is to the right of a, and above it.
  for (std::int64_t component = 0; component < 2; ++component)
    if ((b - a).dot(components.col(component).transpose()) < 0) components.col(component) *= -1;
  out.plane = to_array((frames.rowwise() - mean) * components);
  out.sentence_plane = to_array(centred * components);
  return out;
}

constexpr std::string_view kBlank = " \t\n\r\v\f";

}  // namespace

std::vector<MotionDepth> measure_motion(const std::vector<base::ArrayOf<double>>& frames,
                                        const std::vector<base::ArrayOf<double>>& sentences,
                                        const std::vector<bool>& is_b) {
  std::vector<MotionDepth> depths;
  for (std::int64_t depth = 0; depth < sentences.front().shape[0]; ++depth)
    depths.push_back(measure_depth(rows_at(frames, depth), rows_at(sentences, depth), is_b));
  return depths;
}

std::vector<GrowingContext> growing_contexts(const std::string& text, std::size_t begin,
                                             std::size_t end, bool causal) {
  std::vector<GrowingContext> contexts = {
      {.text = text.substr(begin, end - begin), .begin = begin, .word = 0, .added = ""}};
  std::size_t first = begin;
  std::size_t last = end;
  const auto add = [&](std::size_t from, std::size_t to) {
    std::string added = text.substr(from, to - from);
    const std::size_t inside = added.find_first_not_of(kBlank);
    added = added.substr(inside, added.find_last_not_of(kBlank) + 1 - inside);
    first = std::min(first, from);
    last = std::max(last, to);
    contexts.push_back({.text = text.substr(first, last - first),
                        .begin = first,
                        .word = begin - first,
                        .added = std::move(added)});
  };
  const auto add_before = [&] {
    const std::size_t word_end = text.substr(0, first).find_last_not_of(kBlank);
    if (word_end == std::string::npos) return false;
    const std::size_t blank = text.find_last_of(kBlank, word_end);
    add(blank == std::string::npos ? 0 : blank + 1, first);
    return true;
  };
  const auto add_after = [&] {
    const std::size_t word_begin = text.find_first_not_of(kBlank, last);
    if (word_begin == std::string::npos) return false;
    add(last, std::min(text.find_first_of(kBlank, word_begin), text.size()));
    return true;
  };
  bool more = true;
  while (more) {
    more = add_before();
    if (!causal) more = add_after() || more;
  }
  return contexts;
}

}  // namespace qkv::inspect
