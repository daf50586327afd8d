// SPDX-License-Identifier: Apache-2.0
// The model again, from sealed weights (sealed.h) and both shares of the key.
#pragma once

#include "zkinfer/model.h"
#include "zkinfer/sealed.h"

namespace zkinfer {

// For sealed weights that verify_sealed accepted: the structure is the key's, the weights are the ciphertext's. What only the model's owner knew is not
// there: report, preprocessing, what the compiler noted. invalid_argument: a share is missing, or is not the one of the digests; another key's
// ciphertext. corrupt, with the place: bytes that are no sealed weights, and numbers that are no weights in their ranges.
Result<Model> unseal(const VerificationKey& key, ByteView sealed, const KeyShares& shares);

}  // namespace zkinfer
