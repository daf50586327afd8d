// SPDX-License-Identifier: Apache-2.0
// Every operator in a small graph: integer output against float output within the error bounds that the quantizer states.
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "exec/float/float_executor.h"
#include "exec/integer/executor.h"
#include "ir/functions.h"
#include "quant/fidelity.h"
#include "quant/hoist.h"
#include "quant/quantize.h"

namespace zkinfer::quant {
namespace {

using ir::OpKind;
using ir::ValueId;

class Ops : public ::testing::Test {
 protected:
  ValueId input(Shape shape) {
    return graph_.add_input("x" + std::to_string(graph_.inputs.size()), ir::DataType::kFloat, std::move(shape));
  }
  ValueId constant(Shape shape, float bound) {
    FloatTensor tensor(shape);
    for (float& x : tensor.data()) x = uniform(-bound, bound);
    return graph_.add_constant("c", std::move(tensor));
  }
  ValueId op(OpKind kind, std::vector<ValueId> inputs, ir::Attributes attributes = {}) {
    Result<ValueId> id =
        graph_.add_node(kind, "n" + std::to_string(graph_.nodes.size()), std::move(inputs), std::move(attributes));
    EXPECT_TRUE(id.ok()) << id.status().to_string();
    return id.ok() ? *id : 0;
  }
  ValueId function(ir::FunctionId id, std::vector<ValueId> inputs) {
    return op(OpKind::kFunction, std::move(inputs), ir::FunctionAttributes{id});
  }
  float uniform(float lo, float hi) { return std::uniform_real_distribution<float>(lo, hi)(random_); }

  // Grid inputs k/255 are exact integers, so that the bound is about the operators alone.
  std::vector<TensorMap> draw(std::size_t count, bool non_negative) {
    std::vector<TensorMap> all(count);
    for (TensorMap& map : all) {
      for (const ValueId id : graph_.inputs) {
        FloatTensor tensor(graph_.value(id).shape);
        for (float& x : tensor.data())
          x = static_cast<float>(static_cast<int>(random_() % 256) - (non_negative ? 0 : 128)) / 255.0F;
        map.emplace(graph_.value(id).name, std::move(tensor));
      }
    }
    return all;
  }
  static QuantOptions fixed() {
    QuantOptions options;
    options.activation_bits = 10;
    options.shift = 12;
    options.method = CalibrationMethod::kMinMax;
    return options;
  }

  // |integer - float| <= slack * (sum of the layers' bounds) on the calibration inputs themselves (no clipping there).
  // slack is 1 for graphs whose layers do not amplify each other's errors.
  void check(ValueId output, double slack = 1, bool non_negative = false) {
    graph_.outputs = {output};
    const std::vector<TensorMap> inputs = draw(20, non_negative);
    const Result<Quantized> quantized = quantize(graph_, inputs, fixed());
    ASSERT_TRUE(quantized.ok()) << quantized.status().to_string() << ir::to_text(graph_);
    double bound = 1e-5;
    for (const LayerInfo& layer : quantized->layers) bound += slack * layer.error_bound;
    const Result<Fidelity> report = compare(graph_, quantized->graph, quantized->params, inputs);
    ASSERT_TRUE(report.ok()) << report.status().to_string();
    // Labels are equal, or not.
    const double different = 1 - report->agreement().value_or(0);
    EXPECT_LE(report->max_abs_error().value_or(different), bound)
        << report_text(*quantized) << qir::to_text(quantized->graph);
    // A bound that is not worth stating hides mistakes: outputs here are of the order of 1.
    EXPECT_LT(bound, 0.5) << report_text(*quantized);
    EXPECT_GE(report->cosine().value_or(0), 0.998) << report_text(*quantized) << fidelity_text(*report);
    // The worst inputs of the declared range prove as well.
    for (const std::int64_t pick : {0, 1, 2}) {
      exec_integer::Inputs extreme;
      for (const qir::ValueId id : quantized->graph.inputs) {
        const qir::Value& value = quantized->graph.value(id);
        std::vector<std::int64_t> data(static_cast<std::size_t>(value.shape.num_elements()));
        for (std::int64_t& x : data)
          x = pick == 0 ? value.lo : pick == 1 ? value.hi : (random_() % 2 == 0 ? value.lo : value.hi);
        extreme.push_back(std::move(data));
      }
      const auto witness = exec_integer::run(quantized->graph, quantized->params, extreme);
      EXPECT_TRUE(witness.ok()) << witness.status().to_string();
    }
  }

