// SPDX-License-Identifier: Apache-2.0
// One-time randomness: traps 4 and 8 of the design notes.
#include <gtest/gtest.h>

#include <set>

#include "support/regions.h"
#include "support/small_graphs.h"

namespace zkinfer::e2e {
namespace {

using Words = std::array<std::uint64_t, 3>;

Words words_of(const Fe& x) { return {x.c[0].v, x.c[1].v, x.c[2].v}; }

struct Secrets {
  std::vector<Fe> pads;
  Words blind{};
  prover::Proof proof;
};

Secrets secrets_of(const Session& session) {
  Secrets out;
  prover::ProveHooks hooks;
  hooks.committed = [&](circuit::ColumnValues& data, std::vector<Fe>& pads) {
    out.pads = pads;
    const FpVec& blind = data[session.compiled().circuit.blind];
    out.blind = {blind[0].v, blind[1].v, blind[2].v};
  };
  out.proof = session.prove(&hooks);
  return out;
}

// Pads that occur in both, the zero rows that fill a power of two aside.
std::size_t num_common(const std::vector<Fe>& a, const std::vector<Fe>& b) {
  std::set<Words> values;
  for (const Fe& x : a) values.insert(words_of(x));
  std::size_t count = 0;
  for (const Fe& x : b) count += !x.is_zero() && values.contains(words_of(x)) ? 1 : 0;
  return count;
}

// Same seed: the same bytes for the same statement, witness and entropy; other pads throughout if anything differs, also
// a private input that changes no output.
TEST(Traps, T04_NoPadServesTwoProofs) {
  Session session(reduce_graph(), true);
  const Secrets first = secrets_of(session);
  EXPECT_EQ(secrets_of(session).proof.bytes, first.proof.bytes);
  const auto expect_fresh = [&](const char* what) {
    const Secrets other = secrets_of(session);
    EXPECT_EQ(num_common(first.pads, other.pads), 0u) << what;
    EXPECT_NE(first.blind, other.blind) << what;
    EXPECT_TRUE(session.verify(other.proof.bytes).accepted()) << what;
    return other;
  };
  const prover::ProveRequest request = session.request;
  session.request.inputs = draw_inputs(session.graph, 99);
  expect_fresh("another input");
  session.request.inputs = request.inputs;
  std::vector<std::int64_t>& input = session.request.inputs[0];
  const auto different =
      std::find_if(input.begin() + 1, input.begin() + 5, [&](std::int64_t x) { return x != input[0]; });
  ASSERT_NE(different, input.begin() + 5);
  std::swap(input[0], *different);
  EXPECT_EQ(expect_fresh("another witness of the same statement").proof.data.values, first.proof.data.values);
  session.request = request;
  session.request.context = test_seed(5);
  expect_fresh("another context");
  session.request = request;
  session.request.entropy = test_seed(6);
  expect_fresh("other entropy");
  session.request = request;
  session.model.seed = test_seed(7);
  expect_fresh("another seed");
}

// The random rows of every lane of M.
std::set<std::uint64_t> model_rows(const prover::CommittedModel& model) {
  std::set<std::uint64_t> rows;
  const pcs::CodeParams& params = model.oracle.params();
  for (std::size_t lane = 0; lane < params.num_lanes(); ++lane) {
    const FpVec coefficients = model.oracle.lane(lane);
    for (std::size_t i = params.num_coefs; i < params.dimension(); ++i) rows.insert(coefficients[i].v);
  }
  return rows;
}

// Two code words with common random rows would show the difference of their weights: one seed serves many commitments.
TEST(Traps, T04_NoModelRowServesTwoCommitments) {
  const Session session(qir::every_op_graph(), true, 1);
  const statement::Key& key = session.model.prepared.key;
  const std::set<std::uint64_t> rows = model_rows(session.model);
  EXPECT_EQ(rows.size(), key.params.model.num_lanes() * key.params.model.num_random_coefs);
  EXPECT_EQ(model_rows(Session(qir::every_op_graph(), true, 1).model), rows);
  const auto expect_fresh = [&](const char* what, const qir::WeightStore& params, const pcs::OpeningParams& opening,
                                const Digest& seed) {
    const auto other = prover::recommit_model(session.graph, params, opening, key.visibility, seed);
    ASSERT_TRUE(other.ok()) << what << ": " << other.status().to_string();
    for (const std::uint64_t value : model_rows(*other)) EXPECT_FALSE(rows.contains(value)) << what;
  };
  qir::Weights weights = session.model.weights.to_vectors();
  for (std::vector<std::int32_t>& values : weights) {
    const auto different =
        std::find_if(values.begin(), values.end(), [&](std::int32_t x) { return x != values.front(); });
    if (different == values.end()) continue;
    std::swap(*different, values.front());
    break;
  }
  ASSERT_FALSE(weights == session.model.weights);
  expect_fresh("other weights", weights, key.params, test_seed(1));
  expect_fresh("another seed", session.model.weights, key.params, test_seed(2));
  pcs::OpeningParams opening = key.params;
  ++opening.model.num_random_coefs;
  expect_fresh("other parameters", session.model.weights, opening, test_seed(1));
}

// A choice of nonce would be a second proof under the same pads: the smallest one is taken, so every smaller one fails.
TEST(Traps, T04_NoncesAreTheSmallest) {
  const Dissected dissected(true);
  std::size_t num_tried = 0;
  for (const Region& region : dissected.regions) {
    if (region.label != "opening nonce") continue;
    const std::uint64_t nonce = get_u64(dissected.proof, region.begin);
    for (std::uint64_t smaller = 0; smaller < std::min<std::uint64_t>(nonce, 200); ++smaller) {
      Bytes changed = dissected.proof;
      put_u64(changed, region.begin, smaller);
      EXPECT_EQ(dissected.session.verify(changed).reason, RejectReason::kProofOfWork) << smaller;
      ++num_tried;
    }
  }
  EXPECT_GT(num_tried, 10u);
}

// The root of the denominators is blinded by one leaf of its own.
TEST(Traps, T08_OneBlindLeaf) {
  for (const NamedGraph& named : small_graphs()) {
    const Session session(named.graph, true);
    const auto& leaves = session.compiled().plan.leaves;
    EXPECT_EQ(std::count_if(leaves.begin(), leaves.end(),
                            [](const auto& leaf) { return leaf.kind == argument::LeafBlock::Kind::kBlind; }),
              1)
        << named.name;
  }
  // The same statement and witness, other entropy: another root.
  Session session(mul_graph(), true);
  const OuterMessages messages(session);
  const auto index = static_cast<std::size_t>(std::find(messages.labels.begin(), messages.labels.end(), "lookup root") -
                                              messages.labels.begin());
  const auto root = [&] {
    const Bytes proof = session.prove().bytes;
    const auto at = proof.begin() + static_cast<std::ptrdiff_t>(messages.offset(index));
    return Bytes(at, at + 24);
  };
  const Bytes first = root();
  session.request.entropy = test_seed(1);
  EXPECT_NE(root(), first);
}

// One random row more than positions ever opened, in every oracle; validate() refuses less.
TEST(Traps, T08_RandomRowsExceedOpenedPositions) {
  for (const std::uint64_t budget : {1, 4, 64}) {
    prover::ModelOptions options = test_options(true);
    options.budget = budget;
    const Session session(qir::every_op_graph(), options);
    const pcs::OpeningParams params = session.model.prepared.key.params;
    EXPECT_EQ(params.model_budget, budget);
    EXPECT_GE(params.model.num_random_coefs, budget * params.model.num_queries + 4);
    EXPECT_GE(params.witness.num_random_coefs, params.witness.num_queries + 1u);
    for (const pcs::CodeParams& fold : params.folds) EXPECT_GE(fold.num_random_coefs, fold.num_queries + 1u);
    EXPECT_GE(params.mask.num_random_coefs, params.mask.num_queries + 2u);
    const auto expect_refused = [&](const char* what, const std::function<void(pcs::OpeningParams&)>& change) {
      pcs::OpeningParams weaker = params;
      change(weaker);
      EXPECT_FALSE(weaker.validate().ok()) << what;
    };
    expect_refused("model", [](auto& p) { p.model.num_random_coefs = p.model_budget * p.model.num_queries + 3; });
    expect_refused("witness", [](auto& p) { p.witness.num_random_coefs = p.witness.num_queries; });
    expect_refused("mask", [](auto& p) { p.mask.num_random_coefs = p.mask.num_queries + 1; });
    for (std::size_t i = 0; i < params.folds.size(); ++i) {
      expect_refused("fold", [i](auto& p) { p.folds[i].num_random_coefs = p.folds[i].num_queries; });
    }
  }
}

}  // namespace
}  // namespace zkinfer::e2e
