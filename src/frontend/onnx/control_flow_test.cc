// SPDX-License-Identifier: Apache-2.0
// Branches, loops, functions, and graphs that are written in unusual ways.
#include <gtest/gtest.h>

#include <random>

#include "exec/float/float_executor.h"
#include "frontend/onnx/importer.h"
#include "frontend/onnx/test_model.h"
#include "passes/legalize.h"

namespace zkinfer::frontend_onnx {
namespace {

onnx::NodeProto& add_node(onnx::GraphProto& graph, const std::string& op, std::initializer_list<std::string> inputs,
                          std::initializer_list<std::string> outputs) {
  onnx::NodeProto& node = *graph.add_node();
  node.set_op_type(op);
  for (const std::string& name : inputs) node.add_input(name);
  for (const std::string& name : outputs) node.add_output(name);
  return node;
}

onnx::GraphProto& set_graph(onnx::NodeProto& node, const std::string& name, std::initializer_list<std::string> inputs,
                            std::initializer_list<std::string> outputs) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::GRAPH);
  for (const std::string& input : inputs) attribute.mutable_g()->add_input()->set_name(input);
  for (const std::string& output : outputs) attribute.mutable_g()->add_output()->set_name(output);
  return *attribute.mutable_g();
}

void add_bool(TestModel& model, const std::string& name, bool value) {
  auto* tensor = model.graph().add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(onnx::TensorProto::BOOL);
  tensor->add_int32_data(value ? 1 : 0);
}

// The outputs, as imported; legalized they must be the same.
TensorMap run(const TestModel& model, const TensorMap& inputs, const ImportOptions& options = {}) {
  Result<ir::Graph> graph = import_onnx(model.bytes(), options);
  EXPECT_TRUE(graph.ok()) << (graph.ok() ? std::string() : graph.status().to_string());
  if (!graph.ok()) return {};
  const TensorMap outputs = exec_float::run_float(*graph, inputs).value();
  const Result<ir::Graph> legal = passes::legalize(std::move(*graph));
  EXPECT_TRUE(legal.ok());
  if (legal.ok()) EXPECT_EQ(exec_float::run_float(*legal, inputs).value(), outputs);
  return outputs;
}

std::string refusal(const TestModel& model) {
  const Result<ir::Graph> graph = import_onnx(model.bytes());
  EXPECT_FALSE(graph.ok());
  if (graph.ok()) return {};
  EXPECT_EQ(graph.status().code(), StatusCode::kUnsupported) << graph.status().to_string();
  return graph.status().message();
}

FloatTensor vector(std::vector<float> data) {
  const Shape shape{static_cast<std::int64_t>(data.size())};
  return FloatTensor(shape, std::move(data));
}

// then: x + x, else: -x; both read x from outside.
TestModel branches(const std::string& condition) {
  TestModel model;
  model.input("x", {2}).output("y");
  onnx::NodeProto& node = model.node("If", {condition}, {"y"});
  add_node(set_graph(node, "then_branch", {}, {"a"}), "Add", {"x", "x"}, {"a"});
  add_node(set_graph(node, "else_branch", {}, {"a"}), "Neg", {"x"}, {"a"});
  return model;
}

TEST(ControlFlow, AConstantConditionChooses) {
  for (const bool condition : {false, true}) {
    TestModel model = branches("c");
    add_bool(model, "c", condition);
    const FloatTensor y = run(model, {{"x", vector({1, -2})}})["y"];
    EXPECT_EQ(y, condition ? vector({2, -4}) : vector({-1, 2}));
  }
}

TEST(ControlFlow, AComputedConditionSelects) {
  TestModel model = branches("c");
  model.input("z", {1}).floats("half", {1}, {0.5F});
  model.node("Greater", {"z", "half"}, {"c"});  // behind its reader
  EXPECT_EQ(run(model, {{"x", vector({1, -2})}, {"z", vector({1})}})["y"], vector({2, -4}));
  EXPECT_EQ(run(model, {{"x", vector({1, -2})}, {"z", vector({0})}})["y"], vector({-1, 2}));
}

