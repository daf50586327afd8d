// SPDX-License-Identifier: Apache-2.0
#include "prover/prf.h"

#include "transcript/transcript.h"

namespace zkinfer::prover {

namespace {
constexpr std::size_t kBufferWords = 8192;
}

PrfStream::PrfStream(const Digest& key, std::uint64_t stream)
    : cipher_(key, stream), words_(kBufferWords), next_(kBufferWords) {}

std::uint64_t PrfStream::next_word() {
  if (next_ == kBufferWords) {
    cipher_.next(words_);
    next_ = 0;
  }
  return words_[next_++];
}

void PrfStream::fill(FpSpan out) {
  for (Fp& x : out) {
    std::uint64_t word = next_word();
    while (word >= Fp::kModulus) word = next_word();
    x = Fp(word);
  }
}

Digest derive_key(std::string_view domain, std::initializer_list<ByteView> parts) {
  Transcript transcript(domain);
  for (const ByteView part : parts) transcript.absorb_bytes("part", part);
  return transcript.state();
}

}  // namespace zkinfer::prover
