// SPDX-License-Identifier: Apache-2.0
// The rotation of a weight commitment, honest and not.
#include <gtest/gtest.h>

#include "prover/rotate.h"
#include "prover/write.h"
#include "relations/recipes.h"
#include "support/messages.h"
#include "support/session.h"
#include "support/small_graphs.h"
#include "verifier/rotation.h"

namespace zkinfer::e2e {
namespace {

prover::CommittedModel commit(const qir::QGraph& graph, std::uint64_t params_seed, std::uint8_t seed,
                              std::uint64_t budget = 4) {
  prover::ModelOptions options = test_options(true);
  options.budget = budget;
  auto model = prover::commit_model(graph, draw_params(graph, params_seed), options, test_seed(seed));
  EXPECT_TRUE(model.ok()) << model.status().to_string();
  return std::move(model).value();
}

class Rotation : public ::testing::Test {
 protected:
  Bytes rotate(const prover::CommittedModel& before, const prover::CommittedModel& after,
               const prover::ProveHooks* hooks = nullptr) const {
    prover::ProveRequest request;
    request.hooks = hooks;
    auto rotation = prover::rotate(before, after, request);
    EXPECT_TRUE(rotation.ok()) << rotation.status().to_string();
    return std::move(rotation).value();
  }
  Verdict verify(const prover::CommittedModel& before, const prover::CommittedModel& after, ByteView rotation) const {
    return verifier::verify_rotation(before.prepared, after.prepared, rotation);
  }
  // A new commitment to other weights that claims the old ones.
  prover::CommittedModel liar(const qir::QGraph& graph) const {
    prover::CommittedModel model = commit(graph, 1, 2);
    prover::CommittedModel other = commit(graph, 7, 2);
    other.weights = model.weights;
    return other;
  }

