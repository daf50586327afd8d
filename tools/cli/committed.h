// SPDX-License-Identifier: Apache-2.0
// A commitment opened from its secret file, for commands that make proofs: counts every proof in the file before it exists.
#pragma once

#include <string>

#include "command.h"
#include "secret_file.h"
#include "zkinfer/prove.h"
#include "zkinfer/verify.h"

namespace zkinfer::cli {

class Committed {
 public:
  // The caller holds a SecretLock on secret_path.
  static Result<Committed> open(const Model& model, const std::string& secret_path, const Progress& progress);

  Prover& prover() { return prover_; }
  const VerificationKey& key() const { return key_; }
  // Takes one proof of the budget: written to disk before the proof is made, so that a crash may waste a proof and
  // nothing can overdraw the budget.
  Status take_proof();

 private:
  Committed(Prover prover, VerificationKey key, SecretFile secret, std::string path)
      : prover_(std::move(prover)), key_(std::move(key)), secret_(std::move(secret)), path_(std::move(path)) {}

  Prover prover_;
  VerificationKey key_;
  SecretFile secret_;
  std::string path_;
};

}  // namespace zkinfer::cli
