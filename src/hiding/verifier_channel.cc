// SPDX-License-Identifier: Apache-2.0
#include "hiding/verifier_channel.h"

#include "field/limbs.h"

namespace zkinfer::hiding {

void VerifierChannel::reject(RejectReason reason, const std::string& where) {
  if (!failed()) verdict_ = Verdict::reject(reason, part_.empty() ? where : part_ + ": " + where);
}

Fe VerifierChannel::receive_clear(const char* label) {
  Fe value;
  if (failed()) return value;
  ByteReader bytes(receive_raw(label, 8 * value.c.size()));
  if (!failed() && !read_limbs(bytes, value.c)) reject(RejectReason::kNonCanonical, label);
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
  const ByteView bytes = receive_raw(label, 8);
  return bytes.empty() ? 0 : load_big_endian(bytes.data());
}

void VerifierChannel::require_zero(const char* label, LinearForm form) {
  if (form.is_constant()) {
    if (!form.constant().is_zero()) reject(RejectReason::kSumcheck, label);
    return;
  }
  constraints_.push_back(std::move(form));
}

}  // namespace zkinfer::hiding
