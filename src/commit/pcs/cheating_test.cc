// SPDX-License-Identifier: Apache-2.0
// Provers that follow the protocol and cheat in one place. No grinding, so that nothing else fails first.
#include <gtest/gtest.h>

#include <functional>
#include <numeric>

#include "commit/pcs/test_support.h"

namespace zkinfer::pcs {
namespace {

using testing::Instance;
using testing::make_params;
using testing::Shape;

struct Cheat : ProverHooks {
  std::function<void(std::size_t, FeSpan)> on_fold_vector;
  std::function<void(std::size_t, FpVec&)> on_fold_codeword;
  std::function<void(std::size_t, Fe&)> on_out_of_domain;
  std::function<void(std::size_t, Fe&, Fe&)> on_round;
  std::function<void(FeSpan)> on_final_vector;
  std::function<void(Fe&)> on_mask_product;
  std::function<void(std::vector<Fe>&)> on_mask_response;

  void fold_vector(std::size_t fold, FeSpan v) override {
    if (on_fold_vector) on_fold_vector(fold, v);
  }
  void fold_codeword(std::size_t fold, FpVec& c) override {
    if (on_fold_codeword) on_fold_codeword(fold, c);
  }
  void out_of_domain(std::size_t fold, Fe& y) override {
    if (on_out_of_domain) on_out_of_domain(fold, y);
  }
  void round(std::size_t i, Fe& c1, Fe& c2) override {
    if (on_round) on_round(i, c1, c2);
  }
  void final_vector(FeSpan v) override {
    if (on_final_vector) on_final_vector(v);
  }
  void mask_product(Fe& x) override {
    if (on_mask_product) on_mask_product(x);
  }
  void mask_response(std::vector<Fe>& x) override {
    if (on_mask_response) on_mask_response(x);
  }
};

class Cheating : public ::testing::TestWithParam<bool> {
 protected:
  Cheating() {
    Shape shape{50, 3, 30, 2, {2, 3}};  // v_1 has a gap and slack behind it
    shape.zero_knowledge = GetParam();
    shape.pow_bits = 0;
    shape.num_queries = 6;
    shape.data = {{9, 1, 2}};
    params_ = make_params(shape);
  }
  RejectReason linear() const { return GetParam() ? RejectReason::kOpening : RejectReason::kFinalCheck; }
  std::string run(const Instance& instance, Cheat& cheat) {
    return std::string(reject_reason_name(instance.verify(instance.prove(&cheat).bytes).reason));
  }
  // No functional on the random rows of pinned oracles is left.
  static void forget_powers(Instance& instance) {
    for (std::size_t i = 0; i < instance.bases.size(); ++i) {
      for (const PowerFunctional& power : instance.statement.bases[i].powers)
        instance.statement.mu -= power.coef * ood_value(instance.bases[i], power.base);
      instance.statement.bases[i].powers.clear();
    }
  }
  std::string expected() const { return std::string(reject_reason_name(linear())); }
  OpeningParams params_;
};

TEST_P(Cheating, WrongRound) {
  const Instance instance(params_, 1);
  for (std::size_t wrong = 0; wrong < static_cast<std::size_t>(params_.num_rounds()); ++wrong) {
    for (const bool second : {false, true}) {
      Cheat cheat;
      cheat.on_round = [&](std::size_t i, Fe& c1, Fe& c2) {
        if (i == wrong) (second ? c2 : c1) += Fe::one();
      };
      EXPECT_EQ(run(instance, cheat), expected()) << "round " << wrong;
    }
  }
}

TEST_P(Cheating, WrongFoldVector) {
  const Instance instance(params_, 2);
  for (std::size_t wrong = 0; wrong < params_.folds.size(); ++wrong) {
    Cheat cheat;
    cheat.on_fold_vector = [&](std::size_t fold, FeSpan v) {
      if (fold == wrong) v.set(3, v.get(3) + Fe::one());
    };
    EXPECT_EQ(run(instance, cheat), expected()) << "fold " << wrong;
  }
}

// Entries that no functional and no opened row speaks of must be zero.
TEST_P(Cheating, NonzeroSlack) {
  const Instance instance(params_, 3);
  const std::vector<BaseOracle> bases = params_.bases();
  for (std::size_t i = 1; i < bases.size(); ++i) {
    const std::uint64_t gap = bases[i - 1].offset + bases[i - 1].params->dimension();
    ASSERT_LT(gap, bases[i].offset);
    for (const std::uint64_t place : {gap, bases[i].offset - 1}) {
      Cheat in_gap;
      in_gap.on_fold_vector = [&](std::size_t fold, FeSpan v) {
        if (fold == 0) v.set(place, Fe::one());
      };
      EXPECT_EQ(run(instance, in_gap), expected()) << "before base oracle " << i;
    }
  }
  bool found = false;
  for (std::size_t wrong = 0; wrong < params_.folds.size(); ++wrong) {
    const std::uint64_t size = params_.vector_size(wrong);
    if (size == params_.folds[wrong].num_coefs * params_.folds[wrong].num_lanes()) continue;
    found = true;
    for (const std::uint64_t place : {size, params_.folds[wrong].message_size() - 1}) {
      Cheat behind;
      behind.on_fold_vector = [&](std::size_t fold, FeSpan v) {
        if (fold == wrong) v.set(place, Fe::one());
      };
      EXPECT_EQ(run(instance, behind), expected()) << "fold " << wrong << " entry " << place;
    }
  }
  EXPECT_TRUE(found);
}

// Rows that a fold has beyond those that the vector takes.
TEST_P(Cheating, NonzeroRowsBehindTheVector) {
  Shape shape{0, 0, 40, 1, {2, 2}};
  shape.more_rows = 3;
  shape.zero_knowledge = GetParam();
  shape.pow_bits = 0;
  const OpeningParams params = make_params(shape);
  Instance instance(params, 21);
  ASSERT_EQ(instance.verify(instance.prove().bytes).reason, RejectReason::kNone);
  const std::uint64_t size = params.vector_size(0), end = params.folds[0].message_size();
  ASSERT_GE(end - size, 3 * params.folds[0].num_lanes());
  for (std::uint64_t place = size; place < end; ++place) {
    Cheat cheat;
    cheat.on_fold_vector = [&](std::size_t fold, FeSpan v) {
      if (fold == 0) v.set(place, Fe::one());
    };
    EXPECT_EQ(run(instance, cheat), expected()) << "entry " << place;
  }
}

// x^N - 7^N is zero on a whole domain of N points: a multiple of it in v_1, behind the part as well, changes no opened row. Where its
// low end is a random row, no functional sees it either: that the entries behind parts are zero does.
TEST_P(Cheating, ZeroOnTheDomain) {
  Shape shape{0, 0, 2, 0, {6}};
  shape.zero_knowledge = GetParam();
  shape.pow_bits = 0;
  shape.data = {{1, 0, 1}};
  const OpeningParams params = make_params(shape);
  Instance instance(params, 12);
  forget_powers(instance);
  const std::vector<IndexRange> ranges = row_ranges(params, 0);
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const CodeParams& oracle = *params.bases()[i].params;
    const std::uint64_t low = ranges[i].begin + oracle.dimension() - 1, size = oracle.domain_size();
    ASSERT_LT(low + size, ranges[i].end);
    Cheat cheat;
    cheat.on_fold_vector = [&](std::size_t, FeSpan v) {
      v.set(low, v.get(low) - Fe(pow(Fp(7), size)));
      v.set(low + size, v.get(low + size) + Fe::one());
    };
    EXPECT_EQ(run(instance, cheat), expected()) << "base oracle " << i;
  }
}

// Without folds v_1 is sent with its gaps. A polynomial of random rows and gap that is zero at as many points as it can be changes no
// opened row where the one query hits one of these, as here it often does.
TEST_P(Cheating, ZeroAtSomePoints) {
  Shape shape{0, 0, 16, 0, {}};
  shape.zero_knowledge = GetParam();
  shape.pow_bits = 0;
  shape.num_queries = 1;
  shape.log_inverse_rate = 1;
  shape.data = {{2, 0, 1}};
  const OpeningParams params = make_params(shape);
  const IndexRange range = row_ranges(params, 0)[0];
  const CodeParams& oracle = params.data[0].oracle;
  ASSERT_LT(oracle.dimension(), range.end - range.begin);
  std::vector<std::uint64_t> rows(range.end - range.begin - oracle.num_coefs - 1);
  std::iota(rows.begin(), rows.end(), 0u);
  std::vector<Fp> zero = {Fp(1)};  // lowest coefficient first
  for (const Fp x : domain_points(oracle, rows)) {
    zero.insert(zero.begin(), Fp());
    for (std::size_t i = 0; i + 1 < zero.size(); ++i) zero[i] -= x * zero[i + 1];
  }
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    Instance instance(params, seed);
    forget_powers(instance);
    Cheat cheat;
    cheat.on_final_vector = [&](FeSpan v) {
      for (std::uint64_t t = oracle.num_coefs; t < range.end; ++t) v.set(t, v.get(t) + zero[t - oracle.num_coefs]);
    };
    EXPECT_EQ(run(instance, cheat), expected()) << "seed " << seed;
  }
}

