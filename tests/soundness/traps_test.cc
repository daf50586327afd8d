// SPDX-License-Identifier: Apache-2.0
// The traps that reviews of the design found, one named test each (design notes, section "Traps"). Numbers 4 and 8 are in
// randomness_test.cc. What concerns the EVM (12) is tested as far as it is here.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "commit/merkle/merkle.h"
#include "relations/recipes.h"
#include "soundness/analyze.h"
#include "soundness/report_text.h"
#include "support/outer_check.h"
#include "support/regions.h"
#include "support/small_graphs.h"

namespace zkinfer::e2e {
namespace {

RejectReason linear_check(bool zero_knowledge) {
  return zero_knowledge ? RejectReason::kOpening : RejectReason::kFinalCheck;
}

// A budget of B proofs must not put B t masked coefficients in every proof: the encoding randomness is part of the message.
TEST(Traps, T01_BudgetDoesNotShowInTheProof) {
  prover::ModelOptions options = test_options(true);
  options.budget = 2;
  const Session small(mlp_graph(), options);
  options.budget = 64;
  const Session large(mlp_graph(), options);
  const pcs::OpeningParams& params = large.model.prepared.key.params;
  const std::uint64_t num_coefficients = 64u * params.model.num_queries;
  ASSERT_GE(params.model.num_random_coefs, num_coefficients);
  EXPECT_LT(params.num_mask_elements(), num_coefficients / 2);
  EXPECT_LT(large.prove().bytes.size(), small.prove().bytes.size() + 24 * num_coefficients);
}

// One mask oracle for all messages of the opening.
TEST(Traps, T02_OneMaskOracle) {
  const Dissected dissected(true, long_table_graph());
  std::map<std::string, int> count;
  for (const Region& region : dissected.regions) ++count[region.label];
  EXPECT_EQ(count["mask root"], 1);
  EXPECT_EQ(count["mask rows"], 1);
  EXPECT_EQ(count["mask product"], 1);
  EXPECT_EQ(count["fold root"], static_cast<int>(dissected.session.model.prepared.key.params.folds.size()));
}

// Products of hidden claims go through triples, with one random row more than are used; a and b come in clear.
TEST(Traps, T03_ProductsThroughTriples) {
  for (const NamedGraph& named : small_graphs()) {
    const Session session(named.graph, true);
    const hiding::PadLayout& layout = session.compiled().pads.layout();
    const auto log_leaves = static_cast<std::size_t>(session.compiled().plan.log_leaves);
    EXPECT_EQ(layout.num_triples, 3 * log_leaves + session.compiled().circuit.contractions.size()) << named.name;
    EXPECT_GT(layout.triple_rows(), layout.num_triples) << named.name;
    const std::vector<std::string> labels = OuterMessages(session).labels;
    EXPECT_EQ(std::count(labels.begin(), labels.end(), "zerocheck a"), 1);
    EXPECT_EQ(std::count(labels.begin(), labels.end(), "zerocheck b"), 1);
    EXPECT_EQ(std::count(labels.begin(), labels.end(), "zerocheck round"), 2 * layout.log_triple_rows());
  }
}

// The out-of-domain value is part of the identity and of the batch.
TEST(Traps, T05_OutOfDomainValueIsBound) {
  for (const bool zero_knowledge : {false, true}) {
    Session session(mlp_graph(), zero_knowledge);
    statement::Key& key = session.model.prepared.key;
    const Digest identity = key.identity();
    const Bytes honest = session.prove().bytes;
    key.commitment.ood_value += Fe(Fp(), Fp(1), Fp());
    EXPECT_NE(key.identity(), identity);
    EXPECT_FALSE(session.verify(honest).accepted()) << "another transcript";
    session.model.prepared.identity = key.identity();
    EXPECT_EQ(session.verify(honest).reason, RejectReason::kWrongStatement);
    // A prover that follows the changed key cannot meet the claim either.
    EXPECT_EQ(session.verify(session.prove().bytes).reason, linear_check(zero_knowledge));
  }
}

// Shared axes (batch, groups) stay variables of the sumcheck with a factor eq(tau): errors in two groups do not cancel.
TEST(Traps, T06_SharedAxesDoNotMix) {
  for (const NamedGraph& named : {NamedGraph{"matmul", matmul_graph()}, NamedGraph{"depthwise", conv_graph(true)}}) {
    const Session session(named.graph, true);
    const auto& contraction = session.compiled().circuit.contractions[0];
    ASSERT_EQ(std::count(contraction.roles.begin(), contraction.roles.end(), circuit::AxisRole::kC), 1) << named.name;
    EXPECT_GT(session.compiled().plan.contractions[0].shared_bits, 0);
    EXPECT_EQ(session.compiled().plan.degree, 3);
    const auto& columns = session.compiled().circuit.columns;
    for (circuit::ColumnId id = 0; id < columns.size(); ++id) {
      if (columns[id].name != (named.name == "matmul" ? "n0" : "n0 remainder")) continue;
      prover::ProveHooks hooks;
      hooks.columns = [&](circuit::ColumnValues& data) {
        const std::size_t half = data[id].size() / 2;
        data[id][0] += Fp(1);
        data[id][half] -= Fp(1);
      };
      EXPECT_FALSE(failed_checks(session, hooks).empty()) << named.name;
      EXPECT_EQ(session.verdict_on(hooks).reason, RejectReason::kOpening) << named.name;
    }
  }
}

struct SlackHooks : pcs::ProverHooks {
  std::uint64_t begin = 0;
  void fold_vector(std::size_t fold, FeSpan v) override {
    if (fold == 0) v.set(begin, Fe::one());
  }
};

// Entries beyond the true length are pinned to zero: between the two parts of v_1 and behind it.
TEST(Traps, T07_SlackIsPinned) {
  for (const bool zero_knowledge : {false, true}) {
    const Session session(long_table_graph(), zero_knowledge);
    const pcs::OpeningParams& params = session.model.prepared.key.params;
    ASSERT_FALSE(params.folds.empty());
    std::vector<std::uint64_t> places;
    const std::vector<pcs::BaseOracle> bases = params.bases();
    for (std::size_t i = 1; i < bases.size(); ++i) {
      const std::uint64_t end = bases[i - 1].offset + bases[i - 1].params->dimension();
      if (end < bases[i].offset) places.push_back(end);
    }
    if (params.vector_size(0) < params.folds[0].num_coefs * params.folds[0].num_lanes())
      places.push_back(params.vector_size(0));
    EXPECT_FALSE(places.empty()) << "these parameters have no slack; take another graph";
    for (const std::uint64_t place : places) {
      SlackHooks opening;
      opening.begin = place;
      prover::ProveHooks hooks;
      hooks.opening = &opening;
      EXPECT_EQ(session.verdict_on(hooks).reason, linear_check(zero_knowledge)) << place;
    }
  }
}

// Parameters outside their declared range cannot be committed to by this prover; against others there is the certificate
// (tests/honest/certificate_test.cc, tests/soundness/certificate_test.cc). Remainders are looked up in a table of exactly their
// size, never scaled into a larger one.
TEST(Traps, T09_ParameterRangesAndRemainders) {
  const qir::QGraph graph = mlp_graph();
  qir::Weights params = draw_params(graph, 1);
  params[1][0] = 16;
  EXPECT_EQ(prover::commit_model(graph, params, test_options(true), test_seed(1)).status().code(),
            StatusCode::kOutOfRange);

  const auto compiled = relations::compile(graph, true);
  ASSERT_TRUE(compiled.ok());
  std::size_t num_found = 0;
  for (const circuit::Lookup& lookup : compiled->circuit.lookups) {
    for (const qir::Node& node : graph.nodes) {
      if (lookup.name != node.name + " remainder" || node.requant.table_index == qir::kNoTable) continue;
      const qir::Table& rows = compiled->circuit.tables[lookup.table].rows;
      EXPECT_EQ(rows.kind, qir::TableKind::kRange);
      EXPECT_EQ(rows.log_size, node.requant.shift);
      // A range table may begin elsewhere: the tuple is shifted, not scaled.
      for (const circuit::View& view : lookup.tuple[0].views) EXPECT_EQ(view.coef, Fp(1));
      ++num_found;
    }
  }
  EXPECT_EQ(num_found, 2u);
}

Digest hash_parts(std::initializer_list<std::string> parts) {
  Keccak256 hash;
  for (const std::string& part : parts)
    hash.update(ByteView(reinterpret_cast<const std::uint8_t*>(part.data()), part.size()));
  return hash.finish();
}

// Three limbs of 85 bits from the digest's 256 bits, recomputed from the specification bit by bit.
TEST(Traps, T10_ChallengeLimbs) {
  const Digest start = hash_parts({"test"});
  const std::uint32_t tag = transcript_tag("c");
  std::string tag_bytes;
  for (int i = 3; i >= 0; --i) tag_bytes.push_back(static_cast<char>(tag >> (8 * i)));
  const Digest digest = hash_parts({std::string(start.begin(), start.end()), tag_bytes});
  Transcript transcript("test");
  const Fe challenge = transcript.challenge("c");
  for (std::size_t limb = 0; limb < 3; ++limb) {
    Fp expected;
    for (std::size_t bit = 85; bit-- > 0;) {
      const std::size_t at = 85 * limb + bit;
      expected = expected + expected + Fp((digest[31 - at / 8] >> (at % 8)) & 1);
    }
    EXPECT_EQ(challenge.c[limb], expected) << limb;
  }
}

// Leaf, node, transcript, proof of work and pseudo-random pads: no input of one use is an input of another.
TEST(Traps, T10_HashDomains) {
  const Bytes row(64, 7);
  Digest left, right;
  left.fill(7);
  right.fill(7);
  const std::set<Digest> digests = {merkle::hash_leaf(row), merkle::hash_node(left, right), keccak256(row)};
  EXPECT_EQ(digests.size(), 3u);
  // Modulo 8: a squeeze has the state, 4 bytes of tag and items of whole words, rows and nodes one byte and whole words, a block of
  // indices one byte, the state and 4 bytes, a proof of work two bytes, the state and the nonce.
  EXPECT_EQ(sizeof(Digest) % 8, 0u);
  EXPECT_NE(merkle::kLeafDomain, merkle::kNodeDomain);
  EXPECT_EQ(PowPuzzle().prefix.size() % 8, 2u);
  EXPECT_NE(prover::derive_key("a", {row}), prover::derive_key("b", {row}));
  EXPECT_NE(prover::derive_key("a", {row, row}), prover::derive_key("a", {Bytes(128, 7)}));
}

TEST(Traps, T10_PadsAreCanonicalAndStreamsDiffer) {
  FpVec first(20000), second(20000);
  prover::PrfStream(test_seed(1), 1).fill(first.span());
  prover::PrfStream(test_seed(1), 2).fill(second.span());
  std::size_t num_equal = 0;
  std::uint64_t top = 0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    ASSERT_LT(first[i].v, Fp::kModulus);
    num_equal += first[i] == second[i] ? 1 : 0;
    top |= first[i].v;
  }
  EXPECT_EQ(num_equal, 0u);
  EXPECT_EQ(top >> 63, 1u);
}

// 3x3 kernels are not padded to 4x4 (tensors of at most 512 elements may be: a block costs the verifier more than that), no block straddles a lane, and lanes are the highest address bits.
TEST(Traps, T11_ColumnsAreUnionsOfAlignedBlocks) {
  for (const std::vector<std::uint64_t>& shape : std::vector<std::vector<std::uint64_t>>{
           {24, 3, 3, 3}, {16, 16, 3, 3}, {64, 3, 7, 7}, {6, 1, 28, 28}, {10, 84}}) {
    std::uint64_t addresses = 0;
    std::uint64_t elements = 0;
    std::uint64_t total = 1;
    for (const std::uint64_t n : shape) total *= n;
    for (const circuit::Block& block : circuit::blocks_of(circuit::cut_axes(shape, 20))) {
      std::uint64_t covered = 1;
      for (const circuit::AxisPiece& piece : block.pieces) covered *= piece.length;
      elements += covered;
      addresses += std::uint64_t{1} << block.log_size();
    }
    EXPECT_EQ(elements, total);
    EXPECT_LT(static_cast<double>(addresses), 1.3 * static_cast<double>(total)) << "3x3 in 4x4 would be 1.78";
  }
  const Session session(qir::every_op_graph(), true);
  for (const circuit::Layout* layout :
       {&session.model.prepared.layouts.model, &session.model.prepared.layouts.witness}) {
    for (const circuit::ColumnLayout& column : layout->columns) {
      for (const circuit::PlacedBlock& placed : column.blocks) {
        const std::uint64_t size = std::uint64_t{1} << placed.block.log_size();
        EXPECT_EQ(placed.row % size, 0u);
        EXPECT_LE(placed.row + size, layout->num_coefs);
        EXPECT_LT(placed.lane, std::uint64_t{1} << layout->log_lanes);
      }
    }
  }
}

// Grinding is 16 bits by default, and range tables stay below 2^16 rows (wider ranges are cut in limbs).
TEST(Traps, T12_DefaultGrindingAndTableSizes) {
  EXPECT_EQ(prover::ModelOptions().security.pow_bits, 16u);
  EXPECT_LE(relations::kMaxRangeBits, 16);
  qir::TestBuilder b;
  const qir::ValueId x = b.input({2}, -(1 << 24), 1 << 24);
  b.graph.outputs = {b.node(qir::Op::kLinear, {x}, {2}, -(1 << 24), 1 << 24, with_coefs({1}))};
  const auto compiled = relations::compile(b.graph, true);
  ASSERT_TRUE(compiled.ok());
  for (const circuit::Table& table : compiled->circuit.tables) EXPECT_LE(table.log_size(), 16);
}

// Accumulators and 2^shift times a table's domain must stay below p/2: checked when a graph is read.
TEST(Traps, T13_NothingWrapsInTheField) {
  const auto matmul = [](int log_range) {
    qir::TestBuilder b;
    const std::int64_t most = std::int64_t{1} << log_range;
    const qir::ValueId x = b.input({1, 4}, -most, most);
    const qir::ValueId y = b.input({4, 1}, -most, most);
    b.graph.outputs = {b.node(qir::Op::kMatMul, {x, y}, {1, 1}, -(4 << 20), 4 << 20)};
    return qir::validate(b.graph);
  };
  EXPECT_TRUE(matmul(10).ok());
  EXPECT_FALSE(matmul(31).ok());
  const auto rounding = [](int shift) {
    qir::TestBuilder b;
    const std::int32_t range = b.range_table(-2048, 12);
    const qir::ValueId x = b.input({2}, -100, 100);
    b.graph.outputs = {
        b.node(qir::Op::kLinear, {x}, {2}, -2048, 2047, with_coefs({1}, {static_cast<std::uint8_t>(shift), range}))};
    return qir::validate(b.graph);
  };
  EXPECT_TRUE(rounding(4).ok());
  EXPECT_FALSE(rounding(51).ok());
}

// The report says which terms rest on the Johnson bound; unique decoding stays available and needs none.
TEST(Traps, T14_ReportNamesWhatRestsOnJohnson) {
  for (const Decoding regime : {Decoding::kJohnson, Decoding::kUnique}) {
    prover::ModelOptions options;
    options.security.decoding = regime;
    options.budget = 4;
    const Session session(qir::every_op_graph(), options);
    const pcs::OpeningParams& params = session.model.prepared.key.params;
    const soundness::OuterShape& shape = session.compiled().shape;
    const soundness::SoundnessReport report = soundness::analyze(params, shape);
    EXPECT_GE(report.bits(), 128.0) << soundness::report_text(params, shape);
    const auto texts = soundness::term_texts(params, shape);
    const auto johnson = std::count_if(report.terms.begin(), report.terms.end(),
                                       [&](const auto& term) { return texts.at(term.label).rests_on_johnson; });
    if (regime == Decoding::kJohnson) {
      EXPECT_GT(johnson, 0);
    } else {
      EXPECT_EQ(johnson, 0);
    }
    EXPECT_GT(report.hiding_bits(), 128.0);
  }
}

}  // namespace
}  // namespace zkinfer::e2e
