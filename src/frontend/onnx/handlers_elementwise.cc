// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>

#include "frontend/onnx/build.h"
#include "frontend/onnx/proto_text.h"
#include "ir/functions.h"

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

// The number that a bound is; nullopt when it is computed, or an integer that a float does not hold.
std::optional<float> constant_bound(const ir::Value& bound) {
  if (!bound.is_constant() || bound.shape.num_elements() != 1) return std::nullopt;
  if (bound.floats() != nullptr) return (*bound.floats())[0];
  const auto number = static_cast<float>((*bound.ints())[0]);
  if (std::abs(number) > static_cast<float>(1 << 24)) return std::nullopt;
  return number;
}

// Bounds are attributes before opset 11 and inputs from then on, constant or computed.
Result<Outputs> import_clip(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ir::ClipAttributes clip;
  ZKI_ASSIGN_OR_RETURN(clip.min, context.float_attribute("min", clip.min));
  ZKI_ASSIGN_OR_RETURN(clip.max, context.float_attribute("max", clip.max));
  ir::ValueId x = context.input(0);
  const bool has_max = context.has_input(2);
  if (context.has_input(1)) {
    if (const std::optional<float> bound = constant_bound(context.value(1))) {
      clip.min = *bound;
    } else {
      ZKI_ASSIGN_OR_RETURN(x, context.add(OpKind::kMax, {x, context.input(1)}, {}, has_max ? "min" : ""));
      if (!has_max) return Outputs{x};
    }
  }
  if (has_max) {
    if (const std::optional<float> bound = constant_bound(context.value(2))) {
      clip.max = *bound;
    } else {
      if (std::isfinite(clip.min)) {
        ZKI_ASSIGN_OR_RETURN(x, context.add(OpKind::kClip, {x}, clip, "min"));
      }
      return one_output(context.add(OpKind::kMin, {x, context.input(2)}));
    }
  }
  return one_output(context.add(OpKind::kClip, {x}, clip));
}

// x >= 0 ? x : slope * x = relu(x) - slope * relu(-x).
Result<Outputs> import_prelu(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  const ir::Value& slope = context.value(1);
  if (context.opset() < 7 && slope.shape.num_elements() != 1)
    return unsupported("slopes per channel before opset 7 | convert the model with onnx.version_converter");
  // A slope that may be trained is a parameter, not part of a public table, so it is multiplied.
  bool uniform = slope.floats() != nullptr && slope.shape.num_elements() > 0 && slope.literal;
  if (uniform)
    for (const float x : slope.floats()->data()) uniform &= x == (*slope.floats())[0];
  if (uniform)
    return one_output(
        context.add(OpKind::kLeakyRelu, {context.input(0)}, ir::LeakyReluAttributes{(*slope.floats())[0]}));
  ZKI_ASSIGN_OR_RETURN(const ir::ValueId factor, context.add(OpKind::kNeg, {context.input(1)}, {}, "negated_slope"));
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
  std::vector<std::int64_t> ones(static_cast<std::size_t>(context.shape(0).num_elements()), 1);
  Build b(context);
  return b.outputs({context.input(0), b.literal(IntTensor(context.shape(0), std::move(ones)), ir::DataType::kBool)});
}

Status check_cast(const NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const std::int64_t to, context.int_attribute("to", 0));
  if (to < 0 || to > 64 || !data_type(static_cast<std::int32_t>(to)))
    return unsupported("cast to " + element_type_name(static_cast<std::int32_t>(std::clamp<std::int64_t>(to, 0, 64))));
  return ok_status();
}

