// SPDX-License-Identifier: Apache-2.0
#include "soundness/analyze.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>

#include "soundness/report_text.h"

namespace zkinfer::soundness {
namespace {

using pcs::CodeParams;
using pcs::OpeningParams;

CodeParams oracle(std::uint64_t num_coefs, std::uint64_t num_random_coefs, int log_lanes, int log_domain,
                  std::uint32_t num_queries) {
  CodeParams result;
  result.num_coefs = num_coefs;
  result.num_random_coefs = num_random_coefs;
  result.log_lanes = static_cast<std::uint8_t>(log_lanes);
  result.log_domain = static_cast<std::uint8_t>(log_domain);
  result.num_queries = num_queries;
  return result;
}

// W and M of 2^16 elements, B = 64, two folds: the first line of the table in the design, by hand.
OpeningParams example() {
  OpeningParams params;
  params.model_budget = 64;
  params.witness = oracle(4096, 58, 4, 16, 57);
  params.model = oracle(8192, 64 * 80 + 4, 3, 17, 80);
  // Blocks of 2^10 rows: v_1 = 13316 entries of M, 1020 zeros up to 14336 = 14 * 2^10, 4154 of W; length 18490.
  params.folds.push_back(oracle(1156, 56, 4, 15, 55));  // ceil(18490 / 16)
  params.folds.push_back(oracle(152, 36, 3, 13, 35));   // ceil(1212 / 8)
  // 2 (4 + 7 + 8) round values, 2 out-of-domain values, 188 of the final vector.
  params.mask = oracle(228, 24, 0, 18, 22);
  return params;
}

OuterShape example_shape() {
  OuterShape shape;
  shape.log_leaves = 17;
  shape.max_tuple_width = 2;
  shape.num_relations = 12;
  shape.batched_rounds = 14;
  shape.batched_degree = 4;
  shape.num_triples = 100;
  shape.log_triple_rows = 7;
  shape.num_functionals = 1000;
  return shape;
}

double bits_of(const SoundnessReport& report, const std::string& label) {
  for (const SoundnessTerm& term : report.terms) {
    if (term.label == label) return term.bits;
  }
  ADD_FAILURE() << "no term " << label;
  return -1.0;
}

const SoundnessTerm& term_of(const SoundnessReport& report, const std::string& label) {
  for (const SoundnessTerm& term : report.terms) {
    if (term.label == label) return term;
  }
  ADD_FAILURE() << "no term " << label;
  return report.terms.front();
}

TEST(Analyze, ExampleIsValid) { EXPECT_TRUE(example().validate().ok()) << example().validate().message(); }

// The values were computed apart from the code (Python, floats) from the formulas in the comments; lg = log2, |K| =
// 2^191.99999794. Multiplicities: s_M = s_2 = 200 (the cap), s_W = 194, s_1 = 189, s_X = 63; lists, lg: W 10.5796 =
// lg(194/(2 4154/2^16)), M 9.9430, g_1 11.3191, X 15.0000.
TEST(Analyze, TermsByHand) {
  const SoundnessReport report = analyze(example(), example_shape());
  // 2 * 9.9430 - 1 + lg(13316 * 8 = 106528) = 16.7009, minus 192.
  EXPECT_NEAR(bits_of(report, "model identity"), 156.4131587, 1e-6);
  // 2 * 15.0000 - 1 + lg 252 = 7.9773.
  EXPECT_NEAR(bits_of(report, "mask identity"), 155.0227180, 1e-6);
  // 2 * 11.3191 - 1 + lg(1212 * 16) = 14.2432.
  EXPECT_NEAR(bits_of(report, "out-of-domain g_1"), 156.1186871, 1e-6);
  // 2^17 leaves, width + 2 = 4, L_W: 17 + 2 + 10.5796.
  EXPECT_NEAR(bits_of(report, "LogUp fingerprint, zero leaf"), 162.4203706, 1e-6);
  // lg 3 + 10.5796.
  EXPECT_NEAR(bits_of(report, "GKR sumcheck round"), 179.8354081, 1e-6);
  EXPECT_EQ(term_of(report, "GKR sumcheck round").rounds, 17u * 16 / 2);
  // lg(14 + 12 + 1) + 10.5796.
  EXPECT_NEAR(bits_of(report, "tau, gamma"), 176.6654831, 1e-6);
  // lg 4 + 10.5796.
  EXPECT_NEAR(bits_of(report, "batched sumcheck round"), 192.0 - 2.0 - 10.5796273, 1e-5);
  // lg 7, lg 3 with 10.5796; delta: lg 1000 with the lists of W and M, 10.5796 + 9.9430.
  EXPECT_NEAR(bits_of(report, "product tau'"), 192.0 - std::log2(7.0) - 10.5796273, 1e-5);
  EXPECT_NEAR(bits_of(report, "product zero-check round"), 192.0 - std::log2(3.0) - 10.5796273, 1e-5);
  EXPECT_NEAR(bits_of(report, "delta"), 161.5116033, 1e-6);
  // Round rem = 4 folds W alone: 2^(-132.5967 + 3) + 2^(1 + 10.5796 - 192) = 2^-129.5967; rem = 3: M and W with 4 pairs each.
  EXPECT_NEAR(bits_of(report, "fold round of M, W"), 129.4943844, 1e-6);
  EXPECT_EQ(term_of(report, "fold round of M, W").rounds, 4u);
  // 2^(-132.6177 + 3) + 2^(1 + 11.3191 - 192).
  EXPECT_NEAR(bits_of(report, "fold round of g_1"), 129.6176650, 1e-6);
  EXPECT_NEAR(bits_of(report, "final round"), 192.0 - 1.0, 1e-5);
  EXPECT_EQ(term_of(report, "final round").rounds, 8u);
  // Products of (A - i)/(N - i) and 16 bits of grinding.
  EXPECT_NEAR(bits_of(report, "queries of W"), 129.1061041, 1e-6);
  EXPECT_NEAR(bits_of(report, "queries of M"), 147.4642033, 1e-6);
  EXPECT_NEAR(bits_of(report, "queries of g_1"), 146.6716521, 1e-6);
  EXPECT_NEAR(bits_of(report, "queries of g_2"), 111.6412783, 1e-6) << "35 queries at rate 1/44 are too few";
  EXPECT_NEAR(bits_of(report, "queries of X"), 125.7921302, 1e-6);
  // 57 + 80 leaves, 2 claims, padding 18496 - 18490 and 14336 - 13316: lg 1165 + 11.3191.
  EXPECT_NEAR(bits_of(report, "batching after M, W"), 170.4948153, 1e-6);
  // 2^-129.5989 + 2^(1 + 15.0000 - 192).
  EXPECT_NEAR(bits_of(report, "eta"), 129.5988523, 1e-6);
  EXPECT_EQ(bits_of(report, "hash"), 128.0);
  EXPECT_NEAR(report.bits(), 111.6412783, 1e-6);
  EXPECT_EQ(report.weakest(), "queries of g_2");
  EXPECT_FALSE(report.meets_target());
}

TEST(Analyze, UnionIsBelowTheWorstRoundAndAboveItsShare) {
  const SoundnessReport report = analyze(example(), example_shape());
  EXPECT_LE(report.union_bits(), report.bits());
  EXPECT_GE(report.union_bits(), report.bits() - 1.0) << "one term dominates here";
  for (const SoundnessTerm& term : report.terms) {
    EXPECT_LE(term.total_bits, term.bits + 1e-9) << term.label;
  }
  // And every one is explained to people.
  for (const std::vector<SoundnessTerm>* terms : {&report.terms, &report.hiding_terms}) {
    for (const SoundnessTerm& term : *terms) {
      const TermText text = term_texts(example(), example_shape()).at(term.label);
      EXPECT_FALSE(text.formula.empty());
      EXPECT_FALSE(text.source.empty());
    }
  }
}

TEST(Analyze, JohnsonMarks) {
  auto texts = term_texts(example(), example_shape());
  EXPECT_TRUE(texts["fold round of M, W"].rests_on_johnson);
  EXPECT_TRUE(texts["queries of g_1"].rests_on_johnson);
  EXPECT_TRUE(texts["eta"].rests_on_johnson);
  EXPECT_FALSE(texts["model identity"].rests_on_johnson);
  OpeningParams unique = example();
  unique.security.decoding = Decoding::kUnique;
  const SoundnessReport report = analyze(unique, example_shape());
  for (const auto& [label, text] : term_texts(unique, example_shape())) EXPECT_FALSE(text.rests_on_johnson) << label;
  // One member per list: no ambiguity, and the outer terms lose their factor (17 + 2).
  EXPECT_EQ(bits_of(report, "model identity"), INFINITY);
  EXPECT_NEAR(bits_of(report, "LogUp fingerprint, zero leaf"), 192.0 - 19.0, 1e-5);
  // rem = 3: M 2^17 and W 2^16 with 4 pairs each, plus 2: 2^(17 + 2) + 2^(16 + 2) + 2 = 2^19.585.
  EXPECT_NEAR(bits_of(report, "fold round of M, W"), 192.0 - std::log2(786434.0), 1e-5);
}

TEST(Analyze, WithoutZeroKnowledge) {
  OpeningParams params = example();
  params.security.zero_knowledge = false;
  params.model_budget = 0;
  params.model = oracle(8192, 0, 3, 17, 80);
  params.witness = oracle(4096, 0, 4, 16, 57);
  params.folds[0] = oracle((8192 + 4096) / 16, 0, 4, 15, 55);
  params.folds[1] = oracle(768 / 8, 0, 3, 13, 35);
  params.mask = {};
  ASSERT_TRUE(params.validate().ok()) << params.validate().message();
  const SoundnessReport report = analyze(params, example_shape());
  EXPECT_TRUE(report.hiding_terms.empty());
  for (const SoundnessTerm& term : report.terms) EXPECT_EQ(term.label.find("mask"), std::string::npos);
  EXPECT_NE(report_text(params, example_shape()).find("zero knowledge is off"), std::string::npos);
}

TEST(Analyze, HidingLossByHand) {
  const SoundnessReport report = analyze(example(), example_shape());
  ASSERT_FALSE(report.hiding_terms.empty());
  // Zero leaf 2^17 * 2, blind 1, triple 2 * 7, model value 2^17 + 1, mask value 2^18 + 1, guess of a leaf of X 2^18.
  const double expected = -std::log2(3.0 * std::exp2(18.0) + std::exp2(17.0) + 1.0 + 14.0 + 1.0 + 1.0);
  EXPECT_NEAR(report.hiding_bits(), 192.0 + expected, 1e-3);
}

// Each change must move the named term (and never any term) in the stated direction.
TEST(Analyze, Monotonicity) {
  struct Case {
    const char* name;
    std::function<void(OpeningParams&, OuterShape&)> change;
    bool better;
  };
  const Case cases[] = {
      {"one more query of W", [](OpeningParams& p, OuterShape&) { ++p.witness.num_queries; }, true},
      {"one more query of g_2", [](OpeningParams& p, OuterShape&) { ++p.folds[1].num_queries; }, true},
      {"more grinding", [](OpeningParams& p, OuterShape&) { ++p.security.pow_bits; }, true},
      {"more leaves", [](OpeningParams&, OuterShape& s) { ++s.log_leaves; }, false},
      {"wider tuples", [](OpeningParams&, OuterShape& s) { ++s.max_tuple_width; }, false},
      {"more relations", [](OpeningParams&, OuterShape& s) { s.num_relations += 100; }, false},
      {"higher degree", [](OpeningParams&, OuterShape& s) { ++s.batched_degree; }, false},
      {"more constraints", [](OpeningParams&, OuterShape& s) { s.num_functionals *= 2; }, false},
      {"more triples", [](OpeningParams&, OuterShape& s) { ++s.log_triple_rows; }, false},
  };
  const SoundnessReport before = analyze(example(), example_shape());
  for (const Case& test : cases) {
    OpeningParams params = example();
    OuterShape shape = example_shape();
    test.change(params, shape);
    const SoundnessReport after = analyze(params, shape);
    ASSERT_EQ(after.terms.size(), before.terms.size()) << test.name;
    bool moved = false;
    for (std::size_t i = 0; i < before.terms.size(); ++i) {
      // A further query adds one constraint to the batch after it.
      if (before.terms[i].label.rfind("batching", 0) == 0) continue;
      if (before.terms[i].bits == after.terms[i].bits) continue;
      // .. and that batch is in the query terms of all oracles of its stage.
      const bool is_query = before.terms[i].label.rfind("queries", 0) == 0;
      if (is_query && std::abs(before.terms[i].bits - after.terms[i].bits) < 1e-5) continue;
      moved = true;
      EXPECT_EQ(after.terms[i].bits > before.terms[i].bits, test.better) << test.name << ", " << before.terms[i].label;
    }
    EXPECT_TRUE(moved) << test.name;
  }
}

TEST(Report, JsonAndText) {
  const SoundnessReport report = analyze(example(), example_shape());
  const std::string json = report_json(example(), example_shape());
  const std::string text = report_text(example(), example_shape());
  EXPECT_EQ(json.front(), '{');
  EXPECT_EQ(json.back(), '}');
  EXPECT_NE(json.find("\"target_bits\":128"), std::string::npos);
  EXPECT_NE(json.find("\"weakest\":\"queries of g_2\""), std::string::npos);
  EXPECT_NE(json.find("\"meets_target\":false"), std::string::npos);
  EXPECT_EQ(json.find("inf"), std::string::npos);
  EXPECT_EQ(json.find("nan"), std::string::npos);
  std::size_t depth = 0;
  for (const char c : json) {
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
  }
  EXPECT_EQ(depth, 0u);
  for (const SoundnessTerm& term : report.terms) {
    EXPECT_NE(text.find(term.label), std::string::npos);
    EXPECT_NE(json.find("\"" + term.label + "\""), std::string::npos);
  }
}

// A model that is cut: every proof of it is as many.
TEST(Report, SeveralPartsAreSummed) {
  const pcs::OpeningParams params = example();
  const OuterShape shape = example_shape();
  const SoundnessReport one = analyze(params, shape);
  SoundnessReport all;
  for (int i = 0; i < 8; ++i) all.add(one);
  EXPECT_EQ(all.target_bits, one.target_bits);
  EXPECT_EQ(all.bits(), one.bits());
  EXPECT_NEAR(all.union_bits(), one.union_bits() - 3, 1e-6);
  EXPECT_NEAR(all.hiding_bits(), one.hiding_bits() - 3, 1e-6);
  const std::string json = report_json(std::vector<ReportPart>(8, {params, shape}));
  EXPECT_NE(json.find("\"segments\":8"), std::string::npos);
  const auto number_at = [](const std::string& text, const std::string& key) {
    return std::stod(text.substr(text.find("\"" + key + "\":") + key.size() + 3));
  };
  EXPECT_NEAR(number_at(json, "union_bits"), one.union_bits() - 3, 1e-3);
  EXPECT_NEAR(number_at(json, "hiding_bits"), one.hiding_bits() - 3, 1e-3);
  // What each hides is enough by little, and all together not.
  SoundnessReport close = one;
  close.hiding_terms = {
      {"leaf", static_cast<double>(one.target_bits) + 2, 1, static_cast<double>(one.target_bits) + 2}};
  SoundnessReport several;
  for (int i = 0; i < 4; ++i, several.add(close)) EXPECT_TRUE(several.hides_enough()) << i;
  several.add(close);
  EXPECT_FALSE(several.hides_enough());
}

}  // namespace
}  // namespace zkinfer::soundness
