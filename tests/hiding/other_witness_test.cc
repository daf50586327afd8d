// SPDX-License-Identifier: Apache-2.0
// Perfect hiding of the messages before the opening, by construction: for the messages of one witness and any other
// witness of the same statement there are pads and a blind under which the honest prover sends the very same bytes. As
// pads are uniform and each choice has one counterpart, the messages say nothing about which witness it was.
#include <gtest/gtest.h>

#include "field/inverse.h"
#include "hiding/pad_use.h"
#include "support/small_graphs.h"

namespace zkinfer::e2e {
namespace {

struct Randomness {
  std::vector<Fe> pads;
  Fe blind;
};

struct Run {
  std::vector<Fe> values;           // what the prover wanted to send
  std::vector<std::string> failed;  // checks
};

// The prover's messages under this randomness (null: its own, which is returned in `used`). forced: what goes out instead.
Run run(const Session& session, const Randomness* randomness, const std::vector<Fe>* forced,
        Randomness* used = nullptr) {
  Run out;
  prover::ProveHooks hooks;
  hooks.committed = [&](circuit::ColumnValues& data, std::vector<Fe>& pads) {
    FpVec& blind = data[session.compiled().circuit.blind];
    if (randomness != nullptr) {
      pads = randomness->pads;
      data[session.compiled().circuit.pads] = hiding::pad_column(pads, pads.size());
      for (std::size_t j = 0; j < 3; ++j) blind[j] = randomness->blind.c[j];
    }
    if (used != nullptr) *used = {pads, Fe(blind[0], blind[1], blind[2])};
  };
  hooks.messages = [&](std::size_t index, const char*, Fe& value) {
    out.values.push_back(value);
    if (forced != nullptr) value = (*forced)[index];
  };
  out.failed = failed_checks(session, hooks);
  return out;
}

std::size_t index_of(const std::vector<std::string>& labels, const char* label) {
  return static_cast<std::size_t>(std::find(labels.begin(), labels.end(), label) - labels.begin());
}

// Pads and blind under which `session` sends `messages`.
Randomness explain(const Session& session, const std::vector<Fe>& messages, const std::vector<std::string>& labels,
                   const std::map<hiding::PadIndex, PadUse>& uses) {
  const hiding::PadLayout& layout = session.compiled().pads.layout();
  Randomness out{std::vector<Fe>(layout.num_pads()), Fe::one()};
  // The product of the denominators is linear in the blind.
  const std::size_t root = index_of(labels, "lookup root");
  out.blind = messages[root] * inverse(run(session, &out, &messages).values[root]);
  // With zero pads the prover's values are the plaintexts; the challenges are those of `messages`.
  const std::size_t zerocheck = index_of(labels, "zerocheck round");
  const std::vector<Fe> plain = run(session, &out, &messages).values;
  for (const auto& [pad, use] : uses) {
    if (use.message < zerocheck) out.pads[pad] = messages[use.message] - plain[use.message];
  }
  for (const auto& [target, source] : session.compiled().pads.copies()) out.pads[target] = out.pads[source];
  // The random row settles a and b, which come in clear and are linear in it.
  const std::size_t random_row = layout.num_triples;
  for (const auto& [label, begin] :
       {std::pair{"zerocheck a", layout.a_begin()}, std::pair{"zerocheck b", layout.b_begin()}}) {
    const std::size_t index = index_of(labels, label);
    const Fe without = run(session, &out, &messages).values[index];
    out.pads[begin + random_row] = Fe::one();
    const Fe weight = run(session, &out, &messages).values[index] - without;
    out.pads[begin + random_row] = (messages[index] - without) * inverse(weight);
  }
  for (std::size_t row = 0; row <= random_row; ++row) {
    out.pads[layout.c_begin() + row] = out.pads[layout.a_begin() + row] * out.pads[layout.b_begin() + row];
  }
  // The pads of the zero-check's own rounds, whose plaintexts depend on the triples.
  const std::vector<Fe> rounds = run(session, &out, &messages).values;
  for (const auto& [pad, use] : uses) {
    if (use.message >= zerocheck) out.pads[pad] = messages[use.message] - rounds[use.message];
  }
  return out;
}

void expect_same_messages(const Session& first, const Session& second) {
  const std::vector<std::string> labels = outer_labels(first);
  const std::map<hiding::PadIndex, PadUse> uses = pad_uses(first);
  Randomness original;
  const Run honest = run(first, nullptr, nullptr, &original);
  ASSERT_TRUE(honest.failed.empty());
  // The way there and back gives the original randomness: one counterpart for each.
  const Randomness own = explain(first, honest.values, labels, uses);
  EXPECT_EQ(own.pads, original.pads);
  EXPECT_EQ(own.blind, original.blind);

  const Randomness other = explain(second, honest.values, labels, uses);
  EXPECT_NE(other.pads, original.pads);
  const Run again = run(second, &other, nullptr);
  EXPECT_TRUE(again.failed.empty()) << "an honest run but for its choice of randomness";
  ASSERT_EQ(again.values.size(), honest.values.size());
  for (std::size_t i = 0; i < honest.values.size(); ++i)
    EXPECT_EQ(again.values[i], honest.values[i]) << labels[i] << " message " << i;
}

TEST(Hiding, AnotherInputGivesTheSameMessages) {
  const Session first(reduce_graph(), true);
  Session second(reduce_graph(), true);
  std::vector<std::int64_t>& input = second.request.inputs[0];
  std::reverse(input.begin(), input.begin() + 5);  // maximum and sum stay
  ASSERT_NE(input, first.request.inputs[0]);
  expect_same_messages(first, second);
}

// Other rows are read, which hold the same: the indices do not show.
TEST(Hiding, OtherIndicesGiveTheSameMessages) {
  Session first(gather_graph(true), true);
  std::fill(first.request.inputs[0].begin(), first.request.inputs[0].end(), 3);
  Session second(gather_graph(true), true);
  second.request.inputs[0] = first.request.inputs[0];
  for (std::int64_t& bit : second.request.inputs[1]) bit = 1 - bit;
  expect_same_messages(first, second);
}

// Hidden units change places: other weights, the same function.
TEST(Hiding, OtherWeightsGiveTheSameMessages) {
  const Session first(mlp_graph(), true);
  Session second(mlp_graph(), true);
  qir::Weights weights = first.model.weights.to_vectors();
  std::vector<std::int32_t>& w1 = weights[1];
  std::vector<std::int32_t>& b1 = weights[2];
  std::vector<std::int32_t>& w2 = weights[3];
  for (std::size_t i = 0; i < 6; ++i) std::swap(w1[5 * i], w1[5 * i + 3]);
  std::swap(b1[0], b1[3]);
  for (std::size_t j = 0; j < 4; ++j) std::swap(w2[j], w2[4 * 3 + j]);
  second.model.weights = weights;
  ASSERT_FALSE(second.model.weights == first.model.weights);
  expect_same_messages(first, second);
}

}  // namespace
}  // namespace zkinfer::e2e
