// SPDX-License-Identifier: Apache-2.0
// One byte flipped in every message, and the reason that the verifier must give.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "support/regions.h"

namespace zkinfer::e2e {
namespace {

struct Expected {
  RejectReason on, off;
};

// The first bit of a region is flipped. A changed transcript spoils the next nonce; without zero knowledge the lookups'
// checks in clear come before it. What is not absorbed is authenticated by Merkle trees.
const std::map<std::string, Expected>& table() {
  using enum RejectReason;
  static const std::map<std::string, Expected> expected = {
      {"magic", {kBadHeader, kBadHeader}},
      {"version", {kBadHeader, kBadHeader}},
      {"flags", {kBadHeader, kBadHeader}},
      {"identity", {kWrongStatement, kWrongStatement}},
      {"context", {kProofOfWork, kSumcheck}},
      {"slot", {kProofOfWork, kBadHeader}},
      {"output", {kProofOfWork, kSumcheck}},
      {"digest", {kProofOfWork, kNone}},
      {"data root", {kProofOfWork, kNone}},
      {"data value", {kProofOfWork, kNone}},
      {"witness root", {kProofOfWork, kSumcheck}},
      {"mask root", {kProofOfWork, kNone}},
      {"mask value", {kProofOfWork, kNone}},
      {"lookup root", {kProofOfWork, kSumcheck}},
      {"lookup round", {kProofOfWork, kSumcheck}},
      {"lookup p0", {kProofOfWork, kSumcheck}},
      {"lookup q1", {kProofOfWork, kSumcheck}},
      {"lookup p1", {kProofOfWork, kSumcheck}},
      {"lookup q0", {kProofOfWork, kSumcheck}},
      {"relations round", {kProofOfWork, kProofOfWork}},
      {"relations lhs", {kProofOfWork, kProofOfWork}},
      {"relations rhs", {kProofOfWork, kProofOfWork}},
      {"zerocheck round", {kProofOfWork, kNone}},
      {"zerocheck a", {kProofOfWork, kNone}},
      {"zerocheck b", {kProofOfWork, kNone}},
      {"opening c1", {kProofOfWork, kProofOfWork}},
      {"opening c2", {kProofOfWork, kProofOfWork}},
      {"fold root", {kProofOfWork, kProofOfWork}},
      {"fold out of domain", {kProofOfWork, kProofOfWork}},
      {"opening nonce", {kProofOfWork, kProofOfWork}},
      {"model rows", {kMerklePath, kMerklePath}},
      {"data rows", {kMerklePath, kNone}},
      {"witness rows", {kMerklePath, kMerklePath}},
      {"fold rows", {kMerklePath, kMerklePath}},
      {"mask rows", {kMerklePath, kNone}},
      {"siblings", {kMerklePath, kMerklePath}},
      {"final vector", {kProofOfWork, kProofOfWork}},
      {"final c1", {kOpening, kFinalCheck}},
      {"final c2", {kOpening, kFinalCheck}},
      {"mask product", {kOpening, kNone}},
      {"mask response", {kOpening, kNone}},
  };
  return expected;
}

class Regions : public ::testing::TestWithParam<bool> {};

// Adds the labels to `seen`.
void flip_each(const Dissected& dissected, const std::vector<Region>& regions, bool zero_knowledge,
               std::set<std::string>& seen) {
  ASSERT_TRUE(dissected.session.verify(dissected.proof).accepted());
  for (const Region& region : regions) {
    const auto expected = table().find(region.label);
    ASSERT_NE(expected, table().end()) << "no expectation for message '" << region.label << "'";
    const RejectReason reason = zero_knowledge ? expected->second.on : expected->second.off;
    Bytes changed = dissected.proof;
    changed[region.begin] ^= 1;
    const Verdict verdict = dissected.session.verify(changed);
    // The other slot may lie beyond the key's budget.
    const bool beyond = region.label == "slot" && verdict.reason == RejectReason::kBadHeader;
    EXPECT_EQ(reject_reason_name(verdict.reason), reject_reason_name(beyond ? verdict.reason : reason))
        << region.label << " at byte " << region.begin << ": " << verdict.to_string();
    seen.insert(region.label);
  }
}

TEST_P(Regions, OneBitInEveryMessage) {
  std::set<std::string> seen;
  const Dissected small(GetParam());
  flip_each(small, small.regions, GetParam(), seen);
  // Large enough for fold oracles.
  const Dissected large(GetParam(), long_table_graph());
  flip_each(large, ends_of_labels(large.regions), GetParam(), seen);
  if (GetParam()) {
    const Dissected bound(reduce_graph(), bound_options());
    flip_each(bound, ends_of_labels(bound.regions), true, seen);
  }
  for (const auto& [label, reasons] : table()) {
    EXPECT_EQ(seen.contains(label), (GetParam() ? reasons.on : reasons.off) != RejectReason::kNone) << label;
  }
}

// Not only the first byte of the larger regions.
TEST_P(Regions, AnyBitOfRowsSiblingsRootsAndContext) {
  const Dissected dissected(GetParam());
  std::mt19937_64 draws(1);
  for (const Region& region : dissected.regions) {
    if (region.num_bytes <= 24) continue;
    for (int i = 0; i < 12; ++i) {
      Bytes changed = dissected.proof;
      changed[region.begin + draws() % region.num_bytes] ^= static_cast<std::uint8_t>(1u << draws() % 8);
      EXPECT_FALSE(dissected.session.verify(changed).accepted()) << region.label;
    }
  }
}

TEST(BoundRegions, AnyBitOfDigestsAndCommitments) {
  const Dissected bound(reduce_graph(), bound_options());
  std::mt19937_64 draws(4);
  std::set<std::string> seen;
  for (const Region& region : bound.regions) {
    if (region.label != "digest" && !region.label.starts_with("data ")) continue;
    seen.insert(region.label);
    for (int i = 0; i < 24; ++i) {
      Bytes changed = bound.proof;
      changed[region.begin + draws() % region.num_bytes] ^= static_cast<std::uint8_t>(1u << draws() % 8);
      EXPECT_FALSE(bound.session.verify(changed).accepted()) << region.label;
    }
  }
  EXPECT_EQ(seen, (std::set<std::string>{"digest", "data root", "data value", "data rows"}));
}

TEST_P(Regions, OutputOutsideItsRange) {
  const Dissected dissected(GetParam());
  for (const Region& region : dissected.regions) {
    if (region.label != "output") continue;
    Bytes changed = dissected.proof;
    changed[region.begin + 6] ^= 1;
    const Verdict verdict = dissected.session.verify(changed);
    EXPECT_EQ(verdict.reason, RejectReason::kBadPublicValue) << verdict.to_string();
  }
}

INSTANTIATE_TEST_SUITE_P(ZeroKnowledge, Regions, ::testing::Bool(),
                         [](const auto& tested) { return tested.param ? std::string("On") : std::string("Off"); });

}  // namespace
}  // namespace zkinfer::e2e
