// SPDX-License-Identifier: Apache-2.0
// The randomness that a platform gives: OpenSSL's where there is a system (openssl_cipher.cc), ours with bytes of the host in WebAssembly
// (host_cipher.cc). Both give the same key stream.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "zkinfer/status.h"

namespace zkinfer::prover {

// Key stream of ChaCha20 (RFC 8439, with the original 64-bit block counter, from zero, before a 64-bit nonce).
class ChaCha20 {
 public:
  ChaCha20(const Digest& key, std::uint64_t nonce);
  ~ChaCha20();
  ChaCha20(const ChaCha20&) = delete;
  ChaCha20& operator=(const ChaCha20&) = delete;

  // The next 8 * words.size() bytes, least significant byte of a word first; a multiple of 64 bytes.
  void next(std::span<std::uint64_t> words);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// 32 bytes from the system's generator. kIo if it has none to give.
Result<Digest> random_seed();

}  // namespace zkinfer::prover
