// SPDX-License-Identifier: Apache-2.0
// Quotients and square roots: exact integer operators on values of any width, since their arguments (variances, sums of
// exponentials) differ in size by more than one table can tell apart.
#include <algorithm>
#include <bit>
#include <cmath>

#include "ir/functions.h"
#include "quant/lowering.h"

namespace zkinfer::quant {

namespace {

constexpr int kMostDivisorBits = 30;
constexpr int kMostQuotientBits = 58;
constexpr int kMostQuotientFraction = 38;  // bits below one
// Quotients and roots that are rounded again have so many bits more than is asked for; those that are not, so many bits.
constexpr int kExtraBits = 3;
// Of quotients that are factors as they are: so many bits beyond what the target has.
constexpr int kFactorRoomBits = 10;
constexpr int kFreeBits = 20;
// Divisors down to this part of the least one that calibration saw.
constexpr double kLeastDivisor = 0.25;
constexpr int kRootBits = 22;
constexpr int kClampedBits = qir::kMaxTableBits - 2;

int bits_of(const qir::Value& value) {
  return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(std::max(value.hi, -value.lo))));
}

}  // namespace

QTensor Lowering::clamped(std::size_t i, const QTensor& x, AccRange range, const std::string& name) {
  const qir::Value value = qvalue(x);
  return append_looked_up(linear(i, {x}, {1}), pool_.want_clamp(range.lo, range.hi, value.lo, value.hi), name,
                          value.shape, range, x.scale);
}

QTensor Lowering::of_bits(std::size_t i, const QTensor& x, int bits, const std::string& name) {
  const qir::Value value = qvalue(x);
  const int shift = bits_of(value) - bits;
  if (shift <= 0) return x;
  const std::int64_t round = std::int64_t{1} << (shift - 1);
  const AccRange range = {(value.lo + round) >> shift, (value.hi + round) >> shift};
  return append_looked_up(linear(i, {x}, {1}, 0, shift), pool_.want_range(range.lo, range.hi), name, value.shape, range,
                          std::ldexp(x.scale, shift));
}

Status Lowering::lower_divide(std::size_t i) {
  const ir::Node& n = node(i);
  const ir::Value& numerator = graph_.value(n.inputs[0]);
  if (is_const(n.inputs[1])) return fail(i, "divides by a constant; run passes::legalize first");
  QTensor a;
  if (numerator.is_constant()) {
    double most = 0;
    for (const double x : numbers(numerator)) most = std::max(most, std::abs(x));
    const double scale = std::ldexp(most > 0 ? most : 1, -kFreeBits);
    ZKI_ASSIGN_OR_RETURN(a.id, add_param(numerator.name, numerator.shape, numbers(numerator), scale, nullptr));
    a.scale = scale;
  } else {
    a = tensor(n.inputs[0]);
  }
  return lower_quotient(i, a, tensor(n.inputs[1]), graph_.value(n.inputs[1]).name);
}

// Is fusion i's result read as a factor of parameters only, maybe through movement, and not a function of what is divided? Its integers may then be as
// wide as they come: a clamp of the quotient would take three columns and two lookups for each.
bool Lowering::is_factor(std::size_t i) const {
  if (!fusion(i).chain.empty() || options_.activation_bits > 0) return false;
  std::vector<ir::ValueId> values{fusion(i).output};
  for (std::size_t next = 0; next < values.size(); ++next) {
    const ir::ValueId id = values[next];
    if (std::find(graph_.outputs.begin(), graph_.outputs.end(), id) != graph_.outputs.end()) return false;
    for (const ir::Node& reader : graph_.nodes) {
      if (std::find(reader.inputs.begin(), reader.inputs.end(), id) == reader.inputs.end()) continue;
      if (is_movement(reader.op)) {
        values.push_back(reader.output);
        continue;
      }
      const bool multiplies = reader.op == ir::OpKind::kMul || reader.op == ir::OpKind::kMatMul;
      if (!multiplies || !is_const(reader.inputs[reader.inputs[0] == id ? 1 : 0])) return false;
    }
  }
  return true;
}

