// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>

#include "frontend/onnx/handlers.h"
#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::OpKind;

ir::ValueId number(NodeContext& context, float x, std::string_view step) {
  return context.add_literal(FloatTensor(Shape{}, {x}), ir::DataType::kFloat, step);
}

Result<Outputs> import_leaky_relu(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const float alpha, context.float_attribute("alpha", 0.01F));
  return one_output(context.add(OpKind::kLeakyRelu, {context.input(0)}, ir::LeakyReluAttributes{alpha}));
}

// Bounds are attributes before opset 11 and inputs from then on.
Result<Outputs> import_clip(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ir::ClipAttributes clip;
  ZKI_ASSIGN_OR_RETURN(clip.min, context.float_attribute("min", clip.min));
  ZKI_ASSIGN_OR_RETURN(clip.max, context.float_attribute("max", clip.max));
  if (context.has_input(1)) {
    ZKI_ASSIGN_OR_RETURN(clip.min, context.constant_number(1, "min"));
  }
  if (context.has_input(2)) {
    ZKI_ASSIGN_OR_RETURN(clip.max, context.constant_number(2, "max"));
  }
  return one_output(context.add(OpKind::kClip, {context.input(0)}, clip));
}

// x >= 0 ? x : slope * x = relu(x) - slope * relu(-x).
Result<Outputs> import_prelu(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  const ir::Value& slope = context.graph().value(context.input(1));
  const FloatTensor* slopes = slope.floats();
  if (slopes == nullptr)
    return unsupported("slope " + in_quotes(slope.name) + " is computed at run time | make it an initializer");
  // A slope that may be trained is a parameter, not part of a public table, so it is multiplied.
  bool uniform = slopes->num_elements() > 0 && slope.literal;
  for (const float x : slopes->data()) uniform &= x == (*slopes)[0];
  if (uniform)
    return one_output(context.add(OpKind::kLeakyRelu, {context.input(0)}, ir::LeakyReluAttributes{(*slopes)[0]}));
  FloatTensor negated = *slopes;
  for (float& x : negated.data()) x = -x;
  const ir::ValueId factor = context.add_constant(std::move(negated), ir::DataType::kFloat, "negated_slope");
  ZKI_ASSIGN_OR_RETURN(const ir::ValueId positive, context.add(OpKind::kRelu, {context.input(0)}, {}, "positive"));
  ZKI_ASSIGN_OR_RETURN(const ir::ValueId negated_x, context.add(OpKind::kNeg, {context.input(0)}, {}, "negated"));
  ZKI_ASSIGN_OR_RETURN(const ir::ValueId negative, context.add(OpKind::kRelu, {negated_x}, {}, "negative"));
  ZKI_ASSIGN_OR_RETURN(const ir::ValueId scaled, context.add(OpKind::kMul, {negative, factor}, {}, "scaled"));
  return one_output(context.add(OpKind::kAdd, {positive, scaled}));
}

// clip(alpha * x + beta, 0, 1), under the name `step`.
Result<ir::ValueId> hard_sigmoid(NodeContext& context, float alpha, float beta, std::string_view step) {
  ZKI_ASSIGN_OR_RETURN(const ir::ValueId scaled,
                       context.add(OpKind::kMul, {context.input(0), number(context, alpha, "alpha")}, {}, "scaled"));
  ZKI_ASSIGN_OR_RETURN(const ir::ValueId shifted,
                       context.add(OpKind::kAdd, {scaled, number(context, beta, "beta")}, {}, "shifted"));
  return context.add(OpKind::kClip, {shifted}, ir::ClipAttributes{0, 1}, step);
}

Result<Outputs> import_hard_sigmoid(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const float alpha, context.float_attribute("alpha", 0.2F));
  ZKI_ASSIGN_OR_RETURN(const float beta, context.float_attribute("beta", 0.5F));
  return one_output(hard_sigmoid(context, alpha, beta, {}));
}

Result<Outputs> import_hard_swish(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const ir::ValueId gate, hard_sigmoid(context, 1.0F / 6.0F, 0.5F, "gate"));
  return one_output(context.add(OpKind::kMul, {context.input(0), gate}));
}

Status check_batch_normalization(const NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const std::int64_t training, context.int_attribute("training_mode", 0));
  ZKI_ASSIGN_OR_RETURN(const std::int64_t spatial, context.int_attribute("spatial", 1));
  if (training != 0) return unsupported("training_mode=1 | export the model in inference mode (model.eval())");
  if (spatial != 1) return unsupported("spatial=0 | export with one mean and variance per channel");
  return ok_status();
}

Result<Outputs> import_batch_normalization(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(5));
  ir::BatchNormalizationAttributes attributes;
  ZKI_ASSIGN_OR_RETURN(attributes.epsilon, context.float_attribute("epsilon", attributes.epsilon));
  std::vector<ir::ValueId> inputs(context.inputs().begin(), context.inputs().begin() + 5);
  return one_output(context.add(OpKind::kBatchNormalization, std::move(inputs), attributes));
}

