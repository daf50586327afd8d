// SPDX-License-Identifier: Apache-2.0
// Attacks on the relations: graphs whose columns satisfied every relation with outputs that the graph does not compute,
// or whose honest columns did not satisfy them.
#include <gtest/gtest.h>

#include "prover/check_columns.h"
#include "prover/witness.h"
#include "support/session.h"

namespace zkinfer::e2e {
namespace {

using qir::Node;
using qir::Op;
using qir::TestBuilder;
using qir::ValueId;

Status honest_columns_hold(const qir::QGraph& graph, std::uint64_t seed) {
  if (Status status = qir::validate(graph); !status.ok()) return status;
  auto compiled = relations::compile(graph, true);
  if (!compiled.ok()) return compiled.status();
  const qir::Weights params = draw_params(graph, seed);
  auto witness = exec_integer::run(graph, params, draw_inputs(graph, seed + 1));
  if (!witness.ok()) return witness.status();
  statement::PublicValues outputs;
  for (const ValueId id : graph.outputs) outputs.push_back(witness->values[id]);
  return prover::check_columns(*compiled, prover::fill_columns(graph, *compiled, params, *witness), outputs);
}

Node sum_of_two() {
  Node node;
  node.coefs = {1, 3};
  return node;
}

// Operands whose axes were cut in ways that do not nest are copied; axes that were already aligned must stay aligned.
TEST(MixedReshapes, AlignedAxesSurviveTheCopyOfALaterAxis) {
  TestBuilder b;
  const ValueId x = b.input({2, 3, 2, 3}, -9, 9);
  const ValueId y = b.input({6, 3, 2}, -9, 9);
  const ValueId a = b.node(Op::kReshape, {x}, {6, 6}, -9, 9);
  const ValueId c = b.node(Op::kReshape, {y}, {6, 6}, -9, 9);
  b.graph.outputs = {b.node(Op::kLinear, {a, c}, {6, 6}, -36, 36, sum_of_two())};
  const Status status = honest_columns_hold(b.graph, 3);
  EXPECT_TRUE(status.ok()) << status.to_string();
}

TEST(MixedReshapes, UnitAxes) {
  TestBuilder b;
  const ValueId x = b.input({2, 3}, -9, 9);
  const ValueId y = b.input({3, 2}, -9, 9);
  const ValueId a = b.node(Op::kReshape, {x}, {1, 6}, -9, 9);
  const ValueId c = b.node(Op::kReshape, {y}, {1, 6}, -9, 9);
  b.graph.outputs = {b.node(Op::kLinear, {a, c}, {1, 6}, -36, 36, sum_of_two())};
  const Status status = honest_columns_hold(b.graph, 3);
  EXPECT_TRUE(status.ok()) << status.to_string();
}

TEST(MixedReshapes, BroadcastAxes) {
  TestBuilder b;
  const ValueId x = b.input({2, 3}, -9, 9);
  const ValueId y = b.input({4, 3, 2}, -9, 9);
  const ValueId a = b.node(Op::kReshape, {x}, {6, 1}, -9, 9);
  const ValueId c = b.node(Op::kReshape, {y}, {6, 4}, -9, 9);
  const ValueId d = b.node(Op::kReshape, {y}, {4, 6}, -9, 9);
  Node swap;
  swap.perm = {1, 0};
  const ValueId t = b.node(Op::kTranspose, {d}, {6, 4}, -9, 9, swap);
  const ValueId s = b.node(Op::kLinear, {a, t}, {6, 4}, -36, 36, sum_of_two());
  b.graph.outputs = {b.node(Op::kLinear, {s, c}, {6, 4}, -63, 63, sum_of_two())};
  const Status status = honest_columns_hold(b.graph, 3);
  EXPECT_TRUE(status.ok()) << status.to_string();
}

TEST(MixedReshapes, MatMulOperands) {
  TestBuilder b;
  const ValueId x = b.input({1, 2, 2, 3}, -9, 9);
  const ValueId y = b.input({1, 3, 2, 5}, -9, 9);
  const ValueId a = b.node(Op::kReshape, {x}, {1, 2, 6}, -9, 9);
  const ValueId c = b.node(Op::kReshape, {y}, {1, 6, 5}, -9, 9);
  const ValueId wide = b.input({4, 2, 6}, -9, 9);
  const ValueId m = b.node(Op::kMatMul, {a, c}, {1, 2, 5}, -600, 600);
  const ValueId n = b.node(Op::kMatMul, {wide, c}, {4, 2, 5}, -600, 600);
  b.graph.outputs = {m, n};
  const Status status = honest_columns_hold(b.graph, 3);
  EXPECT_TRUE(status.ok()) << status.to_string();
}

TEST(MixedReshapes, ConcatOfParts) {
  TestBuilder b;
  const ValueId x = b.input({2, 3, 2}, -9, 9);
  const ValueId y = b.input({3, 2, 5}, -9, 9);
  const ValueId a = b.node(Op::kReshape, {x}, {6, 2}, -9, 9);
  const ValueId c = b.node(Op::kReshape, {y}, {6, 5}, -9, 9);
  Node concat;
  concat.axes = {1};
  b.graph.outputs = {b.node(Op::kConcat, {a, c}, {6, 7}, -9, 9, concat)};
  const Status status = honest_columns_hold(b.graph, 3);
  EXPECT_TRUE(status.ok()) << status.to_string();
}

// Weights and biases that are computed, with axes of more than one atom.
TEST(ComputedWeights, ConvAndMatMul) {
  TestBuilder b;
  const ValueId x = b.input({1, 2, 4, 4}, -9, 9);
  const ValueId flat = b.param({2, 2, 2, 3, 3}, -9, 9);
  const ValueId w = b.node(Op::kReshape, {flat}, {4, 2, 3, 3}, -9, 9);
  const ValueId raw_bias = b.param({2, 2}, -9, 9);
  const ValueId bias = b.node(Op::kReshape, {raw_bias}, {4}, -9, 9);
  Node conv;
  conv.kernel = {3, 3}, conv.strides = {1, 1}, conv.dilations = {1, 1}, conv.pads_begin = {1, 1};
  const ValueId c = b.node(Op::kConv, {x, w, bias}, {1, 4, 4, 4}, -2000, 2000, conv);
  const ValueId f = b.node(Op::kReshape, {c}, {16, 4}, -2000, 2000);
  const ValueId v = b.param({4, 4}, -9, 9);
  b.graph.outputs = {b.node(Op::kMatMul, {f, v, bias}, {16, 4}, -80000, 80000)};
  const Status status = honest_columns_hold(b.graph, 3);
  EXPECT_TRUE(status.ok()) << status.to_string();
}

// Differences of field elements must not wrap: an arg max over the widest range that values may have.
TEST(WideRanges, ArgMaxCannotNameTheMinimum) {
  TestBuilder b;
  const std::int64_t top = (std::int64_t{1} << 62) - 1;
  const ValueId x = b.input({2}, -top, top);
  Node arg;
  arg.axes = {0};
  const ValueId y = b.node(Op::kArgMax, {x}, {1}, 0, 1, arg);
  b.graph.outputs = {y};
  if (!qir::validate(b.graph).ok()) return;  // refused: fine
  auto compiled = relations::compile(b.graph, true);
  if (!compiled.ok()) return;
  auto witness = exec_integer::run(b.graph, qir::Weights(b.graph.values.size()), {{top, -top}});
  ASSERT_TRUE(witness.ok());
  circuit::ColumnValues data = prover::fill_columns(b.graph, *compiled, qir::Weights(b.graph.values.size()), *witness);
  // m = x_1 and c = (0, 1): the order check of x_0 sees m - x_0 - 1 = -2^63 + 1, which is small modulo p.
  for (std::size_t id = 0; id < data.size(); ++id) {
    const std::string& name = compiled->circuit.columns[id].name;
    if (name == "n0 maximum") data[id][0] = Fp::from_int(-top);
    if (name == "n0 step") data[id][0] = Fp(0);
  }
  // The limbs again, from the cheating columns.
  for (std::size_t id = 0; id < data.size(); ++id) {
    const relations::Recipe& recipe = relations::recipe_of(*compiled, id);
    if (recipe.kind != relations::Recipe::Kind::kLimb) continue;
    const FpVec values = circuit::evaluate(recipe.expr, compiled->circuit.columns, data, recipe.box);
    for (std::size_t i = 0; i < values.size(); ++i) {
      data[id][i] = Fp(values[i].v >> recipe.limb_shift & ((std::uint64_t{1} << recipe.limb_bits) - 1));
    }
  }
  EXPECT_FALSE(prover::check_columns(*compiled, data, {{1}}).ok());
}

// A table that clamps inside its domain is no positive part there: with parameters in their declared ranges, but an
// accumulator beyond the declared range of its value, the maximum came out too small.
TEST(ClampTables, MaximumDoesNotSaturate) {
  TestBuilder b;
  const std::int32_t relu = b.clamp_table(-2048, 12, 0, 100);
  const ValueId x = b.input({1, 2}, 0, 10);
  const ValueId w = b.param({2, 2}, -100, 100);
  // Declares less than its parameters allow, as a node with a parameter and no table may.
  const ValueId m = b.node(Op::kMatMul, {x, w}, {1, 2}, 0, 50);
  Node linear;
  linear.coefs = {1};
  linear.requant = {0, relu};
  const ValueId r = b.node(Op::kLinear, {m}, {1, 2}, 0, 100, linear);
  Node axes;
  axes.axes = {1};
  const ValueId y = b.node(Op::kReduceMax, {m}, {1, 1}, 0, 50, axes);
  b.graph.outputs = {y, r};
  ASSERT_TRUE(qir::validate(b.graph).ok());
  auto compiled = relations::compile(b.graph, true);
  ASSERT_TRUE(compiled.ok()) << compiled.status().to_string();
  for (const circuit::Lookup& lookup : compiled->circuit.lookups) {
    if (lookup.name.find("maximum") == std::string::npos) continue;
    const qir::Table& rows = compiled->circuit.tables[lookup.table].rows;
    if (rows.kind != qir::TableKind::kClamp) continue;
    EXPECT_GE(rows.clamp_hi, rows.first + rows.num_rows() - 1) << "the table saturates inside its domain";
  }
}

// A range table makes y = hi over its whole domain: behind a node that declares less than its parameters allow, y is not
// bounded by its declared range, and products of it may wrap modulo p.
TEST(SoundRanges, TablesDoNotHideWhatParametersReach) {
  TestBuilder b;
  const std::int32_t range = b.range_table(0, 26);
  const ValueId x = b.input({1, 2}, 0, 1 << 10);
  const ValueId w = b.param({2, 2}, 0, 1 << 20);
  const ValueId m = b.node(Op::kMatMul, {x, w}, {1, 2}, 0, 1);
  Node linear;
  linear.coefs = {1};
  linear.requant = {0, range};
  const ValueId y = b.node(Op::kLinear, {m}, {1, 2}, 0, 1, linear);
  Node mul;
  mul.coefs = {1};
  const ValueId square = b.node(Op::kMul, {y, y}, {1, 2}, 0, 1, mul);
  b.graph.outputs = {b.node(Op::kMul, {square, y}, {1, 2}, 0, 1, mul)};
  EXPECT_FALSE(qir::validate(b.graph).ok());
}

// 2 s y must not wrap for any y that the range check lets pass: with s near 2^37 and a range table of 2^26 rows at hand,
// y + floor(p / 2s) passed for y.
TEST(SoftmaxQuotient, RangeCheckKeepsTheProductBelowTheModulus) {
  TestBuilder b;
  const std::int32_t range = b.range_table(0, 26);
  qir::Table exponentials{qir::TableKind::kExplicit, -1, 1, 0, 0, {(1 << 30) - 1, 1 << 30}};
  const std::int32_t table = b.table(exponentials);
  const ValueId x = b.input({128}, 0, 1);
  Node softmax;
  softmax.axes = {0};
  softmax.requant = {1, table};
  const ValueId y = b.node(Op::kSoftmax, {x}, {128}, 0, 2, softmax);
  Node linear;
  linear.coefs = {1};
  linear.requant = {0, range};
  b.graph.outputs = {y, b.node(Op::kLinear, {x}, {128}, 0, 1, linear)};
  ASSERT_TRUE(qir::validate(b.graph).ok());
  auto compiled = relations::compile(b.graph, true);
  ASSERT_TRUE(compiled.ok()) << compiled.status().to_string();
  for (const circuit::Lookup& lookup : compiled->circuit.lookups) {
    if (lookup.name == "n0 value") {
      EXPECT_LE(compiled->circuit.tables[lookup.table].rows.log_size, 23);
    }
  }
}

}  // namespace
}  // namespace zkinfer::e2e
