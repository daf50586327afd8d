// SPDX-License-Identifier: Apache-2.0
// Every fuzz target on its seeds and on seeded random mutations of them, without libFuzzer.
// ZKINFER_FUZZ_ROUNDS=100 tries 100 times as many mutations; the same ones each time.
#include <algorithm>
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

#include "fuzz/targets.h"

namespace zkinfer::fuzz {
namespace {

std::size_t below(std::mt19937_64& random, std::size_t bound) { return bound == 0 ? 0 : random() % bound; }

void overwrite(Bytes& bytes, std::mt19937_64& random) {
  constexpr std::uint8_t kInteresting[] = {0, 1, 0x7f, 0x80, 0xff, 0xfe, 0x40, 0x20};
  const std::size_t position = below(random, bytes.size());
  const std::size_t count = std::min<std::size_t>(std::size_t{1} << below(random, 4), bytes.size() - position);
  const std::uint8_t fill = kInteresting[below(random, std::size(kInteresting))];
  for (std::size_t i = 0; i < count; ++i) bytes[position + i] = fill;
}

// One to four edits: bits, bytes, runs, cuts, copies within the input and from another seed.
Bytes mutate(Bytes bytes, const std::vector<Bytes>& seeds, std::mt19937_64& random) {
  for (std::size_t edits = 1 + below(random, 4); edits-- > 0;) {
    const std::size_t at = below(random, bytes.size());
    switch (below(random, 7)) {
      case 0:
        if (!bytes.empty()) bytes[at] ^= static_cast<std::uint8_t>(1U << below(random, 8));
        break;
      case 1:
        if (!bytes.empty()) bytes[at] = static_cast<std::uint8_t>(random());
        break;
      case 2: overwrite(bytes, random); break;
      case 3: bytes.resize(at); break;
      case 4:
        bytes.erase(bytes.begin() + at,
                    bytes.begin() + at + below(random, std::min<std::size_t>(bytes.size() - at, 16)));
        break;
      case 5: bytes.insert(bytes.begin() + at, 1 + below(random, 8), static_cast<std::uint8_t>(random())); break;
      default: {
        const Bytes& other = seeds[below(random, seeds.size())];
        const std::size_t from = below(random, other.size());
        const std::size_t count = std::min({below(random, 64), other.size() - from, bytes.size() - at});
        std::copy_n(other.begin() + from, count, bytes.begin() + at);
      }
    }
  }
  return bytes;
}

class Smoke : public ::testing::TestWithParam<const Target*> {};

TEST_P(Smoke, SurvivesMutatedSeeds) {
  const Target& target = *GetParam();
  const std::vector<Bytes> seeds = target.seeds();
  ASSERT_FALSE(seeds.empty());
  target.run({});
  std::mt19937_64 random(2024);
  for (const Bytes& seed : seeds) {
    ASSERT_FALSE(seed.empty());
    target.run(seed);
  }
  const char* rounds = std::getenv("ZKINFER_FUZZ_ROUNDS");
  const std::int64_t num_runs = target.smoke_runs * (rounds == nullptr ? 1 : std::max(1, std::atoi(rounds)));
  for (std::int64_t i = 0; i < num_runs; ++i) target.run(mutate(seeds[below(random, seeds.size())], seeds, random));
}

std::vector<const Target*> all_targets() {
  std::vector<const Target*> all;
  for (const auto targets :
       {input_targets(), network_targets(), compile_targets(), protocol_targets(), file_targets()}) {
    for (const Target& target : targets) all.push_back(&target);
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Fuzz, Smoke, ::testing::ValuesIn(all_targets()),
                         [](const auto& tested) { return std::string(tested.param->name); });

}  // namespace
}  // namespace zkinfer::fuzz
