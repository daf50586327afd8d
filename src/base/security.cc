// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/security.h"

#include <string>

namespace zkinfer {

Status Security::validate() const {
  if (bits < 1 || bits > kMaxBits)
    return invalid_argument("security of " + std::to_string(bits) + " bits, expected 1 to " + std::to_string(kMaxBits) +
                            " (a 32-byte digest gives no more)");
  if (pow_bits > kMaxPowBits)
    return invalid_argument("grinding of " + std::to_string(pow_bits) + " bits, expected 0 to " +
                            std::to_string(kMaxPowBits));
  if (pow_bits >= bits)
    return invalid_argument("grinding of " + std::to_string(pow_bits) + " bits, expected fewer than the " +
                            std::to_string(bits) + " bits of security that it is a part of");
  if (decoding != Decoding::kJohnson && decoding != Decoding::kUnique)
    return invalid_argument("security: unknown decoding " + std::to_string(static_cast<int>(decoding)) +
                            ", expected 0 (Johnson radius) or 1 (unique decoding)");
  if (profile > Profile::kSmall)
    return invalid_argument("security: unknown profile " + std::to_string(static_cast<int>(profile)) +
                            ", expected 0 (balanced), 1 (fast) or 2 (small)");
  return ok_status();
}

}  // namespace zkinfer
