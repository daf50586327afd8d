// SPDX-License-Identifier: Apache-2.0
// The verification program: what the contracts need to know of a key, as one flat string of 32-byte words
// (docs/formats/program.md).
#pragma once

#include "base/bytes.h"
#include "verifier/verify.h"
#include "zkinfer/status.h"

namespace zkinfer::evm {

// invalid_argument: a key that the contracts do not verify (cut in segments, without zero knowledge, or of sizes that no
// transaction could check).
Result<Bytes> program_bytes(const verifier::PreparedKey& prepared);

}  // namespace zkinfer::evm
