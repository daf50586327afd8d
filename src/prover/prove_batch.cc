// SPDX-License-Identifier: Apache-2.0
#include "prover/prove_batch.h"

#include <algorithm>
#include <chrono>

#include "base/parallel.h"
#include "circuit/batch.h"
#include "prover/key_proof_params.h"
#include "prover/make_statement.h"
#include "prover/witness.h"
#include "prover/write.h"
#include "verifier/batch.h"

namespace zkinfer::prover {

namespace {

// Rows with fewer elements than this are filled side by side; larger ones keep all cores busy alone, and memory for one.
constexpr std::uint64_t kLargeRow = std::uint64_t{1} << 20;

Status check_inputs(const qir::QGraph& graph, const std::vector<std::vector<std::int64_t>>& inputs,
                    std::uint64_t num_rows) {
  if (inputs.size() != graph.inputs.size()) {
    return invalid_argument(std::to_string(inputs.size()) + " inputs, the model has " +
                            std::to_string(graph.inputs.size()));
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const qir::Value& value = graph.value(graph.inputs[i]);
    const std::uint64_t expected = num_rows * static_cast<std::uint64_t>(value.shape.num_elements());
    if (inputs[i].size() == expected) continue;
    return invalid_argument("input '" + value.name + "': " + std::to_string(inputs[i].size()) + " elements, " +
                            std::to_string(num_rows) + " rows have " + std::to_string(expected));
  }
  return ok_status();
}

// Copies the columns of one row to its place in those of the batch; what all rows have in common comes from row 0.
void place_row(const circuit::ColumnValues& row, std::uint64_t index, circuit::ColumnValues& batch) {
  for (std::size_t id = 0; id < row.size(); ++id) {
    const FpCSpan from = row.view(id).elements;
    if (from.empty()) continue;
    const std::span<Fp> to = batch[id].span();
    const bool is_shared = to.size() == from.size();
    if (is_shared && index > 0) continue;
    std::copy(from.begin(), from.end(), to.begin() + static_cast<std::ptrdiff_t>(is_shared ? 0 : index * from.size()));
  }
}

// Columns whose values rows have of their own, or in common, but not the protocol's.
bool is_filled(const relations::CompiledCircuit& row, std::size_t id) {
  return relations::recipe_of(row, id).kind != relations::Recipe::Kind::kGiven ||
         row.circuit.columns[id].oracle == circuit::Oracle::kConstant;
}

}  // namespace

Result<BatchPlan> plan_batch(const CommittedModel& model, std::uint64_t num_rows) {
  const statement::Key& key = model.prepared.key;
  const bool zero_knowledge = key.params.security.zero_knowledge;
  BatchPlan plan;
  ZKI_ASSIGN_OR_RETURN(plan.row, relations::compile(key.graph, zero_knowledge, key.visibility, num_rows));
  pcs::OpeningParams params;
  {
    ZKI_ASSIGN_OR_RETURN(circuit::Circuit circuit, relations::build_batch(key.graph, key.visibility, num_rows));
    const relations::CompiledCircuit compiled{argument::compile(std::move(circuit), zero_knowledge), plan.row.recipes};
    std::vector<pcs::TensorOracle> data;
    for (std::size_t i = 0; i < key.params.data.size(); ++i) {
      ZKI_ASSIGN_OR_RETURN(data.emplace_back(), tensor_oracle_params(compiled.num_elements(circuit::data_oracle(i)),
                                                                     key.params.data[i].budget, key.params.security));
    }
    ZKI_ASSIGN_OR_RETURN(params, key_proof_params(key.params, compiled, std::move(data)));
  }
  ZKI_ASSIGN_OR_RETURN(plan.prepared,
                       verifier::prepare_batch(model.prepared, params, num_rows, relations::new_recipes()));
  return plan;
}

Result<circuit::ColumnValues> batch_columns(const qir::QGraph& graph, const qir::WeightStore& weights,
                                            const BatchPlan& plan, const std::vector<std::vector<std::int64_t>>& inputs,
                                            exec_integer::Witness& values) {
  const std::uint64_t num_rows = plan.prepared.num_rows;
  ZKI_RETURN_IF_ERROR(check_inputs(graph, inputs, num_rows));
  values.values.resize(graph.values.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) values.values[graph.inputs[i]] = inputs[i];
  const auto row_size = [&](qir::ValueId id) { return static_cast<std::size_t>(graph.value(id).shape.num_elements()); };
  for (const qir::ValueId id : graph.outputs) values.values[id].resize(num_rows * row_size(id));

  circuit::ColumnValues data = parameter_columns(plan.prepared.compiled, weights);
  for (std::size_t id = 0; id < plan.row.circuit.columns.size(); ++id) {
    if (is_filled(plan.row, id) && relations::param_of_column(plan.row, id) < 0)
      data[id] = FpVec(plan.prepared.compiled.circuit.columns[id].num_elements());
  }
  std::vector<Status> failed(num_rows);
  const auto fill = [&](std::uint64_t row) -> Status {
    exec_integer::Inputs own;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const auto part = std::span(inputs[i]).subspan(row * row_size(graph.inputs[i]), row_size(graph.inputs[i]));
      own.emplace_back(part.begin(), part.end());
    }
    ZKI_ASSIGN_OR_RETURN(const exec_integer::Witness witness, exec_integer::run(graph, weights, own));
    for (const qir::ValueId id : graph.outputs) {
      std::copy(witness.values[id].begin(), witness.values[id].end(),
                values.values[id].begin() + static_cast<std::ptrdiff_t>(row * row_size(id)));
    }
    place_row(fill_columns(graph, plan.row, weights, witness), row, data);
    return ok_status();
  };
  const std::size_t grain = plan.row.num_elements(circuit::Oracle::kWitness) < kLargeRow ? 1 : num_rows;
  parallel_for(num_rows, grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) failed[row] = fill(row);
  });
  for (std::size_t row = 0; row < num_rows; ++row) {
    if (!failed[row].ok()) return failed[row].with_context("row " + std::to_string(row));
  }
  return data;
}

