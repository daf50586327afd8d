// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/check.h"
#include "qir/qgraph.h"

namespace zkinfer::qir {

std::int64_t Table::at(std::int64_t x) const {
  ZKI_CHECK(contains(x), "a table is read inside its domain");
  switch (kind) {
    case TableKind::kRange: return x;
    case TableKind::kClamp: return std::min(std::max(x, clamp_lo), clamp_hi);
    case TableKind::kExplicit: return values[static_cast<std::size_t>(x - first)];
    case TableKind::kPieces: {
      const std::int64_t low = x - first;
      return in_piece(low >> piece_bits, low & ((std::int64_t{1} << piece_bits) - 1));
    }
  }
  return x;
}

std::int64_t Table::in_piece(std::int64_t t, std::int64_t l) const {
  const auto piece = static_cast<std::size_t>(t);
  const std::int64_t round = slope_shift > 0 ? std::int64_t{1} << (slope_shift - 1) : 0;
  return values[piece] + ((slopes[piece] * l + round) >> slope_shift);
}

}  // namespace zkinfer::qir
