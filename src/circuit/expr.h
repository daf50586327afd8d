// SPDX-License-Identifier: Apache-2.0
// Algebra of linear expressions over a box: change of box and scaling. Used by relations/ to derive circuits.
#pragma once

#include <vector>

#include "circuit/circuit.h"

namespace zkinfer::circuit {

// this = factor * expr.
LinExpr scaled(LinExpr expr, std::int64_t factor);
LinExpr plus(LinExpr a, const LinExpr& b);
LinExpr minus(const LinExpr& a, const LinExpr& b);
LinExpr plus_constant(LinExpr expr, std::int64_t constant);

// Change of box: i_axis := offset + sum of strided new axes + summed indices, for every old axis at once
// ([old rank], by old axis). Summed indices multiply the constant and the views that do not read them by their length.
LinExpr rebase(const LinExpr& expr, const std::vector<AxisMap>& maps);

// Whether every view that is not zero reads outside its column for i_axis in [-before, 0) and [size, size + after), so
// that extending the axis extends the expression with zeros.
bool is_zero_extended(const LinExpr& expr, const std::vector<Column>& columns, const Box& box, std::uint32_t axis,
                      std::uint64_t before, std::uint64_t after);

// What an expression takes in memory, about.
std::uint64_t num_bytes(const LinExpr& expr);

// The identity view of a column over a box of the column's shape.
LinExpr column_expr(const Column& column, ColumnId id);

}  // namespace zkinfer::circuit
