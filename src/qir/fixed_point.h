// SPDX-License-Identifier: Apache-2.0
// Exponentials, logarithms and units in 64-bit integers and products of two: the same on every machine, for tables that verifiers write themselves.
#pragma once

#include <cstdint>

#include "qir/qgraph.h"

namespace zkinfer::qir {

inline constexpr std::int64_t kLn2 = 2977044472;  // round(2^32 ln 2)

// floor(2^fraction_bits log2(x)) but for the last bits that 64-bit numbers have no place for; x > 0.
std::int64_t log2_of(std::uint64_t x, int fraction_bits);
// 2^bits exp(-x / 2^48), to the nearest, of x >= 0; bits <= 30.
std::int32_t exponential(std::uint64_t x, int bits);
// Is unit <= 2^exponent?
bool is_at_most(const Scale& unit, int exponent);
// The largest shift by which the unit stays at most 2^-steps; 0 where it is larger already.
int coarser(const Scale& unit, int steps);
// exp of differences 1 - 2^n .. 0 in steps of step / 2^48, each in 1/2^bits; as many as it takes until exp(-farthest), the first of which must be 0.
Table exponentials(std::int64_t step, std::int64_t farthest, int bits);
// 2^shift times the unit in 1/2^48, rounded down.
std::int64_t fixed(const Scale& unit, int shift);

}  // namespace zkinfer::qir
