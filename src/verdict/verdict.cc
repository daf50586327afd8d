// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/verdict.h"

namespace zkinfer {

std::string_view reject_reason_name(RejectReason reason) {
  switch (reason) {
    case RejectReason::kNone: return "accepted";
    case RejectReason::kBadHeader: return "bad header";
    case RejectReason::kWrongStatement: return "wrong statement";
    case RejectReason::kTruncated: return "truncated";
    case RejectReason::kTrailingBytes: return "trailing bytes";
    case RejectReason::kNonCanonical: return "non-canonical field element";
    case RejectReason::kBadPublicValue: return "bad public value";
    case RejectReason::kZeroDenominator: return "zero denominator";
    case RejectReason::kSumcheck: return "sumcheck";
    case RejectReason::kProofOfWork: return "proof of work";
    case RejectReason::kMerklePath: return "merkle path";
    case RejectReason::kOpening: return "opening";
    case RejectReason::kMaskCodeword: return "mask code word";
    case RejectReason::kFinalCheck: return "final check";
    case RejectReason::kUncertified: return "weights not certified";
    case RejectReason::kLink: return "link";
    case RejectReason::kOverLimit: return "over the limit";
  }
  return "unknown";
}

std::string Verdict::to_string() const {
  if (accepted()) return "accepted";
  return "rejected: " + std::string(reject_reason_name(reason)) + " at " + where;
}

}  // namespace zkinfer
