// SPDX-License-Identifier: Apache-2.0
#include "committed.h"

namespace zkinfer::cli {

Result<Committed> Committed::open(const Model& model, const std::string& secret_path, const Progress& progress) {
  ZKI_ASSIGN_OR_RETURN(Prover prover, Prover::open(model, secret_path, progress));
  Result<VerificationKey> key = VerificationKey::from_bytes(prover.verification_key(), 0, kNoVerifyLimits);
  if (!key.ok()) return internal_error("the key does not read back: " + key.status().to_string());
  if (key->info().insecure_seed) {
    return invalid_argument("'" + secret_path +
                            "': made with a fixed seed, for tests and benchmarks; its proofs would hide nothing");
  }
  return Committed(std::move(prover), std::move(key).value());
}

}  // namespace zkinfer::cli
