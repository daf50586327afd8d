// SPDX-License-Identifier: Apache-2.0
#include "poly/ntt.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "base/parallel.h"
#include "field/vec.h"
#include "poly/ntt_kernels.h"

namespace zkinfer::poly {
namespace {

// A block of values that stays in the first-level cache with its copy.
constexpr std::size_t kBlockValues = std::size_t{1} << 11;
// Most layers of one strided pass, and the values of each row that it takes at a time.
constexpr int kMaxPassLayers = 5;

int log2_exact(std::size_t x) {
  ZKI_CHECK(std::has_single_bit(x), "an NTT size must be a power of two");
  return std::countr_zero(x);
}

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

// The transform of one matrix. A node (depth, index) stands for the 2^(log_n - depth) rows from
// index * 2^(log_n - depth) on, and for a polynomial modulo x^(rows) - c(depth, index).
class Transform {
 public:
  Transform(FpSpan matrix, std::size_t num_lanes, int log_n, Fp shift)
      : data_(matrix.data()), num_lanes_(num_lanes), log_n_(log_n), twiddles_(bit_reversed_twiddles(log_n)) {
    // A child at depth d splits at shift^(N / 2^d) w_(2^d)^reverse.
    shifts_.resize(static_cast<std::size_t>(log_n) + 1);
    Fp power = shift;
    for (int depth = log_n; depth >= 0; --depth, power *= power) shifts_[static_cast<std::size_t>(depth)] = power;
    // At least eight values a row and tile, or the strided passes would not vectorize.
    const std::size_t leaf_rows = std::max<std::size_t>(kBlockValues / num_lanes, 8);
    leaf_layers_ = static_cast<int>(std::bit_width(leaf_rows)) - 1;
  }

  // Rows [0, 2^log_dim) hold coefficients; fills all rows.
  void encode(int log_dim) {
    const int top_depth = log_n_ - log_dim;
    const std::size_t num_copies = std::size_t{1} << top_depth;
    const int pass_layers = layers_of_pass(log_dim);
    if (pass_layers == 0) {
      // Everything below is one leaf; node 0 holds the source and comes last.
      const std::size_t num_values = num_lanes_ << log_dim;
      parallel_for(num_copies - 1, grain(num_values), [&](std::size_t begin, std::size_t end) {
        for (std::size_t copy = begin + 1; copy <= end; ++copy) {
          std::memcpy(static_cast<void*>(data_ + copy * num_values), data_, num_values * sizeof(Fp));
          finish(top_depth, copy);
        }
      });
      finish(top_depth, 0);
      return;
    }
    // First pass: all copies of one tile before the next, so that the source is read once.
    const std::size_t num_twiddles = (std::size_t{1} << pass_layers) - 1;
    FpVec twiddles(num_copies * num_twiddles);
    for (std::size_t copy = 0; copy < num_copies; ++copy) {
      node_twiddles(top_depth, copy, pass_layers, twiddles.data() + copy * num_twiddles);
    }
    const std::size_t stride = num_lanes_ << (log_dim - pass_layers);
    const std::size_t tile = tile_values(pass_layers);
    parallel_for((stride + tile - 1) / tile, 1, [&](std::size_t begin, std::size_t end) {
      FpVec source(tile << pass_layers), work(tile << pass_layers);
      for (std::size_t i = begin; i < end; ++i) {
        const std::size_t width = std::min(tile, stride - i * tile);
        Fp* column = data_ + i * tile;
        if (num_copies == 1) {
          split_rows(column, stride, column, stride, work.data(), pass_layers, width, twiddles.data());
          continue;
        }
        // Rows a power of two apart fall into the same cache sets, so the source is read once.
        gather(column, stride, pass_layers, width, source.data());
        for (std::size_t copy = 0; copy < num_copies; ++copy) {
          split_rows(source.data(), width, column + copy * (num_lanes_ << log_dim), stride, work.data(), pass_layers,
                     width, twiddles.data() + copy * num_twiddles);
        }
      }
    });
    const std::size_t num_nodes = num_copies << pass_layers;
    parallel_for(num_nodes, grain(stride), [&](std::size_t begin, std::size_t end) {
      for (std::size_t node = begin; node < end; ++node) finish(top_depth + pass_layers, node);
    });
  }

 private:
  static std::size_t grain(std::size_t num_values) {
    return std::max<std::size_t>(1, (std::size_t{1} << 15) / std::max<std::size_t>(num_values, 1));
  }
  std::size_t tile_values(int pass_layers) const { return kBlockValues >> pass_layers << 1; }

