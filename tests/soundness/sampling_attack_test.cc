// SPDX-License-Identifier: Apache-2.0
// Ties where a token is drawn: of equal scores the smaller token is the candidate, and a prover who takes the larger one is found out.
#include <gtest/gtest.h>

#include "cheat.h"
#include "qir/sampler.h"

namespace zkinfer::e2e {
namespace {

using qir::Op;

constexpr std::int64_t kPositions = 2, kTokens = 6, kCandidates = 3;

// Tokens of 0 and 1 -> for each position six scores, all of them the token itself: six equal ones.
qir::QGraph tied_graph() {
  qir::TestBuilder b;
  const qir::ValueId tokens = b.input({1, kPositions}, 0, 1);
  const qir::ValueId column = b.node(Op::kReshape, {tokens}, {1, kPositions, 1}, 0, 1);
  qir::Node repeat;
  repeat.starts = {0, 0, 0};
  repeat.steps = {1, 1, 0};
  b.graph.outputs = {b.node(Op::kSlice, {column}, {1, kPositions, kTokens}, 0, 1, repeat)};
  for (qir::Value& value : b.graph.values) value.scale = {1, 0};
  Result<qir::QGraph> sampled = qir::with_sampler(b.graph, kCandidates, "next");
  ZKI_CHECK(sampled.ok(), sampled.status().to_string().c_str());
  return *sampled;
}

// Token 3 in the place of token 2, the last candidate, in everything that follows from it.
void later_of_a_tie(Lie& lie) {
  constexpr std::size_t kLast = kCandidates - 1;
  lie.add("sampling.order", kLast, 1);
  lie.add("sampling.order", kLast + 1, -1);
  lie.add("sampling.sorted_candidates", kLast, 1);
  if (lie.value("sampling.token", 0) == kLast) {
    lie.add("sampling.token", 0, 1);
    claim(lie, 0, 0, kLast + 1);
  }
}

TEST(SamplingAttack, TheLaterOfATieIsNoCandidate) {
  expect_rejected({{"sampling: later of a tie", tied_graph(), later_of_a_tie, "sampling.order order (lookup domain)",
                    RejectReason::kSumcheck}});
}

}  // namespace
}  // namespace zkinfer::e2e
