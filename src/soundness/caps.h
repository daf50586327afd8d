// SPDX-License-Identifier: Apache-2.0
// Defaults of the parameter search: how large code words may become, and how many proofs a commitment serves. Caps bound memory and
// time whatever the search prefers; sizes are F-elements (8 bytes) of a code word.
#pragma once

#include <cstdint>

namespace zkinfer::soundness {

// 16 times the witness rounded up to a power of two (2^20, 2^24, 2^28 for 2^16, 2^20, 2^24), 2^16 at least.
std::uint64_t witness_cap(std::uint64_t witness_elements);

// Of M, which is committed once. By weights: 16 times their number rounded up, within 2^20 .. 2^27 (8 MiB .. 1 GiB); 4 times
// above 2^25. By budget, since B proofs need B t random coefficients per lane: 2^14 B up to 2^23, then 2^12 B up to 2^25
// (256 MiB, some 10,000 proofs). The larger of the two.
std::uint64_t model_cap(std::uint64_t model_elements, std::uint64_t budget);

// Of a tensor commitment: 64 times its entries rounded up, 2^18 at least; by budget 2^12 B up to 2^25.
std::uint64_t tensor_cap(std::uint64_t entries, std::uint64_t budget);

// Of g_1 (g_i: 2^-(i-1) of it). g_1 encodes v_1, the folds of all base oracles together, so its cap follows the length of v_1
// whichever oracle is the long one, and is no less than what W or M (up to 2^24) would be given. A proof about a key
// (certificate, rotation) is made once per commitment: bytes, which many verifiers load, count more than its code word.
std::uint64_t fold_cap(std::uint64_t witness_elements, std::uint64_t model_elements, std::uint64_t first_length,
                       bool key_proof);

// Eight times a cap, up to 2^23 elements (64 MiB), or the cap: where bytes and rows are dear.
std::uint64_t wider_cap(std::uint64_t cap);

// The budget of a new private model commitment: 256 below 2^18 weights, else 1,024.
std::uint64_t default_model_budget(std::uint64_t model_elements);

}  // namespace zkinfer::soundness
