// SPDX-License-Identifier: Apache-2.0
// In WebAssembly: ChaCha20 by its definition, seeds from the host (js/src/module.js).
#include "base/check.h"
#include "prover/chacha20_block.h"
#include "prover/cipher.h"

namespace zkinfer::prover {

struct ChaCha20::State {
  Digest key{};
  std::uint64_t nonce = 0;
  std::uint64_t counter = 0;
};

ChaCha20::ChaCha20(const Digest& key, std::uint64_t nonce) : state_(std::make_unique<State>()) {
  state_->key = key;
  state_->nonce = nonce;
}

ChaCha20::~ChaCha20() = default;

void ChaCha20::next(std::span<std::uint64_t> words) {
  ZKI_CHECK(words.size() % 8 == 0, "ChaCha20 is asked for whole blocks");
  for (std::size_t first = 0; first < words.size(); first += 8) {
    const ChaCha20Words block = chacha20_block(chacha20_input(state_->key, state_->counter++, state_->nonce));
    for (std::size_t i = 0; i < 8; ++i) words[first + i] = block[2 * i] | std::uint64_t{block[2 * i + 1]} << 32;
  }
}

// The module's only way to randomness: crypto.getRandomValues. 0: the bytes are there.
extern "C" [[clang::import_module("zkinfer"), clang::import_name("random")]] int zkinfer_host_random(
    std::uint8_t* bytes, std::size_t size);

Result<Digest> random_seed() {
  Digest seed{};
  if (zkinfer_host_random(seed.data(), seed.size()) != 0) {
    return io_error("the host's random generator gave no bytes; nothing was committed or proven");
  }
  return seed;
}

}  // namespace zkinfer::prover
