// SPDX-License-Identifier: Apache-2.0
// Sampled answers of a small Llama: what is drawn token by token is what one proof of the whole shows, and what the rule says as plainly as it can
// be written; and no proof passes for an answer that another seed, another rule or another noise gave.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "api/model_impl.h"
#include "api/sampling.h"
#include "exec/integer/executor.h"
#include "support/language_owner.h"

namespace zkinfer::data_test {
namespace {

using language_test::contains;
using language_test::kCapacity;
using language_test::kPrompt;
using language_test::kVocabulary;
using language_test::language_model;
using language_test::verified;
using language_test::where;

constexpr std::uint32_t kCandidates = 7;

const Owner& owner() {
  static const Owner made(must(with_sampling(language_model(), kCandidates)), options_with(kPublic, kPublic));
  return made;
}

GenerationResult checked(const Owner& of, const ProofResult& proof) {
  return check_generation(must(CausalModel::of(of.key)), verified(of, proof));
}

GenerateOptions sampled(const SamplingRule& rule, const std::string& seed) {
  GenerateOptions options;
  options.sampling = rule;
  options.context.assign(seed.begin(), seed.end());
  return options;
}

GenerationContext context_of(const std::string& seed) {
  GenerationContext out{};
  std::ranges::copy(seed, out.begin());
  return out;
}

// Different enough to reach every part of the rule.
std::vector<SamplingRule> rules() {
  std::vector<SamplingRule> out;
  for (const double temperature : {0.0, 0.7, 2.0}) {
    for (const std::int64_t top_k : {0, 3}) {
      for (const double top_p : {1.0, 0.6, 0.00002}) {
        for (const double repetition : {1.0, 1.5, 0.8})
          out.push_back(must(SamplingRule::of(temperature, top_k, top_p, repetition)));
      }
    }
  }
  return out;
}

// The rule of docs/sampling.md, without a thought for proofs. scores: behind the last of `tokens`.
std::int64_t drawn_plainly(const std::vector<std::int64_t>& scores, std::span<const std::int64_t> tokens,
                           const api::Sampler& sampler, const SamplingRule& rule, const GenerationContext& context) {
  struct Candidate {
    std::int64_t token, score;
  };
  const auto better = [](const Candidate& a, const Candidate& b) { return a.score > b.score; };
  std::vector<Candidate> all;
  for (std::size_t i = 0; i < scores.size(); ++i) all.push_back({static_cast<std::int64_t>(i), scores[i]});
  std::ranges::stable_sort(all, better);
  all.resize(static_cast<std::size_t>(sampler.shape.candidates));
  const std::int64_t times = rule.repetition * 16, over = std::llround(16777216.0 / rule.repetition);
  for (Candidate& one : all) {
    if (std::ranges::find(tokens, one.token) == tokens.end()) continue;
    one.score = static_cast<std::int64_t>(
        std::floor(static_cast<double>(one.score * (one.score > 0 ? over : times)) / 16384 + 0.5));
  }
  std::ranges::stable_sort(all, better);
  const std::size_t k = rule.top_k > 0 ? rule.top_k : all.size();
  const double unit = std::ldexp(static_cast<double>(sampler.shape.unit.mantissa), sampler.shape.unit.exponent);
  // Differences of scores are rounded to a step of 2^-6 or the next finer.
  std::int64_t coarse = 1;
  while (unit * static_cast<double>(2 * coarse) <= 1.0 / 64) coarse *= 2;
  const auto rounded = [&](std::int64_t score) {
    return static_cast<std::int64_t>(std::floor(static_cast<double>(score) / static_cast<double>(coarse) + 0.5));
  };
  std::vector<std::int64_t> weights;
  for (std::size_t r = 0; r < k; ++r)
    weights.push_back(std::llround(32768 * std::exp(static_cast<double>(rounded(all[r].score) - rounded(all[0].score)) *
                                                    unit * static_cast<double>(coarse))));
  const std::int64_t sum = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
  const std::vector<std::int64_t> drawn =
      sampler.drawn_at(rule, context, static_cast<std::uint32_t>(tokens.size() - 1));
  std::int64_t before = 0, most = 0;
  std::size_t best = all.size();
  for (std::size_t r = 0; r < k; ++r) {
    const bool is_kept = std::min<std::int64_t>(before, 65535) < rule.top_p;
    before += (2 * 65536 * weights[r] + sum) / (2 * sum);
    const std::int64_t value = (all[r].score << sampler.shape.fraction_bits) + drawn[r];
    if (!is_kept || (best < all.size() && value <= most)) continue;
    best = r;
    most = value;
  }
  return all[best].token;
}

TEST(Sampling, TokenByTokenIsOnePassIsTheRule) {
  const Owner& of = owner();
  const package::Package& package = api::impl(of.model).package;
  const qir::Sampled parts = *qir::sampler_of(package.graph);
  const api::Sampler sampler{parts.shape, of.model.structure_digest()};
  EXPECT_EQ(must(language_shape(of.model)).num_candidates, kCandidates);
  const qir::WeightStore weights = api::resized(package.weights, parts.scored.values.size());
  std::set<std::vector<std::int64_t>> answers;
  for (const SamplingRule& rule : rules()) {
    for (const std::string seed : {"", "a", "order 17"}) {
      const Generated generated = must(generate(of.model, kPrompt, sampled(rule, seed)));
      ASSERT_EQ(generated.tokens.size(), static_cast<std::size_t>(kCapacity));
      answers.insert(generated.tokens);
      const ProveRequest request = must(generation_request(of.model, generated));
      const exec_integer::Witness whole = must(exec_integer::run(package.graph, package.weights, request.integers));
      const exec_integer::Witness scored = must(exec_integer::run(parts.scored, weights, {generated.tokens}));
      const std::vector<std::int64_t>& choices = whole.values[package.graph.outputs[0]];
      const std::vector<std::int64_t>& scores = scored.values[parts.scored.outputs[0]];
      for (std::size_t i = kPrompt.size() - 1; i + 1 < generated.tokens.size(); ++i) {
        EXPECT_EQ(choices[i], generated.tokens[i + 1]) << rule.to_string() << " at " << i;
        const auto begin = scores.begin() + static_cast<std::ptrdiff_t>(i) * kVocabulary;
        EXPECT_EQ(drawn_plainly({begin, begin + kVocabulary}, std::span(generated.tokens).first(i + 1), sampler, rule,
                                context_of(seed)),
                  generated.tokens[i + 1])
            << rule.to_string() << " at " << i;
      }
    }
  }
  EXPECT_GT(answers.size(), 10U);
  // Nothing said is the greedy answer, which the model without candidates gives.
  EXPECT_EQ(must(generate(of.model, kPrompt)).tokens, must(generate(language_model(), kPrompt)).tokens);
}

// Each token as often as softmax of its score says, by temperature 1 and all candidates: a thousand draws of one position.
TEST(Sampling, DrawsByTheProbabilities) {
  const Model model = must(with_sampling(language_model(), static_cast<std::uint32_t>(kVocabulary)));
  const package::Package& package = api::impl(model).package;
  const qir::Sampled parts = *qir::sampler_of(package.graph);
  const api::Sampler sampler{parts.shape, model.structure_digest()};
  std::vector<std::int64_t> tokens = kPrompt;
  tokens.resize(kCapacity, 0);
  const exec_integer::Witness scored =
      must(exec_integer::run(parts.scored, api::resized(package.weights, parts.scored.values.size()), {tokens}));
  const auto begin =
      scored.values[parts.scored.outputs[0]].begin() + (static_cast<std::ptrdiff_t>(kPrompt.size()) - 1) * kVocabulary;
  const std::vector<std::int64_t> scores(begin, begin + kVocabulary);
  const double unit = std::ldexp(static_cast<double>(parts.shape.unit.mantissa), parts.shape.unit.exponent);
  double sum = 0;
  for (const std::int64_t score : scores) sum += std::exp(static_cast<double>(score) * unit);
  const SamplingRule rule = must(SamplingRule::of(1, 0, 1, 1));
  constexpr int kDraws = 4000;
  std::vector<int> counts(static_cast<std::size_t>(kVocabulary), 0);
  for (int i = 0; i < kDraws; ++i)
    ++counts[static_cast<std::size_t>(drawn_plainly(scores, kPrompt, sampler, rule, context_of(std::to_string(i))))];
  double distance = 0;
  for (std::size_t i = 0; i < counts.size(); ++i)
    distance +=
        std::abs(static_cast<double>(counts[i]) / kDraws - std::exp(static_cast<double>(scores[i]) * unit) / sum) / 2;
  EXPECT_LT(distance, 0.03);  // exact draws: about 0.02
}

TEST(Sampling, OneProofShowsTheWholeAnswer) {
  const Owner& of = owner();
  EXPECT_EQ(must(CausalModel::of(of.key)).num_candidates(), kCandidates);
  const SamplingRule rule = must(SamplingRule::of(0.9, 5, 0.95, 1.1));
  const Generated generated = must(generate(of.model, kPrompt, sampled(rule, "order 17")));
  const ProofResult proof = must(of.prover.prove(must(generation_request(of.model, generated))));
  const GenerationResult result = checked(of, proof);
  ASSERT_TRUE(result.verdict.accepted()) << where(result);
  EXPECT_EQ(result.prompt, kPrompt);
  EXPECT_TRUE(std::ranges::equal(result.answer, std::span(generated.tokens).subspan(3)));
  EXPECT_EQ(result.sampling, rule);
  EXPECT_TRUE(result.seeded());
  EXPECT_EQ(result.sampling->to_string(), "temperature 0.9, top-k 5, top-p 0.95, repetition penalty 1.1");
  // Without a seed the result says so; without a rule it is the greedy answer.
  const Generated greedy = must(generate(of.model, kPrompt));
  const GenerationResult plain = checked(of, must(of.prover.prove(must(generation_request(of.model, greedy)))));
  ASSERT_TRUE(plain.verdict.accepted()) << where(plain);
  EXPECT_FALSE(plain.seeded());
  EXPECT_EQ(plain.sampling, SamplingRule{});
}

// A prover who makes honest proofs of other inferences, and says of them what is not so.
TEST(Sampling, NothingElsePassesForAnAnswer) {
  const Owner& of = owner();
  constexpr std::int64_t width = kCandidates + qir::kRuleNumbers;  // of a position
  const SamplingRule rule = must(SamplingRule::of(2, 5, 0.99, 1.1));
  const auto answered = [&](const SamplingRule& by, const std::string& seed) {
    return must(generation_request(of.model, must(generate(of.model, kPrompt, sampled(by, seed)))));
  };
  const ProveRequest honest = answered(rule, "order 17");
  const auto said = [&](const ProveRequest& request) { return where(checked(of, must(of.prover.prove(request)))); };
  // Its own honest answer to another seed, or by another rule, under this context.
  ProveRequest request = answered(rule, "order 18");
  request.context = honest.context;
  EXPECT_TRUE(contains(said(request), "what was drawn is not that of temperature 2, top-k 5")) << said(request);
  SamplingRule other = rule;
  other.temperature -= 1;
  request = answered(other, "order 17");
  request.context = honest.context;
  EXPECT_TRUE(contains(said(request), "what was drawn is not that"));
  other = rule;
  other.top_k = 6;
  request = answered(other, "order 17");
  request.context = honest.context;
  EXPECT_TRUE(contains(said(request), "what was drawn is not that"));
  for (const bool changes_share : {true, false}) {
    other = rule;
    (changes_share ? other.top_p : other.repetition) += 1;
    request = answered(other, "order 17");
    request.context = honest.context;
    EXPECT_TRUE(contains(said(request), "what was drawn is not that")) << said(request);
  }
  // The noise of the next position, and two candidates' noise exchanged.
  request = honest;
  std::rotate(request.integers[1].begin(), request.integers[1].begin() + width, request.integers[1].end());
  EXPECT_TRUE(contains(said(request), "what was drawn is not that"));
  request = honest;
  std::swap(request.integers[1][static_cast<std::size_t>(4 * width)],
            request.integers[1][static_cast<std::size_t>(4 * width + 1)]);
  EXPECT_TRUE(contains(said(request), "what was drawn is not that"));
  // Noise where nothing is drawn: behind the prompt's second token.
  request = honest;
  request.integers[1][0] = 1;
  EXPECT_TRUE(contains(said(request), "what was drawn is not that"));
  // Another token, everything else as it should be.
  request = honest;
  request.integers[0][6] = (request.integers[0][6] + 1) % kVocabulary;
  EXPECT_TRUE(contains(said(request), "token 6 is")) << said(request);
  // A shorter answer has the same noise as far as it goes; one that says nothing of the rule is none.
  const GenerationClaim claim = *read_generation_context(honest.context);
  request = honest;
  request.context = must(generation_context(claim.num_prompt, claim.num_tokens, claim.context));
  EXPECT_TRUE(contains(said(request), "says nothing of the rule")) << said(request);
  const Owner greedy(language_model(), options_with(kPublic, kPublic));
  request = must(generation_request(greedy.model, must(generate(greedy.model, kPrompt))));
  request.context = honest.context;
  EXPECT_TRUE(contains(where(checked(greedy, must(greedy.prover.prove(request)))), "the model does not sample"));
}

TEST(Sampling, RefusesWhatTheRuleHasNoNumbersFor) {
  for (const auto& [temperature, top_k, top_p, repetition] :
       std::vector<std::tuple<double, std::int64_t, double, double>>{{-1, 0, 1, 1},
                                                                     {2.1, 0, 1, 1},
                                                                     {std::nan(""), 0, 1, 1},
                                                                     {1e-6, 0, 1, 1},
                                                                     {1, -1, 1, 1},
                                                                     {1, 65536, 1, 1},
                                                                     {1, 0, 0, 1},
                                                                     {1, 0, 1.1, 1},
                                                                     {1, 0, 1, 0.4},
                                                                     {1, 0, 1, 3}})
    EXPECT_EQ(SamplingRule::of(temperature, top_k, top_p, repetition).status().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(contains(SamplingRule::of(1e-9, 0, 1, 1).status().message(), "temperature 1e-09: expected 0, or 0.001"));
  // As they are asked for: nothing is nothing, and what only a draw has needs one.
  EXPECT_FALSE(must(SamplingRule::of(SamplingOptions{})).has_value());
  EXPECT_EQ(must(SamplingRule::of(SamplingOptions{.temperature = 0.5, .top_k = 4}))->top_k, 4U);
  EXPECT_EQ(must(SamplingRule::of(SamplingOptions{.repetition = 1.5}))->temperature, 0U);
  EXPECT_TRUE(contains(SamplingRule::of(SamplingOptions{.top_p = 0.5}).status().message(), "give a temperature too"));
  EXPECT_FALSE(SamplingRule::of(SamplingOptions{.temperature = 1, .top_k = 0}).ok());
  const Model model = owner().model;
  EXPECT_TRUE(contains(generate(model, kPrompt, sampled(must(SamplingRule::of(1, 8, 1, 1)), "")).status().message(),
                       "7 candidates"));
  EXPECT_TRUE(
      contains(generate(language_model(), kPrompt, sampled({}, "")).status().message(), "most likely tokens only"));
  EXPECT_TRUE(contains(generate(model, kPrompt, sampled({}, "more than sixteen")).status().message(), "16 bytes"));
  EXPECT_EQ(with_sampling(language_model(), 12).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(with_sampling(make_model(two_by_two_graph()), 1).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(with_sampling(model, 2).status().code(), StatusCode::kInvalidArgument);
  // Contexts of sampled answers.
  const SamplingRule rule = must(SamplingRule::of(0.5, 4, 0.25, 1.5));
  const Bytes context = must(generation_context(5, 60000, Bytes{1, 2}, rule));
  const std::optional<GenerationClaim> claim = read_generation_context(context);
  ASSERT_TRUE(claim.has_value());
  EXPECT_EQ(claim->num_tokens, 60000U);
  EXPECT_EQ(claim->sampling, rule);
  EXPECT_FALSE(generation_context(5, 70000, {}, rule).ok());
  Bytes hot = context;
  hot[9] = 9;  // a temperature of 2.25
  EXPECT_FALSE(read_generation_context(hot).has_value());
}

}  // namespace
}  // namespace zkinfer::data_test
