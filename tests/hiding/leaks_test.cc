// SPDX-License-Identifier: Apache-2.0
// Proofs that leak on purpose: what the distribution tests compare must tell their witnesses apart. A hook of the prover
// (prover::ProveHooks::randomness) takes randomness away or uses it twice.
#include <gtest/gtest.h>

#include "hiding/fixture.h"
#include "prover/prf.h"
#include "support/session.h"

namespace zkinfer::e2e {
namespace {

using prover::RandomStream;

// With the others fixed, a source that is off leaves constants. Each word that it should hide is caught by itself, so a
// single pad that is missing would be too.
TEST(Leaks, EverySourceThatIsOffIsSeenInEachOfItsWords) {
  for (const Twins& twins : {two_committed_inputs(), two_models()}) {
    Fixture f(twins);
    const Samples uniform = f.sampler.uniform(kNumProofs, 1);
    for (const std::string& source : f.sampler.sources()) {
      const Policy policy = Policy::only(source, Supply::kOff);
      std::array<Samples, 2> samples;
      for (std::size_t twin = 0; twin < 2; ++twin) {
        const Observation observation = f.sampler.observe(twin, 0, policy);
        EXPECT_TRUE(observation.accepted) << source;
        ASSERT_EQ(f.sampler.observe(twin, 1, policy).words, observation.words) << "nothing in it is random";
        samples[twin].assign(kNumProofs, observation.words);
      }
      for (const std::size_t word : f.sampler.words_of(source)) {
        Family family;
        family.add_column(samples[0], samples[1], word, "");
        family.add_column(samples[0], uniform, word, "");
        EXPECT_LT(family.corrected(), kCaught) << twins.name << ", " << source << ", " << f.sampler.name(word);
      }
    }
  }
}

Family compare(Fixture& f, const Policy& policy, const std::vector<std::size_t>& words) {
  Family family;
  f.compare(family, f.sampler.sample(0, kNumProofs, policy), f.sampler.sample(1, kNumProofs, policy), words);
  return family;
}

Family whole_proofs(Fixture& f, const Policy& policy) { return compare(f, policy, f.hidden_words()); }

// Sources whose absence shows although everything else is fresh.
TEST(Leaks, SourcesThatAreOffAreSeenInWholeProofs) {
  Fixture f(two_committed_inputs());
  for (const std::string source : {kModelRows, "data rows 0", kBlind, kMessagePads, kMaskPartner}) {
    EXPECT_LT(whole_proofs(f, Policy::all_but(source, Supply::kOff)).corrected(), kCaught) << source;
  }
}

void zero_pad(FpSpan elements, std::size_t pad) {
  std::fill_n(elements.begin() + static_cast<std::ptrdiff_t>(3 * pad), 3, Fp());
}

TEST(Leaks, OneMissingPadIsSeen) {
  Fixture f(two_inputs());
  const hiding::PadLayout& layout = f.sampler.compiled().pads.layout();
  Policy policy;
  policy.edit = [&](RandomStream stream, std::size_t, FpSpan elements) {
    // Operands are drawn in pairs behind the plain pads; the last triple is the last contraction's.
    if (stream == RandomStream::kPads) zero_pad(elements, layout.num_plain + 2 * (layout.num_triples - 1));
  };
  const Family family = whole_proofs(f, policy);
  EXPECT_LT(family.corrected(), kCaught);
  EXPECT_NE(family.where.find("relations lhs"), std::string::npos) << family.where;

  // One of the opening's: its message depends on other randomness, so the rest is held fixed.
  Policy opening = Policy::only(kMaskPads, Supply::kFresh);
  opening.edit = [](RandomStream stream, std::size_t call, FpSpan elements) {
    if (stream == RandomStream::kMask && call == 0) zero_pad(elements, 1);
  };
  const Family of_opening = compare(f, opening, f.sampler.words_of(kMaskPads));
  EXPECT_LT(of_opening.corrected(), kCaught);
  EXPECT_NE(of_opening.where.find("opening c2"), std::string::npos) << of_opening.where;
}

TEST(Leaks, PadsThatServeAllProofsAreSeen) {
  Fixture f(two_inputs());
  EXPECT_LT(whole_proofs(f, Policy::all_but(kMessagePads, Supply::kFixed)).corrected(), kCaught);
  Policy one_key;
  one_key.supply = [](const std::string&) { return Supply::kFixed; };
  EXPECT_LT(whole_proofs(f, one_key).corrected(), kCaught);
}

// Pads that serve two proofs each: every proof by itself is fine, the differences are not.
TEST(Leaks, PadsThatServeTwoProofsAreSeen) {
  Fixture f(two_inputs());
  const auto differences = [&](std::uint64_t num_proofs_per_pad) {
    Samples out;
    for (std::uint64_t i = 0; i < kNumProofs; ++i) {
      std::array<std::vector<std::uint64_t>, 2> words;
      for (std::uint64_t j = 0; j < 2; ++j) {
        Policy policy;
        policy.edit = [&](RandomStream stream, std::size_t, FpSpan elements) {
          if (stream != RandomStream::kPads) return;
          const std::uint64_t number = (2 * i + j) / num_proofs_per_pad;
          prover::PrfStream(test_seed(9), number).fill(elements);
        };
        words[j] = f.sampler.observe(0, 2 * i + j, policy).words;
      }
      std::vector<std::uint64_t> difference;
      for (const std::size_t word : f.sampler.words_of(kMessagePads))
        difference.push_back((Fp(words[1][word]) - Fp(words[0][word])).v);
      out.push_back(std::move(difference));
    }
    Family family;
    const Samples uniform = f.sampler.uniform(kNumProofs, 3);
    for (std::size_t word = 0; word < out[0].size(); ++word) family.add_column(out, uniform, word, "");
    return family;
  };
  EXPECT_GT(differences(1).corrected(), kFalseAlarm);
  EXPECT_LT(differences(2).corrected(), kCaught);
}

// One pad under two messages of a proof: each of them is uniform, but one dimension is missing. The same for random rows
// that are fewer than the rows opened.
TEST(Leaks, SharedPadsAndMissingRowsLowerTheRank) {
  Fixture f(two_inputs());
  const auto rank = [&](const char* source, const Policy& policy) {
    const std::vector<std::size_t> elements = f.sampler.words_of(source, true);
    return std::pair(affine_rank(f.sampler.sample(0, elements.size() + 1, policy), elements), elements.size());
  };
  Policy pads = Policy::only(kMessagePads, Supply::kFresh);
  const auto [all, num_words] = rank(kMessagePads, pads);
  EXPECT_EQ(all, num_words);
  pads.edit = [](RandomStream stream, std::size_t, FpSpan elements) {
    if (stream == RandomStream::kPads) std::copy_n(elements.begin(), 3, elements.begin() + 3 * 7);
  };
  EXPECT_EQ(rank(kMessagePads, pads).first, num_words - 3);

  const auto missing_rows = [&](RandomStream stream, std::size_t num_missing, std::size_t limbs) {
    return [=](RandomStream other, std::size_t, FpSpan elements) {
      if (other == stream)
        std::fill(elements.end() - static_cast<std::ptrdiff_t>(num_missing * limbs), elements.end(), Fp());
    };
  };
  const pcs::CodeParams& witness = f.sampler.params().witness;
  Policy rows = Policy::only(kWitnessRows, Supply::kFresh);
  rows.edit = missing_rows(RandomStream::kWitnessRows, 2, 1);  // one row fewer than are opened
  EXPECT_EQ(rank(kWitnessRows, rows).first, witness.num_lanes() * (witness.num_queries - 1));
  const pcs::CodeParams& fold = f.sampler.params().folds[0];
  const std::string source = std::string(kFoldRows) + " 0";
  Policy fold_rows = Policy::only(source, Supply::kFresh);
  fold_rows.edit = missing_rows(RandomStream::kFoldRows, 2, 3);
  EXPECT_EQ(rank(source.c_str(), fold_rows).first, 3 * fold.num_lanes() * (fold.num_queries - 1)) << source;
}

}  // namespace
}  // namespace zkinfer::e2e
