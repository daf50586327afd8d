// SPDX-License-Identifier: Apache-2.0
#include "api/prove_request.h"

#include "api/commit_tensor_impl.h"
#include "api/key_impl.h"
#include "api/model_impl.h"
#include "api/tensor_commitment_impl.h"
#include "statement/canonical_bytes.h"

namespace zkinfer::api {

namespace {

std::string expected_of(const TensorInfo& input) {
  return std::to_string(input.num_elements()) + " integers in " + std::to_string(input.format.lo) + ".." +
         std::to_string(input.format.hi);
}

// Everything that would make prover::prove refuse a committed input, before slots are taken for it.
Status check_committed(const statement::Key& key, const std::vector<const CommittedTensor*>& committed) {
  std::vector<qir::ValueId> ids;
  const std::vector<qir::SeenTensor> seen = qir::seen_tensors(key.graph, key.visibility);
  for (std::size_t i = key.graph.outputs.size(); i < seen.size(); ++i)
    if (seen[i].policy.is_committed()) ids.push_back(seen[i].id);
  if (committed.size() != ids.size()) {
    return invalid_argument("this key's inputs are committed: expected " + std::to_string(ids.size()) +
                            " committed inputs (CommittedTensor::create), got " + std::to_string(committed.size()));
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const TensorInfo input = tensor_info(key.graph.value(ids[i]));
    const std::string where = "committed input '" + input.name + "': ";
    if (committed[i] == nullptr) return invalid_argument(where + "none is given");
    const auto& given = impl(*committed[i]);
    if (const std::string differs = meaning_differs(given.tensor, input); !differs.empty()) {
      return invalid_argument(
          where + "its integers mean something else than the model's: " + differs +
          "; compile this model with CompileOptions::input_formats of the model or the commitment that they come from");
    }
    if (given.data->params != key.params.data[key.params.data.size() - ids.size() + i]) {
      return invalid_argument(where +
                              "made under other parameters than this key has; commit to both models with the same "
                              "CommitOptions::security and CommitOptions::tensor_budget");
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (impl(*committed[j]).data->commitment.root == given.data->commitment.root) {
        return invalid_argument(where + "the same commitment serves two inputs of one proof; commit to it once more");
      }
    }
  }
  return ok_status();
}

}  // namespace

Status check_context(const Bytes& context) {
  if (context.size() <= statement::kContextBytes) return ok_status();
  return invalid_argument("context of " + std::to_string(context.size()) + " bytes, at most 32; hash longer ones");
}

Status set_inputs(const statement::Key& key, const std::vector<WholeTensor>& whole, const ProveRequest& request,
                  prover::ProveRequest& out, std::vector<Clipping>& clipping) {
  const bool carries = key.visibility.carries && !key.visibility.inputs.is_committed();
  const int num_forms = (request.inputs.empty() ? 0 : 1) + (request.integers.empty() ? 0 : 1) +
                        (request.committed_inputs.empty() || carries ? 0 : 1);
  if (num_forms > 1)
    return invalid_argument(
        "the input is given in several forms; expected one of real numbers, integers and commitments");
  if (carries || key.visibility.inputs.is_committed()) {
    ZKI_RETURN_IF_ERROR(check_committed(key, request.committed_inputs));
    for (const CommittedTensor* committed : request.committed_inputs)
      out.committed_inputs.push_back(impl(*committed).data.get());
    if (!carries) return ok_status();
  } else if (!request.committed_inputs.empty()) {
    return invalid_argument(
        "committed inputs, but this key's inputs are not committed; commit to the model with CommitOptions::inputs "
        "committed");
  }
  const std::size_t num_given = key.graph.inputs.size() - (carries ? 1 : 0);
  if (carries && request.integers.empty())
    return invalid_argument("the inputs of this model are given as integers, all but the last, which is committed");
  if (request.integers.empty()) {
    ZKI_ASSIGN_OR_RETURN(out.inputs, quantize_inputs(key.graph, whole, request.inputs, clipping));
    for (const Clipping& input : clipping) {
      if (request.refuse_clipping && input.num_clipped > 0) {
        return out_of_range(
            clipping_text(input) +
            "; give values like those that the model was calibrated on, or calibrate it on values like these");
      }
    }
    return ok_status();
  }
  if (request.integers.size() != num_given) {
    return invalid_argument("the model has " + std::to_string(num_given) + " inputs, got " +
                            std::to_string(request.integers.size()));
  }
  for (std::size_t i = 0; i < request.integers.size(); ++i) {
    const TensorInfo input = tensor_info(key.graph.value(key.graph.inputs[i]));
    if (const Result<Bytes> bytes = canonical_bytes(input, request.integers[i]); !bytes.ok()) {
      return bytes.status().with_context("input, expected " + expected_of(input));
    }
  }
  out.inputs = request.integers;
  return ok_status();
}

VerifyRequest statement_of(const statement::Key& key, const Bytes& context, const std::vector<BatchRow>& rows) {
  VerifyRequest statement;
  statement.context = context;
  statement.weights = CheckedWeights::uncertified();
  // Public entries, and digests: a private tensor's integers are no part of what is handed on.
  const std::vector<qir::SeenTensor> seen = qir::seen_tensors(key.graph, key.visibility);
  const auto add = [&](std::uint64_t row, std::size_t first, const std::vector<std::vector<std::int64_t>>& values,
                       std::vector<KnownTensor>& out) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto& [id, policy] = seen[first + i];
      KnownTensor& known = out.emplace_back();
      known.index = i;
      known.row = row;
      if (policy.is_public()) {
        known.integers = values[i];
      } else if (policy.hash != TensorHash::kNone) {
        const qir::Value& value = key.graph.value(id);
        known.digest = statement::hash_data(policy.hash, statement::canonical_bytes(value, values[i]));
      }
    }
  };
  for (std::size_t row = 0; row < rows.size(); ++row) {
    add(row, key.graph.outputs.size(), rows[row].inputs, statement.inputs);
    add(row, 0, rows[row].outputs, statement.outputs);
  }
  return statement;
}

}  // namespace zkinfer::api
