// SPDX-License-Identifier: Apache-2.0
#include "prover/keystream.h"

#include <algorithm>

#include "base/parallel.h"
#include "hash/poseidon2.h"

namespace zkinfer::prover {

using poseidon2::kSboxes;
using poseidon2::kWidth;
using relations::EncryptionChunk;
using relations::KeystreamColumn;
using relations::kStreamNumbers;

namespace {

constexpr std::size_t kGrain = 64;  // blocks of a task
constexpr std::size_t kLimbs = 5, kLimbBytes = 6;

// But for the counter.
std::array<Fp, kWidth> start_state(const KeyShares& shares, std::uint64_t nonce) {
  std::array<Fp, kWidth> state;
  std::size_t at = 0;
  for (const KeyShare& share : shares) {
    for (std::size_t limb = 0; limb < kLimbs; ++limb) {
      std::uint64_t x = 0;
      for (std::size_t byte = kLimbBytes; byte-- > 0;) x = x << 8 | share[kLimbBytes * limb + byte];
      state[at++] = Fp(x);
    }
  }
  state[at] = Fp(nonce);
  return state;
}

EncryptionChunk whole_stream(std::uint64_t num_numbers, std::uint64_t nonce) {
  return {nonce, 0, (num_numbers + kStreamNumbers - 1) / kStreamNumbers};
}

}  // namespace

std::vector<Fp> keystream(const KeyShares& shares, const EncryptionChunk& chunk) {
  const std::array<Fp, kWidth> start = start_state(shares, chunk.nonce);
  std::vector<Fp> out(chunk.num_blocks * kStreamNumbers);
  parallel_for(chunk.num_blocks, kGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t t = begin; t < end; ++t) {
      std::array<Fp, kWidth> state = start;
      state.back() = Fp(chunk.first_block + t);
      poseidon2::permute(state);
      std::copy_n(state.begin(), kStreamNumbers, out.begin() + static_cast<std::ptrdiff_t>(t * kStreamNumbers));
    }
  });
  return out;
}

Bytes encrypt(const qir::QGraph& graph, const qir::WeightStore& weights, const KeyShares& shares, std::uint64_t nonce) {
  const qir::Packing packing = qir::packing_of(graph);
  std::vector<std::uint64_t> packed(packing.num_numbers, 0);
  for (const qir::PackedParam& param : packing.params) {
    const IntSpan& values = weights[param.id];
    qir::for_each_packed(param, [&](std::uint64_t element, std::uint64_t number, std::uint32_t part) {
      const std::int64_t x = element < values.size ? values[element] : 0;
      packed[param.first + number] |= static_cast<std::uint64_t>(x - param.base)
                                      << (part * static_cast<std::uint32_t>(param.bits));
    });
  }
  const std::vector<Fp> stream = keystream(shares, whole_stream(packing.num_numbers, nonce));
  ByteWriter out;
  for (std::size_t i = 0; i < packed.size(); ++i) out.u64((Fp(packed[i]) + stream[i]).v);
  return std::move(out).take();
}

Result<Bytes> decrypt(const qir::QGraph& graph, ByteView numbers, const KeyShares& shares, std::uint64_t nonce) {
  const qir::Packing packing = qir::packing_of(graph);
  const std::vector<Fp> stream = keystream(shares, whole_stream(packing.num_numbers, nonce));
  ByteReader reader(numbers);
  std::vector<std::uint64_t> packed(packing.num_numbers);
  for (std::size_t i = 0; i < packed.size(); ++i) packed[i] = (Fp(reader.u64()) - stream[i]).v;
  Bytes out;
  for (const qir::PackedParam& param : packing.params) {
    const qir::Value& value = graph.values[param.id];
    const auto wrong = [&](std::uint64_t number) {
      return corrupt(
          "parameter '" + value.name + "', number " + std::to_string(number) +
          " of the ciphertext: it is none of the parameter's once it is decrypted, so these are other key shares "
          "than it was made under, or it was changed");
    };
    const int used = param.bits * static_cast<int>(param.per_number);
    for (std::uint64_t i = 0; i < param.size; ++i) {
      if (packed[param.first + i] >> used != 0) return wrong(param.first + i);
    }
    const std::uint8_t width = int_width(value.lo, value.hi);
    const std::size_t begin = out.size();
    out.resize(begin + static_cast<std::size_t>(value.shape.num_elements()) * width);
    std::uint64_t bad = packing.num_numbers;
    qir::for_each_packed(param, [&](std::uint64_t element, std::uint64_t number, std::uint32_t part) {
      const std::uint64_t digit = packed[param.first + number] >> (part * static_cast<std::uint32_t>(param.bits)) &
                                  ((std::uint64_t{1} << param.bits) - 1);
      const std::int64_t x = static_cast<std::int64_t>(digit) + param.base;
      const bool is_behind = element == ~std::uint64_t{0};
      if (is_behind ? x != 0 : x < value.lo || x > value.hi) bad = std::min(bad, param.first + number);
      if (is_behind) return;
      for (std::uint8_t byte = 0; byte < width; ++byte)
        out[begin + element * width + byte] = static_cast<std::uint8_t>(x >> (8 * byte));
    });
    if (bad < packing.num_numbers) return wrong(bad);
  }
  return out;
}

KeystreamColumns keystream_columns(const KeyShares& shares, const EncryptionChunk& chunk) {
  const std::array<Fp, kWidth> start = start_state(shares, chunk.nonce);
  const std::size_t blocks = chunk.num_blocks;
  KeystreamColumns out;
  const auto column = [&](KeystreamColumn kind) -> FpVec& { return out.columns[static_cast<std::size_t>(kind)]; };
  for (FpVec& one : out.columns) one = FpVec(kSboxes * blocks, Contents::kUnset);
  column(KeystreamColumn::kStream) = FpVec(kStreamNumbers * blocks, Contents::kUnset);
  Fp* const stream = column(KeystreamColumn::kStream).data();
  Fp* const x_at = column(KeystreamColumn::kInput).data();
  Fp* const square_at = column(KeystreamColumn::kSquare).data();
  Fp* const cube_at = column(KeystreamColumn::kCube).data();
  Fp* const sixth_at = column(KeystreamColumn::kSixth).data();
  Fp* const y_at = column(KeystreamColumn::kOutput).data();
  parallel_for(blocks, kGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t t = begin; t < end; ++t) {
      std::array<Fp, kWidth> state = start;
      state.back() = Fp(chunk.first_block + t);
      poseidon2::permute(state, [&](std::size_t number, Fp x) {
        x += poseidon2::kRoundConstants[number];
        const Fp square = x * x, cube = square * x, sixth = cube * cube, y = sixth * x;
        const std::size_t at = number * blocks + t;
        x_at[at] = x;
        square_at[at] = square;
        cube_at[at] = cube;
        sixth_at[at] = sixth;
        y_at[at] = y;
        return y;
      });
      std::copy_n(state.begin(), kStreamNumbers, stream + t * kStreamNumbers);
    }
  });
  return out;
}

}  // namespace zkinfer::prover
