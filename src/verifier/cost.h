// SPDX-License-Identifier: Apache-2.0
// What verifying costs, counted from the key before it is spent: a key decides how much work its proofs are, and may come from
// anybody. Nothing in a proof adds to it. The count follows the verifier step by step (tests/soundness/verifier_cost_test.cc compares the
// two); its constants are measured.
#pragma once

#include "circuit/circuit.h"
#include "commit/pcs/params.h"
#include "statement/statement.h"
#include "zkinfer/verify_limits.h"

namespace zkinfer::verifier {

// Reading the key and checking one proof, public data included. Counting stops at the limits: a result above one of them says
// only that. The circuit need not be placed yet. num_rows: of the batch whose circuit it is. spent: what the count begins with.
VerifyCost count_cost(const statement::Key& key, const circuit::Circuit& circuit, const VerifyLimits& limits,
                      std::uint64_t num_rows = 1, const VerifyCost& spent = {});

// Reading a key of this size, which is before its content can say anything. resource_limit.
Status check_key_size(std::uint64_t num_bytes, const VerifyLimits& limits);

// Public numbers of eight bytes beside the proof: read, hashed, checked and evaluated. count: below 2^36, as files have.
inline VerifyCost number_cost(std::uint64_t count) { return {200 * count, 24 * count}; }

// resource_limit: what is needed and what is allowed.
Status check_cost(const VerifyCost& cost, const VerifyLimits& limits);

// sum, at most 2^62, grows by so many proofs of this cost, one checked after the other, and is held to the limits.
inline Status add_cost(VerifyCost& sum, const VerifyCost& one, std::uint64_t num_proofs, const VerifyLimits& limits) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 62;
  const bool fits = num_proofs == 0 || one.nanoseconds <= (kMost - sum.nanoseconds) / num_proofs;
  sum.nanoseconds = fits ? sum.nanoseconds + one.nanoseconds * num_proofs : kMost;
  return check_cost({sum.nanoseconds, one.memory_bytes}, limits);
}

}  // namespace zkinfer::verifier
