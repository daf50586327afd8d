// SPDX-License-Identifier: Apache-2.0
// Loops over the nodes of one layer of the grand sum; calling thread only.
//
// A layer is a pair (P, Q) of vectors of 2 N values for N parents; the children of parent x are x and x + N. Numerators
// of the leaves may lie in F: Numerators holds either kind.
#pragma once

#include <cstddef>

#include "field/vec.h"

namespace zkinfer::lookup {

// Rows one call of a round's kernel may have: its products stay in the first-level cache (24 KiB).
inline constexpr std::size_t kMaxBlockRows = 512;

// A vector over K whose planes 1 and 2 may be absent (null): then all values lie in F.
struct Numerators {
  FeCSpan values;
  bool in_base_field = false;

  Numerators(FpCSpan p) : values(p.data(), nullptr, nullptr, p.size()), in_base_field(true) {}  // NOLINT: both kinds
  Numerators(FeCSpan p) : values(p) {}                                                          // NOLINT: are passed
  Fe get(std::size_t i) const { return in_base_field ? Fe(values.c[0][i]) : values.get(i); }
  std::size_t size() const { return values.size; }
};

// P' = p0 q1 + p1 q0, Q' = q0 q1 for the parents [begin, end); out_p, out_q: [N].
void build_parents(const Numerators& p, FeCSpan q, std::size_t begin, std::size_t end, FeSpan out_p, FeSpan out_q);

// The polynomial h of a round, per row and in sum: values h(0) and the coefficient of X^2.
struct RoundSums {
  Fe at_zero, top;
};

// The four tables of a layer sumcheck. The summand is p0 q1 + p1 q0 with p1 = p1 + lambda q1 of the nodes, which makes
// the third product lambda q0 q1 of the claim part of the second.
struct LayerTables {
  FeSpan p0, p1, q0, q1;
};

// First round, straight from parents and children, h = N / 2, rows x in [begin, begin + eq.size):
//   at_zero = sum eq[x - begin] (P'[x] + lambda Q'[x]),   top = sum eq[x - begin] (dp0 dq1 + dq0 (dp1 + lambda dq1)),
// where d is the difference of rows x + h and x.
RoundSums first_round(FeCSpan parent_p, FeCSpan parent_q, const Numerators& p, FeCSpan q, const Fe& lambda, FeCSpan eq,
                      std::size_t begin);

// Binds the first variable to s: writes rows x and x + h of the tables ([2 h] each, h = N / 4), and sums their round.
RoundSums fold_children(const Numerators& p, FeCSpan q, const Fe& lambda, const Fe& s, FeCSpan eq, std::size_t begin,
                        const LayerTables& out);

// Binds the next variable in place, h = table size / 4; the result is the first 2 h rows. Sums their round.
RoundSums fold_tables(const LayerTables& tables, const Fe& s, FeCSpan eq, std::size_t begin);

// h(1) over rows x in [begin, begin + eq.size) of tables of 2 h rows.
Fe sum_at_one(const LayerTables& tables, FeCSpan eq, std::size_t begin);

}  // namespace zkinfer::lookup