// Of integers, types of up to 16 bits drop what is above their highest bit; wider ones keep the number.
Result<Outputs> cast_to(NodeContext& context, ir::DataType dtype, std::optional<ir::IntegerRange> range) {
  const std::optional<ir::IntegerRange> from = context.value(0).declared;
  const bool fits = !range || range->hi - range->lo > 65535 ||
                    (from && from->lo >= range->lo && from->hi <= range->hi) ||
                    context.value(0).dtype == ir::DataType::kBool ||
                    // Floats beyond 8 bits and more are undefined.
                    (context.value(0).dtype == ir::DataType::kFloat && range->hi - range->lo > 15);
  Build b(context);
  ir::ValueId y = b.cast(context.input(0), dtype);
  if (!fits) {
    const ir::ValueId lowest = b.number(static_cast<double>(range->lo), dtype);
    const ir::ValueId count = b.number(static_cast<double>(range->hi - range->lo + 1), dtype);
    y = b.add(b.op(OpKind::kMod, {b.sub(y, lowest), count}, ir::ModAttributes{}), lowest);
  }
  ZKI_ASSIGN_OR_RETURN(Outputs outputs, b.output(y));
  if (dtype == ir::DataType::kInt64) context.graph().value(outputs[0]).declared = range;
  return outputs;
}

Result<Outputs> import_cast(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const std::int64_t to, context.int_attribute("to", 0));
  const std::optional<ir::DataType> dtype = data_type(static_cast<std::int32_t>(to));
  if (!dtype) return unsupported("cast to " + element_type_name(static_cast<std::int32_t>(to)));
  return cast_to(context, *dtype, declared_range(static_cast<std::int32_t>(to)));
}

Result<Outputs> import_cast_like(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  return cast_to(context, context.value(1).dtype, context.value(1).declared);
}

// Integers are numbers.
template <bool infinite>
Result<Outputs> import_is_special(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const std::int64_t positive, context.int_attribute("detect_positive", 1));
  ZKI_ASSIGN_OR_RETURN(const std::int64_t negative, context.int_attribute("detect_negative", 1));
  if (context.value(0).dtype != ir::DataType::kFloat)
    return Outputs{context.add_literal(IntTensor(context.shape(0)), ir::DataType::kBool)};
  const ir::SpecialAttributes asked{!infinite, infinite && positive != 0, infinite && negative != 0};
  return one_output(context.add(OpKind::kIsSpecial, {context.input(0)}, asked));
}

// swish(a) * b
Result<Outputs> import_swiglu(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  ZKI_ASSIGN_OR_RETURN(const float alpha, context.float_attribute("alpha", 1));
  Build b(context);
  return b.output(b.mul(b.function(ir::function("Swish"), context.input(0), alpha), context.input(1)));
}

// op(op(op(a, b), c), ..)
template <OpKind op>
Result<Outputs> import_variadic(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(std::max<std::size_t>(context.num_inputs(), 1)));
  const std::size_t count = context.num_inputs();
  if (count == 1) return one_output(context.add(OpKind::kIdentity, {context.input(0)}));
  ir::ValueId result = context.input(0);
  for (std::size_t i = 1; i < count; ++i) {
    const bool last = i + 1 == count;
    ZKI_ASSIGN_OR_RETURN(result,
                         context.add(op, {result, context.input(i)}, {}, last ? "" : "part" + std::to_string(i)));
  }
  return Outputs{result};
}

Result<Outputs> import_mod(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  ZKI_ASSIGN_OR_RETURN(const std::int64_t fmod, context.int_attribute("fmod", 0));
  return one_output(context.add(OpKind::kMod, {context.input(0), context.input(1)}, ir::ModAttributes{fmod != 0}));
}

Result<Outputs> import_gelu(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const std::string approximate, context.string_attribute("approximate", "none"));
  if (approximate != "none" && approximate != "tanh") return corrupt("approximate " + in_quotes(approximate));
  return one_output(
      context.add(OpKind::kFunction, {context.input(0)},
                  ir::FunctionAttributes{approximate == "tanh" ? ir::function("GeluTanh") : ir::function("GeluErf")}));
}

