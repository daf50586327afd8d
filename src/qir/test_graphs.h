// SPDX-License-Identifier: Apache-2.0
// Small QGraphs for tests: a builder that fills the fields validate wants, and one graph with every op.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "qir/qgraph.h"

namespace zkinfer::qir {

struct TestBuilder {
  QGraph graph;

  ValueId value(ValueKind kind, Shape shape, std::int64_t lo, std::int64_t hi) {
    graph.values.push_back(
        {std::string("v").append(std::to_string(graph.values.size())), kind, std::move(shape), lo, hi, {1, -4}});
    return static_cast<ValueId>(graph.values.size() - 1);
  }
  ValueId input(Shape shape, std::int64_t lo, std::int64_t hi) {
    graph.inputs.push_back(value(ValueKind::kInput, std::move(shape), lo, hi));
    return graph.inputs.back();
  }
  ValueId param(Shape shape, std::int64_t lo, std::int64_t hi) {
    return value(ValueKind::kParam, std::move(shape), lo, hi);
  }
  ValueId node(Op op, std::vector<ValueId> inputs, Shape shape, std::int64_t lo, std::int64_t hi,
               Node attributes = {}) {
    attributes.op = op;
    attributes.name = std::string("n").append(std::to_string(graph.nodes.size()));
    attributes.inputs = std::move(inputs);
    attributes.output = value(ValueKind::kNode, std::move(shape), lo, hi);
    graph.nodes.push_back(std::move(attributes));
    return graph.nodes.back().output;
  }
  std::int32_t table(Table t) {
    graph.tables.push_back(std::move(t));
    return static_cast<std::int32_t>(graph.tables.size() - 1);
  }
  std::int32_t clamp_table(std::int64_t first, std::uint8_t log_size, std::int64_t lo, std::int64_t hi) {
    return table({TableKind::kClamp, first, log_size, lo, hi, {}});
  }
  std::int32_t range_table(std::int64_t first, std::uint8_t log_size) {
    return table({TableKind::kRange, first, log_size, 0, 0, {}});
  }
};

// Tables that are formulas: more rows than any memory has, a line in pieces.
inline QGraph wide_tables_graph() {
  TestBuilder b;
  b.graph.name = "wide tables";
  Table pieces{TableKind::kPieces, -64, 7, 0, 0, {-9, -4, 0, 20}, {2, 1, -3, 7}, 5, 3};
  const std::int32_t line = b.table(pieces);
  const ValueId x = b.input({3}, -(std::int64_t{1} << 40), std::int64_t{1} << 40);
  Node node;
  node.coefs = {1};
  node.requant = {2, b.clamp_table(-(std::int64_t{1} << 43), 44, 0, std::int64_t{1} << 43)};
  const ValueId y = b.node(Op::kLinear, {x}, {3}, 0, std::int64_t{1} << 38, node);
  node.coefs = {-1};
  node.requant = {8, b.range_table(-(std::int64_t{1} << 30), 31)};
  b.graph.outputs = {b.node(Op::kLinear, {y}, {3}, -(std::int64_t{1} << 30), 0, node)};
  node.requant = {35, line};
  b.graph.outputs.push_back(b.node(Op::kLinear, {x}, {3}, -12, 47, node));
  return b.graph;
}

// Every op once: a small convolutional net with a residual, pools, attention-like products and movement.
inline QGraph every_op_graph() {
  TestBuilder b;
  b.graph.name = "every op";
  const std::int32_t relu = b.clamp_table(-2048, 12, 0, 127);
  const std::int32_t range = b.range_table(-2048, 12);
  Table exponentials{TableKind::kExplicit, -255, 8, 0, 0, {}};
  for (std::int32_t i = 0; i < 256; ++i) exponentials.values.push_back(1 + i * i / 64);
  const std::int32_t exp_table = b.table(exponentials);

  const ValueId x = b.input({1, 2, 6, 6}, -128, 127);
  const ValueId w = b.param({4, 1, 3, 3}, -100, 100);
  const ValueId bias = b.param({4}, -5000, 5000);
  Node conv;
  conv.kernel = {3, 3}, conv.strides = {1, 1}, conv.dilations = {1, 1}, conv.pads_begin = {1, 1}, conv.groups = 2;
  conv.requant = {6, relu};
  const ValueId c = b.node(Op::kConv, {x, w, bias}, {1, 4, 6, 6}, 0, 127, conv);
  Node pool;
  pool.kernel = {3, 2}, pool.strides = {2, 2}, pool.dilations = {1, 1}, pool.pads_begin = {1, 0};
  const ValueId m = b.node(Op::kMaxPool, {c}, {1, 4, 3, 3}, 0, 127, pool);
  pool.coefs = {3};
  pool.requant = {3, range};
  const ValueId s = b.node(Op::kSumPool, {c}, {1, 4, 3, 3}, 0, 2047, pool);
  Node linear;
  linear.coefs = {2, -1};
  linear.constant = 5;
  linear.requant = {2, range};
  const ValueId l = b.node(Op::kLinear, {m, s}, {1, 4, 3, 3}, -2048, 2047, linear);
  Node slice;
  slice.starts = {0, 1, 0, 0}, slice.steps = {1, 2, 1, 2};
  const ValueId sl = b.node(Op::kSlice, {l}, {1, 2, 3, 2}, -2048, 2047, slice);
  Node pad;
  pad.pads_begin = {0, 0, 0, 1};
  const ValueId p = b.node(Op::kPad, {sl}, {1, 2, 3, 4}, -2048, 2047, pad);
  Node transpose;
  transpose.perm = {0, 1, 3, 2};
  const ValueId t = b.node(Op::kTranspose, {p}, {1, 2, 4, 3}, -2048, 2047, transpose);
  const ValueId mm = b.node(Op::kMatMul, {t, p}, {1, 2, 4, 4}, -(std::int64_t{1} << 30), std::int64_t{1} << 30);
  Node squash;
  squash.coefs = {1};
  squash.requant = {24, b.clamp_table(-64, 8, -50, 60)};
  const ValueId q = b.node(Op::kLinear, {mm}, {1, 2, 4, 4}, -50, 60, squash);
  Node softmax;
  softmax.axes = {3};
  softmax.requant = {8, exp_table};
  const ValueId sm = b.node(Op::kSoftmax, {q}, {1, 2, 4, 4}, 0, 256, softmax);
  const ValueId gain = b.param({2, 1, 1}, -8, 8);
  Node mul;
  mul.coefs = {-3};
  const ValueId mu = b.node(Op::kMul, {sm, gain}, {1, 2, 4, 4}, -6144, 6144, mul);
  Node sum;
  sum.coefs = {1};
  sum.axes = {2};
  const ValueId rs = b.node(Op::kReduceSum, {mu}, {1, 2, 4}, -24576, 24576, sum);
  Node axes;
  axes.axes = {2};
  const ValueId rm = b.node(Op::kReduceMax, {mu}, {1, 2, 1, 4}, -6144, 6144, axes);
  const ValueId rr = b.node(Op::kReshape, {rm}, {1, 2, 4}, -6144, 6144);
  Node concat;
  concat.axes = {1};
  const ValueId cc = b.node(Op::kConcat, {rs, rr}, {1, 4, 4}, -24576, 24576, concat);
  Node arg;
  arg.axes = {2};
  const ValueId am = b.node(Op::kArgMax, {cc}, {1, 4}, 0, 3, arg);
  const ValueId chosen = b.node(Op::kSelect, {b.param({4, 1}, 0, 1), cc, am}, {1, 4, 4}, -24576, 24576);
  // Whole columns at computed indices, and the best of every row by its order.
  Node gather;
  gather.axes = {2};
  const ValueId columns = b.node(Op::kGather, {cc, am}, {1, 4, 1, 4}, -24576, 24576, gather);
  Node sort;
  sort.axes = {2};
  sort.coefs = {-1};
  const ValueId order = b.node(Op::kSort, {cc}, {1, 4, 4}, 0, 3, sort);
  Node first;
  first.starts = {0, 0, 0}, first.steps = {1, 1, 1};
  const ValueId at = b.node(Op::kSlice, {order}, {1, 4, 1}, 0, 3, first);
  gather.coefs = {1};
  const ValueId best = b.node(Op::kGather, {cc, at}, {1, 4, 1}, -24576, 24576, gather);
  Node plain;
  plain.coefs = {1};
  Node one = plain;
  one.constant = 1;
  const ValueId positive = b.node(Op::kLinear, {sm}, {1, 2, 4, 4}, 1, 257, one);
  Node half_up;
  half_up.coefs = {1, 1};
  const ValueId quotient = b.node(Op::kDivide, {mu, positive}, {1, 2, 4, 4}, -6144, 6144, half_up);
  const ValueId root = b.node(Op::kSquareRoot, {positive}, {1, 2, 4, 4}, 1, 16, plain);
  b.graph.outputs = {cc, am, chosen, columns, best, quotient, root};
  return b.graph;
}

}  // namespace zkinfer::qir
