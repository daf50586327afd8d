// SPDX-License-Identifier: Apache-2.0
#include "circuit/point.h"

#include "base/check.h"

namespace zkinfer::circuit {

namespace {

std::vector<Fe> first_unit(std::uint64_t size) {
  std::vector<Fe> out(size);
  out[0] = Fe::one();
  return out;
}

bool uses_tau(AxisRole role) { return role != AxisRole::kK; }
bool is_summed(AxisRole role) { return role == AxisRole::kC || role == AxisRole::kK; }

}  // namespace

std::vector<std::vector<Fe>> box_vectors(const Box& box, std::span<const Fe> point) {
  std::vector<std::vector<Fe>> out;
  for (const std::uint64_t n : box) {
    const auto bits = static_cast<std::size_t>(axis_bits(n));
    out.push_back(eq_vector(point.first(bits), n));
    point = point.subspan(bits);
  }
  return out;
}

std::vector<std::vector<Fe>> tau_vectors(const Contraction& relation, std::span<const Fe> tau) {
  std::vector<std::vector<Fe>> out;
  for (std::size_t axis = 0; axis < relation.box.size(); ++axis) {
    if (!uses_tau(relation.roles[axis])) {
      out.push_back(first_unit(relation.box[axis]));
      continue;
    }
    const auto bits = static_cast<std::size_t>(axis_bits(relation.box[axis]));
    out.push_back(eq_vector(tau.first(bits), relation.box[axis]));
    tau = tau.subspan(bits);
  }
  return out;
}

ContractionVectors contraction_vectors(const Contraction& relation, const ContractionPlan& plan,
                                       std::span<const Fe> tau, std::span<const Fe> sum_point) {
  ContractionVectors out;
  out.y = tau_vectors(relation, tau);
  out.shared_eq = Fe::one();
  std::span<const Fe> point = sum_point.last(static_cast<std::size_t>(plan.sum_bits));
  for (std::size_t axis = 0; axis < relation.box.size(); ++axis) {
    const std::uint64_t n = relation.box[axis];
    const AxisRole role = relation.roles[axis];
    const auto bits = static_cast<std::size_t>(axis_bits(n));
    if (is_summed(role)) {
      const std::vector<Fe> at_point = eq_vector(point.first(bits), n);
      out.lhs.push_back(at_point);
      out.rhs.push_back(at_point);
      if (role == AxisRole::kC) {
        for (std::size_t i = 0; i < bits; ++i) {
          const Fe product = tau[i] * point[i];
          out.shared_eq *= Fe::one() - tau[i] - point[i] + product + product;
        }
      }
      point = point.subspan(bits);
    } else {
      out.lhs.push_back(role == AxisRole::kA ? out.y[axis] : first_unit(n));
      out.rhs.push_back(role == AxisRole::kB ? out.y[axis] : first_unit(n));
    }
    if (uses_tau(role)) tau = tau.subspan(bits);
  }
  return out;
}

LeafVectors leaf_vectors(const Circuit& circuit, const LeafBlock& leaf, std::span<const Fe> point) {
  LeafVectors out;
  const std::size_t prefix_bits = point.size() - static_cast<std::size_t>(leaf.log_size);
  out.prefix = Fe::one();
  for (std::size_t i = 0; i < prefix_bits; ++i) {
    const bool bit = ((leaf.offset >> (point.size() - 1 - i)) & 1) != 0;
    out.prefix *= bit ? point[i] : Fe::one() - point[i];
  }
  std::span<const Fe> low = point.subspan(prefix_bits);
  if (leaf.kind == LeafBlock::Kind::kTable) {
    out.rows = eq_vector(low, std::uint64_t{1} << leaf.log_size);
    return out;
  }
  if (leaf.kind == LeafBlock::Kind::kBlind) return out;
  const Box& box = circuit.lookups[leaf.index].box;
  out.axes.resize(box.size());
  for (const std::uint32_t axis : leaf.order) {
    const AxisPiece& piece = leaf.block.pieces[axis];
    const std::vector<Fe> eq = eq_vector(low.first(static_cast<std::size_t>(piece.bits)), piece.length);
    low = low.subspan(static_cast<std::size_t>(piece.bits));
    out.axes[axis].resize(box[axis]);
    for (std::uint64_t i = 0; i < piece.length; ++i) out.axes[axis][piece.begin + i] = eq[i];
  }
  return out;
}

}  // namespace zkinfer::circuit
