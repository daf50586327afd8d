// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/parallel.h"
#include "field/inverse.h"
#include "field/simd_test_util.h"
#include "hiding/test_session.h"
#include "lookup/gkr_prover.h"
#include "lookup/gkr_verifier.h"
#include "lookup/pads.h"
#include "sumcheck/pads.h"
#include "sumcheck/zerocheck_prover.h"
#include "sumcheck/zerocheck_verifier.h"

namespace zkinfer::lookup {
namespace {

using hiding::TestRandom;
using hiding::TestSession;

struct Leaves {
  FpVec p_base;  // used when base is true
  FeVec p, q;
  bool base = false;
};

// Random fractions; the last leaf makes the sum zero. With numerators in F the leaves come in pairs (p, -p) over equal q.
Leaves zero_sum_leaves(TestRandom& random, int log_leaves, bool base) {
  const std::size_t size = std::size_t{1} << log_leaves;
  Leaves leaves{FpVec(size), random.fe_vec(size), random.fe_vec(size), base};
  Fe sum;
  for (std::size_t i = 0; i + 1 < size; ++i) {
    if (base) {
      leaves.p_base[i] = i % 2 == 0 ? random.fp() : -leaves.p_base[i - 1];
      if (i % 2 == 1) leaves.q.set(i, leaves.q.get(i - 1));
    } else {
      sum += leaves.p.get(i) * inverse(leaves.q.get(i));
    }
  }
  if (base && size > 1) {
    leaves.p_base[size - 1] = -leaves.p_base[size - 2];
    leaves.q.set(size - 1, leaves.q.get(size - 2));
  }
  leaves.p.set(size - 1, -sum * leaves.q.get(size - 1));
  if (base) vec::lift(leaves.p_base.span(), leaves.p);
  return leaves;
}

TestSession make_session(bool zero_knowledge, int log_leaves) {
  TestSession session{.zero_knowledge = zero_knowledge, .count = [log_leaves](hiding::PadAllocator& pads) {
                        count_grand_sum_pads(pads, log_leaves);
                        sumcheck::count_zerocheck_pads(pads);
                      }};
  session.make_pads(static_cast<std::uint64_t>(log_leaves));
  return session;
}

// The leaves once more, block by block.
class OnDemand : public LeafSource {
 public:
  explicit OnDemand(const Leaves& leaves) : OnDemand(leaves, leaves.q.size()) {}
  OnDemand(const Leaves& leaves, std::size_t num_used) : leaves_(leaves), num_used_(num_used) {}
  std::size_t size() const override { return leaves_.q.size(); }
  std::size_t num_used() const override { return num_used_; }
  void load(std::size_t begin, FpSpan p, FeSpan q) const override {
    for (std::size_t i = 0; i < q.size; ++i) {
      p[i] = leaves_.p_base[begin + i];
      q.set(i, leaves_.q.get(begin + i));
    }
  }