Status Lowering::lower_quotient(std::size_t i, QTensor a, QTensor b, const std::string& divisor_name, int most_bits) {
  const ir::Value& y = graph_.value(node(i).output);
  a = of_bits(i, a, most_bits, y.name + ".dividend");
  b = of_bits(i, b, kMostDivisorBits, y.name + ".divisor");
  const auto seen = calibration_.by_name.find(divisor_name);
  const bool known = seen != calibration_.by_name.end() && !seen->second.empty();
  double least = known ? std::min(std::abs(seen->second.min()), std::abs(seen->second.max())) : 0;
  if (qvalue(b).lo < 0 && !(known && seen->second.min() >= 0)) {
    // Of either sign: the divisor's magnitude, and the dividend's sign turned with it.
    const QTensor positive = step(i, {b}, {1}, 0, y.name + ".positive");
    b = select(i, positive, b, sum(i, {b}, {-1}, 0, y.name + ".opposite", b.scale), y.name + ".magnitude");
    a = select(i, positive, a, sum(i, {a}, {-1}, 0, y.name + ".dividend_opposite", a.scale), y.name + ".signed");
    if (known && seen->second.min() < 0 && seen->second.max() > 0) least = 0;
  }
  const std::int64_t most = std::max<std::int64_t>(1, qvalue(b).hi);
  const auto smallest = std::clamp<std::int64_t>(static_cast<std::int64_t>(kLeastDivisor * least / b.scale), 1, most);
  if (qvalue(b).lo < smallest) b = clamped(i, b, {smallest, most}, y.name + ".divisor_above_0");

  const bool narrow = fusion(i).mode == Mode::kNarrow;
  Target t = narrow ? target(i) : Target{};
  const bool as_it_is = narrow && is_factor(i);
  double wanted = as_it_is ? t.h_scale : std::ldexp(t.h_scale, -kExtraBits);
  if (!narrow) {
    const auto result = calibration_.by_name.find(y.name);
    const double reach = result != calibration_.by_name.end() ? result->second.max_abs() : 1;
    wanted = std::ldexp(reach > 0 ? reach : 1, -kFreeBits);
  }
  const qir::Value top = qvalue(a);
  const double limit =
      std::ldexp(1.0, kMostQuotientBits) / static_cast<double>(std::max<std::int64_t>({1, top.hi, -top.lo}));
  const double most_coef = std::min(limit, static_cast<double>(qir::kMaxCoefficient));
  double coef = std::clamp(std::floor(a.scale / b.scale / wanted), 1.0, most_coef);
  double unit = a.scale / b.scale / coef;
  // Before a rounding to whole numbers the quotient is so fine that it is rounded once, in units of a power of two.
  for (int bits = kWholeShift; t.whole && bits <= kMostQuotientFraction; ++bits) {
    const double fine = std::nearbyint(std::ldexp(a.scale / b.scale, bits));
    if (fine > most_coef) break;
    coef = std::max(fine, 1.0);
    unit = fine >= kExactFactor ? std::ldexp(1.0, -bits) : a.scale / b.scale / coef;
    if (fine >= kExactFactor) break;
  }
  qir::Node q;
  q.op = qir::Op::kDivide;
  q.name = node(i).name;
  q.inputs = {a.id, b.id};
  q.coefs = {static_cast<std::int64_t>(coef), 1};
  const auto quotient = [&](std::int64_t x) {
    const qir::Wide by = qvalue(b).lo;
    return static_cast<std::int64_t>(qir::floor_divide(2 * qir::Wide{x} * q.coefs[0] + by, 2 * by));
  };
  AccRange range = {top.lo < 0 ? quotient(top.lo) : 0, top.hi > 0 ? quotient(top.hi) : 0};
  if (!narrow || (as_it_is && std::max(range.hi, -range.lo) <= (t.hi << kFactorRoomBits))) {
    emit_plain(i, std::move(q), range, unit);
    return ok_status();
  }
  return emit_rounded(i, append(std::move(q), y.name + ".quotient", y.shape, range, unit), t);
}

namespace {

// The shift that takes integers of this scale at least to the wanted one.
void take_scale(double scale, Target& t) {
  const bool follows = t.follows();
  t.shift = std::max(0, static_cast<int>(std::ceil(std::log2(t.h_scale / scale) - 1e-9)));
  t.h_scale = std::ldexp(scale, t.shift);
  if (!follows) return;
  // The clip stays where it was.
  const double ratio = t.y_scale / t.h_scale;
  t.hi = static_cast<std::int64_t>(std::ceil(static_cast<double>(t.hi) * ratio));
  if (t.lo < 0) t.lo = -t.hi - 1;
  t.y_scale = t.h_scale;
}

}  // namespace

Status Lowering::emit_rounded(std::size_t i, const QTensor& x, Target t) {
  std::int64_t coef = 1;
  if (t.whole) {
    const qir::Value& value = qvalue(x);
    const double reach = static_cast<double>(std::max<std::int64_t>({1, value.hi, -value.lo}));
    t.shift = 0;
    while (t.shift < 40 && std::ldexp(x.scale, t.shift) < 1) ++t.shift;
    const auto inexact = [&] {
      const double factor = std::ldexp(x.scale, t.shift);
      return factor != std::nearbyint(factor) && factor < kExactFactor;
    };
    while (t.shift < 40 && inexact() && std::ldexp(x.scale * reach, t.shift + 1) < std::ldexp(1.0, 58)) ++t.shift;
    coef = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::nearbyint(std::ldexp(x.scale, t.shift))));
  } else {
    take_scale(x.scale, t);
  }
  qir::Node q;
  q.op = qir::Op::kLinear;
  q.inputs = {x.id};
  q.coefs = {coef};
  const qir::Value value = qvalue(x);
  return emit(i, std::move(q), qir::scale(qir::make_interval(value.lo, value.hi), coef),
              t.whole ? std::ldexp(1.0, -t.shift) : x.scale, t, 0, 0);
}

Status Lowering::lower_square_root(std::size_t i) {
  const ir::Value& y = graph_.value(node(i).output);
  QTensor x = tensor(node(i).inputs[0]);
  // A clamp takes no wider integers; small arguments lose bits then.
  if (qvalue(x).lo < 0) x = of_bits(i, x, kClampedBits, y.name + ".rounded");
  if (qvalue(x).lo < 0) x = clamped(i, x, {0, std::max<std::int64_t>(1, qvalue(x).hi)}, y.name + ".argument");
  const qir::Value value = qvalue(x);
  int doublings = 0;
  while (2 * kRootBits - bits_of(value) >= 2 * (doublings + 1) && doublings < 19) ++doublings;
  qir::Node q;
  q.op = qir::Op::kSquareRoot;
  q.inputs = {x.id};
  q.coefs = {std::int64_t{1} << (2 * doublings)};
  const double unit = std::ldexp(std::sqrt(x.scale), -doublings);
  const AccRange range = {qir::floor_sqrt(value.lo * q.coefs[0]), qir::floor_sqrt(value.hi * q.coefs[0])};
  if (fusion(i).mode != Mode::kNarrow) {
    emit_plain(i, std::move(q), range, unit);
    return ok_status();
  }
  q.name = node(i).name;
  return emit_rounded(i, append(std::move(q), y.name + ".root", y.shape, range, unit), target(i));
}

}  // namespace zkinfer::quant
