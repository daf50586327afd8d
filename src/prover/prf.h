// SPDX-License-Identifier: Apache-2.0
// PrfStream: field elements from a keyed stream cipher (ChaCha20), uniform below p by rejection sampling.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "hiding/random.h"
#include "prover/cipher.h"

namespace zkinfer::prover {

class PrfStream final : public hiding::RandomSource {
 public:
  // Streams of different `stream` numbers are independent.
  PrfStream(const Digest& key, std::uint64_t stream);
  PrfStream(const PrfStream&) = delete;
  PrfStream& operator=(const PrfStream&) = delete;

  void fill(FpSpan out) override;

 private:
  std::uint64_t next_word();

  ChaCha20 cipher_;
  std::vector<std::uint64_t> words_;
  std::size_t next_;
};

// key = Keccak-256(domain, parts..), every part with its length.
Digest derive_key(std::string_view domain, std::initializer_list<ByteView> parts);

}  // namespace zkinfer::prover
