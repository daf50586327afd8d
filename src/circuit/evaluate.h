// SPDX-License-Identifier: Apache-2.0
// Prover side: values of linear expressions over a box, or over a slice of it, from the columns' values.
#pragma once

#include <vector>

#include "circuit/circuit.h"
#include "circuit/layout.h"
#include "field/vec.h"

namespace zkinfer::circuit {

// Values of every column, row-major; [columns][num_elements]. Columns may be empty while they are not computed yet.
using ColumnValues = std::vector<FpVec>;

// One loop axis of an evaluation and the distance of its steps in the output.
struct LoopAxis {
  std::uint32_t box_axis = 0;
  std::uint64_t length = 0;
  std::uint64_t out_stride = 0;
};

// out[sum_l out_stride_l i_l] = expr at the box point with the loop axes at i_l and every other axis at fixed[axis].
// Positions of `out` that no loop index reaches are left alone.
void evaluate_slice(const LinExpr& expr, const std::vector<Column>& columns, const ColumnValues& data,
                    const std::vector<LoopAxis>& loops, const std::vector<std::uint64_t>& fixed, Fp* out);

// expr at every point of the box, row-major, all cores.
FpVec evaluate(const LinExpr& expr, const std::vector<Column>& columns, const ColumnValues& data, const Box& box);

std::uint64_t box_size(const Box& box);

// Copies one block of a row-major tensor to the block's addresses, out[0 .. 2^log_size); addresses of no index are left
// alone. order: axes from the highest to the lowest address bits.
void copy_block(const Block& block, const std::vector<std::uint32_t>& order, const std::vector<std::uint64_t>& shape,
                const Fp* values, Fp* out);

// Writes the columns that `layout` places to their addresses in out: [num_lanes, num_coefs]; addresses of no column are left
// alone. All cores.
void place_values(const Layout& layout, const std::vector<Column>& columns, const ColumnValues& data, FpSpan out);

}  // namespace zkinfer::circuit
