// SPDX-License-Identifier: Apache-2.0
// Builds small ONNX models for tests.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include <onnx/onnx_pb.h>

#include "base/bytes.h"

namespace zkinfer::frontend_onnx {

class TestModel {
 public:
  explicit TestModel(int opset = 13) {
    model_.set_ir_version(8);
    auto* import = model_.add_opset_import();
    import->set_domain("");
    import->set_version(opset);
    model_.mutable_graph()->set_name("test");
  }
  onnx::ModelProto& model() { return model_; }
  onnx::GraphProto& graph() { return *model_.mutable_graph(); }

  // A dimension of -1 has a name instead of a length.
  TestModel& input(const std::string& name, std::initializer_list<std::int64_t> dims,
                   int type = onnx::TensorProto::FLOAT) {
    describe(*graph().add_input(), name, dims, type);
    graph().mutable_input(graph().input_size() - 1)->mutable_type()->mutable_tensor_type()->mutable_shape();
    return *this;
  }
  TestModel& output(const std::string& name) {
    describe(*graph().add_output(), name, {}, onnx::TensorProto::FLOAT);
    return *this;
  }
  TestModel& floats(const std::string& name, std::initializer_list<std::int64_t> dims, std::vector<float> data) {
    auto* tensor = graph().add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto::FLOAT);
    for (const std::int64_t dim : dims) tensor->add_dims(dim);
    for (const float x : data) tensor->add_float_data(x);
    return *this;
  }
  TestModel& ints(const std::string& name, std::initializer_list<std::int64_t> data) {
    auto* tensor = graph().add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto::INT64);
    tensor->add_dims(static_cast<std::int64_t>(data.size()));
    for (const std::int64_t x : data) tensor->add_int64_data(x);
    return *this;
  }
  onnx::NodeProto& node(const std::string& op_type, std::initializer_list<std::string> inputs,
                        std::initializer_list<std::string> outputs) {
    auto* made = graph().add_node();
    made->set_op_type(op_type);
    made->set_name("node_" + *outputs.begin());
    for (const std::string& name : inputs) made->add_input(name);
    for (const std::string& name : outputs) made->add_output(name);
    return *made;
  }
  Bytes bytes() const {
    std::string text;
    model_.SerializeToString(&text);
    return Bytes(text.begin(), text.end());
  }

 private:
  static void describe(onnx::ValueInfoProto& value, const std::string& name, std::initializer_list<std::int64_t> dims,
                       int type) {
    value.set_name(name);
    auto* tensor = value.mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(type);
    for (const std::int64_t dim : dims) {
      auto* axis = tensor->mutable_shape()->add_dim();
      if (dim < 0)
        axis->set_dim_param("n");
      else
        axis->set_dim_value(dim);
    }
  }
  onnx::ModelProto model_;
};

inline void set_int(onnx::NodeProto& node, const std::string& name, std::int64_t x) {
  auto* attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::INT);
  attribute->set_i(x);
}

inline void set_ints(onnx::NodeProto& node, const std::string& name, std::initializer_list<std::int64_t> list) {
  auto* attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::INTS);
  for (const std::int64_t x : list) attribute->add_ints(x);
}

inline void set_float(onnx::NodeProto& node, const std::string& name, float x) {
  auto* attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::FLOAT);
  attribute->set_f(x);
}

inline void set_string(onnx::NodeProto& node, const std::string& name, const std::string& text) {
  auto* attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::STRING);
  attribute->set_s(text);
}

}  // namespace zkinfer::frontend_onnx