TEST(ControlFlow, BranchesOfDifferentShapesNeedAConstant) {
  TestModel model;
  model.input("x", {2}).input("z", {}).output("y").floats("half", {}, {0.5F});
  model.node("Greater", {"z", "half"}, {"c"});
  onnx::NodeProto& node = model.node("If", {"c"}, {"y"});
  add_node(set_graph(node, "then_branch", {}, {"a"}), "Concat", {"x", "x"}, {"a"});
  set_int(*node.mutable_attribute(0)->mutable_g()->mutable_node(0), "axis", 0);
  add_node(set_graph(node, "else_branch", {}, {"a"}), "Neg", {"x"}, {"a"});
  EXPECT_NE(refusal(model).find("'node_y' (If): output 0 has shape [4] in one branch and [2] in the other"),
            std::string::npos);
}

TEST(ControlFlow, UnsupportedPartsInsideAreReportedOnce) {
  TestModel model;
  model.input("x", {2}).output("y").ints("m", {3});
  onnx::NodeProto& node = model.node("Loop", {"m", "", "x"}, {"y"});
  onnx::GraphProto& body = set_graph(node, "body", {"i", "go", "v"}, {"go", "w"});
  add_node(body, "NoSuchOperator", {"v"}, {"w"}).set_name("inside");
  const std::string message = refusal(model);
  EXPECT_NE(message.find("1 part(s)"), std::string::npos) << message;
  EXPECT_NE(message.find("node 'node_y/0/inside' (NoSuchOperator)"), std::string::npos) << message;
}

// v = v * x + i, collecting v; three times, or until i + 1 < limit is false.
TestModel loop(bool by_condition) {
  TestModel model;
  model.input("x", {2}).output("y").output("all");
  model.floats("one", {2}, {1, 1}).ints("m", {by_condition ? 100 : 3}).ints("limit", {3});
  add_bool(model, "yes", true);
  onnx::NodeProto& node = model.node("Loop", {"m", "yes", "one"}, {"y", "all"});
  onnx::GraphProto& body = set_graph(node, "body", {"i", "go", "v"}, {"more", "sum", "sum"});
  set_int(add_node(body, "Cast", {"i"}, {"f"}), "to", onnx::TensorProto::FLOAT);
  add_node(body, "Mul", {"v", "x"}, {"product"});
  add_node(body, "Add", {"product", "f"}, {"sum"});
  if (by_condition) {
    auto* one = body.add_initializer();
    one->set_name("step");
    one->set_data_type(onnx::TensorProto::INT64);
    one->add_int64_data(1);
    add_node(body, "Add", {"i", "step"}, {"next"});
    add_node(body, "Less", {"next", "limit"}, {"more"});
  } else {
    add_node(body, "Identity", {"go"}, {"more"});
  }
  return model;
}

TEST(ControlFlow, LoopsAreUnrolled) {
  for (const bool by_condition : {false, true}) {
    TensorMap outputs = run(loop(by_condition), {{"x", vector({2, 3})}});
    EXPECT_EQ(outputs["y"], vector({12, 32}));  // ((1 * 2 + 0) * 2 + 1) * 2 + 2
    EXPECT_EQ(outputs["all"], FloatTensor(Shape({3, 2}), {2, 3, 5, 10, 12, 32}));
  }
}

TEST(ControlFlow, LoopsThatDependOnTheInputAreRefused) {
  TestModel model = loop(true);
  model.graph().mutable_node(0)->set_input(1, "late");
  model.floats("half", {}, {0.5F}).input("z", {});
  model.node("Greater", {"z", "half"}, {"late"});
  EXPECT_NE(refusal(model).find("whether it runs at all is computed at run time"), std::string::npos);
}

TEST(ControlFlow, EndlessLoopsHitTheLimit) {
  TestModel model = loop(true);
  model.graph().mutable_node(0)->set_input(0, "");
  model.graph().mutable_initializer(2)->set_int64_data(0, std::int64_t{1} << 40);
  ImportOptions options;
  options.max_nodes = 2000;
  EXPECT_EQ(import_onnx(model.bytes(), options).status().code(), StatusCode::kResourceLimit);
}

