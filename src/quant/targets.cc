// SPDX-License-Identifier: Apache-2.0
// The scale, range and shift that each fusion's output aims at.
#include <algorithm>
#include <cmath>
#include <limits>

#include "quant/lowering.h"

namespace zkinfer::quant {

using ir::index_of;
using ir::OpKind;

namespace {

constexpr int kMostShift = 40;
// What a bounded function of small arguments (a Tanh about 0) may be, of what calibration saw.
constexpr double kRoomOfBounded = 16;
// Of a weight among many, an exponential is known to 2^-14 of itself: more is a longer table for nothing.
constexpr int kMostArgumentBits = 14;
// Of accumulators before a function that jumps, and how much finer than usual their units are.
constexpr int kDecisiveBits = 38;
constexpr int kDecisiveRoom = 10;

double with_head_room(double clip) { return clip > 0 ? clip : 1; }

}  // namespace

void Lowering::assign_targets() {
  targets_.resize(graph_.values.size());
  std::vector<double> group_scale(graph_.values.size(), 0.0);
  for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
    const Fusion& s = fusion(i);
    if (plan_.fused[i] || s.mode != Mode::kNarrow || !(is_accumulator(node(i)) || UnaryChain::is_unary(node(i))))
      continue;
    const std::size_t v = index_of(s.output);
    // Given bits are kept, without head room.
    const bool given = options_.activation_bits > 0;
    const bool compared = plan_.compared[v] && !given;
    const Fewer fewer = fewer_of(i);
    const int more = given ? 0 : more_bits(s.output);
    const std::int64_t narrow = std::max<std::int64_t>(((choice_.levels + 1) << more >> fewer.bits) - 1, kFewestLevels);
    const std::int64_t levels = compared ? ((narrow + 1) << kHeadRoomBits) - 1 : narrow;
    Target& t = targets_[v];
    t.shift = std::max(choice_.shift - fewer.shift, 1) + (given ? 0 : more_bits_read(i));
    t.hi = plan_.non_negative[v] ? levels : levels / 2;
    t.lo = plan_.non_negative[v] ? 0 : -t.hi - 1;
    const double steps = static_cast<double>(t.hi);
    if (s.chain.is_whole()) {
      t.y_scale = 1;  // lo and hi come with the table
      continue;
    }
    const auto it = calibration_.by_name.find(graph_.value(s.output).name);
    if (s.chain.has_fixed_range()) {
      double range = s.chain.fixed_range();
      if (s.chain.is_signed() && it != calibration_.by_name.end() && it->second.max_abs() > 0)
        range = std::min(range, kRoomOfBounded * it->second.max_abs());
      t.y_scale = range / steps;
      continue;
    }
    double clip = 1;
    if (it != calibration_.by_name.end()) {
      const double without_room = static_cast<double>(std::int64_t{1} << kHeadRoomBits);
      clip = compared ? with_head_room(it->second.max_abs()) * without_room : clip_of(it->second, steps);
    }
    if (s.chain.is_clamp()) {
      // A bound the model itself has: exact when calibration nearly reaches it.
      const double bound =
          plan_.non_negative[v] ? s.chain.clamp_hi() : std::max(s.chain.clamp_hi(), -s.chain.clamp_lo());
      if (std::isfinite(bound) && bound > 0 && clip > 0.8 * bound) clip = bound;
    }
    t.y_scale = clip / steps;
    if (const std::int32_t softmax = plan_.softmax[v]; softmax >= 0 && !given) {
      // An exponential is as exact as its argument's unit is small: y moves by a quarter of that at most.
      const double fine = softmax_unit(static_cast<std::size_t>(softmax));
      // A power of two: all softmaxes of so many bits have one table.
      t.y_scale = fine;
      t.hi = static_cast<std::int64_t>(std::ceil(clip / fine));
      if (t.lo < 0) t.lo = -t.hi - 1;
    }
    double& group = group_scale[index_of(plan_.group[v])];
    group = std::max(group, t.y_scale);
  }
  for (std::size_t v = 0; v < targets_.size(); ++v) {
    const double group = group_scale[index_of(plan_.group[v])];
    // Values of fixed range (a Sigmoid beside a Concat) too: their table is made for the scale that their group has.
    if (targets_[v].y_scale > 0 && group > targets_[v].y_scale) targets_[v].y_scale = group;
  }
}

Fewer Lowering::fewer_of(std::size_t i) const {
  const auto own = choice_.fewer.find(i);
  return own != choice_.fewer.end() ? own->second : Fewer{};
}

int Lowering::softmax_bits(std::size_t i) const { return std::max(kLeastSoftmaxBits, bits_ - fewer_of(i).bits); }

double Lowering::softmax_unit(std::size_t i) const {
  return std::ldexp(2.0, -(weighs_values(i) ? std::min(softmax_bits(i), kMostArgumentBits) : softmax_bits(i)));
}

int Lowering::more_bits(ir::ValueId id) const {
  const auto more = calibration_.more_bits.find(graph_.value(id).name);
  return more == calibration_.more_bits.end() ? 0 : std::clamp(more->second, 0, std::max(0, kMostUnevenBits - bits_));
}

int Lowering::more_bits_read(std::size_t i) const {
  const ir::Node& n = node(i);
  if (n.op != OpKind::kConv && n.op != OpKind::kMatMul) return 0;
  for (const std::size_t operand : {std::size_t{0}, std::size_t{1}})
    if (is_const(n.inputs[operand])) return more_bits(n.inputs[1 - operand]);
  return 0;
}

