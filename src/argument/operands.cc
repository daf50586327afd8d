// SPDX-License-Identifier: Apache-2.0
#include "argument/operands.h"

#include <algorithm>
#include <mutex>

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

struct BoundAxes {
  std::vector<std::uint32_t> axes;
  std::uint64_t num_points = 1;
};

BoundAxes bound_axes(const Contraction& relation, AxisRole bound) {
  BoundAxes out;
  for (std::uint32_t axis = 0; axis < relation.box.size(); ++axis) {
    if (relation.roles[axis] != bound) continue;
    out.axes.push_back(axis);
    out.num_points *= relation.box[axis];
  }
  return out;
}

// Sets `fixed` to point `index` (row-major) of the bound axes and returns the point's weight.
Fe fix_point(const Contraction& relation, const BoundAxes& bound, std::size_t index, const BoxWeights& tau_weights,
             std::vector<std::uint64_t>& fixed) {
  Fe weight = Fe::one();
  for (std::size_t b = bound.axes.size(); b-- > 0;) {
    const std::uint32_t axis = bound.axes[b];
    fixed[axis] = index % relation.box[axis];
    index /= relation.box[axis];
    weight *= tau_weights[axis]->values[fixed[axis]];
  }
  return weight;
}

// Few, large chunks: each has its own accumulator of `size` elements.
std::size_t chunk_grain(std::size_t size, std::uint64_t num_points) {
  return std::max<std::size_t>(std::max<std::size_t>(1, (std::size_t{1} << 16) / size), (num_points + 15) / 16);
}

// Whether the expression's columns are contiguous along this axis.
bool is_contiguous(const LinExpr& expr, std::uint32_t axis) {
  return std::any_of(expr.views.begin(), expr.views.end(), [&](const circuit::View& view) {
    if (view.axes.empty()) return false;
    const auto& terms = view.axes.back().terms;
    return std::any_of(terms.begin(), terms.end(),
                       [&](const circuit::AxisTerm& t) { return t.box_axis == axis && t.stride == 1; });
  });
}

// Tables are small and the last bound axis is contiguous in the columns: its whole run is evaluated at once, per table entry.
FeVec bind_runs(const Contraction& relation, const ContractionPlan& plan, const Circuit& circuit,
                const ColumnValues& data, const LinExpr& expr, BoundAxes bound, const BoxWeights& tau_weights) {
  const std::uint32_t run_axis = bound.axes.back();
  const std::uint64_t run = relation.box[run_axis];
  bound.axes.pop_back();
  bound.num_points /= run;
  const std::size_t size = std::size_t{1} << plan.sum_bits;
  std::vector<LoopAxis> loops = table_axes(relation, plan);
  for (LoopAxis& loop : loops) loop.out_stride *= run;
  loops.push_back({run_axis, run, 1});
  const FeVec weights{std::span<const Fe>(tau_weights[run_axis]->values)};
  FeVec out(size);
  std::mutex mutex;
  parallel_for(bound.num_points, chunk_grain(size * run, bound.num_points), [&](std::size_t begin, std::size_t end) {
    FpVec runs(size * run);
    std::vector<std::uint64_t> fixed(relation.box.size(), 0);
    std::vector<Fe> sums(size);
    for (std::size_t i = begin; i < end; ++i) {
      const Fe weight = fix_point(relation, bound, i, tau_weights, fixed);
      circuit::evaluate_slice(expr, circuit.columns, data, loops, fixed, runs.data());
      for (std::size_t j = 0; j < size; ++j) {
        sums[j] += weight * vec::dot(FpCSpan(runs.data() + j * run, run), weights.span());
      }
    }
    const std::lock_guard<std::mutex> lock(mutex);
    for (std::size_t j = 0; j < size; ++j) out.set(j, out.get(j) + sums[j]);
  });
  return out;
}

constexpr std::size_t kSmallTable = 64;
constexpr std::size_t kMaxRun = 4096;

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
  const std::size_t size = std::size_t{1} << plan.sum_bits;
  const BoundAxes bound = bound_axes(relation, bound_role);
  if (bound.axes.empty()) {
    FeVec out(size);
    const FpVec values = evaluate_operand(relation, plan, circuit, data, expr);
    vec::lift(values.span(), out.span());
    return out;
  }
  const std::uint32_t last = bound.axes.back();
  if (size <= kSmallTable && relation.box[last] > 1 && relation.box[last] <= kMaxRun && is_contiguous(expr, last)) {
    return bind_runs(relation, plan, circuit, data, expr, bound, tau_weights);
  }
  const std::vector<LoopAxis> loops = table_axes(relation, plan);
  FeVec out(size);
  std::mutex mutex;
  parallel_for(bound.num_points, chunk_grain(size, bound.num_points), [&](std::size_t begin, std::size_t end) {
    FeVec sum(size);
    FpVec row(size);
    std::vector<std::uint64_t> fixed(relation.box.size(), 0);
    for (std::size_t i = begin; i < end; ++i) {
      const Fe weight = fix_point(relation, bound, i, tau_weights, fixed);
      circuit::evaluate_slice(expr, circuit.columns, data, loops, fixed, row.data());
      vec::axpy(weight, static_cast<const FpVec&>(row).span(), sum);
    }
    const std::lock_guard<std::mutex> lock(mutex);
    vec::add(out.span(), sum.span(), out.span());
  });
  return out;
}

}  // namespace zkinfer::argument
