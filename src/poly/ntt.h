// SPDX-License-Identifier: Apache-2.0
// Reed-Solomon encoding by number-theoretic transforms: many polynomials ("lanes") at once, one row per point.
//
// Relation: with N = 2^log_n, w = root_of_unity(log_n) and the matrix A [N, lanes], row-major, on entry
//   rows j < dim of A hold coefficient j of every lane (rows >= dim are ignored),
// and on return row i holds every lane's value at
//   domain_point(i) = shift * w^(reverse(i)),   reverse = reversal of log_n bits.
// So block b of the 2^-k N first rows is again such a domain (of x^(2^k)'s fibres), and row i of a code of rate 2^-r
// comes from the coset number i >> (log_n - r).
// An element of K is three lanes (c[0], c[1], c[2]): the map is F-linear.
//
// Method: polynomial f mod (x^2h - c^2) splits into f mod (x^h - c) and f mod (x^h + c); c is constant over a block, so a
// butterfly works on contiguous memory. While the upper half is zero a split is a copy. Layers are grouped so that one
// pass over memory does several.
// Cost: N log2(dim) lanes / 2 butterflies.
#pragma once

#include <cstddef>

#include "field/buffer.h"
#include "field/fp.h"

namespace zkinfer::poly {

// Keeps 0 and all subgroups of order 2^k out of the domain, as 7 generates F*.
inline constexpr Fp kDefaultShift{7};

// matrix.size() = num_lanes << log_n; 0 <= log_n <= 32; dim <= 2^log_n. Uses all cores.
void encode_rows(FpSpan matrix, std::size_t num_lanes, int log_n, std::size_t dim, Fp shift = kDefaultShift);

// The inverse map: all 2^log_n coefficients of every lane from the values, natural order.
void decode_rows(FpSpan matrix, std::size_t num_lanes, int log_n, Fp shift = kDefaultShift);

// One lane, in place: size a power of two.
void ntt_coset(FpSpan values, Fp shift = kDefaultShift);
void intt_coset(FpSpan values, Fp shift = kDefaultShift);

// The point of row `row`, row < 2^log_n.
Fp domain_point(std::size_t row, int log_n, Fp shift = kDefaultShift);

// Reversal of the low num_bits bits of x.
std::size_t reverse_bits(std::size_t x, int num_bits);

}  // namespace zkinfer::poly
