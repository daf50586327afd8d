// SPDX-License-Identifier: Apache-2.0
// Numbers that are much larger or smaller than those of ordinary networks, and shapes of no or one axis.
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "quant/wide_values.h"

namespace zkinfer::quant {
namespace {

// Beyond what a parameter holds: hashes of integers.
TEST_F(WideValues, LargeConstantsOfWholeNumbers) {
  const auto large = [&](std::vector<std::int64_t> data) {
    const Shape shape{static_cast<std::int64_t>(data.size())};
    return graph_.add_constant("p", AnyTensor(IntTensor(shape, std::move(data))), ir::DataType::kInt64);
  };
  const auto by = [&](OpKind kind, std::vector<std::int64_t> data) {
    graph_ = {};
    const ValueId x = input({4, 2}, ir::DataType::kInt64);
    const ValueId y = op(kind, {x, large(std::move(data))});
    return error(op(OpKind::kSub, {y, x}), -1000, 1000, true);
  };
  EXPECT_LT(by(OpKind::kMul, {2654435761}), 1e-6);
  EXPECT_LT(by(OpKind::kMul, {-2654435761, 7}), 1e-6);
  EXPECT_LT(by(OpKind::kAdd, {2654435761, -1234567890123}), 1e-6);
  EXPECT_LT(by(OpKind::kSub, {2654435761}), 1e-6);
  graph_ = {};
  graph_.outputs = {op(OpKind::kMul, {input({2}, ir::DataType::kInt64), large({std::int64_t{1} << 60})})};
  const std::vector<TensorMap> inputs{{{"x0", FloatTensor(Shape{2}, {3, 5})}}};
  const std::string message = quantize(graph_, inputs).status().message();
  EXPECT_NE(message.find("(Mul): its constant 'p' holds a whole number beyond 2^53"), std::string::npos) << message;
}

// Bounded functions about 0 have the bits of what they make.
TEST_F(WideValues, BoundedFunctionsOfSmallNumbers) {
  for (const char* name : {"Tanh", "Sin", "Erf", "Softsign", "Asin", "Atan"})
    for (const double size : {1e-2, 1e-4, 1e-6}) {
      graph_ = {};
      const ValueId scaled = op(OpKind::kMul, {input({4, 8}), constant({8}, std::vector<float>(8, 1))});
      EXPECT_LT(error(function(name, scaled), -size, size), 0.002) << name << " " << size;
    }
}

// A logarithm of what was rounded to 0 is that of half a unit.
TEST_F(WideValues, LogarithmsOfProbabilities) {
  const ValueId weights = op(OpKind::kSoftmax, {input({4, 10})}, ir::SoftmaxAttributes{1});
  const ValueId moved = op(OpKind::kAdd, {weights, constant({1}, {1e-6F})});
  EXPECT_LT(error(function("Log", moved), -12, 12), 0.3);
}

// Numbers and lists are no tables.
TEST_F(WideValues, ScalarsAndVectors) {
  for (const Shape& shape : {Shape{}, Shape{3}})
    for (const OpKind kind : {OpKind::kLess, OpKind::kEqual, OpKind::kAdd, OpKind::kSub, OpKind::kMul, OpKind::kMax,
                              OpKind::kDiv, OpKind::kWhere}) {
      graph_ = {};
      const ValueId x = op(OpKind::kRelu, {input(shape)}), two = op(OpKind::kAdd, {x, constant({}, {2})});
      ValueId y = kind == OpKind::kWhere ? op(kind, {op(OpKind::kLess, {x, constant({}, {0.5F})}), x, two})
                                         : op(kind, {x, two});
      if (graph_.value(y).dtype != ir::DataType::kFloat) y = op(OpKind::kCast, {y}, ir::CastAttributes{});
      EXPECT_LT(error(y, -1, 1), 0.002) << ir::to_text(graph_);
    }
}

}  // namespace
}  // namespace zkinfer::quant
