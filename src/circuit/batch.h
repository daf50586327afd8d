// SPDX-License-Identifier: Apache-2.0
// A circuit repeated over the rows of a batch: the relations of one row, once for each of them, over one set of parameters.
//
// Every column of a row (witness, committed tensor) gets a leading axis, the number of the row, and every relation that reads one
// a leading box axis, at which each such column is read: at row n the relation is that of the given circuit on the n-th parts of
// the columns. What all rows have in common stays as it is: parameters, constants, columns that are made of
// those alone (Column::is_shared), public tables, and relations between these.
// So columns obey the repeated circuit exactly if for every n the common ones and the n-th parts obey the given one, and no
// relation reads two rows. Committed tables are where a value could come from anywhere: the rows of one that is made of a row's columns carry its
// number, and so does whatever is looked up there.
#pragma once

#include "circuit/circuit.h"

namespace zkinfer::circuit {

// A data oracle's column has one axis, and the relation that reads it covers every entry once (Builder::add_committed_tensors),
// so no read leaves the row's part; other columns have the leading axis for themselves, where reads beyond another axis give 0.
//
// row: without pads yet (argument::add_pad_column). The result's sizes are for the caller to check (relations/compile.h); num_rows at most 2^30.
Circuit batched(Circuit row, std::uint64_t num_rows);

}  // namespace zkinfer::circuit
