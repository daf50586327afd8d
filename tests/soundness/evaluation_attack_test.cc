// SPDX-License-Identifier: Apache-2.0
// Cheating provers of evaluations: counts, rows, chunks and heads that are not what model and data set give.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "exec/integer/executor.h"
#include "prover/evaluate.h"
#include "prover/write.h"
#include "support/session.h"
#include "support/small_graphs.h"
#include "verifier/batch.h"

namespace zkinfer::e2e {
namespace {

constexpr std::uint64_t kRows = 7, kChunk = 3;  // 3, 3, 1

struct Made {
  verifier::EvaluationHead head;
  std::vector<pcs::OpeningParams> params;
  std::vector<std::uint64_t> slots;
  std::vector<prover::Chunk> chunks;

  Bytes bytes() const {
    Bytes out = prover::evaluation_head_bytes(head, params);
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      const Bytes chunk = prover::chunk_bytes(slots[i], chunks[i].counts, chunks[i].messages);
      out.insert(out.end(), chunk.begin(), chunk.end());
    }
    return out;
  }
};

// Four scores, and the class as a whole number.
qir::QGraph classifier() {
  qir::QGraph graph = mlp_graph();
  graph.values[graph.outputs[1]].scale = {};
  return graph;
}

class MaliciousEvaluation : public ::testing::TestWithParam<bool> {
 protected:
  void begin(const qir::QGraph& graph, const Metric& metric) {
    session.emplace(graph, GetParam());
    const auto written = qir::with_outcome(graph, metric);
    ZKI_CHECK(written.ok(), written.status().to_string().c_str());
    const qir::Outcome& outcome = *written;
    head.identity = session->model.prepared.identity;
    head.context[0] = 9;
    head.data_set[0] = 7;
    head.metric = metric;
    head.num_rows = kRows;
    head.chunk_rows = kChunk;
    rows.data_set = head.data_set;
    rows.inputs.assign(outcome.graph.inputs.size(), {});
    for (std::uint64_t row = 0; row < kRows; ++row) {
      const auto inputs = draw_inputs(outcome.graph, 100 + row);
      for (std::size_t i = 0; i < inputs.size(); ++i)
        rows.inputs[i].insert(rows.inputs[i].end(), inputs[i].begin(), inputs[i].end());
    }
    plan_chunks(metric);
  }
  void plan_chunks(const Metric& metric) {
    const qir::Outcome outcome = qir::with_outcome(session->graph, metric).value();
    plans.clear();
    for (const std::uint64_t num_rows : {kChunk, kRows % kChunk}) {
      auto plan = prover::plan_chunk(session->model, outcome, num_rows);
      ZKI_CHECK(plan.ok(), plan.status().to_string().c_str());
      plans.push_back(std::move(plan).value());
    }
  }
  prover::Chunk chunk(const verifier::EvaluationHead& said, std::uint64_t index, statement::PublicValues inputs,
                      const prover::ProveHooks& hooks = {}) {
    prover::ProveRequest request;
    request.inputs = std::move(inputs);
    request.context = said.context;
    request.slot = index;
    request.entropy[0] = 1;
    request.hooks = &hooks;
    if (session->model.prepared.key.params.model_budget == 0) request.slot = 0;
    auto made = prover::prove_chunk(session->model, plans[index < kRows / kChunk ? 0 : 1], said, index, request);
    ZKI_CHECK(made.ok(), made.status().to_string().c_str());
    return std::move(made).value();
  }
  // Chunk `bad` is made with hooks, or from other rows.
  Made make(const prover::ProveHooks& hooks = {}, std::uint64_t bad = 1) {
    Made made;
    made.head = head;
    for (const prover::BatchPlan& plan : plans) made.params.push_back(plan.prepared.key.params);
    const bool counted = session->model.prepared.key.params.model_budget > 0;
    for (std::uint64_t i = 0; i < head.num_chunks(); ++i) {
      made.slots.push_back(counted ? i : 0);
      made.chunks.push_back(chunk(head, i, rows.of_chunk(head, i), i == bad ? hooks : prover::ProveHooks{}));
    }
    return made;
  }
  Verdict verify(ByteView bytes, verifier::Evaluation* out = nullptr) const {
    verifier::Evaluation evaluation;
    return verifier::verify_evaluation(session->model.prepared, bytes, rows, out != nullptr ? *out : evaluation);
  }
  RejectReason linear() const { return GetParam() ? RejectReason::kOpening : RejectReason::kFinalCheck; }
  circuit::ColumnId column_named(const std::string& name) const {
    const auto& columns = plans[0].prepared.compiled.circuit.columns;
    for (circuit::ColumnId id = 0; id < columns.size(); ++id)
      if (columns[id].name == name) return id;
    ADD_FAILURE() << "no column '" << name << "'";
    return 0;
  }
  // The output's entries of a row.
  std::vector<std::int64_t> scores(std::uint64_t row, std::size_t output) const {
    exec_integer::Inputs own;
    for (std::size_t i = 0; i < session->graph.inputs.size(); ++i) {
      const std::size_t size = rows.inputs[i].size() / kRows;
      const auto begin = rows.inputs[i].begin() + static_cast<std::ptrdiff_t>(row * size);
      own.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(size));
    }
    const auto witness = exec_integer::run(session->graph, session->model.weights, own).value();
    return witness.values[session->graph.outputs[output]];
  }
  std::int64_t label(std::uint64_t row) const { return rows.inputs[session->graph.inputs.size()][row]; }
  std::int64_t group(std::uint64_t row) const { return rows.inputs.back()[row]; }

