// SPDX-License-Identifier: Apache-2.0
// The analysis computes with doubles. What IEEE 754 fixes to the last bit (sums, products, quotients, roots, floors) is the same
// everywhere, since the library is compiled without contraction; log2, exp2 and log1p are not, and may differ in their last bits
// from one C library to the next. So no verdict may hang on such bits, for any parameters that the search gives: each bound is
// farther from what it is compared with than any library is wrong.
#include <gtest/gtest.h>

#include <cmath>

#include "soundness/analyze.h"
#include "soundness/challenge.h"
#include "soundness/code_bound.h"
#include "soundness/rows.h"
#include "soundness/terms.h"
#include "soundness/test_requests.h"

namespace zkinfer::soundness {
namespace {

// Far above what 2^10 operations on numbers below 2^10 can lose, even where each is wrong in its last eight bits.
constexpr double kFar = 8 * kRoundingSlack;

// The multiplicity that the analysis takes for a code is the largest whose fold error is small enough.
void expect_clear_multiplicity(const CodeBound& bound, const pcs::CodeParams& code, double fold_bits) {
  const double pairs = code.log_lanes == 0 ? 0.0 : code.log_lanes - 1.0;
  for (const std::uint32_t s : {bound.multiplicity, bound.multiplicity + 1}) {
    const CodeBound at = code_bound(code, Decoding::kJohnson, s);
    if (at.usable && s <= kMaxMultiplicity) {
      EXPECT_GT(std::abs(at.log2_fold + pairs + fold_bits), kFar) << "multiplicity " << s;
    }
  }
}

std::size_t expect_clear(const pcs::OpeningParams& params, const OuterShape& shape) {
  const SoundnessReport report = analyze(params, shape);
  EXPECT_TRUE(report.meets_target());
  for (const SoundnessTerm& term : report.terms) {
    // A collision of digests has 128 bits exactly: no logarithm.
    if (term.is_round) {
      EXPECT_GT(term.bits, report.target_bits + kFar) << term.label;
    }
  }
  if (params.security.zero_knowledge) {
    EXPECT_GT(report.hiding_bits(), std::max<double>(report.target_bits, kMinHidingBits) + kFar);
  }
  if (params.security.decoding != Decoding::kJohnson) return 0;
  const TermContext context = make_context(params, shape);
  const double fold_bits = params.security.bits + kFoldMargin;
  expect_clear_multiplicity(context.witness, params.witness, fold_bits);
  if (params.has_model) expect_clear_multiplicity(context.model, params.model, fold_bits);
  for (std::size_t i = 0; i < params.folds.size(); ++i)
    expect_clear_multiplicity(context.folds[i], params.folds[i], fold_bits);
  if (params.security.zero_knowledge) expect_clear_multiplicity(context.mask, params.mask, fold_bits);
  return params.folds.size() + 3;
}

TEST(Rounding, NoVerdictHangsOnTheLastBitsOfALogarithm) {
  std::size_t num_sets = 0, num_codes = 0;
  for (const std::uint32_t bits : {60u, 80u, 100u, 120u, 128u}) {
    for (const Decoding decoding : {Decoding::kJohnson, Decoding::kUnique}) {
      for (const bool zero_knowledge : {true, false}) {
        for (const int log_witness : {10, 16, 20, 24}) {
          for (const std::uint64_t model : {0ull, 3000ull, 1ull << 20, 1ull << 24}) {
            ParamRequest request;
            request.security.bits = bits;
            request.security.decoding = decoding;
            request.security.zero_knowledge = zero_knowledge;
            set_witness(request, (std::uint64_t{1} << log_witness) - 77, std::max(0, log_witness - 6));
            if (model > 0) set_model(request, model);
            request.model_budget = zero_knowledge && model > 0 ? 256 : 0;
            OuterShape& shape = request.shape;
            shape.log_leaves = static_cast<std::uint32_t>(log_witness) + 1;
            shape.max_tuple_width = 2;
            shape.num_relations = 50;
            shape.batched_rounds = static_cast<std::uint32_t>(log_witness) + 2;
            shape.num_triples = 3 * shape.log_leaves + 100;
            shape.log_triple_rows = 10;
            shape.num_functionals = 4096;
            const Result<pcs::OpeningParams> params = choose_params(request);
            if (!params.ok()) continue;  // unique decoding does not reach every target
            ++num_sets;
            num_codes += expect_clear(*params, shape);
          }
        }
      }
    }
  }
  EXPECT_GT(num_sets, 100u);
  EXPECT_GT(num_codes, 300u);
}

// What the analysis needs of a C library: powers of two and their logarithms are exact, so that caps that are whole numbers of bits
// are the same everywhere, and logarithms are right to a few of their last bits.
TEST(Rounding, WhatIsAskedOfTheLibrary) {
  for (int e = -900; e <= 900; ++e) {
    EXPECT_EQ(std::exp2(static_cast<double>(e)), std::ldexp(1.0, e));
    EXPECT_EQ(std::log2(std::ldexp(1.0, e)), e);
  }
  for (double x = 1.0009765625; x < 0x1p40; x *= 1.37) {
    EXPECT_NEAR(std::exp2(std::log2(x)), x, 0x1p-44 * x);
    EXPECT_NEAR(static_cast<double>(std::log2(static_cast<long double>(x))), std::log2(x),
                0x1p-50 * std::log2(x) + 0x1p-52);
  }
}

}  // namespace
}  // namespace zkinfer::soundness
