// SPDX-License-Identifier: Apache-2.0
// Softmax along an axis: m = max x (an expression), e_i = T[x_i - m] (table of exponentials), s = sum e,
//   y_i = floor((2^(q+1) e_i + s) / (2 s)), q = shift:   2^(q+1) e_i + s - rem_i = 2 s y_i,   0 <= rem_i <= 2 s - 1.
// rem_i and 2 s - 1 - rem_i are sums of limbs in a range table; y_i is range-checked so that 2 s y_i cannot wrap.
#include <algorithm>

#include "relations/builder.h"

namespace zkinfer::relations {

namespace {

constexpr int kLimbBits = 12;

// Limbs of expr mod other (or its complement), range-checked; returns their weighted sum.
LinExpr limbs(Builder& builder, const std::string& name, const Box& box, const LinExpr& expr, const LinExpr& other,
              bool negated, int num_limbs) {
  LinExpr sum;
  for (int limb = 0; limb < num_limbs; ++limb) {
    const LinExpr column = builder.add_witness(name, box);
    builder.recipes().division_limb(Builder::column_of(column), expr, other, box, limb * kLimbBits, kLimbBits, negated);
    builder.add_range_check(name, box, column, kLimbBits);
    sum = circuit::plus(std::move(sum), circuit::scaled(column, std::int64_t{1} << (kLimbBits * limb)));
  }
  return sum;
}

}  // namespace

Result<Tensor> build_softmax(Builder& builder, std::uint32_t index) {
  const qir::Node& node = builder.graph().nodes[index];
  const qir::Value& input = builder.value(node.inputs[0]);
  const qir::Table& table = builder.graph().tables[static_cast<std::size_t>(node.requant.table_index)];
  const auto axis = static_cast<std::size_t>(node.axes[0]);
  const auto n = static_cast<std::uint64_t>(input.shape[axis]);
  Tensor x = without_unit_atoms(builder.tensor(node.inputs[0]));
  if (n > 1) x = builder.refined(node.name + " input", x, axis, {n});
  const Box box = x.atoms;
  // m and s keep the axis with length 1 and are broadcast along it.
  LinExpr m = x.expr;
  std::vector<AxisMap> summed = identity_maps(box);
  std::vector<AxisMap> broadcast = summed;
  if (n > 1) {
    const std::uint32_t along = x.first_atom(axis);
    Box reduced = box;
    m = builder.maximum_along(node.name, x.expr, reduced, along, builder.honest_reach(node.inputs[0]));
    broadcast[along] = {};
    m = circuit::rebase(m, broadcast);
    summed[along] = {0, {}, {{n, 1}}};
  }
  const LinExpr difference = circuit::minus(x.expr, m);
  const LinExpr e = builder.add_witness(node.name + " exponential", box);
  builder.recipes().table(Builder::column_of(e), node.requant.table_index, difference, box);
  builder.add_lookup(node.name + " exponential", box, builder.graph_table(node.requant.table_index), {difference, e});
  const LinExpr s = circuit::rebase(e, summed);

  const int q = node.requant.shift;
  const LinExpr numerator = circuit::plus(circuit::scaled(e, std::int64_t{1} << (q + 1)), s);
  const LinExpr denominator = circuit::scaled(s, 2);
  const std::int64_t most = *std::max_element(table.values.begin(), table.values.end());
  const int bits = circuit::axis_bits(2 * static_cast<std::uint64_t>(most) * n + 1);
  const int num_limbs = (bits + kLimbBits - 1) / kLimbBits;
  const LinExpr rem = limbs(builder, node.name + " remainder", box, numerator, denominator, false, num_limbs);
  const LinExpr rest = limbs(builder, node.name + " complement", box, numerator, denominator, true, num_limbs);
  builder.add_equality(node.name + " remainder", box,
                       circuit::plus_constant(circuit::minus(circuit::minus(denominator, rem), rest), -1));
  const Tensor y = builder.add_tensor(node.name, x);
  builder.recipes().value(Builder::column_of(y.expr), node.output);
  // qir::validate: 2 s 2^(q+1) < 2^62. A larger table is as good while the product stays below that.
  int most_bits = q + 1;
  while (most_bits < 40 && (2 * static_cast<std::uint64_t>(most) * n) << (most_bits + 1) <= std::uint64_t{1} << 61)
    ++most_bits;
  builder.add_nonnegative_check(node.name + " value", box, y.expr, std::int64_t{1} << q, most_bits);
  builder.add_contraction({node.name, box, std::vector<circuit::AxisRole>(box.size(), circuit::AxisRole::kC),
                           circuit::minus(numerator, rem), denominator, y.expr});
  return y;
}

}  // namespace zkinfer::relations
