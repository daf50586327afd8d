// SPDX-License-Identifier: Apache-2.0
#include "poly/ntt.h"

#include <bit>

#include "base/check.h"
#include "base/parallel.h"
#include "field/vec.h"

namespace zkinfer::poly {
namespace {

// twiddles[k] = w_(2^log_n)^(reverse of k in log_n - 1 bits): the same prefix serves every layer.
FpVec bit_reversed_twiddles(int log_n) {
  FpVec twiddles(log_n == 0 ? 1 : std::size_t{1} << (log_n - 1));
  twiddles[0] = Fp(1);
  int layer = 2;
  for (std::size_t done = 1; done < twiddles.size(); done *= 2, ++layer) {
    vec::scale(root_of_unity(layer), twiddles.span().subspan(0, done), twiddles.span().subspan(done, done));
  }
  return twiddles;
}

int log2_exact(std::size_t x) {
  ZKI_CHECK(std::has_single_bit(x), "an NTT size must be a power of two");
  return std::countr_zero(x);
}

}  // namespace

std::size_t reverse_bits(std::size_t x, int num_bits) {
  std::size_t reversed = 0;
  for (int i = 0; i < num_bits; ++i) reversed |= (x >> i & 1) << (num_bits - 1 - i);
  return reversed;
}

Fp domain_point(std::size_t row, int log_n, Fp shift) {
  return shift * pow(root_of_unity(log_n), reverse_bits(row, log_n));
}

void encode_rows(FpSpan matrix, std::size_t num_lanes, int log_n, std::size_t dim, Fp shift) {
  ZKI_CHECK(log_n >= 0 && log_n <= Fp::kTwoAdicity, "NTT size");
  const std::size_t num_rows = std::size_t{1} << log_n;
  ZKI_CHECK_EQ(matrix.size(), num_rows * num_lanes, "NTT matrix");
  ZKI_CHECK(dim <= num_rows, "more coefficients than points");
  for (Fp& x : matrix.subspan(dim * num_lanes)) x = Fp();
  const FpVec twiddles = bit_reversed_twiddles(log_n);
  for (int layer = 0; layer < log_n; ++layer) {
    const std::size_t half = num_rows >> (layer + 1);
    const Fp layer_shift = pow(shift, half);
    parallel_for(std::size_t{1} << layer, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t block = begin; block < end; ++block) {
        const Fp c = layer_shift * twiddles[block];
        Fp* low = matrix.data() + 2 * block * half * num_lanes;
        Fp* high = low + half * num_lanes;
        for (std::size_t i = 0; i < half * num_lanes; ++i) {
          const Fp turned = c * high[i];
          high[i] = low[i] - turned;
          low[i] += turned;
        }
      }
    });
  }
}

void decode_rows(FpSpan matrix, std::size_t num_lanes, int log_n, Fp shift) {
  ZKI_CHECK(log_n >= 0 && log_n <= Fp::kTwoAdicity, "NTT size");
  const std::size_t num_rows = std::size_t{1} << log_n;
  ZKI_CHECK_EQ(matrix.size(), num_rows * num_lanes, "NTT matrix");
  FpVec twiddles = bit_reversed_twiddles(log_n);
  vec::batch_inverse(twiddles.span());
  const Fp inverse_shift = inverse(shift);
  for (int layer = log_n - 1; layer >= 0; --layer) {
    const std::size_t half = num_rows >> (layer + 1);
    const Fp layer_shift = pow(inverse_shift, half);
    parallel_for(std::size_t{1} << layer, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t block = begin; block < end; ++block) {
        const FpSpan low = matrix.subspan(2 * block * half * num_lanes, half * num_lanes);
        const FpSpan high = matrix.subspan((2 * block + 1) * half * num_lanes, half * num_lanes);
        const Fp c = layer_shift * twiddles[block];
        for (std::size_t i = 0; i < low.size(); ++i) {
          const Fp difference = low[i] - high[i];
          low[i] += high[i];
          high[i] = c * difference;
        }
      }
    });
  }
  const Fp scale = inverse(Fp(num_rows));
  parallel_for(matrix.size(), std::size_t{1} << 16, [&](std::size_t begin, std::size_t end) {
    const FpSpan part = matrix.subspan(begin, end - begin);
    vec::scale(scale, part, part);
  });
}

void ntt_coset(FpSpan values, Fp shift) { encode_rows(values, 1, log2_exact(values.size()), values.size(), shift); }

void intt_coset(FpSpan values, Fp shift) { decode_rows(values, 1, log2_exact(values.size()), shift); }

}  // namespace zkinfer::poly
