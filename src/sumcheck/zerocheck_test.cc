// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "hiding/test_session.h"
#include "sumcheck/pads.h"
#include "sumcheck/zerocheck_prover.h"
#include "sumcheck/zerocheck_verifier.h"

namespace zkinfer::sumcheck {
namespace {

using hiding::PadAllocator;
using hiding::TestSession;

TestSession session_with(bool zero_knowledge, int num_triples) {
  return {.zero_knowledge = zero_knowledge, .count = [num_triples](PadAllocator& pads) {
            static_cast<void>(pads.plain());
            for (int i = 0; i < num_triples; ++i) static_cast<void>(pads.triple());
            count_zerocheck_pads(pads);
          }};
}

void use_triples(PadAllocator& pads, int num_triples) {
  static_cast<void>(pads.plain());
  for (int i = 0; i < num_triples; ++i) static_cast<void>(pads.triple());
}

bool prove(TestSession& session, int num_triples) {
  return session.prove([&](hiding::ProverChannel& channel) {
    use_triples(channel.pads(), num_triples);
    prove_triples(channel, session.pads);
  });
}

auto verifier(int num_triples) {
  return [num_triples](hiding::VerifierChannel& channel) {
    use_triples(channel.pads(), num_triples);
    static_cast<void>(verify_triples(channel));
  };
}

TEST(Zerocheck, HonestMutatedAndTruncated) {
  for (const int num_triples : {1, 2, 3, 4, 7, 8, 60, 64}) {
    TestSession session = session_with(true, num_triples);
    session.make_pads(static_cast<std::uint64_t>(num_triples));
    EXPECT_TRUE(prove(session, num_triples));
    const auto outcome = session.verify(verifier(num_triples));
    EXPECT_TRUE(outcome.accepted()) << num_triples;
    EXPECT_TRUE(outcome.same_pads);
    EXPECT_EQ(outcome.num_constraints, 3u);
    for (std::size_t i = 0; i < session.proof.size() / 24; ++i)
      EXPECT_FALSE(session.verify(hiding::mutate(session.proof, i), verifier(num_triples)).accepted()) << i;
    const auto truncated =
        session.verify(ByteView(session.proof).first(session.proof.size() - 1), verifier(num_triples));
    EXPECT_EQ(truncated.verdict.reason, RejectReason::kTruncated);
    EXPECT_EQ(truncated.verdict.where, "zerocheck b");
  }
}

// Also a wrong product in a row behind the triples in use.
TEST(Zerocheck, WrongTripleIsCaught) {
  const int num_triples = 5;
  for (std::size_t row = 0; row < 8; ++row) {
    TestSession session = session_with(true, num_triples);
    session.make_pads(row);
    session.pads[session.layout.c_begin() + row] += Fe::one();
    prove(session, num_triples);
    EXPECT_FALSE(session.verify(verifier(num_triples)).accepted()) << row;
  }
}

TEST(Zerocheck, OpenedValuesChangeWithTheRandomRow) {
  const int num_triples = 3;
  std::vector<Bytes> proofs;
  for (int i = 0; i < 2; ++i) {
    TestSession session = session_with(true, num_triples);
    session.make_pads(11);
    const hiding::PadLayout& layout = session.layout;
    Fe& a = session.pads[layout.a_begin() + 3];
    a += Fe(Fp(static_cast<std::uint64_t>(i)));
    session.pads[layout.c_begin() + 3] = a * session.pads[layout.b_begin() + 3];
    prove(session, num_triples);
    EXPECT_TRUE(session.verify(verifier(num_triples)).accepted());
    proofs.push_back(session.proof);
  }
  EXPECT_NE(proofs[0], proofs[1]);
}

TEST(Zerocheck, NothingWithoutTriples) {
  TestSession session = session_with(true, 0);
  session.make_pads(1);
  EXPECT_TRUE(prove(session, 0));
  EXPECT_TRUE(session.proof.empty());
  EXPECT_TRUE(session.verify(verifier(0)).accepted());
}

TEST(Zerocheck, NothingWithoutZeroKnowledge) {
  TestSession session = session_with(false, 4);
  session.make_pads(1);
  EXPECT_TRUE(prove(session, 4));
  EXPECT_TRUE(session.proof.empty());
  EXPECT_TRUE(session.verify(verifier(4)).accepted());
}

}  // namespace
}  // namespace zkinfer::sumcheck
