// SPDX-License-Identifier: Apache-2.0
#include "qir/sampler.h"

#include "qir/fixed_point.h"

#include <gtest/gtest.h>

#include <cmath>

#include "qir/shown_text.h"
#include "qir/test_graphs.h"

namespace zkinfer::qir {
namespace {

// Tokens of 0 to 15 -> scores of 16 tokens each, by a table; then the choice.
QGraph choosing(Scale unit, std::int64_t positions = 4) {
  TestBuilder b;
  const ValueId tokens = b.input({1, positions}, 0, 15);
  const ValueId table = b.param({16, 16}, -5000, 5000);
  Node gather;
  gather.axes = {0};
  const ValueId scores = b.node(Op::kGather, {table, tokens}, {1, positions, 16}, -5000, 5000, gather);
  Node largest;
  largest.axes = {2};
  const ValueId choice = b.node(Op::kArgMax, {scores}, {1, positions}, 0, 15, largest);
  b.graph.outputs = {choice};
  for (Value& value : b.graph.values) value.scale = {1, 0};
  b.graph.values[scores].scale = unit;
  return b.graph;
}

TEST(Sampler, IsFoundInWhatItGives) {
  const QGraph greedy = choosing({1567379294763103, -58});
  const std::optional<QGraph> scored = scored_of(greedy);
  ASSERT_TRUE(scored.has_value());
  QGraph again = greedy_of(*scored, greedy.value(greedy.outputs[0]).name);
  again.nodes.back().name = greedy.nodes.back().name;
  EXPECT_EQ(structure_bytes(again), structure_bytes(greedy));
  for (const std::int64_t candidates : {1, 5, 16}) {
    const Result<QGraph> sampled = with_sampler(*scored, candidates, "next");
    ASSERT_TRUE(sampled.ok()) << sampled.status().to_string();
    const std::optional<Sampled> found = sampler_of(*sampled);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->shape.candidates, candidates);
    EXPECT_EQ(structure_bytes(found->scored), structure_bytes(*scored));
    // One number of it changed is another rule.
    for (std::size_t i = scored->nodes.size(); i < sampled->nodes.size(); ++i) {
      QGraph other = *sampled;
      other.nodes[i].constant += 1;
      EXPECT_FALSE(sampler_of(other).has_value()) << other.nodes[i].name;
    }
  }
  EXPECT_FALSE(sampler_of(greedy).has_value());
  EXPECT_EQ(with_sampler(*scored, 17, "next").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(with_sampler(*scored, 0, "next").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(with_sampler(*scored_of(choosing({1, -50})), 4, "next").status().code(), StatusCode::kUnsupported);
  EXPECT_TRUE(with_sampler(*scored_of(choosing({1, 0})), 4, "next").ok());
  EXPECT_TRUE(with_sampler(*scored_of(choosing({3, -20})), 4, "next").ok());
}

TEST(ShownText, IsFoundInWhatItGives) {
  const QGraph greedy = choosing({1, -7});
  const QGraph sampled = *with_sampler(*scored_of(greedy), 5, "next");
  for (const QGraph& answers : {greedy, sampled}) {
    const Result<QGraph> shown = with_shown_text(answers);
    ASSERT_TRUE(shown.ok()) << shown.status().to_string();
    EXPECT_EQ(shown->outputs.size(), answers.inputs.size() + 2);
    const std::optional<QGraph> found = answers_of(*shown);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(structure_bytes(*found), structure_bytes(answers));
    for (std::size_t i = answers.nodes.size(); i < shown->nodes.size(); ++i) {
      QGraph other = *shown;
      other.nodes[i].constant += 1;
      EXPECT_FALSE(answers_of(other).has_value()) << other.nodes[i].name;
    }
    EXPECT_FALSE(answers_of(answers).has_value());
  }
  EXPECT_EQ(with_shown_text(*scored_of(greedy)).status().code(), StatusCode::kInvalidArgument);
}

// A key may say any size.
TEST(Sampler, SizesThatNobodyCanHoldAreRefused) {
  QGraph scored = *scored_of(choosing({1, 0}, 1 << 20));
  EXPECT_EQ(with_sampler(scored, 16, "next").status().code(), StatusCode::kResourceLimit);
  TestBuilder b;
  b.graph = scored;
  const ValueId drawn = b.input({1, 1 << 20, 16 + kRuleNumbers}, 0, 100000);
  Node sort;
  sort.axes = {2};
  sort.coefs = {-1};
  b.node(Op::kSort, {scored.outputs[0]}, {1, 1 << 20, 16}, 0, 15, sort);
  Node slice;
  slice.starts = {0, 0, 0};
  slice.steps = {1, 1, 1};
  b.graph.outputs = {b.node(Op::kSlice, {drawn}, {1, 1 << 20, 16}, 0, 100000, slice)};
  ASSERT_TRUE(validate(b.graph).ok()) << validate(b.graph).to_string();
  EXPECT_FALSE(sampler_of(b.graph).has_value());
}

TEST(Sampler, NumbersAreThoseOfTheRealFunctions) {
  for (const std::uint64_t x : {std::uint64_t{1}, std::uint64_t{3}, std::uint64_t{1000003}, ~std::uint64_t{0}})
    EXPECT_NEAR(std::ldexp(static_cast<double>(log2_of(x, 40)), -40), std::log2(static_cast<double>(x)), 1e-11) << x;
  std::uint64_t random = 1;
  for (int i = 0; i < 3000; ++i) {
    random = random * 6364136223846793005U + 1442695040888963407U;
    auto r = static_cast<std::uint32_t>(random >> 32);
    if (i < 2) r = i == 0 ? 0 : ~std::uint32_t{0};
    const long double u = std::ldexp(2 * static_cast<long double>(r) + 1, -33);
    EXPECT_NEAR(std::ldexp(static_cast<double>(gumbel(r)), -24), static_cast<double>(-std::log(-std::log(u))), 1e-4)
        << r;
    const double x = 14.0 * static_cast<double>(r) / 4294967296.0;
    EXPECT_NEAR(exponential(static_cast<std::uint64_t>(std::ldexp(x, 48)), 15), 32768 * std::exp(-x), 0.501) << x;
  }
  EXPECT_EQ(exponential(0, 15), 32768);
  EXPECT_EQ(exponential(std::uint64_t{12} << 48, 15), 0);
  const SamplerShape shape{1, 2, 2, {1, -3}, 9};
  EXPECT_EQ(noise_of(shape, 0, 12345), 1);
  for (const std::uint32_t r : {0U, 77U, 4000000000U, ~0U}) {
    const double g = std::ldexp(static_cast<double>(gumbel(r)), -24);
    EXPECT_NEAR(static_cast<double>(noise_of(shape, 1024, r)), 1 + std::round((g + 4) * 4096), 0.5);
  }
  EXPECT_EQ(rule_numbers(65536, 1024), (std::vector<std::int64_t>{65536, 16384, 16384}));
  EXPECT_EQ(rule_numbers(1, 1331), (std::vector<std::int64_t>{1, 12605, 21296}));
}

}  // namespace
}  // namespace zkinfer::qir