Result<Outputs> import_function(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  const std::optional<ir::FunctionId> id = ir::find_function(context.proto().op_type());
  ZKI_CHECK(id.has_value(), "this handler has the names of the functions' rows");
  ir::FunctionAttributes function{*id};
  const ir::FunctionRow& row = ir::row_of(*id);
  if (!row.a.name.empty()) {
    ZKI_ASSIGN_OR_RETURN(function.a, context.float_attribute(row.a.name, row.a.missing));
  }
  if (!row.b.name.empty()) {
    ZKI_ASSIGN_OR_RETURN(function.b, context.float_attribute(row.b.name, row.b.missing));
  }
  return one_output(context.add(OpKind::kFunction, {context.input(0)}, function));
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"Add", "", no_check, nullptr, OpKind::kAdd, 2},
    {"Sub", "", no_check, nullptr, OpKind::kSub, 2},
    {"Mul", "", no_check, nullptr, OpKind::kMul, 2},
    {"Div", "", no_check, nullptr, OpKind::kDiv, 2},
    {"Pow", "", no_check, nullptr, OpKind::kPow, 2},
    {"Relu", "", no_check, nullptr, OpKind::kRelu},
    {"Neg", "", no_check, nullptr, OpKind::kNeg},
    {"Identity", "", no_check, nullptr, OpKind::kIdentity},
    {"Abs", "", no_check, nullptr, OpKind::kAbs},
    {"Equal", "", no_check, nullptr, OpKind::kEqual, 2},
    {"Less", "", no_check, nullptr, OpKind::kLess, 2},
    {"Greater", "", no_check, nullptr, OpKind::kGreater, 2},
    {"LessOrEqual", "", no_check, nullptr, OpKind::kLessOrEqual, 2},
    {"GreaterOrEqual", "", no_check, nullptr, OpKind::kGreaterOrEqual, 2},
    {"And", "", no_check, nullptr, OpKind::kAnd, 2},
    {"Or", "", no_check, nullptr, OpKind::kOr, 2},
    {"Xor", "", no_check, nullptr, OpKind::kXor, 2},
    {"Not", "", no_check, nullptr, OpKind::kNot},
    {"Where", "", no_check, nullptr, OpKind::kWhere, 3},
    {"Min", "", no_check, import_variadic<OpKind::kMin>},
    {"Max", "", no_check, import_variadic<OpKind::kMax>},
    {"Sum", "", no_check, import_variadic<OpKind::kAdd>},
    {"LeakyRelu", "alpha", no_check, import_leaky_relu},
    {"PRelu", "", no_check, import_prelu},
    {"HardSigmoid", "alpha beta", no_check, import_hard_sigmoid},
    {"Gelu", "approximate", no_check, import_gelu},
    {"Mod", "fmod", no_check, import_mod},
    {"Clip", "min max", no_check, import_clip},
    {"BatchNormalization", "epsilon momentum training_mode spatial", check_batch_normalization,
     import_batch_normalization},
    {"Dropout", "ratio seed", no_check, import_dropout},
    {"Cast", "to saturate round_mode", check_cast, import_cast},
    {"CastLike", "saturate round_mode", no_check, import_cast_like},
    {"IsNaN", "", no_check, import_is_special<false>},
    {"IsInf", "detect_negative detect_positive", no_check, import_is_special<true>},
    {"SwiGLU", "alpha", no_check, import_swiglu},
});

}  // namespace

std::span<const Handler> elementwise_handlers() { return kHandlers; }

std::span<const Handler> function_handlers() {
  struct Rows {
    std::array<std::string, ir::kFunctions.size()> attributes;
    std::vector<Handler> handlers;
  };
  static const Rows rows = [] {
    Rows made;
    for (std::size_t i = 0; i < ir::kFunctions.size(); ++i) {
      const ir::FunctionRow& row = ir::kFunctions[i];
      if (row.inner) continue;
      made.attributes[i] = std::string(row.a.name) + (row.b.name.empty() ? "" : " ") + std::string(row.b.name);
      made.handlers.push_back({row.name, {}, no_check, import_function});
    }
    return made;
  }();
  // The names of attributes live in the array, which has its place only now.
  static const std::vector<Handler> handlers = [] {
    std::vector<Handler> made = rows.handlers;
    for (Handler& handler : made) handler.attributes = rows.attributes[ir::find_function(handler.op_type)->index];
    return made;
  }();
  return handlers;
}

}  // namespace zkinfer::frontend_onnx
