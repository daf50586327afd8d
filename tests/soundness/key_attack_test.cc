// SPDX-License-Identifier: Apache-2.0
// Attacks by verification keys: small structures that made the verifier crash, run out of memory or work for hours.
#include <gtest/gtest.h>

#include "relations/recipes.h"
#include "support/session.h"

namespace zkinfer::e2e {
namespace {

using qir::Node;
using qir::Op;
using qir::TestBuilder;
using qir::ValueId;

// Compiles as prepare() does; the verdict does not matter, but it must come soon and without an abort.
Status compile_key(const qir::QGraph& graph, const qir::Visibility& visibility = {}) {
  if (Status status = qir::validate(graph); !status.ok()) return status;
  auto compiled = relations::compile(graph, true, visibility);
  return compiled.ok() ? ok_status() : compiled.status();
}

TEST(HostileKeys, MaximumOverTheWidestRange) {
  TestBuilder b;
  const std::int64_t top = (std::int64_t{1} << 62) - 1;
  const ValueId x = b.input({4}, -top, top);
  Node axes;
  axes.axes = {0};
  b.graph.outputs = {b.node(Op::kReduceMax, {x}, {1}, -top, top, axes)};
  EXPECT_FALSE(compile_key(b.graph).ok());
}

// y = x + x, again and again: expressions must not double with every node.
TEST(HostileKeys, DoublingExpressions) {
  TestBuilder b;
  ValueId x = b.input({2, 2}, 0, 0);
  Node node;
  node.coefs = {1, 1};
  Node swap;
  swap.perm = {1, 0};
  for (int i = 0; i < 60; ++i) {
    const ValueId t = b.node(Op::kTranspose, {x}, {2, 2}, 0, 0, swap);
    x = b.node(Op::kLinear, {x, t}, {2, 2}, 0, 0, node);
  }
  b.graph.outputs = {x};
  static_cast<void>(compile_key(b.graph));
}

TEST(HostileKeys, ParallelSlicesMultiply) {
  TestBuilder b;
  ValueId x = b.input({1024}, 0, 0);
  Node node;
  node.coefs = {1, 1};
  std::int64_t size = 1024;
  for (int i = 0; i < 9; ++i) {
    const std::int64_t shift = std::int64_t{1} << i;
    size -= shift;
    Node slice;
    slice.steps = {1};
    slice.starts = {0};
    const ValueId a = b.node(Op::kSlice, {x}, {size}, 0, 0, slice);
    slice.starts = {shift};
    const ValueId c = b.node(Op::kSlice, {x}, {size}, 0, 0, slice);
    x = b.node(Op::kLinear, {a, c}, {size}, 0, 0, node);
    for (int j = 0; j < 3; ++j) {
      Node pool;
      pool.kernel = {1}, pool.strides = {1}, pool.dilations = {1}, pool.pads_begin = {0}, pool.coefs = {1};
      const ValueId r = b.node(Op::kReshape, {x}, {1, 1, size}, 0, 0);
      const ValueId p = b.node(Op::kSumPool, {r}, {1, 1, size}, 0, 0, pool);
      x = b.node(Op::kReshape, {p}, {size}, 0, 0);
    }
  }
  b.graph.outputs = {x};
  static_cast<void>(compile_key(b.graph));
}

// A virtual axis of 2^31 positions would make the verifier hold a vector of that many field elements.
TEST(HostileKeys, HugeVirtualAxis) {
  TestBuilder b;
  const std::int64_t size = std::int64_t{1} << 31;
  const ValueId x = b.input({1, 2}, 0, 1);
  Node pad;
  pad.pads_begin = {0, 0};
  const ValueId p = b.node(Op::kPad, {x}, {1, size}, 0, 1, pad);
  Node swap;
  swap.perm = {1, 0};
  const ValueId t = b.node(Op::kTranspose, {p}, {size, 1}, 0, 1, swap);
  b.graph.outputs = {b.node(Op::kMatMul, {p, t}, {1, 1}, 0, size)};
  EXPECT_FALSE(compile_key(b.graph).ok());
}

// Four bytes of a key name an output once more; its expression may have thousands of terms, its hash a circuit.
TEST(HostileKeys, OutputsListedAgainAndAgain) {
  TestBuilder b;
  const ValueId x = b.input({4096}, 0, 0);
  std::vector<ValueId> slices;
  for (std::int64_t i = 0; i < 2000; ++i) {
    Node slice;
    slice.starts = {i}, slice.steps = {1};
    slices.push_back(b.node(Op::kSlice, {x}, {2}, 0, 0, slice));
  }
  Node sum;
  sum.coefs.assign(slices.size(), 1);
  const ValueId y = b.node(Op::kLinear, slices, {2}, 0, 0, sum);
  b.graph.outputs.assign(1 << 16, y);
  EXPECT_EQ(compile_key(b.graph).code(), StatusCode::kResourceLimit);
  b.graph.outputs.assign(1 << 16, x);
  EXPECT_EQ(compile_key(b.graph, {{}, {Exposure::kPrivate, TensorHash::kSha256}, false}).code(),
            StatusCode::kResourceLimit);
  EXPECT_TRUE(compile_key(b.graph).ok()) << "plain outputs are cheap";
}

TEST(HostileKeys, HashesOfManyInputs) {
  TestBuilder b;
  for (int i = 0; i < 1 << 15; ++i) b.input({1}, 0, 1);
  b.graph.outputs = {0};
  EXPECT_EQ(compile_key(b.graph, {{Exposure::kPrivate, TensorHash::kSha256}, {}, false}).code(),
            StatusCode::kResourceLimit);
}

// More folded bits than an index has.
TEST(HostileKeys, ManyFolds) {
  pcs::OpeningParams params;
  params.security.bits = 1;
  params.security.zero_knowledge = false;
  params.has_model = false;
  params.witness = {std::uint64_t{1} << 20, 0, 4, 24, 2};
  std::uint64_t size = params.witness.num_coefs;
  for (int i = 0; i < 12; ++i) {
    size = (size + 63) / 64;
    params.folds.push_back({size, 0, 6, 20, 2});
  }
  EXPECT_FALSE(params.validate().ok());
}

}  // namespace
}  // namespace zkinfer::e2e
