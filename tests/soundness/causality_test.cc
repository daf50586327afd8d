// SPDX-License-Identifier: Apache-2.0
// What qir/causality.h says an output may depend on, against what it does depend on: random graphs with random parameters, run twice
// with input elements that differ behind some place only.
#include <gtest/gtest.h>

#include <optional>

#include "exec/integer/continued.h"
#include "qir/causality.h"
#include "soundness/random_graph.h"
#include "support/session.h"

namespace zkinfer::differential {
namespace {

constexpr qir::ReachLimits kLimits{1 << 24, 1 << 20};

std::vector<std::int64_t> drawn(Random& random, const qir::Value& value) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(value.shape.num_elements()));
  for (std::int64_t& x : out) x = random.between(value.lo, value.hi);
  return out;
}
// Nothing where one of them is large.
std::optional<qir::Weights> drawn_params(Random& random, const qir::QGraph& graph) {
  qir::Weights params(graph.values.size());
  for (qir::ValueId id = 0; id < graph.values.size(); ++id) {
    const qir::Value& value = graph.value(id);
    if (value.kind != qir::ValueKind::kParam) continue;
    if (value.shape.num_elements() > 4096) return std::nullopt;
    for (const std::int64_t x : drawn(random, value)) params[id].push_back(static_cast<std::int32_t>(x));
  }
  return params;
}

TEST(Causality, NeverSaysLessThanTheTruth) {
  std::uint64_t compared = 0, exact = 0, bounded = 0;
  for (std::uint64_t seed = 600000; seed < 640000; ++seed) {
    const qir::QGraph graph = draw_graph(seed);
    if (graph.inputs.size() != 1 || !qir::validate(graph).ok()) continue;
    const qir::Value& input = graph.value(graph.inputs[0]);
    const std::int64_t length = input.shape.num_elements();
    if (length < 2 || length > 4096) continue;
    const Result<std::vector<std::int64_t>> reach = qir::reach_of_output(graph, kLimits);
    if (!reach.ok()) continue;  // hostile sizes, which nobody could run either
    ASSERT_EQ(reach->size(), static_cast<std::size_t>(graph.value(graph.outputs[0]).shape.num_elements()));
    Random random(seed);
    const auto draw = [&](const qir::Value& value) { return drawn(random, value); };
    const std::optional<qir::Weights> params = drawn_params(random, graph);
    if (!params.has_value()) continue;
    const std::vector<std::int64_t> first = draw(input);
    const auto before = exec_integer::run(graph, *params, {first});
    if (!before.ok()) continue;
    for (int attempt = 0; attempt < 4; ++attempt) {
      const std::int64_t last_same = random.between(0, length - 2);
      std::vector<std::int64_t> other = draw(input);
      std::copy(first.begin(), first.begin() + last_same + 1, other.begin());
      const auto after = exec_integer::run(graph, *params, {other});
      if (!after.ok()) continue;
      ++compared;
      for (std::size_t i = 0; i < reach->size(); ++i) {
        bounded += (*reach)[i] < length - 1 ? 1 : 0;
        if (before->values[graph.outputs[0]][i] == after->values[graph.outputs[0]][i]) continue;
        exact += (*reach)[i] > last_same ? 1 : 0;
        ASSERT_GT((*reach)[i], last_same) << "seed " << seed << ", output " << i << "\n" << qir::to_text(graph);
      }
    }
  }
  // Most graphs are compared, many outputs have a bound that says something, and many really change.
  EXPECT_GT(compared, 20000U);
  EXPECT_GT(bounded, 100000U);
  EXPECT_GT(exact, 100000U);
}

