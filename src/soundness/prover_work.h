// SPDX-License-Identifier: Apache-2.0
// What a committed code word costs the prover, for the parameter search to weigh against bytes.
#pragma once

#include <cstdint>

#include "commit/pcs/params.h"

namespace zkinfer::soundness {

// One permutation of Keccak, eight at a time (AVX-512), takes as long as the encoding of this many F-elements: 38 ns and 4.5 ns in bench/kernels.json.
inline constexpr double kElementsPerHash = 8.0;
// F-elements that one core encodes in a second, likewise.
inline constexpr double kElementsPerSecond = 2.2e8;

// Work of a code word of 2^log_domain rows, in encoded F-elements: the encoding itself, the leaves (absorbed 136 bytes at a
// time), and one node per leaf. Narrow rows are dear: four elements are encoded for two permutations.
double code_word_work(std::uint32_t log_domain, std::uint64_t elements_per_row);

// Of everything that one proof commits to: W, the folds, the mask.
double prover_work(const pcs::OpeningParams& params);

// F-elements that one proof commits to, likewise.
double committed_elements(const pcs::OpeningParams& params);

}  // namespace zkinfer::soundness
