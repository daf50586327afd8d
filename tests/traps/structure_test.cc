// SPDX-License-Identifier: Apache-2.0
// What a proof shows: every pad serves one message, opened positions stay below the rows' randomness, and two proofs of
// one statement have nothing in common.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "e2e/small_graphs.h"
#include "reject/regions.h"
#include "traps/pad_use.h"

namespace zkinfer::e2e {
namespace {

// The first message that a pad changes is the one it hides: it changes by exactly what the pad changed. Every hidden
// message must be hit by exactly one pad.
TEST(Structure, EveryOuterPadHidesOneMessage) {
  for (const qir::QGraph& graph : {mul_graph(), mlp_graph()}) {
    const Session session(graph, true);
    const std::vector<std::string> labels = outer_labels(session);
    std::map<std::size_t, hiding::PadIndex> pad_of_message;
    for (const auto& [pad, use] : pad_uses(session)) {
      ASSERT_LT(use.message, labels.size()) << "pad " << pad << " hides nothing";
      EXPECT_EQ(use.difference, Fe::one()) << "pad " << pad;
      EXPECT_TRUE(pad_of_message.emplace(use.message, pad).second) << "message " << use.message << " has two pads";
    }
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const bool in_clear = labels[i] == "lookup root" || labels[i] == "zerocheck a" || labels[i] == "zerocheck b";
      EXPECT_EQ(pad_of_message.contains(i), !in_clear) << labels[i] << " message " << i;
    }
  }
}

TEST(Structure, EveryOpeningPadHidesOneMessage) {
  for (const qir::QGraph& graph : {mlp_graph(), qir::every_op_graph()}) {
    const Dissected dissected(true, graph);
    const pcs::OpeningParams& params = dissected.session.model.prepared.key.params;
    std::uint64_t num_hidden = 0;
    std::uint64_t num_responses = 0;
    for (const Region& region : dissected.regions) {
      if (region.label == "opening c1" || region.label == "opening c2" || region.label == "fold out of domain" || region.label == "final vector") ++num_hidden;
      if (region.label == "mask response") ++num_responses;
    }
    EXPECT_EQ(num_hidden, params.mask.num_rows);
    EXPECT_EQ(num_hidden, params.num_mask_elements());
    EXPECT_EQ(num_responses, params.mask.dimension()) << "X and its random rows, once";
  }
}

TEST(Structure, OpenedPositionsStayBelowTheRandomness) {
  const Dissected dissected(true, qir::every_op_graph());
  const pcs::OpeningParams& params = dissected.session.model.prepared.key.params;
  std::size_t next_fold = 0;
  std::size_t num_checked = 0;
  for (const Region& region : dissected.regions) {
    const pcs::OracleParams* oracle = nullptr;
    std::size_t row_values = 0;
    std::uint64_t proofs = 1;
    if (region.label == "model rows") oracle = &params.model, row_values = params.model.num_lanes(), proofs = params.model_budget;
    if (region.label == "witness rows") oracle = &params.witness, row_values = params.witness.num_lanes();
    if (region.label == "fold rows") oracle = &params.folds[next_fold++], row_values = 3 * oracle->num_lanes();
    if (region.label == "mask rows") oracle = &params.mask, row_values = 6;
    if (oracle == nullptr) continue;
    const std::uint64_t opened = region.num_bytes / (8 * row_values);
    EXPECT_EQ(opened, oracle->num_queries) << region.label << ": distinct positions";
    EXPECT_LT(proofs * opened, oracle->num_random_rows) << region.label;
    ++num_checked;
  }
  EXPECT_EQ(num_checked, 3 + params.folds.size());
}

// Everything of at least 8 bytes that a proof sends, nonces and what the statement holds aside.
std::set<Bytes> pieces_of(const Dissected& dissected, const Bytes& proof) {
  std::set<Bytes> pieces;
  for (const Region& region : dissected.regions) {
    if (region.num_bytes < 24 || region.label == "context" || region.label == "model rows" || region.label == "siblings") continue;
    const std::size_t step = region.is_element() ? 24 : region.is_rows() ? 8 : 32;
    for (std::size_t at = region.begin; at + step <= region.begin + region.num_bytes; at += step) {
      const auto begin = proof.begin() + static_cast<std::ptrdiff_t>(at);
      pieces.insert(Bytes(begin, begin + static_cast<std::ptrdiff_t>(step)));
    }
  }
  return pieces;
}

TEST(Structure, ProofsOfOneStatementShareNothing) {
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
TEST(Structure, NoCiphertextRepeats) {
  const Dissected dissected(true, qir::every_op_graph());
  std::set<Bytes> seen;
  for (const Region& region : dissected.regions) {
    if (!region.is_element()) continue;
    const auto begin = dissected.proof.begin() + static_cast<std::ptrdiff_t>(region.begin);
    EXPECT_TRUE(seen.insert(Bytes(begin, begin + 24)).second) << region.label << " at byte " << region.begin;
  }
}

// Opened rows of W under zero knowledge never show a small integer: witness values are.
TEST(Structure, OpenedRowsLookRandom) {
  const Dissected dissected(true);
  for (const Region& region : dissected.regions) {
    if (region.label != "witness rows" && region.label != "model rows" && region.label != "mask rows") continue;
    for (std::size_t at = region.begin; at < region.begin + region.num_bytes; at += 8) {
      std::uint64_t x = 0;
      for (std::size_t i = 8; i-- > 0;) x = x << 8 | dissected.proof[at + i];
      EXPECT_GT(x, std::uint64_t{1} << 32) << region.label;
    }
  }
}

}  // namespace
}  // namespace zkinfer::e2e
