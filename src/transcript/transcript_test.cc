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

void put_text(ByteWriter& writer, std::string_view text) {
  for (char c : text) writer.u8(static_cast<std::uint8_t>(c));
}

// The grammar of the header, written a second time without the class.
TEST(Transcript, FollowsItsGrammar) {
  Transcript transcript("test");
  transcript.absorb_u64("size", 77);
  transcript.absorb_fe("claim", Fe(Fp(1), Fp(2), Fp(3)));
  const Fe got = transcript.challenge("alpha");

  ByteWriter absorbed;
  put_text(absorbed, "zki-absb");
  absorbed.raw(Bytes(32));
  absorbed.u8(1), absorbed.u8(8), put_text(absorbed, "protocol"), absorbed.u64(4), put_text(absorbed, "test");
  absorbed.u8(2), absorbed.u8(4), put_text(absorbed, "size"), absorbed.u64(1), absorbed.u64(77);
  absorbed.u8(3), absorbed.u8(5), put_text(absorbed, "claim"), absorbed.u64(1);
  for (std::uint64_t limb : {1, 2, 3}) absorbed.u64(limb);
  ByteWriter squeezed;
  put_text(squeezed, "zki-sqez");
  squeezed.raw(keccak256(absorbed.bytes()));
  squeezed.u8(16), squeezed.u8(5), put_text(squeezed, "alpha"), squeezed.u64(1);
  const Digest digest = keccak256(squeezed.bytes());
  for (std::size_t limb = 0; limb < 3; ++limb) {
    unsigned __int128 x = 0;
    for (std::size_t bit = 0; bit < 85; ++bit) {
      const std::size_t at = 85 * limb + bit;
      x |= static_cast<unsigned __int128>(digest[at / 8] >> (at % 8) & 1) << bit;
    }
    EXPECT_EQ(got.c[limb].v, static_cast<std::uint64_t>(x % Fp::kModulus));
  }
  EXPECT_EQ(transcript.state(), digest);
}

TEST(Transcript, EveryAbsorbedThingMatters) {
  std::vector<std::function<void(Transcript&)>> variants = {
      [](Transcript&) {},
      [](Transcript& t) { t.absorb_u64("x", 0); },
      [](Transcript& t) { t.absorb_u64("x", 1); },
      [](Transcript& t) { t.absorb_u64("y", 1); },
      [](Transcript& t) { t.absorb_fp("x", Fp(1)); },
      [](Transcript& t) { t.absorb_fe("x", Fe(Fp(1))); },
      [](Transcript& t) { t.absorb_fes("x", {}); },
      [](Transcript& t) { t.absorb_bytes("x", {}); },
      [](Transcript& t) { t.absorb_bytes("x", Bytes(1)); },
      [](Transcript& t) { t.absorb_bytes("x", Bytes(8)); },
      [](Transcript& t) { t.absorb_digest("x", Digest{}); },
      [](Transcript& t) {
        t.absorb_fps("x", std::vector<Fp>{Fp(1), Fp(2)});
      },
      [](Transcript& t) { t.absorb_fp("x", Fp(1)), t.absorb_fp("x", Fp(2)); },
      [](Transcript& t) { (void)t.challenge("x"); },
      [](Transcript& t) { (void)t.challenge_indices("x", 3, 10); },
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
  EXPECT_EQ(states.size(), variants.size());
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
  transcript.absorb_fes("claims", std::vector<Fe>(3));
  transcript.absorb_digest("root", Digest{});
  transcript.absorb_digest("root", Digest{});
  (void)transcript.challenge("alpha");
  const std::vector<TranscriptEntry> expected = {{"protocol", TranscriptItem::kBytes, 4},
                                                 {"claims", TranscriptItem::kFe, 3},
                                                 {"root", TranscriptItem::kDigest, 1},
                                                 {"root", TranscriptItem::kDigest, 1},
                                                 {"alpha", TranscriptItem::kChallenge, 1}};
  EXPECT_EQ(transcript.manifest(), expected);
}

}  // namespace
}  // namespace zkinfer
