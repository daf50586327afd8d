// SPDX-License-Identifier: Apache-2.0
#include "quant/hoist.h"

#include <utility>
#include <vector>

#include "ir/functions.h"
#include "quant/plan.h"
#include "quant/unary.h"

namespace zkinfer::quant {

using ir::OpKind;

namespace {

bool keeps_zero(const ir::Node& function) {
  UnaryChain chain;
  chain.push(function);
  return chain.apply(0) == 0;
}

bool is_non_decreasing(const ir::Node& function) {
  if (function.op == OpKind::kFunction) return ir::row_of(function.as<ir::FunctionAttributes>().function).monotone;
  return function.op != OpKind::kLeakyRelu || function.as<ir::LeakyReluAttributes>().alpha >= 0;
}

bool commutes(const ir::Node& function, const ir::Node& mover) {
  if (mover.op == OpKind::kMaxPool || mover.op == OpKind::kReduceMax) return is_non_decreasing(function);
  if (mover.op == OpKind::kPad) return keeps_zero(function);
  return is_movement(mover.op) && mover.op != OpKind::kCast;
}

}  // namespace

ir::Graph hoist_functions(ir::Graph graph) {
  const std::vector<std::int32_t> uses = ir::use_counts(graph);
  const std::vector<std::int32_t> made_by = ir::producers(graph);
  const auto producer_of = [&](ir::ValueId id) -> ir::Node* {
    const std::int32_t index = made_by[static_cast<std::size_t>(id)];
    return index < 0 || uses[static_cast<std::size_t>(id)] != 1 ? nullptr
                                                                : &graph.nodes[static_cast<std::size_t>(index)];
  };
  // Is there an accumulator at the top of the movers above `id`, with nothing else reading in between?
  const auto reaches_accumulator = [&](ir::ValueId id) {
    for (const ir::Node* node = producer_of(id); node != nullptr; node = producer_of(node->inputs[0])) {
      if (is_accumulator(*node) || UnaryChain::is_unary(*node)) return true;
      if (!is_movement(node->op) && node->op != OpKind::kMaxPool && node->op != OpKind::kReduceMax) return false;
    }
    return false;
  };
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    ir::Node* function = &graph.nodes[i];
    if (!UnaryChain::is_unary(*function)) continue;
    // The two nodes swap what they do; order, inputs and outputs stay.
    for (ir::Node* mover = producer_of(function->inputs[0]);
         mover != nullptr && commutes(*function, *mover) && reaches_accumulator(mover->inputs[0]);
         mover = producer_of(function->inputs[0])) {
      std::swap(function->op, mover->op);
      std::swap(function->name, mover->name);
      std::swap(function->origin, mover->origin);
      std::swap(function->attributes, mover->attributes);
      ir::Value& between = graph.value(mover->output);
      between.shape = graph.value(mover->inputs[0]).shape;
      between.name = graph.value(function->output).name + ".hoisted" + std::to_string(mover->output);
      function = mover;
    }
  }
  return graph;
}

}  // namespace zkinfer::quant
