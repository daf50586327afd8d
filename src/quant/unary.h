// SPDX-License-Identifier: Apache-2.0
// A chain of unary functions of real numbers, applied in order: what one lookup table does after an accumulator.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace zkinfer::quant {

struct UnaryStep {
  ir::OpKind op = ir::OpKind::kRelu;
  double alpha = 0;  // LeakyRelu
  ir::FunctionAttributes function;
  double lo = 0, hi = 0;  // Clip
};

class UnaryChain {
 public:
  static bool is_unary(const ir::Node& node);
  void push(const ir::Node& node);
  bool empty() const { return steps_.empty(); }
  double apply(double x) const;
  // Relu and Clip only: the chain is min(max(x, lo), hi).
  bool is_clamp() const;
  double clamp_lo() const;  // -infinity when there is none
  double clamp_hi() const;
  bool non_negative(bool input_non_negative) const;
  // The y range is bounded whatever x is: Sigmoid gives [0, 1], Tanh [-1, 1] as the last curved step.
  bool has_fixed_range() const { return fixed_range_ > 0; }
  double fixed_range() const { return fixed_range_; }
  // How finely x must be known where the chain is steepest, for num_steps integers in the fixed range.
  double x_step(double num_steps) const;
  // Equal names mean equal functions: tables with equal names and scales are shared.
  std::string name() const;

 private:
  std::vector<UnaryStep> steps_;
  double fixed_range_ = 0;
};

}  // namespace zkinfer::quant
