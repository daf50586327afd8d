// SPDX-License-Identifier: Apache-2.0
// Cheating provers of errors, of AUCs, of totals that are hidden until the last chunk, and of samples.
#include <set>

#include "soundness/evaluation_session.h"
#include "verifier/sample.h"

namespace zkinfer::e2e {
namespace {

class MaliciousTotals : public EvaluationSession, public ::testing::WithParamInterface<bool> {
 protected:
  void begin(const qir::QGraph& graph, const Metric& metric, bool joined, std::uint64_t set_rows = kRows) {
    EvaluationSession::begin(graph, metric, GetParam(), joined, set_rows);
  }
  std::vector<std::uint64_t> honest_totals() {
    verifier::Evaluation evaluation;
    const Verdict verdict = verify(make().bytes(), &evaluation);
    EXPECT_TRUE(verdict.accepted()) << verdict.to_string();
    return verdict.accepted() ? totals(evaluation) : std::vector<std::uint64_t>{};
  }
  std::int64_t target(std::uint64_t row, std::size_t place, std::size_t width) const {
    return rows.inputs[session->graph.inputs.size()][row * width + place];
  }
};

// Two inputs and a weight: an output of wide range, which is rounded.
qir::QGraph wide_output() {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({2}, -500, 500);
  const qir::ValueId w = b.param({2}, -3000, 3000);
  b.graph.outputs = {b.node(qir::Op::kMul, {x, w}, {2}, -1500000, 1500000, with_coefs({1}))};
  return b.graph;
}

std::int64_t rounded(std::int64_t x, int shift) {
  return shift == 0 ? x : (x + (std::int64_t{1} << (shift - 1))) >> shift;
}

TEST_P(MaliciousTotals, HonestErrors) {
  const auto shift_of = [&](const qir::QGraph& graph) {
    return outcome.unit.exponent - graph.value(graph.outputs[0]).scale.exponent;
  };
  for (const qir::QGraph& graph : {classifier(), wide_output()}) {
    for (const bool joined : {false, true}) {
      for (const Metric& metric : {Metric{MetricKind::kMse}, Metric{MetricKind::kMae}, Metric{MetricKind::kMse, 0, 3},
                                   Metric{MetricKind::kMae, 0, 2}}) {
        begin(graph, metric, joined);
        std::vector<std::uint64_t> expected(metric.num_groups);
        for (std::uint64_t row = 0; row < kRows; ++row) {
          const std::vector<std::int64_t> z = scores(row, 0);
          std::uint64_t size = 0;
          for (std::size_t i = 0; i < z.size(); ++i) {
            const std::int64_t error = rounded(z[i], shift_of(graph)) - target(row, i, z.size());
            size += static_cast<std::uint64_t>(metric.kind == MetricKind::kMse ? error * error : std::abs(error));
          }
          for (std::uint32_t g = 0; g < metric.num_groups; ++g)
            if (metric.num_groups == 1 || rows.inputs.back()[row * metric.num_groups + g] == 1) expected[g] += size;
        }
        EXPECT_EQ(honest_totals(), expected) << static_cast<int>(metric.kind) << " " << metric.num_groups << joined;
      }
    }
  }
  EXPECT_GT(shift_of(wide_output()), 0);
}

TEST_P(MaliciousTotals, HonestPairs) {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({2}, 0, 2);
  const qir::ValueId w = b.param({2}, 1, 1);
  const qir::ValueId two = b.node(qir::Op::kMul, {x, w}, {2}, 0, 2, with_coefs({1}));
  b.graph.outputs = {two, b.node(qir::Op::kReduceSum, {two}, {1}, 0, 4, [] {
                       qir::Node node = with_coefs({1});
                       node.axes = {0};
                       return node;
                     }())};
  for (const Metric& metric :
       {Metric{MetricKind::kAuc}, Metric{MetricKind::kAuc, 0, 1, 0}, Metric{MetricKind::kAuc, 1}}) {
    begin(b.graph, metric, true);
    const std::size_t labels = session->graph.inputs.size();
    std::vector<std::int64_t> own;
    for (std::uint64_t row = 0; row < kRows; ++row) {
      const std::vector<std::int64_t> z = scores(row, metric.output);
      own.push_back(metric.output == 1 ? z[0] : z[metric.k] - z[1 - metric.k]);
    }
    std::vector<std::uint64_t> expected(3);
    for (std::uint64_t i = 0; i < kRows; ++i) {
      ++expected[rows.inputs[labels][i] == 1 ? 1 : 2];
      for (std::uint64_t j = 0; j < kRows; ++j)
        if (rows.inputs[labels][i] == 1 && rows.inputs[labels][j] == 0)
          expected[0] += own[i] > own[j] ? 2 : own[i] == own[j] ? 1 : 0;
    }
    EXPECT_EQ(honest_totals(), expected) << metric.output << " " << metric.k;
    // All rows are of the class.
    std::ranges::fill(rows.inputs[labels], 1);
    EXPECT_EQ(honest_totals(), (std::vector<std::uint64_t>{0, kRows, 0}));
  }
  // Of several classes the k-th entry; wide scores are rounded.
  begin(classifier(), {MetricKind::kAuc, 0, 1, 3}, true);
  EXPECT_EQ(honest_totals().size(), 3u);
  begin(wide_output(), {MetricKind::kAuc, 0, 1, 1}, true);
  EXPECT_LE(outcome.num_scores, std::uint64_t{1} << qir::kScoreBits);
  EXPECT_EQ(honest_totals().size(), 3u);
}

TEST_P(MaliciousTotals, HiddenTotalsAreTheSums) {
  for (const Metric& metric : {Metric{MetricKind::kAccuracy}, Metric{MetricKind::kConfusion, 0, 2}}) {
    begin(classifier(), metric, false);
    const std::vector<std::uint64_t> shown = honest_totals();
    head.is_joined = true;
    plan_chunks(head);
    EXPECT_EQ(honest_totals(), shown);
    // One chunk alone shows what it counts.
    head.chunk_rows = kRows;
    plan_chunks(head);
    EXPECT_EQ(honest_totals(), shown);
  }
}

// A chunk's totals are not the sum; with the proof's own column to match, or without.
TEST_P(MaliciousTotals, OtherTotals) {
  for (const Metric& metric : {Metric{MetricKind::kAccuracy}, Metric{MetricKind::kMse}, Metric{MetricKind::kMae},
                               Metric{MetricKind::kAuc, 0, 1, 2}, Metric{MetricKind::kPerplexity}}) {
    begin(classifier(), metric, true);
    const std::vector<std::uint64_t> honest = honest_totals();
    for (const std::uint64_t bad : {0, 1, 2}) {
      prover::ProveHooks hooks;
      hooks.totals = [&](std::vector<std::uint64_t>& values) {
        const auto most = std::ranges::max_element(values);
        --*most;
        if (!outcome.is_summed) ++*(most == values.begin() ? most + 1 : most - 1);
      };
      verifier::Evaluation evaluation;
      const Made made = make(hooks, bad);
      EXPECT_FALSE(verify(made.bytes(), &evaluation).accepted()) << static_cast<int>(metric.kind) << " " << bad;
    }
    // What the last chunk shows.
    for (std::size_t i = 0; i < honest.size(); ++i) {
      Made made = make();
      made.chunks.back().claims.numbers[i] += 1;
      EXPECT_FALSE(verify(made.bytes()).accepted());
      made = make();
      made.chunks.back().claims.numbers[i] += 0xffffffff00000001u;
      EXPECT_FALSE(verify(made.bytes()).accepted());
      prover::ProveHooks hooks;
      hooks.outputs = [&](statement::PublicIo& said) { said.values.back()[i] += 1; };
      EXPECT_FALSE(verify(make(hooks, 2).bytes()).accepted());
    }
  }
}

// A lie in any one column of the last chunk: of rows, counts, what is below, pairs.
TEST_P(MaliciousTotals, EveryColumnCounts) {
  for (const Metric& metric :
       {Metric{MetricKind::kMse, 0, 2}, Metric{MetricKind::kMae}, Metric{MetricKind::kAuc, 0, 1, 1}}) {
    begin(classifier(), metric, true);
    const auto& circuit = plans[2].prepared.compiled.circuit;
    std::size_t tried = 0;
    for (circuit::ColumnId id = 0; id < circuit.columns.size(); ++id) {
      const circuit::Column& column = circuit.columns[id];
      const bool is_count =
          std::ranges::any_of(circuit.tables, [&](const circuit::Table& table) { return table.multiplicity == id; });
      if (column.oracle != circuit::Oracle::kWitness || id == circuit.blind || id == circuit.pads || is_count) continue;
      prover::ProveHooks hooks;
      hooks.committed = [&](circuit::ColumnValues& data, std::vector<Fe>&) {
        if (!data[id].empty()) data[id][0] = data[id][0] + Fp(1);
      };
      EXPECT_FALSE(verify(make(hooks, 2).bytes()).accepted()) << column.name;
      ++tried;
    }
    EXPECT_GE(tried, 6u);
  }
}

// Totals of another chunk, of none, or of a commitment that nobody made a proof about; and the commitment changed in the file.
TEST_P(MaliciousTotals, OtherChains) {
  begin(classifier(), {MetricKind::kAccuracy}, true);
  const Made honest = make();
  ASSERT_TRUE(verify(honest.bytes()).accepted());
  const verifier::EvaluatedRows own = chosen();
  // The last chunk goes on from the first one: the middle is not counted.
  Made made = honest;
  made.chunks[2] = chunk(head, 2, own.of_chunk(head, 2), {}, honest.chunks[0].totals);
  EXPECT_FALSE(verify(made.bytes()).accepted());
  // From totals that the prover likes better.
  prover::ProveHooks hooks;
  hooks.totals = [](std::vector<std::uint64_t>& values) { values = {0, 6}; };
  made = honest;
  const prover::Chunk liked = chunk(head, 1, own.of_chunk(head, 1), hooks, honest.chunks[0].totals);
  made.chunks[2] = chunk(head, 2, own.of_chunk(head, 2), {}, liked.totals);
  EXPECT_FALSE(verify(made.bytes()).accepted());
  made.chunks[1].claims.totals[0] = liked.claims.totals[0];
  EXPECT_FALSE(verify(made.bytes()).accepted());
  made = honest;
  made.chunks[0].claims.totals[0].ood_value += Fe::one();
  EXPECT_FALSE(verify(made.bytes()).accepted());
  made = honest;
  made.chunks[0].claims.totals[0].root[3] ^= 1;
  EXPECT_FALSE(verify(made.bytes()).accepted());
  // Parameters of totals that differ between chunks would be two codes for one root.
  made = honest;
  made.params[1].data[1].oracle.num_queries += 1;
  EXPECT_FALSE(verify(made.bytes()).accepted());
  // Chunks that show their own counts are no hidden ones.
  made = honest;
  made.head.is_joined = false;
  EXPECT_FALSE(verify(made.bytes()).accepted());
  // Every length of the file, and many bytes of it.
  const Bytes bytes = honest.bytes();
  for (std::size_t at = 3; at < bytes.size(); at += bytes.size() / 97) {
    Bytes changed = bytes;
    changed[at] ^= 64;
    EXPECT_FALSE(verify(changed).accepted()) << at;
    EXPECT_FALSE(verify(ByteView(bytes).first(at)).accepted()) << at;
  }
}

// Proofs of other slots commit to the same totals anew, also where the machine's randomness repeats itself: a commitment has the budget of two.
TEST_P(MaliciousTotals, CommitmentsAreOfOneSlot) {
  begin(classifier(), {MetricKind::kAccuracy}, true);
  const auto of_slot = [&](std::uint64_t slot) {
    const prover::ProveHooks none;
    prover::ProveRequest request;
    request.inputs = chosen().of_chunk(head, 0);
    request.context = head.context;
    request.slot = slot;
    request.entropy[0] = 1;
    request.hooks = &none;
    return prover::prove_chunk(session->model, plan_of(head, 0), head, 0, {}, request).value().claims.totals.at(0).root;
  };
  EXPECT_EQ(of_slot(0), of_slot(0));
  if (GetParam()) EXPECT_NE(of_slot(0), of_slot(1));
}

// An AUC of chunks on their own is another number; errors that may add up beyond 2^62 are refused.
TEST_P(MaliciousTotals, OtherHeads) {
  begin(classifier(), {MetricKind::kAuc, 0, 1, 1}, true);
  Made made = make();
  made.head.is_joined = false;
  EXPECT_EQ(verify(made.bytes()).reason, RejectReason::kBadHeader);
  made = make();
  made.head.metric.k = 2;
  EXPECT_FALSE(verify(made.bytes()).accepted());
  made.head.metric = {MetricKind::kAuc, 0, 1, 4};
  EXPECT_EQ(verify(made.bytes()).reason, RejectReason::kWrongStatement);
  EXPECT_EQ(qir::with_outcome(wide_output(), {MetricKind::kMse}, std::uint64_t{1} << 26).status().code(),
            StatusCode::kResourceLimit);
  EXPECT_TRUE(qir::with_outcome(wide_output(), {MetricKind::kMse}, std::uint64_t{1} << 19).ok());
  EXPECT_FALSE(qir::with_outcome(classifier(), {MetricKind::kAuc, 0, 2}, 7).ok());
}

// Outputs as wide as a key may declare them: the head is written, or refused, at once; and what its sums would leave is refused with the circuit, not
// counted modulo 2^64.
TEST(OutcomeOfWideOutputs, IsRefusedNotWrapped) {
  for (const int bits : {40, 57, 58, 59, 60, 61, 62}) {
    for (const std::int64_t size : {2, 3}) {
      qir::TestBuilder b;
      const qir::ValueId x = b.input({size}, -4, 4);
      const std::int64_t step = (std::int64_t{1} << (bits > 40 ? 40 : bits - 2)),
                         more = std::int64_t{1} << (bits - 42 > 0 ? bits - 42 : 0);
      const std::int64_t reach = 4 * step * more - (bits == 62 ? 4 * more : 0);
      qir::ValueId z = b.node(qir::Op::kLinear, {x}, {size}, -4 * more, 4 * more, with_coefs({more}));
      z = b.node(qir::Op::kLinear, {z}, {size}, -reach, reach, with_coefs({step - (bits == 62 ? 1 : 0)}));
      b.graph.outputs = {z};
      ASSERT_TRUE(qir::validate(b.graph).ok()) << bits << qir::validate(b.graph).to_string();
      for (const Metric& metric : {Metric{MetricKind::kTopK, 0, 1, 1}, Metric{MetricKind::kAuc, 0, 1, 1},
                                   Metric{MetricKind::kAccuracy}, Metric{MetricKind::kMse}, Metric{MetricKind::kMae}, Metric{MetricKind::kPerplexity}}) {
        const auto outcome = qir::with_outcome(b.graph, metric, 7);
        if (!outcome.ok()) continue;
        EXPECT_GE(outcome->most, 1u);
        const auto circuit = relations::build_evaluation(*outcome, {7, false, false});
        EXPECT_EQ(circuit.ok(), qir::validate(outcome->graph).ok()) << bits << " " << static_cast<int>(metric.kind);
        // The margins of what is compared: top-k doubles differences, an AUC of two entries takes one.
        if (metric.kind == MetricKind::kTopK) EXPECT_EQ(circuit.ok(), bits <= 40) << bits;
      }
    }
  }
}

// The rows of a sample are the nonce's, whoever made it.
TEST_P(MaliciousTotals, SamplesAreTheNonces) {
  begin(classifier(), {MetricKind::kAccuracy}, false, 20);
  const verifier::EvaluatedRows own = chosen();
  std::vector<std::uint64_t> expected(2);
  for (std::uint64_t row = 0; row < kRows; ++row) {
    const std::vector<std::int64_t> z = scores(own, row, 0);
    ++expected[std::ranges::max_element(z) - z.begin() == own.inputs[session->graph.inputs.size()][row]];
  }
  EXPECT_EQ(honest_totals(), expected);
  const Made honest = make();
  // Another nonce, another root, all rows said to be the set's.
  Made made = honest;
  made.head.nonce[0] ^= 1;
  EXPECT_FALSE(verify(made.bytes()).accepted());
  Digest root = session->model.prepared.identity;
  root[0] ^= 1;
  verifier::Evaluation evaluation;
  EXPECT_FALSE(verifier::verify_evaluation(session->model.prepared, root, honest.bytes(), rows, evaluation).accepted());
  made = honest;
  made.head.set_rows = kRows;
  EXPECT_EQ(verify(made.bytes()).reason, RejectReason::kBadHeader);
  made.head.nonce = {};
  EXPECT_FALSE(verify(made.bytes()).accepted());
  // Rows that the prover likes better than those of the nonce.
  made = honest;
  statement::PublicValues liked = own.of_chunk(head, 0);
  std::copy_n(rows.inputs[0].begin(), liked[0].size(), liked[0].begin());
  made.chunks[0] = chunk(head, 0, liked);
  EXPECT_FALSE(verify(made.bytes()).accepted());
}

TEST(SampleRows, AreDrawnEvenly) {
  std::vector<int> times(10);
  for (std::uint8_t i = 0; i < 200; ++i) {
    Digest nonce{};
    nonce[0] = i;
    const auto rows = verifier::sample_rows({}, {}, nonce, 3, 10);
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_TRUE(std::ranges::is_sorted(rows));
    EXPECT_EQ(std::set<std::uint64_t>(rows.begin(), rows.end()).size(), 3u);
    for (const std::uint64_t row : rows) ++times.at(row);
  }
  // 60 each expected, with a deviation of 6.5.
  for (const int n : times) EXPECT_TRUE(n > 25 && n < 95) << n;
  EXPECT_EQ(verifier::sample_rows({}, {}, {}, 10, 10).size(), 10u);
}

INSTANTIATE_TEST_SUITE_P(ZeroKnowledge, MaliciousTotals, ::testing::Bool());

}  // namespace
}  // namespace zkinfer::e2e
