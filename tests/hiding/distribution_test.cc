// SPDX-License-Identifier: Apache-2.0
// Whether messages tell two witnesses of one statement apart. Challenges are fixed (programmed_transcript.h), proofs are
// drawn with the entropy 0, 1, 2, .. (sampler.h: deterministic on purpose, the same verdict in every run), and every word of
// every message of both samples is compared: field elements, opened rows, roots and Merkle siblings.
//
// Three questions (leaks_test.cc gives each of them proofs that leak on purpose):
//   the whole proof, all randomness fresh: one distribution for both witnesses, the uniform one;
//   one source of randomness at a time, the others the same in all proofs: what the source hides is uniform. This is the
//   argument of docs/security.md, section 3, step by step, and it is sharper: in a whole proof a message that lost its pad
//   may still look random, because it depends on something else that is;
//   linear relations over F between words (statistics.h): there are none but the verifier's own checks.
// False alarms: each TEST at most kFalseAlarm over the choice of seeds, Bonferroni over all its comparisons.
#include <gtest/gtest.h>

#include <numeric>

#include "hiding/fixture.h"
#include "prover/prf.h"
#include "support/session.h"

namespace zkinfer::e2e {
namespace {

// Words that follow from others by a check of the verifier that is linear under fixed challenges and messages: v_S, S(x),
// and mu_S when nothing but S changes.
std::size_t num_determined(const Sampler& sampler, bool whole_proof) {
  return 3 * (1 + sampler.params().mask.num_queries + (whole_proof ? 0 : 1));
}

TEST(Distribution, WholeProofsDoNotTellWitnessesApart) {
  Family family;
  for (const Twins& twins : all_twins()) {
    Fixture f(twins);
    const Samples first = f.sampler.sample(0, kNumProofs, {});
    const Samples second = f.sampler.sample(1, kNumProofs, {});
    f.compare(family, first, second, f.hidden_words());
  }
  EXPECT_GT(family.corrected(), kFalseAlarm) << family.where << ": p = " << family.least << " of " << family.num_tests;
}

TEST(Distribution, EverySourceHidesItsMessages) {
  Family family;
  for (const Twins& twins : {two_committed_inputs(), two_models()}) {
    Fixture f(twins);
    for (const std::string& source : f.sampler.sources()) {
      // The second pair of witnesses differs in what depends on the weights.
      if (twins.name == "two models" && source != kModelRows && source != kMessagePads && source != kMaskPads) continue;
      const Policy policy = Policy::only(source, Supply::kFresh);
      const Samples first = f.sampler.sample(0, kNumProofs, policy);
      const Samples second = f.sampler.sample(1, kNumProofs, policy);
      f.compare(family, first, second, f.sampler.words_of(source));
      const std::vector<std::size_t> elements = f.sampler.words_of(source, true);
      const std::size_t num_free = elements.size() - (source == kMaskPartner ? num_determined(f.sampler, false) : 0);
      if (num_free >= kNumProofs) continue;  // message pads: below
      EXPECT_EQ(affine_rank(first, elements), num_free) << twins.name << ", " << source;
    }
  }
  EXPECT_GT(family.corrected(), kFalseAlarm) << family.where << ": p = " << family.least << " of " << family.num_tests;
}

TEST(Distribution, WholeProofsObeyOnlyTheVerifiersEquations) {
  Fixture f(two_committed_inputs());
  std::vector<std::size_t> elements;
  for (const std::size_t word : f.hidden_words()) {
    if (f.sampler.words()[word].is_field) elements.push_back(word);
  }
  const Samples proofs = f.sampler.sample(0, elements.size() + 1, {});
  EXPECT_EQ(affine_rank(proofs, elements), elements.size() - num_determined(f.sampler, true));
}

// What a commitment shows over its whole budget: all rows that B proofs open, and v.
TEST(Distribution, RowsOfAWholeBudgetAreUniform) {
  Fixture f(two_models());
  pcs::CodeParams oracle = f.sampler.params().model;
  oracle.num_queries = 6;
  oracle.num_random_coefs = kTinyBudget * oracle.num_queries + 4;
  oracle.log_domain = 6;
  const FpVec message(oracle.num_lanes() * oracle.num_coefs);
  const auto rank = [&](std::uint64_t num_proofs) {
    Samples samples;
    std::vector<std::size_t> words(num_proofs * oracle.num_queries * oracle.num_lanes() + 3);
    std::iota(words.begin(), words.end(), std::size_t{0});
    for (std::uint64_t i = 0; i < words.size() + 2; ++i) {
      prover::PrfStream random(test_seed(static_cast<std::uint8_t>(i)), 7 + i / 256);
      pcs::CommittedOracle committed(oracle, message.span(), random);
      std::vector<std::uint64_t> sample;
      for (std::uint64_t row = 0; row < num_proofs * oracle.num_queries; ++row) {
        for (const Fp x : committed.encoded().row(row)) sample.push_back(x.v);
      }
      for (const Fp limb : pcs::ood_value(committed, Fe(Fp(3), Fp(5), Fp(7))).c) sample.push_back(limb.v);
      samples.push_back(std::move(sample));
    }
    return std::pair(affine_rank(samples, words), words.size());
  };
  const auto [rank_of_budget, num_words] = rank(kTinyBudget);
  EXPECT_EQ(rank_of_budget, num_words);
  // One proof more than the budget shows more than the random rows can hide.
  const auto [rank_beyond, num_words_beyond] = rank(kTinyBudget + 1);
  EXPECT_EQ(rank_beyond, oracle.num_lanes() * oracle.num_random_coefs);
  EXPECT_LT(rank_beyond, num_words_beyond);
}

}  // namespace
}  // namespace zkinfer::e2e
