// SPDX-License-Identifier: Apache-2.0
// Cheating provers of evaluations: counts, rows, chunks and heads that are not what model and data set give.
#include <algorithm>
#include <random>

#include "soundness/evaluation_session.h"
#include "verifier/batch.h"

namespace zkinfer::e2e {
namespace {

class MaliciousEvaluation : public EvaluationSession, public ::testing::WithParamInterface<bool> {
 protected:
  void begin(const qir::QGraph& graph, const Metric& metric) { EvaluationSession::begin(graph, metric, GetParam()); }
  RejectReason linear() const { return GetParam() ? RejectReason::kOpening : RejectReason::kFinalCheck; }
};

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
    std::vector<std::uint64_t> expected(evaluation.outcome.num_totals);
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
    std::vector<std::uint64_t>& numbers = made.chunks[0].claims.numbers;
    std::swap(numbers.front(), *std::ranges::max_element(numbers));
    EXPECT_EQ(verify(made.bytes()).accepted(), numbers == make().chunks[0].claims.numbers);
    // The same number modulo p.
    made = make();
    made.chunks[1].claims.numbers[0] += 0xffffffff00000001u;
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
  EXPECT_FALSE(verify(made.bytes()).accepted());
  made = honest;
  std::swap(made.chunks[0], made.chunks[1]);
  EXPECT_FALSE(verify(made.bytes()).accepted());
  made = honest;
  made.chunks.pop_back();
  EXPECT_EQ(verify(made.bytes()).reason, RejectReason::kTruncated);
  made = honest;
  made.chunks.push_back(made.chunks[2]);
  EXPECT_EQ(verify(made.bytes()).reason, RejectReason::kTrailingBytes);
  // Without the last rows: data of its own, so that the rows are as many as the file says.
  made = honest;
  made.head.num_rows = made.head.set_rows = 6;
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
    made.head.num_rows = made.head.set_rows = num_rows;
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
  plan_chunks(made.head);
  made.params = {plans[0].prepared.key.params, plans[1].prepared.key.params};
  EXPECT_FALSE(verify(made.bytes()).accepted());
  plan_chunks(head);
  for (const auto digest : {&verifier::EvaluationHead::identity, &verifier::EvaluationHead::context,
                            &verifier::EvaluationHead::data_set, &verifier::EvaluationHead::nonce}) {
    made = honest;
    (made.head.*digest)[31] ^= 1;
    EXPECT_FALSE(verify(made.bytes()).accepted());
  }
  made = honest;
  made.chunks[2].claims.slot += 1;
  EXPECT_FALSE(verify(made.bytes()).accepted());
  made.chunks[2].claims.slot = 1000;
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
