// SPDX-License-Identifier: Apache-2.0
// Answers whose prompt or text a proof hides: what is hidden is not said, what is not the model's choice does not pass, hidden or not.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/language_owner.h"

namespace zkinfer::data_test {
namespace {

using language_test::contains;
using language_test::kCapacity;
using language_test::kPrompt;
using language_test::language_model;
using language_test::verified;
using language_test::where;

const Owner& owner(bool samples) {
  static const Owner greedy(must(with_hidden_text(language_model())), options_with(kPrivate, kPublic));
  static const Owner sampled(must(with_hidden_text(must(with_sampling(language_model(), 6)))),
                             options_with(kPrivate, kPublic));
  return samples ? sampled : greedy;
}

Generated answered(const Owner& of, bool samples) {
  GenerateOptions options;
  if (samples) options.sampling = must(SamplingRule::of(1.5, 5, 0.9, 1.1));
  options.context = {'n'};
  return must(generate(of.model, kPrompt, options));
}

GenerationResult checked(const Owner& of, const ProofResult& proof) {
  return check_generation(must(CausalModel::of(of.key)), verified(of, proof));
}

TEST(HiddenText, AProofShowsWhatItIsAskedTo) {
  for (const bool samples : {false, true}) {
    const Owner& of = owner(samples);
    EXPECT_TRUE(must(language_shape(of.model)).hides_text);
    EXPECT_TRUE(must(CausalModel::of(of.key)).hides_text());
    Generated generated = answered(of, samples);
    if (!samples) EXPECT_EQ(generated.tokens, must(generate(language_model(), kPrompt)).tokens);
    const std::vector<std::int64_t> answer(generated.tokens.begin() + 3, generated.tokens.end());
    for (const ShownText shown :
         {ShownText{true, true}, ShownText{false, true}, ShownText{true, false}, ShownText{false, false}}) {
      generated.shown = shown;
      const ProofResult proof = must(of.prover.prove(must(generation_request(of.model, generated))));
      const GenerationResult result = checked(of, proof);
      ASSERT_TRUE(result.verdict.accepted()) << where(result);
      EXPECT_EQ(result.shown, shown);
      EXPECT_EQ(result.num_prompt, 3U);
      EXPECT_EQ(result.num_answer, 6U);
      EXPECT_EQ(result.prompt, shown.prompt ? kPrompt : std::vector<std::int64_t>{});
      EXPECT_EQ(result.answer, shown.answer ? answer : std::vector<std::int64_t>{});
      EXPECT_EQ(result.sampling.has_value(), samples);
      // Nothing else that is public says a token that is hidden.
      const VerifyResult inference = verified(of, proof);
      for (const VerifiedTensor& input : inference.inputs) EXPECT_TRUE(input.integers.empty());
      for (std::size_t i = 0; i < static_cast<std::size_t>(kCapacity); ++i) {
        const bool is_shown = i < 3 ? shown.prompt : shown.answer;
        EXPECT_EQ(inference.outputs[0].integers[i], is_shown ? generated.tokens[i] + 1 : 0) << i;
      }
    }
  }
}

// Honest proofs of inferences that are no answers, hidden ones too.
TEST(HiddenText, NothingElsePassesForAnAnswer) {
  for (const bool samples : {false, true}) {
    const Owner& of = owner(samples);
    Generated generated = answered(of, samples);
    for (const bool shows : {true, false}) {
      generated.shown = {shows, shows};
      const ProveRequest honest = must(generation_request(of.model, generated));
      const auto said = [&](const ProveRequest& request) { return where(checked(of, must(of.prover.prove(request)))); };
      ProveRequest request = honest;
      request.integers[0][5] = (request.integers[0][5] + 1) % 11;
      EXPECT_TRUE(contains(said(request), "of the answer are not the model's choice")) << said(request);
      // One token of the answer is not looked at.
      request.integers.back()[5] = 0;
      EXPECT_TRUE(contains(said(request), "what is shown at token 5")) << said(request);
      // One token more or less is shown than prompt and answer.
      for (const std::size_t at : {1U, 5U}) {
        request = honest;
        request.integers.back()[static_cast<std::size_t>(kCapacity) + at] ^= 1;
        EXPECT_TRUE(contains(said(request), "what is shown at token")) << said(request);
      }
      if (samples) {
        request = honest;
        ++request.integers[1][20];
        EXPECT_TRUE(contains(said(request), "what was drawn is not that of")) << said(request);
      }
    }
  }
}

TEST(HiddenText, IsForModelsThatAnswer) {
  EXPECT_EQ(with_hidden_text(make_model(two_by_two_graph())).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(with_hidden_text(owner(false).model).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(with_sampling(owner(false).model, 3).status().code(), StatusCode::kInvalidArgument);
  Generated generated = must(generate(language_model(), kPrompt));
  generated.shown.prompt = false;
  EXPECT_TRUE(contains(generation_request(language_model(), generated).status().message(), "show prompt and answer"));
  EXPECT_EQ(must(language_shape(greedy_model(owner(true).model))).num_candidates, 0U);
  EXPECT_FALSE(must(language_shape(greedy_model(owner(true).model))).hides_text);
}

}  // namespace
}  // namespace zkinfer::data_test
