// SPDX-License-Identifier: Apache-2.0
#include "prover/make_statement.h"

#include <algorithm>
#include <span>

#include "prover/prf.h"
#include "statement/canonical_bytes.h"

namespace zkinfer::prover {

Result<StatementTensors> make_statement(const CommittedModel& model, const verifier::PreparedKey& prepared,
                                        const ProveRequest& request,
                                        const std::vector<std::vector<std::int64_t>>& inputs,
                                        const exec_integer::Witness& witness, statement::PublicIo& out) {
  const statement::Key& key = prepared.key;
  const qir::QGraph& graph = key.graph;
  out.num_rows = prepared.num_rows;
  for (const qir::ValueId id : qir::public_values(graph, key.visibility)) out.values.push_back(witness.values[id]);
  // By place, not by value: an output may be an input of the graph.
  const std::vector<qir::SeenTensor> seen = qir::seen_tensors(graph, key.visibility);
  for (const auto& [id, policy] : seen) {
    if (policy.hash == TensorHash::kNone) continue;
    const auto row_size = static_cast<std::size_t>(graph.value(id).shape.num_elements());
    for (std::uint64_t row = 0; row < prepared.num_rows; ++row) {
      const auto values = std::span(witness.values[id]).subspan(row * row_size, row_size);
      out.digests.push_back(statement::hash_data(policy.hash, statement::canonical_bytes(graph.value(id), values)));
    }
  }
  StatementTensors data;
  std::size_t next = 0;
  std::vector<qir::ValueId> committed_outputs;
  for (std::size_t i = 0; i < graph.outputs.size(); ++i)
    if (seen[i].policy.is_committed()) committed_outputs.push_back(seen[i].id);
  if (!request.committed_outputs.empty()) {
    ZKI_CHECK_EQ(request.committed_outputs.size(), committed_outputs.size(), "a commitment for each output");
    for (const auto& committed : request.committed_outputs) {
      const qir::ValueId id = committed_outputs[next];
      if (committed->params != key.params.data[next] || committed->values != witness.values[id])
        return invalid_argument("committed output '" + graph.value(id).name + "': the commitment holds other values");
      data.outputs.push_back(committed);
      ++next;
    }
  } else if (!committed_outputs.empty()) {
    ByteWriter all_inputs;
    for (const auto& values : inputs) {
      for (const std::int64_t x : values) all_inputs.i64(x);
    }
    for (const qir::ValueId id : committed_outputs) {
      // Another seed for each, which nothing but this proof and its receiver know; bound to the inputs and the context, so
      // that equal outputs stay unlinkable even where the entropy repeats.
      const std::uint8_t index[1] = {static_cast<std::uint8_t>(next)};
      const Digest seed = derive_key("zkinfer output commitment v2", {model.seed, request.entropy, request.context,
                                                                      all_inputs.bytes(), ByteView(index)});
      ZKI_ASSIGN_OR_RETURN(CommittedValues committed, commit_tensor(witness.values[id], key.params.data[next++], seed));
      data.outputs.push_back(std::make_shared<CommittedValues>(std::move(committed)));
    }
  }
  for (const auto& committed : data.outputs) data.opened.push_back(committed.get());
  std::size_t next_input = 0;
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    if (seen[graph.outputs.size() + i].policy.is_committed()) {
      const CommittedValues& committed = *request.committed_inputs[next_input++];
      const std::string where = "committed input '" + graph.value(graph.inputs[i]).name + "'";
      if (committed.params != key.params.data[next++]) {
        return invalid_argument(
            where + ": its commitment was made with other parameters (size, security or budget) than this key's");
      }
      // Each use opens rows of its own: twice in one proof would count twice against the budget.
      const bool twice = std::any_of(data.opened.begin(), data.opened.end(), [&](const CommittedValues* other) {
        return other->commitment.root == committed.commitment.root;
      });
      if (twice)
        return invalid_argument(where +
                                ": the same commitment serves two tensors of one proof; commit to it once more");
      if (committed.values != inputs[i])
        return invalid_argument(where + ": the commitment holds other values than the input");
      data.opened.push_back(&committed);
    }
  }
  for (const CommittedValues* committed : data.opened) out.commitments.push_back(committed->commitment);
  return data;
}

// The inputs: as given, or those of the commitments.
Result<std::vector<std::vector<std::int64_t>>> inputs_of(const statement::Key& key, const ProveRequest& request) {
  std::vector<std::vector<std::int64_t>> inputs = request.inputs;
  std::size_t next = 0;
  const std::vector<qir::SeenTensor> seen = qir::seen_tensors(key.graph, key.visibility);
  for (std::size_t i = key.graph.outputs.size(); i < seen.size(); ++i) {
    const std::size_t input = i - key.graph.outputs.size();
    if (!seen[i].policy.is_committed()) continue;
    // Where none of them is given they are those of the commitments; of a key that carries the others are.
    if (next < request.committed_inputs.size() && inputs.size() == input)
      inputs.push_back(request.committed_inputs[next]->values);
    ++next;
  }
  if (next == request.committed_inputs.size()) return inputs;
  if (next == 0) return invalid_argument("committed inputs given, but this key's inputs are not committed");
  return invalid_argument(std::to_string(request.committed_inputs.size()) + " committed inputs, this key needs " +
                          std::to_string(next));
}

}  // namespace zkinfer::prover
