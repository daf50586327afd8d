// SPDX-License-Identifier: Apache-2.0
#include "quant/unary.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "ir/op_table.h"

namespace zkinfer::quant {

using ir::OpKind;

bool UnaryChain::is_unary(OpKind op) {
  return op == OpKind::kRelu || op == OpKind::kLeakyRelu || op == OpKind::kClip || op == OpKind::kSigmoid ||
         op == OpKind::kTanh;
}

void UnaryChain::push(const ir::Node& node) {
  UnaryStep step;
  step.op = node.op;
  if (node.op == OpKind::kLeakyRelu) step.alpha = static_cast<double>(node.as<ir::LeakyReluAttributes>().alpha);
  if (node.op == OpKind::kClip) {
    step.lo = static_cast<double>(node.as<ir::ClipAttributes>().min);
    step.hi = static_cast<double>(node.as<ir::ClipAttributes>().max);
  }
  if (node.op == OpKind::kSigmoid || node.op == OpKind::kTanh) fixed_range_ = 1;
  if (node.op == OpKind::kLeakyRelu) fixed_range_ = 0;
  steps_.push_back(step);
}

double UnaryChain::apply(double x) const {
  for (const UnaryStep& step : steps_) {
    switch (step.op) {
      case OpKind::kRelu: x = std::max(x, 0.0); break;
      case OpKind::kLeakyRelu: x = x < 0 ? step.alpha * x : x; break;
      case OpKind::kClip: x = std::min(std::max(x, step.lo), step.hi); break;
      case OpKind::kSigmoid: x = 1 / (1 + std::exp(-x)); break;
      case OpKind::kTanh: x = std::tanh(x); break;
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
    if (step.op == OpKind::kRelu || step.op == OpKind::kSigmoid) result = true;
    if (step.op == OpKind::kClip) result = step.lo >= 0 || (result && step.hi >= 0);
    if (step.op == OpKind::kLeakyRelu) result = result || step.alpha <= 0;
  }
  return result;
}

double UnaryChain::x_step(double num_steps) const {
  const bool sigmoid =
      std::any_of(steps_.begin(), steps_.end(), [](const UnaryStep& step) { return step.op == OpKind::kSigmoid; });
  // Slope 1/4 or 1; a power of two lets all layers share one table.
  const double wanted = (sigmoid ? 4.0 : 1.0) * fixed_range_ / num_steps;
  return std::exp2(std::floor(std::log2(wanted)));
}

std::string UnaryChain::name() const {
  std::string text;
  for (const UnaryStep& step : steps_) {
    if (!text.empty()) text += ",";
    text += std::string(ir::op_name(step.op));
    if (step.op == OpKind::kLeakyRelu) text += "(" + std::to_string(std::bit_cast<std::uint64_t>(step.alpha)) + ")";
    if (step.op == OpKind::kClip) {
      text += "(" + std::to_string(std::bit_cast<std::uint64_t>(step.lo)) + "," +
              std::to_string(std::bit_cast<std::uint64_t>(step.hi)) + ")";
    }
  }
  return text;
}

}  // namespace zkinfer::quant