TEST_P(Cheating, WrongOutOfDomainValue) {
  const Instance instance(params_, 4);
  for (std::size_t wrong = 0; wrong < params_.folds.size(); ++wrong) {
    Cheat cheat;
    cheat.on_out_of_domain = [&](std::size_t fold, Fe& y) {
      if (fold == wrong) y += Fe::one();
    };
    EXPECT_EQ(run(instance, cheat), expected()) << "fold " << wrong;
  }
}

TEST_P(Cheating, WrongFoldCodeword) {
  const Instance instance(params_, 5);
  for (std::size_t wrong = 0; wrong < params_.folds.size(); ++wrong) {
    Cheat cheat;
    cheat.on_fold_codeword = [&](std::size_t fold, FpVec& codeword) {
      if (fold != wrong) return;
      for (std::size_t i = 0; i < codeword.size(); i += 3) codeword[i] += Fp(1);
    };
    EXPECT_EQ(run(instance, cheat), expected()) << "fold " << wrong;
  }
}

// The committed code word of a base oracle belongs to another vector than the one that the opening uses.
TEST_P(Cheating, WrongBaseCodeword) {
  for (std::size_t i = 0; i < params_.num_bases(); ++i) {
    Instance instance(params_, 6);
    CommittedOracle& oracle = instance.bases[i];
    FpVec codeword = oracle.encoded().codeword();
    for (std::size_t j = 0; j < codeword.size(); j += oracle.params().num_lanes()) codeword[j] += Fp(1);
    oracle.replace_encoded(
        EncodedOracle::from_codeword(oracle.params(), base_leaf_values(oracle.params()), std::move(codeword)));
    instance.roots.bases[i] = oracle.root();
    Cheat nothing;
    EXPECT_EQ(run(instance, nothing), expected()) << "base oracle " << i;
  }
}

