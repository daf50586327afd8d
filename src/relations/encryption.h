// SPDX-License-Identifier: Apache-2.0
// The encryption of a model's parameters as columns and relations: public numbers are the packed parameters (qir/packing.h), each plus a number of
// a keystream, whose key is the preimage of two public SHA-256 digests. A chunk is a run of the stream's blocks.
//
// Block t of the stream is the first 8 of 12 elements of the Poseidon2 permutation (hash/poseidon2.h) of
//     (five limbs of share 1, five limbs of share 2, nonce, t)
// where limb l of a share of 30 bytes is the number of its bytes 6 l .. 6 l + 5, little-endian: below 2^48, so that no two keys are one.
//
// Columns, T blocks in the chunk, S = 118 S-boxes of a permutation:
//   key share 1, key share 2 [30]     the bytes
//   counter [T]
//   x, x^2, x^3, x^6, y [S, T]        of every S-box its input, powers of that, and y = x^7
//   stream [8 T]
// Relations:
//   counter - t - first block = 0                                                 an equality
//   x_s - c_s = sum_k L[s, k] in_k,  k over y of all S-boxes, ten limbs and the counter       a contraction: L is what the linear
//   stream_(8 t + o) - c'_o = sum_k L'[o, k] in_k                                 layers between S-boxes come to, c the constants with the nonce
//   x^2 = x x, x^3 = x^2 x, x^6 = x^3 x^3, y = x^6 x                              four contractions
//   packed parameters + stream = ciphertext                                       public tensors
//   sha256(share) = digest                                                        relations/sha256.h, which also ties every entry to eight bits
//
// Uniqueness: L[s, k] is 0 for every S-box k from s on, so that from key, nonce and counter x_0 follows, from it y_0, then x_1 and so on: every
// column has one value. The shares' bytes are those whose bits the hash relation has, in [0, 255]. So a number of the ciphertext less
// that of the stream is the packed number, an element of F; where every parameter is in its declared range, as the certificate shows, it is an
// integer below 2^63 < p, whose digits are the parameters.
//
// Cost: 599 elements of W a block of 8 numbers; the hashes 17,400 and 4,608 rows of tables in every chunk. No lookups else.
#pragma once

#include "relations/builder.h"

namespace zkinfer::relations {

inline constexpr std::uint64_t kStreamNumbers = 8;  // of a block

struct EncryptionChunk {
  std::uint64_t nonce = 0;                        // below 2^56
  std::uint64_t first_block = 0, num_blocks = 1;  // at least one number of the packing is in each
};

// The numbers of the packing that the chunk has.
struct NumberRange {
  std::uint64_t begin = 0, end = 0;
};
NumberRange numbers_of(const EncryptionChunk& chunk, std::uint64_t num_numbers);
// How many numbers each of its public tensors has, in order: the ciphertext's; two digests of eight words follow them.
std::vector<std::uint64_t> encrypted_sizes(const qir::QGraph& graph, const EncryptionChunk& chunk);

}  // namespace zkinfer::relations
