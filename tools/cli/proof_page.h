// SPDX-License-Identifier: Apache-2.0
// `prove --report`: a page on a proof, with what verifiers may know, and the prover's times and machine.
#pragma once

#include <string>

#include "zkinfer/prove.h"

namespace zkinfer::cli {

// check: the new proof's own. check_with: what a verifier types where the files lie beside each other.
std::string proof_page(const VerificationKey& key, const ProofResult& result, const VerifyResult& check,
                       double verify_seconds, const Bytes& context, const std::string& check_with);

}  // namespace zkinfer::cli
