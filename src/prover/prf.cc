// SPDX-License-Identifier: Apache-2.0
#include "prover/prf.h"

#include <array>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/check.h"
#include "transcript/transcript.h"

namespace zkinfer::prover {

namespace {
constexpr std::size_t kBufferWords = 8192;
}

struct PrfStream::Cipher {
  EVP_CIPHER_CTX* context = nullptr;
  std::array<std::uint64_t, kBufferWords> words{};
  std::size_t next = kBufferWords;
};

PrfStream::PrfStream(const Digest& key, std::uint64_t stream) : cipher_(std::make_unique<Cipher>()) {
  cipher_->context = EVP_CIPHER_CTX_new();
  // 16 bytes: a 64-bit block counter from zero, then the stream number as nonce.
  std::array<std::uint8_t, 16> iv{};
  for (std::size_t i = 0; i < 8; ++i) iv[8 + i] = static_cast<std::uint8_t>(stream >> (8 * i));
  const bool ready = cipher_->context != nullptr &&
                     EVP_EncryptInit_ex(cipher_->context, EVP_chacha20(), nullptr, key.data(), iv.data()) == 1;
  ZKI_CHECK(ready, "OpenSSL provides ChaCha20");
}

PrfStream::~PrfStream() { EVP_CIPHER_CTX_free(cipher_->context); }

std::uint64_t PrfStream::next_word() {
  if (cipher_->next == kBufferWords) {
    cipher_->words.fill(0);
    auto* bytes = reinterpret_cast<std::uint8_t*>(cipher_->words.data());
    int written = 0;
    const int ok = EVP_EncryptUpdate(cipher_->context, bytes, &written, bytes, static_cast<int>(8 * kBufferWords));
    ZKI_CHECK(ok == 1 && written == static_cast<int>(8 * kBufferWords), "ChaCha20 gives as many bytes as asked for");
    cipher_->next = 0;
  }
  return cipher_->words[cipher_->next++];
}

void PrfStream::fill(FpSpan out) {
  for (Fp& x : out) {
    std::uint64_t word = next_word();
    while (word >= Fp::kModulus) word = next_word();
    x = Fp(word);
  }
}

Result<Digest> random_seed() {
  Digest seed{};
  if (RAND_bytes(seed.data(), static_cast<int>(seed.size())) != 1) {
    return io_error("the operating system's random generator gave no bytes; nothing was committed or proven");
  }
  return seed;
}

Digest derive_key(std::string_view domain, std::initializer_list<ByteView> parts) {
  Transcript transcript(domain);
  for (const ByteView part : parts) transcript.absorb_bytes("part", part);
  return transcript.state();
}

}  // namespace zkinfer::prover
