// SPDX-License-Identifier: Apache-2.0
// Operators whose result is known at import: constants, shapes, ranges.
#include <array>
#include <cmath>

#include "frontend/onnx/handlers.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::DataType;

Status check_constant(const NodeContext& context) {
  for (const std::string_view name : {"value_string", "value_strings"})
    if (context.attribute(name) != nullptr)
      return unsupported("a " + std::string(name) + " constant | only dense numbers are possible");
  return ok_status();
}

Result<Outputs> import_constant(NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(std::optional<ReadTensor> value, context.tensor_attribute("value"));
  if (value) {
    const ir::ValueId id = context.add_literal(std::move(value->tensor), value->dtype);
    context.graph().value(id).declared = value->declared;
    return Outputs{id};
  }
  ZKI_ASSIGN_OR_RETURN(std::optional<ReadTensor> sparse, context.sparse_tensor_attribute("sparse_value"));
  if (sparse) return Outputs{context.add_literal(std::move(sparse->tensor), sparse->dtype)};
  if (const auto* f = context.attribute("value_float"))
    return Outputs{context.add_literal(FloatTensor(Shape{}, {f->f()}), DataType::kFloat)};
  if (const auto* i = context.attribute("value_int"))
    return Outputs{context.add_literal(IntTensor(Shape{}, {i->i()}), DataType::kInt64)};
  if (const auto* floats = context.attribute("value_floats"))
    return Outputs{context.add_literal(
        FloatTensor(Shape{floats->floats_size()}, std::vector<float>(floats->floats().begin(), floats->floats().end())),
        DataType::kFloat)};
  if (const auto* ints = context.attribute("value_ints"))
    return Outputs{context.add_literal(
        IntTensor(Shape{ints->ints_size()}, std::vector<std::int64_t>(ints->ints().begin(), ints->ints().end())),
        DataType::kInt64)};
  return corrupt("a Constant without value");
}

// One value expanded to a shape given as input.
Result<Outputs> import_constant_of_shape(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(Dims dims, context.constant_ints(0, "shape"));
  ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make(std::move(dims)));
  ZKI_ASSIGN_OR_RETURN(std::optional<ReadTensor> value, context.tensor_attribute("value"));
  if (!value) value = ReadTensor{FloatTensor(Shape{}), DataType::kFloat};
  if (shape_of(value->tensor).num_elements() != 1) return corrupt("attribute 'value' needs one element");
  if (auto* floats = std::get_if<FloatTensor>(&value->tensor))
    value->tensor = FloatTensor(Shape{}, {(*floats)[0]});
  else
    value->tensor = IntTensor(Shape{}, {(*std::get_if<IntTensor>(&value->tensor))[0]});
  const ir::ValueId number = context.add_literal(std::move(value->tensor), value->dtype, "value");
  return one_output(context.add(ir::OpKind::kExpand, {number}, ir::ExpandAttributes{std::move(shape)}));
}

Result<Outputs> import_shape(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  const Dims& dims = context.shape(0).dims();
  const auto rank = static_cast<std::int64_t>(dims.size());
  ZKI_ASSIGN_OR_RETURN(std::int64_t start, context.int_attribute("start", 0));
  ZKI_ASSIGN_OR_RETURN(std::int64_t end, context.int_attribute("end", rank));
  const auto clamped = [rank](std::int64_t at) {
    return std::min(std::max<std::int64_t>(at < 0 ? std::max(at, -rank) + rank : at, 0), rank);
  };
  start = clamped(start);
  end = std::max(clamped(end), start);
  return Outputs{context.add_literal(IntTensor(Shape{end - start}, Dims(dims.begin() + start, dims.begin() + end)),
                                     DataType::kInt64)};
}

Result<Outputs> import_size(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  return Outputs{context.add_literal(IntTensor(Shape{}, {context.shape(0).num_elements()}), DataType::kInt64)};
}

template <class T>
Result<AnyTensor> range(T start, T limit, T delta) {
  const double count =
      std::ceil((static_cast<double>(limit) - static_cast<double>(start)) / static_cast<double>(delta));
  if (!(std::abs(count) <= 1 << 24)) return resource_limit("a range of more than 2^24 elements");
  std::vector<T> data(static_cast<std::size_t>(std::max(count, 0.0)));
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = start + static_cast<T>(i) * delta;
  const Shape shape{static_cast<std::int64_t>(data.size())};
  return AnyTensor(DenseTensor<T>(shape, std::move(data)));
}

Result<Outputs> import_range(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(3));
  std::vector<const ir::Value*> values;
  for (std::size_t i = 0; i < 3; ++i) {
    values.push_back(&context.graph().value(context.input(i)));
    if (!values.back()->is_constant())
      return unsupported("a bound is computed at run time | make it a constant of the model");
    if (values.back()->shape.num_elements() != 1 || values.back()->dtype != values[0]->dtype)
      return invalid_argument("a bound is not one number, or the bounds have different types");
  }
  if (values[0]->floats() != nullptr) {
    ZKI_ASSIGN_OR_RETURN(AnyTensor tensor,
                         range((*values[0]->floats())[0], (*values[1]->floats())[0], (*values[2]->floats())[0]));
    return Outputs{context.add_literal(std::move(tensor), DataType::kFloat)};
  }
  for (const ir::Value* value : values)
    if (std::abs(static_cast<double>((*value->ints())[0])) > 1e15) return out_of_range("a bound above 10^15");
  ZKI_ASSIGN_OR_RETURN(AnyTensor tensor,
                       range((*values[0]->ints())[0], (*values[1]->ints())[0], (*values[2]->ints())[0]));
  return Outputs{context.add_literal(std::move(tensor), DataType::kInt64)};
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"Constant", "value value_float value_floats value_int value_ints sparse_value value_string value_strings",
     check_constant, import_constant},
    {"ConstantOfShape", "value", no_check, import_constant_of_shape},
    {"Shape", "start end", no_check, import_shape},
    {"Size", "", no_check, import_size},
    {"Range", "", no_check, import_range},
});

}  // namespace

std::span<const Handler> constant_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
