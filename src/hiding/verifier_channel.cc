// SPDX-License-Identifier: Apache-2.0
#include "hiding/verifier_channel.h"

namespace zkinfer::hiding {

void VerifierChannel::reject(RejectReason reason, const std::string& where) {
  if (!failed()) verdict_ = Verdict::reject(reason, part_.empty() ? where : part_ + ": " + where);
}

Fe VerifierChannel::receive_clear(const char* label) {
  Fe value;
  if (failed()) return value;
  for (Fp& limb : value.c) {
    const std::uint64_t x = reader_.u64();
    if (x >= Fp::kModulus) {
      reject(RejectReason::kNonCanonical, label);
    } else {
      limb = Fp(x);
    }
  }
  if (!reader_.ok()) reject(RejectReason::kTruncated, label);
  if (failed()) return {};
  transcript_.absorb_fe(label, value);
  return value;
}

LinearForm VerifierChannel::receive_hidden_at(const char* label, PadIndex pad) {
  return LinearForm::from_ciphertext(receive_clear(label), pad);
}

std::vector<Digest> VerifierChannel::receive_digests(const char* label, std::size_t count) {
  std::vector<Digest> digests(count);
  for (Digest& digest : digests) {
    const ByteView view = receive_raw(label, digest.size());
    if (failed()) return digests;
    std::copy(view.begin(), view.end(), digest.begin());
    transcript_.absorb_digest(label, digest);
  }
  return digests;
}

ByteView VerifierChannel::receive_raw(const char* label, std::size_t num_bytes) {
  const ByteView view = failed() ? ByteView() : reader_.raw(num_bytes);
  if (!reader_.ok()) reject(RejectReason::kTruncated, label);
  return view;
}

std::uint64_t VerifierChannel::receive_u64_raw(const char* label) {
  ByteReader reader(receive_raw(label, 8));
  return reader.u64();
}

void VerifierChannel::require_zero(const char* label, LinearForm form) {
  if (form.is_constant()) {
    if (!form.constant().is_zero()) reject(RejectReason::kSumcheck, label);
    return;
  }
  constraints_.push_back(std::move(form));
}

}  // namespace zkinfer::hiding
