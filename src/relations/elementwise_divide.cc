// SPDX-License-Identifier: Apache-2.0
// Quotient  y = floor(n / d):  n = d y + r,  0 <= r <= d - 1.  Root  y = floor(sqrt(z)):  z = y^2 + r,  0 <= r <= 2 y.
// The product is a committed column, tied by a contraction; r is the expression n - product, and r and its complement
// d - 1 - r are range-checked, so r is an integer of [0, d). y is range-checked as well.
// One y only: for all n, d in their ranges (d >= 1) and all y, r that pass the checks, e = n - d y - r is an integer that is 0
// modulo p. Where |e| < p for all of them (qir::plan_division), e = 0, and integers have one quotient and one remainder.
// Where d y may be larger, e = 0 modulo 2^t is proven too: d = d0 + 2^t d1 and y = y0 + 2^t y1 with y0, d0, .. in range, z = d0 y0
// < 2^2t, and n - r - z = 2^t c with c so small that this is an equation of integers. So 2^t p divides e, and |e| < 2^t p.
// The root: y < 2^31, z < 2^62 and r < 2^33, so z - y^2 - r is far below p, and y^2 <= z < (y + 1)^2 has one y >= 0.
#include "relations/builder.h"

namespace zkinfer::relations {

using circuit::minus;
using circuit::plus_constant;
using circuit::scaled;

namespace {

bool reads(const LinExpr& expr, std::uint32_t box_axis) {
  for (const circuit::View& view : expr.views) {
    for (const AxisMap& map : view.axes) {
      for (const circuit::AxisTerm& term : map.terms) {
        if (term.box_axis == box_axis) return true;
      }
    }
  }
  return false;
}

// expr mod 2^bits, for 0 <= expr < 2^size: a range-checked column, and the rest is checked too; over the axes that expr reads.
LinExpr low_part(Builder& builder, const std::string& name, const Box& box, const LinExpr& expr, int size, int bits) {
  if (size <= bits) return expr;
  Box own;
  std::vector<AxisMap> to_own, back;
  for (std::uint32_t axis = 0; axis < box.size(); ++axis) {
    to_own.emplace_back();
    if (!reads(expr, axis)) continue;
    to_own.back() = mixed_radix(static_cast<std::uint32_t>(own.size()), {box[axis]});
    back.push_back(mixed_radix(axis, {box[axis]}));
    own.push_back(box[axis]);
  }
  const LinExpr whole = circuit::rebase(expr, to_own);
  const LinExpr low = builder.add_witness(name + " low", own);
  builder.recipes().limb(Builder::column_of(low), whole, own, 0, bits);
  builder.add_range_check(name + " low", own, low, bits);
  const Fp unit = inverse(Fp(std::uint64_t{1} << bits));
  builder.add_range_check(name + " high", own, scaled(minus(whole, low), unit), size - bits);
  return circuit::rebase(low, back);
}

}  // namespace

LinExpr Builder::product(const std::string& name, const Box& box, const LinExpr& lhs, const LinExpr& rhs) {
  const LinExpr out = add_witness(name, box);
  recipes().product(column_of(out), lhs, rhs, box);
  std::vector<AxisRole> roles;
  for (std::uint32_t axis = 0; axis < box.size(); ++axis)
    roles.push_back(reads(lhs, axis) ? AxisRole::kC : AxisRole::kB);
  add_contraction({name, box, std::move(roles), out, lhs, rhs});
  return out;
}

void Builder::add_quotient(const std::string& name, const Box& box, const LinExpr& numerator,
                           const LinExpr& denominator, const LinExpr& y, const qir::DivisionPlan& plan) {
  const LinExpr whole_product = product(name + " product", box, denominator, y);
  add_between(name + " remainder", box, minus(numerator, whole_product), plus_constant(denominator, -1),
              plan.remainder_bits);
  const LinExpr above = plus_constant(y, -plan.least);
  if (plan.low_bits == 0) {
    const std::int64_t reach = (std::int64_t{1} << plan.quotient_bits) - 1;
    return add_nonnegative_check(name + " value", box, above, reach, plan.most_quotient_bits);
  }
  const int bits = plan.low_bits;
  if (plan.quotient_bits <= bits) add_range_check(name + " value", box, above, plan.quotient_bits);
  const LinExpr y0 = low_part(*this, name + " value", box, above, plan.quotient_bits, bits);
  const LinExpr d0 = low_part(*this, name + " divisor", box, denominator, plan.denominator_bits, bits);
  const LinExpr z = product(name + " low product", box, d0, y0);
  const Fp unit = inverse(Fp(std::uint64_t{1} << bits));
  const LinExpr carry = scaled(minus(whole_product, z), unit);  // the product is n - r
  add_range_check(name + " carry", box, plus_constant(carry, -plan.least_carry), plan.carry_bits);
}

Result<Tensor> build_square_root(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  const Tensor x = without_unit_atoms(builder.tensor(node.inputs[0]));
  const LinExpr z = plus_constant(scaled(x.expr, node.coefs[0]), node.constant);
  const Tensor y = builder.add_value(node, x);
  const std::int64_t most = static_cast<std::int64_t>(builder.sound_range(node.output).hi);
  builder.add_nonnegative_check(node.name + " value", x.atoms, y.expr, most, 31);
  const LinExpr square = builder.product(node.name + " square", x.atoms, y.expr, y.expr);
  builder.add_between(node.name + " remainder", x.atoms, minus(z, square), scaled(y.expr, 2),
                      circuit::axis_bits(2 * static_cast<std::uint64_t>(most) + 1));
  return y;
}

}  // namespace zkinfer::relations
