// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/importer.h"
#include "base/files.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>

#include "exec/float/float_executor.h"
#include "frontend/onnx/test_importer.h"
#include "passes/legalize.h"

namespace zkinfer::frontend_onnx {
namespace {

TEST(Importer, ReadsASmallNetwork) {
  const Result<ir::Graph> graph = import_onnx(small_cnn().bytes());
  ASSERT_TRUE(graph.ok()) << error_of(graph);
  const Result<ir::Graph> legal = passes::legalize(*graph);
  ASSERT_TRUE(legal.ok()) << error_of(legal);
  const TensorMap outputs =
      exec_float::run_float(*legal, {{"x", FloatTensor(Shape{1, 1, 4, 4}, std::vector<float>(16, 1))}}).value();
  // Sums of the 3x3 windows with zero padding: 4 corners of 4, 8 borders of 6, 4 inner of 9: mean 100 / 16 = 6.25.
  const float a = 6.25F * 0.5F + 1;
  const float b = 6.25F * 0.5F - 1;
  ASSERT_EQ(outputs.at("y").shape(), (Shape{1, 3}));
  EXPECT_NEAR(outputs.at("y")[0], a + 4 * b, 1e-4);
  EXPECT_NEAR(outputs.at("y")[2], 3 * a + 6 * b, 1e-4);
}

TEST(Importer, FoldsShapeArithmetic) {
  TestModel model;
  model.input("x", {2, 3, 4}).output("y").ints("zero", {0}).ints("minus_one", {-1}).ints("axes", {0});
  model.node("Shape", {"x"}, {"s"});
  set_int(model.node("Gather", {"s", "zero"}, {"batch"}), "axis", 0);
  set_int(model.node("Concat", {"batch", "minus_one"}, {"target"}), "axis", 0);
  model.node("Reshape", {"x", "target"}, {"y"});
  const Result<ir::Graph> graph = import_onnx(model.bytes());
  ASSERT_TRUE(graph.ok()) << error_of(graph);
  ASSERT_EQ(graph->nodes.size(), 1U);
  EXPECT_EQ(graph->value(graph->outputs[0]).shape, (Shape{2, 12}));
}

TEST(Importer, ListsEveryUnsupportedNode) {
  TestModel model;
  model.input("x", {1, 4}).output("y");
  model.node("Sorted", {"x"}, {"a"});
  set_int(model.node("BatchNormalization", {"a"}, {"b"}), "spatial", 0);  // behind an unsupported node, still judged
  model.node("Relu", {"b"}, {"c"});
  set_int(model.node("BatchNormalization", {"c"}, {"d"}), "training_mode", 1);
  set_int(model.node("Relu", {"d"}, {"e"}), "no_such_attribute", 1);
  model.node("Sigmoidal", {"x"}, {"f"});
  model.node("Custom", {"f"}, {"g"}).set_domain("my.domain");
  model.node("Add", {"e", "g"}, {"y"});
  const Result<ir::Graph> graph = import_onnx(model.bytes());
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.status().code(), StatusCode::kUnsupported);
  const std::string message = graph.status().message();
  for (const std::string_view part : {"6 part(s)", "'node_a' (Sorted)", "'node_b' (BatchNormalization)",
                                      "'node_d' (BatchNormalization): training_mode=1", "'no_such_attribute'",
                                      "'node_f' (Sigmoidal)", "domain 'my.domain'"})
    EXPECT_TRUE(contains(message, part)) << part << " in " << message;
  EXPECT_FALSE(contains(message, "node_c")) << message;
}

TEST(Importer, DynamicAxes) {
  const auto model = [](std::initializer_list<std::int64_t> dims) {
    TestModel made;
    made.input("x", dims).output("y");
    made.node("Relu", {"x"}, {"y"});
    return made.bytes();
  };
  const Result<ir::Graph> batch = import_onnx(model({-1, 3}));
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ(batch->value(batch->inputs[0]).shape, (Shape{1, 3}));
  EXPECT_EQ(import_onnx(model({0, 3}))->value(0).shape, (Shape{1, 3}));

  const Result<ir::Graph> inner = import_onnx(model({-1, 3, -1}));
  ASSERT_FALSE(inner.ok());
  EXPECT_EQ(inner.status().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(contains(error_of(inner), "'x' [n, 3, n]; give their whole shapes, or lengths by the axes' names"))
      << error_of(inner);
  ImportOptions options;
  options.input_shapes["x"] = {2, 3, 7};
  EXPECT_EQ(import_onnx(model({-1, 3, -1}), options)->value(0).shape, (Shape{2, 3, 7}));
  options.input_shapes["z"] = {1};
  EXPECT_TRUE(contains(error_of(import_onnx(model({1}), options)), "'z', which is neither an input"));
}

TEST(Importer, ConstantInputsAndInitializersListedAsInputs) {
  TestModel model(9);
  model.input("x", {2}).input("w", {2}).input("k", {1}).output("y").floats("w", {2}, {3, 4});
  model.node("Mul", {"x", "w"}, {"m"});
  model.node("Mul", {"m", "k"}, {"y"});
  ImportOptions options;
  options.constant_inputs["k"] = FloatTensor(Shape{1}, {10});
  const Result<ir::Graph> graph = import_onnx(model.bytes(), options);
  ASSERT_TRUE(graph.ok()) << error_of(graph);
  EXPECT_EQ(graph->inputs.size(), 1U);
  const TensorMap outputs = exec_float::run_float(*graph, {{"x", FloatTensor(Shape{2}, {1, 2})}}).value();
  EXPECT_EQ(outputs.at("y"), FloatTensor(Shape{2}, {30, 80}));
}

TEST(Importer, TypedAndRawTensorData) {
  const auto value_of = [](const onnx::TensorProto& proto) {
    std::string text;
    proto.SerializeToString(&text);
    return read_tensor_proto(Bytes(text.begin(), text.end()));
  };
  onnx::TensorProto half;
  half.set_data_type(onnx::TensorProto::FLOAT16);
  half.add_dims(4);
  for (const int bits : {0x3c00, 0xc000, 0x7bff, 0x0001}) half.add_int32_data(bits);
  const FloatTensor halves = std::get<FloatTensor>(value_of(half)->tensor);
  EXPECT_EQ(halves[0], 1.0F);
  EXPECT_EQ(halves[1], -2.0F);
  EXPECT_EQ(halves[2], 65504.0F);
  EXPECT_EQ(halves[3], 5.9604645e-8F);

  onnx::TensorProto doubles;
  doubles.set_data_type(onnx::TensorProto::DOUBLE);
  doubles.add_dims(1);
  const double pi = 3.25;
  doubles.set_raw_data(std::string(reinterpret_cast<const char*>(&pi), sizeof pi));
  EXPECT_EQ(std::get<FloatTensor>(value_of(doubles)->tensor)[0], 3.25F);

  onnx::TensorProto small;
  small.set_data_type(onnx::TensorProto::INT8);
  small.add_dims(2);
  small.set_raw_data(std::string("\xff\x05", 2));
  EXPECT_EQ(std::get<IntTensor>(value_of(small)->tensor), IntTensor(Shape{2}, {-1, 5}));
  small.set_raw_data("one byte too many");
  EXPECT_EQ(value_of(small).status().code(), StatusCode::kCorrupt);
  small.clear_raw_data();
  EXPECT_EQ(value_of(small).status().code(), StatusCode::kCorrupt) << "no data";
  small.set_dims(0, INT64_MAX);
  EXPECT_EQ(value_of(small).status().code(), StatusCode::kCorrupt) << "too large";

  onnx::TensorProto text;
  text.set_data_type(onnx::TensorProto::STRING);
  EXPECT_EQ(value_of(text).status().code(), StatusCode::kUnsupported);
}

TEST(Importer, RefusesBrokenModels) {
  EXPECT_EQ(import_onnx({}).status().code(), StatusCode::kCorrupt);
  const auto with = [](auto change) {
    TestModel model = small_cnn();
    change(model);
    return import_onnx(model.bytes()).status();
  };
  using Change = TestModel&;
  EXPECT_EQ(with([](Change m) { m.model().clear_opset_import(); }).code(), StatusCode::kCorrupt);
  EXPECT_EQ(with([](Change m) { m.model().mutable_opset_import(0)->set_version(0); }).code(), StatusCode::kCorrupt);
  EXPECT_EQ(with([](Change m) { m.model().mutable_opset_import(0)->set_version(29); }).code(),
            StatusCode::kUnsupported);
  EXPECT_EQ(with([](Change m) { m.graph().clear_output(); }).code(), StatusCode::kCorrupt);
  EXPECT_EQ(with([](Change m) { m.output("z"); }).code(), StatusCode::kCorrupt) << "never computed";
  EXPECT_EQ(with([](Change m) { m.graph().mutable_node(1)->set_input(0, "later"); }).code(), StatusCode::kCorrupt);
  EXPECT_EQ(with([](Change m) { m.graph().mutable_node(1)->set_output(0, "x"); }).code(), StatusCode::kCorrupt)
      << "two definitions";
  EXPECT_EQ(with([](Change m) {
              m.graph().mutable_node(0)->mutable_attribute(0)->set_type(onnx::AttributeProto::INT);
            }).code(),
            StatusCode::kCorrupt);
  EXPECT_EQ(with([](Change m) { m.graph().mutable_node(0)->set_name("a\nb"); }).code(), StatusCode::kCorrupt);
  EXPECT_EQ(with([](Change m) { m.graph().mutable_node(4)->set_input(1, "w"); }).code(), StatusCode::kInvalidArgument)
      << "Gemm of rank 4";
  EXPECT_EQ(with([](Change m) { m.graph().mutable_node(1)->clear_input(); }).code(), StatusCode::kCorrupt);
}

TEST(Importer, BoundsWhatConstantsCanGrowTo) {
  TestModel model;
  model.output("y").ints("shape", {1 << 15, 1 << 15});
  model.node("ConstantOfShape", {"shape"}, {"y"});
  EXPECT_EQ(import_onnx(model.bytes()).status().code(), StatusCode::kResourceLimit);

  TestModel product;
  product.output("y").ints("shape", {1 << 13, 1 << 13});
  product.node("ConstantOfShape", {"shape"}, {"a"});
  product.node("MatMul", {"a", "a"}, {"y"});
  EXPECT_EQ(import_onnx(product.bytes()).status().code(), StatusCode::kResourceLimit);

  ImportOptions options;
  options.max_nodes = 3;
  EXPECT_EQ(import_onnx(small_cnn().bytes(), options).status().code(), StatusCode::kResourceLimit);
  options = {};
  options.max_file_bytes = 10;
  EXPECT_EQ(import_onnx(small_cnn().bytes(), options).status().code(), StatusCode::kResourceLimit);
}

TEST(Importer, WhatHasNoMeaningIsRefusedWithThatReason) {
  const auto reason = [](const std::string& op, const std::string& domain = {}) {
    TestModel model;
    model.input("x", {2, 3}).output("y");
    model.node(op, {"x"}, {"y"}).set_domain(domain);
    const Result<ir::Graph> graph = import_onnx(model.bytes());
    EXPECT_EQ(graph.status().code(), StatusCode::kUnsupported) << op;
    return error_of(graph);
  };
  EXPECT_TRUE(contains(reason("SequenceConstruct"), "works on sequences"));
  EXPECT_TRUE(contains(reason("NonMaxSuppression"), "how many boxes it gives depends on the data"));
  EXPECT_TRUE(contains(reason("OptionalGetElement"), "works on optional values"));
  EXPECT_TRUE(contains(reason("StringConcat"), "works on strings"));
  EXPECT_TRUE(contains(reason("RandomNormalLike"), "results are random"));
  EXPECT_TRUE(contains(reason("Adam", "ai.onnx.preview.training"), "it trains"));
}

TEST(Importer, NanWeightsAreNamed) {
  TestModel model;
  model.input("x", {2}).output("y").floats("w", {2}, {1, std::nanf("")});
  model.node("Mul", {"x", "w"}, {"y"});
  const Result<ir::Graph> graph = import_onnx(model.bytes());
  EXPECT_EQ(graph.status().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(contains(error_of(graph), "initializer 'w' of shape [2]: element 1")) << error_of(graph);
}

// Faults of every kind are found in one go; what lies behind them is not blamed.
TEST(Importer, AllRefusalsAreInOneMessage) {
  TestModel model;
  model.input("x", {2}).output("y").output("z").floats("w", {2}, {1, std::nanf("")}).floats("short", {3}, {1});
  model.ints("huge", {1 << 20, 1 << 20});
  model.node("Mul", {"x", "w"}, {"a"});
  model.node("Relu", {"a"}, {"y"});
  model.node("Add", {"x", "short"}, {"b"});
  model.node("StringConcat", {"x", "x"}, {"c"});
  model.node("Expand", {"x", "huge"}, {"d"});
  model.node("Nonsense", {"x"}, {"e"});
  model.node("Concat", {"x", "x"}, {"f"});
  model.node("Sum", {"a", "b", "c", "d", "e", "f"}, {"z"});
  const Result<ir::Graph> graph = import_onnx(model.bytes());
  EXPECT_EQ(graph.status().code(), StatusCode::kInvalidArgument) << "of the first that is no operator's";
  for (const char* part : {"6 part(s)", "initializer 'w'", "'short'", "'node_c' (StringConcat)", "'node_d' (Expand)",
                           "'node_e' (Nonsense)", "'node_f' (Concat)"})
    EXPECT_TRUE(contains(error_of(graph), part)) << part << "\n" << error_of(graph);
}

// A weight of NaN or infinity, or a node whose output's shape the file says, hides nothing behind it.
TEST(Importer, WhatLiesBehindARefusalIsJudgedToo) {
  TestModel model;
  model.input("x", {2, 2}).output("z").floats("w", {2, 2}, {1, std::nanf(""), 2, 3});
  model.floats("v", {2, 2}, {1, 2, -std::numeric_limits<float>::infinity(), 3}).ints("bad", {3});
  model.node("MatMul", {"x", "w"}, {"a"});
  model.node("MatMul", {"a", "v"}, {"b"});
  model.node("Reshape", {"a", "bad"}, {"c"});
  auto* info = model.graph().add_value_info();
  info->set_name("c");
  info->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
  info->mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(4);
  model.node("NonZero", {"c"}, {"d"});
  model.node("Unique", {"a"}, {"z"});
  const Result<ir::Graph> graph = import_onnx(model.bytes());
  for (const char* part : {"5 part(s)", "initializer 'w'", "'node_b' (MatMul): its operand 'v' holds infinity",
                           "'node_c' (Reshape)", "'node_d' (NonZero)", "'node_z' (Unique)"})
    EXPECT_TRUE(contains(error_of(graph), part)) << part << "\n" << error_of(graph);
}

std::string notes_of(const TestModel& model) {
  std::string notes;
  ImportOptions options;
  options.note = [&](const std::string& note) { notes += note + "\n"; };
  const Result<ir::Graph> graph = import_onnx(model.bytes(), options);
  EXPECT_TRUE(graph.ok()) << error_of(graph);
  return notes;
}

TEST(Importer, WhatIsLostOrAssumedIsNoted) {
  EXPECT_EQ(notes_of(small_cnn()), "");
  TestModel old(6);
  old.input("x", {-1, 2}).output("y").output("y");
  old.node("Relu", {"x"}, {"y"});
  const std::string notes = notes_of(old);
  EXPECT_TRUE(contains(notes, "operator set 6 is read as 7")) << notes;
  EXPECT_TRUE(contains(notes, "input 'x': the length of its first axis is open")) << notes;
  EXPECT_TRUE(contains(notes, "output 'y' is listed twice")) << notes;

  TestModel words;
  auto* import = words.model().add_opset_import();
  import->set_domain("ai.onnx.ml");
  import->set_version(3);
  words.input("x", {1, 2}).output("label").output("maps");
  words.graph().mutable_output(0)->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::STRING);
  words.graph().mutable_output(1)->mutable_type()->mutable_sequence_type();
  onnx::NodeProto& classifier = words.node("LinearClassifier", {"x"}, {"label", "scores"});
  onnx::NodeProto& map = words.node("ZipMap", {"scores"}, {"maps"});
  const auto strings = [](onnx::NodeProto& node) {
    node.set_domain("ai.onnx.ml");
    auto* attribute = node.add_attribute();
    attribute->set_name("classlabels_strings");
    attribute->set_type(onnx::AttributeProto::STRINGS);
    attribute->add_strings("cat");
    attribute->add_strings("dog\x1b[31m");
  };
  strings(classifier);
  strings(map);
  for (const auto& [name, count] : {std::pair{"coefficients", 4}, {"intercepts", 2}}) {
    auto* attribute = classifier.add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::FLOATS);
    for (int i = 0; i < count; ++i) attribute->add_floats(0.5F * static_cast<float>(i));
  }
  const std::string lost = notes_of(words);
  for (const char* part : {"(LinearClassifier): words became their positions: 'cat' is 0, 'dog", "(ZipMap): maps",
                           "output 'label': it has words", "output 'maps': it is a sequence"})
    EXPECT_TRUE(contains(lost, part)) << part << "\n" << lost;
  EXPECT_FALSE(contains(lost, "\x1b"));
}

// Operands of every rank for the operators that index shapes: an error each time, or a graph, and never a crash.
TEST(Importer, FusedAndQuantizedOperatorsTakeAnyShape) {
  const std::vector<std::pair<std::string, std::size_t>> operators = {{"QLinearConv", 8},
                                                                      {"ConvInteger", 2},
                                                                      {"QLinearMatMul", 8},
                                                                      {"MatMulInteger", 2},
                                                                      {"Attention", 3},
                                                                      {"RotaryEmbedding", 3},
                                                                      {"GroupNormalization", 3},
                                                                      {"InstanceNormalization", 3},
                                                                      {"LRN", 1},
                                                                      {"CumSum", 2},
                                                                      {"Det", 1},
                                                                      {"DequantizeLinear", 3},
                                                                      {"LinearAttention", 3},
                                                                      {"CausalConvWithState", 2},
                                                                      {"NegativeLogLikelihoodLoss", 2}};
  const std::vector<std::pair<std::string, std::size_t>> fused = {
      {"GroupQueryAttention", 7}, {"GroupNorm", 3},
      {"BiasSoftmax", 2},         {"NhwcFusedConv", 2},
      {"QLinearWhere", 9},        {"GatherBlockQuantized", 3},
      {"Attention", 2},           {"MultiHeadAttention", 3},
      {"RotaryEmbedding", 4},     {"EmbedLayerNormalization", 7},
      {"QAttention", 5},          {"SkipLayerNormalization", 3},
      {"QLinearConcat", 5},       {"QGemm", 6},
      {"FusedMatMul", 2}};
  const std::vector<std::vector<std::int64_t>> shapes = {{}, {3}, {2, 2}, {1, 2, 2}, {1, 2, 2, 2}, {0, 2}};
  const auto try_all = [&](const std::string& op, std::size_t inputs, const std::string& domain) {
    for (const auto& first : shapes)
      for (const auto& rest : shapes)
        for (const int type : {onnx::TensorProto::FLOAT, onnx::TensorProto::UINT8}) {
          TestModel model(28);
          auto& node = model.node(op, {}, {"y"});
          node.set_domain(domain);
          for (std::size_t i = 0; i < inputs; ++i) {
            const std::string name = "x" + std::to_string(i);
            auto* input = model.graph().add_input();
            input->set_name(name);
            auto* tensor = input->mutable_type()->mutable_tensor_type();
            tensor->set_elem_type(type);
            tensor->mutable_shape();
            for (const std::int64_t dim : i == 0 ? first : rest) tensor->mutable_shape()->add_dim()->set_dim_value(dim);
            node.add_input(name);
          }
          set_int(node, "num_heads", 2);
          set_int(node, op == "LinearAttention" ? "q_num_heads" : "kv_num_heads", 2);
          model.output("y");
          EXPECT_NE(import_onnx(model.bytes()).status().code(), StatusCode::kInternal) << op;
          node.clear_attribute();
          EXPECT_NE(import_onnx(model.bytes()).status().code(), StatusCode::kInternal) << op;
        }
  };
  for (const auto& [op, inputs] : operators) try_all(op, inputs, "");
  for (const auto& [op, inputs] : fused) try_all(op, inputs, "com.microsoft");
}

// Bands of queries read only the keys that they see, and give what the whole gives, which is made where its scores are asked for.
TEST(Importer, AttentionLeavesOutWhatMasksHide) {
  struct Case {
    const char* name;
    bool causal;
    std::int64_t left;
    std::vector<Dims> scores;  // of the bands
  };
  const std::vector<Case> cases = {{"causal", true, -1, {{8, 8}, {8, 16}, {8, 24}, {8, 32}}},
                                   {"window", true, 4, {{8, 8}, {8, 12}, {8, 12}, {8, 12}}},
                                   {"all", false, -1, {{32, 32}}}};
  std::mt19937 random(3);
  TensorMap inputs;
  for (const char* name : {"q", "k", "v"}) {
    FloatTensor x(Shape{1, name[0] == 'q' ? 4 : 2, 32, 4});
    for (float& value : x.data()) value = std::uniform_real_distribution<float>(-2, 2)(random);
    inputs.emplace(name, std::move(x));
  }
  for (const Case& one : cases) {
    FloatTensor expected;
    for (const bool shows_scores : {true, false}) {
      TestModel model(24);
      model.input("q", {1, 4, 32, 4}).input("k", {1, 2, 32, 4}).input("v", {1, 2, 32, 4}).output("y");
      auto& node = model.node("Attention", {"q", "k", "v"}, {"y"});
      set_int(node, "is_causal", one.causal ? 1 : 0);
      if (one.left >= 0) set_int(node, "left_window_size", one.left);
      if (shows_scores) {
        for (const char* output : {"", "", "scores"}) node.add_output(output);
        model.output("scores");
      }
      const Result<ir::Graph> graph = import_onnx(model.bytes());
      ASSERT_TRUE(graph.ok()) << one.name << ": " << error_of(graph);
      std::vector<Dims> scores;
      for (const ir::Node& made : graph->nodes) {
        if (made.op != ir::OpKind::kSoftmax) continue;
        const Shape& shape = graph->output_of(made).shape;
        scores.push_back({shape[2], shape[3]});
      }
      EXPECT_EQ(scores, shows_scores ? (std::vector<Dims>{{32, 32}}) : one.scores) << one.name;
      const TensorMap outputs = exec_float::run_float(passes::legalize(*graph).value(), inputs).value();
      if (shows_scores) {
        expected = outputs.at("y");
        continue;
      }
      for (std::size_t i = 0; i < expected.data().size(); ++i) {
        ASSERT_NEAR(outputs.at("y")[i], expected[i], 1e-5) << one.name << " " << i;
      }
    }
  }
}

}  // namespace
}  // namespace zkinfer::frontend_onnx