  std::optional<Session> session;
  verifier::EvaluationHead head;
  verifier::EvaluatedRows rows;
  std::vector<prover::BatchPlan> plans;
};

std::vector<std::uint64_t> totals(const verifier::Evaluation& evaluation) {
  std::vector<std::uint64_t> out(evaluation.outcome.num_cells);
  for (const auto& chunk : evaluation.counts)
    for (std::size_t cell = 0; cell < chunk.size(); ++cell) out[cell] += chunk[cell];
  return out;
}

// Each metric counts what a plain loop over the model's outputs counts.
TEST_P(MaliciousEvaluation, HonestCounts) {
  for (const Metric& metric :
       {Metric{MetricKind::kAccuracy}, Metric{MetricKind::kAccuracy, 1}, Metric{MetricKind::kAccuracy, 0, 3},
        Metric{MetricKind::kConfusion}, Metric{MetricKind::kConfusion, 1, 2}, Metric{MetricKind::kTopK, 0, 1, 1},
        Metric{MetricKind::kTopK, 0, 1, 2}, Metric{MetricKind::kTopK, 0, 2, 3}}) {
    begin(classifier(), metric);
    const Made made = make();
    verifier::Evaluation evaluation;
    const Verdict verdict = verify(made.bytes(), &evaluation);
    ASSERT_TRUE(verdict.accepted()) << verdict.to_string();
    std::vector<std::uint64_t> expected(evaluation.outcome.num_cells);
    for (std::uint64_t row = 0; row < kRows; ++row) {
      const std::vector<std::int64_t> z = scores(row, metric.output);
      const auto best = z.size() == 1 ? z[0] : std::ranges::max_element(z) - z.begin();
      std::int64_t rank = 0;
      for (std::int64_t c = 0; c < std::ssize(z); ++c) {
        const auto own = z.size() == 1 ? 0 : static_cast<std::size_t>(label(row));
        rank += z[static_cast<std::size_t>(c)] > z[own] || (z[static_cast<std::size_t>(c)] == z[own] && c < label(row));
      }
      const std::int64_t g = metric.num_groups > 1 ? group(row) : 0;
      std::int64_t cell = 2 * g + (best == label(row));
      if (metric.kind == MetricKind::kTopK) cell = 2 * g + (rank < std::int64_t{metric.k});
      if (metric.kind == MetricKind::kConfusion) cell = (g * 4 + label(row)) * 4 + best;
      ++expected[static_cast<std::size_t>(cell)];
    }
    EXPECT_EQ(totals(evaluation), expected) << static_cast<int>(metric.kind) << " " << metric.output;
  }
}

