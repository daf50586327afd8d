// SPDX-License-Identifier: Apache-2.0
// Small ONNX models for tests, in one expression each; nodes are named after their first output.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "frontend/onnx/model_builder.h"

namespace zkinfer::frontend_onnx {

class TestModel : public ModelBuilder {
 public:
  using List = std::initializer_list<std::int64_t>;
  explicit TestModel(int opset = 13) : ModelBuilder(opset) { graph().set_name("test"); }

  // A dimension of -1 has the name "n" instead of a length.
  TestModel& input(const std::string& name, List dims, int type = onnx::TensorProto::FLOAT) {
    ModelBuilder::input(name, dims, type);
    auto* made = graph().mutable_input(graph().input_size() - 1)->mutable_type()->mutable_tensor_type();
    for (auto& axis : *made->mutable_shape()->mutable_dim())
      if (!axis.has_dim_value()) axis.set_dim_param("n");
    return *this;
  }
  TestModel& output(const std::string& name) {
    ModelBuilder::output(name);
    return *this;
  }
  TestModel& floats(const std::string& name, List dims, const std::vector<float>& data) {
    ModelBuilder::floats(name, dims, data);
    return *this;
  }
  TestModel& ints(const std::string& name, List data) {
    ModelBuilder::integers(name, {static_cast<std::int64_t>(data.size())}, std::vector<std::int64_t>(data));
    return *this;
  }
  onnx::NodeProto& node(const std::string& op_type, std::initializer_list<std::string> inputs,
                        std::initializer_list<std::string> outputs) {
    onnx::NodeProto& made = ModelBuilder::node(op_type, inputs, outputs);
    made.set_name("node_" + *outputs.begin());
    return made;
  }
  Bytes bytes() const {
    std::string text;
    model().SerializeToString(&text);
    return Bytes(text.begin(), text.end());
  }
};

inline void set_int(onnx::NodeProto& node, const std::string& name, std::int64_t x) { set_attribute(node, {name, x}); }
inline void set_ints(onnx::NodeProto& node, const std::string& name, std::initializer_list<std::int64_t> list) {
  set_attribute(node, {name, list});
}
inline void set_float(onnx::NodeProto& node, const std::string& name, float x) { set_attribute(node, {name, x}); }
inline void set_string(onnx::NodeProto& node, const std::string& name, const std::string& text) {
  set_attribute(node, {name, text});
}

}  // namespace zkinfer::frontend_onnx