Result<Proof> prove_batch(const CommittedModel& model, const BatchPlan& plan, const ProveRequest& request) {
  const verifier::PreparedKey& prepared = plan.prepared;
  const qir::QGraph& graph = prepared.key.graph;
  Proof proof;
  const auto begin = std::chrono::steady_clock::now();
  const auto seconds_since = [](std::chrono::steady_clock::time_point since) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
  };
  ZKI_RETURN_IF_ERROR(request.progress("run the network", 0.0));
  ZKI_ASSIGN_OR_RETURN(const auto inputs, inputs_of(prepared.key, request));
  exec_integer::Witness values;
  ZKI_ASSIGN_OR_RETURN(circuit::ColumnValues data, batch_columns(graph, model.weights, plan, inputs, values));
  if (request.hooks != nullptr && request.hooks->columns) request.hooks->columns(data);
  ZKI_ASSIGN_OR_RETURN(StatementTensors statement,
                       make_statement(model, prepared, request, inputs, values, proof.data));
  if (request.hooks != nullptr && request.hooks->outputs) request.hooks->outputs(proof.data);
  proof.times.execute = seconds_since(begin);

  statement::Header header;
  header.context = request.context;
  header.slot = request.slot;
  header.data = proof.data;
  const auto absorb = [&](Transcript& transcript) {
    verifier::absorb_batch_statement(transcript, model.prepared, prepared.key.params, header);
  };
  const statement::PublicValues tensors = statement::tensor_values(graph, prepared.key.visibility, proof.data);
  const verifier::DataPins pins = verifier::data_pins(prepared, proof.data.commitments);
  std::vector<const pcs::CommittedOracle*> data_oracles;
  for (const CommittedValues* committed : statement.opened) data_oracles.push_back(&committed->oracle);
  ZKI_ASSIGN_OR_RETURN(const Messages messages,
                       prove_messages(model, {prepared, verifier::kBatchProtocol, absorb, tensors, pins, data_oracles},
                                      std::move(data), request, proof.times));
  proof.bytes = batch_file(model.prepared, prepared.key.params, header, messages.bytes);
  proof.committed_outputs = std::move(statement.outputs);
  proof.inputs = inputs;
  for (const qir::ValueId id : graph.outputs) proof.outputs.push_back(std::move(values.values[id]));
  proof.times.total = seconds_since(begin);
  ZKI_RETURN_IF_ERROR(request.progress("done", 1.0));
  return proof;
}

}  // namespace zkinfer::prover
