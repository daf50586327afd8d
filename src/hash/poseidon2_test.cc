// SPDX-License-Identifier: Apache-2.0
#include "hash/poseidon2.h"

#include <gtest/gtest.h>

namespace zkinfer::poseidon2 {
namespace {

// Of HorizenLabs/poseidon2, poseidon2.rs, test `kats`: the permutation of 0 .. 11.
TEST(Poseidon2, PublishedVector) {
  std::array<Fp, kWidth> state;
  for (std::size_t i = 0; i < kWidth; ++i) state[i] = Fp(i);
  permute(state);
  const std::array<std::uint64_t, kWidth> expected = {0x01eaef96bdf1c0c1, 0x1f0d2cc525b2540c, 0x6282c1dfe1e0358d,
                                                      0xe780d721f698e1e6, 0x280c0b6f753d833b, 0x1b942dd5023156ab,
                                                      0x43f0df3fcccb8398, 0xe8e8190585489025, 0x56bdbf72f77ada22,
                                                      0x7911c32bf9dcd705, 0xec467926508fbe67, 0x6a50450ddf85a6ed};
  for (std::size_t i = 0; i < kWidth; ++i) EXPECT_EQ(state[i].v, expected[i]) << i;
}

TEST(Poseidon2, EveryInputMatters) {
  std::array<Fp, kWidth> zero{};
  permute(zero);
  for (std::size_t i = 0; i < kWidth; ++i) {
    std::array<Fp, kWidth> state{};
    state[i] = Fp(1);
    permute(state);
    for (std::size_t j = 0; j < kWidth; ++j) EXPECT_FALSE(state[j] == zero[j]) << i << " " << j;
  }
}

}  // namespace
}  // namespace zkinfer::poseidon2