// An inference continued element by element is the whole inference of what is known, in every tensor that is complete.
TEST(Causality, ContinuedInferencesAreWholeOnes) {
  std::uint64_t graphs = 0, steps = 0, computed = 0;
  for (std::uint64_t seed = 640000; seed < 652000; ++seed) {
    const qir::QGraph graph = draw_graph(seed);
    if (graph.inputs.size() != 1 || !qir::validate(graph).ok()) continue;
    const qir::Value& input = graph.value(graph.inputs[0]);
    const std::int64_t length = input.shape.num_elements();
    if (length < 2 || length > 512) continue;
    std::vector<std::vector<std::int64_t>> reach(graph.nodes.size());
    const auto kept = qir::reach_of_output(graph, kLimits, [&](std::size_t node, const qir::ReachOf& of) {
      const auto count = static_cast<std::size_t>(graph.value(graph.nodes[node].output).shape.num_elements());
      for (std::size_t i = 0; i < count; ++i) reach[node].push_back(of(i));
    });
    if (!kept.ok()) continue;
    Random random(seed);
    const auto draw = [&](const qir::Value& value) { return drawn(random, value); };
    const std::optional<qir::Weights> params = drawn_params(random, graph);
    if (!params.has_value()) continue;
    const qir::WeightStore weights(*params);
    std::vector<std::int64_t> now = draw(input);
    std::int64_t known = random.between(1, length - 1);
    Result<exec_integer::Continued> continued = exec_integer::Continued::begin(graph, weights, {now}, known);
    if (!continued.ok()) continue;
    ++graphs;
    const std::int64_t last = std::min(length, known + 6);
    for (; known < last; ++known) {
      now[static_cast<std::size_t>(known)] = random.between(input.lo, input.hi);
      const auto whole = exec_integer::run(graph, weights, {now});
      const Status status = continued->next(now[static_cast<std::size_t>(known)]);
      if (!whole.ok()) break;
      ASSERT_TRUE(status.ok()) << "seed " << seed << ": " << status.to_string();
      ++steps;
      for (std::size_t node = 0; node < graph.nodes.size(); ++node) {
        const qir::ValueId out = graph.nodes[node].output;
        for (std::size_t i = 0; i < reach[node].size(); ++i) {
          if (reach[node][i] > known) continue;
          computed += reach[node][i] == known ? 1 : 0;
          ASSERT_EQ(continued->witness().values[out][i], whole->values[out][i])
              << "seed " << seed << ", node " << node << ", element " << i << "\n"
              << qir::to_text(graph);
          // What is one number by its range may come from any accumulator.
          if (whole->acc[node].empty() || reach[node][i] < 0) continue;
          ASSERT_EQ(continued->witness().acc[node][i], whole->acc[node][i]) << "seed " << seed << ", node " << node;
        }
      }
    }
  }
  EXPECT_GT(graphs, 2000U);
  EXPECT_GT(steps, 5000U);
  EXPECT_GT(computed, 50000U);
}

TEST(Causality, MasksCountWhereTheStructureShowsThem) {
  // Scores [4, 4] of positions, where later ones are hidden or not, through a softmax.
  const auto reach_of = [](std::int64_t fill, bool hides) {
    qir::TestBuilder b;
    qir::Table exponentials{qir::TableKind::kExplicit, -15, 4, 0, 0, {}};
    // The first three rows are 0, the others are not.
    for (std::int32_t i = 0; i < 16; ++i) exponentials.values.push_back(i < 3 ? 0 : i * i);
    const std::int32_t table = b.table(exponentials);
    const std::int32_t bit = b.clamp_table(-8, 4, 0, 1);
    const qir::ValueId x = b.input({1, 4}, 0, 7);
    const auto with = [](std::vector<std::int64_t> coefs, std::int64_t constant = 0) {
      qir::Node node;
      node.coefs = std::move(coefs);
      node.constant = constant;
      return node;
    };
    const auto cut = [&](std::int64_t start) {
      qir::Node node;
      node.starts = {0, start};
      node.steps = {1, 1};
      return b.node(qir::Op::kSlice, {x}, {1, 1}, 0, 7, node);
    };
    // Positions 0 to 3, from nothing but the program.
    std::vector<qir::ValueId> numbers;
    for (std::int64_t i = 0; i < 4; ++i)
      numbers.push_back(b.node(qir::Op::kLinear, {cut(i)}, {1, 1}, i, i, with({0}, i)));
    qir::Node concat;
    concat.axes = {1};
    const qir::ValueId column = b.node(qir::Op::kConcat, numbers, {1, 4}, 0, 3, concat);
    const qir::ValueId row = b.node(qir::Op::kReshape, {column}, {4, 1}, 0, 3);
    qir::Node seen = with({1, -1}, hides ? 1 : 8 - 4);
    seen.requant = {0, bit};
    const qir::ValueId mask = b.node(qir::Op::kLinear, {row, column}, {4, 4}, 0, 1, seen);
    const qir::ValueId low = b.node(qir::Op::kLinear, {cut(0)}, {1, 1}, fill, fill, with({0}, fill));
    const qir::ValueId scores = b.node(qir::Op::kSelect, {mask, x, low}, {4, 4}, std::min<std::int64_t>(fill, 0), 7);
    qir::Node softmax;
    softmax.axes = {1};
    softmax.requant = {4, table};
    const qir::ValueId weights = b.node(qir::Op::kSoftmax, {scores}, {4, 4}, 0, 16, softmax);
    const qir::ValueId values = b.node(qir::Op::kReshape, {x}, {4, 1}, 0, 7);
    b.graph.outputs = {b.node(qir::Op::kMatMul, {weights, values}, {4, 1}, 0, 448)};
    const Status valid = qir::validate(b.graph);
    EXPECT_TRUE(valid.ok()) << valid.to_string();
    return qir::reach_of_output(b.graph, kLimits).value();
  };
  for (const std::int64_t fill : {-40, -15, -13}) {
    EXPECT_EQ(reach_of(fill, true), (std::vector<std::int64_t>{0, 1, 2, 3})) << fill;
  }
  // A fill that is not low enough for the exponential to be 0 whatever the scores are; nothing hidden.
  EXPECT_EQ(reach_of(-12, true), (std::vector<std::int64_t>{3, 3, 3, 3}));
  EXPECT_EQ(reach_of(-15, false), (std::vector<std::int64_t>{3, 3, 3, 3}));
}

