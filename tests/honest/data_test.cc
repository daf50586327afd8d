// SPDX-License-Identifier: Apache-2.0
// Inputs and outputs that are private, committed or bound by a hash: every combination proves, and the statement binds.
#include <gtest/gtest.h>

#include "prover/prf.h"
#include "statement/canonical_bytes.h"
#include "support/session.h"
#include "support/small_graphs.h"

namespace zkinfer::e2e {
namespace {

prover::ModelOptions options_for(const TensorPolicy& inputs, const TensorPolicy& outputs) {
  prover::ModelOptions options = test_options(true);
  options.visibility = {inputs, outputs, false};
  options.tensor_budget = 3;
  return options;
}

// A model whose inputs and outputs are exposed in this way, with an input, and commitments to it where they are asked for.
struct DataCase : Session {
  DataCase(const qir::QGraph& g, const TensorPolicy& in, const TensorPolicy& out, std::uint64_t seed = 3)
      : Session(g, options_for(in, out), seed) {}
};

const std::vector<TensorPolicy>& groups_without_circuit_hash() {
  static const std::vector<TensorPolicy> groups = {{Exposure::kPrivate, TensorHash::kNone},
                                                   {Exposure::kPublic, TensorHash::kNone},
                                                   {Exposure::kPublic, TensorHash::kKeccak256},
                                                   {Exposure::kPublic, TensorHash::kSha256},
                                                   {Exposure::kCommitted, TensorHash::kNone}};
  return groups;
}

TEST(Data, EveryExposureProvesAndEveryByteOfTheHeaderBinds) {
  qir::QGraph graph = qir::every_op_graph();
  graph.outputs.resize(4);  // each committed one takes some provable security
  for (const TensorPolicy& in : groups_without_circuit_hash()) {
    for (const TensorPolicy& out : groups_without_circuit_hash()) {
      const DataCase c(graph, in, out);
      const prover::Proof proof = c.prove();
      const statement::PublicValues beside = c.beside(proof);
      statement::Header header;
      const Verdict verdict = verifier::verify(c.model.prepared, proof.bytes, beside, &header);
      ASSERT_TRUE(verdict.accepted()) << verdict.to_string();
      EXPECT_EQ(header.data.values, proof.data.values);
      EXPECT_EQ(header.data.digests, proof.data.digests);
      EXPECT_EQ(header.data.commitments, proof.data.commitments);
      ASSERT_EQ(header.num_bytes, statement::header_size(graph, c.model.prepared.key.visibility));
      for (std::size_t at = statement::kContextOffset; at < header.num_bytes; at += 13) {
        Bytes changed = proof.bytes;
        changed[at] ^= 1;
        EXPECT_FALSE(verifier::verify(c.model.prepared, changed, beside, nullptr).accepted()) << "byte " << at;
      }
      if (beside.empty()) continue;
      EXPECT_EQ(verifier::verify(c.model.prepared, proof.bytes, {}, nullptr).reason, RejectReason::kBadPublicValue);
      for (std::size_t i = 0; i < beside.size(); ++i) {
        statement::PublicValues other = beside;
        std::int64_t& x = other[i].back();
        x += x > 0 ? -1 : 1;
        EXPECT_EQ(verifier::verify(c.model.prepared, proof.bytes, other, nullptr).reason,
                  RejectReason::kBadPublicValue);
        other[i].pop_back();
        EXPECT_EQ(verifier::verify(c.model.prepared, proof.bytes, other, nullptr).reason,
                  RejectReason::kBadPublicValue);
      }
      statement::PublicValues more = beside;
      more.push_back({1});
      EXPECT_EQ(verifier::verify(c.model.prepared, proof.bytes, more, nullptr).reason, RejectReason::kBadPublicValue);
    }
  }
}

// One layer: [1, n] in [lo, hi] -> [1, m] in [-64, 63].
qir::QGraph layer_graph(std::int64_t n, std::int64_t m, std::int64_t lo, std::int64_t hi) {
  qir::TestBuilder b;
  const std::int32_t range = b.clamp_table(-512, 10, -64, 63);
  const qir::ValueId x = b.input({1, n}, lo, hi);
  const qir::ValueId w = b.param({n, m}, -15, 15);
  b.graph.outputs = {b.node(qir::Op::kMatMul, {x, w}, {1, m}, -64, 63, with_coefs({}, {5, range}))};
  return b.graph;
}

// The output commitment of one proof is the input commitment of the next.
TEST(Data, ChainOfTwoModels) {
  const TensorPolicy committed{Exposure::kCommitted, TensorHash::kNone};
  const DataCase a(layer_graph(7, 6, -8, 7), {}, committed);
  const prover::Proof proof_a = a.prove();
  ASSERT_EQ(proof_a.committed_outputs.size(), 1u);
  DataCase b(layer_graph(6, 3, -64, 63), committed, {Exposure::kPublic, TensorHash::kNone}, 8);
  ASSERT_EQ(b.model.prepared.key.params.data, a.model.prepared.key.params.data)
      << "the oracle depends on the size alone";
  b.request.inputs.clear();
  b.request.committed_inputs = {proof_a.committed_outputs[0].get()};
  const prover::Proof proof_b = b.prove();
  statement::Header header_a, header_b;
  EXPECT_TRUE(verifier::verify(a.model.prepared, proof_a.bytes, &header_a).accepted());
  EXPECT_TRUE(verifier::verify(b.model.prepared, proof_b.bytes, &header_b).accepted());
  EXPECT_EQ(header_a.data.commitments, header_b.data.commitments);
}

// Lists of pinned oracles multiply at delta, so the number of committed tensors is limited; the error says so.
TEST(Data, ManyCommittedTensors) {
  const TensorPolicy committed{Exposure::kCommitted, TensorHash::kNone};
  for (const std::size_t num_inputs : {1, 2, 3, 4, 8}) {
    qir::TestBuilder b;
    qir::Node concat;
    concat.axes = {1};
    std::vector<qir::ValueId> inputs;
    for (std::size_t i = 0; i < num_inputs; ++i) inputs.push_back(b.input({1, 3}, -8, 7));
    const auto width = static_cast<std::int64_t>(3 * num_inputs);
    const qir::ValueId all = b.node(qir::Op::kConcat, inputs, {1, width}, -8, 7, concat);
    const std::int32_t range = b.clamp_table(-512, 10, -64, 63);
    const qir::ValueId w = b.param({width, 2}, -15, 15);
    b.graph.outputs = {b.node(qir::Op::kMatMul, {all, w}, {1, 2}, -64, 63, with_coefs({}, {5, range}))};
    prover::ModelOptions options = options_for(committed, {Exposure::kPublic, TensorHash::kNone});
    auto model = prover::commit_model(b.graph, draw_params(b.graph, 3), options, test_seed(1));
    EXPECT_EQ(model.ok(), num_inputs <= 4) << num_inputs << ": " << model.status().to_string();
    if (!model.ok()) {
      EXPECT_NE(model.status().to_string().find("8 committed tensors"), std::string::npos)
          << model.status().to_string();
      continue;
    }
    const DataCase c(b.graph, committed, {Exposure::kPublic, TensorHash::kNone});
    EXPECT_EQ(verifier::verify(c.model.prepared, c.prove().bytes, nullptr).to_string(), "accepted");
  }
}

// A prover that says another thing than it committed to.
TEST(Data, OtherValuesThanCommittedAreRejected) {
  const TensorPolicy committed{Exposure::kCommitted, TensorHash::kNone};
  const qir::QGraph graph = mlp_graph();
  DataCase c(graph, committed, {Exposure::kPublic, TensorHash::kNone});
  // Refused by the honest prover ..
  c.request.inputs[0][0] += c.request.inputs[0][0] > 0 ? -1 : 1;
  EXPECT_FALSE(prover::prove(c.model, c.request).ok());
  c.request.inputs[0][0] = c.committed_inputs[0]->values[0];
  // .. and by the verifier, where the columns say something else than the commitment that is opened.
  auto values = c.request.inputs[0];
  values[0] += values[0] > 0 ? -1 : 1;
  prover::CommittedValues other = prover::commit_tensor(values, c.committed_inputs[0]->params, test_seed(77)).value();
  other.values = c.committed_inputs[0]->values;
  c.request.committed_inputs = {&other};
  EXPECT_FALSE(verifier::verify(c.model.prepared, c.prove().bytes, nullptr).accepted());
  // The statement names the honest commitment, the opening uses the other.
  prover::CommittedValues spliced = prover::commit_tensor(values, c.committed_inputs[0]->params, test_seed(78)).value();
  spliced.values = c.committed_inputs[0]->values;
  spliced.commitment = c.committed_inputs[0]->commitment;
  c.request.committed_inputs = {&spliced};
  EXPECT_FALSE(verifier::verify(c.model.prepared, c.prove().bytes, nullptr).accepted());
  // Another out-of-domain value under the same root.
  prover::CommittedValues pinned =
      prover::commit_tensor(c.committed_inputs[0]->values, c.committed_inputs[0]->params, c.committed_inputs[0]->seed)
          .value();
  c.request.committed_inputs = {&pinned};
  ASSERT_TRUE(verifier::verify(c.model.prepared, c.prove().bytes, nullptr).accepted());
  pinned.commitment.ood_value += Fe::one();
  EXPECT_FALSE(verifier::verify(c.model.prepared, c.prove().bytes, nullptr).accepted());
}

TEST(Data, CommitmentsHideAndDependOnEverything) {
  Security security;
  security.pow_bits = 2;
  const auto params = prover::tensor_oracle_params(10, 3, security);
  ASSERT_TRUE(params.ok()) << params.status().to_string();
  const std::vector<std::int64_t> values = {1, 2, 3, 4, 5, 6, 7, -8, 9, 10};
  const statement::Commitment commitment = prover::commit_tensor(values, *params, test_seed(1))->commitment;
  EXPECT_EQ(prover::commit_tensor(values, *params, test_seed(1))->commitment, commitment);
  EXPECT_NE(prover::commit_tensor(values, *params, test_seed(2))->commitment, commitment) << "salted";
  auto other = values;
  other[9] = 11;
  EXPECT_NE(prover::commit_tensor(other, *params, test_seed(1))->commitment, commitment);
  EXPECT_GE(params->oracle.num_random_coefs, 3 * params->oracle.num_queries + 4);
  EXPECT_FALSE(prover::commit_tensor({1, 2, 3}, pcs::TensorOracle{{9, 6, 1, 9, 2}, 1}, test_seed(1)).ok())
      << "parameters of another size";
  EXPECT_FALSE(prover::commit_tensor({1}, pcs::TensorOracle{{1, 6, 0, 9, 2}, 1}, test_seed(1)).ok()) << "one lane";
  EXPECT_TRUE(prover::commit_tensor({1}, pcs::TensorOracle{{1, 6, 1, 9, 2}, 1}, test_seed(1)).ok());
  EXPECT_FALSE(prover::commit_tensor({1}, pcs::TensorOracle{{1, 5, 1, 9, 2}, 1}, test_seed(1)).ok())
      << "too few random rows";
}

}  // namespace
}  // namespace zkinfer::e2e
