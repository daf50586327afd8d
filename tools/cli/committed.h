// SPDX-License-Identifier: Apache-2.0
// A commitment opened from its secret file, for commands that make proofs: each takes its slot in that file.
#pragma once

#include <string>

#include "command.h"
#include "zkinfer/prove.h"
#include "zkinfer/verify.h"

namespace zkinfer::cli {

class Committed {
 public:
  static Result<Committed> open(const Model& model, const std::string& secret_path, const Progress& progress);

  Prover& prover() { return prover_; }
  const VerificationKey& key() const { return key_; }

 private:
  Committed(Prover prover, VerificationKey key) : prover_(std::move(prover)), key_(std::move(key)) {}

  Prover prover_;
  VerificationKey key_;
};

}  // namespace zkinfer::cli
