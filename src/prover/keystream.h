// SPDX-License-Identifier: Apache-2.0
// Encrypting and decrypting a model's packed parameters (qir/packing.h) with the keystream of relations/encryption.h; no proofs here.
#pragma once

#include <array>

#include "circuit/evaluate.h"
#include "qir/packing.h"
#include "qir/weight_store.h"
#include "relations/encryption.h"

namespace zkinfer::prover {

// Secret. Whoever has both decrypts; of one alone nothing follows.
using KeyShare = std::array<std::uint8_t, qir::kShareBytes>;
using KeyShares = std::array<KeyShare, 2>;

// Elements of the stream of whole blocks. All cores.
std::vector<Fp> keystream(const KeyShares& shares, const relations::EncryptionChunk& chunk);

// The packed parameters, plus the stream: the bytes of verifier::SealedWeights::numbers.
Bytes encrypt(const qir::QGraph& graph, const qir::WeightStore& weights, const KeyShares& shares, std::uint64_t nonce);
// The weights again, as the section of a model file has them (package::parse_weights). corrupt, with the place, where the numbers are not those of
// parameters in their ranges: other shares, another sale, or a ciphertext that nobody checked. numbers: as many as the packing has.
Result<Bytes> decrypt(const qir::QGraph& graph, ByteView numbers, const KeyShares& shares, std::uint64_t nonce);

// Column `kind` of a chunk's circuit, for all of them at once.
struct KeystreamColumns {
  std::array<FpVec, 6> columns;  // by relations::KeystreamColumn
};
KeystreamColumns keystream_columns(const KeyShares& shares, const relations::EncryptionChunk& chunk);

}  // namespace zkinfer::prover
