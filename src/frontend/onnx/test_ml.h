// SPDX-License-Identifier: Apache-2.0
// What the tests of ai.onnx.ml share: nodes of it, and a model run before and after its passes.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "exec/float/float_executor.h"
#include "frontend/onnx/importer.h"
#include "frontend/onnx/test_model.h"
#include "passes/legalize.h"

namespace zkinfer::frontend_onnx {

inline void set_floats(onnx::NodeProto& node, const std::string& name, const std::vector<float>& list) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::FLOATS);
  for (const float x : list) attribute.add_floats(x);
}

inline void set_list(onnx::NodeProto& node, const std::string& name, const std::vector<std::int64_t>& list) {
  set_ints(node, name, {});
  for (const std::int64_t x : list) node.mutable_attribute(node.attribute_size() - 1)->add_ints(x);
}

inline void set_words(onnx::NodeProto& node, const std::string& name, const std::vector<std::string>& list) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::STRINGS);
  for (const std::string& word : list) attribute.add_strings(word);
}

inline onnx::NodeProto& ml_node(TestModel& model, const std::string& op, std::initializer_list<std::string> outputs) {
  onnx::NodeProto& node = model.node(op, {"x"}, outputs);
  node.set_domain("ai.onnx.ml");
  for (const std::string& output : outputs) model.output(output);
  return node;
}

inline TensorMap run(const TestModel& model, const FloatTensor& x) {
  Result<ir::Graph> graph = import_onnx(model.bytes());
  EXPECT_TRUE(graph.ok()) << (graph.ok() ? std::string() : graph.status().to_string());
  if (!graph.ok()) return {};
  const TensorMap outputs = exec_float::run_float(*graph, {{"x", x}}).value();
  const Result<ir::Graph> legal = passes::legalize(std::move(*graph));
  EXPECT_TRUE(legal.ok());
  if (!legal.ok()) return {};
  const TensorMap again = exec_float::run_float(*legal, {{"x", x}}).value();
  for (const auto& [name, tensor] : outputs)
    for (std::size_t i = 0; i < tensor.data().size(); ++i) EXPECT_NEAR(again.at(name)[i], tensor[i], 1e-5F) << name;
  return outputs;
}

inline StatusCode refusal(const TestModel& model) { return import_onnx(model.bytes()).status().code(); }

}  // namespace zkinfer::frontend_onnx
