// SPDX-License-Identifier: Apache-2.0
#include "quant/relevance.h"

#include <algorithm>
#include <cmath>

#include "ir/functions.h"
#include "quant/plan.h"

namespace zkinfer::quant {

namespace {

using ir::OpKind;

// exp(-24) is 2^-34: no table of exponentials shows it.
constexpr double kExponentialReach = 24;
// Of the range above the lowest maximum, for maxima lower than calibration saw.
constexpr double kRoomBelow = 0.5;

// What a reader leaves to see of one of its operands.
double floor_through(const ir::Graph& graph, const Seen& seen, std::size_t index, std::size_t operand, double floor) {
  const ir::Node& node = graph.nodes[index];
  const auto range = [&](std::size_t j) { return seen.range(node.inputs[j]); };
  const auto below = [](double lowest, double highest) {
    return lowest - kRoomBelow * std::max(highest - lowest, 1e-3 * std::abs(lowest));
  };
  const std::vector<ir::ValueId> chosen = chosen_from(node);
  const bool passes = std::find(chosen.begin(), chosen.end(), node.inputs[operand]) != chosen.end();
  switch (node.op) {
    case OpKind::kSoftmax: return operand == 0 ? seen.lowest_top[index] - kExponentialReach : kNoFloor;
    case OpKind::kArgMax: return below(seen.lowest_top[index], range(0).hi);
    case OpKind::kMax:
    case OpKind::kMaxPool:
    case OpKind::kReduceMax: {
      const SeenRange out = seen.range(node.output);
      return std::max(floor, below(std::max(out.lo, floor), out.hi));
    }
    case OpKind::kRelu: return std::max(floor, 0.0);
    case OpKind::kClip: return std::max(floor, static_cast<double>(node.as<ir::ClipAttributes>().min));
    case OpKind::kFunction: {
      const ir::FunctionId id = node.as<ir::FunctionAttributes>().function;
      if (id == ir::function("Exp")) return std::log(std::max(seen.range(node.output).hi, 1e-30)) - kExponentialReach;
      if (id == ir::function("Sigmoid") || id == ir::function("Tanh")) return -kExponentialReach;
      return kNoFloor;
    }
    case OpKind::kAdd: return floor - range(1 - operand).hi;
    case OpKind::kSub: return operand == 0 ? floor + range(1).lo : kNoFloor;
    case OpKind::kMul: {
      // By one positive number.
      const ir::Value& other = graph.input_of(node, 1 - operand);
      const SeenRange factor = range(1 - operand);
      if (other.is_constant() && factor.lo == factor.hi && factor.lo > 0) return floor / factor.lo;
      // A factor of values that are 0 or at least one: masks.
      if (graph.input_of(node, operand).is_constant() && factor.lo >= 0) return floor;
      return kNoFloor;
    }
    default: return passes ? floor : kNoFloor;
  }
}

}  // namespace

std::vector<double> relevance_floors(const ir::Graph& graph, const Seen& seen) {
  constexpr double kUnread = std::numeric_limits<double>::infinity();
  std::vector<double> floors(graph.values.size(), kUnread);
  for (const ir::ValueId id : graph.outputs) floors[static_cast<std::size_t>(id)] = kNoFloor;
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    const ir::Node& node = graph.nodes[i];
    double floor = floors[static_cast<std::size_t>(node.output)];
    if (floor == kUnread) floor = kNoFloor;
    for (std::size_t j = 0; j < node.inputs.size(); ++j) {
      if (!node.has_input(j)) continue;
      double& known = floors[static_cast<std::size_t>(node.inputs[j])];
      const double mine = floor_through(graph, seen, i, j, floor);
      known = std::min(known, std::isnan(mine) ? kNoFloor : mine);
    }
  }
  for (double& floor : floors)
    if (floor == kUnread) floor = kNoFloor;
  return floors;
}

}  // namespace zkinfer::quant
