// SPDX-License-Identifier: Apache-2.0
// Conversations of a small Llama, through the public interface: turns say what one pass over the whole text says, token by token; each turn is
// proven from the commitment that the turn before has left; and nothing that is no turn of this conversation passes for one.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "qir/turn.h"
#include "support/language_owner.h"

namespace zkinfer::data_test {
namespace {

using language_test::contains;
using language_test::llama;
using language_test::verified;
using language_test::where;

constexpr std::int64_t kConversation = 9;

// Of turns of so many tokens.
Model conversation_model(std::int64_t tokens) {
  const Bytes file = frontend_language::llama2c_version_0(llama());
  CompileOptions options;
  options.tokens = tokens;
  options.conversation = kConversation;
  return must(compile_network(file, language_test::calibration_texts(kConversation), options));
}

const Owner& owner() {
  static const Owner made(conversation_model(4), options_with(kPublic, kPublic));
  return made;
}

struct Turn {
  Generated generated;
  ProofResult proof;
};

Turn turn_behind(const Owner& of, const std::vector<std::int64_t>& prompt, const TurnBefore& before,
                 std::uint32_t most_tokens = 64) {
  GenerateOptions options;
  options.before = before;
  options.most_tokens = most_tokens;
  Turn turn;
  turn.generated = must(generate(of.model, prompt, options));
  turn.proof = must(of.prover.prove(must(generation_request(of.model, turn.generated))));
  return turn;
}

// A conversation of three turns: 1 7 -> 1 token, 3 -> 2 tokens, 5 -> what is left.
struct Conversation {
  CommittedTensor start = must(new_history(owner().key));
  Turn first = turn_behind(owner(), {1, 7}, {0, &start}, 1);
  Turn second = turn_behind(owner(), {3}, {3, &first.proof.committed_outputs[0]}, 2);
  Turn third = turn_behind(owner(), {5}, {6, &second.proof.committed_outputs[0]});

