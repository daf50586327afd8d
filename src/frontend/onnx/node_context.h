// SPDX-License-Identifier: Apache-2.0
// What a node handler sees: one NodeProto, its inputs as IR values, checked attribute readers, and `add`, which
// appends IR nodes and evaluates at once what depends on constants only.
// Errors of handlers: `unsupported` is collected and reported with all others of the model; everything else ends the
// import.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <onnx/onnx_pb.h>

#include "frontend/onnx/tensor_reader.h"
#include "ir/graph.h"
#include "ir/op_table.h"
#include "zkinfer/status.h"

namespace zkinfer::frontend_onnx {

struct FoldBudget {
  std::int64_t elements_left = 0;
  double operations_left = 0;  // multiplications and additions of folded nodes
};

class NodeContext {
 public:
  NodeContext(const onnx::NodeProto& proto, std::string name, int opset, ir::Graph& graph,
              std::vector<ir::ValueId> inputs, ExternalData& external, FoldBudget& budget)
      : proto_(proto),
        name_(std::move(name)),
        opset_(opset),
        graph_(graph),
        inputs_(std::move(inputs)),
        external_(external),
        budget_(budget) {}

  const onnx::NodeProto& proto() const { return proto_; }
  const std::string& name() const { return name_; }
  int opset() const { return opset_; }
  ir::Graph& graph() { return graph_; }
  const ir::Graph& graph() const { return graph_; }

  // Inputs. A missing optional input is kNoValue.
  std::size_t num_inputs() const { return inputs_.size(); }
  ir::ValueId input(std::size_t i) const { return i < inputs_.size() ? inputs_[i] : ir::kNoValue; }
  bool has_input(std::size_t i) const { return input(i) != ir::kNoValue; }
  const std::vector<ir::ValueId>& inputs() const { return inputs_; }
  // corrupt unless inputs 0..count-1 are there.
  Status require_inputs(std::size_t count) const;
  const ir::Value& value(std::size_t i) const { return graph_.value(input(i)); }
  const Shape& shape(std::size_t i) const { return graph_.value(input(i)).shape; }
  const Shape& shape_of(ir::ValueId id) const { return graph_.value(id).shape; }
  // An integer input as a list; unsupported when it is computed at run time.
  Result<Dims> constant_ints(std::size_t i, std::string_view what) const;
  // A one-element input as a number.
  Result<float> constant_number(std::size_t i, std::string_view what) const;
  bool is_constant(std::size_t i) const { return has_input(i) && value(i).is_constant(); }

  // Attributes; corrupt when there with another type.
  const onnx::AttributeProto* attribute(std::string_view attribute_name) const;
  Result<std::int64_t> int_attribute(std::string_view attribute_name, std::int64_t missing) const;
  Result<float> float_attribute(std::string_view attribute_name, float missing) const;
  Result<std::string> string_attribute(std::string_view attribute_name, std::string missing) const;
  Result<std::optional<Dims>> ints_attribute(std::string_view attribute_name) const;
  // Empty when absent.
  Result<std::vector<float>> floats_attribute(std::string_view attribute_name) const;
  Result<std::vector<std::string>> strings_attribute(std::string_view attribute_name) const;
  Result<std::optional<ReadTensor>> tensor_attribute(std::string_view attribute_name) const;
  Result<std::optional<ReadTensor>> sparse_tensor_attribute(std::string_view attribute_name) const;

  // A list that older opsets hold as an attribute and newer ones as input i; nullopt when absent.
  Result<std::optional<Dims>> ints_attribute_or_input(std::string_view attribute_name, std::size_t i) const;

  // Appends a node of this operator. The last call of a handler makes output 0: it has no step name.
  Result<ir::ValueId> add(ir::OpKind op, std::vector<ir::ValueId> node_inputs, ir::Attributes attributes = {},
                          std::string_view step = {});
  // The same for output i of an operator with several outputs.
  Result<ir::ValueId> add_output(std::size_t output, ir::OpKind op, std::vector<ir::ValueId> node_inputs,
                                 ir::Attributes attributes);
  // A constant; with an empty step it is output 0.
  ir::ValueId add_constant(AnyTensor tensor, ir::DataType dtype, std::string_view step = {});
  // The same for a number of the program text (ir::Value::literal), which may become public.
  ir::ValueId add_literal(AnyTensor tensor, ir::DataType dtype, std::string_view step = {});

 private:
  Result<ir::ValueId> add_named(ir::OpKind op, std::vector<ir::ValueId> node_inputs, ir::Attributes attributes,
                                std::string node_name, std::string output_name);
  Result<AnyTensor> evaluate(const ir::Node& node, const ir::InferenceInputs& inputs, const ir::TypeAndShape& output);

  const onnx::NodeProto& proto_;
  std::string name_;
  int opset_;
  ir::Graph& graph_;
  std::vector<ir::ValueId> inputs_;
  ExternalData& external_;
  FoldBudget& budget_;
};

// axis in [-rank, rank) -> [0, rank).
Result<std::int64_t> resolve_axis(std::int64_t axis, std::size_t rank);
// Sorted, without repetition.
Result<Dims> resolve_axes(const Dims& axes, std::size_t rank);

}  // namespace zkinfer::frontend_onnx
