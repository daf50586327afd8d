// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/model_builder.h"

#include <gtest/gtest.h>

#include "exec/float/float_executor.h"
#include "frontend/onnx/importer.h"

namespace zkinfer::frontend_onnx {
namespace {

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// y = 2 relu(x) of a format whose parts are layers.
ModelBuilder doubled() {
  ModelBuilder builder(17);
  builder.input("x", {-1, 2});
  builder.begin({"act", "ReLU"});
  const std::string positive = builder.op("Relu", {"x"});
  builder.begin({"twice", "Rescaling"});
  builder.op("Mul", {positive, builder.number(2)}, {}, "y");
  builder.output("y");
  return builder;
}

TEST(ModelBuilder, ItsModelIsImportedInTheForeignWords) {
  ModelBuilder builder = doubled();
  builder.note("said by the reader");
  std::vector<std::string> notes;
  ImportOptions options;
  options.note = [&](std::string note) { notes.push_back(std::move(note)); };
  const Result<ir::Graph> graph = import_foreign(std::move(builder).take("layer"), options);
  ASSERT_TRUE(graph.ok()) << graph.status().to_string();
  ASSERT_EQ(graph->nodes.size(), 2U);
  EXPECT_EQ(graph->nodes[0].name, "act");
  EXPECT_EQ(graph->nodes[0].origin, "ReLU");
  EXPECT_EQ(graph->nodes[1].origin, "Rescaling");
  ASSERT_EQ(notes.size(), 2U);
  EXPECT_EQ(notes[0], "said by the reader");
  EXPECT_TRUE(contains(notes[1], "first axis is open"));
  const TensorMap outputs = exec_float::run_float(*graph, {{"x", FloatTensor(Shape{1, 2}, {-1, 3})}}).value();
  EXPECT_EQ(outputs.at("y")[0], 0);
  EXPECT_EQ(outputs.at("y")[1], 6);
}

TEST(ModelBuilder, AllRefusalsAreSaidAtOnce) {
  ModelBuilder builder = doubled();
  builder.begin({"free", "Lambda"});
  builder.refuse(unsupported("it runs Python | write it with layers"), {"l"});
  builder.begin({"behind", "LeakyReLU"});
  builder.op("LeakyRelu", {"l"}, {}, "m");  // behind what is unknown, and fine
  builder.begin({"wrong", "Softmax"});
  builder.op("Softmax", {"m"}, {{"beta", 2.0}}, "n");  // refused by the importer
  builder.begin({"", "Model"});
  builder.refuse(unsupported("two signatures"), {});
  std::vector<Refusal> parts;
  ImportOptions options;
  options.refused = [&](const Refusal& part) { parts.push_back(part); };
  const Result<ir::Graph> graph = import_foreign(std::move(builder).take("layer"), options);
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.status().code(), StatusCode::kUnsupported);
  const std::string message = graph.status().message();
  EXPECT_TRUE(contains(message, "3 part(s)")) << message;
  EXPECT_TRUE(contains(message, "layer 'free' (Lambda): it runs Python; write it with layers")) << message;
  EXPECT_TRUE(contains(message, "layer 'wrong' (Softmax): unknown attribute 'beta'")) << message;
  EXPECT_TRUE(contains(message, "layer (Model): two signatures")) << message;
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[0].node, "free");
  EXPECT_EQ(parts[0].op, "Lambda");
  EXPECT_EQ(parts[0].reason, "it runs Python");
  EXPECT_EQ(parts[0].remedy, "write it with layers");
  EXPECT_EQ(parts[2].node, "wrong");
}

TEST(ModelBuilder, NamesAreFreshAndMayBeShown) {
  ModelBuilder builder(17);
  EXPECT_EQ(builder.fresh("conv"), "conv");
  EXPECT_EQ(builder.fresh("conv"), "conv_2");
  EXPECT_EQ(builder.fresh(""), "value");
  EXPECT_EQ(builder.fresh("a b\n"), "a_b_");
  EXPECT_EQ(builder.fresh(std::string(100000, 'n')).size(), 2048U);
  EXPECT_EQ(builder.floats("conv", {1}, std::vector<float>{1}), "conv");
  EXPECT_NE(builder.fresh("conv"), "conv");
}

}  // namespace
}  // namespace zkinfer::frontend_onnx
