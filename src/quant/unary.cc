// SPDX-License-Identifier: Apache-2.0
#include "quant/unary.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "ir/functions.h"
#include "ir/op_table.h"

namespace zkinfer::quant {

using ir::OpKind;

namespace {

bool is_function(const UnaryStep& step, ir::FunctionId id) {
  return step.op == OpKind::kFunction && step.function.function == id;
}

}  // namespace

// Of the functions those whose results are bounded and continuous.
bool UnaryChain::is_unary(const ir::Node& node) {
  const auto* function = std::get_if<ir::FunctionAttributes>(&node.attributes);
  return node.op == OpKind::kRelu || node.op == OpKind::kLeakyRelu || node.op == OpKind::kClip ||
         (function != nullptr &&
          (function->function == ir::function("Sigmoid") || function->function == ir::function("Tanh")));
}

void UnaryChain::push(const ir::Node& node) {
  UnaryStep step;
  step.op = node.op;
  if (node.op == OpKind::kLeakyRelu) step.alpha = static_cast<double>(node.as<ir::LeakyReluAttributes>().alpha);
  if (node.op == OpKind::kClip) {
    step.lo = static_cast<double>(node.as<ir::ClipAttributes>().min);
    step.hi = static_cast<double>(node.as<ir::ClipAttributes>().max);
  }
  if (node.op == OpKind::kFunction) {
    step.function = node.as<ir::FunctionAttributes>();
    fixed_range_ = 1;
  }
  if (node.op == OpKind::kLeakyRelu) fixed_range_ = 0;
  steps_.push_back(step);
}

double UnaryChain::apply(double x) const {
  for (const UnaryStep& step : steps_) {
    switch (step.op) {
      case OpKind::kRelu: x = std::max(x, 0.0); break;
      case OpKind::kLeakyRelu: x = x < 0 ? step.alpha * x : x; break;
      case OpKind::kClip: x = std::min(std::max(x, step.lo), step.hi); break;
      case OpKind::kFunction: x = ir::apply(step.function, x); break;
      default: ZKI_CHECK(false, "push takes unary operators only");
    }
  }
  return x;
}

bool UnaryChain::is_clamp() const {
  return std::all_of(steps_.begin(), steps_.end(),
                     [](const UnaryStep& step) { return step.op == OpKind::kRelu || step.op == OpKind::kClip; });
}

double UnaryChain::clamp_lo() const { return apply(-std::numeric_limits<double>::infinity()); }
double UnaryChain::clamp_hi() const { return apply(std::numeric_limits<double>::infinity()); }

bool UnaryChain::non_negative(bool input_non_negative) const {
  bool result = input_non_negative;
  for (const UnaryStep& step : steps_) {
    if (step.op == OpKind::kRelu) result = true;
    if (step.op == OpKind::kFunction) result = ir::row_of(step.function.function).lo >= 0;
    if (step.op == OpKind::kClip) result = step.lo >= 0 || (result && step.hi >= 0);
    if (step.op == OpKind::kLeakyRelu) result = result || step.alpha <= 0;
  }
  return result;
}

double UnaryChain::x_step(double num_steps) const {
  const bool sigmoid = std::any_of(steps_.begin(), steps_.end(),
                                   [](const UnaryStep& step) { return is_function(step, ir::function("Sigmoid")); });
  // Slope 1/4 or 1; a power of two lets all layers share one table.
  const double wanted = (sigmoid ? 4.0 : 1.0) * fixed_range_ / num_steps;
  return std::exp2(std::floor(std::log2(wanted)));
}

std::string UnaryChain::name() const {
  std::string text;
  for (const UnaryStep& step : steps_) {
    if (!text.empty()) text += ",";
    text += std::string(step.op == OpKind::kFunction ? ir::row_of(step.function.function).name : ir::op_name(step.op));
    if (step.op == OpKind::kLeakyRelu) text += "(" + std::to_string(std::bit_cast<std::uint64_t>(step.alpha)) + ")";
    if (step.op == OpKind::kClip) {
      text += "(" + std::to_string(std::bit_cast<std::uint64_t>(step.lo)) + "," +
              std::to_string(std::bit_cast<std::uint64_t>(step.hi)) + ")";
    }
  }
  return text;
}

}  // namespace zkinfer::quant
