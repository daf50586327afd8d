// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "hash/keccak.h"

namespace zkinfer {

void keccak256_many(ByteView prefix, ByteView messages, std::size_t message_bytes, std::size_t stride,
                    std::span<Digest> out) {
  if (out.empty()) return;
  ZKI_CHECK(prefix.size() < Keccak256::kRateBytes, "keccak256_many: prefix too long");
  ZKI_CHECK(messages.size() >= (out.size() - 1) * stride + message_bytes, "keccak256_many: messages too short");
  for (std::size_t i = 0; i < out.size(); ++i) {
    Keccak256 hash;
    hash.update(prefix);
    hash.update(messages.subspan(i * stride, message_bytes));
    out[i] = hash.finish();
  }
}

}  // namespace zkinfer
