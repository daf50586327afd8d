// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "commit/pcs/test_support.h"

namespace zkinfer::pcs {
namespace {

using testing::Instance;
using testing::make_params;
using testing::Shape;

std::vector<Shape> drawn_shapes() {
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
  return shapes;
}

TEST(Opening, RoundTripOverDrawnShapes) {
  std::uint64_t seed = 1;
  for (Shape shape : drawn_shapes()) {
    for (const bool zero_knowledge : {false, true}) {
      for (const std::uint64_t budget : {0, 2}) {
        shape.zero_knowledge = zero_knowledge;
        shape.model_budget = budget;
        const OpeningParams params = make_params(shape);
        ASSERT_TRUE(params.validate().ok()) << params.validate().to_string();
        const Instance instance(params, seed++);
        const OpeningProof proof = instance.prove();
        EXPECT_EQ(instance.verify(proof.bytes).to_string(), "accepted") << "seed " << seed - 1;
      }
    }
  }
}

}  // namespace
}  // namespace zkinfer::pcs
