// SPDX-License-Identifier: Apache-2.0
// Cheating provers of joint proofs: rows, pads, seats and leaves that are not what one of the owners asked for and was told.
#include <gtest/gtest.h>

#include <algorithm>

#include "commit/merkle/merkle_prover.h"
#include "exec/integer/executor.h"
#include "formats/frame.h"
#include "prover/joint.h"
#include "prover/write.h"
#include "support/session.h"
#include "support/small_graphs.h"
#include "verifier/batch.h"

namespace zkinfer::e2e {
namespace {

constexpr std::uint64_t kSeats = 4, kMembers = 3;

class MaliciousJoint : public ::testing::Test {
 protected:
  void begin(const qir::QGraph& graph) {
    session.emplace(graph, true);
    auto made = prover::plan_joint(session->model, kSeats);
    ZKI_CHECK(made.ok(), made.status().to_string().c_str());
    plan = std::move(made).value();
    request.inputs.assign(graph.inputs.size(), {});
    rows.clear();
    contexts.clear();
    for (std::uint64_t row = 0; row < kMembers; ++row) {
      const auto inputs = draw_inputs(graph, 100 + row);
      for (std::size_t i = 0; i < inputs.size(); ++i)
        request.inputs[i].insert(request.inputs[i].end(), inputs[i].begin(), inputs[i].end());
      contexts.push_back(test_seed(static_cast<std::uint8_t>(10 + row)));
      rows.push_back(said(inputs));
    }
    request.entropy[0] = 1;
  }
  // What an owner has of an honest answer: outputs, then inputs.
  statement::PublicValues said(const std::vector<std::vector<std::int64_t>>& inputs) const {
    const auto witness = exec_integer::run(session->graph, session->model.weights, inputs).value();
    statement::PublicValues out;
    for (const qir::ValueId id : session->graph.outputs) out.push_back(witness.values[id]);
    out.insert(out.end(), inputs.begin(), inputs.end());
    return out;
  }
  prover::JointProof prove(const prover::ProveHooks& hooks = {}) {
    prover::ProveRequest hooked = request;
    hooked.hooks = &hooks;
    auto made = prover::prove_joint(session->model, plan, contexts, hooked);
    ZKI_CHECK(made.ok(), made.status().to_string().c_str());
    return std::move(made).value();
  }
  Verdict verify(ByteView proof, ByteView seat, const statement::PublicValues& values) const {
    verifier::Joint joint;
    return verifier::verify_joint(session->model.prepared, proof, std::array{verifier::SeatClaim{seat, values}}, joint);
  }
  std::vector<bool> accepted(const prover::JointProof& proof) const {
    std::vector<bool> out;
    for (std::size_t i = 0; i < kMembers; ++i) out.push_back(verify(proof.bytes, proof.seats[i], rows[i]).accepted());
    return out;
  }
  static const std::vector<bool>& all() {
    static const std::vector<bool> yes(kMembers, true);
    return yes;
  }
  const std::vector<circuit::Column>& columns() const { return plan.prepared.compiled.circuit.columns; }
  circuit::ColumnId pads() const { return plan.prepared.compiled.circuit.seats->pads; }