// sum = sum + x[i], backwards; collects the sums along axis 1.
TEST(ControlFlow, ScansAreUnrolled) {
  TestModel model;
  model.input("x", {3, 2}).output("y").output("all").floats("zero", {2}, {0, 0});
  onnx::NodeProto& node = model.node("Scan", {"zero", "x"}, {"y", "all"});
  set_int(node, "num_scan_inputs", 1);
  set_ints(node, "scan_input_directions", {1});
  set_ints(node, "scan_output_axes", {-1});
  onnx::GraphProto& body = set_graph(node, "body", {"sum", "row"}, {"next", "next"});
  add_node(body, "Add", {"sum", "row"}, {"next"});
  TensorMap outputs = run(model, {{"x", FloatTensor(Shape({3, 2}), {1, 2, 3, 4, 5, 6})}});
  EXPECT_EQ(outputs["y"], vector({9, 12}));
  EXPECT_EQ(outputs["all"], FloatTensor(Shape({2, 3}), {5, 8, 9, 6, 10, 12}));
}

TEST(Functions, AreWrittenOutWithTheirAttributes) {
  TestModel model(17);
  model.input("x", {2}).output("y");
  onnx::NodeProto& outer = model.node("Twice", {"x"}, {"y"});
  outer.set_domain("pkg");
  set_float(outer, "slope", 0.5F);
  onnx::FunctionProto& inner = *model.model().add_functions();
  inner.set_name("Leaky");
  inner.set_domain("pkg");
  inner.add_input("a");
  inner.add_input("missing");
  inner.add_output("b");
  inner.add_attribute("alpha");
  onnx::NodeProto& leaky = *inner.add_node();
  leaky.set_op_type("LeakyRelu");
  leaky.add_input("a");
  leaky.add_output("b");
  onnx::AttributeProto& alpha = *leaky.add_attribute();
  alpha.set_name("alpha");
  alpha.set_type(onnx::AttributeProto::FLOAT);
  alpha.set_ref_attr_name("alpha");
  onnx::FunctionProto& twice = *model.model().add_functions();
  twice.set_name("Twice");
  twice.set_domain("pkg");
  twice.add_input("a");
  twice.add_output("c");
  twice.add_attribute("slope");
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"b", "c"}, {"a", "b"}}) {  // not in order
    onnx::NodeProto& call = *twice.add_node();
    call.set_op_type("Leaky");
    call.set_domain("pkg");
    call.set_name("call_" + to);
    call.add_input(from);
    call.add_output(to);
    onnx::AttributeProto& slope = *call.add_attribute();
    slope.set_name("alpha");
    slope.set_type(onnx::AttributeProto::FLOAT);
    slope.set_ref_attr_name("slope");
  }
  EXPECT_EQ(run(model, {{"x", vector({-4, 3})}})["y"], vector({-1, 3}));
}

TEST(Functions, ThatCallThemselvesAreRefused) {
  TestModel model(17);
  model.input("x", {2}).output("y");
  model.node("F", {"x"}, {"y"}).set_domain("pkg");
  onnx::FunctionProto& function = *model.model().add_functions();
  function.set_name("F");
  function.set_domain("pkg");
  function.add_input("a");
  function.add_output("b");
  onnx::NodeProto& call = *function.add_node();
  call.set_op_type("F");
  call.set_domain("pkg");
  call.add_input("a");
  call.add_output("b");
  EXPECT_EQ(import_onnx(model.bytes()).status().code(), StatusCode::kResourceLimit);
}

TEST(UnusualGraphs, OutputsThatAreInputsConstantsTwiceOrScalars) {
  TestModel model;
  model.input("x", {}).output("y").output("y").output("w").output("x").output("z").floats("w", {2}, {1, 2});
  model.floats("k", {}, {3});
  model.node("Identity", {"y"}, {"z"});  // before y is there
  model.node("Mul", {"x", "k"}, {"y"});
  TensorMap outputs = run(model, {{"x", FloatTensor(Shape{}, {5})}});
  EXPECT_EQ(outputs["y"], FloatTensor(Shape{}, {15}));
  EXPECT_EQ(outputs["z"], outputs["y"]);
  EXPECT_EQ(outputs["x"], FloatTensor(Shape{}, {5}));
  EXPECT_EQ(outputs["w"], vector({1, 2}));
}

