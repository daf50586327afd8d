// SPDX-License-Identifier: Apache-2.0
// Draft: an ONNX model in memory with drawn weights, written as one expression per case.
#pragma once

#include <initializer_list>
#include <random>
#include <string>
#include <vector>

#include "frontend/onnx/test_model.h"

namespace zkinfer::operators {

using Attr = frontend_onnx::Attribute;

class Draft {
 public:
  using Dims = std::initializer_list<std::int64_t>;
  using Attrs = std::initializer_list<Attr>;

  explicit Draft(int opset = 13) : model_(opset) {}

  // A float input of the model.
  std::string x(Dims dims) {
    std::string name = "x";  // += : g++ 12 warns falsely of "x" + string
    name += std::to_string(model_.graph().input_size());
    model_.input(name, dims);
    return name;
  }
  // A constant drawn from [-bound, bound].
  std::string w(Dims dims, double bound) { return constant(dims, -bound, bound); }
  std::string constant(Dims dims, double lo, double hi) {
    std::size_t count = 1;
    for (const std::int64_t dim : dims) count *= static_cast<std::size_t>(dim);
    std::vector<float> data(count);
    for (float& value : data) value = static_cast<float>(std::uniform_real_distribution<double>(lo, hi)(random_));
    return given(dims, std::move(data));
  }
  std::string given(Dims dims, std::vector<float> data) {
    const std::string name = fresh("w");
    model_.floats(name, dims, std::move(data));
    return name;
  }
  std::string number(double value) { return given({}, {static_cast<float>(value)}); }
  std::string ints(Dims data) {
    const std::string name = fresh("i");
    model_.ints(name, data);
    return name;
  }
  // An operator with `num_outputs` outputs; the first one's name.
  std::string op(const std::string& op_type, const std::vector<std::string>& inputs, Attrs attributes = {},
                 int num_outputs = 1) {
    const std::string name = fresh("y");
    onnx::NodeProto& node = model_.node(op_type, {}, {name});
    for (const std::string& input : inputs) node.add_input(input);
    for (int i = 1; i < num_outputs; ++i) node.add_output(name + "_" + std::to_string(i));
    for (const Attr& attribute : attributes) frontend_onnx::set_attribute(node, attribute);
    return name;
  }
  frontend_onnx::TestModel& model() { return model_; }

 private:
  std::string fresh(const char* prefix) { return prefix + std::to_string(num_names_++); }
  frontend_onnx::TestModel model_;
  std::mt19937 random_{7};
  int num_names_ = 0;
};

}  // namespace zkinfer::operators
