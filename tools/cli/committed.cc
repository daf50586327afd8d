// SPDX-License-Identifier: Apache-2.0
#include "committed.h"

namespace zkinfer::cli {

Result<Committed> Committed::open(const Model& model, const std::string& secret_path, const Progress& progress) {
  ZKI_ASSIGN_OR_RETURN(SecretFile secret, load_secret(secret_path));
  Result<Prover> prover = Prover::restore(model, secret.secret, progress);
  if (!prover.ok()) return prover.status().with_context("'" + secret_path + "'");
  Result<VerificationKey> key = VerificationKey::from_bytes(prover->verification_key(), 0);
  if (!key.ok()) return internal_error("the key does not read back: " + key.status().to_string());
  return Committed(std::move(prover).value(), std::move(key).value(), std::move(secret), secret_path);
}

Status Committed::take_proof() {
  const std::uint64_t budget = key_.info().model_budget;
  if (budget > 0 && secret_.proofs_made >= budget) {
    return resource_limit("'" + path_ + "': all " + std::to_string(budget) +
                          " proofs of this commitment are made; run `zkinfer commit` again, with --budget for more");
  }
  ++secret_.proofs_made;
  return save_secret(path_, secret_);
}

}  // namespace zkinfer::cli
