// SPDX-License-Identifier: Apache-2.0
// What a key promises and a proof is made of, for people to read. No verdict needs it: a component of its own.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "zkinfer/bytes.h"
#include "zkinfer/verify.h"

namespace zkinfer {

// Every soundness error term of a key with its bits, for people or as JSON.
std::string soundness_text(const VerificationKey& key);
std::string soundness_json(const VerificationKey& key);

// Byte counts of a proof by protocol part, in order (also for rejected proofs, up to the failure).
std::vector<std::pair<std::string, std::size_t>> proof_size_table(const VerificationKey& key, ByteView proof);

// What a reader should ask about before trusting the structure: inputs that can be one number only, numbers beyond what data
// are, tables that forget their argument, outputs that no input or no parameter reaches. Sentences; empty for most models.
std::vector<std::string> structure_warnings(const VerificationKey& key);

// What a path says of itself, checked against no key.
struct PathOutline {
  Digest root_identity{};
  std::size_t num_steps = 0;        // keys below the root
  std::size_t num_commitments = 1;  // of each of these: of a model that is cut, one of each segment with weights
};
// corrupt: it is not whole.
Result<PathOutline> outline_of_path(ByteView path);

}  // namespace zkinfer
