// SPDX-License-Identifier: Apache-2.0
// Which float nodes become one integer node, and where a requantization happens.
//
// An accumulating node (Conv, MatMul, Add, Sub, Mul, AveragePool, ReduceMean, ReduceSum) and the unary functions that
// follow it are one fusion. A fusion is narrow (requantized to few bits by one table) or wide (no table: y is the
// accumulator, exact and without lookups):
//   kWideOutput  only graph outputs read it, through movement
//   kWideTerm    only one Add or Sub reads it: both then share one requantization
//   kWideSum     a pool or reduction that only wide products read
//   kWideValue   only operators read it that take integers of any width: quotients, roots, comparisons, arg max, sums of such;
//                and what is rounded to whole numbers after one more product with constants
// What is whole for any input (ir/whole.h) is exact in units of one instead, where its operands are.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ir/graph.h"
#include "quant/unary.h"

namespace zkinfer::quant {

enum class Mode : std::uint8_t { kNarrow, kWideOutput, kWideTerm, kWideSum, kWideValue };

struct Fusion {
  UnaryChain chain;
  ir::ValueId output = ir::kNoValue;  // of the last function
  Mode mode = Mode::kNarrow;
  std::int32_t term_of = -1;  // kWideTerm: the node index of the Add or Sub
};

struct Plan {
  std::vector<bool> fused;         // by node index: a unary function inside a fusion
  std::vector<Fusion> fusions;     // by node index; meaningful for nodes that are not fused
  std::vector<bool> non_negative;  // by value id: never below 0 whatever the input in its declared range
  std::vector<bool> compared;      // by value id: read by Softmax, ArgMax or Sort, maybe through movement
  // By value id: the Softmax, by node index, that reads it, maybe through movement; -1: none. Its unit is what counts there, not its range.
  std::vector<std::int32_t> softmax;
  std::vector<bool> whole;  // by value id: ir::whole_numbers
  // By node index: a difference x - mean(x) that only products and quotients read, as normalizations have it, and that mean. At the unit of x
  // the difference is exact: one rounding for each row instead of one for each element.
  std::vector<bool> centers;
  // Values that must share one scale (movement, MaxPool, Concat): group[v] is a representative value id.
  std::vector<ir::ValueId> group;
};

// Makes integers that have to be rounded to become an activation: sums, products, quotients, roots.
bool is_accumulator(const ir::Node& node);
// Of a constant of the program text: how many binary places hold its entries, where few do.
std::optional<int> few_fraction_bits(const ir::Value& value);
bool is_movement(ir::OpKind op);  // every output element is an input element (or 0)
// Of these inputs every output element is an element: they share one scale. Empty for other operators.
std::vector<ir::ValueId> chosen_from(const ir::Node& node);

// input_non_negative: one flag per graph input.
Plan make_plan(const ir::Graph& graph, const std::vector<bool>& input_non_negative);

}  // namespace zkinfer::quant
