// SPDX-License-Identifier: Apache-2.0
#include "prover/check_model.h"

#include <random>

#include "exec/integer/executor.h"
#include "prover/check_columns.h"
#include "prover/witness.h"
#include "qir/ops/rules.h"
#include "statement/canonical_bytes.h"

namespace zkinfer::prover {

namespace {

constexpr int kInputsOfSmallModels = 3;
constexpr std::uint64_t kLargeModel = std::uint64_t{1} << 21;  // values committed per proof

std::vector<std::int64_t> draw(const qir::Value& value, std::mt19937_64& random) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(value.shape.num_elements()));
  const std::uint64_t width = static_cast<std::uint64_t>(value.hi - value.lo) + 1;
  for (std::int64_t& x : out) x = value.lo + static_cast<std::int64_t>(random() % width);
  return out;
}

// The node that a relation belongs to: relations are named after their nodes.
std::string node_of(const qir::QGraph& graph, const std::string& message) {
  const qir::Node* best = nullptr;
  for (const qir::Node& node : graph.nodes) {
    const bool named = !node.name.empty() && message.find("'" + node.name + " ") != std::string::npos;
    if (named && (best == nullptr || node.name.size() > best->name.size())) best = &node;
  }
  if (best == nullptr) return "an input or output";
  return "node '" + best->name + "' (" + std::string(qir::rule_of(best->op).name) + ")";
}

}  // namespace

statement::PublicValues statement_values(const qir::QGraph& graph, const qir::Visibility& visibility,
                                         const exec_integer::Witness& witness) {
  statement::PublicIo io;
  for (const qir::ValueId id : qir::public_values(graph, visibility)) io.values.push_back(witness.values[id]);
  for (const auto& [id, policy] : qir::seen_tensors(graph, visibility)) {
    if (policy.hash == TensorHash::kNone) continue;
    const Bytes bytes = statement::canonical_bytes(graph.value(id), witness.values[id]);
    io.digests.push_back(statement::hash_data(policy.hash, bytes));
  }
  return statement::tensor_values(graph, visibility, io);
}

Status check_model(const qir::QGraph& graph, const qir::WeightStore& weights, const qir::Visibility& visibility,
                   const relations::CompiledCircuit& compiled) {
  const bool large = compiled.num_elements(circuit::Oracle::kWitness) > kLargeModel;
  std::mt19937_64 random(1);
  for (int left = large ? 1 : kInputsOfSmallModels; left > 0; --left) {
    exec_integer::Inputs inputs;
    for (const qir::ValueId id : graph.inputs) inputs.push_back(draw(graph.value(id), random));
    const auto witness = exec_integer::run(graph, weights, inputs);
    if (!witness.ok() && witness.status().code() == StatusCode::kOutOfRange) continue;
    if (!witness.ok()) return witness.status();
    const circuit::ColumnValues columns = fill_columns(graph, compiled, weights, *witness);
    const Status held = check_columns(compiled, columns, statement_values(graph, visibility, *witness));
    if (held.ok()) continue;
    return internal_error("model '" + graph.name + "': what a proof would show of " + node_of(graph, held.message()) +
                          " is not what the model computes: " + held.message() +
                          "; nothing was committed. This is a bug of zkinfer: please report it with the model");
  }
  return ok_status();
}

}  // namespace zkinfer::prover