// Of equal entries the first is the class, whatever a prover would like.
TEST_P(MaliciousEvaluation, TiesAreTheFirst) {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({1, 3}, 0, 3);
  const qir::ValueId w = b.param({1, 3}, 0, 0);
  b.graph.outputs = {b.node(qir::Op::kLinear, {x, w}, {1, 3}, 0, 3, with_coefs({1, 1}))};
  for (const Metric& metric : {Metric{MetricKind::kAccuracy}, Metric{MetricKind::kTopK, 0, 1, 1}}) {
    begin(b.graph, metric);
    // Rows (2, 2, 1), (0, 3, 3), (1, 1, 1), ..: the label is the second of equal ones in all of them, but for the last.
    rows.inputs = {{2, 2, 1, 0, 3, 3, 1, 1, 1, 3, 3, 3, 0, 0, 0, 2, 2, 2, 3, 3, 0}, {1, 2, 1, 2, 1, 1, 0}};
    verifier::Evaluation evaluation;
    const Made made = make();
    ASSERT_TRUE(verify(made.bytes(), &evaluation).accepted());
    EXPECT_EQ(totals(evaluation), (std::vector<std::uint64_t>{6, 1}));
    if (metric.kind != MetricKind::kAccuracy) continue;
    // The step of the ArgMax says the second: the order of equal ones does not hold.
    prover::ProveHooks hooks;
    const circuit::ColumnId step = column_named("metric.class step");
    hooks.columns = [&](circuit::ColumnValues& data) { data[step][0] = Fp(); };
    hooks.outputs = [&](statement::PublicIo& said) { said.values.back() = {2, 1}; };
    EXPECT_FALSE(verify(make(hooks, 0).bytes()).accepted());
  }
}

// Counts other than the rows', in the statement alone, and with the multiplicities to match.
TEST_P(MaliciousEvaluation, OtherCounts) {
  for (const Metric& metric : {Metric{MetricKind::kAccuracy}, Metric{MetricKind::kConfusion}}) {
    begin(classifier(), metric);
    const circuit::ColumnId counts = column_named("counts");
    for (const bool and_column : {false, true}) {
      prover::ProveHooks hooks;
      hooks.outputs = [&](statement::PublicIo& said) {
        const auto from = std::ranges::max_element(said.values.back());
        --*from;
        ++*(from == said.values.back().begin() ? from + 1 : from - 1);
      };
      if (and_column) {
        hooks.committed = [&](circuit::ColumnValues& data, std::vector<Fe>&) {
          std::size_t from = 0;
          for (std::size_t i = 0; i < data[counts].size(); ++i)
            if (data[counts][i].to_int() > data[counts][from].to_int()) from = i;
          data[counts][from] = data[counts][from] - Fp(1);
          data[counts][from == 0 ? 1 : from - 1] = data[counts][from == 0 ? 1 : from - 1] + Fp(1);
        };
      }
      EXPECT_FALSE(verify(make(hooks).bytes()).accepted()) << and_column;
    }
    // Changed in the file.
    Made made = make();
    std::swap(made.chunks[0].counts[0], made.chunks[0].counts[1]);
    if (made.chunks[0].counts[0] != made.chunks[0].counts[1]) EXPECT_FALSE(verify(made.bytes()).accepted());
    // The same number modulo p.
    made = make();
    made.chunks[1].counts[0] += 0xffffffff00000001u;
    EXPECT_EQ(verify(made.bytes()).reason, RejectReason::kBadPublicValue);
  }
}

// A lie in any one column that rows have of their own: the class, the hit, what the model computes.
TEST_P(MaliciousEvaluation, EveryColumnOfARowCounts) {
  begin(classifier(), {MetricKind::kAccuracy});
  const auto& circuit = plans[0].prepared.compiled.circuit;
  std::size_t tried = 0;
  for (circuit::ColumnId id = 0; id < circuit.columns.size(); ++id) {
    const circuit::Column& column = circuit.columns[id];
    if (column.oracle != circuit::Oracle::kWitness || column.shape.empty() || column.shape[0] != kChunk ||
        id == circuit.blind || id == circuit.pads)
      continue;
    prover::ProveHooks hooks;
    hooks.columns = [&](circuit::ColumnValues& data) { data[id][0] = data[id][0] + Fp(1); };
    EXPECT_FALSE(verify(make(hooks).bytes()).accepted()) << column.name;
    ++tried;
  }
  EXPECT_GE(tried, 6u);
}

