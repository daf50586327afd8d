// SPDX-License-Identifier: Apache-2.0
#include "commit/pcs/params.h"

#include <gtest/gtest.h>

#include <functional>

#include "commit/pcs/test_support.h"

namespace zkinfer::pcs {
namespace {

using testing::make_params;
using testing::Shape;

OpeningParams example() { return make_params({300, 4, 41, 3, {3, 2}}); }

TEST(Params, CanonicalBytesRoundTrip) {
  const OpeningParams params = example();
  const Bytes bytes = params.canonical_bytes();
  ByteReader reader(bytes);
  const Result<OpeningParams> parsed = parse_params(reader);
  ASSERT_TRUE(parsed.ok()) << parsed.status().to_string();
  EXPECT_TRUE(reader.finished());
  EXPECT_EQ(parsed->canonical_bytes(), bytes);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    ByteReader truncated(ByteView(bytes).subspan(0, length));
    EXPECT_FALSE(parse_params(truncated).ok());
  }
}

TEST(Params, ChainOfVectors) {
  const OpeningParams params = example();
  EXPECT_EQ(params.first_rounds(), 4);
  EXPECT_EQ(params.fold_bits(), 5);
  const std::vector<BaseOracle> bases = params.bases();
  ASSERT_EQ(bases.size(), 2u);
  EXPECT_EQ(bases[0].offset, 0u);
  EXPECT_EQ(bases[1].offset % 32, 0u);
  EXPECT_GE(bases[1].offset, params.model.dimension());
  EXPECT_LT(bases[1].offset, params.model.dimension() + 32);
  EXPECT_EQ(params.first_vector_size(), bases[1].offset + params.witness.dimension());
  EXPECT_EQ(params.final_rounds(), 5);
  EXPECT_EQ(params.num_mask_elements(), 2u * (9 + 5) + 2 + params.final_size());
}

// A fold may have more rows than its vector takes, up to twice as many; everything behind it follows.
TEST(Params, FoldsMayHaveMoreRows) {
  OpeningParams params = example();
  CodeParams& last = params.folds.back();
  const std::uint64_t rows = fold_rows(params.vector_size(params.folds.size() - 1), last.log_lanes);
  ASSERT_EQ(last.num_coefs, rows);
  for (const std::uint64_t more : {std::uint64_t{1}, rows}) {
    last.num_coefs = rows + more;
    params.mask.num_coefs = params.num_mask_elements();
    EXPECT_TRUE(params.validate().ok()) << params.validate().to_string();
  }
  last.num_coefs = 2 * rows + 1;
  params.mask.num_coefs = params.num_mask_elements();
  EXPECT_EQ(params.validate().message().find("opening parameters, folds["), 0u) << params.validate().to_string();
}

TEST(Params, EveryRuleRejects) {
  const std::vector<std::function<void(OpeningParams&)>> changes = {
      [](OpeningParams& p) { p.security.bits = 0; },
      [](OpeningParams& p) { p.security.bits = 1000; },
      [](OpeningParams& p) { p.security.pow_bits = 49; },
      [](OpeningParams& p) { p.security.decoding = static_cast<Decoding>(7); },
      [](OpeningParams& p) { p.security.profile = static_cast<Profile>(3); },
      [](OpeningParams& p) { p.model_budget = 1000; },
      [](OpeningParams& p) { p.model_budget = std::uint64_t{1} << 60; },
      [](OpeningParams& p) { p.has_model = false; },
      [](OpeningParams& p) { p.security.zero_knowledge = false; },
      [](OpeningParams& p) { p.witness.num_coefs = 0; },
      [](OpeningParams& p) { p.witness.num_coefs = ~std::uint64_t{0}; },
      [](OpeningParams& p) { p.witness.log_lanes = 40; },
      [](OpeningParams& p) { p.witness.log_domain = 33; },
      [](OpeningParams& p) { p.witness.log_domain = 5; },
      [](OpeningParams& p) { p.witness.num_queries = 0; },
      [](OpeningParams& p) { p.witness.num_queries = 5000; },
      // Exactly t random rows do not hide t opened leaves together with the others: one more is needed.
      [](OpeningParams& p) { p.witness.num_random_coefs = p.witness.num_queries; },
      [](OpeningParams& p) { p.model.num_random_coefs = p.model_budget * p.model.num_queries + 3; },
      [](OpeningParams& p) { p.folds[1].num_random_coefs = p.folds[1].num_queries; },
      [](OpeningParams& p) { p.mask.num_random_coefs = p.mask.num_queries + 1; },
      [](OpeningParams& p) { p.mask.num_coefs += 1; },
      [](OpeningParams& p) { p.mask.log_lanes = 1; },
      [](OpeningParams& p) { p.folds[0].num_coefs -= 1; },
      [](OpeningParams& p) { p.folds[0].num_coefs = 2 * p.folds[0].num_coefs + 1; },
      [](OpeningParams& p) { p.folds[1].num_coefs -= 1; },
      [](OpeningParams& p) { p.folds[0].log_lanes = 0; },
      [](OpeningParams& p) { p.folds[0].log_lanes = 7; },
      [](OpeningParams& p) { p.folds.resize(13, p.folds[0]); },
      [](OpeningParams& p) { p.folds.pop_back(); },
      // A data oracle makes v_1 longer, which the folds do not expect.
      [](OpeningParams& p) {
        p.data.push_back({{4, 3 * 5 + 4, 1, 6, 5}, 3});
      },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    OpeningParams params = example();
    ASSERT_TRUE(params.validate().ok()) << params.validate().to_string();
    changes[i](params);
    EXPECT_FALSE(params.validate().ok()) << "change " << i;
  }
}

TEST(Params, NoZeroKnowledgeMeansNoRandomRows) {
  Shape shape{300, 4, 41, 3, {3, 2}};
  shape.zero_knowledge = false;
  OpeningParams params = make_params(shape);
  EXPECT_TRUE(params.validate().ok()) << params.validate().to_string();
  params.witness.num_random_coefs = 4;
  EXPECT_FALSE(params.validate().ok());
}

}  // namespace
}  // namespace zkinfer::pcs
