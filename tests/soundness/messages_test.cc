// SPDX-License-Identifier: Apache-2.0
// Every message before the opening, altered on its way out while the transcript follows the altered value.
#include <gtest/gtest.h>

#include <set>

#include "support/outer_check.h"
#include "support/small_graphs.h"

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
        EXPECT_FALSE(failed_checks(session, alter(index - num_before, difference)).empty())
            << labels[index] << " message " << index;
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
    chosen.insert(labels.size() - 1 -
                  static_cast<std::size_t>(std::find(labels.rbegin(), labels.rend(), label) - labels.rbegin()));
  }
  std::set<std::string> seen;
  for (const std::size_t index : chosen) {
    const Verdict verdict = session.verdict_on(alter(index, Fe::one()));
    const std::string& label = labels[index];
    RejectReason expected = RejectReason::kOpening;
    // Without zero knowledge the lookups' checks are in clear; the operands' are settled by the opening.
    if (!GetParam()) expected = label.starts_with("lookup") ? RejectReason::kSumcheck : RejectReason::kFinalCheck;
    // The last claims on the leaves are functionals of the columns.
    if (!GetParam() && verdict.reason == RejectReason::kFinalCheck && label.starts_with("lookup"))
      expected = RejectReason::kFinalCheck;
    EXPECT_EQ(reject_reason_name(verdict.reason), reject_reason_name(expected))
        << label << " message " << index << ": " << verdict.to_string();
    seen.insert(label);
  }
  for (const char* label : {"lookup root", "lookup round", "lookup p0", "lookup q1", "lookup p1", "lookup q0",
                            "relations round", "relations lhs", "relations rhs"}) {
    EXPECT_TRUE(seen.contains(label)) << label;
  }
  for (const char* label : {"zerocheck round", "zerocheck a", "zerocheck b"})
    EXPECT_EQ(seen.contains(label), GetParam()) << label;
}

// One wrong message of the opening, everything after it computed honestly from it.
struct OpeningCheat : pcs::ProverHooks {
  enum class Kind {
    kRound,
    kFoldVector,
    kFoldCodeword,
    kOutOfDomain,
    kFinalVector,
    kMaskProduct,
    kMaskResponse,
    kMaskRandomRow
  };
  Kind kind;
  explicit OpeningCheat(Kind k) : kind(k) {}
  void round(std::size_t i, Fe& c1, Fe&) override {
    if (kind == Kind::kRound && i == 2) c1 += Fe::one();
  }
  void fold_vector(std::size_t, FeSpan v) override {
    if (kind == Kind::kFoldVector) v.set(1, v.get(1) + Fe::one());
  }
  void fold_codeword(std::size_t, FpVec& c) override {
    for (std::size_t i = 0; kind == Kind::kFoldCodeword && i < c.size(); i += 3) c[i] += Fp(1);
  }
  void out_of_domain(std::size_t, Fe& y) override {
    if (kind == Kind::kOutOfDomain) y += Fe::one();
  }
  void final_vector(FeSpan v) override {
    if (kind == Kind::kFinalVector) v.set(0, v.get(0) + Fe::one());
  }
  void mask_product(Fe& x) override {
    if (kind == Kind::kMaskProduct) x += Fe::one();
  }
  void mask_response(std::vector<Fe>& x) override {
    if (kind == Kind::kMaskResponse) x[0] += Fe::one();
    if (kind == Kind::kMaskRandomRow) x.back() += Fe::one();
  }
};

TEST_P(Messages, OpeningCheats) {
  using enum OpeningCheat::Kind;
  const Session session(long_table_graph(), GetParam());
  ASSERT_FALSE(session.model.prepared.key.params.folds.empty());
  std::vector<OpeningCheat::Kind> kinds = {kRound, kFoldVector, kFoldCodeword, kOutOfDomain, kFinalVector};
  if (GetParam()) kinds.insert(kinds.end(), {kMaskProduct, kMaskResponse, kMaskRandomRow});
  for (const OpeningCheat::Kind kind : kinds) {
    OpeningCheat cheat(kind);
    prover::ProveHooks hooks;
    hooks.opening = &cheat;
    const Verdict verdict = session.verdict_on(hooks);
    EXPECT_EQ(verdict.reason, GetParam() ? RejectReason::kOpening : RejectReason::kFinalCheck)
        << "cheat " << static_cast<int>(kind) << ": " << verdict.to_string();
  }
}

INSTANTIATE_TEST_SUITE_P(ZeroKnowledge, Messages, ::testing::Bool(),
                         [](const auto& tested) { return tested.param ? std::string("On") : std::string("Off"); });

}  // namespace
}  // namespace zkinfer::e2e
