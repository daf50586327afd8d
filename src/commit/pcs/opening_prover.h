// SPDX-License-Identifier: Apache-2.0
// Proves an opening: sends the messages of commit/pcs/opening.h. What they are computed from is a back end's
// (commit/pcs/backend.h), and so are time and memory (commit/pcs/cpu_backend.h).
// Deterministic: the proof depends on the inputs and on the bytes of `random` alone.
#pragma once

#include "commit/pcs/backend.h"
#include "transcript/transcript.h"

namespace zkinfer::pcs {

// Where each message lies in the proof: for size tables and for tests that change one message.
struct ProofSection {
  const char* label;
  std::size_t begin;
  std::size_t num_bytes;
};

struct OpeningProof {
  Bytes bytes;
  std::vector<ProofSection> sections;
};

// Lets tests play a cheating prover; called on values before they are used.
class ProverHooks {
 public:
  virtual ~ProverHooks() = default;
  // v_i with the zeros behind it, before it is committed. This one and the next: with the CPU's back end only.
  virtual void fold_vector(std::size_t /*fold*/, FeSpan /*vector*/) {}
  // The code word of g_i, before it is hashed; of a small one, which is there as a whole.
  virtual void fold_codeword(std::size_t /*fold*/, FpVec& /*codeword*/) {}
  virtual void out_of_domain(std::size_t /*fold*/, Fe& /*value*/) {}
  virtual void round(std::size_t /*index*/, Fe& /*c1*/, Fe& /*c2*/) {}
  virtual void final_vector(FeSpan /*vector*/) {}
  virtual void mask_product(Fe& /*mu_s*/) {}
  virtual void mask_response(std::vector<Fe>& /*response*/) {}
};

// params valid; mu must be the true value (else the proof is one that a verifier rejects). The proof's bytes come last
// in the caller's proof. `random` gives the random rows of g_1, g_2, .. Errors: a code file that does not give an oracle's
// rows (RowSource::open).
Result<OpeningProof> prove_opening(const OpeningParams& params, const OpeningStatement& statement,
                                   const OpeningOracles& oracles, const Backend& backend, hiding::RandomSource& random,
                                   Transcript& transcript, ProverHooks* hooks = nullptr);

}  // namespace zkinfer::pcs
