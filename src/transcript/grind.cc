// SPDX-License-Identifier: Apache-2.0
#include "transcript/grind.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>

#include "base/big_endian.h"
#include "base/parallel.h"
#include "hash/keccak_many.h"

namespace zkinfer {

namespace {

constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t kTile = 64;

// The smallest solution in [base + begin, base + end) below `best`, if any, becomes `best`.
void search(const PowPuzzle& puzzle, std::uint64_t base, std::size_t begin, std::size_t end,
            std::atomic<std::uint64_t>& best) {
  std::array<Digest, kTile> digests;
  std::array<std::uint8_t, 8 * kTile> messages;
  for (std::size_t at = begin; at < end; at += kTile) {
    if (base + at >= best.load(std::memory_order_relaxed)) return;
    for (std::size_t i = 0; i < kTile; ++i) store_big_endian(base + at + i, messages.data() + 8 * i);
    keccak256_many(puzzle.prefix, messages, 8, 8, digests);
    for (std::size_t i = 0; i < kTile; ++i) {
      if (!puzzle.is_solution(digests[i])) continue;
      const std::uint64_t nonce = base + at + i;
      std::uint64_t current = best.load();
      while (nonce < current && !best.compare_exchange_weak(current, nonce)) {}
      return;
    }
  }
}

}  // namespace

std::uint64_t grind(Transcript& transcript, int pow_bits) {
  const PowPuzzle puzzle = transcript.pow_puzzle(pow_bits);
  std::uint64_t found = 0;
  if (pow_bits > 0) {
    // Batches go up in order and the smallest solution of a batch wins, so the result does not depend on threads.
    const std::size_t batch_size = std::size_t{1} << std::clamp(pow_bits, 8, 18);
    std::atomic<std::uint64_t> best = kNone;
    for (std::uint64_t base = 0; best.load() == kNone; base += batch_size) {
      parallel_for(batch_size, 64 * kTile,
                   [&](std::size_t begin, std::size_t end) { search(puzzle, base, begin, end, best); });
    }
    found = best.load();
  }
  transcript.absorb_nonce(found);
  return found;
}

}  // namespace zkinfer
