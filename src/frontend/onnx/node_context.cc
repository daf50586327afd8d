// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/node_context.h"

#include <algorithm>

#include "exec/float/float_executor.h"
#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

using onnx::AttributeProto;

namespace {

Status wrong_type(std::string_view attribute_name) {
  return corrupt("attribute '" + std::string(attribute_name) +
                 "' has another type than the operator's definition says");
}

// Rough number of scalar operations of a node, to bound the time that folding takes.
double operations(const ir::Node& node, const ir::InferenceInputs& inputs, const Shape& output) {
  double per_output = 1;
  if (node.op == ir::OpKind::kConv) {
    const Shape& w = inputs.shape(1);
    per_output = static_cast<double>(w.num_elements(1, w.rank()));
  } else if (node.op == ir::OpKind::kMatMul || node.op == ir::OpKind::kGemm) {
    const Shape& a = inputs.shape(0);
    per_output = static_cast<double>(std::max<std::int64_t>(a[a.rank() - 1], a[a.rank() - 2]));
  } else if (const auto* pool = std::get_if<ir::PoolAttributes>(&node.attributes)) {
    for (const std::int64_t side : pool->kernel) per_output *= static_cast<double>(side);
  }
  double total = per_output * static_cast<double>(output.num_elements());
  for (std::size_t i = 0; i < inputs.values.size(); ++i)
    if (inputs.has(i)) total += static_cast<double>(inputs.shape(i).num_elements());
  return total;
}

}  // namespace

Status NodeContext::require_inputs(std::size_t count) const {
  for (std::size_t i = 0; i < count; ++i)
    if (!has_input(i)) return corrupt("input " + std::to_string(i) + " is missing");
  return ok_status();
}

Result<Dims> NodeContext::constant_ints(std::size_t i, std::string_view what) const {
  const ir::Value& value = graph_.value(input(i));
  const IntTensor* tensor = value.ints();
  if (tensor == nullptr) {
    if (value.is_constant())
      return corrupt("input " + std::to_string(i) + " (" + std::string(what) + ") holds no integers");
    return unsupported(std::string(what) + " " + in_quotes(value.name) +
                       " is computed at run time | make it a constant of the model");
  }
  if (tensor->num_elements() > 65536)
    return resource_limit("input " + std::to_string(i) + " (" + std::string(what) + ") has " +
                          std::to_string(tensor->num_elements()) + " elements");
  return Dims(tensor->data().begin(), tensor->data().end());
}

Result<float> NodeContext::constant_number(std::size_t i, std::string_view what) const {
  const ir::Value& value = graph_.value(input(i));
  if (!value.is_constant())
    return unsupported(std::string(what) + " " + in_quotes(value.name) +
                       " is computed at run time | make it a constant of the model");
  if (value.shape.num_elements() != 1)
    return corrupt(std::string(what) + " has shape " + value.shape.to_string() + ", expected one number");
  return value.floats() != nullptr ? (*value.floats())[0] : static_cast<float>((*value.ints())[0]);
}

const AttributeProto* NodeContext::attribute(std::string_view attribute_name) const {
  for (const AttributeProto& candidate : proto_.attribute())
    if (candidate.name() == attribute_name) return &candidate;
  return nullptr;
}

Result<std::int64_t> NodeContext::int_attribute(std::string_view attribute_name, std::int64_t missing) const {
  const AttributeProto* found = attribute(attribute_name);
  if (found == nullptr) return missing;
  if (found->type() != AttributeProto::INT) return wrong_type(attribute_name);
  return static_cast<std::int64_t>(found->i());
}

Result<float> NodeContext::float_attribute(std::string_view attribute_name, float missing) const {
  const AttributeProto* found = attribute(attribute_name);
  if (found == nullptr) return missing;
  if (found->type() != AttributeProto::FLOAT) return wrong_type(attribute_name);
  return found->f();
}

Result<std::string> NodeContext::string_attribute(std::string_view attribute_name, std::string missing) const {
  const AttributeProto* found = attribute(attribute_name);
  if (found == nullptr) return missing;
  if (found->type() != AttributeProto::STRING) return wrong_type(attribute_name);
  return found->s();
}

