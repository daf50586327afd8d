// SPDX-License-Identifier: Apache-2.0
// Hashes that the circuit computes, through whole proofs.
#include <gtest/gtest.h>

#include "hash/sha256.h"
#include "prover/sha256_columns.h"
#include "relations/recipes.h"
#include "support/outer_check.h"
#include "support/small_graphs.h"

namespace zkinfer::e2e {
namespace {

constexpr TensorPolicy kHashed{Exposure::kPrivate, TensorHash::kSha256};
constexpr TensorPolicy kPlain{Exposure::kPublic, TensorHash::kNone};

prover::ModelOptions hashed_options(const TensorPolicy& inputs, const TensorPolicy& outputs) {
  prover::ModelOptions options = test_options(true);
  options.visibility = {inputs, outputs, false};
  options.tensor_budget = 3;
  return options;
}

TEST(HashInCircuit, ProvesTheDigestsOfInputsAndOutputs) {
  struct Case {
    TensorPolicy inputs, outputs;
  };
  for (const Case& c : {Case{kHashed, kPlain},
                        {{}, kHashed},
                        {kHashed, kHashed},
                        {kHashed, {Exposure::kPublic, TensorHash::kKeccak256}}}) {
    for (const qir::QGraph& graph : {mlp_graph(), conv_graph(true)}) {
      Session session(graph, hashed_options(c.inputs, c.outputs));
      const prover::Proof proof = session.prove();
      statement::PublicValues beside;
      if (c.outputs.is_public() && !c.outputs.in_proof()) beside = proof.data.values;
      statement::Header header;
      const Verdict verdict = verifier::verify(session.model.prepared, proof.bytes, beside, &header);
      ASSERT_TRUE(verdict.accepted()) << verdict.to_string();
      ASSERT_EQ(header.data.digests, proof.data.digests);
      if (c.inputs.hash != TensorHash::kNone) {
        const Bytes bytes = statement::canonical_bytes(graph.value(graph.inputs[0]), session.request.inputs[0]);
        EXPECT_EQ(header.data.digests.back(), sha256(bytes));
      }
      // Another digest is another statement: no bit of it may change.
      for (std::size_t at = statement::kValuesOffset; at < header.num_bytes; at += 7) {
        Bytes changed = proof.bytes;
        changed[at] ^= 1;
        EXPECT_FALSE(verifier::verify(session.model.prepared, changed, beside, nullptr).accepted()) << at;
      }
    }
  }
}

TEST(HashInCircuit, CommittedInputWithItsDigest) {
  const qir::QGraph graph = mlp_graph();
  const TensorPolicy committed{Exposure::kCommitted, TensorHash::kSha256};
  Session session(graph, hashed_options(committed, kPlain));
  auto data = prover::commit_tensor(session.request.inputs[0], session.model.prepared.key.params.data[0], test_seed(9));
  ASSERT_TRUE(data.ok()) << data.status().to_string();
  session.request.committed_inputs = {&*data};
  const prover::Proof proof = session.prove();
  statement::Header header;
  EXPECT_TRUE(verifier::verify(session.model.prepared, proof.bytes, &header).accepted());
  EXPECT_EQ(header.data.digests[0],
            sha256(statement::canonical_bytes(graph.value(graph.inputs[0]), session.request.inputs[0])));
  EXPECT_EQ(header.data.commitments[0], data->commitment);
}

circuit::ColumnId column_named(const Session& session, const std::string& name) {
  const auto& columns = session.compiled().circuit.columns;
  for (circuit::ColumnId id = 0; id < columns.size(); ++id) {
    if (columns[id].name.ends_with(name)) return id;
  }
  ADD_FAILURE() << "no column " << name;
  return 0;
}

TEST(HashInCircuit, EveryColumnOfTheHashBinds) {
  const Session session(mlp_graph(), hashed_options(kHashed, kPlain));
  EXPECT_TRUE(failed_checks(session, {}).empty());
  for (const char* name : {"sha256 bits", "sha256 choice", "sha256 majority", "sha256 schedule", "sha256 carries",
                           "sha256 words", "sha256 digest"}) {
    const circuit::ColumnId id = column_named(session, name);
    const std::size_t size = session.compiled().circuit.columns[id].num_elements();
    for (std::size_t at = 0; at < size; at += 1 + size / 9) {
      prover::ProveHooks hooks;
      hooks.columns = [&](circuit::ColumnValues& data) { data[id][at] = Fp(1) - data[id][at]; };
      EXPECT_FALSE(failed_checks(session, hooks).empty()) << name << " " << at;
    }
  }
}

// The verifier takes constants from the circuit, whatever a prover computes with.
TEST(HashInCircuit, ConstantsAreTheCircuits) {
  const Session session(mlp_graph(), hashed_options(kHashed, kPlain));
  const auto& columns = session.compiled().circuit.columns;
  // A consistent hash with another start value, and its digest in the statement.
  prover::ProveHooks hooks;
  Sha256State start = kSha256Start;
  start[0] ^= 1;
  Bytes bytes = statement::canonical_bytes(session.graph.value(session.graph.inputs[0]), session.request.inputs[0]);
  const Bytes padding = sha256_padding(bytes.size());
  bytes.insert(bytes.end(), padding.begin(), padding.end());
  const prover::Sha256Message message(bytes, start);
  hooks.columns = [&](circuit::ColumnValues& data) {
    data[column_named(session, "sha256 start")][0] = Fp(start[0]);
    for (circuit::ColumnId id = 0; id < columns.size(); ++id) {
      const relations::Recipe& recipe = relations::recipe_of(session.compiled(), id);
      if (recipe.kind != relations::Recipe::Kind::kSha256 || recipe.sha256 == relations::Sha256Column::kWords) continue;
      data[id] = prover::sha256_column(recipe.sha256, message);
    }
  };
  hooks.outputs = [&](statement::PublicIo& data) {
    for (std::size_t i = 0; i < 32; ++i)
      data.digests[0][i] = static_cast<std::uint8_t>(message.states.back()[i / 4] >> (24 - 8 * (i % 4)));
  };
  EXPECT_FALSE(session.verdict_on(hooks).accepted());
}

}  // namespace
}  // namespace zkinfer::e2e