  qir::QGraph graph_ = qir::every_op_graph();
  prover::CommittedModel before_ = commit(graph_, 1, 1);
  prover::CommittedModel after_ = commit(graph_, 1, 2);
};

TEST_F(Rotation, AcceptedForItsTwoKeysInOrder) {
  const Bytes rotation = rotate(before_, after_);
  const Verdict verdict = verify(before_, after_, rotation);
  EXPECT_TRUE(verdict.accepted()) << verdict.to_string();
  EXPECT_FALSE(verify(after_, before_, rotation).accepted());
  EXPECT_FALSE(verify(before_, before_, rotation).accepted());
  EXPECT_FALSE(verify(before_, commit(graph_, 1, 3), rotation).accepted()) << "another commitment to the same weights";
  const prover::CommittedModel other = commit(mlp_graph(), 1, 3);
  EXPECT_EQ(verify(before_, other, rotation).reason, RejectReason::kWrongStatement);
}

TEST_F(Rotation, TheNewBudgetMayDiffer) {
  for (const std::uint64_t budget : {2, 40}) {
    const prover::CommittedModel after = commit(graph_, 1, 5, budget);
    EXPECT_EQ(verify(before_, after, rotate(before_, after)).to_string(), "accepted");
  }
}

TEST_F(Rotation, HonestProverRefuses) {
  EXPECT_FALSE(prover::rotate(before_, before_, {}).ok());
  EXPECT_FALSE(prover::rotate(before_, commit(graph_, 2, 2), {}).ok()) << "other weights";
  prover::ModelOptions options = test_options(true);
  options.visibility.public_params = true;
  const auto open = prover::commit_model(graph_, draw_params(graph_, 1), options, test_seed(3));
  ASSERT_TRUE(open.ok());
  EXPECT_FALSE(prover::rotate(before_, *open, {}).ok());
  EXPECT_FALSE(prover::rotate(*open, before_, {}).ok());
}

// A key in unique decoding rests on no list-decoding theorem: neither may what is said of it.
TEST_F(Rotation, BothKeysAndTheRotationHaveOneRegime) {
  prover::ModelOptions options = test_options(true);
  options.security.decoding = Decoding::kUnique;
  const auto unique = prover::commit_model(graph_, draw_params(graph_, 1), options, test_seed(3));
  const auto fresh = prover::commit_model(graph_, draw_params(graph_, 1), options, test_seed(4));
  ASSERT_TRUE(unique.ok() && fresh.ok());
  EXPECT_FALSE(prover::rotate(before_, *unique, {}).ok());
  EXPECT_FALSE(prover::rotate(*unique, before_, {}).ok());
  EXPECT_EQ(verify(*unique, *fresh, rotate(*unique, *fresh)).to_string(), "accepted");
}

TEST_F(Rotation, EveryTruncationAndChangedByteIsRejected) {
  const Bytes rotation = rotate(before_, after_);
  std::mt19937_64 engine(5);
  for (int i = 0; i < 60; ++i) {
    const std::size_t at = i < 20 ? static_cast<std::size_t>(i) * 8 : engine() % rotation.size();
    EXPECT_FALSE(verify(before_, after_, ByteView(rotation).first(at)).accepted()) << at;
    Bytes changed = rotation;
    changed[at] ^= 0x11;
    EXPECT_FALSE(verify(before_, after_, changed).accepted()) << at;
  }
  Bytes longer = rotation;
  longer.push_back(0);
  EXPECT_EQ(verify(before_, after_, longer).reason, RejectReason::kTrailingBytes);
}

// The two commitments hold different weights.
TEST_F(Rotation, OtherWeightsAreRejected) {
  const prover::CommittedModel other = liar(graph_);
  EXPECT_FALSE(verify(before_, other, rotate(before_, other)).accepted());
  // One weight of one column.
  prover::CommittedModel close = commit(graph_, 1, 2);
  const qir::Weights honest = close.weights.to_vectors();
  for (std::size_t id = 0; id < honest.size(); ++id) {
    if (honest[id].empty()) continue;
    qir::Weights params = honest;
    params[id].back() += params[id].back() > 0 ? -1 : 1;
    prover::CommittedModel one = prover::commit_model(graph_, params, test_options(true), test_seed(2)).value();
    one.weights = honest;
    EXPECT_FALSE(verify(before_, one, rotate(before_, one)).accepted()) << "parameter " << id;
  }
}

// Columns that agree with each other, but not with one of the commitments.
TEST_F(Rotation, ColumnsOtherThanCommittedAreRejected) {
  const relations::CompiledCircuit compiled = relations::compile_rotation(graph_).value();
  std::size_t num_columns = 0;
  for (circuit::ColumnId id = 0; id < compiled.circuit.columns.size(); ++id) {
    if (relations::param_of_column(compiled, id) < 0) continue;
    ++num_columns;
    prover::ProveHooks hooks;
    hooks.columns = [&](circuit::ColumnValues& data) { data[id][0] += Fp(1); };
    // The oracles are opened as they are committed, so the prover's own columns do not matter.
    EXPECT_TRUE(verify(before_, after_, rotate(before_, after_, &hooks)).accepted());
    const prover::CommittedModel other = liar(graph_);
    EXPECT_FALSE(verify(before_, other, rotate(before_, other, &hooks)).accepted());
  }
  EXPECT_GT(num_columns, 2u);
}

TEST_F(Rotation, OneMessageOfEveryLabel) {
  refuse_one_message_of_every_label(
      [&](const prover::ProveHooks& hooks) { return verify(before_, after_, rotate(before_, after_, &hooks)); });
}

// The new commitment is pinned by its own key's value.
TEST_F(Rotation, AnotherValueUnderTheSameRootIsRejected) {
  const Bytes rotation = rotate(before_, after_);
  prover::CommittedModel other = commit(graph_, 1, 2);
  ASSERT_EQ(prover::key_bytes(other.prepared.key), prover::key_bytes(after_.prepared.key));
  other.prepared.key.commitment.ood_value += Fe::one();
  EXPECT_FALSE(verify(before_, other, rotation).accepted());
  EXPECT_FALSE(verify(before_, other, rotate(before_, other)).accepted());
}

}  // namespace
}  // namespace zkinfer::e2e
