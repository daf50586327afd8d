// SPDX-License-Identifier: Apache-2.0
// Real proofs, as bytes: two proofs of one statement have nothing in common, nothing repeats inside a proof, and no opened
// value is small.
#include <gtest/gtest.h>

#include <set>

#include "support/regions.h"
#include "support/small_graphs.h"

namespace zkinfer::e2e {
namespace {

// Everything of at least 8 bytes that a proof sends, nonces and what the statement holds aside.
std::set<Bytes> pieces_of(const Dissected& dissected, const Bytes& proof) {
  std::set<Bytes> pieces;
  for (const Region& region : dissected.regions) {
    if (region.num_bytes < 24 || region.label == "context" || region.label == "model rows" ||
        region.label == "siblings")
      continue;
    const std::size_t step = region.is_element() ? 24 : region.is_rows() ? 8 : 32;
    for (std::size_t at = region.begin; at + step <= region.begin + region.num_bytes; at += step) {
      const auto begin = proof.begin() + static_cast<std::ptrdiff_t>(at);
      pieces.insert(Bytes(begin, begin + static_cast<std::ptrdiff_t>(step)));
    }
  }
  return pieces;
}

TEST(ProofBytes, ProofsOfOneStatementShareNothing) {
  Dissected dissected(true);
  dissected.session.request.entropy = test_seed(77);
  const Bytes other = dissected.session.prove().bytes;
  ASSERT_TRUE(dissected.session.verify(other).accepted());
  // Queries differ, so regions behind the first siblings shift; compare where both have the same shape.
  const std::set<Bytes> first = pieces_of(dissected, dissected.proof);
  std::size_t num_elements = 0;
  for (const Region& region : dissected.regions) {
    if (region.label == "siblings") break;
    if (!region.is_element()) continue;
    const auto begin = other.begin() + static_cast<std::ptrdiff_t>(region.begin);
    EXPECT_FALSE(first.contains(Bytes(begin, begin + 24))) << region.label;
    ++num_elements;
  }
  EXPECT_GT(num_elements, 100u);
  for (const Region& region : dissected.regions) {
    if (region.label != "witness root" && region.label != "mask root") continue;
    const auto begin = other.begin() + static_cast<std::ptrdiff_t>(region.begin);
    EXPECT_FALSE(first.contains(Bytes(begin, begin + 32))) << region.label;
  }
}

// No element repeats inside one proof either: a reused pad under equal values would.
TEST(ProofBytes, NoCiphertextRepeats) {
  const Dissected dissected(true, qir::every_op_graph());
  std::set<Bytes> seen;
  for (const Region& region : dissected.regions) {
    if (!region.is_element()) continue;
    const auto begin = dissected.proof.begin() + static_cast<std::ptrdiff_t>(region.begin);
    EXPECT_TRUE(seen.insert(Bytes(begin, begin + 24)).second) << region.label << " at byte " << region.begin;
  }
}

// Opened rows of W under zero knowledge never show a small integer: witness values are.
TEST(ProofBytes, OpenedRowsLookRandom) {
  const Dissected dissected(true);
  for (const Region& region : dissected.regions) {
    if (region.label != "witness rows" && region.label != "model rows" && region.label != "mask rows") continue;
    for (std::size_t at = region.begin; at < region.begin + region.num_bytes; at += 8) {
      EXPECT_GT(get_u64(dissected.proof, at), std::uint64_t{1} << 32) << region.label;
    }
  }
}

}  // namespace
}  // namespace zkinfer::e2e
