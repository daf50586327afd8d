// SPDX-License-Identifier: Apache-2.0
// The verifier: statement + bytes -> Verdict. Links nothing of the prover, the front end or the quantizer.
#pragma once

#include "commit/pcs/opening.h"
#include "hiding/verifier_channel.h"
#include "statement/statement.h"
#include "proof/verdict.h"
#include "relations/compile.h"
#include "verifier/outer_verifier.h"

namespace zkinfer::verifier {

// A key with everything that does not depend on the proof.
struct PreparedKey {
  proof::Key key;
  relations::CompiledCircuit compiled;
  relations::Layouts layouts;
  Fe ood_point;
  Digest identity{};
};
// Errors: the key's circuit cannot be built, or its parameters are not for it, or the soundness they give is below what
// they claim.
Result<PreparedKey> prepare(proof::Key key);

// The roots that open the messages: W, then X with zero knowledge, X pinned by its values at a drawn point.
pcs::OpeningRoots receive_roots(hiding::VerifierChannel& channel, const PreparedKey& prepared);

// The opening's statement for an outer claim; the functionals are owned by the object.
class OpeningClaim {
 public:
  OpeningClaim(const PreparedKey& prepared, OuterClaim claim);
  const pcs::OpeningStatement& statement() const { return statement_; }
  OpeningClaim(const OpeningClaim&) = delete;
  OpeningClaim& operator=(const OpeningClaim&) = delete;

 private:
  circuit::Functional model_;
  circuit::Functional witness_;
  pcs::OpeningStatement statement_;
};

inline constexpr const char* kProtocolName = "zkinfer proof v1";

// Checks the messages of a statement that the transcript has absorbed: everything after the header.
Verdict verify_messages(const PreparedKey& prepared, const proof::PublicValues& values, ByteView messages,
                        Transcript& transcript);

// Total on arbitrary bytes. header (may be null) receives outputs and context, also of rejected proofs that have one.
Verdict verify(const PreparedKey& prepared, ByteView proof, proof::Header* header);

}  // namespace zkinfer::verifier
