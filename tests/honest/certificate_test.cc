// SPDX-License-Identifier: Apache-2.0
// The certificate of a weight commitment.
#include <gtest/gtest.h>

#include "prover/certify.h"
#include "prover/check_columns.h"
#include "prover/witness.h"
#include "qir/test_graphs.h"
#include "support/session.h"
#include "verifier/certificate.h"

namespace zkinfer::e2e {
namespace {

prover::CommittedModel commit(const qir::QGraph& graph, qir::Weights params, bool zero_knowledge) {
  auto model = prover::commit_model(graph, std::move(params), test_options(zero_knowledge), test_seed(1));
  EXPECT_TRUE(model.ok()) << model.status().to_string();
  return std::move(model).value();
}

class Certificate : public ::testing::TestWithParam<bool> {};

TEST_P(Certificate, AcceptedForItsKeyOnly) {
  const qir::QGraph graph = qir::every_op_graph();
  const prover::CommittedModel model = commit(graph, draw_params(graph, 1), GetParam());
  auto certificate = prover::certify(model, {});
  ASSERT_TRUE(certificate.ok()) << certificate.status().to_string();
  const Verdict verdict = verifier::verify_certificate(model.prepared, *certificate);
  EXPECT_TRUE(verdict.accepted()) << verdict.to_string();
  const prover::CommittedModel other = commit(graph, draw_params(graph, 2), GetParam());
  EXPECT_FALSE(verifier::verify_certificate(other.prepared, *certificate).accepted());
}

// Not to have looked is not to have found something.
TEST_P(Certificate, OverTheLimitIsAReasonOfItsOwn) {
  const qir::QGraph graph = qir::every_op_graph();
  prover::CommittedModel model = commit(graph, draw_params(graph, 1), GetParam());
  const Bytes certificate = prover::certify(model, {}).value();
  model.prepared.limits.nanoseconds = 1;
  const Verdict verdict = verifier::verify_certificate(model.prepared, certificate);
  EXPECT_EQ(verdict.reason, RejectReason::kOverLimit) << verdict.to_string();
}

TEST_P(Certificate, EveryTruncationAndChangedByteIsRejected) {
  const qir::QGraph graph = qir::every_op_graph();
  const prover::CommittedModel model = commit(graph, draw_params(graph, 1), GetParam());
  const Bytes certificate = prover::certify(model, {}).value();
  std::mt19937_64 engine(5);
  for (int i = 0; i < 60; ++i) {
    const std::size_t at = i < 20 ? static_cast<std::size_t>(i) * 8 : engine() % certificate.size();
    EXPECT_FALSE(verifier::verify_certificate(model.prepared, ByteView(certificate).first(at)).accepted()) << at;
    Bytes changed = certificate;
    changed[at] ^= 0x11;
    EXPECT_FALSE(verifier::verify_certificate(model.prepared, changed).accepted()) << at;
  }
  Bytes longer = certificate;
  longer.push_back(0);
  EXPECT_EQ(verifier::verify_certificate(model.prepared, longer).reason, RejectReason::kTrailingBytes);
}

// A parameter outside its declared range is committed by a dishonest owner, who knows no better than to go on.
TEST_P(Certificate, AParameterOutOfRangeIsRejected) {
  const qir::QGraph graph = qir::every_op_graph();
  qir::QGraph wide = graph;
  qir::ValueId weights = 0;
  while (graph.values[weights].kind != qir::ValueKind::kParam) ++weights;
  for (const std::int64_t outside : {graph.values[weights].hi + 1, graph.values[weights].lo - 1}) {
    wide.values[weights].lo = graph.values[weights].lo - 1;
    wide.values[weights].hi = graph.values[weights].hi + 1;
    qir::Weights params = draw_params(graph, 1);
    params[weights][3] = static_cast<std::int32_t>(outside);
    prover::CommittedModel model = commit(wide, params, GetParam());
    // The same commitment under the narrow graph.
    verifier::PreparedKey& prepared = model.prepared;
    prepared.key.graph = graph;
    prepared.compiled = relations::compile(graph, GetParam(), prepared.key.visibility).value();
    ASSERT_TRUE(argument::place(prepared.compiled, prepared.key.params).ok());
    prepared.ood_point = statement::ood_point(graph, prepared.key.params, model.oracle.root());
    prepared.key.commitment.ood_value = pcs::ood_value(model.oracle, prepared.ood_point);
    const Bytes certificate = prover::certify(model, {}).value();
    EXPECT_FALSE(verifier::verify_certificate(prepared, certificate).accepted());
  }
}

// Every entry of every tensor is bound to exactly its range, however the tensors are cut into tuples: with and without a
// multiple of the width, with and without zero in the range, alone and several together.
TEST(CertificateCircuit, HoldsForTheRangesAndNothingElse) {
  struct Case {
    std::vector<Shape> shapes;
    std::int64_t lo, hi;
    bool is_cut;
  };
  const std::vector<Case> cases = {
      {{{5, 84}}, -1, 1, true},                // a multiple of the width
      {{{17, 31}, {3}, {2, 2}}, -1, 1, true},  // none is: zeros beyond the axis
      {{{9, 40}, {7, 11}}, 2, 5, true},        // zero is out of range: only where the axis is a multiple
      {{{7, 11}}, -300, -44, false},           // 257 numbers: one at a time
      {{{300}, {1}}, 0, 0, true},              // one number
      {{{6, 3, 3, 3}}, -128, 127, false},      // a table of pairs would be longer than the tensor
      {{{4, 3}}, -40000, 40000, false},        // limbs
      {{{600}}, 0, 1, true},                   // several bits at a time
  };
  for (const Case& tested : cases) {
    qir::TestBuilder b;
    qir::Weights weights;
    for (const Shape& shape : tested.shapes) b.param(shape, tested.lo, tested.hi);
    std::mt19937_64 draws(3);
    for (const qir::Value& value : b.graph.values) {
      std::vector<std::int32_t>& tensor = weights.emplace_back();
      for (std::int64_t i = 0; i < value.shape.num_elements(); ++i) {
        const auto span = static_cast<std::uint64_t>(tested.hi - tested.lo + 1);
        tensor.push_back(static_cast<std::int32_t>(tested.lo + static_cast<std::int64_t>(draws() % span)));
      }
    }
    const auto compiled = relations::compile_certificate(b.graph, true);
    ASSERT_TRUE(compiled.ok()) << compiled.status().to_string();
    std::size_t widest = 0;
    for (const circuit::Lookup& lookup : compiled->circuit.lookups) widest = std::max(widest, lookup.tuple.size());
    EXPECT_EQ(widest > 1, tested.is_cut) << tested.lo;
    const auto holds = [&] {
      return prover::check_columns(*compiled, prover::fill_columns(b.graph, *compiled, weights, {}), {}).ok();
    };
    ASSERT_TRUE(holds()) << tested.lo;
    for (std::vector<std::int32_t>& tensor : weights) {
      for (std::int32_t& x : tensor) {
        const std::int32_t honest = x;
        for (const std::int64_t end : {tested.lo, tested.hi}) {
          x = static_cast<std::int32_t>(end);
          if (&x == &tensor.front() || &x == &tensor.back()) EXPECT_TRUE(holds()) << end;
        }
        for (const std::int64_t outside : {tested.lo - 1, tested.hi + 1}) {
          x = static_cast<std::int32_t>(outside);
          EXPECT_FALSE(holds()) << outside << " entry " << &x - tensor.data();
        }
        x = honest;
      }
    }
  }
}

// Many parameters of a wide range are one lookup each in a long table: nothing but multiplicities is committed.
TEST_P(Certificate, ManyParametersOfAWideRange) {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({1, 600}, -1, 1);
  const qir::ValueId w = b.param({600, 400}, -65535, 65535);
  b.graph.outputs = {b.node(qir::Op::kMatMul, {x, w}, {1, 400}, -(std::int64_t{1} << 26), std::int64_t{1} << 26)};
  const auto compiled = relations::compile_certificate(b.graph, GetParam());
  ASSERT_TRUE(compiled.ok()) << compiled.status().to_string();
  ASSERT_EQ(compiled->circuit.tables.size(), 1u);
  std::size_t num_long = 0;  // not the multiplicities, a blind, pads
  for (const circuit::Column& column : compiled->circuit.columns) num_long += column.num_elements() >= 240000 ? 1 : 0;
  EXPECT_EQ(num_long, 1u);
  // In closed form, as listed.
  const circuit::Table& table = compiled->circuit.tables[0];
  std::uint64_t row = 0;
  for (const circuit::Line& line : table.lines(0)) {
    for (std::int64_t value = line.value; row < line.end; ++row, value += line.rises ? 1 : 0)
      ASSERT_EQ(value, table.entry(row, 0)) << row;
  }
  EXPECT_EQ(row, table.num_rows());
  const prover::CommittedModel model = commit(b.graph, draw_params(b.graph, 1), GetParam());
  const Verdict verdict = verifier::verify_certificate(model.prepared, prover::certify(model, {}).value());
  EXPECT_TRUE(verdict.accepted()) << verdict.to_string();
  qir::Weights weights = draw_params(b.graph, 1);
  for (const std::int32_t outside : {-65536, 65536}) {
    weights[w][12345] = outside;
    EXPECT_FALSE(prover::check_columns(*compiled, prover::fill_columns(b.graph, *compiled, weights, {}), {}).ok());
  }
}

// The lookups speak of other values than the commitment.
TEST_P(Certificate, OtherValuesThanCommittedAreRejected) {
  const qir::QGraph graph = qir::every_op_graph();
  const prover::CommittedModel model = commit(graph, draw_params(graph, 1), GetParam());
  prover::ProveHooks hooks;
  hooks.columns = [](circuit::ColumnValues& data) { data[0][0] = data[0][0].is_zero() ? Fp(1) : Fp(0); };
  prover::ProveRequest request;
  request.hooks = &hooks;
  EXPECT_FALSE(verifier::verify_certificate(model.prepared, prover::certify(model, request).value()).accepted());
}

INSTANTIATE_TEST_SUITE_P(ZeroKnowledge, Certificate, ::testing::Bool(),
                         [](const auto& tested) { return tested.param ? std::string("On") : std::string("Off"); });

}  // namespace
}  // namespace zkinfer::e2e
