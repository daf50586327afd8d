// SPDX-License-Identifier: Apache-2.0
#include "prover/choose_opening.h"

#include <optional>
#include <string>
#include <utility>

#include "prover/commit_tensor.h"
#include "prover/key_proof_params.h"
#include "relations/recipes.h"
#include "soundness/caps.h"
#include "soundness/largest_budget.h"

namespace zkinfer::prover {

namespace {

class Chooser {
 public:
  explicit Chooser(soundness::ParamRequest request) : request_(std::move(request)) {}

  // From now on parameters count only if these proofs about the key exist, too.
  void demand(relations::CompiledCircuit certificate, relations::CompiledCircuit rotation) {
    certificate_ = std::move(certificate);
    rotation_ = std::move(rotation);
  }

  Result<pcs::OpeningParams> choose(std::uint64_t budget) {
    request_.model_budget = budget;
    ZKI_ASSIGN_OR_RETURN(pcs::OpeningParams params, soundness::choose_params(request_));
    if (certificate_) {
      if (const auto own = key_proof_params(params, *certificate_, {}); !own.ok()) {
        return own.status().with_context("certificate");
      }
    }
    if (rotation_) {
      if (const auto own = key_proof_params(params, *rotation_, {{params.model, budget}}); !own.ok()) {
        return own.status().with_context("rotation to the next commitment");
      }
    }
    return params;
  }

 private:
  soundness::ParamRequest request_;
  std::optional<relations::CompiledCircuit> certificate_;
  std::optional<relations::CompiledCircuit> rotation_;
};

}  // namespace

Result<pcs::OpeningParams> choose_opening(const qir::QGraph& graph, const relations::CompiledCircuit& compiled,
                                          const ModelOptions& options) {
  soundness::ParamRequest request = param_request(options.security, compiled);
  const std::uint64_t usual_budget = options.tensor_budget != 0 ? options.tensor_budget : kDefaultTensorBudget;
  for (std::size_t i = 0; i < compiled.num_data_oracles(); ++i) {
    const std::uint64_t budget_of_it = i < options.tensor_budgets.size() ? options.tensor_budgets[i] : usual_budget;
    ZKI_ASSIGN_OR_RETURN(
        const pcs::TensorOracle data,
        tensor_oracle_params(compiled.num_elements(circuit::data_oracle(i)), budget_of_it, options.security));
    request.data.push_back(data);
  }
  const std::size_t num_data = request.data.size();
  const bool hidden =
      options.security.zero_knowledge && !options.visibility.public_params && request.model_elements > 0;
  const std::uint64_t default_budget = soundness::default_model_budget(request.model_elements);
  Chooser chooser(std::move(request));
  if (hidden) {
    ZKI_ASSIGN_OR_RETURN(relations::CompiledCircuit certificate,
                         relations::compile_certificate(graph, options.security.zero_knowledge));
    ZKI_ASSIGN_OR_RETURN(relations::CompiledCircuit rotation, relations::compile_rotation(graph));
    chooser.demand(std::move(certificate), std::move(rotation));
  }
  const std::uint64_t budget = !hidden ? 0 : options.budget != 0 ? options.budget : default_budget;
  Result<pcs::OpeningParams> params = chooser.choose(budget);
  if (params.ok()) return params;
  if (hidden) {
    const std::uint64_t most =
        soundness::largest_budget(budget, [&](std::uint64_t smaller) { return chooser.choose(smaller).ok(); });
    if (most >= 2) {
      return resource_limit("no parameters for a budget of " + std::to_string(budget) + " proofs of this model (" +
                            params.status().message() + "); a budget of " + std::to_string(most) +
                            " works, and rotation leads to the next commitment when it is used up");
    }
  }
  if (num_data > 2) {
    return params.status().with_context(
        std::to_string(num_data) +
        " committed tensors (each takes some provable security; commit to fewer, or concatenate them in the model)");
  }
  return params;
}

}  // namespace zkinfer::prover
