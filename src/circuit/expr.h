// SPDX-License-Identifier: Apache-2.0
// Algebra of linear expressions over a box: change of box and scaling. Used by relations/ to derive circuits. Coefficients
// are in F and cannot overflow; indices are checked (LinExpr::out_of_reach).
#pragma once

#include <vector>

#include "circuit/circuit.h"

namespace zkinfer::circuit {

// this = factor * expr.
LinExpr scaled(LinExpr expr, Fp factor);
inline LinExpr scaled(LinExpr expr, std::int64_t factor) { return scaled(std::move(expr), Fp::from_int(factor)); }
LinExpr plus(LinExpr a, const LinExpr& b);
LinExpr minus(const LinExpr& a, const LinExpr& b);
LinExpr plus_constant(LinExpr expr, std::int64_t constant);
// The row-major number of a point on the box axes first_axis, .. of these sizes.
LinExpr position(std::uint32_t first_axis, const Box& sizes);

// Change of box: i_axis := offset + sum of strided new axes + summed indices, for every old axis at once
// ([old rank], by old axis). Summed indices multiply the constant and the views that do not read them by their length.
LinExpr rebase(const LinExpr& expr, const std::vector<AxisMap>& maps);

// A box axis made longer: by `before` indices below 0 and `after` indices behind its end.
struct Extension {
  std::uint32_t axis = 0;
  std::uint64_t before = 0;
  std::uint64_t after = 0;
};

// Whether the expression is zero at every point of the box extended along *all* these axes that is not in the old box, so that
// extending it extends a tensor with zeros. Exact where it says yes; where views cancel or read in unusual ways it says no.
// One axis at a time would not do: where several axes of the box share an axis of a column, an index that leaves the column
// along one of them can come back along another.
bool is_zero_extended(const LinExpr& expr, const std::vector<Column>& columns, const Box& box,
                      const std::vector<Extension>& extensions);

// Whether every index that the expression's views compute over the box stays within kMaxIndex, partial sums included.
bool indices_fit(const LinExpr& expr, const Box& box);

// What an expression takes in memory, about.
std::uint64_t num_bytes(const LinExpr& expr);

// The identity view of a column over a box of the column's shape.
LinExpr column_expr(const Column& column, ColumnId id);

}  // namespace zkinfer::circuit
