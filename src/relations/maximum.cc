// SPDX-License-Identifier: Apache-2.0
// Maxima (MaxPool, ReduceMax, and inside Softmax):  max(u, v) = v + max(0, u - v). An axis of length k is halved: u the first floor(k/2) entries, v the rest,
// the last of which is alone where k is odd: there the column of positive parts has ended and reads 0. So k - 1 positive parts
// are committed, and nothing else; the maximum itself is an expression.
//   d = u - v, y = max(0, d): (d, y) in a table; or, where that table costs more, y and y - d non-negative with
//   y (y - d) = 0: one of them is 0, so y = 0 and d <= 0, or y = d >= 0. With |d| and both ranges below 2^62 nothing wraps.
#include "relations/builder.h"

namespace zkinfer::relations {

LinExpr Builder::positive_part(const std::string& name, const Box& box, const LinExpr& expr, std::int64_t reach,
                               std::uint64_t of_a_row) {
  const std::uint64_t num_elements = num_rows_ * of_a_row;
  const LinExpr y = add_witness(name, box);
  recipes().positive_part(column_of(y), expr, box, 0);
  const int bits = circuit::axis_bits(static_cast<std::uint64_t>(reach) + 1);
  // A table that has every |x| <= reach and is exact on its whole domain.
  const auto known = positive_part_tables_.lower_bound(reach);
  std::uint64_t rows = bits < qir::kMaxListedBits ? std::uint64_t{2} << bits : kNever / kRowCost;
  if (known != positive_part_tables_.end()) rows = 0;
  const std::uint64_t cut = 2 * range_cost(num_elements, bits) + kContractionCost * num_elements;
  if (bits < kUncutBits || kLookupCost * num_elements + kRowCost * rows <= cut) {
    const std::int64_t half = std::int64_t{1} << bits;
    const std::uint32_t table = known != positive_part_tables_.end()
                                    ? known->second
                                    : clamp_table(circuit::Table::Form::kValues, -half, bits + 1, 0, half);
    add_lookup(name, box, table, {expr, y});
    return y;
  }
  const LinExpr negative = circuit::minus(y, expr);
  add_range_check(name + " value", box, y, bits);
  add_range_check(name + " rest", box, negative, bits);
  add_pointwise(name, box, {}, y, negative);
  return y;
}

LinExpr Builder::maximum_along(const std::string& name, LinExpr expr, Box& box, std::uint32_t axis,
                               std::int64_t reach) {
  std::uint64_t num_elements = box[axis] - 1;
  for (std::uint32_t b = 0; b < box.size(); ++b) num_elements *= b == axis ? 1 : box[b];
  const std::vector<AxisMap> identity = identity_maps(box);
  while (box[axis] > 1) {
    const std::uint64_t half = box[axis] / 2;
    std::vector<AxisMap> last = identity;
    last[axis].offset = static_cast<std::int64_t>(half);
    const LinExpr v = circuit::rebase(expr, last);
    Box pairs = box;
    pairs[axis] = half;
    expr = circuit::plus(v, positive_part(name + " maximum", pairs, circuit::minus(expr, v), reach, num_elements));
    box[axis] -= half;
  }
  return expr;
}

}  // namespace zkinfer::relations
