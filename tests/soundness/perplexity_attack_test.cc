// SPDX-License-Identifier: Apache-2.0
// Perplexities against the formula in floating point, and provers who cheat at them.
#include <cmath>

#include "soundness/evaluation_session.h"

namespace zkinfer::e2e {
namespace {

// What the head's rounding may move a loss by, in nats.
constexpr double kLossError = 0x1p-10;
constexpr std::int64_t kPositions = 3, kClasses = 20;
constexpr qir::ValueId kScores = 3;  // behind tokens, table and what is read of it

enum class End { kNone, kChoice, kShares };

// A table's rows as scores at each position, what chooses or normalizes them behind them.
qir::QGraph scoring(qir::Scale unit, std::int64_t reach, End end) {
  qir::TestBuilder b;
  const qir::ValueId tokens = b.input({1, kPositions}, 0, 15);
  const qir::ValueId table = b.param({16, kClasses}, -1000, 1000);
  qir::Node gather;
  gather.axes = {0};
  qir::ValueId y = b.node(qir::Op::kGather, {table, tokens}, {1, kPositions, kClasses}, -1000, 1000, gather);
  y = b.node(qir::Op::kLinear, {y}, {1, kPositions, kClasses}, -1000 * reach, 1000 * reach, with_coefs({reach}));
  b.graph.values[y].scale = unit;
  if (end == End::kChoice) {
    qir::Node largest;
    largest.axes = {2};
    y = b.node(qir::Op::kArgMax, {y}, {1, kPositions, 1}, 0, kClasses - 1, largest);
    y = b.node(qir::Op::kReshape, {y}, {1, kPositions}, 0, kClasses - 1, {});
  }
  if (end == End::kShares) {
    qir::Node shares;
    shares.axes = {2};
    qir::Table exponentials;
    exponentials.kind = qir::TableKind::kExplicit;
    exponentials.log_size = 4;
    exponentials.first = -15;
    for (int i = 0; i < 16; ++i) exponentials.values.push_back(i == 15 ? 256 : 16 * i);
    b.graph.tables.push_back(exponentials);
    shares.requant = {8, static_cast<std::int32_t>(b.graph.tables.size() - 1)};
    y = b.node(qir::Op::kSoftmax, {y}, {1, kPositions, kClasses}, 0, 256, shares);
  }
  b.graph.outputs = {y};
  return b.graph;
}

class Perplexity : public EvaluationSession, public ::testing::WithParamInterface<bool> {
 protected:
  void begin(const qir::QGraph& graph, const Metric& metric, bool joined = false) {
    EvaluationSession::begin(graph, metric, GetParam(), joined);
  }
  std::int64_t label(std::uint64_t row, std::int64_t position) const {
    return rows.inputs[1][row * kPositions + static_cast<std::uint64_t>(position)];
  }
  // In nats, of a row of scores in units of `unit`.
  static double loss(const std::int64_t* scores, std::int64_t label, double unit) {
    const double most = static_cast<double>(*std::max_element(scores, scores + kClasses));
    double sum = 0;
    for (std::int64_t j = 0; j < kClasses; ++j) sum += std::exp((static_cast<double>(scores[j]) - most) * unit);
    return (most - static_cast<double>(scores[label])) * unit + std::log(sum);
  }
};

TEST_P(Perplexity, AsTheFormula) {
  struct Case {
    qir::Scale unit;
    std::int64_t reach;
  };
  // Coarse steps, usual ones, and two that are rounded before exponentials and losses are taken.
  for (const auto& [unit, reach] :
       {Case{{5, 0}, 1}, Case{{7, -10}, 1}, Case{{3, -14}, 21}, Case{{5, -25}, 9001}, Case{{1, -40}, 99999999}}) {
    for (const End end : {End::kNone, End::kChoice, End::kShares}) {
      for (const std::uint32_t groups : {1, 2}) {
        begin(scoring(unit, reach, end), {MetricKind::kPerplexity, 0, groups});
        std::vector<double> expected(groups, 0);
        double num_labels = 0;
        for (std::uint64_t row = 0; row < kRows; ++row) {
          exec_integer::Inputs inputs(1);
          for (std::int64_t i = 0; i < kPositions; ++i)
            inputs[0].push_back(rows.inputs[0][row * kPositions + static_cast<std::uint64_t>(i)]);
          const auto found = exec_integer::run(session->graph, session->model.weights, inputs);
          ASSERT_TRUE(found.ok()) << found.status().to_string();
          const std::vector<std::int64_t>& scores = found->values[kScores];
          double sum = 0;
          for (std::int64_t i = 0; i < kPositions; ++i)
            sum += loss(scores.data() + i * kClasses, label(row, i),
                        std::ldexp(static_cast<double>(unit.mantissa), unit.exponent));
          for (std::uint32_t g = 0; g < groups; ++g)
            if (groups == 1 || rows.inputs[2][row * groups + g] == 1) expected[g] += sum;
          num_labels += kPositions;
        }
        verifier::Evaluation evaluation;
        const Verdict verdict = verify(make().bytes(), &evaluation);
        ASSERT_TRUE(verdict.accepted()) << verdict.to_string();
        const double loss_unit = std::ldexp(static_cast<double>(outcome.unit.mantissa), outcome.unit.exponent);
        EXPECT_LE(loss_unit, 0x1p-14);
        for (std::uint32_t g = 0; g < groups; ++g)
          EXPECT_NEAR(static_cast<double>(totals(evaluation)[g]) * loss_unit, expected[g], num_labels * kLossError)
              << unit.mantissa << " " << unit.exponent << " " << static_cast<int>(end) << " " << groups;
      }
    }
  }
}

// Whoever says other labels, other losses, or leaves the exponential of the worst token out.
TEST_P(Perplexity, Cheats) {
  begin(scoring({7, -10}, 1, End::kChoice), {MetricKind::kPerplexity});
  ASSERT_TRUE(verify(make().bytes()).accepted());
  const verifier::EvaluatedRows honest = rows;
  rows.inputs[1][4] = (rows.inputs[1][4] + 1) % kClasses;
  const Bytes other = make().bytes();
  rows = honest;
  EXPECT_FALSE(verify(other).accepted());
  for (const char* name : {"metric.exponential", "metric.largest_score", "metric.loss", "metric.logarithm0"}) {
    std::size_t tried = 0;
    const auto& columns = plans[0].prepared.compiled.circuit.columns;
    for (circuit::ColumnId id = 0; id < columns.size(); ++id) {
      if (!columns[id].name.starts_with(name)) continue;
      ++tried;
      prover::ProveHooks hooks;
      hooks.columns = [id](circuit::ColumnValues& values) { values[id][0] = values[id][0] + Fp(1); };
      EXPECT_FALSE(verify(make(hooks, 0).bytes()).accepted()) << columns[id].name;
    }
    EXPECT_GT(tried, 0u) << name;
  }
}

// Rows whose labels are no classes are no rows of this metric, for verifiers too.
TEST_P(Perplexity, LabelsThatAreNone) {
  begin(scoring({7, -10}, 1, End::kNone), {MetricKind::kPerplexity});
  const Bytes bytes = make().bytes();
  rows.inputs[1][0] = kClasses;
  EXPECT_FALSE(verify(bytes).accepted());
  rows.inputs[1].pop_back();
  EXPECT_FALSE(verify(bytes).accepted());
}

TEST(PerplexityOf, WhatHasNoScores) {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({3, 1}, -4, 4);
  b.graph.outputs = {x};
  EXPECT_EQ(qir::with_outcome(b.graph, {MetricKind::kPerplexity}, 7).status().code(), StatusCode::kUnsupported);
  b.graph.values[x].shape = {1, 3};
  b.graph.values[x].scale = {1, 5};
  EXPECT_EQ(qir::with_outcome(b.graph, {MetricKind::kPerplexity}, 7).status().code(), StatusCode::kUnsupported);
  b.graph.values[x].scale = {1, -41};
  EXPECT_EQ(qir::with_outcome(b.graph, {MetricKind::kPerplexity}, 7).status().code(), StatusCode::kUnsupported);
  b.graph.values[x].shape = {1, (std::int64_t{1} << 18) + 1};
  b.graph.values[x].scale = {1, 4};
  EXPECT_EQ(qir::with_outcome(b.graph, {MetricKind::kPerplexity}, 7).status().code(), StatusCode::kUnsupported);
  b.graph.values[x].shape = {1, 3};
  EXPECT_TRUE(qir::with_outcome(b.graph, {MetricKind::kPerplexity}, 7).ok());
}

INSTANTIATE_TEST_SUITE_P(ZeroKnowledge, Perplexity, ::testing::Bool());

}  // namespace
}  // namespace zkinfer::e2e
