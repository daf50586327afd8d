// SPDX-License-Identifier: Apache-2.0
// Boxes whose sides are no powers of two. Elementwise products: the prover once cut eq(tau, .) off at the box, the verifier does
// not. Lookups and committed tables that are cut in many blocks of leaves.
#include <gtest/gtest.h>

#include "support/session.h"

namespace zkinfer::e2e {
namespace {

qir::QGraph square_graph(const Dims& dims) {
  qir::QGraph graph;
  graph.name = "square";
  for (const qir::ValueKind kind : {qir::ValueKind::kInput, qir::ValueKind::kNode}) {
    qir::Value value;
    value.name = kind == qir::ValueKind::kInput ? "x" : "y";
    value.kind = kind;
    value.shape = Shape(dims);
    value.lo = kind == qir::ValueKind::kInput ? -100 : -10000;
    value.hi = -value.lo;
    graph.values.push_back(value);
  }
  qir::Node node;
  node.op = qir::Op::kMul;
  node.name = "square";
  node.inputs = {0, 0};
  node.output = 1;
  node.coefs = {1};
  graph.nodes.push_back(node);
  graph.inputs = {0};
  graph.outputs = {1};
  return graph;
}

void expect_accepted(const qir::QGraph& graph) {
  ASSERT_TRUE(qir::validate(graph).ok()) << qir::validate(graph).to_string();
  for (const bool zero_knowledge : {true, false}) {
    const auto model = prover::commit_model(graph, draw_params(graph, 1), test_options(zero_knowledge), test_seed(1));
    ASSERT_TRUE(model.ok()) << model.status().to_string();
    prover::ProveRequest request;
    request.inputs = draw_inputs(graph, 2);
    const auto proof = prover::prove(*model, request);
    ASSERT_TRUE(proof.ok()) << proof.status().to_string();
    EXPECT_TRUE(verifier::verify(model->prepared, proof->bytes, nullptr).accepted()) << qir::to_text(graph);
  }
}

TEST(OddShapes, ProductsOverAnyBoxAreAccepted) {
  for (const Dims& dims : {Dims{1, 3}, Dims{3, 4}, Dims{4, 3}, Dims{1, 3, 5, 7}, Dims{6, 10}}) {
    expect_accepted(square_graph(dims));
  }
}

qir::Node along(std::int64_t axis, std::vector<std::int64_t> coefs) {
  qir::Node node;
  node.axes = {axis};
  node.coefs = std::move(coefs);
  return node;
}

TEST(OddShapes, GatherOfManySlices) {
  qir::TestBuilder b;
  const qir::ValueId data = b.param({2, 700, 3}, -100, 100);
  const qir::ValueId indices = b.input({23, 29}, 0, 699);
  b.graph.outputs = {b.node(qir::Op::kGather, {data, indices}, {2, 23, 29, 3}, -100, 100, along(1, {}))};
  expect_accepted(b.graph);
}

// The data are a sum of two views, with axes that a reshape joined.
TEST(OddShapes, GatherAlongAnAxisOfAnExpression) {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({7, 2, 11, 13}, -100, 100);
  const qir::ValueId y = b.param({1, 2, 11, 1}, -100, 100);
  qir::Node sum;
  sum.coefs = {3, -1};
  const qir::ValueId z = b.node(qir::Op::kLinear, {x, y}, {7, 2, 11, 13}, -400, 400, sum);
  const qir::ValueId data = b.node(qir::Op::kReshape, {z}, {14, 11, 13}, -400, 400);
  const qir::ValueId indices = b.input({14, 9, 13}, 0, 10);
  b.graph.outputs = {b.node(qir::Op::kGather, {data, indices}, {14, 9, 13}, -400, 400, along(1, {1}))};
  expect_accepted(b.graph);
}

TEST(OddShapes, SortOfManyLines) {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({3, 37, 7}, -20, 20);
  const qir::ValueId wide = b.input({5, 130}, -(std::int64_t{1} << 50), std::int64_t{1} << 50);
  b.graph.outputs = {b.node(qir::Op::kSort, {x}, {3, 37, 7}, 0, 36, along(1, {1})),
                     b.node(qir::Op::kSort, {wide}, {5, 130}, 0, 129, along(1, {-1}))};
  expect_accepted(b.graph);
}

}  // namespace
}  // namespace zkinfer::e2e
