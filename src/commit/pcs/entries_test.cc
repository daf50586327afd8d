// SPDX-License-Identifier: Apache-2.0
// Every number of an opening is bound: a prover that changes one entry of one v_i (gaps, slack and random rows included), one
// out-of-domain value, one entry of the final vector, one round coefficient, mu, or one lane of a base oracle, and is honest
// afterwards, is rejected. Random shapes.
#include <random>

#include <gtest/gtest.h>

#include "commit/pcs/test_support.h"

namespace zkinfer::pcs {
namespace {

using testing::Instance;
using testing::Shape;

struct Cheat final : ProverHooks {
  int fold = -1;
  std::size_t entry = 0;
  int out_of_domain_of = -1;
  int final_entry = -1;
  int round_index = -1;
  bool second = false;

  void fold_vector(std::size_t index, FeSpan v) override {
    if (static_cast<int>(index) == fold && entry < v.size) v.set(entry, v.get(entry) + Fe::basis(2));
  }
  void out_of_domain(std::size_t index, Fe& y) override {
    if (static_cast<int>(index) == out_of_domain_of) y += Fe::one();
  }
  void final_vector(FeSpan v) override {
    if (final_entry < 0) return;
    const auto at = static_cast<std::size_t>(final_entry);
    v.set(at, v.get(at) + Fe::basis(1));
  }
  void round(std::size_t index, Fe& c1, Fe& c2) override {
    if (static_cast<int>(index) == round_index) (second ? c2 : c1) += Fe::basis(1);
  }
};

Shape random_shape(std::mt19937_64& random) {
  const auto below = [&](std::uint64_t n) { return random() % n; };
  Shape shape;
  shape.model_rows = below(3) == 0 ? 0 : 1 + below(24);
  shape.model_lanes = static_cast<std::uint8_t>(below(4));
  shape.witness_rows = 1 + below(20);
  shape.witness_lanes = static_cast<std::uint8_t>(below(4));
  for (std::uint64_t i = below(4); i > 0; --i) shape.fold_lanes.push_back(static_cast<std::uint8_t>(1 + below(3)));
  shape.zero_knowledge = below(2) == 0;
  shape.pow_bits = 0;
  shape.num_queries = static_cast<std::uint32_t>(2 + below(4));
  shape.log_inverse_rate = static_cast<std::uint8_t>(1 + below(3));
  shape.more_rows = below(3) == 0 ? 1 : 0;
  for (std::uint64_t i = below(4); i > 0; --i) {
    shape.data.push_back({1 + below(16), static_cast<std::uint8_t>(below(5)), 1 + below(2)});
  }
  return shape;
}

void expect_bound(std::uint64_t seed) {
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const OpeningParams params = testing::make_params(random_shape(random));
  ASSERT_TRUE(params.validate().ok());
  Instance instance(params, seed);
  ASSERT_TRUE(instance.verify(instance.prove().bytes).accepted());
  const auto rejected = [&](Cheat cheat) { return !instance.verify(instance.prove(&cheat).bytes).accepted(); };
  for (int fold = 0; fold < static_cast<int>(params.folds.size()); ++fold) {
    const CodeParams& code = params.folds[static_cast<std::size_t>(fold)];
    for (std::uint64_t entry = 0; entry < code.num_coefs * code.num_lanes(); ++entry) {
      Cheat cheat;
      cheat.fold = fold, cheat.entry = entry;
      EXPECT_TRUE(rejected(cheat)) << "fold " << fold << " entry " << entry;
    }
    Cheat cheat;
    cheat.out_of_domain_of = fold;
    EXPECT_TRUE(rejected(cheat)) << "out of domain " << fold;
  }
  for (int entry = 0; entry < static_cast<int>(params.final_size()); ++entry) {
    Cheat cheat;
    cheat.final_entry = entry;
    EXPECT_TRUE(rejected(cheat)) << "final " << entry;
  }
  for (int round = 0; round < params.num_rounds(); ++round) {
    for (const bool second : {false, true}) {
      Cheat cheat;
      cheat.round_index = round, cheat.second = second;
      EXPECT_TRUE(rejected(cheat)) << "round " << round << second;
    }
  }
  Instance other_mu(params, seed);
  other_mu.statement.mu += Fe::one();
  EXPECT_FALSE(other_mu.verify(other_mu.prove().bytes).accepted());
  for (std::size_t i = 0; i < params.num_bases(); ++i) {
    for (std::uint64_t lane = 0; lane < instance.bases[i].params().num_lanes(); ++lane) {
      Instance changed(params, seed);
      CommittedOracle& oracle = changed.bases[i];
      FpVec word = oracle.encoded().codeword();
      for (std::size_t j = lane; j < word.size(); j += oracle.params().num_lanes()) word[j] += Fp(1);
      oracle.replace_encoded(
          EncodedOracle::from_codeword(oracle.params(), base_leaf_values(oracle.params()), std::move(word)));
      changed.roots.bases[i] = oracle.root();
      EXPECT_FALSE(changed.verify(changed.prove().bytes).accepted()) << "base " << i << " lane " << lane;
    }
  }
}

TEST(OpeningEntries, AreAllBound) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) expect_bound(seed);
}

}  // namespace
}  // namespace zkinfer::pcs
