// SPDX-License-Identifier: Apache-2.0
// Checks an opening. See commit/pcs/opening.h for the messages. Total: any byte string gives a verdict, and all work and
// memory are bounded by the parameters and the claim. The claim is evaluated last, so that only bytes that are in order in
// every other way cost more than reading them.
//
// Reject reasons: kTruncated, kTrailingBytes, kNonCanonical; kProofOfWork; kMerklePath; kOpening and kMaskCodeword (with
// zero knowledge), kFinalCheck (without).
// Soundness: acceptance shows the claim for the code words nearest to the roots, up to soundness/'s error bound; that
// the caller's transcript binds the statement is the caller's part.
#pragma once

#include "commit/pcs/opening.h"
#include "hiding/verifier_channel.h"

namespace zkinfer::pcs {

// A base oracle at the opening's challenges: where it begins in v_1, and the weights of its lanes.
struct BasePoint {
  std::uint64_t offset;
  std::vector<Fe> lane_weights;
};

// What the opening must show. The caller's transcript has absorbed the parameters, the roots, and all that the claim depends
// on.
class OpeningClaim {
 public:
  virtual ~OpeningClaim() = default;
  // [bases], in the order of OpeningParams::bases().
  virtual const std::vector<std::vector<PowerFunctional>>& powers() const = 0;

  // mu, and the functionals on message rows at a point of v_1's index, point[0] for the lowest bit:
  //   value = sum_o sum_lane lane_weights_o[lane] sum_row eq(point, offset_o + row) U_o[lane][row].
  struct Value {
    Fe mu, value;
  };
  // May be much work: called at most once, when all messages have been read and nothing else is left to check.
  virtual Value evaluate(const std::vector<BasePoint>& bases, const std::vector<Fe>& point) const = 0;
};

// params valid (validate()). proof: exactly the opening's bytes.
Verdict verify_opening(const OpeningParams& params, const OpeningClaim& claim, const OpeningRoots& roots,
                       ByteView proof, Transcript& transcript);

// Its part before the mask: reads all messages up to "mask product" and gives what is left to be zero, a linear form in
// the entries of X. Failure is the channel's verdict.
hiding::LinearForm reduce_opening(const OpeningParams& params, const OpeningClaim& claim, const OpeningRoots& roots,
                                  hiding::VerifierChannel& channel);

}  // namespace zkinfer::pcs
