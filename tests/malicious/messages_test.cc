// SPDX-License-Identifier: Apache-2.0
// Every message before the opening, altered on its way out while the transcript follows the altered value.
#include <gtest/gtest.h>

#include <set>

#include "e2e/outer_check.h"
#include "e2e/small_graphs.h"

namespace zkinfer::e2e {
namespace {

prover::ProveHooks alter(std::size_t wanted, const Fe& difference) {
  prover::ProveHooks hooks;
  hooks.messages = [wanted, difference](std::size_t index, const char*, Fe& value) {
    if (index == wanted) value += difference;
  };
  return hooks;
}

class Messages : public ::testing::TestWithParam<bool> {};

TEST_P(Messages, EachAltered) {
  for (const qir::QGraph& graph : {conv_graph(false), softmax_graph()}) {
    const Session session(graph, GetParam());
    const std::vector<std::string> labels = OuterMessages(session).labels;
    // failed_checks begins behind the roots and the values that pin the mask oracle.
    std::size_t num_before = 0;
    while (labels[num_before] == "mask value") ++num_before;
    for (std::size_t index = num_before; index < labels.size(); ++index) {
      for (const Fe& difference : {Fe::one(), Fe(Fp(), Fp(), Fp(1))}) {
        EXPECT_FALSE(failed_checks(session, alter(index - num_before, difference)).empty()) << labels[index] << " message " << index;
      }
    }
  }
}

// The first and the last message of every label in a whole proof.
TEST_P(Messages, EachLabelThroughTheOpening) {
  const Session session(conv_graph(false), GetParam());
  const std::vector<std::string> labels = OuterMessages(session).labels;
  std::set<std::size_t> chosen;
  for (const std::string& label : std::set<std::string>(labels.begin(), labels.end())) {
    chosen.insert(static_cast<std::size_t>(std::find(labels.begin(), labels.end(), label) - labels.begin()));
    chosen.insert(labels.size() - 1 - static_cast<std::size_t>(std::find(labels.rbegin(), labels.rend(), label) - labels.rbegin()));
  }
  std::set<std::string> seen;
  for (const std::size_t index : chosen) {
    const Verdict verdict = session.verdict_on(alter(index, Fe::one()));
    const std::string& label = labels[index];
    RejectReason expected = RejectReason::kOpening;
    // Without zero knowledge the lookups' checks are in clear; the operands' are settled by the opening.
    if (!GetParam()) expected = label.starts_with("lookup") ? RejectReason::kSumcheck : RejectReason::kFinalCheck;
    // The last claims on the leaves are functionals of the columns.
    if (!GetParam() && verdict.reason == RejectReason::kFinalCheck && label.starts_with("lookup")) expected = RejectReason::kFinalCheck;
    EXPECT_EQ(reject_reason_name(verdict.reason), reject_reason_name(expected)) << label << " message " << index << ": " << verdict.to_string();
    seen.insert(label);
  }
  for (const char* label : {"lookup root", "lookup round", "lookup p0", "lookup q1", "lookup p1", "lookup q0", "relations round",
                            "relations lhs", "relations rhs"}) {
    EXPECT_TRUE(seen.contains(label)) << label;
  }
  for (const char* label : {"zerocheck round", "zerocheck a", "zerocheck b"}) EXPECT_EQ(seen.contains(label), GetParam()) << label;
}

INSTANTIATE_TEST_SUITE_P(ZeroKnowledge, Messages, ::testing::Bool(),
                         [](const auto& tested) { return tested.param ? std::string("On") : std::string("Off"); });

}  // namespace
}  // namespace zkinfer::e2e
