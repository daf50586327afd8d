// SPDX-License-Identifier: Apache-2.0
// PrfStream: field elements from a keyed stream cipher (ChaCha20 of OpenSSL), uniform below p by rejection sampling; and
// seeds from the operating system (RAND_bytes).
#pragma once

#include <memory>

#include "base/bytes.h"
#include "hiding/random.h"
#include "zkinfer/status.h"

namespace zkinfer::prover {

class PrfStream final : public hiding::RandomSource {
 public:
  // Streams of different `stream` numbers are independent.
  PrfStream(const Digest& key, std::uint64_t stream);
  ~PrfStream() override;
  PrfStream(const PrfStream&) = delete;
  PrfStream& operator=(const PrfStream&) = delete;

  void fill(FpSpan out) override;

 private:
  std::uint64_t next_word();

  struct Cipher;
  std::unique_ptr<Cipher> cipher_;
};

// 32 bytes from the operating system's generator. kIo if it has none to give.
Result<Digest> random_seed();

// key = Keccak-256(domain, parts..), every part with its length.
Digest derive_key(std::string_view domain, std::initializer_list<ByteView> parts);

}  // namespace zkinfer::prover