// The chunk's proof is about rows that are not its own: one twice, two swapped, another label or group.
TEST_P(MaliciousEvaluation, OtherRows) {
  begin(classifier(), {MetricKind::kAccuracy, 0, 2});
  const Made honest = make();
  ASSERT_TRUE(verify(honest.bytes()).accepted());
  const auto with = [&](auto change) {
    statement::PublicValues inputs = rows.of_chunk(head, 1);
    change(inputs);
    Made made = honest;
    made.chunks[1] = chunk(head, 1, inputs);
    return made.bytes();
  };
  EXPECT_TRUE(verify(with([](auto&) {})).accepted());
  EXPECT_FALSE(verify(with([](auto& inputs) { std::copy_n(inputs[0].begin(), 6, inputs[0].begin() + 6); })).accepted());
  EXPECT_FALSE(verify(with([](auto& inputs) { inputs[1][0] = (inputs[1][0] + 1) % 4; })).accepted());
  EXPECT_FALSE(verify(with([](auto& inputs) { inputs[2][0] ^= 1; })).accepted());
  EXPECT_FALSE(verify(with([](auto& inputs) {
                 for (auto& list : inputs) {
                   const auto size = static_cast<std::ptrdiff_t>(list.size() / kChunk);
                   std::swap_ranges(list.begin(), list.begin() + size, list.begin() + size);
                 }
               })).accepted());
  // And the verifier's rows are not the prover's.
  const statement::PublicValues own = rows.inputs;
  rows.inputs[0][0] = rows.inputs[0][0] == 0 ? 1 : 0;
  EXPECT_FALSE(verify(honest.bytes()).accepted());
  rows.inputs = own;
  rows.inputs[1][0] = 4;
  EXPECT_EQ(verify(honest.bytes()).reason, RejectReason::kBadPublicValue);
  rows.inputs = own;
  rows.data_set[0] ^= 1;
  EXPECT_EQ(verify(honest.bytes()).reason, RejectReason::kWrongStatement);
}

// Chunks twice, swapped, left out, more; another number of rows or size of chunks.
TEST_P(MaliciousEvaluation, OtherChunks) {
  begin(classifier(), {MetricKind::kAccuracy});
  const Made honest = make();
  Made made = honest;
  made.chunks[1] = made.chunks[0];
  made.slots[1] = made.slots[0];
  EXPECT_FALSE(verify(made.bytes()).accepted());
  made = honest;
  std::swap(made.chunks[0], made.chunks[1]);
  std::swap(made.slots[0], made.slots[1]);
  EXPECT_FALSE(verify(made.bytes()).accepted());
  made = honest;
  made.chunks.pop_back();
  EXPECT_EQ(verify(made.bytes()).reason, RejectReason::kTruncated);
  made = honest;
  made.chunks.push_back(made.chunks[2]);
  made.slots.push_back(made.slots[2]);
  EXPECT_EQ(verify(made.bytes()).reason, RejectReason::kTrailingBytes);
  // Without the last rows: data of its own, so that the rows are as many as the file says.
  made = honest;
  made.head.num_rows = 6;
  made.params.pop_back();
  made.chunks.pop_back();
  EXPECT_EQ(verify(made.bytes()).reason, RejectReason::kBadPublicValue);
  const verifier::EvaluatedRows own = rows;
  for (auto& list : rows.inputs) list.resize(list.size() / 7 * 6);
  EXPECT_FALSE(verify(made.bytes()).accepted());
  rows = own;
  for (const auto& [num_rows, chunk_rows] :
       std::initializer_list<std::pair<std::uint64_t, std::uint64_t>>{{0, 0},
                                                                      {7, 0},
                                                                      {7, 8},
                                                                      {7, 7},
                                                                      {7, 1},
                                                                      {7, 2},
                                                                      {~0ull, 3},
                                                                      {~0ull, ~0ull},
                                                                      {1ull << 26, 1},
                                                                      {8, 3},
                                                                      {5, 3}}) {
    made = honest;
    made.head.num_rows = num_rows;
    made.head.chunk_rows = chunk_rows;
    EXPECT_FALSE(verify(made.bytes()).accepted()) << num_rows << " " << chunk_rows;
  }
}

