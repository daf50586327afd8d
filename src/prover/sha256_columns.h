// SPDX-License-Identifier: Apache-2.0
// The witness columns of a SHA-256 circuit (relations/sha256.h).
#pragma once

#include "circuit/evaluate.h"
#include "relations/builder.h"

namespace zkinfer::prover {

// One column of the hash of these entries, each of entry_bytes bytes.
FpVec sha256_column(relations::Sha256Column column, const FpVec& entries, std::size_t entry_bytes);

}  // namespace zkinfer::prover
