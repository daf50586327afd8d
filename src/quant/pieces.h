// SPDX-License-Identifier: Apache-2.0
// Linear pieces in place of a long list of values (qir::TableKind::kPieces).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "qir/qgraph.h"

namespace zkinfer::quant {

// How far pieces may be from the curve, in steps of y: half a step is the rounding of every result, as much that of a piece's
// first value.
inline constexpr double kPieceError = 1.25;

// About what a row of a table costs a proof, in lookups (src/relations/builder.h).
inline constexpr std::int64_t kTableRowCost = 6;

// curve: a number for each of the list's rows. The table of `list`'s domain with the fewest linear pieces of equal length that stay within kPieceError of `curve`, if that
// costs less to prove than the list for so many elements.
std::optional<qir::Table> fit_pieces(const qir::Table& list, std::span<const double> curve, std::int64_t num_elements);

}  // namespace zkinfer::quant
