// SPDX-License-Identifier: Apache-2.0
// Checks an opening. See commit/pcs/opening.h for the messages. Total: any byte string gives a verdict, and all work and
// memory are bounded by the parameters.
//
// Reject reasons: kTruncated, kTrailingBytes, kNonCanonical; kProofOfWork; kMerklePath; kOpening and kMaskCodeword (with
// zero knowledge), kFinalCheck (without).
// Soundness: acceptance shows the claim for the code words nearest to the roots, up to soundness/'s error bound; that
// the caller's transcript binds the statement is the caller's part.
#pragma once

#include "commit/pcs/opening.h"
#include "hiding/verifier_channel.h"

namespace zkinfer::pcs {

// params valid (validate()). proof: exactly the opening's bytes.
Verdict verify_opening(const OpeningParams& params, const OpeningStatement& statement, const OpeningRoots& roots,
                       ByteView proof, Transcript& transcript);

// Its part before the mask: reads all messages up to "mask product" and gives what is left to be zero, a linear form in
// the entries of X. Failure is the channel's verdict.
hiding::LinearForm reduce_opening(const OpeningParams& params, const OpeningStatement& statement,
                                  const OpeningRoots& roots, hiding::VerifierChannel& channel);

}  // namespace zkinfer::pcs
