// SPDX-License-Identifier: Apache-2.0
// Models of conversations that look where they must not, and provers who commit to another history than their turn leaves.
#include <gtest/gtest.h>

#include "exec/integer/executor.h"
#include "qir/turn.h"
#include "support/owner.h"
#include "zkinfer/generate.h"

namespace zkinfer::data_test {
namespace {

enum class Cheat { kNone, kSeesTheNextToken, kReadsUnwrittenRows, kLaterTurnsSeeTheNextToken, kLeavesOtherRows };

// Turns of two tokens behind four rows of one number: rows are tokens, a choice is the sum of all rows up to it, 3 at most.
qir::QGraph turn_graph(Cheat cheat) {
  qir::TestBuilder b;
  b.graph.name = "turns";
  const qir::ValueId tokens = b.input({1, 2}, 0, 3), places = b.input({1, 16}, 0, 4),
                     history = b.input({1, 4, 1}, 0, 3);
  const auto part = [&](qir::ValueId x, std::int64_t first, Shape shape) {
    qir::Node node;
    node.starts = {0, first};
    node.steps = {1, 1};
    return b.node(qir::Op::kSlice, {x}, std::move(shape), 0, b.graph.value(x).hi, node);
  };
  const auto clamped = [&](std::vector<qir::ValueId> x, std::vector<std::int64_t> coefs, std::int64_t constant,
                           Shape shape, std::int64_t most) {
    qir::Node node = e2e::with_coefs(std::move(coefs), {0, b.clamp_table(-16, 6, 0, most)});
    node.constant = constant;
    return b.node(qir::Op::kLinear, std::move(x), std::move(shape), 0, most, node);
  };
  const auto product = [&](qir::ValueId x, qir::ValueId y, Shape shape) {
    return b.node(qir::Op::kMul, {x, y}, std::move(shape), 0, 3, e2e::with_coefs({1}));
  };
  const qir::ValueId rows = part(places, 4, {1, 4}), first = part(places, 0, {1, 1}), at = part(places, 0, {1, 2});
  const qir::ValueId is_old = cheat == Cheat::kReadsUnwrittenRows ? clamped({first, rows}, {0, 0}, 1, {1, 4}, 1)
                                                                  : clamped({first, rows}, {1, -1}, 0, {1, 4}, 1);
  std::vector<qir::ValueId> kept = {product(is_old, b.node(qir::Op::kReshape, {history}, {1, 4}, 0, 3), {1, 4})};
  for (std::int64_t t = 0; t < 2; ++t) {
    const qir::ValueId from = clamped({rows, first}, {1, -1}, 1 - t, {1, 4}, 1),
                       behind = clamped({rows, first}, {1, -1}, -t, {1, 4}, 1);
    const qir::ValueId is_own = clamped({from, behind}, {1, -1}, 0, {1, 4}, 1);
    // A cheat: the first token's row holds the second one.
    const std::int64_t token = cheat == Cheat::kLeavesOtherRows ? 1 : t;
    kept.push_back(product(is_own, part(tokens, token, {1, 1}), {1, 4}));
  }
  const qir::ValueId after = clamped(kept, {1, 1, 1}, 0, {1, 4}, 3);
  const qir::ValueId more = cheat == Cheat::kSeesTheNextToken            ? clamped({first}, {0}, 1, {1, 1}, 1)
                            : cheat == Cheat::kLaterTurnsSeeTheNextToken ? clamped({first}, {1}, -1, {1, 1}, 1)
                                                                         : clamped({first}, {0}, 0, {1, 1}, 1);
  const qir::ValueId column = b.node(qir::Op::kReshape, {at}, {2, 1}, 0, 4);
  const qir::ValueId seen = clamped({column, rows, more}, {1, -1, 1}, 1, {2, 4}, 1);
  qir::Node sum = e2e::with_coefs({1}, {0, b.clamp_table(-16, 6, 0, 3)});
  sum.axes = {1};
  const qir::ValueId chosen = b.node(qir::Op::kReduceSum, {product(seen, after, {2, 4})}, {2}, 0, 3, sum);
  b.graph.outputs = {b.node(qir::Op::kReshape, {chosen}, {1, 2}, 0, 3),
                     b.node(qir::Op::kReshape, {after}, {1, 4, 1}, 0, 3)};
  for (qir::Value& value : b.graph.values) value.scale = {};
  b.graph.values[history].name = qir::kHistory;
  b.graph.values[b.graph.outputs[1]].name = qir::kHistoryAfter;
  return b.graph;
}

// Two turns of one prompt token and one answer.
struct Turns {
  Owner owner;
  std::vector<VerifyResult> turns;
  std::vector<Generated> generated;

