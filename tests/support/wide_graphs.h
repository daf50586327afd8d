// SPDX-License-Identifier: Apache-2.0
// One tiny graph per form of rounding (relations/requantize.cc) that small tables do not need, and a maximum of values far
// apart. What is committed by which form: soundness/rounding_test.cc says it.
#pragma once

#include <vector>

#include "support/small_graphs.h"

namespace zkinfer::e2e {

// y = T[x v >> shift], of `n` elements: the accumulator is a product, so all its parts are committed.
inline qir::QGraph rounded_product(std::int64_t n, std::int64_t most, std::uint8_t shift, qir::Table table,
                                   std::int64_t lo, std::int64_t hi) {
  qir::TestBuilder b;
  const std::int32_t index = b.table(std::move(table));
  const qir::ValueId x = b.input({n}, -most, most - 1);
  const qir::ValueId gain = b.param({n}, 1, 15);
  b.graph.outputs = {b.node(qir::Op::kMul, {x, gain}, {n}, lo, hi, with_coefs({1}, {shift, index}))};
  return b.graph;
}

// y = T[x >> shift]: the accumulator is an expression.
inline qir::QGraph rounded_input(std::int64_t n, std::int64_t least, std::int64_t most, std::uint8_t shift,
                                 qir::Table table, std::int64_t lo, std::int64_t hi) {
  qir::TestBuilder b;
  const std::int32_t index = b.table(std::move(table));
  const qir::ValueId x = b.input({n}, least, most);
  b.graph.outputs = {b.node(qir::Op::kLinear, {x}, {n}, lo, hi, with_coefs({1}, {shift, index}))};
  return b.graph;
}

inline qir::Table clamp(std::int64_t first, std::uint8_t log_size, std::int64_t lo, std::int64_t hi) {
  return {qir::TableKind::kClamp, first, log_size, lo, hi, {}};
}

inline qir::QGraph step_graph() {
  return rounded_input(6, -(1 << 20), (1 << 20) - 1, 0, clamp(-(1 << 20), 21, 4, 5), 4, 5);
}
inline qir::QGraph rounded_step_graph() { return rounded_product(6, 1 << 16, 3, clamp(-(1 << 18), 19, -1, 0), -1, 0); }
// Enough elements that a row of the table costs less than what other forms commit for each of them.
inline qir::QGraph coarse_ends_graph() { return rounded_product(160, 1 << 7, 4, clamp(-(1 << 8), 9, -2, 13), -2, 13); }
inline qir::QGraph excess_graph() {
  return rounded_product(8, 1 << 16, 3, clamp(-(1 << 18), 19, -3, 21), -(1 << 18), 1 << 18);
}
inline qir::QGraph positive_part_graph() {
  return rounded_input(12, -(1 << 12), (1 << 12) - 1, 0, clamp(-(1 << 12), 13, 0, 1 << 13), -(1 << 13), 1 << 13);
}
inline qir::QGraph upper_end_graph() {
  return rounded_input(12, -20000, 40000, 2, clamp(-(1 << 13), 15, -(1 << 13), 60), -(1 << 13), 1 << 13);
}
inline qir::QGraph wide_range_graph() {
  return rounded_product(6, 1 << 16, 3, {qir::TableKind::kRange, -(1 << 18), 19, 0, 0, {}}, -(1 << 18), (1 << 18) - 1);
}
// Four pieces of 2^17 arguments; the first two are one line.
inline qir::QGraph pieces_graph() {
  qir::Table table{qir::TableKind::kPieces, -(1 << 18), 19, 0, 0, {-60, -23, 0, 35}};
  table.slopes = {296, 296, 281, 91};
  table.piece_bits = 17;
  table.slope_shift = 20;
  return rounded_product(6, 1 << 16, 3, std::move(table), -100, 100);
}
inline qir::QGraph wide_maximum_graph() {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({16, 2}, -(1 << 20), (1 << 20) - 1);
  qir::Node last;
  last.axes = {1};
  b.graph.outputs = {b.node(qir::Op::kReduceMax, {x}, {16, 1}, -(1 << 20), (1 << 20) - 1, last)};
  return b.graph;
}

inline std::vector<NamedGraph> wide_graphs() {
  return {{"step", step_graph()},
          {"rounded step", rounded_step_graph()},
          {"coarse ends", coarse_ends_graph()},
          {"excess", excess_graph()},
          {"positive part", positive_part_graph()},
          {"upper end", upper_end_graph()},
          {"wide range", wide_range_graph()},
          {"pieces", pieces_graph()},
          {"wide maximum", wide_maximum_graph()}};
}

}  // namespace zkinfer::e2e