 private:
  const Leaves& leaves_;
  const std::size_t num_used_;
};

bool prove(TestSession& session, const Leaves& leaves, LeafValues* values = nullptr, bool on_demand = false) {
  return session.prove([&](hiding::ProverChannel& channel) {
    LeafValues result = on_demand     ? prove_grand_sum(channel, OnDemand(leaves))
                        : leaves.base ? prove_grand_sum(channel, leaves.p_base.span(), leaves.q.span())
                                      : prove_grand_sum(channel, leaves.p.span(), leaves.q.span());
    sumcheck::prove_triples(channel, session.pads);
    if (values != nullptr) *values = std::move(result);
  });
}

// Settles the leaf claims by evaluating the leaves.
auto verifier(const Leaves& leaves, int log_leaves) {
  return [&leaves, log_leaves](hiding::VerifierChannel& channel) {
    LeafClaims claims = verify_grand_sum(channel, log_leaves);
    static_cast<void>(sumcheck::verify_triples(channel));
    claims.p -= hiding::evaluate(leaves.p.span(), claims.point);
    claims.q -= hiding::evaluate(leaves.q.span(), claims.point);
    channel.require_zero("leaf p", std::move(claims.p));
    channel.require_zero("leaf q", std::move(claims.q));
  };
}

TEST(GrandSum, HonestOverAllSizes) {
  TestRandom random(1);
  for (int log_leaves = 0; log_leaves <= 12; ++log_leaves) {
    for (const bool zero_knowledge : {false, true}) {
      for (const bool base : {false, true}) {
        SCOPED_TRACE(testing::Message() << log_leaves << zero_knowledge << base);
        const Leaves leaves = zero_sum_leaves(random, log_leaves, base);
        TestSession session = make_session(zero_knowledge, log_leaves);
        LeafValues values;
        EXPECT_TRUE(prove(session, leaves, &values));
        EXPECT_EQ(values.p, hiding::evaluate(leaves.p.span(), values.point));
        EXPECT_EQ(values.q, hiding::evaluate(leaves.q.span(), values.point));
        const auto outcome = session.verify(verifier(leaves, log_leaves));
        EXPECT_TRUE(outcome.accepted()) << outcome.verdict.to_string();
        EXPECT_TRUE(outcome.same_pads);
        if (!base) continue;
        // Leaves that are never stored: the same messages.
        const Bytes proof = session.proof;
        EXPECT_TRUE(prove(session, leaves, &values, true));
        EXPECT_EQ(session.proof, proof);
      }
    }
  }
}

// Leaves that are known to be 0 / 1 give the messages that they would give if each were looked at.
TEST(GrandSum, UnusedLeavesAreNoOthers) {
  TestRandom random(7);
  for (const int log_leaves : {1, 2, 3, 4, 9, 10, 11, 12, 13, 14, 16, 18}) {
    const std::size_t size = std::size_t{1} << log_leaves;
    for (const std::size_t num_used :
         {size, size / 2 + 2, size / 2 + size / 16 * 2, size / 2 + size / 8 * 2, size / 2, std::size_t{2}}) {
      if (num_used > size || num_used % 2 != 0) continue;
      SCOPED_TRACE(testing::Message() << log_leaves << " " << num_used);
      Leaves leaves = zero_sum_leaves(random, log_leaves, true);
      for (std::size_t i = num_used; i < size; ++i) {
        leaves.p_base[i] = Fp();
        leaves.q.set(i, Fe::one());
      }
      TestSession session = make_session(true, log_leaves);
      EXPECT_TRUE(prove(session, leaves));
      const Bytes proof = session.proof;
      // Their parents, too, may be made when they are read.
      for (const int unkept_from : {kUnkeptFrom, kBlockBits + 4}) {
        EXPECT_TRUE(session.prove([&](hiding::ProverChannel& channel) {
          (void)prove_grand_sum(channel, OnDemand(leaves, num_used), unkept_from);
          sumcheck::prove_triples(channel, session.pads);
        }));
        EXPECT_EQ(session.proof, proof);
      }
    }
  }
}

// As many pads as hidden messages, and an allocator hands each out once (PadAllocator.EveryIndexOnce).
TEST(GrandSum, EveryHiddenMessageHasItsOwnPad) {
  TestRandom random(9);
  for (const int log_leaves : {1, 2, 6}) {
    const auto num_layers = static_cast<std::size_t>(log_leaves);
    TestSession session = make_session(true, log_leaves);
    prove(session, zero_sum_leaves(random, log_leaves, false));
    const std::size_t num_clear = 3;  // q_root, and a, b of the zero-check
    EXPECT_EQ(session.proof.size() / 24, num_clear + session.layout.num_plain + 4 * num_layers);
    EXPECT_EQ(session.layout.num_triples, 3 * num_layers);
  }
}

TEST(GrandSum, EveryMessageMutated) {
  TestRandom random(2);
  for (const int log_leaves : {0, 1, 2, 5}) {
    for (const bool zero_knowledge : {false, true}) {
      const Leaves leaves = zero_sum_leaves(random, log_leaves, false);
      TestSession session = make_session(zero_knowledge, log_leaves);
      prove(session, leaves);
      for (std::size_t i = 0; i < session.proof.size() / 24; ++i) {
        const auto outcome = session.verify(hiding::mutate(session.proof, i), verifier(leaves, log_leaves));
        EXPECT_FALSE(outcome.accepted()) << log_leaves << " " << i;
        if (!zero_knowledge) EXPECT_EQ(outcome.verdict.reason, RejectReason::kSumcheck);
      }
    }
  }
}

TEST(GrandSum, TruncatedAtEveryMessage) {
  TestRandom random(3);
  const Leaves leaves = zero_sum_leaves(random, 3, false);
  TestSession session = make_session(true, 3);
  prove(session, leaves);
  for (std::size_t size = 0; size < session.proof.size(); size += 24)
    EXPECT_EQ(session.verify(ByteView(session.proof).first(size), verifier(leaves, 3)).verdict.reason,
              RejectReason::kTruncated);
}

TEST(GrandSum, ZeroDenominator) {
  TestRandom random(4);
  for (const bool zero_knowledge : {false, true}) {
    Leaves leaves = zero_sum_leaves(random, 4, false);
    leaves.q.set(5, Fe());
    TestSession session = make_session(zero_knowledge, 4);
    prove(session, leaves);
    const auto outcome = session.verify(verifier(leaves, 4));
    EXPECT_EQ(outcome.verdict.reason, RejectReason::kZeroDenominator);
    EXPECT_EQ(outcome.verdict.where, "lookup root");
  }
}

TEST(GrandSum, SumNotZero) {
  TestRandom random(5);
  for (const bool zero_knowledge : {false, true}) {
    for (const int log_leaves : {0, 1, 6}) {
      Leaves leaves = zero_sum_leaves(random, log_leaves, false);
      leaves.p.set(0, leaves.p.get(0) + Fe::one());
      TestSession session = make_session(zero_knowledge, log_leaves);
      prove(session, leaves);
      const auto outcome = session.verify(verifier(leaves, log_leaves));
      EXPECT_FALSE(outcome.accepted());
      const std::string root = "lookup layer 0 of " + std::to_string(log_leaves) + ": lookup root p";
      if (!zero_knowledge) EXPECT_EQ(outcome.verdict.where, log_leaves == 0 ? "leaf p" : root);
    }
  }
}

// The prover runs on leaves whose sum is zero, the verifier's leaves differ in one place.
TEST(GrandSum, WrongLeaf) {
  TestRandom random(6);
  for (const bool zero_knowledge : {false, true}) {
    for (const int log_leaves : {1, 7}) {
      const Leaves leaves = zero_sum_leaves(random, log_leaves, false);
      TestSession session = make_session(zero_knowledge, log_leaves);
      prove(session, leaves);
      Leaves other = leaves;
      other.q.set(1, random.fe());
      EXPECT_FALSE(session.verify(verifier(other, log_leaves)).accepted());
      other = leaves;
      other.p.set(0, random.fe());
      EXPECT_FALSE(session.verify(verifier(other, log_leaves)).accepted());
    }
  }
}

TEST(GrandSum, WrongTripleOrPad) {
  TestRandom random(7);
  const int log_leaves = 4;
  const Leaves leaves = zero_sum_leaves(random, log_leaves, false);
  const TestSession honest = make_session(true, log_leaves);
  const hiding::PadLayout& layout = honest.layout;
  for (std::size_t row = 0; row <= layout.num_triples; ++row) {
    TestSession session = honest;
    session.pads[layout.c_begin() + row] += Fe::one();
    prove(session, leaves);
    EXPECT_FALSE(session.verify(verifier(leaves, log_leaves)).accepted()) << row;
  }
  // A message's pad that is not the committed one.
  TestSession session = honest;
  prove(session, leaves);
  for (std::size_t pad = 0; pad < layout.num_plain; ++pad) {
    TestSession other = session;
    other.pads[pad] += Fe::one();
    EXPECT_FALSE(other.verify(verifier(leaves, log_leaves)).accepted()) << pad;
  }
}

TEST(GrandSum, SameBytesOnAnyThreadsAndInstructionSetAndInK) {
  TestRandom random(8);
  Leaves leaves = zero_sum_leaves(random, 14, true);
  std::vector<Bytes> proofs;
  for (const simd::Target target : simd_targets()) {
    const SimdTargetScope scope(target);
    for (const bool base : {false, true}) {
      // One thread and all of them in turns.
      const ThreadLimit limit(proofs.size() / 2 % 2);
      leaves.base = base;
      TestSession session = make_session(false, 14);
      prove(session, leaves);
      proofs.push_back(session.proof);
    }
  }
  for (const Bytes& proof : proofs) EXPECT_EQ(proof, proofs[0]);
}

}  // namespace
}  // namespace zkinfer::lookup
