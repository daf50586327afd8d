// SPDX-License-Identifier: Apache-2.0
#include "hiding/prover_channel.h"

#include <array>

#include "field/limbs.h"

namespace zkinfer::hiding {

void ProverChannel::send_hidden_at(const char* label, const Fe& value, PadIndex pad) {
  if (pad == kNoPad) return send_clear(label, value);
  ZKI_CHECK(pad < pad_values_.size(), "a pad exists for every hidden message");
  send_clear(label, value + pad_values_[pad]);
}

std::pair<PadIndex, PadIndex> ProverChannel::send_product(const char* label_u, const Fe& u, const char* label_v,
                                                          const Fe& v) {
  const std::size_t row = pads_.triple();
  send_hidden_at(label_u, u, pads_.a(row));
  send_hidden_at(label_v, v, pads_.b(row));
  return {pads_.a(row), pads_.b(row)};
}

void ProverChannel::send_u64_raw(std::uint64_t x) {
  std::array<std::uint8_t, 8> bytes;
  store_big_endian(x, bytes.data());
  proof_.raw(bytes);
}

void ProverChannel::send_clear(const char* label, const Fe& value) {
  Fe sent = value;
  if (message_hook_) message_hook_(num_messages_++, label, sent);
  proof_.raw(limb_bytes(sent.c));
  transcript_.absorb_fe(label, sent);
}

void ProverChannel::send_digests(const char* label, std::span<const Digest> digests) {
  for (const Digest& digest : digests) {
    proof_.raw(digest);
    transcript_.absorb_digest(label, digest);
  }
}

}  // namespace zkinfer::hiding
