// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/check.h"
#include "prover/cipher.h"

namespace zkinfer::prover {

struct ChaCha20::State {
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  ~State() { EVP_CIPHER_CTX_free(context); }
};

ChaCha20::ChaCha20(const Digest& key, std::uint64_t nonce) : state_(std::make_unique<State>()) {
  // 16 bytes: the block counter, then the nonce.
  std::array<std::uint8_t, 16> iv{};
  for (std::size_t i = 0; i < 8; ++i) iv[8 + i] = static_cast<std::uint8_t>(nonce >> (8 * i));
  const bool ready = state_->context != nullptr &&
                     EVP_EncryptInit_ex(state_->context, EVP_chacha20(), nullptr, key.data(), iv.data()) == 1;
  ZKI_CHECK(ready, "OpenSSL provides ChaCha20");
}

ChaCha20::~ChaCha20() = default;

void ChaCha20::next(std::span<std::uint64_t> words) {
  std::ranges::fill(words, 0);
  auto* bytes = reinterpret_cast<std::uint8_t*>(words.data());
  const int size = static_cast<int>(words.size_bytes());
  int written = 0;
  const int ok = EVP_EncryptUpdate(state_->context, bytes, &written, bytes, size);
  ZKI_CHECK(ok == 1 && written == size, "ChaCha20 gives as many bytes as asked for");
}

Result<Digest> random_seed() {
  Digest seed{};
  if (RAND_bytes(seed.data(), static_cast<int>(seed.size())) != 1) {
    return io_error("the operating system's random generator gave no bytes; nothing was committed or proven");
  }
  return seed;
}

}  // namespace zkinfer::prover
