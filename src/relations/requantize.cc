// SPDX-License-Identifier: Apache-2.0
// Rounding:  y = T[hi],  2^shift hi + lo = acc + round,  0 <= lo < 2^shift,  round = 2^(shift-1) (0 when shift = 0).
// lo is looked up in the range table of 2^shift rows and (hi, y) in T (hi alone when T is a range: then y = hi), so that
// hi lies in T's domain; with 2^shift |domain| < p/2 and |acc| < p/2 (qir::validate) hi and lo are the unique integers.
#include "relations/builder.h"

namespace zkinfer::relations {

using circuit::minus;
using circuit::plus;
using circuit::plus_constant;
using circuit::scaled;

namespace {

std::int64_t rounding(const qir::Requant& requant) {
  return requant.shift == 0 ? 0 : std::int64_t{1} << (requant.shift - 1);
}

// Looks (hi, y) up and returns y's tensor; `hi` is an expression over like.atoms. For range tables y is hi itself.
Tensor look_up_value(Builder& builder, std::uint32_t index, const Tensor& like, const LinExpr& hi) {
  const qir::Node& node = builder.graph().nodes[index];
  const qir::Table& rows = builder.graph().tables[static_cast<std::size_t>(node.requant.table_index)];
  const std::uint32_t table = builder.graph_table(node.requant.table_index);
  if (rows.kind == qir::TableKind::kRange) {
    builder.add_lookup(node.name + " value", like.atoms, table, {hi});
    return {like.atoms, like.atoms_per_axis, hi};
  }
  Tensor y = builder.add_tensor(node.name, like);
  builder.recipes().value(Builder::column_of(y.expr), node.output);
  builder.add_lookup(node.name + " value", like.atoms, table, {hi, y.expr});
  return y;
}

}  // namespace

Tensor Builder::requantize(std::uint32_t index, const Tensor& acc) {
  const qir::Node& node = graph_.nodes[index];
  const qir::Requant& requant = node.requant;
  if (requant.table_index == qir::kNoTable) return acc;
  if (requant.shift == 0) return look_up_value(*this, index, acc, acc.expr);
  // hi is committed, lo = acc + round - 2^shift hi is an expression.
  const Tensor hi = add_tensor(node.name + " quotient", acc);
  recipes().quotient(column_of(hi.expr), index);
  const LinExpr lo =
      minus(plus_constant(acc.expr, rounding(requant)), scaled(hi.expr, std::int64_t{1} << requant.shift));
  add_range_check(node.name + " remainder", acc.atoms, lo, requant.shift);
  return look_up_value(*this, index, acc, hi.expr);
}

Tensor Builder::committed_accumulator(std::uint32_t index, const Tensor& like, Tensor& y) {
  const qir::Node& node = graph_.nodes[index];
  const qir::Requant& requant = node.requant;
  if (requant.table_index == qir::kNoTable) {
    y = add_tensor(node.name, like);
    recipes().value(column_of(y.expr), node.output);
    return y;
  }
  const Tensor hi = add_tensor(node.name + " quotient", like);
  recipes().quotient(column_of(hi.expr), index);
  y = look_up_value(*this, index, like, hi.expr);
  if (requant.shift == 0) return hi;
  const Tensor lo = add_tensor(node.name + " remainder", like);
  recipes().remainder(column_of(lo.expr), index);
  add_range_check(node.name + " remainder", like.atoms, lo.expr, requant.shift);
  Tensor acc = hi;
  acc.expr = plus_constant(plus(scaled(hi.expr, std::int64_t{1} << requant.shift), lo.expr), -rounding(requant));
  return acc;
}

}  // namespace zkinfer::relations