  std::optional<Session> session;
  prover::BatchPlan plan;
  prover::ProveRequest request;
  std::vector<Digest> contexts;
  std::vector<statement::PublicValues> rows;
};

std::vector<qir::QGraph> graphs() {
  qir::TestBuilder b;  // an output that is a sum of columns, and an input that is an output itself
  const qir::ValueId x = b.input({1, 3}, -8, 7);
  const qir::ValueId y = b.input({1, 3}, 0, 5);
  b.graph.outputs = {b.node(qir::Op::kLinear, {x, y}, {1, 3}, -29, 29, with_coefs({2, 3})), x};
  return {mlp_graph(), b.graph};
}

TEST_F(MaliciousJoint, EveryOwnerAcceptsHisOwnRowOnly) {
  for (const qir::QGraph& graph : graphs()) {
    begin(graph);
    const prover::JointProof proof = prove();
    EXPECT_EQ(accepted(proof), all());
    for (std::size_t seat = 0; seat < kMembers; ++seat) {
      for (std::size_t row = 0; row < kMembers; ++row) {
        const Verdict verdict = verify(proof.bytes, proof.seats[seat], rows[row]);
        EXPECT_EQ(verdict.accepted(), seat == row);
      }
    }
    // One entry of one tensor: the leaf says no. Out of range, or another size: before it.
    for (std::size_t tensor = 0; tensor < rows[0].size(); ++tensor) {
      statement::PublicValues other = rows[0];
      other[tensor].back() += other[tensor].back() > 0 ? -1 : 1;
      EXPECT_EQ(verify(proof.bytes, proof.seats[0], other).reason, RejectReason::kWrongStatement);
      other[tensor].back() = std::int64_t{1} << 60;
      EXPECT_EQ(verify(proof.bytes, proof.seats[0], other).reason, RejectReason::kBadPublicValue);
      other[tensor].pop_back();
      EXPECT_EQ(verify(proof.bytes, proof.seats[0], other).reason, RejectReason::kBadPublicValue);
    }
    EXPECT_FALSE(verify(proof.bytes, proof.seats[0], {}).accepted());
  }
}

// The leaves say what the owners were told, the witness another row: one owner's input for another's, or a false output.
TEST_F(MaliciousJoint, LeavesOfOtherRowsThanTheWitness) {
  begin(mlp_graph());
  for (const std::size_t tensor : {std::size_t{0}, std::size_t{1}, rows[0].size() - 1}) {
    // The leaves of rows 0 and 1 swapped in one tensor, and the owners told so.
    prover::ProveHooks hooks;
    hooks.outputs = [&](statement::PublicIo& said) {
      std::vector<std::int64_t>& all_rows = said.values[tensor];
      const auto size = static_cast<std::ptrdiff_t>(all_rows.size() / kSeats);
      std::swap_ranges(all_rows.begin(), all_rows.begin() + size, all_rows.begin() + size);
    };
    const prover::JointProof proof = prove(hooks);
    if (rows[0][tensor] == rows[1][tensor]) continue;
    std::swap(rows[0][tensor], rows[1][tensor]);
    const Verdict verdict = verify(proof.bytes, proof.seats[0], rows[0]);
    EXPECT_EQ(verdict.reason, RejectReason::kWrongStatement);
    EXPECT_NE(verdict.where.find("its row is about another"), std::string::npos) << verdict.to_string();
    EXPECT_EQ(accepted(proof), (std::vector<bool>{false, false, true}));
    std::swap(rows[0][tensor], rows[1][tensor]);
  }
}

// Every column that rows have of their own, with rows 0 and 1 swapped: only all of them together are another true statement.
TEST_F(MaliciousJoint, SwappedRowsOfOneColumn) {
  begin(mlp_graph());
  std::size_t tried = 0;
  for (circuit::ColumnId id = 0; id < columns().size(); ++id) {
    const circuit::Column& column = columns()[id];
    if (column.oracle != circuit::Oracle::kWitness || column.shape.empty() || column.shape[0] != kSeats ||
        id == plan.prepared.compiled.circuit.blind || id == plan.prepared.compiled.circuit.pads)
      continue;
    bool differs = false;
    prover::ProveHooks hooks;
    hooks.columns = [&](circuit::ColumnValues& data) {
      FpVec& values = data[id];
      const auto size = static_cast<std::ptrdiff_t>(values.size() / kSeats);
      differs = !std::equal(values.begin(), values.begin() + size, values.begin() + size);
      std::swap_ranges(values.begin(), values.begin() + size, values.begin() + size);
    };
    const prover::JointProof proof = prove(hooks);
    EXPECT_EQ(accepted(proof) == all(), !differs) << column.name;
    tried += differs ? 1 : 0;
  }
  EXPECT_GE(tried, 8u);
}

// Pads in the witness that are others than the leaves'. Of a row of four entries that are told to be one more, a smaller pad would make up for it
// if the mark lacked theta_0: sum_j eq(theta, j) (x_j + 1) = MLE(x) + 1 for every theta.
TEST_F(MaliciousJoint, OtherPadsThanTheLeaves) {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({1, 4}, -8, 7);
  qir::Node last;
  last.axes = {1};
  last.coefs = {1};
  b.graph.outputs = {b.node(qir::Op::kReduceSum, {x}, {1, 1}, -32, 28, last)};
  for (const bool shifted : {false, true}) {
    begin(b.graph);
    ASSERT_LT(std::ranges::max(rows[0].back()), 7);
    prover::ProveHooks hooks;
    hooks.columns = [&](circuit::ColumnValues& data) { data[pads()][0] = data[pads()][0] + Fp(1); };
    if (shifted) {
      hooks.outputs = [&](statement::PublicIo& said) {
        for (std::size_t i = 0; i < 4; ++i) ++said.values.back()[i];
      };
      for (std::int64_t& entry : rows[0].back()) ++entry;
    }
    const prover::JointProof proof = prove(hooks);
    const Verdict verdict = verify(proof.bytes, proof.seats[0], rows[0]);
    EXPECT_NE(verdict.where.find("its row is about another"), std::string::npos) << verdict.to_string();
    EXPECT_EQ(accepted(proof), (std::vector<bool>{false, true, true}));
  }
}

// The cancellation above, in full: without theta_0 the mark of the shifted row would be that of the honest one.
TEST_F(MaliciousJoint, WithoutThetaZeroAShiftWouldCancel) {
  begin(mlp_graph());
  const circuit::Seats& seats = *plan.prepared.compiled.circuit.seats;
  argument::SeatMarks at;
  at.first = Fe::one();
  for (int i = 0; i < plan.prepared.compiled.plan.seat_bits; ++i)
    at.point.push_back(Fe(Fp(12345 + static_cast<std::uint64_t>(i)), Fp(7), Fp(9)));
  const auto total = [&](std::size_t tensor) {
    const std::vector<Fe> weights = argument::seat_weights(seats, at);
    std::size_t begin = 0;
    for (std::size_t t = 0; t < tensor; ++t) begin += rows[0][t].size();
    Fe sum;
    for (std::size_t i = 0; i < rows[0][tensor].size(); ++i) sum += weights[begin + i];
    return sum;
  };
  std::size_t unpadded = 0;
  for (std::size_t tensor = 0; tensor < rows[0].size(); ++tensor) {
    const std::size_t size = rows[0][tensor].size();
    if ((size & (size - 1)) != 0) continue;
    at.first = Fe::one();
    EXPECT_EQ(total(tensor), Fe::one());
    at.first = Fe(Fp(3), Fp(5), Fp(8));
    EXPECT_NE(total(tensor), Fe::one());
    ++unpadded;
  }
  EXPECT_GE(unpadded, 1u);
}

// A pad that is chosen when theta is known: the seat then is none of the root's.
TEST_F(MaliciousJoint, LatePads) {
  begin(mlp_graph());
  const prover::JointProof proof = prove();
  for (const std::size_t limb : {0u, 1u, 2u}) {
    Bytes seat = proof.seats[0];
    std::uint8_t& low = seat[kFrameBytes + 8 + 32 + 8 * limb + 7];
    low = static_cast<std::uint8_t>(low ^ 1);  // the lowest bits of a limb
    EXPECT_EQ(verify(proof.bytes, seat, rows[0]).reason, RejectReason::kWrongStatement);
  }
  // Any byte of a seat.
  for (std::size_t i = 0; i < proof.seats[1].size(); ++i) {
    Bytes seat = proof.seats[1];
    seat[i] ^= 0x10;
    EXPECT_FALSE(verify(proof.bytes, seat, rows[1]).accepted()) << i;
  }
  for (std::size_t size = 0; size < proof.seats[1].size(); ++size)
    EXPECT_FALSE(verify(proof.bytes, ByteView(proof.seats[1]).first(size), rows[1]).accepted()) << size;
  Bytes longer = proof.seats[1];
  longer.resize(longer.size() + 32);
  EXPECT_FALSE(verify(proof.bytes, longer, rows[1]).accepted());
}

// The marks are what the columns give, each at its place.
TEST_F(MaliciousJoint, OtherMarks) {
  begin(mlp_graph());
  for (const std::size_t row : {0u, 1u, 3u}) {
    prover::ProveHooks hooks;
    std::size_t mark = 0;
    hooks.messages = [&](std::size_t, const char* label, Fe& value) {
      if (std::string_view(label) == "seat mark" && mark++ == row) value += Fe::one();
    };
    const prover::JointProof proof = prove(hooks);
    EXPECT_EQ(mark, kSeats);
    for (std::size_t i = 0; i < kMembers; ++i)
      EXPECT_EQ(verify(proof.bytes, proof.seats[i], rows[i]).reason, RejectReason::kOpening);
  }
  // Two marks that are each other's: their sum over eq(tau, n) is another one.
  prover::ProveHooks hooks;
  std::vector<Fe> marks;
  hooks.messages = [&](std::size_t, const char* label, Fe& value) {
    if (std::string_view(label) != "seat mark") return;
    marks.push_back(value);
    if (marks.size() == 2) value = marks[0];
  };
  EXPECT_NE(accepted(prove(hooks)), all());
}

// A lie of the model in one row is every owner's matter, also of the row that nobody has.
TEST_F(MaliciousJoint, ALieInAnyRow) {
  begin(mlp_graph());
  for (std::uint64_t row = 0; row < kSeats; ++row) {
    std::size_t tried = 0;
    for (circuit::ColumnId id = 0; id < columns().size(); ++id) {
      const circuit::Column& column = columns()[id];
      if (column.oracle != circuit::Oracle::kWitness || column.shape.empty() || column.shape[0] != kSeats ||
          id == plan.prepared.compiled.circuit.blind || id == plan.prepared.compiled.circuit.pads || id == pads())
        continue;
      prover::ProveHooks hooks;
      hooks.columns = [&](circuit::ColumnValues& data) {
        Fp& cell = data[id][row * data[id].size() / kSeats];
        cell = cell + Fp(1);
      };
      const prover::JointProof proof = prove(hooks);
      EXPECT_EQ(accepted(proof), std::vector<bool>(kMembers, false)) << column.name << " " << row;
      ++tried;
    }
    EXPECT_GE(tried, 6u);
  }
}

// Number of seats, root, slot, identity and the proof's kind are bound.
TEST_F(MaliciousJoint, AnotherStatement) {
  begin(mlp_graph());
  const prover::JointProof proof = prove();
  const std::size_t params = kFrameBytes + 8, head = params + 4 + plan.prepared.key.params.canonical_bytes().size();
  const auto with = [&](std::size_t at, int value) {
    Bytes bytes = proof.bytes;
    bytes[at] = static_cast<std::uint8_t>(value);
    return verify(bytes, proof.seats[0], rows[0]);
  };
  EXPECT_FALSE(with(kFrameBytes, 1).accepted());  // slot
  for (const int seats : {0, 1, 2, 3, 8}) EXPECT_FALSE(with(head, seats).accepted()) << seats;
  EXPECT_FALSE(with(head + 7, 1).accepted());                            // 2^56 seats
  EXPECT_FALSE(with(head + 8, proof.bytes[head + 8] ^ 1).accepted());    // identity
  EXPECT_FALSE(with(head + 40, proof.bytes[head + 40] ^ 1).accepted());  // root
  EXPECT_FALSE(session->verify(proof.bytes).accepted());
  EXPECT_FALSE(verifier::verify_batch(session->model.prepared, proof.bytes, {}, nullptr).accepted());
  EXPECT_EQ(verifier::joint_head(proof.bytes)->num_rows, kSeats);
  EXPECT_FALSE(verifier::joint_head(session->prove().bytes).has_value());
  for (std::size_t size = 0; size < proof.bytes.size(); size += 97)
    EXPECT_FALSE(verify(ByteView(proof.bytes).first(size), proof.seats[0], rows[0]).accepted());
  // A proof of two seats, of which the owner is told that he is one of four.
  const prover::BatchPlan four = std::move(plan);
  plan = prover::plan_joint(session->model, 2).value();
  contexts.pop_back();
  for (auto& input : request.inputs) input.resize(input.size() / kMembers * 2);
  const prover::JointProof two = prove();
  EXPECT_FALSE(verify(two.bytes, proof.seats[0], rows[0]).accepted());
  EXPECT_FALSE(verify(proof.bytes, two.seats[0], rows[0]).accepted());
  EXPECT_EQ(prover::plan_joint(session->model, 3).status().code(), StatusCode::kInvalidArgument);
}

// Pads and salts serve one proof: another slot, other members, another order or another entropy give others; so does nothing else.
TEST_F(MaliciousJoint, PadsServeOneProof) {
  begin(mlp_graph());
  const prover::JointProof first = prove();
  const auto secrets = [](const Bytes& seat) {
    return Bytes(seat.begin() + kFrameBytes + 40, seat.begin() + kFrameBytes + 96);
  };
  EXPECT_EQ(prove().bytes, first.bytes);  // all the same: the same bytes, and so one theta
  std::vector<Bytes> seen = {secrets(first.seats[0])};
  const auto differs = [&] {
    const Bytes now = secrets(prove().seats[0]);
    EXPECT_EQ(std::ranges::count(seen, now), 0);
    seen.push_back(now);
  };
  request.slot = 1;
  differs();
  request.entropy[1] = 1;
  differs();
  contexts[2][5] = 1;
  differs();
  // A subset, as a retry without one of the members would be.
  contexts.pop_back();
  for (auto& input : request.inputs) input.resize(input.size() / kMembers * 2);
  differs();
  request.inputs[0].back() ^= 1;
  differs();
  // No two seats share anything.
  for (std::size_t i = 1; i < kMembers; ++i) EXPECT_NE(secrets(first.seats[i]), secrets(first.seats[0]));
}

// Without zero knowledge the others would see the rows.
TEST(MaliciousJointKey, OnlyOfKeysThatHide) {
  const Session session(mlp_graph(), false);
  EXPECT_EQ(prover::plan_joint(session.model, 4).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace zkinfer::e2e
