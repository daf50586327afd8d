// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>

#include "ir/functions.h"
#include "ir/ops/families.h"

namespace zkinfer::ir {

namespace {

Result<TypeAndShape> infer_broadcast_as(const InferenceInputs& inputs, std::size_t first, DataType dtype) {
  Shape shape;
  for (std::size_t i = first; i < inputs.values.size(); ++i) {
    if (!inputs.has(i)) return invalid_argument("input " + std::to_string(i) + " is missing");
    if (inputs.dtype(i) != inputs.dtype(first)) return invalid_argument("operands of different types");
    ZKI_ASSIGN_OR_RETURN(shape, broadcast_shapes(shape, inputs.shape(i)));
  }
  return TypeAndShape{dtype, std::move(shape)};
}

Result<TypeAndShape> infer_arithmetic(const InferenceInputs& inputs, const Attributes&) {
  if (inputs.dtype(0) == DataType::kBool) return invalid_argument("arithmetic on booleans");
  return infer_broadcast_as(inputs, 0, inputs.dtype(0));
}

Result<TypeAndShape> infer_pow(const InferenceInputs& inputs, const Attributes&) {
  // The exponent may have another type than the base, whose type the result has.
  ZKI_ASSIGN_OR_RETURN(Shape shape, broadcast_shapes(inputs.shape(0), inputs.shape(1)));
  return TypeAndShape{inputs.dtype(0), std::move(shape)};
}

Result<TypeAndShape> infer_compare(const InferenceInputs& inputs, const Attributes&) {
  return infer_broadcast_as(inputs, 0, DataType::kBool);
}

Result<TypeAndShape> infer_logic(const InferenceInputs& inputs, const Attributes&) {
  if (inputs.dtype(0) != DataType::kBool) return invalid_argument("operands are not boolean");
  return infer_broadcast_as(inputs, 0, DataType::kBool);
}

Result<TypeAndShape> infer_where(const InferenceInputs& inputs, const Attributes&) {
  if (inputs.dtype(0) != DataType::kBool) return invalid_argument("the condition is not boolean");
  ZKI_ASSIGN_OR_RETURN(TypeAndShape result, infer_broadcast_as(inputs, 1, inputs.dtype(1)));
  ZKI_ASSIGN_OR_RETURN(result.shape, broadcast_shapes(result.shape, inputs.shape(0)));
  return result;
}

Result<TypeAndShape> infer_same(const InferenceInputs& inputs, const Attributes&) {
  return TypeAndShape{inputs.dtype(0), inputs.shape(0)};
}

Result<TypeAndShape> infer_float(const InferenceInputs& inputs, const Attributes&) {
  ZKI_RETURN_IF_ERROR(require_float(inputs));
  return TypeAndShape{DataType::kFloat, inputs.shape(0)};
}

Result<TypeAndShape> infer_number(const InferenceInputs& inputs, const Attributes&) {
  if (inputs.dtype(0) == DataType::kBool) return invalid_argument("arithmetic on booleans");
  return TypeAndShape{inputs.dtype(0), inputs.shape(0)};
}

Result<TypeAndShape> infer_logic_not(const InferenceInputs& inputs, const Attributes&) {
  if (inputs.dtype(0) != DataType::kBool) return invalid_argument("the operand is not boolean");
  return TypeAndShape{DataType::kBool, inputs.shape(0)};
}

Result<TypeAndShape> infer_special(const InferenceInputs& inputs, const Attributes&) {
  ZKI_RETURN_IF_ERROR(require_float(inputs));
  return TypeAndShape{DataType::kBool, inputs.shape(0)};
}

Result<TypeAndShape> infer_function(const InferenceInputs& inputs, const Attributes& attributes) {
  const auto& function = attributes_as<FunctionAttributes>(attributes);
  if (function.function.index >= kFunctions.size()) return invalid_argument("no function of the table");
  if (!std::isfinite(function.a) || !std::isfinite(function.b))
    return invalid_argument("a parameter is not a finite number");
  return row_of(function.function).whole ? infer_number(inputs, attributes) : infer_float(inputs, attributes);
}

Result<TypeAndShape> infer_leaky_relu(const InferenceInputs& inputs, const Attributes& attributes) {
  if (!std::isfinite(attributes_as<LeakyReluAttributes>(attributes).alpha))
    return invalid_argument("alpha is not a finite number");
  return infer_float(inputs, attributes);
}

Result<TypeAndShape> infer_clip(const InferenceInputs& inputs, const Attributes& attributes) {
  const auto& clip = attributes_as<ClipAttributes>(attributes);
  if (std::isnan(clip.min) || std::isnan(clip.max)) return invalid_argument("a bound is not a number");
  return infer_number(inputs, attributes);
}

Result<TypeAndShape> infer_cast(const InferenceInputs& inputs, const Attributes& attributes) {
  return TypeAndShape{attributes_as<CastAttributes>(attributes).to, inputs.shape(0)};
}

Result<TypeAndShape> infer_batch_normalization(const InferenceInputs& inputs, const Attributes& attributes) {
  ZKI_RETURN_IF_ERROR(require_float(inputs));
  const float epsilon = attributes_as<BatchNormalizationAttributes>(attributes).epsilon;
  if (!(epsilon >= 0) || !std::isfinite(epsilon)) return invalid_argument("epsilon is not a number >= 0");
  const Shape& x = inputs.shape(0);
  if (x.rank() < 2) return invalid_argument("input of shape " + x.to_string() + ", expected [N, C, ...]");
  for (std::size_t i = 1; i < 5; ++i)
    if (inputs.shape(i) != Shape{x[1]})
      return invalid_argument("parameter " + std::to_string(i) + " has shape " + inputs.shape(i).to_string() +
                              ", expected [" + std::to_string(x[1]) + "]");
  return TypeAndShape{DataType::kFloat, x};
}

constexpr std::size_t kNone = attribute_index<NoAttributes>();

constexpr auto kOps = std::to_array<OpSchema>({
    {OpKind::kAdd, "Add", OpLevel::kCore, 2, 2, kNone, infer_arithmetic, "a + b"},
    {OpKind::kSub, "Sub", OpLevel::kCore, 2, 2, kNone, infer_arithmetic, "a - b"},
    {OpKind::kMul, "Mul", OpLevel::kCore, 2, 2, kNone, infer_arithmetic, "a * b"},
    {OpKind::kRelu, "Relu", OpLevel::kCore, 1, 1, kNone, infer_number, "max(x, 0)"},
    {OpKind::kLeakyRelu, "LeakyRelu", OpLevel::kCore, 1, 1, attribute_index<LeakyReluAttributes>(), infer_leaky_relu,
     "x < 0 ? alpha * x : x"},
    {OpKind::kClip, "Clip", OpLevel::kCore, 1, 1, attribute_index<ClipAttributes>(), infer_clip,
     "min(max(x, min), max)"},
    {OpKind::kFunction, "Function", OpLevel::kCore, 1, 1, attribute_index<FunctionAttributes>(), infer_function,
     "a unary function"},
    {OpKind::kDiv, "Div", OpLevel::kCore, 2, 2, kNone, infer_arithmetic, "a / b; integers towards zero"},
    {OpKind::kMod, "Mod", OpLevel::kCore, 2, 2, attribute_index<ModAttributes>(), infer_arithmetic, "remainder"},
    {OpKind::kMax, "Max", OpLevel::kCore, 2, 2, kNone, infer_arithmetic, "maximum"},
    {OpKind::kLess, "Less", OpLevel::kCore, 2, 2, kNone, infer_compare, "a < b"},
    {OpKind::kEqual, "Equal", OpLevel::kCore, 2, 2, kNone, infer_compare, "a == b"},
    {OpKind::kWhere, "Where", OpLevel::kCore, 3, 3, kNone, infer_where, "condition ? a : b"},
    {OpKind::kCast, "Cast", OpLevel::kCore, 1, 1, attribute_index<CastAttributes>(), infer_cast,
     "between floats, integers (towards zero) and booleans (x != 0)"},
    {OpKind::kIdentity, "Identity", OpLevel::kRewritten, 1, 1, kNone, infer_same, "x (also Dropout in inference)"},
    {OpKind::kNeg, "Neg", OpLevel::kRewritten, 1, 1, kNone, infer_number, "-x"},
    {OpKind::kPow, "Pow", OpLevel::kRewritten, 2, 2, kNone, infer_pow, "x to the power y"},
    {OpKind::kMin, "Min", OpLevel::kRewritten, 2, 2, kNone, infer_arithmetic, "minimum"},
    {OpKind::kBatchNormalization, "BatchNormalization", OpLevel::kRewritten, 5, 5,
     attribute_index<BatchNormalizationAttributes>(), infer_batch_normalization,
     "scale * (x - mean) / sqrt(variance + epsilon) + bias per channel"},
    {OpKind::kAbs, "Abs", OpLevel::kRewritten, 1, 1, kNone, infer_number, "absolute value"},
    {OpKind::kGreater, "Greater", OpLevel::kRewritten, 2, 2, kNone, infer_compare, "a > b"},
    {OpKind::kLessOrEqual, "LessOrEqual", OpLevel::kRewritten, 2, 2, kNone, infer_compare, "a <= b"},
    {OpKind::kGreaterOrEqual, "GreaterOrEqual", OpLevel::kRewritten, 2, 2, kNone, infer_compare, "a >= b"},
    {OpKind::kAnd, "And", OpLevel::kRewritten, 2, 2, kNone, infer_logic, "a and b"},
    {OpKind::kOr, "Or", OpLevel::kRewritten, 2, 2, kNone, infer_logic, "a or b"},
    {OpKind::kXor, "Xor", OpLevel::kRewritten, 2, 2, kNone, infer_logic, "either a or b"},
    {OpKind::kNot, "Not", OpLevel::kRewritten, 1, 1, kNone, infer_logic_not, "not x"},
    {OpKind::kIsSpecial, "IsSpecial", OpLevel::kRewritten, 1, 1, attribute_index<SpecialAttributes>(), infer_special,
     "is it NaN, infinite"},
});
static_assert(rows_of_family(kOps, OpFamily::kElementwise), "a row for every operator of the family (ir/family.h)");

}  // namespace

std::span<const OpSchema> elementwise_ops() { return kOps; }

}  // namespace zkinfer::ir
