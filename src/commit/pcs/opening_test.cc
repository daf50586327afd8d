// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "base/big_endian.h"
#include "base/parallel.h"
#include "commit/pcs/test_support.h"

namespace zkinfer::pcs {
namespace {

using testing::Instance;
using testing::make_params;
using testing::Shape;

std::vector<Shape> shapes_to_try() {
  std::vector<Shape> shapes;
  // model rows, model lanes, witness rows, witness lanes, folds
  shapes.push_back({0, 0, 1, 0, {}});
  shapes.push_back({0, 0, 13, 2, {}});
  shapes.push_back({0, 0, 64, 3, {2}});
  shapes.push_back({0, 0, 37, 1, {3, 2}});
  shapes.push_back({20, 0, 5, 0, {1}});
  shapes.push_back({33, 3, 50, 1, {2}});
  shapes.push_back({50, 1, 33, 3, {2, 1}});
  shapes.push_back({7, 5, 100, 4, {2, 2, 3}});
  shapes.push_back({300, 4, 41, 4, {3, 3}});
  shapes.push_back({29, 2, 31, 3, {}});
  std::mt19937_64 draws(5);
  for (int i = 0; i < 12; ++i) {
    Shape shape;
    shape.model_rows = draws() % 3 == 0 ? 0 : 1 + draws() % 200;
    shape.model_lanes = static_cast<std::uint8_t>(draws() % 5);
    shape.witness_rows = 1 + draws() % 200;
    shape.witness_lanes = static_cast<std::uint8_t>(draws() % 5);
    for (std::uint64_t folds = draws() % 4; folds > 0; --folds) {
      shape.fold_lanes.push_back(static_cast<std::uint8_t>(1 + draws() % 3));
    }
    shape.num_queries = static_cast<std::uint32_t>(1 + draws() % 6);
    shape.pow_bits = static_cast<std::uint8_t>(draws() % 5);
    shape.log_inverse_rate = static_cast<std::uint8_t>(1 + draws() % 3);
    shapes.push_back(shape);
  }
  return shapes;
}

TEST(Opening, RoundTripOverDrawnShapes) {
  std::uint64_t seed = 1;
  for (Shape shape : shapes_to_try()) {
    for (const bool zero_knowledge : {false, true}) {
      for (const std::uint64_t budget : {0, 2}) {
        shape.zero_knowledge = zero_knowledge;
        shape.model_budget = budget;
        const OpeningParams params = make_params(shape);
        ASSERT_TRUE(params.validate().ok()) << params.validate().to_string();
        const Instance instance(params, seed++);
        const OpeningProof proof = instance.prove();
        EXPECT_EQ(instance.verify(proof.bytes).to_string(), "accepted") << "seed " << seed - 1;
        // Every pad serves one message: as many hidden messages as pads.
        std::uint64_t num_hidden = 0;
        for (const ProofSection& section : proof.sections) {
          for (const char* label :
               {"opening c1", "opening c2", "fold out of domain", "final vector", "final c1", "final c2"}) {
            num_hidden += section.label == std::string(label) ? 1 : 0;
          }
        }
        EXPECT_EQ(num_hidden, params.num_mask_elements());
      }
    }
  }
}

// Sizes that need several tasks and blocks in every loop.
TEST(Opening, RoundTripOfLargerVectors) {
  for (const bool zero_knowledge : {false, true}) {
    Shape shape{17000, 3, 9001, 1, {3, 3, 3}};
    shape.zero_knowledge = zero_knowledge;
    const Instance instance(make_params(shape), 31);
    EXPECT_EQ(instance.verify(instance.prove().bytes).to_string(), "accepted");
  }
}

// Data oracles stand between M and W, with fewer and with more lanes than these.
TEST(Opening, RoundTripWithDataOracles) {
  for (const bool zero_knowledge : {false, true}) {
    for (const std::uint64_t model_rows : {0, 50}) {
      Shape shape{model_rows, static_cast<std::uint8_t>(model_rows > 0 ? 2 : 0), 31, 1, {2, 1}};
      shape.zero_knowledge = zero_knowledge;
      shape.data = {{7, 3, 4}, {90, 0, 2}, {33, 1, 0}};
      const Instance instance(make_params(shape), 36);
      ASSERT_EQ(instance.params.validate().to_string(), "ok");
      EXPECT_EQ(instance.verify(instance.prove().bytes).to_string(), "accepted");
    }
  }
}

TEST(Opening, PowersAloneNeedNoWeights) {
  Instance instance(make_params({50, 2, 31, 3, {2}}), 32);
  instance.statement.mu = Fe();
  for (std::size_t i = 0; i < instance.bases.size(); ++i) {
    instance.statement.bases[i].weights = nullptr;
    for (const PowerFunctional& power : instance.statement.bases[i].powers) {
      instance.statement.mu += power.coef * ood_value(instance.bases[i], power.base);
    }
  }
  EXPECT_EQ(instance.verify(instance.prove().bytes).to_string(), "accepted");
}

TEST(Opening, SameBytesForAnyNumberOfThreads) {
  const Instance instance(make_params({20000, 2, 9000, 2, {3, 3}}), 33);
  Bytes one, two;
  {
    const ThreadLimit limit(1);
    one = instance.prove().bytes;
  }
  {
    const ThreadLimit limit(2);
    two = instance.prove().bytes;
  }
  EXPECT_EQ(one, two);
  EXPECT_NE(one, instance.prove(nullptr, 100).bytes) << "other random rows";
}

// What is kept or made again changes no byte; a fold's rows that are made again are those that were hashed.
TEST(Opening, SameBytesWhateverIsKept) {
  for (const bool zero_knowledge : {false, true}) {
    for (Shape shape : {Shape{20000, 4, 9000, 2, {3, 3}}, Shape{0, 0, 700, 1, {1, 2, 4}}, Shape{9001, 0, 20, 5, {2}}}) {
      shape.zero_knowledge = zero_knowledge;
      shape.num_queries = 40;
      const Instance instance(make_params(shape), 36);
      const Bytes kept = instance.prove().bytes;
      EXPECT_EQ(instance.verify(kept).to_string(), "accepted");
      for (const CpuLimits& limits : {CpuLimits{0, 0}, CpuLimits{std::size_t{1} << 16, std::size_t{1} << 12}})
        EXPECT_EQ(instance.prove(nullptr, 99, *new_cpu_backend(limits)).bytes, kept) << limits.code_bytes;
    }
  }
}

// Pads are one-time: the same message under two masks differs, and its difference is that of the pads.
TEST(Opening, FirstMessageIsPadded) {
  const OpeningParams params = make_params({50, 2, 31, 3, {2}});
  Instance instance(params, 34);
  const auto first_message = [&] {
    const Bytes proof = instance.prove().bytes;
    const Fe value(Fp(load_big_endian(proof.data())), Fp(load_big_endian(proof.data() + 8)),
                   Fp(load_big_endian(proof.data() + 16)));
    return value - instance.mask.x()[0];
  };
  const Fe value = first_message();
  testing::SeededRandom other(35);
  instance.mask = MaskOracle(params, other);
  instance.roots.mask = instance.mask.root();
  EXPECT_EQ(first_message(), value);
}

}  // namespace
}  // namespace zkinfer::pcs