TEST_P(Cheating, WrongFinalVector) {
  const Instance instance(params_, 7);
  for (std::size_t t = 0; t < params_.final_size(); ++t) {
    Cheat cheat;
    cheat.on_final_vector = [&](FeSpan v) { v.set(t, v.get(t) + Fe::one()); };
    EXPECT_EQ(run(instance, cheat), expected()) << "entry " << t;
  }
}

TEST_P(Cheating, WrongMaskMessages) {
  if (!GetParam()) return;
  const Instance instance(params_, 8);
  Cheat product;
  product.on_mask_product = [](Fe& x) { x += Fe::one(); };
  EXPECT_EQ(run(instance, product), "opening");
  Cheat response;
  response.on_mask_response = [](std::vector<Fe>& x) { x[0] += Fe::one(); };
  EXPECT_EQ(run(instance, response), "opening");
  Cheat randomness;
  randomness.on_mask_response = [](std::vector<Fe>& x) { x.back() += Fe::one(); };
  EXPECT_EQ(run(instance, randomness), "opening") << "the pin covers the random rows";
  Cheat pinned;
  // A change that keeps the pinned value: only the code word tells.
  pinned.on_mask_response = [&](std::vector<Fe>& x) {
    x[x.size() - 2] += instance.roots.pin.point;
    x.back() -= Fe::one();
  };
  EXPECT_EQ(run(instance, pinned), "mask code word");
}

// Pads other than the committed ones: the final linear check can be met, the code word of X cannot.
TEST_P(Cheating, WrongMaskOracle) {
  if (!GetParam()) return;
  Instance instance(params_, 9);
  testing::SeededRandom other(77);
  const MaskOracle committed(params_, other);
  instance.mask.replace_encoded(
      EncodedOracle::from_codeword(params_.mask, kMaskLeafValues, committed.encoded().codeword()));
  instance.roots.mask = committed.root();
  Cheat nothing;
  EXPECT_EQ(run(instance, nothing), "mask code word");
}

INSTANTIATE_TEST_SUITE_P(ZeroKnowledge, Cheating, ::testing::Bool());

}  // namespace
}  // namespace zkinfer::pcs
