// SPDX-License-Identifier: Apache-2.0
// Tables of functions. Of a curved one the argument is known to a step at which the result moves by about one unit, inside the
// interval that calibration saw and some room; arguments beyond are cut off there.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "ir/functions.h"
#include "quant/lowering.h"

namespace zkinfer::quant {

namespace {

constexpr double kRoom = 0.5;  // of the interval's width, on both sides
constexpr double kMostWhole = 1 << 30;

constexpr int kMostFractionBits = 40;
constexpr int kNearBits = 15;

// Of the slopes of two pieces, and what their rounding may cost, in steps of y.
constexpr int kMostSlopeBits = 24;
constexpr double kSlopeLoss = 0.125;

// s where x is 2^-s, 1 <= s <= 40.
std::optional<int> fraction_bits(double x) {
  int exponent = 0;
  if (std::frexp(x, &exponent) != 0.5) return std::nullopt;
  const int bits = 1 - exponent;
  return bits >= 1 && bits <= kMostFractionBits ? std::optional<int>(bits) : std::nullopt;
}

}  // namespace

// Of sign * x, times a unit that makes its fractions powers of two: every rounding is a shift of a sum, and at a tie Round looks
// at whether the result is odd.
// nearly: of a sum whose factors are rounded, a number that close to a whole one counts as it.
Status Lowering::lower_rounding(std::size_t i, const QTensor& given, std::int64_t sign, double unit, bool nearly) {
  const UnaryChain& chain = fusion(i).chain;
  const ir::FunctionId id = *chain.whole_first();
  const std::string& name = graph_.value(fusion(i).output).name;
  const Shape shape = qvalue(given).shape;
  const std::optional<int> exact = fraction_bits(unit);
  int bits = exact.value_or(kWholeShift);
  while (!exact && bits < kMostFractionBits && std::ldexp(unit, bits) < kExactFactor) ++bits;
  const double factor = std::ldexp(unit, bits);
  if (!(factor >= 1) || factor > std::ldexp(1.0, 30))
    return fail(i, "rounds numbers whose unit is " + std::to_string(unit));
  const std::int64_t coef = sign * static_cast<std::int64_t>(std::nearbyint(factor));
  if (!qir::scale(qir::range_of(qvalue(given)), coef).within(std::int64_t{1} << 58))
    return fail(i, "rounds numbers of more than 58 bits; give inputs a smaller range");
  const QTensor x = coef == 1 ? given : sum(i, {given}, {coef}, 0, name + ".argument", std::ldexp(1.0, -bits));
  const std::int64_t one = std::int64_t{1} << bits;
  const std::int64_t half = one / 2;
  const auto bound = [](double limit) { return static_cast<std::int64_t>(std::clamp(limit, -0x1p40, 0x1p40)); };
  QTensor y;
  if (id == ir::function("Sign")) {
    const QTensor above = step(i, {x}, {1}, 0, name + ".above");
    const QTensor below = step(i, {x}, {-1}, 0, name + ".below");
    y = sum(i, {above, below}, {1, -1}, 0, name + ".sign", 1);
    out_.graph.values[y.id].lo = -1;
    out_.graph.values[y.id].hi = 1;
  } else {
    std::vector<QTensor> terms{x};
    std::vector<std::int64_t> coefs{1};
    // The requantization adds a half.
    const std::int64_t slack = nearly && bits > kNearBits ? one >> kNearBits : 0;
    std::int64_t constant = id == ir::function("Round")  ? 0
                            : id == ir::function("Ceil") ? half - 1 - slack
                                                         : -half + slack;
    if (id == ir::function("Truncate") && qvalue(x).lo < 0) {
      terms.push_back(step(i, {x}, {-1}, 0, name + ".negative"));
      coefs.push_back(one - 1 - 2 * slack);
    }
    const AccRange acc = sum_range(terms, coefs, constant + half);
    const AccRange reach = {acc.lo >> bits, acc.hi >> bits};
    // One more on either side: a tie beyond the bounds goes back to them.
    const AccRange range = {std::min(std::max(reach.lo, bound(chain.clamp_lo()) - 1), reach.hi),
                            std::max(std::min(reach.hi, bound(chain.clamp_hi()) + 1), reach.lo)};
    const bool cuts = range.lo > reach.lo || range.hi < reach.hi;
    y = append_looked_up(
        linear(i, terms, coefs, constant, bits),
        cuts ? pool_.want_clamp(range.lo, range.hi, reach.lo, reach.hi) : pool_.want_range(reach.lo, reach.hi),
        name + ".whole", shape, range, 1);
    if (id == ir::function("Round") && exact && log_rows(range.lo, range.hi) <= kMostFunctionBits) {
      // Of two equally near numbers the even one: one less where an odd one was rounded up to.
      const QTensor tie = step(i, {y, x}, {one, -1}, 1 - half, name + ".tie");
      const std::size_t request = pool_.want_function(
          "is odd", [](std::int64_t number) { return static_cast<std::int32_t>(number & 1); }, range.lo, range.hi);
      const QTensor odd = append_looked_up(linear(i, {y}, {1}), request, name + ".odd", shape, {0, 1}, 1);
      qir::Node both;
      both.op = qir::Op::kMul;
      both.name = node(i).name;
      both.inputs = {tie.id, odd.id};
      both.coefs = {1};
      const QTensor down = append(std::move(both), name + ".down", shape, {0, 1}, 1);
      y = sum(i, {y, down}, {1, -1}, 0, name + ".even", 1);
    }
  }
  const AccRange kept = {std::max(qvalue(y).lo, bound(chain.clamp_lo())),
                         std::min(qvalue(y).hi, bound(chain.clamp_hi()))};
  if (kept.lo > qvalue(y).lo || kept.hi < qvalue(y).hi)
    y = clamped(i, y, {std::min(kept.lo, kept.hi), std::max(kept.lo, kept.hi)}, name);
  tensor(fusion(i).output) = y;
  return ok_status();
}

RealRange Lowering::argument_range(std::size_t i, double y_scale) const {
  const ir::Node& n = node(i);
  const ir::Value& x = graph_.value(UnaryChain::is_unary(n) && UnaryChain::fuses(n) ? n.inputs[0] : n.output);
  const auto it = calibration_.by_name.find(x.name);
  if (it == calibration_.by_name.end() || it->second.empty()) return {-1, 1};
  const double width = std::max(it->second.max() - it->second.min(), 1e-6 * it->second.max_abs());
  const double room = width > 0 ? kRoom * width : 1;
  const auto [lo, hi] = fusion(i).chain.curved(it->second.min() - room, it->second.max() + room, y_scale);
  return {lo, hi};
}

// y = a max(x, 0) + b min(x, 0) of x, an activation: b x + (a - b) Relu(x), in one rounding behind that of x.
Result<std::size_t> Lowering::want_two_pieces(std::size_t i, const Target& t, AccRange domain, AccRange& y,
                                              qir::Node& node) {
  const ir::Node& n = this->node(i);
  const UnaryChain& chain = fusion(i).chain;
  const ir::Value& value = graph_.value(fusion(i).output);
  // As far beyond what calibration saw of the argument as y reaches beyond its own.
  const auto seen = [&](ir::ValueId id) {
    const auto it = calibration_.by_name.find(graph_.value(id).name);
    return it == calibration_.by_name.end() ? 0.0 : it->second.max_abs();
  };
  const double ratio = t.h_scale / t.y_scale;
  const double x_most = seen(UnaryChain::is_unary(n) && UnaryChain::fuses(n) ? n.inputs[0] : n.output);
  const double y_most = seen(fusion(i).output);
  // Given bits are kept.
  const bool given = options_.activation_bits > 0;
  const double unlike = y_most > 0 && !given ? std::max(1.0, x_most / y_most) : 1;
  const double reach = static_cast<double>(t.hi) / ratio * unlike;
  const auto end = static_cast<std::int64_t>(std::clamp(std::ceil(reach), 1.0, 0x1p40));
  const AccRange kept = {std::clamp(-end, domain.lo, domain.hi), std::clamp(end, domain.lo, domain.hi)};
  QTensor x;
  if (node.op == qir::Op::kLinear && node.inputs.size() == 1 && node.coefs[0] == 1 && node.constant == 0 &&
      node.requant.shift == 0 && kept.lo == domain.lo && kept.hi == domain.hi) {
    x = {node.inputs[0], t.h_scale};
  } else {
    node.name = n.name;
    x = append_looked_up(std::move(node), pool_.want_clamp(kept.lo, kept.hi, domain.lo, domain.hi),
                         value.name + ".argument", value.shape, kept, t.h_scale);
  }
  const QTensor positive = clamped(i, x, {0, std::max<std::int64_t>(kept.hi, 1)}, value.name + ".positive");
  // Slopes in units of 2^-bits, so fine that x times their error is an eighth of a step.
  const double above = chain.apply(1) * ratio;
  const double below = -chain.apply(-1) * ratio;
  int bits = 0;
  const auto loss = [&](double slope) {
    const double unit = std::ldexp(1.0, bits);
    return std::abs(slope - std::nearbyint(slope * unit) / unit) * static_cast<double>(end);
  };
  while (bits < kMostSlopeBits && std::max(loss(above), loss(below)) > kSlopeLoss) ++bits;
  const auto slope = [&](double real) { return static_cast<std::int64_t>(std::nearbyint(std::ldexp(real, bits))); };
  node = linear(i, {x, positive}, {slope(below), slope(above) - slope(below)}, 0, bits);
  const std::int64_t round = bits > 0 ? std::int64_t{1} << (bits - 1) : 0;
  // Of the ranges of both terms, as if they were free.
  const AccRange sum = sum_range({x, positive}, node.coefs, round);
  const AccRange all = {sum.lo >> bits, sum.hi >> bits};
  y = given ? AccRange{std::max(all.lo, t.lo), std::min(all.hi, t.hi)} : all;
  const bool cuts = all.lo < y.lo || all.hi > y.hi;
  return cuts ? pool_.want_clamp(y.lo, y.hi, all.lo, all.hi) : pool_.want_range(y.lo, y.hi);
}

Result<std::size_t> Lowering::want_function(std::size_t i, const Target& t, AccRange domain, AccRange& y,
                                            qir::Node& node) {
  const UnaryChain chain = fusion(i).chain;
  double h = t.h_scale;
  const double y_scale = t.y_scale;
  if (log_rows(domain.lo, domain.hi) > kMostFunctionBits) {
    const RealRange seen = argument_range(i, t.y_scale);
    const auto within = [&](double x) {
      return static_cast<std::int64_t>(
          std::clamp(x / h, static_cast<double>(domain.lo), static_cast<double>(domain.hi)));
    };
    AccRange kept = {within(std::floor(seen.lo)), within(std::ceil(seen.hi))};
    if (const int more = log_rows(kept.lo, kept.hi) - kMostFunctionBits; more > 0 && !chain.is_whole()) {
      // Finer than a table can tell apart: low bits are dropped.
      node.requant.shift = static_cast<std::uint8_t>(node.requant.shift + more);
      domain = {domain.lo >> more, (domain.hi >> more) + 1};
      h = std::ldexp(h, more);
      kept = {within(std::floor(seen.lo)), within(std::ceil(seen.hi))};
    }
    const ir::Value& value = graph_.value(fusion(i).output);
    node.name = this->node(i).name;
    const QTensor argument = append_looked_up(std::move(node), pool_.want_clamp(kept.lo, kept.hi, domain.lo, domain.hi),
                                              value.name + ".argument", value.shape, kept, h);
    node = linear(i, {argument}, {1});
    domain = kept;
  }
  if (log_rows(domain.lo, domain.hi) > 20) {
    return fail(i, "the table of its function needs arguments " + std::to_string(domain.lo) + ".." +
                       std::to_string(domain.hi) + ", at most 2^20 are possible; use fewer activation bits");
  }
  const auto exact = [chain, h, y_scale](std::int64_t x) {
    const double value = chain.apply_inside(static_cast<double>(x) * h, h / 2) / y_scale;
    return std::isnan(value) ? 0 : value;
  };
  if (chain.is_whole()) {
    double least = kMostWhole;
    double most = -kMostWhole;
    for (std::int64_t x = domain.lo; x <= domain.hi; ++x) {
      least = std::min(least, std::floor(exact(x) + 0.5));
      most = std::max(most, std::floor(exact(x) + 0.5));
    }
    if (least < -kMostWhole || most > kMostWhole) {
      return fail(i, "its results reach beyond 2^30 for arguments between " + std::to_string(domain.lo) + " and " +
                         std::to_string(domain.hi) + " times " + std::to_string(h));
    }
    y = {static_cast<std::int64_t>(least), static_cast<std::int64_t>(most)};
  }
  const std::string name = chain.name() + " " + bits_text(h) + " " + bits_text(y_scale) + " " + std::to_string(y.lo) +
                           " " + std::to_string(y.hi);
  const auto curve = [exact, y](std::int64_t x) {
    return std::clamp(exact(x), static_cast<double>(y.lo), static_cast<double>(y.hi));
  };
  // Whole results are exact: no pieces for these.
  if (chain.is_whole()) {
    return pool_.want_function(
        name, [curve](std::int64_t x) { return static_cast<std::int32_t>(std::floor(curve(x) + 0.5)); }, domain.lo,
        domain.hi);
  }
  return pool_.want_curve(name, curve, domain.lo, domain.hi, graph_.value(fusion(i).output).shape.num_elements());
}

}  // namespace zkinfer::quant
