// SPDX-License-Identifier: Apache-2.0
// The vector kernels of the NTT; see ntt.h for the method.
#pragma once

#include <cstddef>

#include "field/fp.h"

namespace zkinfer::poly {

// Splits a block of 2^log_rows rows of `width` values, contiguous, down to single rows: layer i has 2^i nodes, node k
// with constant c = twiddles[2^i - 1 + k] maps its halves (low, high) to (low + c high, low - c high).
void split_rows(Fp* data, int log_rows, std::size_t width, const Fp* twiddles);

// The same, log_rows >= 1, with row j of the input at from + j * from_stride and of the output at to + j * to_stride; `work`
// holds 2^log_rows * width values. The output may be the input, but not overlap it in another way.
void split_rows(const Fp* from, std::size_t from_stride, Fp* to, std::size_t to_stride, Fp* work, int log_rows,
                std::size_t width, const Fp* twiddles);

// The inverse up to a factor 2^log_rows: (low, high) to (low + high, c (low - high)), with the inverses as twiddles.
void join_rows(Fp* data, int log_rows, std::size_t width, const Fp* twiddles);

}  // namespace zkinfer::poly
