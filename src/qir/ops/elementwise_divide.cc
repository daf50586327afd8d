// SPDX-License-Identifier: Apache-2.0
// Divide: y = floor((2 c a + h b) / (2 b)), coefs = {c, h}, h = 0 (down) or 1 (to the nearest, halves up).
// SquareRoot: y = floor(sqrt(c x + constant)).
#include <algorithm>

#include "qir/ops/rules.h"

namespace zkinfer::qir {

namespace {

// Half of p = 2^64 - 2^32 + 1, rounded down.
constexpr Wide kHalfModulus = (Wide{1} << 63) - (Wide{1} << 31);
// Products of two numbers of so many bits, and what is added to them, stay far below p.
constexpr int kMaxLowBits = 30;

Wide magnitude(Interval a) { return std::max(-a.lo, a.hi); }

// Of [first, first + 2^bits).
Wide magnitude(Wide first, int bits) { return magnitude({first, first + (Wide{1} << bits) - 1}); }

int bits_of(Wide count) {
  int bits = 0;
  while ((Wide{1} << bits) < count) ++bits;
  return bits;
}

}  // namespace

Wide floor_divide(Wide a, Wide b) {
  const Wide quotient = a / b;
  return quotient * b > a ? quotient - 1 : quotient;
}

std::int64_t floor_sqrt(std::int64_t x) {
  std::int64_t root = 0;
  for (int bit = 31; bit-- > 0;) {
    const std::int64_t next = root + (std::int64_t{1} << bit);
    if (next * next <= x) root = next;
  }
  return root;
}

Result<DivisionPlan> plan_division(Interval numerator, Interval denominator, Interval quotient) {
  if (denominator.lo < 1) {
    return out_of_range("divides by values in " + to_string(denominator) +
                        ", which must be 1 or more; clamp the divisor (give it a table)");
  }
  if (!numerator.within(kMaxMagnitude) || !denominator.within(kMaxMagnitude)) {
    return out_of_range("divides " + to_string(numerator) + " by " + to_string(denominator) +
                        ", which must stay below 2^62; use fewer bits");
  }
  for (int low_bits = 0; low_bits <= kMaxLowBits; ++low_bits) {
    const Wide unit = Wide{1} << low_bits;
    DivisionPlan plan;
    plan.low_bits = low_bits;
    plan.remainder_bits = bits_of(denominator.hi);
    plan.denominator_bits = bits_of(denominator.hi + 1);
    const Wide least = (quotient.lo >> low_bits) << low_bits;
    plan.least = static_cast<std::int64_t>(least);
    plan.quotient_bits = bits_of(quotient.hi - least + 1);
    // Of numerator - denominator y - r, for whatever y and r pass their range checks.
    const auto fits = [&](int bits) {
      return magnitude(numerator) + denominator.hi * (1 + magnitude(least, bits)) < unit * kHalfModulus;
    };
    if (!fits(plan.quotient_bits)) continue;
    plan.most_quotient_bits = plan.quotient_bits;
    if (low_bits == 0) {
      while (plan.most_quotient_bits < kMaxLowBits && fits(plan.most_quotient_bits + 1)) ++plan.most_quotient_bits;
      return plan;
    }
    // Of (numerator - r - z) / unit, z = the product of two numbers below unit.
    const Wide most_taken = denominator.hi + unit * unit;
    const Wide least_carry = (numerator.lo - most_taken) >> low_bits;
    plan.least_carry = static_cast<std::int64_t>(least_carry);
    plan.carry_bits = bits_of((numerator.hi >> low_bits) - least_carry + 1);
    if (magnitude(numerator) + most_taken + unit * magnitude(least_carry, plan.carry_bits) < 2 * kHalfModulus)
      return plan;
  }
  return out_of_range(
      "divides " + to_string(numerator) + " by " + to_string(denominator) +
      ": the product of divisor and quotient may reach 2^93; use fewer bits, or a larger least divisor");
}

Division division_of(const Node& node, Interval a, Interval b) {
  const Interval x = scale(a, node.coefs[0]);
  return node.coefs[1] == 0 ? Division{x, b} : Division{add(scale(x, 2), b), scale(b, 2)};
}

Result<Inferred> infer_divide(const QGraph& graph, const Node& node, const Ranges& ranges) {
  if (node.coefs.size() != 2 || (node.coefs[1] != 0 && node.coefs[1] != 1))
    return invalid_argument("Divide needs two coefficients, the second 0 (round down) or 1 (round half up)");
  ZKI_ASSIGN_OR_RETURN(Shape shape,
                       broadcast_shapes(graph.value(node.inputs[0]).shape, graph.value(node.inputs[1]).shape));
  const Interval a = ranges[node.inputs[0]];
  const Interval b = ranges[node.inputs[1]];
  const Division division = division_of(node, a, b);
  // Grows with the dividend; with the divisor it moves towards zero. plan_division refuses divisors below 1.
  const auto at = [&](Wide x, bool small_divisor) {
    const Wide by = std::max<Wide>(1, small_divisor ? b.lo : b.hi);
    return node.coefs[1] == 0 ? floor_divide(x, by) : floor_divide(2 * x + by, 2 * by);
  };
  const Interval x = scale(a, node.coefs[0]);
  const Interval quotient = make_interval(at(x.lo, x.lo < 0), at(x.hi, x.hi >= 0));
  ZKI_RETURN_IF_ERROR(plan_division(division.numerator, division.denominator, quotient).status());
  return Inferred{std::move(shape), quotient};
}

Result<Inferred> infer_square_root(const QGraph& graph, const Node& node, const Ranges& ranges) {
  if (node.coefs.size() != 1)
    return invalid_argument("SquareRoot needs one coefficient, got " + std::to_string(node.coefs.size()));
  const Interval argument =
      add(scale(ranges[node.inputs[0]], node.coefs[0]), make_interval(node.constant, node.constant));
  if (argument.lo < 0 || !argument.within(kMaxMagnitude)) {
    return out_of_range("takes the root of values in " + to_string(argument) +
                        ", which must be 0 or more and below 2^62; clamp the argument (give it a table)");
  }
  return Inferred{graph.value(node.inputs[0]).shape, make_interval(floor_sqrt(static_cast<std::int64_t>(argument.lo)),
                                                                   floor_sqrt(static_cast<std::int64_t>(argument.hi)))};
}

}  // namespace zkinfer::qir