Result<std::optional<Dims>> NodeContext::ints_attribute(std::string_view attribute_name) const {
  const AttributeProto* found = attribute(attribute_name);
  if (found == nullptr) return std::optional<Dims>();
  if (found->type() != AttributeProto::INTS) return wrong_type(attribute_name);
  return std::optional<Dims>(Dims(found->ints().begin(), found->ints().end()));
}

Result<std::vector<float>> NodeContext::floats_attribute(std::string_view attribute_name) const {
  const AttributeProto* found = attribute(attribute_name);
  if (found == nullptr) return std::vector<float>();
  if (found->type() != AttributeProto::FLOATS) return wrong_type(attribute_name);
  return std::vector<float>(found->floats().begin(), found->floats().end());
}

Result<std::vector<std::string>> NodeContext::strings_attribute(std::string_view attribute_name) const {
  const AttributeProto* found = attribute(attribute_name);
  if (found == nullptr) return std::vector<std::string>();
  if (found->type() != AttributeProto::STRINGS) return wrong_type(attribute_name);
  return std::vector<std::string>(found->strings().begin(), found->strings().end());
}

Result<std::optional<ReadTensor>> NodeContext::tensor_attribute(std::string_view attribute_name) const {
  const AttributeProto* found = attribute(attribute_name);
  if (found == nullptr) return std::optional<ReadTensor>();
  if (found->type() != AttributeProto::TENSOR) return wrong_type(attribute_name);
  Result<ReadTensor> tensor = read_tensor(found->t(), external_);
  if (!tensor.ok()) return tensor.status();
  return std::optional<ReadTensor>(std::move(*tensor));
}

Result<std::optional<ReadTensor>> NodeContext::sparse_tensor_attribute(std::string_view attribute_name) const {
  const AttributeProto* found = attribute(attribute_name);
  if (found == nullptr) return std::optional<ReadTensor>();
  if (found->type() != AttributeProto::SPARSE_TENSOR) return wrong_type(attribute_name);
  Result<ReadTensor> tensor = read_sparse_tensor(found->sparse_tensor(), external_);
  if (!tensor.ok()) return tensor.status();
  return std::optional<ReadTensor>(std::move(*tensor));
}

Result<std::optional<Dims>> NodeContext::ints_attribute_or_input(std::string_view attribute_name, std::size_t i) const {
  ZKI_ASSIGN_OR_RETURN(std::optional<Dims> list, ints_attribute(attribute_name));
  if (list || !has_input(i)) return list;
  ZKI_ASSIGN_OR_RETURN(list, constant_ints(i, attribute_name));
  return list;
}

Result<AnyTensor> NodeContext::evaluate(const ir::Node& node, const ir::InferenceInputs& inputs,
                                        const ir::TypeAndShape& output) {
  budget_.elements_left -= output.shape.num_elements();
  budget_.operations_left -= operations(node, inputs, output.shape);
  if (budget_.elements_left < 0 || budget_.operations_left < 0)
    return resource_limit("the constant part of the model is too large to evaluate");
  std::vector<const AnyTensor*> tensors;
  for (const ir::Value* value : inputs.values) tensors.push_back(value == nullptr ? nullptr : value->constant.get());
  return exec_float::evaluate(node, tensors, output.dtype, output.shape);
}

Result<ir::ValueId> NodeContext::add(ir::OpKind op, std::vector<ir::ValueId> node_inputs, ir::Attributes attributes,
                                     std::string_view step) {
  if (step.empty()) return add_output(0, op, std::move(node_inputs), std::move(attributes));
  std::string step_name = name_ + "#" + std::string(step);
  return add_named(op, std::move(node_inputs), std::move(attributes), step_name, step_name);
}

Result<ir::ValueId> NodeContext::add_output(std::size_t output, ir::OpKind op, std::vector<ir::ValueId> node_inputs,
                                            ir::Attributes attributes) {
  const int index = static_cast<int>(output);
  std::string output_name = index < proto_.output_size() ? proto_.output(index) : std::string();
  return add_named(op, std::move(node_inputs), std::move(attributes),
                   output == 0 ? name_ : name_ + "#" + std::to_string(output), std::move(output_name));
}

