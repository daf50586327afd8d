// SPDX-License-Identifier: Apache-2.0
// Vectors of any sizes in any order: none overlaps another, zeros are zeros, and given-back memory serves the next ones.
#include <fstream>
#include <random>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "field/buffer.h"

namespace zkinfer {
namespace {

// Draws vectors between 32 KiB and 24 MiB, fills each with a value of its own and looks at all of it before it goes.
void draw_vectors(std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  struct Live {
    FpVec vector;
    Fp value;
  };
  std::vector<Live> live;
  for (int step = 0; step < 120; ++step) {
    if (live.size() > 6 || (!live.empty() && engine() % 3 == 0)) {
      const std::size_t i = engine() % live.size();
      for (const Fp& x : live[i].vector) ASSERT_EQ(x, live[i].value);
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(i));
      continue;
    }
    const std::size_t size =
        (std::size_t{1} << (12 + engine() % 9)) + engine() % (std::size_t{1} << (11 + engine() % 10));
    const bool zeros = engine() % 2 == 0;
    Live next{FpVec(size, zeros ? Contents::kZeros : Contents::kUnset), Fp(engine() >> 1)};
    if (zeros) {
      for (const Fp& x : next.vector) ASSERT_EQ(x, Fp());
    }
    for (Fp& x : next.vector) x = next.value;
    live.push_back(std::move(next));
  }
}

TEST(BlockCache, NoVectorOverlapsAnother) {
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) threads.emplace_back(draw_vectors, seed);
  for (std::thread& thread : threads) thread.join();
  offer_kept_memory();
  draw_vectors(4);
}

#if defined(__linux__)
std::size_t mapped_pages() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages;
}

// Many short pieces serve one long vector: what is mapped grows by the difference at most.
TEST(BlockCache, PiecesAreGatheredBeforeMoreIsMapped) {
  constexpr std::size_t kShort = std::size_t{1} << 20, kCount = 12;  // 8 MiB each
  FpVec between;
  {
    std::vector<FpVec> vectors;
    for (std::size_t i = 0; i < kCount; ++i) vectors.emplace_back(kShort);
    between = std::move(vectors[kCount / 2]);  // so that they cannot be joined to one
  }
  const std::size_t before = mapped_pages();
  const FpVec one((kCount - 1) * kShort);
  for (const Fp& x : one) ASSERT_EQ(x, Fp());
  EXPECT_LE(mapped_pages(), before + (std::size_t{8} << 20) / 4096);
}
#endif

}  // namespace
}  // namespace zkinfer