TEST(UnusualGraphs, CirclesAreRefused) {
  TestModel model;
  model.input("x", {2}).output("y");
  model.node("Add", {"x", "b"}, {"y"});
  model.node("Neg", {"y"}, {"b"});
  const Result<ir::Graph> graph = import_onnx(model.bytes());
  ASSERT_EQ(graph.status().code(), StatusCode::kCorrupt);
  EXPECT_NE(graph.status().message().find("from its own output"), std::string::npos);
}

TEST(UnusualGraphs, AxesBoundByName) {
  TestModel model;
  model.input("a", {-1, 2}).input("b", {3, -1}).output("y");  // both are called n
  model.node("MatMul", {"b", "a"}, {"y"});
  ImportOptions options;
  options.input_shapes["n"] = {4};
  Result<ir::Graph> graph = import_onnx(model.bytes(), options);
  ASSERT_TRUE(graph.ok()) << graph.status().to_string();
  EXPECT_EQ(graph->value(graph->outputs[0]).shape, (Shape{3, 2}));
  EXPECT_EQ(graph->value(graph->inputs[0]).shape, (Shape{4, 2}));
  options.input_shapes = {{"a", {5, 2}}};  // the whole of one binds the other
  graph = import_onnx(model.bytes(), options);
  ASSERT_TRUE(graph.ok()) << graph.status().to_string();
  EXPECT_EQ(graph->value(graph->inputs[1]).shape, (Shape{3, 5}));
}

TEST(UnusualGraphs, SparseInitializers) {
  TestModel model;
  model.input("x", {4}).output("y");
  onnx::SparseTensorProto& sparse = *model.graph().add_sparse_initializer();
  sparse.add_dims(4);
  sparse.mutable_values()->set_name("w");
  sparse.mutable_values()->set_data_type(onnx::TensorProto::FLOAT);
  sparse.mutable_values()->add_dims(2);
  sparse.mutable_values()->add_float_data(5);
  sparse.mutable_values()->add_float_data(7);
  sparse.mutable_indices()->set_data_type(onnx::TensorProto::INT64);
  sparse.mutable_indices()->add_dims(2);
  sparse.mutable_indices()->add_int64_data(3);
  sparse.mutable_indices()->add_int64_data(1);
  model.node("Add", {"x", "w"}, {"y"});
  EXPECT_EQ(run(model, {{"x", vector({1, 1, 1, 1})}})["y"], vector({1, 8, 1, 6}));
  sparse.mutable_indices()->set_int64_data(0, 4);
  EXPECT_EQ(import_onnx(model.bytes()).status().code(), StatusCode::kCorrupt);
}

TEST(UnusualGraphs, TensorsWithoutElements) {
  TestModel model;
  model.input("x", {1, 4}).output("y").ints("sizes", {0, 4}).floats("empty", {1, 0}, {});
  set_int(model.node("Split", {"x", "sizes"}, {"a", "b"}), "axis", 1);
  set_int(model.node("Concat", {"a", "b", "empty"}, {"c"}), "axis", 1);
  model.node("Relu", {"c"}, {"y"});
  EXPECT_EQ(run(model, {{"x", FloatTensor(Shape{1, 4}, {1, -1, 2, -2})}})["y"],
            FloatTensor(Shape({1, 4}), {1, 0, 2, 0}));
}

// Anything but a crash is fine.
TEST(UnusualGraphs, MutatedSubgraphs) {
  std::mt19937 random(8);
  ImportOptions options;
  options.max_nodes = 500;
  options.max_folded_elements = 1 << 16;
  for (int round = 0; round < 6000; ++round) {
    Bytes bytes = (round % 3 == 0 ? loop(true) : round % 3 == 1 ? loop(false) : branches("x")).bytes();
    for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] ^= static_cast<std::uint8_t>(1U << (random() % 8));
    const Result<ir::Graph> graph = import_onnx(bytes, options);
    if (!graph.ok()) ASSERT_NE(graph.status().code(), StatusCode::kInternal) << round << graph.status().to_string();
  }
}

}  // namespace
}  // namespace zkinfer::frontend_onnx