  // How many layers the next strided pass over a node of 2^log_rows rows takes; 0 when a leaf pass does the rest.
  int layers_of_pass(int log_rows) const {
    const int above_leaf = log_rows - leaf_layers_;
    if (above_leaf <= 0) return 0;
    const int num_passes = (above_leaf + kMaxPassLayers - 1) / kMaxPassLayers;
    return (above_leaf + num_passes - 1) / num_passes;
  }

  // The constants of `layers` layers below a node, layer i at offset 2^i - 1.
  void node_twiddles(int depth, std::size_t index, int layers, Fp* out) const {
    for (int i = 0; i < layers; ++i) {
      const std::size_t count = std::size_t{1} << i;
      vec::scale(shifts_[static_cast<std::size_t>(depth + i + 1)], twiddles_.span().subspan(index << i, count),
                 FpSpan(out + count - 1, count));
    }
  }

  static void gather(const Fp* from, std::size_t stride, int layers, std::size_t width, Fp* out) {
    for (std::size_t row = 0; row < std::size_t{1} << layers; ++row) {
      std::memcpy(static_cast<void*>(out + row * width), from + row * stride, width * sizeof(Fp));
    }
  }
  // All layers below a node, depth first.
  void finish(int depth, std::size_t index) {
    const int log_rows = log_n_ - depth;
    Fp* block = data_ + (index * num_lanes_ << log_rows);
    const int pass_layers = layers_of_pass(log_rows);
    const int layers = pass_layers == 0 ? log_rows : pass_layers;
    FpVec twiddles((std::size_t{1} << layers) - 1);
    node_twiddles(depth, index, layers, twiddles.data());
    if (pass_layers == 0) {
      split_rows(block, log_rows, num_lanes_, twiddles.data());
      return;
    }
    const std::size_t stride = num_lanes_ << (log_rows - pass_layers);
    const std::size_t tile = tile_values(pass_layers);
    FpVec work(tile << pass_layers);
    for (std::size_t begin = 0; begin < stride; begin += tile) {
      const std::size_t width = std::min(tile, stride - begin);
      split_rows(block + begin, stride, block + begin, stride, work.data(), pass_layers, width, twiddles.data());
    }
    for (std::size_t child = 0; child < std::size_t{1} << pass_layers; ++child) {
      finish(depth + pass_layers, (index << pass_layers) + child);
    }
  }

  Fp* data_;
  std::size_t num_lanes_;
  int log_n_;
  int leaf_layers_;
  FpVec twiddles_;
  std::vector<Fp> shifts_;
};

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
  if (num_lanes == 0) return;
  const std::size_t padded_dim = std::bit_ceil(std::max<std::size_t>(dim, 1));
  const FpSpan padding = matrix.subspan(dim * num_lanes, (padded_dim - dim) * num_lanes);
  if (!padding.empty()) std::memset(static_cast<void*>(padding.data()), 0, padding.size_bytes());
  Transform(matrix, num_lanes, log_n, shift).encode(log2_exact(padded_dim));
}

void decode_rows(FpSpan matrix, std::size_t num_lanes, int log_n, Fp shift) {
  ZKI_CHECK(log_n >= 0 && log_n <= Fp::kTwoAdicity, "NTT size");
  const std::size_t num_rows = std::size_t{1} << log_n;
  ZKI_CHECK_EQ(matrix.size(), num_rows * num_lanes, "NTT matrix");
  // Layer by layer from the single rows up: node k of the layer with 2^layer nodes takes 1 / c.
  FpVec inverses = bit_reversed_twiddles(log_n);
  vec::batch_inverse(inverses.span());
  const Fp inverse_shift = inverse(shift);
  for (int layer = log_n - 1; layer >= 0; --layer) {
    const std::size_t half_values = num_lanes * (num_rows >> (layer + 1));
    const Fp layer_shift = pow(inverse_shift, num_rows >> (layer + 1));
    parallel_for(std::size_t{1} << layer, (std::size_t{1} << 15) / std::max<std::size_t>(half_values, 1) + 1,
                 [&](std::size_t begin, std::size_t end) {
                   for (std::size_t node = begin; node < end; ++node) {
                     const Fp c = layer_shift * inverses[node];
                     join_rows(matrix.data() + 2 * node * half_values, 1, half_values, &c);
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
