// SPDX-License-Identifier: Apache-2.0
// Tables of functions. Of a curved one the argument is known to a step at which the result moves by about one unit, inside the
// interval that calibration saw and some room; arguments beyond are cut off there.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "quant/lowering.h"

namespace zkinfer::quant {

namespace {

constexpr double kRoom = 0.5;  // of the interval's width, on both sides
constexpr double kMostWhole = 1 << 30;

std::string bits_text(double x) { return std::to_string(std::bit_cast<std::uint64_t>(x)); }

}  // namespace

RealRange Lowering::argument_range(std::size_t i, double y_scale) const {
  const ir::Node& n = node(i);
  const ir::Value& x = graph_.value(UnaryChain::is_unary(n) && UnaryChain::fuses(n) ? n.inputs[0] : n.output);
  const auto it = calibration_.by_name.find(x.name);
  if (it == calibration_.by_name.end() || it->second.empty()) return {-1, 1};
  const double width = std::max(it->second.max() - it->second.min(), 1e-6 * it->second.max_abs());
  const double room = width > 0 ? kRoom * width : 1;
  const auto [lo, hi] = segment(i).chain.curved(it->second.min() - room, it->second.max() + room, y_scale);
  return {lo, hi};
}

Result<std::size_t> Lowering::want_function(std::size_t i, const Target& t, AccRange domain, AccRange& y,
                                            qir::Node& node) {
  const UnaryChain chain = segment(i).chain;
  // Relu and LeakyRelu commute with positive factors: their tables do not depend on the scale.
  const bool homogeneous = chain.is_homogeneous();
  const double h = homogeneous ? t.h_scale / t.y_scale : t.h_scale;
  const double y_scale = homogeneous ? 1 : t.y_scale;
  if (!homogeneous && log_rows(domain.lo, domain.hi) > kMostFunctionBits) {
    const RealRange seen = argument_range(i, t.y_scale);
    const auto within = [&](double x) {
      return static_cast<std::int64_t>(
          std::clamp(x / h, static_cast<double>(domain.lo), static_cast<double>(domain.hi)));
    };
    const AccRange kept = {within(std::floor(seen.lo)), within(std::ceil(seen.hi))};
    const ir::Value& value = graph_.value(segment(i).output);
    node.name = this->node(i).name;
    const QTensor argument = append_looked_up(std::move(node), pool_.want_clamp(kept.lo, kept.hi, domain.lo, domain.hi),
                                              value.name + ".argument", value.shape, kept, h);
    node = linear(i, {argument}, {1});
    domain = kept;
  }
  if (log_rows(domain.lo, domain.hi) > 20) {
    return fail(i, "the table of its function needs arguments " + std::to_string(domain.lo) + ".." +
                       std::to_string(domain.hi) + ", at most 2^20 are possible; use fewer activation bits");
  }
  const auto exact = [chain, h, y_scale](std::int64_t x) {
    const double value = chain.apply(static_cast<double>(x) * h) / y_scale;
    return std::isnan(value) ? 0 : value;
  };
  if (chain.is_whole()) {
    double least = kMostWhole;
    double most = -kMostWhole;
    for (std::int64_t x = domain.lo; x <= domain.hi; ++x) {
      least = std::min(least, std::floor(exact(x) + 0.5));
      most = std::max(most, std::floor(exact(x) + 0.5));
    }
    if (least < -kMostWhole || most > kMostWhole) {
      return fail(i, "its results reach beyond 2^30 for arguments between " + std::to_string(domain.lo) + " and " +
                         std::to_string(domain.hi) + " times " + std::to_string(h));
    }
    y = {static_cast<std::int64_t>(least), static_cast<std::int64_t>(most)};
  }
  const std::string name = chain.name() + " " + bits_text(h) + " " + bits_text(y_scale) + " " + std::to_string(y.lo) +
                           " " + std::to_string(y.hi);
  const auto curve = [exact, y](std::int64_t x) {
    return std::clamp(exact(x), static_cast<double>(y.lo), static_cast<double>(y.hi));
  };
  // Whole results are exact: no pieces for these.
  if (chain.is_whole()) {
    return pool_.want_function(
        name, [curve](std::int64_t x) { return static_cast<std::int32_t>(std::floor(curve(x) + 0.5)); }, domain.lo,
        domain.hi);
  }
  return pool_.want_curve(name, curve, domain.lo, domain.hi, graph_.value(segment(i).output).shape.num_elements());
}

}  // namespace zkinfer::quant
