// SPDX-License-Identifier: Apache-2.0
// The handles of component verify, shared by the files of the C interface.
#pragma once

#include "api/c_support.h"
#include "zkinfer/verify.h"

struct zkinfer_key {
  zkinfer::VerificationKey key;
  zkinfer::CheckedWeights weights;
};
struct zkinfer_statement {
  zkinfer::VerifyBatchResult result;  // of a proof: one row
  bool is_batch = false;
  std::uint64_t seat = 0, num_seats = 0;           // of a joint proof
  std::vector<zkinfer::Digest> commitment_ids[2];  // by side, of committed tensors; zeros otherwise
};

namespace zkinfer::c {

inline zkinfer_verdict told(const Verdict& verdict, zkinfer_error* error) {
  if (verdict.accepted()) {
    write_text(error, "");
    return ZKINFER_ACCEPTED;
  }
  // Who gives no certificate has not asked enough to be answered.
  if (verdict.reason == RejectReason::kUncertified) {
    report(invalid_argument(verdict.where), error);
    return ZKINFER_NOT_VERIFIED;
  }
  write_text(error, verdict.to_string(), static_cast<int>(verdict.reason));
  return verdict.reason == RejectReason::kOverLimit ? ZKINFER_NOT_VERIFIED : ZKINFER_REJECTED;
}

// What the options say; of the key's weights what it knows.
Result<VerifyRequest> request_of(const zkinfer_key& key, const zkinfer_verify_options* given);

// f() -> Result<Verdict>, whatever happens in it.
template <class F>
zkinfer_verdict verdict_of(zkinfer_error* error, F&& f) {
  Verdict verdict;
  const zkinfer_code code = guarded(error, [&]() -> Status {
    ZKI_ASSIGN_OR_RETURN(verdict, f());
    return {};
  });
  return code == ZKINFER_OK ? told(verdict, error) : ZKINFER_NOT_VERIFIED;
}

}  // namespace zkinfer::c