// A value that a hidden parameter takes part in may declare any range, which honest runs keep and no relation proves: declared as one
// number it would seem to depend on nothing.
TEST(Causality, DeclaredRangesOfComputedValuesProveNothing) {
  const auto reach_of = [](auto make) {
    qir::TestBuilder b;
    const qir::ValueId x = b.input({1, 4}, 0, 7);
    const qir::ValueId u = make(b, x);
    qir::Node slice;
    slice.starts = {0, 1};
    slice.steps = {1, 1};
    const qir::ValueId later = b.node(qir::Op::kSlice, {u}, {1, 3}, b.graph.value(u).lo, b.graph.value(u).hi, slice);
    slice.starts = {0, 0};
    const qir::ValueId first = b.node(qir::Op::kSlice, {u}, {1, 1}, b.graph.value(u).lo, b.graph.value(u).hi, slice);
    qir::Node concat;
    concat.axes = {1};
    b.graph.outputs = {
        b.node(qir::Op::kConcat, {later, first}, {1, 4}, b.graph.value(u).lo, b.graph.value(u).hi, concat)};
    const Status valid = qir::validate(b.graph);
    EXPECT_TRUE(valid.ok()) << valid.to_string();
    return qir::reach_of_output(b.graph, kLimits).value();
  };
  const std::vector<std::int64_t> ahead = {1, 2, 3, 0};
  const auto node = [](std::vector<std::int64_t> coefs) {
    qir::Node made;
    made.coefs = std::move(coefs);
    return made;
  };
  EXPECT_EQ(reach_of([&](qir::TestBuilder& b, qir::ValueId x) {
              const qir::ValueId w = b.param({1, 4}, -8, 7);
              return b.node(qir::Op::kLinear, {x, w}, {1, 4}, 0, 0, node({1, 1}));
            }),
            ahead);
  EXPECT_EQ(reach_of([&](qir::TestBuilder& b, qir::ValueId x) {
              const qir::ValueId w = b.param({1, 4}, 0, 7);
              return b.node(qir::Op::kMul, {x, w}, {1, 4}, 0, 0, node({1}));
            }),
            ahead);
  // A condition that is said to be 1, and an index that is said to be 0.
  EXPECT_EQ(reach_of([&](qir::TestBuilder& b, qir::ValueId x) {
              const std::int32_t bit = b.clamp_table(-16, 6, 0, 1);
              const qir::ValueId w = b.param({1, 4}, -8, 7);
              qir::Node cut = node({1, 1});
              cut.requant = {0, bit};
              const qir::ValueId c = b.node(qir::Op::kLinear, {x, w}, {1, 4}, 0, 1, cut);
              const qir::ValueId one = b.node(qir::Op::kLinear, {x}, {1, 4}, 1, 1, [&] {
                qir::Node constant = node({0});
                constant.constant = 1;
                return constant;
              }());
              const qir::ValueId zero = b.node(qir::Op::kLinear, {x}, {1, 4}, 0, 0, node({0}));
              return b.node(qir::Op::kSelect, {c, one, zero}, {1, 4}, 0, 1);
            }),
            ahead);
  // A clamp of which honest runs reach one end only.
  EXPECT_EQ(reach_of([&](qir::TestBuilder& b, qir::ValueId x) {
              const std::int32_t clamp = b.clamp_table(0, 4, 0, 15);
              const qir::ValueId w = b.param({1, 4}, -8, 0);
              qir::Node cut = node({1});
              cut.requant = {0, clamp};
              const qir::ValueId product = b.node(qir::Op::kMul, {x, w}, {1, 4}, -56, 0, node({-1}));
              return b.node(qir::Op::kLinear, {product, w}, {1, 4}, 0, 15, [&] {
                qir::Node sum = node({1, 1});
                sum.requant = {0, clamp};
                return sum;
              }());
            }),
            ahead);
}

TEST(Causality, WorkIsCountedBeforeItIsDone) {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({1 << 10, 1 << 10}, 0, 1);
  b.graph.outputs = {b.node(qir::Op::kMatMul, {x, x}, {1 << 10, 1 << 10}, 0, 1 << 10)};
  EXPECT_EQ(qir::reach_of_output(b.graph, {1 << 24, 1 << 24}).status().code(), StatusCode::kResourceLimit);
  EXPECT_EQ(qir::reach_of_output(b.graph, {std::uint64_t{1} << 40, 1 << 20}).status().code(),
            StatusCode::kResourceLimit);
  b.input({1}, 0, 1);
  EXPECT_EQ(qir::reach_of_output(b.graph).status().code(), StatusCode::kUnsupported);
}

}  // namespace
}  // namespace zkinfer::differential
