// SPDX-License-Identifier: Apache-2.0
// Loops over blocks of nodes of one layer of the grand sum; calling thread only.
//
// Children that are told apart lie `child` apart, nodes that a round binds `row` apart (lookup/tree.h). Numerators of the
// leaves may lie in F: Numerators holds either kind.
#pragma once

#include <cstddef>

#include "field/vec.h"
#include "lookup/tree.h"

namespace zkinfer::lookup {

// Rows one call of a round's kernel may have: its products stay in the first-level cache (24 KiB).
inline constexpr std::size_t kMaxBlockRows = std::size_t{1} << kBlockBits;

// A vector over K whose planes 1 and 2 may be absent (null): then all values lie in F.
struct Numerators {
  FeCSpan values;
  bool in_base_field = false;

  Numerators(FpCSpan p) : values(p.data(), nullptr, nullptr, p.size()), in_base_field(true) {}  // NOLINT: both kinds
  Numerators(FeCSpan p) : values(p) {}                                                          // NOLINT: are passed
  Fe get(std::size_t i) const { return in_base_field ? Fe(values.c[0][i]) : values.get(i); }
  std::size_t size() const { return values.size; }
  // Those from `begin` on.
  Numerators from(std::size_t begin) const {
    if (!in_base_field) return values.subspan(begin, size() - begin);
    return FpCSpan(values.c[0] + begin, size() - begin);
  }
};

// Children from some node on.
struct Nodes {
  Numerators p;
  FeCSpan q;
  Nodes from(std::size_t begin) const { return {p.from(begin), q.subspan(begin, q.size - begin)}; }
};

// How far children are apart: of one node, and of two nodes that the first round binds.
struct Strides {
  std::size_t child, row;
};

// P' = p0 q1 + p1 q0, Q' = q0 q1 of out_q.size parents, the children at i and i + child.
void build_parents(const Nodes& children, std::size_t child, FeSpan out_p, FeSpan out_q);

// The polynomial h of a round, per row and in sum: values h(0) and the coefficient of X^2.
struct RoundSums {
  Fe at_zero, top;
};

// The four tables of a layer sumcheck. The summand is p0 q1 + p1 q0 with p1 = p1 + lambda q1 of the nodes, which makes
// the third product lambda q0 q1 of the claim part of the second. Of a node 0 / 1 they have (0, lambda, 1, 1).
struct LayerTables {
  FeSpan p0, p1, q0, q1;
};

// Top of the first round over eq.size rows, the nodes' children at i, i + child, i + row, i + row + child:
//   sum eq[i] (dp0 dq1 + dq0 (dp1 + lambda dq1)),   d the difference of the two nodes.
Fe first_top(const Nodes& children, const Strides& strides, const Fe& lambda, FeCSpan eq);

// Binds the first variable to s: writes rows x and y .. of the tables, from the children's nodes `low` and `high`, and sums
// their round. high: null where these rows are 0 / 1; nothing is written for them.
RoundSums fold_children(const Nodes& low, const Nodes* high, const Strides& strides, const Fe& lambda, const Fe& s,
                        FeCSpan eq, std::size_t x, std::size_t y, const LayerTables& out);

// Binds the next variable in place; rows x < h and x + h are what is left of 4 h rows, of which those from num_rows on, a
// multiple of the block, are 0 / 1 and not there. Sums their round.
RoundSums fold_tables(const LayerTables& tables, std::size_t h, std::size_t num_rows, const Fe& lambda, const Fe& s,
                      FeCSpan eq, std::size_t begin);

// h(1) over rows x in [begin, begin + eq.size) of tables of 2 h rows.
Fe sum_at_one(const LayerTables& tables, std::size_t h, std::size_t num_rows, const Fe& lambda, FeCSpan eq,
              std::size_t begin);

}  // namespace zkinfer::lookup