  explicit Turns(Cheat cheat) : owner(turn_graph(cheat), kPublic, kPublic) {
    CommittedTensor history = must(new_history(owner.key));
    std::uint32_t num_before = 0;
    for (const std::int64_t prompt : {1, 0}) {
      GenerateOptions options;
      options.before = {num_before, &history};
      generated.push_back(must(generate(owner.model, std::vector{prompt}, options)));
      ProofResult proof = must(owner.prover.prove(must(generation_request(owner.model, generated.back()))));
      turns.push_back(owner.verify(proof));
      EXPECT_TRUE(turns.back().verdict.accepted()) << turns.back().verdict.to_string();
      num_before += 2;
      history = proof.committed_outputs[0];
    }
  }
  std::string second() const {
    const CausalModel model = must(CausalModel::of(owner.key));
    EXPECT_TRUE(check_turn(model, turns[0], nullptr).verdict.accepted());
    return check_turn(model, turns[1], turns.data()).verdict.to_string();
  }
};

std::string refusal_of(const Turns& turns) {
  const Result<CausalModel> model = CausalModel::of(turns.owner.key);
  return model.ok() ? "" : model.status().message();
}

TEST(TurnAttack, HonestTurnsPass) {
  const Turns turns(Cheat::kNone);
  EXPECT_EQ(turns.generated[0].tokens, (std::vector<std::int64_t>{1, 1}));
  EXPECT_EQ(turns.generated[1].tokens, (std::vector<std::int64_t>{0, 2}));
  EXPECT_EQ(turns.second(), "accepted");
}

TEST(TurnAttack, ModelsThatLookAheadAreRefused) {
  EXPECT_NE(refusal_of(Turns(Cheat::kSeesTheNextToken)).find("behind token 0 of the turn"), std::string::npos);
  EXPECT_NE(refusal_of(Turns(Cheat::kReadsUnwrittenRows)).find("behind token 0 of the turn"), std::string::npos);
  EXPECT_NE(refusal_of(Turns(Cheat::kLeavesOtherRows)), "");
  const Turns later(Cheat::kLaterTurnsSeeTheNextToken);
  EXPECT_EQ(refusal_of(later), "") << "its first turns are honest";
  EXPECT_NE(later.second().find("behind token 0 of the turn"), std::string::npos) << later.second();
}

// The commitment of the turn's own history, or of what the turn leaves, holds other numbers than the relations read or give.
TEST(TurnAttack, HistoriesAreWhatTheyAreCommittedAs) {
  prover::ModelOptions options = e2e::test_options(true);
  options.visibility = {kPublic, kPublic, false, true};
  options.tensor_budget = 4;
  e2e::Session session(turn_graph(Cheat::kNone), options, 3);
  session.request.inputs[1] = qir::TurnShape{2, 4, 1}.places(1);
  ASSERT_TRUE(session.verify(session.prove().bytes).accepted());
  const std::vector<std::int64_t> read = session.request.inputs[2];
  const std::vector<std::int64_t> left =
      must(exec_integer::run(session.graph, session.model.weights, session.request.inputs))
          .values[session.graph.outputs[1]];
  // A commitment to other numbers that says it holds these.
  const auto liar = [&](const std::vector<std::int64_t>& said, std::size_t oracle) {
    std::vector<std::int64_t> other = said;
    other[0] = (other[0] + 1) % 4;
    prover::CommittedValues out =
        must(prover::commit_tensor(other, session.key().params.data[oracle], e2e::test_seed(7)));
    out.values = said;
    return out;
  };
  const prover::CommittedValues other_read = liar(read, 1);
  session.request.committed_inputs = {&other_read};
  EXPECT_FALSE(session.verify(session.prove().bytes).accepted());
  session.request.committed_inputs = {session.committed_inputs[0].get()};
  session.request.committed_outputs = {std::make_shared<prover::CommittedValues>(liar(left, 0))};
  EXPECT_FALSE(session.verify(session.prove().bytes).accepted());
  session.request.committed_outputs.clear();
  prover::ProveHooks hooks;
  hooks.outputs = [](statement::PublicIo& io) { std::swap(io.commitments[0], io.commitments[1]); };
  EXPECT_FALSE(session.verdict_on(hooks).accepted()) << "what is read and what is left change places";
}

}  // namespace
}  // namespace zkinfer::data_test
