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

// Of arguments that calibration saw, those of other inputs.
constexpr double kReach = 16;

bool is_function(const UnaryStep& step, ir::FunctionId id) {
  return step.op == OpKind::kFunction && step.function.function == id;
}

}  // namespace

bool UnaryChain::is_unary(const ir::Node& node) {
  return node.op == OpKind::kRelu || node.op == OpKind::kLeakyRelu || node.op == OpKind::kClip ||
         node.op == OpKind::kFunction;
}

bool UnaryChain::fuses(const ir::Node& node) {
  if (node.op != OpKind::kFunction) return true;
  const ir::FunctionId id = node.as<ir::FunctionAttributes>().function;
  return !(id == ir::function("Sqrt") || id == ir::function("Reciprocal"));
}

void UnaryChain::push(const ir::Node& node) {
  UnaryStep step;
  step.op = node.op;
  if (node.op == OpKind::kLeakyRelu) step.alpha = static_cast<double>(node.as<ir::LeakyReluAttributes>().alpha);
  if (node.op == OpKind::kClip) {
    step.lo = static_cast<double>(node.as<ir::ClipAttributes>().min);
    step.hi = static_cast<double>(node.as<ir::ClipAttributes>().max);
    whole_ = whole_ && (std::isinf(step.lo) || std::floor(step.lo) == step.lo) &&
             (std::isinf(step.hi) || std::floor(step.hi) == step.hi);
  }
  if (node.op == OpKind::kFunction) {
    step.function = node.as<ir::FunctionAttributes>();
    const ir::FunctionRow& row = ir::row_of(step.function.function);
    whole_ = row.whole;
    const bool bounded = std::isfinite(row.lo) && std::isfinite(row.hi) && !whole_;
    fixed_range_ = bounded ? std::max(std::abs(row.lo), std::abs(row.hi)) : 0;
  }
  if (node.op == OpKind::kLeakyRelu) {
    fixed_range_ = 0;
    whole_ = false;
  }
  // Of a rising function that keeps 0, f(min(max(x, lo), hi)) = min(max(f(x), f(lo)), f(hi)): the rounding comes first.
  const auto keeps_order = [&] {
    const ir::FunctionRow& row = ir::row_of(step.function.function);
    return row.whole && row.monotone && ir::apply(step.function, 0) == 0;
  };
  if (step.op == OpKind::kFunction && !steps_.empty() && is_clamp() && keeps_order()) {
    for (UnaryStep& clamp : steps_) {
      clamp.lo = ir::apply(step.function, clamp.lo);
      clamp.hi = ir::apply(step.function, clamp.hi);
    }
    steps_.insert(steps_.begin(), step);
    return;
  }
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

double UnaryChain::apply_inside(double x, double inside) const {
  const double y = apply(x);
  if (std::isfinite(y) || steps_.empty() || steps_[0].op != OpKind::kFunction) return y;
  const ir::FunctionRow& row = ir::row_of(steps_[0].function.function);
  const double lo = row.domain_lo + inside;
  const double hi = row.domain_hi - inside;
  return lo < hi ? apply(std::clamp(x, lo, hi)) : y;
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

bool UnaryChain::is_signed() const {
  const auto curved = [](const UnaryStep& step) { return step.op == OpKind::kFunction; };
  const auto last = std::find_if(steps_.rbegin(), steps_.rend(), curved);
  return last != steps_.rend() && ir::row_of(last->function.function).lo < 0;
}

bool UnaryChain::is_homogeneous() const {
  return std::all_of(steps_.begin(), steps_.end(),
                     [](const UnaryStep& step) { return step.op == OpKind::kRelu || step.op == OpKind::kLeakyRelu; });
}

bool UnaryChain::keeps_whole() const {
  return is(ir::function("Floor")) || is(ir::function("Ceil")) || is(ir::function("Round")) ||
         is(ir::function("Truncate"));
}

std::optional<ir::FunctionId> UnaryChain::whole_first() const {
  const bool clamps = !steps_.empty() && std::all_of(steps_.begin() + 1, steps_.end(), [](const UnaryStep& step) {
    return step.op == OpKind::kRelu || step.op == OpKind::kClip;
  });
  for (const ir::FunctionId id : {ir::function("Round"), ir::function("Floor"), ir::function("Ceil"),
                                  ir::function("Truncate"), ir::function("Sign")})
    if (clamps && is_function(steps_[0], id)) return id;
  return std::nullopt;
}

bool UnaryChain::rounds_and_clamps() const { return whole_first() == ir::function("Round"); }

bool UnaryChain::is(ir::FunctionId id) const { return steps_.size() == 1 && is_function(steps_[0], id); }

std::pair<double, double> UnaryChain::looked_at(double lo, double hi) const {
  const double reach = std::min(1.0, kReach * std::max(std::abs(lo), std::abs(hi)));
  return has_fixed_range() ? std::pair{std::min(lo, -reach), std::max(hi, reach)} : std::pair{lo, hi};
}

double UnaryChain::steepest(double lo, double hi) const {
  constexpr int kSamples = 4096;
  const auto [from, to] = looked_at(lo, hi);
  const double width = std::max(to - from, 1e-30);
  double most = 0;
  double before = apply(from);
  for (int i = 1; i <= kSamples; ++i) {
    const double y = apply(from + width * i / kSamples);
    if (std::isfinite(y) && std::isfinite(before)) most = std::max(most, std::abs(y - before));
    before = y;
  }
  return std::max(most * kSamples / width, 1e-30);
}

double UnaryChain::argument_step(double steepest, double lo, double hi, double y_step, int most_bits) const {
  const auto [from, to] = looked_at(lo, hi);
  const double width = std::max(to - from, 1e-30);
  // A step up of a function that jumps has no slope.
  const double finest = std::ldexp(width, -most_bits);
  const double step = std::exp2(std::floor(std::log2(y_step / steepest) + 1e-3));
  return std::clamp(step, std::exp2(std::ceil(std::log2(finest))), std::exp2(std::ceil(std::log2(width))));
}

std::pair<double, double> UnaryChain::curved(double lo, double hi, double y_step) const {
  constexpr int kSamples = 4096;
  // Between the jumps of Sign or Floor all is flat, and nothing can be left out.
  const auto jumps = [](const UnaryStep& step) {
    return step.op == ir::OpKind::kFunction && ir::row_of(step.function.function).jumps;
  };
  if (std::any_of(steps_.begin(), steps_.end(), jumps)) return {lo, hi};
  const auto at = [&](int i) { return lo + (hi - lo) * i / kSamples; };
  const auto same = [&](double y, double end) { return y == end || std::abs(y - end) <= y_step / 2; };
  int first = 0;
  int last = kSamples;
  while (first < last && same(apply(at(first + 1)), apply(lo))) ++first;
  while (last > first && same(apply(at(last - 1)), apply(hi))) --last;
  return first < last ? std::pair{at(first), at(last)} : std::pair{lo, hi};
}

std::string UnaryChain::name() const {
  std::string text;
  for (const UnaryStep& step : steps_) {
    if (!text.empty()) text += ",";
    text += std::string(step.op == OpKind::kFunction ? ir::row_of(step.function.function).name : ir::op_name(step.op));
    if (step.op == OpKind::kFunction) {
      text += "(" + std::to_string(std::bit_cast<std::uint32_t>(step.function.a)) + "," +
              std::to_string(std::bit_cast<std::uint32_t>(step.function.b)) + ")";
    }
    if (step.op == OpKind::kLeakyRelu) text += "(" + std::to_string(std::bit_cast<std::uint64_t>(step.alpha)) + ")";
    if (step.op == OpKind::kClip) {
      text += "(" + std::to_string(std::bit_cast<std::uint64_t>(step.lo)) + "," +
              std::to_string(std::bit_cast<std::uint64_t>(step.hi)) + ")";
    }
  }
  return text;
}

}  // namespace zkinfer::quant