// Opset 12 and later may ask for training mode by input 2.
Result<Outputs> import_dropout(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  if (context.has_input(2)) {
    ZKI_ASSIGN_OR_RETURN(const float training, context.constant_number(2, "training_mode"));
    if (training != 0) return unsupported("training_mode is true | export the model in inference mode (model.eval())");
  }
  return one_output(context.add(OpKind::kIdentity, {context.input(0)}));
}

Status check_cast(const NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const std::int64_t to, context.int_attribute("to", 0));
  if (to < 0 || to > 64 || !data_type(static_cast<std::int32_t>(to)))
    return unsupported("cast to element type " + std::to_string(to) + " | only numbers and booleans are possible");
  return ok_status();
}

Result<Outputs> import_cast(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const std::int64_t to, context.int_attribute("to", 0));
  const std::optional<ir::DataType> dtype = data_type(static_cast<std::int32_t>(to));
  if (!dtype) return unsupported("cast to element type " + std::to_string(to));
  return one_output(context.add(OpKind::kCast, {context.input(0)}, ir::CastAttributes{*dtype}));
}

// a + b + c + ..
Result<Outputs> import_sum(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(std::max<std::size_t>(context.num_inputs(), 1)));
  const std::size_t count = context.num_inputs();
  if (count == 1) return one_output(context.add(OpKind::kIdentity, {context.input(0)}));
  ir::ValueId sum = context.input(0);
  for (std::size_t i = 1; i < count; ++i) {
    const bool last = i + 1 == count;
    ZKI_ASSIGN_OR_RETURN(
        sum, context.add(OpKind::kAdd, {sum, context.input(i)}, {}, last ? "" : "part" + std::to_string(i)));
  }
  return Outputs{sum};
}

template <OpKind op>
Result<Outputs> import_variadic(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(std::max<std::size_t>(context.num_inputs(), 1)));
  return one_output(context.add(op, context.inputs()));
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"Add", "", no_check, nullptr, OpKind::kAdd, 2},
    {"Sub", "", no_check, nullptr, OpKind::kSub, 2},
    {"Mul", "", no_check, nullptr, OpKind::kMul, 2},
    {"Div", "", no_check, nullptr, OpKind::kDiv, 2},
    {"Pow", "", no_check, nullptr, OpKind::kPow, 2},
    {"Relu", "", no_check, nullptr, OpKind::kRelu},
    {"Sigmoid", "", no_check, nullptr, OpKind::kSigmoid},
    {"Tanh", "", no_check, nullptr, OpKind::kTanh},
    {"Neg", "", no_check, nullptr, OpKind::kNeg},
    {"Identity", "", no_check, nullptr, OpKind::kIdentity},
    {"Sqrt", "", no_check, nullptr, OpKind::kSqrt},
    {"Exp", "", no_check, nullptr, OpKind::kExp},
    {"Log", "", no_check, nullptr, OpKind::kLog},
    {"Abs", "", no_check, nullptr, OpKind::kAbs},
    {"Reciprocal", "", no_check, nullptr, OpKind::kReciprocal},
    {"Floor", "", no_check, nullptr, OpKind::kFloor},
    {"Ceil", "", no_check, nullptr, OpKind::kCeil},
    {"Round", "", no_check, nullptr, OpKind::kRound},
    {"Sign", "", no_check, nullptr, OpKind::kSign},
    {"Erf", "", no_check, nullptr, OpKind::kErf},
    {"Equal", "", no_check, nullptr, OpKind::kEqual, 2},
    {"Less", "", no_check, nullptr, OpKind::kLess, 2},
    {"Greater", "", no_check, nullptr, OpKind::kGreater, 2},
    {"LessOrEqual", "", no_check, nullptr, OpKind::kLessOrEqual, 2},
    {"GreaterOrEqual", "", no_check, nullptr, OpKind::kGreaterOrEqual, 2},
    {"And", "", no_check, nullptr, OpKind::kAnd, 2},
    {"Or", "", no_check, nullptr, OpKind::kOr, 2},
    {"Not", "", no_check, nullptr, OpKind::kNot},
    {"Where", "", no_check, nullptr, OpKind::kWhere, 3},
    {"Min", "", no_check, import_variadic<OpKind::kMin>},
    {"Max", "", no_check, import_variadic<OpKind::kMax>},
    {"Sum", "", no_check, import_sum},
    {"LeakyRelu", "alpha", no_check, import_leaky_relu},
    {"PRelu", "", no_check, import_prelu},
    {"HardSigmoid", "alpha beta", no_check, import_hard_sigmoid},
    {"HardSwish", "", no_check, import_hard_swish},
    {"Clip", "min max", no_check, import_clip},
    {"BatchNormalization", "epsilon momentum training_mode spatial", check_batch_normalization,
     import_batch_normalization},
    {"Dropout", "ratio seed", no_check, import_dropout},
    {"Cast", "to saturate", check_cast, import_cast},
});

}  // namespace

std::span<const Handler> elementwise_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
