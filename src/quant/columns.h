// SPDX-License-Identifier: Apache-2.0
// Graph inputs that are tables: [rows, columns], every column a feature with a unit of its own. All have one unit as integers, which must
// be fine enough for the column that counts most beside its size, so that the others have more bits than they need. Up to some octaves the
// weights that meet a column make up for that, and cost nothing; beyond, accumulators would be too wide, and the columns are leveled: each
// is moved to its middle, times a power of two that makes it about as large as the others, and cut off as any activation is.
#pragma once

#include <limits>
#include <string>
#include <unordered_map>
#include <vector>

#include "ir/graph.h"

namespace zkinfer::quant {

struct Calibration;

// Weights read columns of so many octaves without loss; factors in front of something else hardly any.
inline constexpr int kMostReadOctaves = 8;

struct ColumnRange {
  double least = std::numeric_limits<double>::infinity();
  double most = -std::numeric_limits<double>::infinity();
  double size() const { return most > least ? most - least : 0; }
};
using Columns = std::vector<ColumnRange>;  // none of what is no table
using ColumnsByName = std::unordered_map<std::string, Columns>;

void widen(Columns& columns, const FloatTensor& x);

// An input, if it is a table, and the tables that begin where numbers fill in for entries of its columns (ir::as_filled).
std::vector<ir::ValueId> tables_of(const ir::Graph& graph, ir::ValueId input);

// The largest |x| of an input beside the range that a column would have whose rounding hurts no more than the narrowest's does: what the
// columns' effects are follows from the weights that read them, where they do; at least 1. `columns` of tables_of the input.
double spread_of_columns(const ir::Graph& graph, ir::ValueId input, const ColumnsByName& columns);

// Unlike columns that factors and offsets read, or weights where they are too unlike for those, are leveled; what is compared stays.
ir::Graph level_columns(ir::Graph graph, const Calibration& calibration);

}  // namespace zkinfer::quant
