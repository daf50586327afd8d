// SPDX-License-Identifier: Apache-2.0
// A chain of unary functions of real numbers, applied in order: what one lookup table does after an accumulator.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
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
  // Whether a unary node may follow an accumulator in one table. Roots and reciprocals have forms of their own, for arguments
  // whose sizes differ by more than a table can tell apart.
  static bool fuses(const ir::Node& node);
  void push(const ir::Node& node);
  bool empty() const { return steps_.empty(); }
  double apply(double x) const;
  // The same; where a function has no finite result, as the logarithm of what was rounded to 0 or below, that of an argument so far
  // inside its domain.
  double apply_inside(double x, double inside) const;
  // Relu and Clip only: the chain is min(max(x, lo), hi).
  bool is_clamp() const;
  // Relu and LeakyRelu only: f(c x) = c f(x) for c > 0.
  bool is_homogeneous() const;
  double clamp_lo() const;  // -infinity when there is none
  double clamp_hi() const;
  bool non_negative(bool input_non_negative) const;
  // The y range is bounded whatever x is: Sigmoid gives [0, 1], Tanh [-1, 1] as the last curved step.
  bool has_fixed_range() const { return fixed_range_ > 0; }
  double fixed_range() const { return fixed_range_; }
  // The last curved step has results of either sign: those of small arguments may all be small.
  bool is_signed() const;
  // Results are whole numbers.
  bool is_whole() const { return whole_; }
  // Changes no whole number: Floor, Ceil, Round, Truncate alone.
  bool keeps_whole() const;
  // Round first, then Relu and Clip only: min(max(round(x), lo), hi).
  bool rounds_and_clamps() const;
  // The function that makes whole numbers first (Round, Floor, Ceil, Truncate, Sign), when only Relu and Clip follow.
  std::optional<ir::FunctionId> whole_first() const;
  // The chain is just this function.
  bool is(ir::FunctionId id) const;
  // How far y moves for a step of x in [lo, hi] where the chain is steepest.
  double steepest(double lo, double hi) const;
  // How finely x in [lo, hi] must be known for y to be known to y_step there: a power of two, so that
  // layers share tables, and at least the 2^-most_bits-th part of the interval.
  double argument_step(double steepest, double lo, double hi, double y_step, int most_bits) const;
  // The part of [lo, hi] outside which the chain is as at the near end, to half a step of y; all of it where nothing is left.
  std::pair<double, double> curved(double lo, double hi, double y_step) const;
  // Equal names mean equal functions: tables with equal names and scales are shared.
  std::string name() const;

 private:
  // What arguments are looked at beside [lo, hi]: Sigmoid and Tanh are steepest at 0, which other inputs than calibration's may reach.
  // Small ones, as many times as large.
  std::pair<double, double> looked_at(double lo, double hi) const;

  std::vector<UnaryStep> steps_;
  double fixed_range_ = 0;
  bool whole_ = false;
};

}  // namespace zkinfer::quant