  std::vector<std::int64_t> text() const {
    std::vector<std::int64_t> out;
    for (const Turn* turn : {&first, &second, &third})
      out.insert(out.end(), turn->generated.tokens.begin(), turn->generated.tokens.end());
    return out;
  }
};
Conversation& conversation() {
  static Conversation made;
  return made;
}

// The choices behind each token of a text, read turn by turn, as many tokens each as `sizes` says.
std::vector<std::int64_t> choices(const Model& model, const std::vector<std::int64_t>& text,
                                  const std::vector<std::size_t>& sizes) {
  const std::vector<TensorInfo> inputs = model.inputs();
  std::vector<std::int64_t> history(inputs[2].num_elements(), 0), out;
  std::size_t begin = 0;
  for (const std::size_t size : sizes) {
    std::vector<std::int64_t> tokens(inputs[0].num_elements(), 0);
    std::copy_n(text.begin() + static_cast<std::ptrdiff_t>(begin), size, tokens.begin());
    const qir::TurnShape shape{static_cast<std::int64_t>(tokens.size()), kConversation, 0};
    const std::vector<std::int64_t> places = shape.places(static_cast<std::int64_t>(begin));
    const Tensor given[] = {{inputs[0].shape, tokens}, {inputs[1].shape, places}, {inputs[2].shape, history}};
    const std::vector<TensorView> views(std::begin(given), std::end(given));
    const RunResult run = must(model.run(views));
    out.insert(out.end(), run.outputs[0].begin(), run.outputs[0].begin() + static_cast<std::ptrdiff_t>(size));
    history = run.outputs[1];
    begin += size;
  }
  return out;
}

TEST(Conversation, TurnsSayWhatOnePassOverTheTextSays) {
  const Model whole = conversation_model(kConversation), turns = conversation_model(4);
  EXPECT_EQ(must(language_shape(turns)).conversation, kConversation);
  EXPECT_EQ(must(language_shape(turns)).capacity, 4U);
  int differ = 0;  // the two have other units, so their roundings differ
  for (const std::vector<std::int64_t>& text :
       {std::vector<std::int64_t>{1, 7, 3, 10, 2, 2, 9, 0, 5}, {4, 4, 4, 8, 1, 6, 3, 3, 7}}) {
    const std::vector<std::int64_t> one_pass = choices(whole, text, {9});
    for (const auto& sizes : {std::vector<std::size_t>{1, 1, 1, 1, 1, 1, 1, 1, 1}, {5, 4}, {2, 7}, {3, 1, 5}})
      EXPECT_EQ(choices(whole, text, sizes), one_pass);
    const std::vector<std::int64_t> by_fours = choices(turns, text, {4, 4, 1});
    for (const auto& sizes : {std::vector<std::size_t>{1, 1, 1, 1, 1, 1, 1, 1, 1}, {3, 2, 4}, {2, 4, 3}})
      EXPECT_EQ(choices(turns, text, sizes), by_fours);
    // The floats, with a cache of keys and values.
    frontend_language::LlamaReference reference(llama());
    for (std::size_t i = 0; i < text.size(); ++i) {
      const std::vector<double> scores = reference.next(static_cast<std::size_t>(text[i]));
      EXPECT_EQ(std::ranges::max_element(scores) - scores.begin(), one_pass[i]) << i;
      differ += by_fours[i] != one_pass[i] ? 1 : 0;
    }
  }
  EXPECT_LE(differ, 2);
}

TEST(Conversation, EachTurnIsProvenFromWhatTheOneBeforeHasLeft) {
  Conversation& of = conversation();
  EXPECT_EQ(of.third.generated.end, GenerationEnd::kCapacity);
  EXPECT_EQ(of.text().size(), static_cast<std::size_t>(kConversation));
  const CausalModel model = must(CausalModel::of(owner().key));
  EXPECT_EQ(model.conversation(), kConversation);
  const VerifyResult first = verified(owner(), of.first.proof), second = verified(owner(), of.second.proof),
                     third = verified(owner(), of.third.proof);
  const VerifyResult* before = nullptr;
  std::vector<std::int64_t> text;
  for (const VerifyResult* turn : {&first, &second, &third}) {
    const GenerationResult result = check_turn(model, *turn, before);
    ASSERT_TRUE(result.verdict.accepted()) << where(result);
    EXPECT_EQ(result.num_before, text.size());
    text.insert(text.end(), result.prompt.begin(), result.prompt.end());
    text.insert(text.end(), result.answer.begin(), result.answer.end());
    EXPECT_TRUE(turn->inputs[2].integers.empty() && turn->outputs[1].integers.empty()) << "the history is hidden";
    before = turn;
  }
  EXPECT_EQ(text, of.text());
  EXPECT_TRUE(check_generation(model, first).verdict.accepted());
}

// A prover who makes honest proofs of turns, and puts together what does not belong together.
TEST(Conversation, NothingElseGoesOn) {
  Conversation& of = conversation();
  const CausalModel model = must(CausalModel::of(owner().key));
  const VerifyResult first = verified(owner(), of.first.proof), second = verified(owner(), of.second.proof),
                     third = verified(owner(), of.third.proof);
  const auto refused = [&](const VerifyResult& turn, const VerifyResult* before, std::string_view why) {
    const GenerationResult result = check_turn(model, turn, before);
    EXPECT_FALSE(result.verdict.accepted()) << why;
    EXPECT_TRUE(contains(where(result), why)) << where(result);
    EXPECT_TRUE(result.prompt.empty() && result.answer.empty());
  };
  EXPECT_FALSE(check_generation(model, second).verdict.accepted());
  refused(second, nullptr, "begins behind 3 tokens");
  refused(third, &first, "the turns before it have 3");
  refused(first, &first, "begins behind 0 tokens");
  refused(second, &third, "the turns before it have 9");

  // Another conversation of as many tokens: its history is another one.
  CommittedTensor start = must(new_history(owner().key));
  Turn other = turn_behind(owner(), {2, 7}, {0, &start}, 1);
  const VerifyResult other_first = verified(owner(), other.proof);
  refused(second, &other_first, "different commitments");
  // The same words, committed to once more: only what was left is gone on from.
  CommittedTensor again = must(CommittedTensor::create(
      owner().key, 2, std::vector<std::int64_t>(of.first.proof.committed_outputs[0].integers())));
  const Turn on_copy = turn_behind(owner(), {3}, {3, &again}, 2);
  EXPECT_EQ(on_copy.generated.tokens, of.second.generated.tokens);
  refused(verified(owner(), on_copy.proof), &first, "different commitments");

  // A history that says what the prover likes: any first turn reads nothing of it, and later ones must have been left.
  std::vector<std::int64_t> made_up = again.integers();
  for (std::int64_t& x : made_up) x = x == 0 ? 1 : -x / 2;
  CommittedTensor invented = must(CommittedTensor::create(owner().key, 2, made_up));
  Turn from_invented = turn_behind(owner(), {1, 7}, {0, &invented}, 1);
  EXPECT_EQ(from_invented.generated.tokens, of.first.generated.tokens);
  const VerifyResult accepted = verified(owner(), from_invented.proof);
  EXPECT_TRUE(check_turn(model, accepted, nullptr).verdict.accepted());

  // Places that are not those of the turn: an honest proof of another input.
  ProveRequest request = must(generation_request(owner().model, of.second.generated));
  const auto moved = [&](std::size_t at, std::int64_t by) {
    ProveRequest wrong = request;
    wrong.integers[1][at] += by;
    CommittedTensor fresh = must(CommittedTensor::create(owner().key, 2, std::vector<std::int64_t>(again.integers())));
    wrong.committed_inputs = {&fresh};
    return verified(owner(), must(owner().prover.prove(wrong)));
  };
  refused(moved(0, -1), &first, "the turns before it have 3");
  refused(moved(1, 1), &first, "");
  refused(moved(6, 1), &first, "");
  // Without the link the same places are refused for themselves.
  request.integers[0] = of.first.generated.tokens;
  request.integers[0].resize(4, 0);
  request.integers[1] = must(generation_request(owner().model, of.first.generated)).integers[1];
  request.context = must(generation_context(2, 3));
  const auto first_moved = [&](std::size_t at, std::int64_t by) {
    ProveRequest wrong = request;
    wrong.integers[1][at] += by;
    CommittedTensor fresh = must(new_history(owner().key));
    wrong.committed_inputs = {&fresh};
    return verified(owner(), must(owner().prover.prove(wrong)));
  };
  refused(first_moved(1, 1), nullptr, "places");
  refused(first_moved(4, 1), nullptr, "places");
  refused(first_moved(7, -1), nullptr, "places");
}

TEST(Conversation, RefusesWhatCannotBeATurn) {
  const Owner& of = owner();
  EXPECT_EQ(generate(of.model, std::vector<std::int64_t>{1, 2, 3, 4}).status().code(), StatusCode::kOutOfRange);
  GenerateOptions without;
  without.before.num_tokens = 3;
  EXPECT_EQ(generate(of.model, std::vector<std::int64_t>{1}, without).status().code(), StatusCode::kInvalidArgument);
  CommittedTensor start = must(new_history(of.key));
  GenerateOptions full;
  full.before = {8, &start};
  EXPECT_EQ(generate(of.model, std::vector<std::int64_t>{1}, full).status().code(), StatusCode::kOutOfRange);
  const Generated unproven = must(generate(of.model, std::vector<std::int64_t>{1, 7}));
  EXPECT_EQ(generation_request(of.model, unproven).status().code(), StatusCode::kInvalidArgument);
  GenerateOptions of_text;
  of_text.before.history = &start;
  const Model text = language_test::language_model();
  EXPECT_EQ(generate(text, std::vector<std::int64_t>{1}, of_text).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(with_sampling(of.model, 4).status().code(), StatusCode::kUnsupported);
  EXPECT_EQ(with_hidden_text(of.model).status().code(), StatusCode::kUnsupported);
  ProveRequest none = must(generation_request(of.model, conversation().first.generated));
  none.committed_inputs.clear();
  EXPECT_EQ(of.prover.prove(none).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace zkinfer::data_test
