// SPDX-License-Identifier: Apache-2.0
#include "argument/point.h"

namespace zkinfer::argument {

namespace {

Vector first_index() { return list_vector({Fe::one()}); }

bool uses_tau(circuit::AxisRole role) { return role != circuit::AxisRole::kK; }
bool is_summed(circuit::AxisRole role) { return role == circuit::AxisRole::kC || role == circuit::AxisRole::kK; }

}  // namespace

BoxWeights box_weights(const circuit::Box& box, std::span<const Fe> point) {
  BoxWeights out;
  for (const std::uint64_t n : box) {
    const auto bits = static_cast<std::size_t>(circuit::axis_bits(n));
    out.push_back(eq_vector_of(point.first(bits), n));
    point = point.subspan(bits);
  }
  return out;
}

BoxWeights tau_weights(const circuit::Contraction& relation, std::span<const Fe> tau) {
  BoxWeights out;
  for (std::size_t axis = 0; axis < relation.box.size(); ++axis) {
    if (!uses_tau(relation.roles[axis])) {
      out.push_back(first_index());
      continue;
    }
    const auto bits = static_cast<std::size_t>(circuit::axis_bits(relation.box[axis]));
    out.push_back(eq_vector_of(tau.first(bits), relation.box[axis]));
    tau = tau.subspan(bits);
  }
  return out;
}

ContractionWeights contraction_weights(const circuit::Contraction& relation, const ContractionPlan& plan,
                                       std::span<const Fe> tau, std::span<const Fe> sum_point) {
  ContractionWeights out;
  out.y = tau_weights(relation, tau);
  out.shared_eq = Fe::one();
  std::span<const Fe> point = sum_point.last(static_cast<std::size_t>(plan.sum_bits));
  for (std::size_t axis = 0; axis < relation.box.size(); ++axis) {
    const std::uint64_t n = relation.box[axis];
    const circuit::AxisRole role = relation.roles[axis];
    const auto bits = static_cast<std::size_t>(circuit::axis_bits(n));
    if (is_summed(role)) {
      const Vector at_point = eq_vector_of(point.first(bits), n);
      out.lhs.push_back(at_point);
      out.rhs.push_back(at_point);
      if (role == circuit::AxisRole::kC) {
        for (std::size_t i = 0; i < bits; ++i) {
          const Fe product = tau[i] * point[i];
          out.shared_eq *= Fe::one() - tau[i] - point[i] + product + product;
        }
      }
      point = point.subspan(bits);
    } else {
      out.lhs.push_back(role == circuit::AxisRole::kA ? out.y[axis] : first_index());
      out.rhs.push_back(role == circuit::AxisRole::kB ? out.y[axis] : first_index());
    }
    if (uses_tau(role)) tau = tau.subspan(bits);
  }
  return out;
}

Fe leaf_prefix(const LeafBlock& leaf, std::span<const Fe> point) {
  Fe prefix = Fe::one();
  const std::size_t prefix_bits = point.size() - static_cast<std::size_t>(leaf.log_size);
  for (std::size_t i = 0; i < prefix_bits; ++i) {
    const bool bit = ((leaf.offset >> (point.size() - 1 - i)) & 1) != 0;
    prefix *= bit ? point[i] : Fe::one() - point[i];
  }
  return prefix;
}

BoxWeights LeafWeights::of(const LeafBlock& leaf) {
  BoxWeights out(leaf.block.pieces.size());
  std::span<const Fe> low = point_.last(static_cast<std::size_t>(leaf.log_size));
  for (const std::uint32_t axis : leaf.order) {
    const circuit::AxisPiece& piece = leaf.block.pieces[axis];
    const int position = static_cast<int>(low.size()) - piece.bits;
    Vector& known = known_[{axis, piece.begin, piece.bits, position}];
    if (known == nullptr)
      known = eq_vector_of(low.first(static_cast<std::size_t>(piece.bits)), piece.length, piece.begin);
    out[axis] = known;
    low = low.subspan(static_cast<std::size_t>(piece.bits));
  }
  return out;
}

}  // namespace zkinfer::argument