Result<ir::ValueId> NodeContext::add_named(ir::OpKind op, std::vector<ir::ValueId> node_inputs,
                                           ir::Attributes attributes, std::string node_name, std::string output_name) {
  bool all_constant = true;
  for (const ir::ValueId id : node_inputs) all_constant &= id == ir::kNoValue || graph_.value(id).is_constant();
  // The first integer operand's range is that of the result's type, as in ONNX both have one type.
  std::optional<ir::IntegerRange> declared;
  for (std::size_t i = op == ir::OpKind::kArgMax || op == ir::OpKind::kSort ? 0 : node_inputs.size(); i-- > 0;)
    if (node_inputs[i] != ir::kNoValue && graph_.value(node_inputs[i]).dtype == ir::DataType::kInt64)
      declared = graph_.value(node_inputs[i]).declared;
  ir::InferenceInputs inference;
  for (const ir::ValueId id : node_inputs) inference.values.push_back(id == ir::kNoValue ? nullptr : &graph_.value(id));
  ZKI_ASSIGN_OR_RETURN(const ir::TypeAndShape inferred, ir::infer(op, inference, attributes));
  // What has no elements is known, whatever it is made of.
  if (inferred.shape.num_elements() == 0) {
    AnyTensor nothing = inferred.dtype == ir::DataType::kFloat ? AnyTensor(FloatTensor(inferred.shape))
                                                               : AnyTensor(IntTensor(inferred.shape));
    const ir::ValueId id = graph_.add_constant(std::move(output_name), std::move(nothing), inferred.dtype);
    graph_.value(id).literal = true;
    return id;
  }
  if (!all_constant) {
    ZKI_ASSIGN_OR_RETURN(const ir::ValueId id,
                         graph_.add_node(op, std::move(node_name), std::move(node_inputs), std::move(attributes),
                                         proto_.op_type(), std::move(output_name)));
    if (inferred.dtype == ir::DataType::kInt64) graph_.value(id).declared = declared;
    return id;
  }
  ir::Node node;
  node.op = op;
  node.attributes = std::move(attributes);
  ZKI_ASSIGN_OR_RETURN(AnyTensor tensor, evaluate(node, inference, inferred));
  bool literal = true;
  for (const ir::Value* value : inference.values) literal &= value == nullptr || value->literal;
  const ir::ValueId id = graph_.add_constant(std::move(output_name), std::move(tensor), inferred.dtype);
  graph_.value(id).literal = literal;
  if (inferred.dtype == ir::DataType::kInt64) graph_.value(id).declared = declared;
  return id;
}

ir::ValueId NodeContext::add_literal(AnyTensor tensor, ir::DataType dtype, std::string_view step) {
  const ir::ValueId id = add_constant(std::move(tensor), dtype, step);
  graph_.value(id).literal = true;
  return id;
}

ir::ValueId NodeContext::add_constant(AnyTensor tensor, ir::DataType dtype, std::string_view step) {
  std::string value_name =
      step.empty() && proto_.output_size() > 0 ? proto_.output(0) : name_ + "#" + std::string(step);
  return graph_.add_constant(std::move(value_name), std::move(tensor), dtype);
}

Result<std::int64_t> resolve_axis(std::int64_t axis, std::size_t rank) {
  const auto count = static_cast<std::int64_t>(rank);
  if (axis < -count || axis >= count)
    return invalid_argument("axis " + std::to_string(axis) + " of a tensor of rank " + std::to_string(rank));
  return axis < 0 ? axis + count : axis;
}

Result<Dims> resolve_axes(const Dims& axes, std::size_t rank) {
  Dims resolved;
  for (const std::int64_t axis : axes) {
    ZKI_ASSIGN_OR_RETURN(const std::int64_t index, resolve_axis(axis, rank));
    resolved.push_back(index);
  }
  std::sort(resolved.begin(), resolved.end());
  if (std::adjacent_find(resolved.begin(), resolved.end()) != resolved.end())
    return invalid_argument("axes " + dims_to_string(axes) + " name an axis twice");
  return resolved;
}

}  // namespace zkinfer::frontend_onnx