  ir::Graph graph_;
  std::mt19937 random_{17};
};

ir::ConvAttributes conv_attributes(std::int64_t stride, std::int64_t pad, std::int64_t groups = 1) {
  return {{stride, stride}, {1, 1}, {pad, pad}, {pad, pad}, groups};
}
ir::PoolAttributes pool_attributes(std::int64_t kernel, std::int64_t stride, std::int64_t pad, bool include) {
  return {{kernel, kernel}, {stride, stride}, {1, 1}, {pad, pad}, {pad, pad}, include};
}

// The larger of two values is one of them: its only roundings are those that the two bring along.
TEST_F(Ops, AMaximumOfTwoValuesRoundsNothing) {
  const ValueId x = input({4, 8}), y = input({4, 8});
  graph_.outputs = {op(OpKind::kMax, {x, y})};
  const std::vector<TensorMap> inputs = draw(20, false);
  const Quantized quantized = quantize(graph_, inputs, fixed()).value();
  for (const qir::Node& node : quantized.graph.nodes) EXPECT_EQ(node.requant.shift, 0) << qir::to_text(quantized.graph);
  double step = 0;
  for (const qir::ValueId id : quantized.graph.inputs) step = std::max(step, scale_of(quantized.graph.value(id)));
  EXPECT_LE(compare(graph_, quantized.graph, quantized.params, inputs)->max_abs_error().value(), 0.5001 * step);
}

// Trained scalars are parameters: neither they nor what gives them away stands in the structure.
TEST_F(Ops, TrainedScalarsAreParameters) {
  for (const bool literal : {false, true}) {
    graph_ = {};
    const auto number = [&](float x) {
      const ValueId id = graph_.add_constant("s", FloatTensor(Shape{1}, {x}));
      graph_.value(id).literal = literal;
      return id;
    };
    const ValueId x = input({4, 8});
    const ValueId h = function(ir::function("Sigmoid"), {op(OpKind::kMatMul, {x, constant({8, 6}, 0.5F)})});
    const ValueId shifted = op(OpKind::kAdd, {h, number(0.8265F)});
    const ValueId scaled = op(OpKind::kRelu, {op(OpKind::kMul, {shifted, number(1.618F)})});
    const ValueId less = op(OpKind::kSub, {scaled, number(0.3717F)});
    check(op(OpKind::kMul, {function(ir::function("Tanh"), {less}), number(-0.731F)}), 4);
    const Result<Quantized> quantized = quantize(graph_, draw(20, false), fixed());
    ASSERT_TRUE(quantized.ok()) << quantized.status().to_string();
    std::size_t scalars = 0;
    for (const qir::Value& value : quantized->graph.values) {
      if (value.kind == qir::ValueKind::kParam && value.shape.num_elements() == 1) ++scalars;
    }
    std::int64_t constants = 0;
    for (const qir::Node& n : quantized->graph.nodes) constants += n.constant != 0 ? 1 : 0;
    if (literal) {
      EXPECT_EQ(scalars, 0u);
      EXPECT_EQ(constants, 2);
      continue;
    }
    EXPECT_EQ(scalars, 4u) << qir::to_text(quantized->graph);
    EXPECT_EQ(constants, 0) << qir::to_text(quantized->graph);
    // A product's scale is its input's times a power of two.
    for (const qir::Node& n : quantized->graph.nodes) {
      if (n.op != qir::Op::kMul) continue;
      const double ratio = scale_of(quantized->graph.value(n.output)) / scale_of(quantized->graph.value(n.inputs[0]));
      const double steps = n.requant.table_index == qir::kNoTable ? 2047 : 1;
      EXPECT_NEAR(std::log2(ratio * steps), std::round(std::log2(ratio * steps)), 1e-9) << ratio;
    }
  }
}

// Other scalars of the same octave, and the structure is the same byte for byte: it says nothing more of them.
TEST_F(Ops, StructuresDoNotDependOnTrainedScalars) {
  std::vector<Bytes> structures;
  std::vector<TensorMap> inputs;
  for (const double times : {1.0, 1.01, 0.985}) {
    random_.seed(5);
    graph_ = {};
    const auto number = [&](double x) {
      return graph_.add_constant("s", FloatTensor(Shape{1}, {static_cast<float>(x * times)}));
    };
    const ValueId x = input({4, 8});
    const ValueId h = function(ir::function("Sigmoid"), {op(OpKind::kMatMul, {x, constant({8, 6}, 0.5F)})});
    const ValueId shifted = op(OpKind::kAdd, {h, number(0.8265)});
    const ValueId scaled = op(OpKind::kRelu, {op(OpKind::kMul, {shifted, number(1.618)})});
    graph_.outputs = {op(OpKind::kMul, {scaled, number(-0.731)})};
    if (inputs.empty()) inputs = draw(20, false);
    const Result<Quantized> quantized = quantize(graph_, inputs, fixed());
    ASSERT_TRUE(quantized.ok()) << quantized.status().to_string();
    structures.push_back(qir::structure_bytes(quantized->graph));
    EXPECT_EQ(structures.back(), structures.front()) << qir::to_text(quantized->graph);
  }
}

TEST_F(Ops, ConvWide) {
  const ValueId x = input({1, 3, 8, 8});
  check(op(OpKind::kConv, {x, constant({4, 3, 3, 3}, 0.3F), constant({4}, 0.5F)}, conv_attributes(1, 1)));
}
TEST_F(Ops, ConvReluGroups) {
  const ValueId x = input({1, 4, 9, 9});
  check(op(OpKind::kRelu, {op(OpKind::kConv, {x, constant({6, 2, 3, 3}, 0.3F)}, conv_attributes(2, 1, 2))}));
}
TEST_F(Ops, MatMulBiasRelu) {
  const ValueId x = input({2, 16});
  check(op(OpKind::kRelu, {op(OpKind::kMatMul, {x, constant({16, 8}, 0.4F), constant({8}, 0.3F)})}));
}
TEST_F(Ops, MatMulConstantLeft) {
  const ValueId x = input({16, 3});
  check(op(OpKind::kRelu, {op(OpKind::kMatMul, {constant({5, 16}, 0.4F), x})}));
}
TEST_F(Ops, MatMulOfActivations) {
  const ValueId a = input({2, 6, 8});
  const ValueId b = input({2, 8, 5});
  check(op(OpKind::kRelu, {op(OpKind::kMatMul, {a, b})}));
}
TEST_F(Ops, Relu) { check(op(OpKind::kRelu, {input({3, 7})})); }
TEST_F(Ops, Sigmoid) { check(function(ir::function("Sigmoid"), {input({3, 7})})); }
TEST_F(Ops, TanhAfterMatMul) {
  const ValueId x = input({1, 16});
  check(function(ir::function("Tanh"), {op(OpKind::kMatMul, {x, constant({16, 8}, 0.6F)})}));
}
TEST_F(Ops, SigmoidAfterMatMul) {
  const ValueId x = input({1, 16});
  check(function(ir::function("Sigmoid"), {op(OpKind::kMatMul, {x, constant({16, 8}, 0.6F)})}));
}
TEST_F(Ops, LeakyReluAfterConv) {
  const ValueId x = input({1, 2, 6, 6});
  check(op(OpKind::kLeakyRelu, {op(OpKind::kConv, {x, constant({3, 2, 3, 3}, 0.4F)}, conv_attributes(1, 0))},
           ir::LeakyReluAttributes{0.1F}));
}
TEST_F(Ops, ClipAfterConv) {
  const ValueId x = input({1, 2, 6, 6});
  check(op(OpKind::kClip, {op(OpKind::kConv, {x, constant({3, 2, 3, 3}, 0.4F)}, conv_attributes(1, 0))},
           ir::ClipAttributes{0.0F, 0.6F}));
}
TEST_F(Ops, ClipWithNegativeBound) {
  const ValueId x = input({1, 2, 6, 6});
  check(op(OpKind::kClip, {op(OpKind::kConv, {x, constant({3, 2, 3, 3}, 0.4F)}, conv_attributes(1, 0))},
           ir::ClipAttributes{-0.3F, 0.2F}));
}
TEST_F(Ops, ChainOfFunctions) {
  const ValueId x = input({1, 16});
  const ValueId y = op(OpKind::kMatMul, {x, constant({16, 8}, 0.6F)});
  check(function(ir::function("Tanh"), {op(OpKind::kLeakyRelu, {y}, ir::LeakyReluAttributes{0.25F})}));
}
TEST_F(Ops, AddOfTwoScales) {
  const ValueId x = input({1, 16});
  const ValueId a = op(OpKind::kRelu, {op(OpKind::kMatMul, {x, constant({16, 8}, 0.5F)})});
  const ValueId b = op(OpKind::kRelu, {op(OpKind::kMatMul, {x, constant({16, 8}, 0.1F)})});
  check(op(OpKind::kRelu, {op(OpKind::kAdd, {a, b})}));
}
TEST_F(Ops, ResidualSharesOneRequantization) {
  const ValueId x = input({1, 4, 6, 6});
  const ValueId a = op(OpKind::kRelu, {op(OpKind::kConv, {x, constant({4, 4, 3, 3}, 0.2F)}, conv_attributes(1, 1))});
  const ValueId b = op(OpKind::kConv, {a, constant({4, 4, 3, 3}, 0.2F)}, conv_attributes(1, 1));
  // The first layer's error goes through weights with an L1 norm of up to 36 * 0.2.
  check(op(OpKind::kRelu, {op(OpKind::kAdd, {b, a})}), 8);
  ASSERT_FALSE(HasFailure());
  const Result<Quantized> quantized = quantize(graph_, draw(5, false), fixed());
  ASSERT_TRUE(quantized.ok());
  EXPECT_EQ(quantized->num_requantized, 2 * 4 * 36);  // not three times: the second convolution is wide
}
TEST_F(Ops, SubAndConstants) {
  const ValueId x = input({2, 3, 4});
  const ValueId y = op(OpKind::kSub, {x, constant({3, 1}, 0.5F)});
  check(op(OpKind::kRelu, {op(OpKind::kSub, {constant({}, 0.7F), y})}), 2);
}
TEST_F(Ops, AddOnly) {
  const ValueId a = input({3, 4});
  const ValueId b = input({4});
  check(op(OpKind::kAdd, {a, b}));
}
TEST_F(Ops, MulOfActivations) {
  const ValueId x = input({1, 16});
  const ValueId a = op(OpKind::kMatMul, {x, constant({16, 8}, 0.4F)});
  // x * sigmoid(x): both factors have errors, of values up to about 2.
  check(op(OpKind::kMul, {function(ir::function("Sigmoid"), {a}), a}), 3);
}
TEST_F(Ops, MulByVector) {
  const ValueId x = input({2, 5});
  check(op(OpKind::kRelu, {op(OpKind::kMul, {x, constant({5}, 2.0F)})}));
}
TEST_F(Ops, MulByPositiveNumberIsFree) {
  const ValueId x = input({2, 5});
  const ValueId half = graph_.add_constant("half", FloatTensor(Shape{}, {0.5F}));
  check(op(OpKind::kRelu, {op(OpKind::kMul, {x, half})}));
}
TEST_F(Ops, AveragePools) {
  for (const bool include : {false, true}) {
    graph_ = {};
    const ValueId x = input({1, 2, 7, 7});
    const ValueId y = op(OpKind::kAveragePool, {x}, pool_attributes(3, 2, 1, include));
    check(op(OpKind::kRelu, {y}));
    graph_ = {};
    check(op(OpKind::kAveragePool, {input({1, 2, 7, 7})}, pool_attributes(3, 2, include ? 0 : 1, include)));
  }
}
TEST_F(Ops, Reductions) {
  const OpKind kinds[] = {OpKind::kReduceMean, OpKind::kReduceSum, OpKind::kReduceMax};
  for (const OpKind kind : kinds) {
    for (const bool keep : {false, true}) {
      graph_ = {};
      const ValueId x = input({2, 3, 4, 5});
      check(op(OpKind::kRelu, {op(kind, {x}, ir::ReduceAttributes{{2, 3}, keep})}));
    }
  }
}
TEST_F(Ops, GlobalMeanIntoLastLayerIsExact) {
  const ValueId x = input({1, 8, 4, 4});
  const ValueId mean = op(OpKind::kReduceMean, {x}, ir::ReduceAttributes{{2, 3}, false});
  check(op(OpKind::kMatMul, {mean, constant({8, 3}, 0.5F)}));
  ASSERT_FALSE(HasFailure());
  const Result<Quantized> quantized = quantize(graph_, draw(5, false), fixed());
  ASSERT_TRUE(quantized.ok());
  EXPECT_EQ(quantized->num_requantized, 0);
}
TEST_F(Ops, MaxPoolAndMovement) {
  const ValueId x = input({1, 2, 6, 6});
  ValueId y = op(OpKind::kMaxPool, {x}, pool_attributes(2, 2, 0, false));
  y = op(OpKind::kTranspose, {y}, ir::TransposeAttributes{{0, 2, 3, 1}});
  y = op(OpKind::kPad, {y}, ir::PadAttributes{{0, 1, 0, 0}, {0, 0, 0, 2}, 0.0F});
  y = op(OpKind::kSlice, {y}, ir::SliceAttributes{{0, 0, 1, 0}, {1, 2, 2, 4}, {1, 2, 1, 1}});
  check(op(OpKind::kReshape, {y}, ir::ReshapeAttributes{Shape{4, 4}}));
}
TEST_F(Ops, FunctionsMoveUpThroughPools) {
  const ValueId x = input({1, 2, 8, 8});
  ValueId y = op(OpKind::kConv, {x, constant({3, 2, 3, 3}, 0.3F)}, conv_attributes(1, 1));
  y = op(OpKind::kMaxPool, {y}, pool_attributes(2, 2, 0, false));
  y = op(OpKind::kReshape, {y}, ir::ReshapeAttributes{Shape{1, 48}});
  check(op(OpKind::kRelu, {y}));
  ASSERT_FALSE(HasFailure());
  const ir::Graph hoisted = hoist_functions(graph_);
  ASSERT_TRUE(ir::verify(hoisted).ok()) << ir::verify(hoisted).to_string();
  EXPECT_EQ(hoisted.nodes[1].op, OpKind::kRelu);
  EXPECT_EQ(hoisted.value(hoisted.outputs[0]).name, graph_.value(graph_.outputs[0]).name);
  const std::vector<TensorMap> inputs = draw(1, false);
  const Result<TensorMap> before = exec_float::run_float(graph_, inputs[0]);
  const Result<TensorMap> after = exec_float::run_float(hoisted, inputs[0]);
  ASSERT_TRUE(before.ok() && after.ok());
  EXPECT_EQ(before->begin()->second, after->begin()->second);
}
TEST_F(Ops, NegativeFactorIsExact) {
  const ValueId x = input({2, 5});
  const ValueId minus = graph_.add_constant("minus", FloatTensor(Shape{}, {-0.5F}));
  check(op(OpKind::kMul, {x, minus}));
  check(op(OpKind::kRelu, {op(OpKind::kMul, {x, minus})}));
}
TEST_F(Ops, ConcatOfTwoScales) {
  const ValueId x = input({1, 8});
  const ValueId a = function(ir::function("Sigmoid"), {op(OpKind::kMatMul, {x, constant({8, 4}, 0.3F)})});
  const ValueId b = op(OpKind::kRelu, {op(OpKind::kMatMul, {x, constant({8, 4}, 0.3F)})});
  // `rescaled` rounds once more, which no layer states.
  check(op(OpKind::kConcat, {a, b, x}, ir::ConcatAttributes{1}), 3);
}
// A Pad by a large number, which is what the output shows.
TEST_F(Ops, ALargeConstantBesideAnOutput) {
  const ValueId large = graph_.add_constant("c", FloatTensor(Shape{1, 1}, {1e6F}));
  graph_.outputs = {op(OpKind::kConcat, {large, input({1, 8})}, ir::ConcatAttributes{1})};
  const std::vector<TensorMap> inputs = draw(20, false);
  const Result<Quantized> quantized = quantize(graph_, inputs);
  ASSERT_TRUE(quantized.ok()) << quantized.status().to_string();
  const Result<Fidelity> report = compare(graph_, quantized->graph, quantized->params, inputs);
  ASSERT_TRUE(report.ok()) << report.status().to_string();
  EXPECT_LT(report->outputs.at(0).max_abs_error.value(), 0.01);
}
TEST_F(Ops, Softmax) {
  const ValueId x = input({2, 6});
  check(op(OpKind::kSoftmax, {op(OpKind::kMatMul, {x, constant({6, 5}, 1.0F)})}, ir::SoftmaxAttributes{1}), 2);
}
// The input that drives one output channel to its extreme is provable for every channel.
TEST_F(Ops, WorstCaseInputsStayInsideTheTables) {
  const ValueId x = input({1, 32});
  graph_.outputs = {op(OpKind::kRelu, {op(OpKind::kMatMul, {x, constant({32, 8}, 0.5F), constant({8}, 0.4F)})})};
  const Result<Quantized> quantized = quantize(graph_, draw(10, false));
  ASSERT_TRUE(quantized.ok()) << quantized.status().to_string();
  const qir::Node& matmul = quantized->graph.nodes[0];
  ASSERT_EQ(matmul.op, qir::Op::kMatMul);
  const std::vector<std::int32_t>& weights = quantized->params[matmul.inputs[1]];
  const qir::Value& in = quantized->graph.value(quantized->graph.inputs[0]);
  for (std::size_t channel = 0; channel < 8; ++channel) {
    for (const bool largest : {false, true}) {
      std::vector<std::int64_t> data(32);
      for (std::size_t k = 0; k < 32; ++k) data[k] = (weights[k * 8 + channel] > 0) == largest ? in.hi : in.lo;
      const auto witness = exec_integer::run(quantized->graph, quantized->params, {data});
      EXPECT_TRUE(witness.ok()) << witness.status().to_string();
    }
  }
}
// Nothing to calibrate on: zero weights, zero data, dead units.
TEST_F(Ops, DegenerateModels) {
  const ValueId x = input({1, 4});
  const ValueId zero = graph_.add_constant("zero", FloatTensor(Shape{4, 3}));
  const ValueId dead =
      op(OpKind::kRelu, {op(OpKind::kMatMul, {x, zero, graph_.add_constant("b", FloatTensor(Shape{3}, {-1, 0, 2}))})});
  graph_.outputs = {op(OpKind::kMatMul, {dead, constant({3, 2}, 1.0F)})};
  std::vector<TensorMap> zeros(2);
  for (TensorMap& map : zeros) map.emplace("x0", FloatTensor(Shape{1, 4}));
  for (const std::vector<TensorMap>& data : {zeros, draw(3, true)}) {
    const Result<Quantized> quantized = quantize(graph_, data);
    ASSERT_TRUE(quantized.ok()) << quantized.status().to_string();
    const Result<Fidelity> report = compare(graph_, quantized->graph, quantized->params, data);
    ASSERT_TRUE(report.ok());
    EXPECT_LT(report->relative_error().value(), 0.03);
    EXPECT_EQ(report->num_inputs, data.size());
  }
}
TEST_F(Ops, WeightsThatAreNoNumbersAreNamed) {
  const ValueId x = input({1, 1});
  const ValueId w = graph_.add_constant("bad weights", FloatTensor(Shape{1, 1}, {1e30F}));
  const ValueId y =
      op(OpKind::kMul, {op(OpKind::kMatMul, {x, w}), graph_.add_constant("tiny", FloatTensor(Shape{}, {1e-30F}))});
  graph_.outputs = {op(OpKind::kRelu, {y})};
  const Result<Quantized> fine = quantize(graph_, draw(3, true));
  EXPECT_TRUE(fine.ok()) << fine.status().to_string();
  graph_ = {};
  const ValueId x2 = input({1, 1});
  const ValueId nan = graph_.add_constant("bad weights", FloatTensor(Shape{1, 1}, {NAN}));
  graph_.outputs = {op(OpKind::kMatMul, {x2, nan})};
  const Result<Quantized> bad = quantize(graph_, draw(3, true));
  ASSERT_FALSE(bad.ok());
  EXPECT_NE(bad.status().message().find("not a number"), std::string::npos) << bad.status().message();
}
TEST_F(Ops, UnsupportedNodesAreNamed) {
  const ValueId x = input({1, 2});
  graph_.outputs = {op(OpKind::kPad, {x}, ir::PadAttributes{{0, 0}, {0, 1}, 3.0F})};
  const Result<Quantized> result = quantize(graph_, draw(2, true));
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.status().message().find("node 'n0' (Pad)"), std::string::npos) << result.status().message();
}
TEST_F(Ops, BitsAreWhatWasAskedFor) {
  const ValueId x = input({1, 16});
  const ValueId h = op(OpKind::kRelu, {op(OpKind::kMatMul, {x, constant({16, 8}, 0.5F)})});
  graph_.outputs = {op(OpKind::kMatMul, {h, constant({8, 4}, 0.5F)})};
  QuantOptions options;
  options.activation_bits = 6;
  options.weight_bits = 5;
  const Result<Quantized> quantized = quantize(graph_, draw(10, false), options);
  ASSERT_TRUE(quantized.ok()) << quantized.status().to_string();
  EXPECT_EQ(quantized->layers[0].hi, 63);
  for (const LayerInfo& layer : quantized->layers) EXPECT_LE(layer.weight_bits, 5) << layer.name;
}
// Widths that are given hold for what a softmax and a maximum compare, for channels' factors, residual sums and steep functions too.
TEST_F(Ops, GivenBitsAreKeptOrRefused) {
  const ValueId x = input({1, 3, 8, 8});
  const ir::ConvAttributes same{{1, 1}, {1, 1}, {1, 1}, {1, 1}, 1};
  const ValueId first = op(OpKind::kRelu, {op(OpKind::kConv, {x, constant({4, 3, 3, 3}, 0.5F)}, same)});
  const ValueId scaled = op(OpKind::kMul, {first, constant({4, 1, 1}, 2)});
  const ValueId second = op(OpKind::kConv, {scaled, constant({4, 4, 3, 3}, 0.5F)}, same);
  const ValueId sum = op(OpKind::kRelu, {op(OpKind::kAdd, {second, first})});
  const ValueId steep = op(OpKind::kLeakyRelu, {op(OpKind::kConv, {sum, constant({4, 4, 3, 3}, 0.5F)}, same)},
                           ir::LeakyReluAttributes{5});
  const ValueId flat = op(OpKind::kReshape, {steep}, ir::ReshapeAttributes{Shape{1, 256}});
  const ValueId scores = op(OpKind::kMatMul, {flat, constant({256, 10}, 0.5F)});
  graph_.outputs = {op(OpKind::kMul, {op(OpKind::kSoftmax, {scores}, ir::SoftmaxAttributes{1}), constant({10}, 3)})};
  const auto inputs = draw(10, false);
  for (const int bits : {4, 6, 9}) {
    QuantOptions options;
    options.activation_bits = bits;
    options.weight_bits = bits;
    const Result<Quantized> quantized = quantize(graph_, inputs, options);
    ASSERT_TRUE(quantized.ok()) << quantized.status().to_string();
    for (const LayerInfo& layer : quantized->layers) {
      EXPECT_LE(layer.weight_bits, bits) << layer.name;
      // A probability may be one itself, the softmax's 2^bits.
      const bool softmax = layer.op == "Softmax" || layer.op == "Divide";
      if (layer.requantized && !softmax) EXPECT_LT(layer.hi - layer.lo, std::int64_t{1} << bits) << layer.name;
    }
  }
  // Whole numbers have no coarser form.
  graph_ = {};
  const ValueId whole = graph_.add_input("k", ir::DataType::kInt64, Shape{1, 2});
  const ValueId numbers = graph_.add_constant("w", AnyTensor(IntTensor(Shape{2, 1}, {1, 300})), ir::DataType::kInt64);
  graph_.outputs = {op(OpKind::kMatMul, {whole, numbers})};
  QuantOptions options;
  options.weight_bits = 5;
  const Result<Quantized> refused = quantize(graph_, draw(10, false), options);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.status().message().find("'w' needs 10 bits"), std::string::npos) << refused.status().to_string();
}
// Found by fuzzing: such numbers were converted to integers that cannot hold them.
TEST_F(Ops, ConstantsBeyondIntegersAreRefused) {
  // Wide outputs: nothing but the weights says what a step is.
  const ValueId x = input({1, 16});
  graph_.outputs = {op(OpKind::kMatMul, {x, constant({16, 8}, 1e-3F), constant({8}, 1e38F)})};
  EXPECT_EQ(quantize(graph_, draw(4, false), fixed()).status().code(), StatusCode::kOutOfRange);
  graph_ = {};
  const ValueId y = input({2, 5});
  graph_.outputs = {op(OpKind::kAdd, {y, graph_.add_constant("huge", FloatTensor(Shape{}, {3e38F}))})};
  EXPECT_EQ(quantize(graph_, draw(4, false), fixed()).status().code(), StatusCode::kOutOfRange);
}
TEST_F(Ops, UnusedInputsAndPassThrough) {
  const ValueId x = input({2, 2});
  input({3});
  check(op(OpKind::kReshape, {x}, ir::ReshapeAttributes{Shape{4}}));
}

}  // namespace
}  // namespace zkinfer::quant
