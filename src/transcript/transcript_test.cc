// SPDX-License-Identifier: Apache-2.0
#include "transcript/transcript.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "base/parallel.h"
#include "transcript/grind.h"

namespace zkinfer {
namespace {

// The grammar of the header, written a second time without the class.
void put_big_endian(Bytes& bytes, std::uint64_t x, int num_bytes) {
  for (int byte = num_bytes - 1; byte >= 0; --byte) bytes.push_back(static_cast<std::uint8_t>(x >> (8 * byte)));
}

Bytes operator+(Bytes left, ByteView right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

Bytes bytes_of_text(std::string_view text) { return {text.begin(), text.end()}; }
Bytes bytes_of_digest(const Digest& digest) { return {digest.begin(), digest.end()}; }

Fe challenge_of(const Digest& digest) {
  Fe out;
  for (std::size_t limb = 0; limb < 3; ++limb) {
    unsigned __int128 x = 0;
    for (std::size_t bit = 0; bit < 85; ++bit) {
      const std::size_t at = 85 * limb + bit;
      x |= static_cast<unsigned __int128>(digest[31 - at / 8] >> (at % 8) & 1) << bit;
    }
    out.c[limb] = Fp(static_cast<std::uint64_t>(x % Fp::kModulus));
  }
  return out;
}

TEST(Transcript, FollowsItsGrammar) {
  const Bytes text = bytes_of_text("some bytes");
  const Digest root = keccak256(bytes_of_text("root"));
  Transcript transcript("test");
  transcript.absorb_bytes("text", text);
  transcript.absorb_u64("size", 77);
  transcript.absorb_fe("claim", Fe(Fp(1), Fp(2), Fp(3)));
  transcript.absorb_digest("root", root);
  const Digest before = transcript.state();

  Bytes items = bytes_of_digest(keccak256(text));
  put_big_endian(items, 77, 8);
  for (std::uint64_t limb : {1, 2, 3}) put_big_endian(items, limb, 8);
  items = items + root;
  const Bytes start = bytes_of_digest(keccak256(bytes_of_text("test")));
  const auto with_tag = [](Bytes state, std::uint32_t tag) {
    put_big_endian(state, tag, 4);
    return state;
  };
  EXPECT_EQ(before, keccak256(with_tag(start, 0) + items));
  const Digest first = keccak256(with_tag(start, transcript_tag("alpha")) + items);
  EXPECT_EQ(transcript.challenge("alpha"), challenge_of(first));
  const Digest second = keccak256(with_tag(bytes_of_digest(first), transcript_tag("beta")));
  EXPECT_EQ(transcript.challenge("beta"), challenge_of(second));
  EXPECT_EQ(transcript.state(), keccak256(with_tag(bytes_of_digest(second), 0)));

  const PowPuzzle puzzle = transcript.pow_puzzle(4);
  const Digest third = keccak256(with_tag(bytes_of_digest(second), transcript_tag("pow")));
  const Bytes prefix = Bytes{3} + third + Bytes{4};
  EXPECT_EQ(Bytes(puzzle.prefix.begin(), puzzle.prefix.end()), prefix);
  transcript.absorb_nonce(9);
  Bytes nonce;
  put_big_endian(nonce, 9, 8);
  const Digest fourth = keccak256(with_tag(bytes_of_digest(third), transcript_tag("rows")) + nonce);
  const Digest block = keccak256(Bytes{2} + fourth + Bytes{0, 0, 0, 0});
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < 8; ++i) word = word << 8 | block[i];
  EXPECT_EQ(transcript.challenge_indices("rows", 1, 20), std::vector<std::uint64_t>{word & 0xfffff});
}

// Published values of FNV-1a.
TEST(Transcript, Tags) {
  EXPECT_EQ(transcript_tag(""), 0x811c9dc5u);
  EXPECT_EQ(transcript_tag("a"), 0xe40c292cu);
  EXPECT_EQ(transcript_tag("foobar"), 0xbf9cf968u);
}

TEST(Transcript, EveryAbsorbedThingMatters) {
  std::vector<std::function<void(Transcript&)>> variants = {
      [](Transcript&) {},
      [](Transcript& t) { t.absorb_u64("x", 0); },
      [](Transcript& t) { t.absorb_u64("x", 1); },
      [](Transcript& t) { t.absorb_u64("x", 1), t.absorb_u64("x", 2); },
      [](Transcript& t) { t.absorb_fe("x", Fe(Fp(1))); },
      [](Transcript& t) { t.absorb_fe("x", Fe(Fp(1), Fp(2), Fp(3))); },
      [](Transcript& t) { t.absorb_bytes("x", {}); },
      [](Transcript& t) { t.absorb_bytes("x", Bytes(1)); },
      [](Transcript& t) { t.absorb_bytes("x", Bytes(8)); },
      [](Transcript& t) { t.absorb_digest("x", Digest{}); },
      [](Transcript& t) { t.absorb_digest("x", Digest{1}); },
      [](Transcript& t) { (void)t.challenge("x"); },
      [](Transcript& t) { (void)t.challenge("y"); },
      [](Transcript& t) { (void)t.challenge_indices("z", 3, 10); },
      [](Transcript& t) { (void)grind(t, 0); },
      [](Transcript& t) { (void)grind(t, 4); },
      [](Transcript& t) { (void)t.check_pow(1, 4); },
  };
  std::set<Digest> states;
  std::set<std::uint64_t> challenges;
  for (const auto& variant : variants) {
    Transcript transcript("test");
    variant(transcript);
    states.insert(transcript.state());
    challenges.insert(transcript.challenge("alpha").c[0].v);
  }
  const Transcript other("tests");
  states.insert(other.state());
  EXPECT_EQ(states.size(), variants.size() + 1);
  EXPECT_EQ(challenges.size(), variants.size());
}

TEST(Transcript, ChallengesDiffer) {
  Transcript transcript("test");
  const std::vector<Fe> challenges = transcript.challenges("alpha", 5);
  for (std::size_t i = 0; i < 5; ++i)
    for (std::size_t j = 0; j < i; ++j) EXPECT_FALSE(challenges[i] == challenges[j]);
}

TEST(Transcript, StateDoesNotChangeAnything) {
  Transcript a("test"), b("test");
  a.absorb_u64("x", 1), b.absorb_u64("x", 1);
  (void)a.state();
  a.absorb_u64("y", 1), b.absorb_u64("y", 1);
  EXPECT_EQ(a.challenge("alpha"), b.challenge("alpha"));
}

TEST(Transcript, IndicesAreSortedDistinctAndSpread) {
  Transcript transcript("test");
  EXPECT_TRUE(transcript.challenge_indices("none", 0, 10).empty());
  EXPECT_EQ(transcript.challenge_indices("one point", 1, 0), std::vector<std::uint64_t>{0});
  const auto all = transcript.challenge_indices("all", 16, 4);
  EXPECT_EQ(all.size(), 16u);
  const auto some = transcript.challenge_indices("some", 100, 40);
  EXPECT_EQ(some.size(), 100u);
  for (std::size_t i = 0; i + 1 < some.size(); ++i) EXPECT_LT(some[i], some[i + 1]);
  EXPECT_LT(some.back(), std::uint64_t{1} << 40);
  EXPECT_GT(some.back(), std::uint64_t{1} << 38);
}

TEST(Transcript, ProofOfWorkFindsTheSmallestNonce) {
  for (int pow_bits : {0, 1, 5, 12, 16}) {
    Transcript prover("test"), verifier("test"), low("test");
    const std::uint64_t nonce = grind(prover, pow_bits);
    EXPECT_TRUE(verifier.check_pow(nonce, pow_bits));
    EXPECT_EQ(prover.challenge("after"), verifier.challenge("after"));
    for (std::uint64_t smaller = 0; smaller < std::min<std::uint64_t>(nonce, 300); ++smaller) {
      Transcript other("test");
      EXPECT_FALSE(other.check_pow(smaller, pow_bits));
    }
    const ThreadLimit one_thread(1);
    EXPECT_EQ(grind(low, pow_bits), nonce);
  }
  Transcript zero("test");
  EXPECT_FALSE(zero.check_pow(1, 0));
}

TEST(Transcript, Manifest) {
  Transcript transcript("test", true);
  transcript.absorb_fe("claim", Fe());
  transcript.absorb_digest("root", Digest{});
  transcript.absorb_digest("root", Digest{});
  (void)transcript.challenge("alpha");
  const std::vector<TranscriptEntry> expected = {{"claim", TranscriptItem::kFe, 1},
                                                 {"root", TranscriptItem::kDigest, 1},
                                                 {"root", TranscriptItem::kDigest, 1},
                                                 {"alpha", TranscriptItem::kChallenge, 1}};
  EXPECT_EQ(transcript.manifest(), expected);
}

}  // namespace
}  // namespace zkinfer