// Where few bits are given, what suits them best; else all that calibration saw and some room: bits are cheap.
double Lowering::clip_of(const Histogram& seen, double steps) const {
  if (!options_.has_room() || seen.max_abs() <= 0) return choose_clip(seen, steps, options_);
  return room() * seen.max_abs();
}

double Lowering::room() const {
  return std::min(kMostRoom, 1 + kRoomOfOne / std::sqrt(static_cast<double>(calibration_.num_inputs)));
}

Target Lowering::target(std::size_t i) const {
  const Fusion& s = fusion(i);
  Target t = targets_[index_of(s.output)];
  t.h_scale = t.y_scale;
  t.any_width = s.chain.is_clamp() || s.chain.is_homogeneous();
  // A steep piece makes steps of its argument larger.
  if (s.chain.is_homogeneous())
    t.h_scale /= std::exp2(std::ceil(std::log2(std::max(1.0, std::abs(s.chain.apply(-1))))));
  if (s.chain.rounds_and_clamps()) {
    // The requantization itself rounds to whole numbers.
    t.h_scale = t.y_scale = 1;
    t.shift = std::max(t.shift, kWholeShift);
    t.any_width = t.whole = true;
  } else if (!s.chain.is_clamp() && !s.chain.is_homogeneous()) {
    const RealRange x = argument_range(i, t.y_scale);
    const auto slope = [&] { return s.chain.steepest(x.lo, x.hi); };
    const std::string asked = s.chain.name() + " " + bits_text(x.lo) + " " + bits_text(x.hi);
    const double steepest = known_ != nullptr ? known_->slope(asked, slope) : slope();
    t.h_scale = s.chain.argument_step(steepest, x.lo, x.hi, t.y_scale, kArgumentBits);
    t.any_width = true;
  }
  return t;
}

double Lowering::sum_unit(std::size_t i, double natural) {
  const auto known = sum_units_.find(i);
  if (known != sum_units_.end()) return known->second;
  double unit = natural;
  if (fusion(i).mode == Mode::kNarrow) {
    const Target t = target(i);
    unit = std::ldexp(t.h_scale, -decisive_shift(i, t.h_scale, sum_shift(i, t), natural));
  }
  if (fusion(i).mode == Mode::kWideTerm) unit = sum_unit(static_cast<std::size_t>(fusion(i).term_of), natural);
  sum_units_[i] = unit;
  return unit;
}

// A larger shift where operands are so fine that their factors, rounded, would be wrong by more than half a unit of the result.
int Lowering::sum_shift(std::size_t i, const Target& t) const {
  int shift = t.shift;
  const auto loss = [&] {
    const double unit = std::ldexp(t.h_scale, -shift);
    double error = 0;
    for (const ir::ValueId id : node(i).inputs) {
      const QTensor& x = tensors_[index_of(id)];
      if (is_const(id) || x.scale == 0) continue;
      const double factor = std::max(1.0, std::nearbyint(x.scale / unit));
      error += std::abs(x.scale - factor * unit) * static_cast<double>(std::max(qvalue(x).hi, -qvalue(x).lo));
    }
    return error;
  };
  while (shift < kMostShift && loss() > t.h_scale / 2) ++shift;
  return shift;
}

// Before a function that jumps, constants count with more bits than in a sum that is rounded anyway. natural: the unit in which
// they have a dozen.
int Lowering::decisive_shift(std::size_t i, double h_scale, int shift, double natural) const {
  if (!fusion(i).chain.is_whole()) return shift;
  const auto seen = calibration_.by_name.find(graph_.value(fusion(i).output).name);
  const double reach = seen == calibration_.by_name.end() || seen->second.empty() ? 1 : seen->second.max_abs();
  const int room = kDecisiveBits - static_cast<int>(std::ceil(std::log2(std::max(1.0, reach / h_scale))));
  while (shift < std::min(kMostShift, room) && std::ldexp(h_scale, -shift) > std::ldexp(natural, -kDecisiveRoom))
    ++shift;
  return shift;
}

double Lowering::wanted_unit(std::size_t i, double natural) {
  const Fusion& s = fusion(i);
  if (s.mode == Mode::kNarrow) {
    const Target t = target(i);
    return std::ldexp(t.h_scale, -t.shift);
  }
  if (s.mode != Mode::kWideTerm) return natural;
  double unit = sum_unit(static_cast<std::size_t>(s.term_of), natural);
  // Fewer weight bits on request: a multiple of the sum's unit.
  while (options_.weight_bits > 0 && unit < natural) unit *= 2;
  return unit;
}

std::int64_t Lowering::fit_factor(double raw, Target& t) const {
  if (t.whole) {
    while (std::ldexp(raw, t.shift) < kExactFactor && t.shift < kMostShift) ++t.shift;
    return static_cast<std::int64_t>(
        std::clamp(std::nearbyint(std::ldexp(raw, t.shift)), 1.0, static_cast<double>(qir::kMaxCoefficient)));
  }
  // acc = factor * sum, real = raw * sum, so h = raw 2^shift / factor; at least the wanted h.
  double factor = std::floor(std::ldexp(raw, t.shift) / t.h_scale * (1 + 1e-9));
  // Without a factor of at least 4, h would be much coarser than wanted: drop more bits at this node.
  while (factor < 4 && t.shift < 30) {
    ++t.shift;
    factor = std::floor(std::ldexp(raw, t.shift) / t.h_scale * (1 + 1e-9));
  }
  factor = std::clamp(factor, 1.0, static_cast<double>(qir::kMaxCoefficient));
  const double exact = std::ldexp(raw, t.shift) / factor;
  if (t.follows()) t.y_scale = exact;
  t.h_scale = exact;
  return static_cast<std::int64_t>(factor);
}

}  // namespace zkinfer::quant
