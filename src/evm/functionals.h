// SPDX-License-Identifier: Apache-2.0
// The instructions of a verification program: what a machine without the circuit does to evaluate the constraints at the opening's
// point (argument::OpeningClaim::evaluate). A contract runs them; anybody can make them from the key.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "evm/program_writer.h"
#include "verifier/verify.h"

namespace zkinfer::evm {

// Where a program's inputs stand in the registers: behind the constants, one after another.
struct Inputs {
  Reg alpha, beta, gamma, delta;
  Reg leaf;  // point of the leaf claims, highest bit first
  Reg tau;
  Reg rounds;              // of the contractions' sumcheck
  Reg pads;                // weights of the pads
  Reg index;               // the opening's point: of the index of v_1, highest bit first
  std::vector<Reg> lanes;  // [base oracles]: weights of the oracle's lanes, with its scale
  Reg public_values;       // of all public tensors, row-major, one after another; in F
  std::size_t leaf_bits, tau_bits, num_rounds, index_bits, num_public_values, num_pads;
};

Inputs program_inputs(const verifier::PreparedKey& prepared, ProgramWriter& writer);
// Entries of all public tensors.
std::uint64_t num_public_values(const circuit::Circuit& circuit);

// prepared: one circuit, of one row. Results: mu as far as no message is in it, and the functionals' value. Constraint i has the weight delta^i, messages' own are left out, and
// pads come with their weights. unsupported: the circuit is too large.
Result<Bytes> functional_instructions(const verifier::PreparedKey& prepared);

}  // namespace zkinfer::evm
