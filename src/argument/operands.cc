// SPDX-License-Identifier: Apache-2.0
#include "argument/operands.h"

#include <algorithm>

#include "argument/bind_view.h"
#include "base/parallel.h"

namespace zkinfer::argument {

namespace {

using circuit::AxisRole;
using circuit::Circuit;
using circuit::ColumnValues;
using circuit::Contraction;
using circuit::LinExpr;
using circuit::LoopAxis;

// The c and k axes with their strides in a padded table.
std::vector<LoopAxis> table_axes(const Contraction& relation, const ContractionPlan& plan) {
  std::vector<LoopAxis> loops;
  int bits_left = plan.sum_bits;
  for (std::uint32_t axis = 0; axis < relation.box.size(); ++axis) {
    const AxisRole role = relation.roles[axis];
    if (role != AxisRole::kC && role != AxisRole::kK) continue;
    bits_left -= circuit::axis_bits(relation.box[axis]);
    loops.push_back({axis, relation.box[axis], std::uint64_t{1} << bits_left});
  }
  return loops;
}

}  // namespace

FpVec evaluate_operand(const Contraction& relation, const ContractionPlan& plan, const Circuit& circuit,
                       const ColumnValues& data, const LinExpr& expr) {
  FpVec out(std::size_t{1} << plan.sum_bits);
  std::vector<LoopAxis> loops = table_axes(relation, plan);
  const auto split = std::find_if(loops.begin(), loops.end(), [](const LoopAxis& loop) { return loop.length > 1; });
  std::vector<std::uint64_t> fixed(relation.box.size(), 0);
  if (split == loops.end()) {
    circuit::evaluate_slice(expr, circuit.columns, data, {}, fixed, out.data());
    return out;
  }
  const LoopAxis outer = *split;
  loops.erase(loops.begin(), split + 1);
  parallel_for(
      outer.length, std::max<std::size_t>(1, 4096 / outer.out_stride), [&](std::size_t begin, std::size_t end) {
        std::vector<std::uint64_t> point = fixed;
        for (std::size_t i = begin; i < end; ++i) {
          point[outer.box_axis] = i;
          circuit::evaluate_slice(expr, circuit.columns, data, loops, point, out.data() + i * outer.out_stride);
        }
      });
  return out;
}

FeVec bind_operand(const Contraction& relation, const ContractionPlan& plan, const Circuit& circuit,
                   const ColumnValues& data, const LinExpr& expr, AxisRole bound_role, const BoxWeights& tau_weights) {
  BoundWeights bound(relation.box.size());
  for (std::size_t axis = 0; axis < relation.box.size(); ++axis) {
    if (relation.roles[axis] != bound_role) continue;
    bound[axis] = std::span(tau_weights[axis]->values()).first(static_cast<std::size_t>(relation.box[axis]));
  }
  // The sum over the bound axes of prod weights, of axis `of` times the index.
  const auto total = [&](std::size_t of) {
    Fe product = Fe::one();
    for (std::size_t axis = 0; axis < bound.size(); ++axis) {
      if (bound[axis].empty()) continue;
      Fe sum;
      for (std::size_t i = 0; i < bound[axis].size(); ++i)
        sum += axis == of ? bound[axis][i] * Fe(Fp::reduce(i)) : bound[axis][i];
      product *= sum;
    }
    return product;
  };
  const std::vector<LoopAxis> loops = table_axes(relation, plan);
  FeVec out(std::size_t{1} << plan.sum_bits);
  if (expr.constant != Fp() || !expr.slopes.empty()) {
    Fe value = Fe(expr.constant) * total(bound.size());
    std::vector<Fe> steps(loops.size());
    for (const circuit::Slope& slope : expr.slopes) {
      if (!bound[slope.box_axis].empty()) value += Fe(slope.coef) * total(slope.box_axis);
      for (std::size_t l = 0; l < loops.size(); ++l) {
        if (loops[l].box_axis == slope.box_axis) steps[l] += Fe(slope.coef) * total(bound.size());
      }
    }
    circuit::for_each_affine(loops, steps, value, [&](std::size_t at, const Fe& here) { out.set(at, here); });
  }
  for (const circuit::View& view : expr.views)
    add_bound_view(view, circuit.columns[view.column], data.view(view.column), relation.box, bound, loops, out);
  return out;
}

}  // namespace zkinfer::argument