// What the head says otherwise than what was proven: metric, model, data set, context, slot.
TEST_P(MaliciousEvaluation, OtherHead) {
  begin(classifier(), {MetricKind::kAccuracy});
  const Made honest = make();
  ASSERT_TRUE(verify(honest.bytes()).accepted());
  for (const Metric& metric :
       {Metric{MetricKind::kAccuracy, 1}, Metric{MetricKind::kTopK}, Metric{MetricKind::kConfusion},
        Metric{MetricKind::kAccuracy, 0, 2}, Metric{MetricKind::kAccuracy, 2}, Metric{MetricKind::kAccuracy, 0, 0},
        Metric{MetricKind::kAccuracy, 0, 1, 2}, Metric{MetricKind::kTopK, 0, 1, 0},
        Metric{static_cast<MetricKind>(77)}}) {
    Made made = honest;
    made.head.metric = metric;
    EXPECT_FALSE(verify(made.bytes()).accepted());
  }
  // With the parameters of the other metric's circuit as well: top-1 is not the accuracy's proof.
  Made made = honest;
  made.head.metric = {MetricKind::kTopK};
  plan_chunks(made.head.metric);
  made.params = {plans[0].prepared.key.params, plans[1].prepared.key.params};
  EXPECT_FALSE(verify(made.bytes()).accepted());
  plan_chunks(head.metric);
  for (const auto digest :
       {&verifier::EvaluationHead::identity, &verifier::EvaluationHead::context, &verifier::EvaluationHead::data_set}) {
    made = honest;
    (made.head.*digest)[31] ^= 1;
    EXPECT_FALSE(verify(made.bytes()).accepted());
  }
  made = honest;
  made.slots[2] += 1;
  EXPECT_FALSE(verify(made.bytes()).accepted());
  made.slots[2] = 1000;
  EXPECT_EQ(verify(made.bytes()).reason, RejectReason::kBadHeader);
}

// Another model of the same structure, whose counts may be better.
TEST_P(MaliciousEvaluation, OtherModel) {
  begin(classifier(), {MetricKind::kAccuracy});
  const Session other(classifier(), test_options(GetParam()), 77);
  Made made = make();
  std::swap(session->model, const_cast<Session&>(other).model);
  Made others = make();
  EXPECT_EQ(verify(others.bytes()).reason, RejectReason::kWrongStatement);  // it says the first one's name
  std::swap(session->model, const_cast<Session&>(other).model);
  EXPECT_TRUE(verify(made.bytes()).accepted());
  EXPECT_FALSE(verify(others.bytes()).accepted());
}

// A batch of the same rows is no evaluation of them, nor the other way round.
TEST_P(MaliciousEvaluation, OtherKinds) {
  begin(classifier(), {MetricKind::kAccuracy});
  const Made made = make();
  const Bytes bytes = made.bytes();
  EXPECT_EQ(verifier::verify_batch(session->model.prepared, bytes, {}, nullptr).reason, RejectReason::kBadHeader);
  EXPECT_EQ(session->verify(bytes).reason, RejectReason::kBadHeader);
  EXPECT_EQ(verify(session->prove().bytes).reason, RejectReason::kBadHeader);
  const auto plan = prover::plan_batch(session->model, kChunk).value();
  prover::ProveRequest request;
  request.inputs = {rows.of_chunk(head, 1)[0]};
  const Bytes batch = prover::prove_batch(session->model, plan, request).value().bytes;
  Made with_batch = made;
  with_batch.chunks[1].messages = batch;
  EXPECT_FALSE(verify(with_batch.bytes()).accepted());
  // Every length of the file, and many bytes of it.
  std::mt19937 random(5);
  for (int i = 0; i < 200; ++i) {
    Bytes changed = bytes;
    const std::size_t at = random() % changed.size();
    changed[at] ^= static_cast<std::uint8_t>(1 + random() % 255);
    EXPECT_FALSE(verify(changed).accepted()) << at;
    EXPECT_FALSE(verify(ByteView(bytes).first(at)).accepted()) << at;
  }
}

// What chunks cost is counted all together, and what one costs before its circuit is placed.
TEST_P(MaliciousEvaluation, CostIsOfAllChunks) {
  begin(classifier(), {MetricKind::kAccuracy});
  const Bytes bytes = make().bytes();
  const std::uint64_t one = plans[0].prepared.cost.nanoseconds, last = plans[1].prepared.cost.nanoseconds;
  session->model.prepared.limits.nanoseconds = 2 * one + last;
  EXPECT_TRUE(verify(bytes).accepted());
  session->model.prepared.limits.nanoseconds = 2 * one + last - 1;
  EXPECT_EQ(verify(bytes).reason, RejectReason::kOverLimit);
}

INSTANTIATE_TEST_SUITE_P(ZeroKnowledge, MaliciousEvaluation, ::testing::Bool());

}  // namespace
}  // namespace zkinfer::e2e
