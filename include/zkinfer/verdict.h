// SPDX-License-Identifier: Apache-2.0
// Verdict: the third kind of error. A proof is accepted, or rejected for one reason at one place. The verifier is total:
// any byte string gives a verdict.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace zkinfer {

enum class RejectReason : std::uint8_t {
  kNone = 0,         // accepted
  kBadHeader,        // magic, version or flags of the proof
  kWrongStatement,   // the proof was made for other parameters, another circuit or another model
  kTruncated,        // the proof ends before the message at `where`
  kTrailingBytes,    // bytes after the last message
  kNonCanonical,     // a field element >= p
  kBadPublicValue,   // a public input or output outside its declared range
  kZeroDenominator,  // q_root of the lookup argument is zero
  kSumcheck,         // a round or final check in clear fails (only where zero knowledge is off)
  kProofOfWork,      // a nonce does not reach its difficulty
  kMerklePath,       // an opened leaf does not hash to its root
  kOpening,          // the opening's final linear check on the mask oracle fails
  kMaskCodeword,     // an opened position of the mask oracle differs from the encoding of the sent vector
  kFinalCheck,       // the last folded vector disagrees with the claim (only where zero knowledge is off)
  kUncertified,      // nothing shows that the weights are integers in their ranges, and the caller did not say so
  kLink,             // the output of one proof is not the input of the next one
  kOverLimit,        // checking it takes more than the caller's VerifyLimits: nothing is known of it
};

std::string_view reject_reason_name(RejectReason reason);

struct [[nodiscard]] Verdict {
  RejectReason reason = RejectReason::kNone;
  std::string where;  // the part of the protocol and the message: "opening, fold 2: fold rows"; empty when accepted

  bool accepted() const { return reason == RejectReason::kNone; }
  static Verdict accept() { return {}; }
  static Verdict reject(RejectReason reason, std::string where) { return {reason, std::move(where)}; }
  std::string to_string() const;
};

}  // namespace zkinfer
