// SPDX-License-Identifier: Apache-2.0
// One tiny graph per kind of relation, so that every cell of every column can be tried. Tables have at most 2^11 rows.
#pragma once

#include <string>
#include <vector>

#include "qir/test_graphs.h"

namespace zkinfer::e2e {

struct NamedGraph {
  std::string name;
  qir::QGraph graph;
};

inline qir::Node with_coefs(std::vector<std::int64_t> coefs, qir::Requant requant = {}) {
  qir::Node node;
  node.coefs = std::move(coefs);
  node.requant = requant;
  return node;
}

// groups 1, or groups = channels (depthwise).
inline qir::QGraph conv_graph(bool depthwise) {
  qir::TestBuilder b;
  const std::int32_t relu = b.clamp_table(-128, 8, 0, 60);
  const qir::ValueId x = b.input({1, 2, 4, 4}, -8, 7);
  const qir::ValueId w = b.param({2, depthwise ? 1 : 2, 3, 3}, -15, 15);
  const qir::ValueId bias = b.param({2}, -100, 100);
  qir::Node conv;
  conv.kernel = {3, 3}, conv.strides = {2, 1}, conv.dilations = {1, 1}, conv.pads_begin = {1, 1};
  conv.groups = depthwise ? 2 : 1;
  conv.requant = {5, relu};
  b.graph.outputs = {b.node(qir::Op::kConv, {x, w, bias}, {1, 2, 2, 4}, 0, 60, conv)};
  return b.graph;
}

// A weight matrix after a product of two activations with a shared axis.
inline qir::QGraph matmul_graph() {
  qir::TestBuilder b;
  const std::int32_t range = b.range_table(-256, 9);
  const qir::ValueId x = b.input({2, 3, 2}, -4, 3);
  const qir::ValueId y = b.input({2, 2, 3}, -4, 3);
  const qir::ValueId w = b.param({3, 2}, -7, 7);
  const qir::ValueId xy = b.node(qir::Op::kMatMul, {x, y}, {2, 3, 3}, -32, 32);
  b.graph.outputs = {b.node(qir::Op::kMatMul, {xy, w}, {2, 3, 2}, -256, 255, with_coefs({}, {2, range}))};
  return b.graph;
}

inline qir::QGraph mul_graph() {
  qir::TestBuilder b;
  const std::int32_t clamp = b.clamp_table(-32, 6, -20, 20);
  const qir::ValueId x = b.input({3, 4}, -8, 7);
  const qir::ValueId gain = b.param({3, 1}, 1, 15);
  b.graph.outputs = {b.node(qir::Op::kMul, {x, gain}, {3, 4}, -20, 20, with_coefs({3}, {4, clamp}))};
  return b.graph;
}

// Selected by an input, broadcast over the chosen ones.
inline qir::QGraph select_graph() {
  qir::TestBuilder b;
  const qir::ValueId c = b.input({3, 1}, 0, 1);
  const qir::ValueId x = b.input({3, 4}, -8, 7);
  const qir::ValueId w = b.param({4}, -50, 50);
  b.graph.outputs = {b.node(qir::Op::kSelect, {c, x, w}, {3, 4}, -50, 50)};
  return b.graph;
}

// An input whose range is no power of two, rounding, and an explicit table without rounding.
inline qir::QGraph lookup_graph() {
  qir::TestBuilder b;
  const std::int32_t clamp = b.clamp_table(-32, 6, -9, 15);
  qir::Table squares{qir::TableKind::kExplicit, -16, 5, 0, 0, {}};
  for (std::int32_t i = -16; i < 16; ++i) squares.values.push_back(i * i);
  const std::int32_t square = b.table(squares);
  const qir::ValueId x = b.input({5}, -20, 17);
  qir::Node linear = with_coefs({9}, {3, clamp});
  linear.constant = 2;
  const qir::ValueId y = b.node(qir::Op::kLinear, {x}, {5}, -9, 15, linear);
  b.graph.outputs = {b.node(qir::Op::kLinear, {y}, {5}, 0, 256, with_coefs({1}, {0, square}))};
  return b.graph;
}

// Negative values under padding: the pool's input is copied with an offset.
inline qir::QGraph max_pool_graph() {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({1, 1, 4, 4}, -8, 7);
  qir::Node pool;
  pool.kernel = {3, 2}, pool.strides = {2, 2}, pool.dilations = {1, 1}, pool.pads_begin = {1, 0};
  b.graph.outputs = {b.node(qir::Op::kMaxPool, {x}, {1, 1, 2, 2}, -8, 7, pool)};
  return b.graph;
}

inline qir::QGraph reduce_graph() {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({2, 5}, -8, 7);
  qir::Node last;
  last.axes = {1};
  const qir::ValueId most = b.node(qir::Op::kReduceMax, {x}, {2, 1}, -8, 7, last);
  last.coefs = {1};
  const qir::ValueId sum = b.node(qir::Op::kReduceSum, {x}, {2, 1}, -40, 35, last);
  b.graph.outputs = {most, sum};
  return b.graph;
}

// No rounding and no table: only the input's range is looked up, from below and from above.
inline qir::QGraph sum_graph() {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({2, 3}, -20, 17);
  qir::Node last = with_coefs({1});
  last.axes = {1};
  b.graph.outputs = {b.node(qir::Op::kReduceSum, {x}, {2, 1}, -60, 51, last)};
  return b.graph;
}

inline qir::QGraph arg_max_graph() {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({3, 5}, -8, 7);
  qir::Node axis;
  axis.axes = {1};
  b.graph.outputs = {b.node(qir::Op::kArgMax, {x}, {3}, 0, 4, axis)};
  return b.graph;
}

// Inputs as wide as the table of exponentials, or wider.
inline qir::QGraph softmax_graph(std::int64_t least = -8, bool weights = true) {
  qir::TestBuilder b;
  qir::Table exponentials{qir::TableKind::kExplicit, -15, 4, 0, 0, {}};
  for (std::int32_t i = 0; i < 16; ++i) exponentials.values.push_back(1 + i * i / 4);
  const std::int32_t table = b.table(exponentials);
  const qir::ValueId x = b.input({2, 3}, least, 7);
  qir::Node softmax;
  softmax.axes = {1};
  softmax.requant = {static_cast<std::uint8_t>(weights ? 6 : 0), table};
  if (!weights) softmax.coefs = {1};  // exponentials alone
  b.graph.outputs = {b.node(qir::Op::kSoftmax, {x}, {2, 3}, 0, weights ? 64 : 57, softmax)};
  return b.graph;
}

// A divisor per row, rounding to the nearest.
inline qir::QGraph divide_graph() {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({2, 3}, -20, 20);
  const qir::ValueId by = b.input({2, 1}, 2, 9);
  b.graph.outputs = {b.node(qir::Op::kDivide, {x, by}, {2, 3}, -50, 50, with_coefs({5, 1}))};
  return b.graph;
}

// Divisor times quotient may reach 2^90, far above the modulus.
inline qir::QGraph wide_divide_graph() {
  qir::TestBuilder b;
  const std::int64_t most = std::int64_t{1} << 50;
  const qir::ValueId x = b.input({2, 1}, -most, most);
  const qir::ValueId by = b.input({1, 2}, 1, std::int64_t{1} << 40);
  b.graph.outputs = {b.node(qir::Op::kDivide, {x, by}, {2, 2}, -most, most, with_coefs({1, 0}))};
  return b.graph;
}

inline qir::QGraph root_graph() {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({4}, -8, 7);
  qir::Node root = with_coefs({9});
  root.constant = 75;
  b.graph.outputs = {b.node(qir::Op::kSquareRoot, {x}, {4}, 1, 11, root)};
  return b.graph;
}

// Reshape to factors that do not nest: copies tied by equalities.
inline qir::QGraph movement_graph() {
  qir::TestBuilder b;
  const std::int32_t clamp = b.clamp_table(-32, 6, -20, 20);
  const qir::ValueId x = b.input({4, 3}, -8, 7);
  const qir::ValueId w = b.param({6, 2}, -3, 3);
  qir::Node transpose;
  transpose.perm = {1, 0};
  const qir::ValueId t = b.node(qir::Op::kTranspose, {x}, {3, 4}, -8, 7, transpose);
  const qir::ValueId r = b.node(qir::Op::kReshape, {t}, {2, 6}, -8, 7);
  const qir::ValueId m = b.node(qir::Op::kMatMul, {r, w}, {2, 2}, -20, 20, with_coefs({}, {3, clamp}));
  qir::Node concat;
  concat.axes = {1};
  b.graph.outputs = {b.node(qir::Op::kConcat, {m, r}, {2, 8}, -20, 20, concat)};
  return b.graph;
}

// data v0 gathered at v1 + v2 along axis 1. The weights decide the indices, so that only the lookup keeps them in range.
inline qir::QGraph gather_graph(bool along) {
  qir::TestBuilder b;
  const Shape data = along ? Shape{3, 5} : Shape{2, 5, 3};
  const Shape shape = along ? Shape{3, 2} : Shape{4};
  const qir::ValueId x = b.input(data, -8, 7);
  const qir::ValueId first = b.input(shape, 0, 1);
  const qir::ValueId added = b.param(shape, 0, 3);
  const qir::ValueId indices = b.node(qir::Op::kLinear, {first, added}, shape, 0, 4, with_coefs({1, 1}));
  qir::Node gather;
  gather.axes = {1};
  if (along) gather.coefs = {1};
  b.graph.outputs = {b.node(qir::Op::kGather, {x, indices}, along ? shape : Shape{2, 4, 3}, -8, 7, gather)};
  return b.graph;
}

// Two lines of values with ties, largest first, and the two largest of each.
inline qir::QGraph sort_graph() {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({2, 5}, -2, 1);
  qir::Node sort;
  sort.axes = {1};
  sort.coefs = {-1};
  const qir::ValueId p = b.node(qir::Op::kSort, {x}, {2, 5}, 0, 4, sort);
  qir::Node slice;
  slice.starts = {0, 0}, slice.steps = {1, 1};
  const qir::ValueId first = b.node(qir::Op::kSlice, {p}, {2, 2}, 0, 4, slice);
  sort.coefs = {1};
  b.graph.outputs = {p, b.node(qir::Op::kGather, {x, first}, {2, 2}, -2, 1, sort)};
  return b.graph;
}

inline std::vector<NamedGraph> small_graphs() {
  return {{"conv", conv_graph(false)},          {"depthwise", conv_graph(true)},
          {"matmul", matmul_graph()},           {"mul", mul_graph()},
          {"select", select_graph()},           {"lookup", lookup_graph()},
          {"max pool", max_pool_graph()},       {"reduce", reduce_graph()},
          {"arg max", arg_max_graph()},         {"softmax", softmax_graph()},
          {"wide softmax", softmax_graph(-70)}, {"exponentials", softmax_graph(-70, false)},
          {"movement", movement_graph()},       {"sum", sum_graph()},
          {"gather", gather_graph(false)},      {"gather along", gather_graph(true)},
          {"divide", divide_graph()},           {"root", root_graph()},
          {"wide divide", wide_divide_graph()}, {"sort", sort_graph()}};
}

// Rows enough that the opening folds.
inline qir::QGraph long_table_graph() {
  qir::TestBuilder b;
  qir::Table table{qir::TableKind::kExplicit, -(1 << 15), 16, 0, 0, {}};
  for (std::int32_t i = 0; i < 1 << 16; ++i) table.values.push_back(i % 97);
  const std::int32_t index = b.table(std::move(table));
  const qir::ValueId x = b.input({4, 6}, -8, 7);
  const qir::ValueId w = b.param({6, 5}, -60, 60);
  qir::Node round;
  round.requant = {0, index};
  b.graph.outputs = {b.node(qir::Op::kMatMul, {x, w}, {4, 5}, 0, 96, round)};
  return b.graph;
}

// Two layers and an arg max over the public logits: the proof that byte tests take apart.
inline qir::QGraph mlp_graph() {
  qir::TestBuilder b;
  const std::int32_t relu = b.clamp_table(-128, 8, 0, 60);
  const std::int32_t range = b.range_table(-128, 8);
  const qir::ValueId x = b.input({1, 6}, -8, 7);
  const qir::ValueId w1 = b.param({6, 5}, -15, 15);
  const qir::ValueId b1 = b.param({5}, -50, 50);
  const qir::ValueId w2 = b.param({5, 4}, -15, 15);
  const qir::ValueId h = b.node(qir::Op::kMatMul, {x, w1, b1}, {1, 5}, 0, 60, with_coefs({}, {4, relu}));
  const qir::ValueId y = b.node(qir::Op::kMatMul, {h, w2}, {1, 4}, -128, 127, with_coefs({}, {6, range}));
  qir::Node axis;
  axis.axes = {1};
  const qir::ValueId best = b.node(qir::Op::kArgMax, {y}, {1}, 0, 3, axis);
  b.graph.outputs = {y, best};
  return b.graph;
}

}  // namespace zkinfer::e2e
