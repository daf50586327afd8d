// SPDX-License-Identifier: Apache-2.0
// Answers of a small Llama, through the public interface: the integer program says, token by token, what decoding with a cache of keys
// and values says; one proof shows the whole answer; and nothing that is not the model's answer passes for one.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/language_owner.h"

namespace zkinfer::data_test {
namespace {

using language_test::contains;
using language_test::kCapacity;
using language_test::kPrompt;
using language_test::language_model;
using language_test::llama;
using language_test::verified;
using language_test::where;

const Owner& owner(const TensorPolicy& inputs) {
  static const Owner shown(language_model(), options_with(kPublic, kPublic));
  static const Owner hidden(language_model(), options_with(kPrivate, kPublic));
  return inputs == kPublic ? shown : hidden;
}

GenerationResult checked(const Owner& of, const ProofResult& proof) {
  return check_generation(must(CausalModel::of(of.key)), verified(of, proof));
}

TEST(Generation, IsWhatDecodingWithACacheGives) {
  const Model& model = owner(kPublic).model;
  const LanguageShape shape = must(language_shape(model));
  EXPECT_EQ(shape.capacity, kCapacity);
  EXPECT_EQ(shape.most_token, 10);
  std::vector<std::int64_t> told;
  GenerateOptions options;
  options.told = [&](std::int64_t token) {
    told.push_back(token);
    return true;
  };
  const Generated generated = must(generate(model, kPrompt, options));
  EXPECT_EQ(generated.end, GenerationEnd::kCapacity);
  ASSERT_EQ(generated.tokens.size(), static_cast<std::size_t>(kCapacity));
  EXPECT_EQ(told, std::vector<std::int64_t>(generated.tokens.begin() + 3, generated.tokens.end()));
  frontend_language::LlamaReference reference(llama());
  for (std::size_t i = 0; i + 1 < generated.tokens.size(); ++i) {
    const std::vector<double> scores = reference.next(static_cast<std::size_t>(generated.tokens[i]));
    if (i + 1 < kPrompt.size()) continue;
    EXPECT_EQ(std::ranges::max_element(scores) - scores.begin(), generated.tokens[i + 1]) << i;
  }
}

TEST(Generation, EndsWhereItShould) {
  const Model& model = owner(kPublic).model;
  const Generated all = must(generate(model, kPrompt));
  GenerateOptions two;
  two.most_tokens = 2;
  const Generated short_one = must(generate(model, kPrompt, two));
  EXPECT_EQ(short_one.end, GenerationEnd::kMostTokens);
  EXPECT_TRUE(std::ranges::equal(short_one.tokens, std::span(all.tokens).first(5)));
  GenerateOptions until;
  until.end_tokens = {all.tokens[4]};
  const Generated ended = must(generate(model, kPrompt, until));
  EXPECT_EQ(ended.end, GenerationEnd::kEndToken);
  EXPECT_EQ(ended.tokens.back(), all.tokens[4]);
  EXPECT_LE(ended.tokens.size(), 5U);
  GenerateOptions stopped;
  stopped.told = [](std::int64_t) { return false; };
  EXPECT_EQ(must(generate(model, kPrompt, stopped)).end, GenerationEnd::kStopped);
  EXPECT_EQ(generate(model, {}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(generate(model, std::vector<std::int64_t>{1, 11}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(generate(model, std::vector<std::int64_t>{-1}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(generate(model, std::vector<std::int64_t>(kCapacity, 1)).status().code(), StatusCode::kOutOfRange);
  EXPECT_EQ(generate(make_model(two_by_two_graph()), kPrompt).status().code(), StatusCode::kInvalidArgument);
}

TEST(Generation, OneProofShowsTheWholeAnswer) {
  const Owner& of = owner(kPublic);
  const Bytes nonce = {'n', 'o', 'n', 'c', 'e'};
  GenerateOptions bound;
  bound.context = nonce;
  const Generated generated = must(generate(of.model, kPrompt, bound));
  const ProofResult proof = must(of.prover.prove(must(generation_request(of.model, generated))));
  const GenerationResult result = checked(of, proof);
  ASSERT_TRUE(result.verdict.accepted()) << where(result);
  EXPECT_EQ(result.prompt, kPrompt);
  EXPECT_TRUE(std::ranges::equal(result.answer, std::span(generated.tokens).subspan(3)));
  EXPECT_TRUE(std::ranges::equal(std::span(result.context).first(5), nonce));
  // Another split of the same proof: its context is bound into it.
  VerifyRequest other = proof.statement;
  other.context = must(generation_context(2, static_cast<std::uint32_t>(generated.tokens.size()), nonce));
  EXPECT_FALSE(verify(of.key, proof.proof, other).verdict.accepted());
}

// A prover who makes honest proofs of other inferences, and says of them what is not so.
TEST(Generation, NothingElsePassesForAnAnswer) {
  const Owner& of = owner(kPublic);
  const Generated generated = must(generate(of.model, kPrompt));
  const auto proved = [&](const std::vector<std::int64_t>& tokens, const Bytes& context) {
    ProveRequest request;
    request.integers = {tokens};
    request.context = context;
    return checked(of, must(of.prover.prove(request)));
  };
  std::vector<std::int64_t> tokens = generated.tokens;
  for (const std::size_t at : {std::size_t{3}, std::size_t{6}, tokens.size() - 1}) {
    std::vector<std::int64_t> changed = tokens;
    changed[at] = (changed[at] + 1) % 11;
    const GenerationResult result = proved(changed, must(generation_context(3, 9)));
    EXPECT_EQ(result.verdict.reason, RejectReason::kWrongStatement);
    EXPECT_TRUE(contains(where(result), "token " + std::to_string(at) + " is")) << where(result);
    EXPECT_TRUE(result.answer.empty() && result.prompt.empty());
  }
  // The answer begins in the middle of the prompt, unless the prompt is what the model would have said.
  const GenerationResult early = proved(tokens, must(generation_context(1, 9)));
  EXPECT_FALSE(early.verdict.accepted());
  Bytes more = must(generation_context(3, 9));
  more[12] = 10;
  EXPECT_TRUE(contains(where(proved(tokens, more)), "more tokens than"));
  for (const std::size_t at : {0, 4, 5, 6, 7}) {
    Bytes odd = must(generation_context(3, 9));
    odd[at] ^= 1;
    EXPECT_TRUE(contains(where(proved(tokens, odd)), "context is not one of a generation")) << at;
  }
  EXPECT_TRUE(contains(where(proved(tokens, {})), "context is not one of a generation"));
  // Tokens that nobody sees show no answer.
  const Owner& hidden = owner(kPrivate);
  const GenerationResult unseen =
      checked(hidden, must(hidden.prover.prove(must(generation_request(hidden.model, generated)))));
  EXPECT_TRUE(contains(where(unseen), "not public")) << where(unseen);
  VerifyResult rejected;
  rejected.verdict = Verdict::reject(RejectReason::kTruncated, "somewhere");
  EXPECT_EQ(check_generation(must(CausalModel::of(of.key)), rejected).verdict.reason, RejectReason::kTruncated);
  // A proof under one key is no answer of another model.
  const ProofResult proof = must(of.prover.prove(must(generation_request(of.model, generated))));
  const GenerationResult stranger = check_generation(must(CausalModel::of(hidden.key)), verified(of, proof));
  EXPECT_TRUE(contains(where(stranger), "of another model")) << where(stranger);
  // Without a certificate nothing holds the weights in the ranges that the structure's masks rest on.
  const GenerationResult uncertified =
      check_generation(must(CausalModel::of(of.key)), verify(of.key, proof.proof, proof.statement));
  EXPECT_TRUE(contains(where(uncertified), "needs the certificate")) << where(uncertified);
}

// [1, 4] tokens of 0 to 7 -> an embedding each; then what `mix` makes of the four, and the larger of two scores.
template <class Mix>
qir::QGraph mixing_graph(Mix mix) {
  qir::TestBuilder b;
  const qir::ValueId tokens = b.input({1, 4}, 0, 7);
  const qir::ValueId table = b.param({8, 2}, -7, 7);
  qir::Node gather;
  gather.axes = {0};
  const qir::ValueId embedded = b.node(qir::Op::kGather, {table, tokens}, {1, 4, 2}, -7, 7, gather);
  const qir::ValueId mixed = mix(b, embedded);
  qir::Node largest;
  largest.axes = {2};
  const qir::ValueId choices = b.node(qir::Op::kArgMax, {mixed}, {1, 4, 1}, 0, 1, largest);
  b.graph.outputs = {b.node(qir::Op::kReshape, {choices}, {1, 4}, 0, 1)};
  for (qir::Value& value : b.graph.values) value.scale = {1, 0};
  return b.graph;
}

// A model with hidden weights that looks at what follows could say whatever it is asked to say: no answer of it is accepted.
TEST(Generation, ModelsThatLookAheadGiveNoAnswers) {
  const auto said_of = [](qir::QGraph graph) {
    const Owner of(std::move(graph), kPublic, kPublic);
    const Result<CausalModel> causal = CausalModel::of(of.key);
    return causal.ok() ? "causal" : causal.status().to_string();
  };
  // Each position for itself.
  EXPECT_EQ(said_of(mixing_graph([](qir::TestBuilder&, qir::ValueId x) { return x; })), "causal");
  // A hidden matrix over positions, that may be triangular and may be not.
  const auto hidden = [](qir::TestBuilder& b, qir::ValueId x) {
    const qir::ValueId mask = b.param({4, 4}, 0, 1);
    return b.node(qir::Op::kMatMul, {mask, x}, {1, 4, 2}, -28, 28);
  };
  EXPECT_TRUE(contains(said_of(mixing_graph(hidden)), "behind token 0 may depend on token 3"));
  // The next position's embedding.
  const auto next = [](qir::TestBuilder& b, qir::ValueId x) {
    qir::Node slice;
    slice.starts = {0, 1, 0};
    slice.steps = {1, 1, 1};
    const qir::ValueId later = b.node(qir::Op::kSlice, {x}, {1, 3, 2}, -7, 7, slice);
    slice.starts = {0, 0, 0};
    const qir::ValueId first = b.node(qir::Op::kSlice, {x}, {1, 1, 2}, -7, 7, slice);
    qir::Node concat;
    concat.axes = {1};
    return b.node(qir::Op::kConcat, {later, first}, {1, 4, 2}, -7, 7, concat);
  };
  EXPECT_TRUE(contains(said_of(mixing_graph(next)), "behind token 0 may depend on token 1"));
  EXPECT_TRUE(contains(said_of(two_by_two_graph()), "one input and one output"));
}

TEST(Generation, ContextsSayWhatTheyMean) {
  const Bytes context = must(generation_context(5, 70000, Bytes{1, 2}));
  ASSERT_EQ(context.size(), 32U);
  const std::optional<GenerationClaim> claim = read_generation_context(context);
  ASSERT_TRUE(claim.has_value());
  EXPECT_EQ(claim->num_prompt, 5U);
  EXPECT_EQ(claim->num_tokens, 70000U);
  EXPECT_EQ(claim->context[1], 2);
  EXPECT_FALSE(generation_context(0, 3).ok());
  EXPECT_FALSE(generation_context(3, 3).ok());
  EXPECT_FALSE(generation_context(1, 2, Bytes(17)).ok());
  EXPECT_FALSE(read_generation_context(Bytes(32)).has_value());
  EXPECT_FALSE(read_generation_context(ByteView(context).first(31)).has_value());
}

}  // namespace
}  // namespace zkinfer::data_test
