// SPDX-License-Identifier: Apache-2.0
// Elementwise products over boxes whose sides are no powers of two: the prover once cut eq(tau, .) off at the box, the
// verifier does not.
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

TEST(OddShapes, ProductsOverAnyBoxAreAccepted) {
  for (const Dims& dims : {Dims{1, 3}, Dims{3, 4}, Dims{4, 3}, Dims{1, 3, 5, 7}, Dims{6, 10}}) {
    const qir::QGraph graph = square_graph(dims);
    ASSERT_TRUE(qir::validate(graph).ok());
    for (const bool zero_knowledge : {true, false}) {
      const auto model = prover::commit_model(graph, draw_params(graph, 1), test_options(zero_knowledge), test_seed(1));
      ASSERT_TRUE(model.ok()) << model.status().to_string();
      prover::ProveRequest request;
      request.inputs = draw_inputs(graph, 2);
      const auto proof = prover::prove(*model, request);
      ASSERT_TRUE(proof.ok()) << proof.status().to_string();
      EXPECT_TRUE(verifier::verify(model->prepared, proof->bytes, nullptr).accepted())
          << graph.values[0].shape.to_string();
    }
  }
}

}  // namespace
}  // namespace zkinfer::e2e
