// SPDX-License-Identifier: Apache-2.0
// What a contract pays for checking an opening besides its bytes, for the parameter search to weigh against them: in bytes of
// calldata, which are 16 gas each. Measured with contracts/tests/gas.js on proofs of digits and the MNIST CNN; a few per cent of
// one term change no choice.
#pragma once

#include <cstdint>

#include "commit/pcs/params.h"

namespace zkinfer::soundness {

// Rows of an oracle, of elements of F (bases) or of K (folds): their fold, points, hashes, and what they add to the claim.
double contract_rows(const pcs::CodeParams& oracle, bool is_base);

// Of a lane of M or W: a column is cut in more blocks where rows are few, and each block costs the functionals.
double contract_lanes(const pcs::CodeParams& oracle);

// Rows of X, each a polynomial as long as X*.
double contract_mask(const pcs::CodeParams& mask);

// An entry of the final vector, without what it costs the rows of X.
double contract_final(std::uint64_t entries);

// All of it.
double contract_price(const pcs::OpeningParams& params);

}  // namespace zkinfer::soundness
