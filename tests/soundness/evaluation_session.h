// SPDX-License-Identifier: Apache-2.0
// Evaluations of a small model over rows that are drawn, chunk by chunk, so that tests can cheat in any of them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "exec/integer/executor.h"
#include "prover/evaluate.h"
#include "prover/write.h"
#include "support/session.h"
#include "support/small_graphs.h"

namespace zkinfer::e2e {

constexpr std::uint64_t kRows = 7, kChunk = 3;  // 3, 3, 1

struct Made {
  verifier::EvaluationHead head;
  std::vector<pcs::OpeningParams> params;
  std::vector<prover::Chunk> chunks;

  Bytes bytes() const {
    Bytes out = prover::evaluation_head_bytes(head, params);
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      const Bytes chunk = prover::chunk_bytes(shape_of(i), chunks[i].claims, chunks[i].messages);
      out.insert(out.end(), chunk.begin(), chunk.end());
    }
    return out;
  }
  // As the chunks themselves are, whatever the head says of them.
  relations::ChunkShape shape_of(std::size_t i) const {
    return {0, false, chunks[i].claims.numbers.empty() && !chunks[i].claims.totals.empty()};
  }
};

// Four scores, and the class as a whole number.
inline qir::QGraph classifier() {
  qir::QGraph graph = mlp_graph();
  graph.values[graph.outputs[1]].scale = {};
  return graph;
}

class EvaluationSession : public ::testing::Test {
 protected:
  // Of the data set's set_rows kRows are evaluated.
  void begin(const qir::QGraph& graph, const Metric& metric, bool zero_knowledge, bool joined = false,
             std::uint64_t set_rows = kRows) {
    session.emplace(graph, zero_knowledge);
    const auto written = qir::with_outcome(graph, metric, kRows);
    ZKI_CHECK(written.ok(), written.status().to_string().c_str());
    outcome = *written;
    head = {};
    head.identity = session->model.prepared.identity;
    head.context[0] = 9;
    head.data_set[0] = 7;
    head.metric = metric;
    head.is_joined = joined;
    head.num_rows = kRows;
    head.chunk_rows = kChunk;
    head.set_rows = set_rows;
    if (set_rows > kRows) head.nonce[5] = 1;
    rows.data_set = head.data_set;
    rows.inputs.assign(outcome.graph.inputs.size(), {});
    for (std::uint64_t row = 0; row < set_rows; ++row) {
      const auto inputs = draw_inputs(outcome.graph, 100 + row);
      for (std::size_t i = 0; i < inputs.size(); ++i)
        rows.inputs[i].insert(rows.inputs[i].end(), inputs[i].begin(), inputs[i].end());
    }
    plan_chunks(head);
  }
  void plan_chunks(const verifier::EvaluationHead& said) {
    const qir::Outcome own = qir::with_outcome(session->graph, said.metric, said.num_rows).value();
    auto made = prover::plan_chunks(session->model, own, said);
    ZKI_CHECK(made.ok(), made.status().to_string().c_str());
    plans = std::move(made).value();
  }
  const prover::ChunkPlan& plan_of(const verifier::EvaluationHead& said, std::uint64_t index) const {
    const auto found = std::ranges::find(plans, said.shape_of(index), &prover::ChunkPlan::shape);
    ZKI_CHECK(found != plans.end(), "a plan for each chunk");
    return *found;
  }
  prover::Chunk chunk(const verifier::EvaluationHead& said, std::uint64_t index, statement::PublicValues inputs,
                      const prover::ProveHooks& hooks = {}, const prover::Totals& before = {}) {
    prover::ProveRequest request;
    request.inputs = std::move(inputs);
    request.context = said.context;
    request.slot = index;
    request.entropy[0] = 1;
    request.hooks = &hooks;
    if (session->model.prepared.key.params.model_budget == 0) request.slot = 0;
    auto made = prover::prove_chunk(session->model, plan_of(said, index), said, index, before, request);
    ZKI_CHECK(made.ok(), made.status().to_string().c_str());
    return std::move(made).value();
  }
  // Chunk `bad` is made with hooks, or from other rows.
  Made make(const prover::ProveHooks& hooks = {}, std::uint64_t bad = 1) {
    Made made;
    made.head = head;
    for (const prover::ChunkPlan& plan : plans) made.params.push_back(plan.prepared.key.params);
    const verifier::EvaluatedRows own = chosen();
    prover::Totals before;
    for (std::uint64_t i = 0; i < head.num_chunks(); ++i) {
      made.chunks.push_back(chunk(head, i, own.of_chunk(head, i), i == bad ? hooks : prover::ProveHooks{}, before));
      before = made.chunks.back().totals;
    }
    return made;
  }
  verifier::EvaluatedRows chosen() const { return rows.chosen(head, head.identity); }
  Verdict verify(ByteView bytes, verifier::Evaluation* out = nullptr) const {
    verifier::Evaluation evaluation;
    return verifier::verify_evaluation(session->model.prepared, session->model.prepared.identity, bytes, rows,
                                       out != nullptr ? *out : evaluation);
  }
  circuit::ColumnId column_named(const std::string& name, std::size_t plan = 0) const {
    const auto& columns = plans[plan].prepared.compiled.circuit.columns;
    for (circuit::ColumnId id = 0; id < columns.size(); ++id)
      if (columns[id].name == name) return id;
    ADD_FAILURE() << "no column '" << name << "'";
    return 0;
  }
  // The output's entries of a row of those given.
  std::vector<std::int64_t> scores(const verifier::EvaluatedRows& of, std::uint64_t row, std::size_t output) const {
    exec_integer::Inputs own;
    for (std::size_t i = 0; i < session->graph.inputs.size(); ++i) {
      const std::size_t size = of.inputs[i].size() / kRows;
      const auto begin = of.inputs[i].begin() + static_cast<std::ptrdiff_t>(row * size);
      own.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(size));
    }
    const auto witness = exec_integer::run(session->graph, session->model.weights, own).value();
    return witness.values[session->graph.outputs[output]];
  }
  std::vector<std::int64_t> scores(std::uint64_t row, std::size_t output) const { return scores(rows, row, output); }
  std::int64_t label(std::uint64_t row) const { return rows.inputs[session->graph.inputs.size()][row]; }
  std::int64_t group(std::uint64_t row) const { return rows.inputs.back()[row]; }

  std::optional<Session> session;
  qir::Outcome outcome;
  verifier::EvaluationHead head;
  verifier::EvaluatedRows rows;
  std::vector<prover::ChunkPlan> plans;
};

inline std::vector<std::uint64_t> totals(const verifier::Evaluation& evaluation) {
  std::vector<std::uint64_t> out(evaluation.outcome.num_shown());
  for (const auto& chunk : evaluation.numbers)
    for (std::size_t cell = 0; cell < chunk.size(); ++cell) out[cell] += chunk[cell];
  return out;
}

}  // namespace zkinfer::e2e
