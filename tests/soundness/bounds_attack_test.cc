// SPDX-License-Identifier: Apache-2.0
// Attacks on the derivation of the relations: structures for which they were another function than the integer program.
// Padding of several axes that share an axis of a column, 64-bit overflow of constants, coefficients and strides, interval
// bounds that were cut off and then cancelled, and declared ranges that nothing proved. Honest columns must satisfy the
// relations (then these, which leave a prover no choice, say what the program says), or the structure must be refused.
#include <gtest/gtest.h>

#include "prover/check_columns.h"
#include "prover/check_model.h"
#include "prover/witness.h"
#include "prover/write.h"
#include "qir/ops/rules.h"
#include "support/session.h"
#include "zkinfer/verify.h"

namespace zkinfer::e2e {
namespace {

using qir::Node;
using qir::Op;
using qir::TestBuilder;
using qir::ValueId;

using Integers = std::vector<std::vector<std::int64_t>>;

Node pad(std::vector<std::int64_t> begin) {
  Node node;
  node.pads_begin = std::move(begin);
  return node;
}

Node linear(std::vector<std::int64_t> coefs, std::int64_t constant = 0) {
  Node node;
  node.coefs = std::move(coefs);
  node.constant = constant;
  return node;
}

// A window of 2x2 that begins one row above and ends one column to the right.
Node corner_window() {
  Node node;
  node.kernel = {2, 2}, node.strides = {1, 1}, node.dilations = {1, 1}, node.pads_begin = {1, 0};
  return node;
}

struct Case {
  qir::QGraph graph;
  qir::Weights params;
  Integers inputs;
  Integers outputs;  // what the program gives, by hand
};

// The relations on honest columns, with the outputs that were computed by hand.
Status relations_hold(const Case& c, const qir::Visibility& visibility = {}) {
  ZKI_RETURN_IF_ERROR(qir::validate(c.graph));
  ZKI_ASSIGN_OR_RETURN(const relations::CompiledCircuit compiled, relations::compile(c.graph, true, visibility));
  ZKI_ASSIGN_OR_RETURN(const exec_integer::Witness witness, exec_integer::run(c.graph, c.params, c.inputs));
  for (std::size_t i = 0; i < c.outputs.size(); ++i) EXPECT_EQ(witness.values[c.graph.outputs[i]], c.outputs[i]);
  return prover::check_columns(compiled, prover::fill_columns(c.graph, compiled, c.params, witness),
                               prover::statement_values(c.graph, visibility, witness));
}

// A whole proof through the public verifier gives the program's outputs.
void expect_proven(const Case& c) {
  prover::ModelOptions options = test_options(true);
  options.security.bits = 40;
  const auto model = prover::commit_model(c.graph, c.params, options, test_seed(1));
  ASSERT_TRUE(model.ok()) << model.status().to_string();
  prover::ProveRequest request;
  request.inputs = c.inputs;
  request.entropy = test_seed(9);
  const auto proof = prover::prove(*model, request);
  ASSERT_TRUE(proof.ok()) << proof.status().to_string();
  const auto key = VerificationKey::from_bytes(prover::key_bytes(model->prepared.key), 30);
  ASSERT_TRUE(key.ok()) << key.status().to_string();
  const VerifyResult result = verify(*key, proof->bytes, VerifyRequest::uncertified());
  ASSERT_TRUE(result.verdict.accepted()) << result.verdict.to_string();
  for (std::size_t i = 0; i < c.outputs.size(); ++i) EXPECT_EQ(result.outputs[i].integers, c.outputs[i]);
}

// x[2], padded to 16 zeros behind it, read as [.., 4, 4]: both axes share the flat column's one axis.
ValueId padded_grid(TestBuilder& b, Shape grid) {
  const ValueId x = b.input({2}, 1, 9);
  const ValueId p = b.node(Op::kPad, {x}, {16}, 0, 9, pad({0}));
  return b.node(Op::kReshape, {p}, std::move(grid), 0, 9);
}

// Above the first row and behind the last column there is padding, not x_0 and x_1: the index -4 + 4 is in the column again.
Case joint_pad() {
  Case c;
  TestBuilder b;
  const ValueId grid = padded_grid(b, {4, 4});
  b.graph.outputs = {b.node(Op::kPad, {grid}, {5, 8}, 0, 9, pad({1, 0}))};
  std::vector<std::int64_t> y(40, 0);
  y[8] = 5, y[9] = 7;
  return {b.graph, qir::Weights(b.graph.values.size()), {{5, 7}}, {y}};
}

TEST(JointPadding, Pad) {
  const Status status = relations_hold(joint_pad());
  EXPECT_TRUE(status.ok()) << status.to_string();
  expect_proven(joint_pad());
}

TEST(JointPadding, PadOfThreeAxes) {
  TestBuilder b;
  const ValueId x = b.input({2}, 1, 9);
  const ValueId p = b.node(Op::kPad, {x}, {8}, 0, 9, pad({0}));
  const ValueId grid = b.node(Op::kReshape, {p}, {2, 2, 2}, 0, 9);
  b.graph.outputs = {b.node(Op::kPad, {grid}, {3, 3, 4}, 0, 9, pad({1, 0, 0}))};
  const Status status = relations_hold({b.graph, qir::Weights(b.graph.values.size()), {{5, 7}}, {}});
  EXPECT_TRUE(status.ok()) << status.to_string();
}

TEST(JointPadding, Conv) {
  TestBuilder b;
  const ValueId grid = padded_grid(b, {1, 1, 4, 4});
  const ValueId w = b.param({1, 1, 2, 2}, -3, 3);
  b.graph.outputs = {b.node(Op::kConv, {grid, w}, {1, 1, 4, 4}, -1000, 1000, corner_window())};
  qir::Weights params(b.graph.values.size());
  params[w] = {1, 2, 3, -1};
  std::vector<std::int64_t> y(16, 0);
  // Row 0 sees the grid's row 0 in the kernel's lower row; row 1 in the upper one.
  y[0] = 3 * 5 - 7, y[1] = 3 * 7, y[4] = 5 + 2 * 7, y[5] = 7;
  const Case c{b.graph, params, {{5, 7}}, {y}};
  const Status status = relations_hold(c);
  EXPECT_TRUE(status.ok()) << status.to_string();
  expect_proven(c);
}

TEST(JointPadding, SumPoolAndMaxPool) {
  TestBuilder b;
  const ValueId grid = padded_grid(b, {1, 1, 4, 4});
  Node sum = corner_window();
  sum.coefs = {1};
  const ValueId s = b.node(Op::kSumPool, {grid}, {1, 1, 4, 4}, 0, 36, sum);
  const ValueId m = b.node(Op::kMaxPool, {grid}, {1, 1, 4, 4}, 0, 9, corner_window());
  b.graph.outputs = {s, m};
  std::vector<std::int64_t> sums(16, 0), most(16, 0);
  sums[0] = sums[4] = 12, sums[1] = sums[5] = 7;
  most[0] = most[4] = 7, most[1] = most[5] = 7;
  const Case c{b.graph, qir::Weights(b.graph.values.size()), {{5, 7}}, {sums, most}};
  const Status status = relations_hold(c);
  EXPECT_TRUE(status.ok()) << status.to_string();
}

// 2^40 ((x - 2^61) ..): the constant is -2^101, an element of F and no 64-bit integer.
TEST(Overflow, ConstantBeyond64Bits) {
  TestBuilder b;
  const std::int64_t base = std::int64_t{1} << 61;
  const std::int64_t big = std::int64_t{1} << 40;
  const ValueId x = b.input({2}, base, base + 1);
  const ValueId s = b.input({2}, 0, 100);
  const ValueId d = b.node(Op::kLinear, {x}, {2}, 0, 1, linear({1}, -base));
  const ValueId e = b.node(Op::kLinear, {d}, {2}, 0, big, linear({big}));
  b.graph.outputs = {b.node(Op::kLinear, {e, s}, {2}, -1000, big + 100, linear({1, 1}))};
  const Case c{b.graph, qir::Weights(b.graph.values.size()), {{base, base + 1}, {50, 60}}, {{50, big + 60}}};
  const Status status = relations_hold(c);
  EXPECT_TRUE(status.ok()) << status.to_string();
  expect_proven(c);
}

// Zero times 2^24 was 2^32 - 1, and decided an arg max.
TEST(Overflow, CoefficientOfAnInputThatIsAlwaysTheSame) {
  TestBuilder b;
  const std::int64_t k = std::int64_t{1} << 40;
  const std::int64_t wide = std::int64_t{1} << 33;
  const ValueId one = b.input({1}, k, k);
  const ValueId s = b.input({2}, 0, 100);
  const ValueId zero = b.node(Op::kLinear, {one}, {1}, 0, 0, linear({1}, -k));
  const ValueId still = b.node(Op::kLinear, {zero}, {1}, 0, 0, linear({std::int64_t{1} << 24}));
  Node axis;
  axis.axes = {0};
  const ValueId both = b.node(Op::kConcat, {zero, still}, {2}, 0, 0, axis);
  const ValueId scores = b.node(Op::kLinear, {s, both}, {2}, -wide, wide, linear({1, 1}));
  b.graph.outputs = {scores, b.node(Op::kArgMax, {scores}, {1}, 0, 1, axis)};
  const Case c{b.graph, qir::Weights(b.graph.values.size()), {{k}, {60, 50}}, {{60, 50}, {0}}};
  const Status status = relations_hold(c);
  EXPECT_TRUE(status.ok()) << status.to_string();
  expect_proven(c);
}

// Steps of 2^16, four times, are a stride of 2^64: a view that read the first entry twice.
TEST(Overflow, StridesAreRefused) {
  TestBuilder b;
  ValueId v = b.input({2}, 1, 9);
  for (int i = 0; i < 4; ++i) {
    v = b.node(Op::kPad, {v}, {65537}, 0, 9, pad({0}));
    Node slice;
    slice.starts = {0}, slice.steps = {65536};
    v = b.node(Op::kSlice, {v}, {2}, 0, 9, slice);
  }
  b.graph.outputs = {v};
  ASSERT_TRUE(qir::validate(b.graph).ok());
  const auto compiled = relations::compile(b.graph, true);
  ASSERT_FALSE(compiled.ok());
  EXPECT_EQ(compiled.status().code(), StatusCode::kResourceLimit);
  EXPECT_NE(compiled.status().message().find("2^48"), std::string::npos) << compiled.status().message();
}

// Fewer of them are fine, and give zeros.
TEST(Overflow, LongStrides) {
  TestBuilder b;
  ValueId v = b.input({2}, 1, 9);
  for (int i = 0; i < 2; ++i) {
    v = b.node(Op::kPad, {v}, {65537}, 0, 9, pad({0}));
    Node slice;
    slice.starts = {0}, slice.steps = {65536};
    v = b.node(Op::kSlice, {v}, {2}, 0, 9, slice);
  }
  b.graph.outputs = {v};
  const Status status = relations_hold({b.graph, qir::Weights(b.graph.values.size()), {{5, 7}}, {{5, 0}}});
  EXPECT_TRUE(status.ok()) << status.to_string();
}

// 2^40 (x1 - x2) reaches 2^65; cut off at +-2^63 the two bounds cancelled to nothing.
TEST(Bounds, OppositeSignsDoNotCancel) {
  const std::int64_t q = std::int64_t{1} << 24;
  const std::int64_t big = std::int64_t{1} << 40;
  const std::int64_t wide = std::int64_t{1} << 33;
  TestBuilder b;
  const ValueId x1 = b.input({1}, q, 2 * q);
  const ValueId x2 = b.input({1}, q, 2 * q);
  b.graph.outputs = {b.node(Op::kLinear, {x1, x2}, {1}, -wide, wide, linear({big, -big}))};
  const Status status = qir::validate(b.graph);
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.message().find("2^62"), std::string::npos) << status.message();
}

TEST(Bounds, UnboundedStaysUnbounded) {
  const qir::Wide one = 1;
  const qir::Interval beyond = qir::make_interval(0, one << 64);
  EXPECT_TRUE(beyond.is_unbounded());
  EXPECT_TRUE(qir::add(beyond, qir::make_interval(-(one << 63), -(one << 62))).is_unbounded());
  EXPECT_TRUE(qir::multiply(beyond, qir::make_interval(-1, 1)).is_unbounded());
  EXPECT_TRUE(qir::square(beyond).is_unbounded());
  EXPECT_TRUE(qir::hull(beyond, {}).is_unbounded());
  EXPECT_TRUE(qir::scale(qir::make_interval(1, one << 62), 4).is_unbounded());
  EXPECT_FALSE(beyond.within(INT64_MAX));
  // In exact arithmetic 2^63 - 2^62 is bounded.
  EXPECT_EQ(qir::to_string(qir::add(qir::make_interval(0, one << 62), qir::make_interval(-5, one << 61))),
            qir::to_string(qir::make_interval(-5, (one << 62) + (one << 61))));
}

// Padding is 0 after the shift by the least value, or where there is none: a difference of up to hi, not hi - lo.
TEST(Bounds, PaddedMaxPoolReach) {
  for (const auto& [lo, hi] :
       std::vector<std::pair<std::int64_t, std::int64_t>>{{5, 10}, {-10, -5}, {-3, 20}, {1000, 1001}}) {
    TestBuilder b;
    const ValueId x = b.input({1, 1, 4, 4}, lo, hi);
    Node pool;
    pool.kernel = {3, 3}, pool.strides = {2, 2}, pool.dilations = {1, 1}, pool.pads_begin = {1, 1};
    b.graph.outputs = {b.node(Op::kMaxPool, {x}, {1, 1, 2, 2}, lo, hi, pool)};
    for (const std::int64_t value : {lo, hi}) {
      const Case c{b.graph,
                   qir::Weights(b.graph.values.size()),
                   {std::vector<std::int64_t>(16, value)},
                   {{value, value, value, value}}};
      const Status status = relations_hold(c);
      EXPECT_TRUE(status.ok()) << lo << ".." << hi << ": " << status.to_string();
    }
  }
}

// ---- ranges of outputs that no verifier sees

// Declares 0..9, its parameters allow +-20000: what a node with a parameter and no table may do.
struct Narrow {
  qir::QGraph graph;
  qir::Weights params;
  ValueId y = 0;
  Narrow() {
    TestBuilder b;
    const ValueId x = b.input({1, 2}, 0, 100);
    const ValueId w = b.param({2, 2}, -100, 100);
    y = b.node(Op::kMatMul, {x, w}, {1, 2}, 0, 9);
    b.graph.outputs = {y};
    graph = b.graph;
    params.resize(graph.values.size());
    params[w] = {50, -50, 50, -50};
  }
  // The columns of a prover who computes (10000, -10000) and does not mind the range.
  Status check(const qir::Visibility& visibility) const {
    auto compiled = relations::compile(graph, true, visibility);
    if (!compiled.ok()) return compiled.status();
    qir::QGraph wide = graph;
    wide.values[y].lo = -20000, wide.values[y].hi = 20000;
    auto witness = exec_integer::run(wide, params, {{100, 100}});
    EXPECT_TRUE(witness.ok());
    return prover::check_columns(*compiled, prover::fill_columns(graph, *compiled, params, *witness),
                                 prover::statement_values(wide, visibility, *witness));
  }
};

TEST(OutputRanges, AreProvenWhereNobodySeesTheOutput) {
  const std::vector<TensorPolicy> hidden = {{Exposure::kPrivate, TensorHash::kNone},
                                            {Exposure::kPrivate, TensorHash::kSha256},
                                            {Exposure::kCommitted, TensorHash::kNone}};
  for (const TensorPolicy& policy : hidden) {
    const Status status = Narrow().check({{}, policy, false});
    EXPECT_FALSE(status.ok()) << "nothing bounds the output";
    // The range check of the output, or the digits of its canonical bytes.
    const char* relation = policy.hash == TensorHash::kSha256 ? "sha256 message" : "output";
    EXPECT_NE(status.message().find(relation), std::string::npos) << status.message();
  }
}

// Softmax has a table, and its values are in [0, 2^shift] whatever its input is: with a parameter for input nothing compared
// that with what it declares, neither validate nor the executor, which began its maxima at the declared bound. Found by a
// random graph.
TEST(OutputRanges, SoftmaxOfAParameterDeclaresWhatItReaches) {
  TestBuilder b;
  qir::Table exponentials{qir::TableKind::kExplicit, -7, 3, 0, 0, {1, 2, 3, 4, 5, 6, 7, 8}};
  const std::int32_t table = b.table(exponentials);
  b.input({1}, 0, 1);
  const ValueId w = b.param({3}, -3, 3);
  Node softmax;
  softmax.axes = {0};
  softmax.requant = {6, table};
  const std::int64_t far = std::int64_t{1} << 31;
  b.graph.outputs = {b.node(Op::kSoftmax, {w}, {3}, far, far, softmax)};
  EXPECT_FALSE(qir::validate(b.graph).ok());
  b.graph.values.back().lo = 0, b.graph.values.back().hi = 64;
  EXPECT_TRUE(qir::validate(b.graph).ok()) << qir::validate(b.graph).to_string();
}

// Of a table's values, of a movement of them and of a sum without parameters the range is known: no check is added.
TEST(OutputRanges, KnownOnesCostNothing) {
  TestBuilder b;
  const ValueId x = b.input({1, 4}, -50, 50);
  const ValueId w = b.param({4, 4}, -100, 100);
  Node rounded;
  rounded.requant = {4, b.clamp_table(-2048, 12, 0, 127)};
  const ValueId y = b.node(Op::kMatMul, {x, w}, {1, 4}, 0, 127, rounded);
  const ValueId r = b.node(Op::kReshape, {y}, {4}, 0, 127);
  const ValueId s = b.node(Op::kLinear, {r, x}, {1, 4}, -100, 354, linear({2, 2}));
  b.graph.outputs = {y, r, s};
  const auto known = relations::compile(b.graph, true, {{}, {Exposure::kPrivate, TensorHash::kNone}, false});
  ASSERT_TRUE(known.ok()) << known.status().to_string();
  for (const circuit::Lookup& lookup : known->circuit.lookups) {
    EXPECT_EQ(lookup.name.find("output"), std::string::npos) << lookup.name;
  }
  const qir::Ranges proven = qir::proven_ranges(b.graph);
  EXPECT_EQ(qir::to_string(proven[y]), "[0, 127]");
  EXPECT_TRUE(proven[w].is_unbounded());
}

// ---- a commitment is checked before it is made

TEST(CheckModel, NamesNodeAndRelation) {
  TestBuilder b;
  const ValueId x = b.input({1, 4}, -50, 50);
  const ValueId w = b.param({4, 3}, -100, 100);
  b.graph.outputs = {b.node(Op::kMatMul, {x, w}, {1, 3}, -20000, 20000)};
  const qir::Weights params = draw_params(b.graph, 3);
  auto compiled = relations::compile(b.graph, true);
  ASSERT_TRUE(compiled.ok());
  ASSERT_TRUE(prover::check_model(b.graph, params, {}, *compiled).ok());
  // A relation that is another function: as if the derivation had a bug.
  compiled->circuit.contractions[0].lhs.constant = Fp(1);
  const Status status = prover::check_model(b.graph, params, {}, *compiled);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  EXPECT_NE(status.message().find("node 'n0' (MatMul)"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("contraction"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace zkinfer::e2e
