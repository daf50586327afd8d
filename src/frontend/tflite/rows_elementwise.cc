// SPDX-License-Identifier: Apache-2.0
// Element by element: functions, arithmetic with broadcasting, comparisons, changes of type and scale.
#include <array>
#include <cmath>

#include <onnx/onnx_pb.h>

#include "frontend/tflite/lowering.h"

namespace zkinfer::frontend_tflite {

namespace {

// An ONNX operator on one operand, in the layout that it has.
struct Form {
  Operation& op;
  Layout layout;
  std::string x;

  explicit Form(Operation& o) : op(o), layout(o.g.layout_of(o.input(0))), x(o.g.any(o.input(0), layout)) {}
  Status finish(std::string y) const {
    op.g.set_any(op.output(), std::move(y), layout, false);
    return op.g.status();
  }
};

// The row's operator of ONNX.
Status read_unary(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  const Form form(op);
  return form.finish(op.node(op.onnx(), {form.x}));
}

Status read_rsqrt(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  const Form form(op);
  return form.finish(op.node("Reciprocal", {op.node("Sqrt", {form.x})}));
}

Status read_square(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  const Form form(op);
  return form.finish(op.node("Mul", {form.x, form.x}));
}

Status read_not(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  op.g.set_raw(op.output(), op.node("Not", {op.raw(0)}));
  return op.g.status();
}

Status clipped(Operation& op, float lo, float hi) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  const Form form(op);
  return form.finish(op.node("Clip", {form.x, op.number(lo), op.number(hi)}));
}
Status read_relu6(Operation& op) { return clipped(op, 0, 6); }
Status read_relu_n1_to_1(Operation& op) { return clipped(op, -1, 1); }
Status read_relu_0_to_1(Operation& op) { return clipped(op, 0, 1); }

Status read_leaky_relu(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  const Form form(op);
  return form.finish(op.node("LeakyRelu", {form.x}, {{"alpha", op.options().number<float>(0)}}));
}

Status read_gelu(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  const Form form(op);
  return form.finish(op.node("Gelu", {form.x}, {{"approximate", op.options().flag(0) ? "tanh" : "none"}}));
}

Status read_prelu(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2));
  return op.finish(op.node("PRelu", {op.real(0), op.real(1)}));
}

// Of the last axis.
Status read_softmax(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  const float beta = op.options().number<float>(0);
  std::string x = op.real(0);
  if (beta != 1) x = op.node("Mul", {x, op.number(beta)});
  return op.finish(op.node("Softmax", {x}, {{"axis", -1}}));
}

Status read_log_softmax(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  return op.finish(op.node("LogSoftmax", {op.real(0)}, {{"axis", -1}}));
}

// Two operands that are broadcast: channels first where both have four axes and the first lies so.
struct Pair {
  Operation& op;
  Layout layout = Layout::kLast;
  std::string a, b;

  explicit Pair(Operation& o, std::size_t first = 0) : op(o) {
    const int x = op.input(first);
    const int y = op.input(first + 1);
    const bool same_rank = op.g.rank(x) == op.g.rank(y) && op.g.rank(x) >= 4 && op.g.is_real(x) && op.g.is_real(y);
    if (same_rank && (op.g.layout_of(x) == Layout::kFirst || op.g.layout_of(y) == Layout::kFirst))
      layout = Layout::kFirst;
    a = op.g.any(x, layout);
    b = op.g.any(y, layout);
  }
};

Status read_binary(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2));
  const Pair pair(op);
  op.g.set_any(op.output(), op.node(op.onnx(), {pair.a, pair.b}), pair.layout, false);
  return op.g.status();
}

Status read_arithmetic(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2));
  const Pair pair(op);
  constexpr int kActivation = 0;
  ZKI_ASSIGN_OR_RETURN(const std::string y, op.activated(op.node(op.onnx(), {pair.a, pair.b}), kActivation));
  op.g.set_any(op.output(), y, pair.layout, false);
  return op.g.status();
}

Status read_squared_difference(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2));
  const Pair pair(op);
  const std::string d = op.node("Sub", {pair.a, pair.b});
  op.g.set_any(op.output(), op.node("Mul", {d, d}), pair.layout, false);
  return op.g.status();
}

// Rounded down, of integers too.
Status read_floor_div(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2));
  const Pair pair(op);
  if (op.g.is_real(op.output())) {
    op.g.set_real(op.output(), op.node("Floor", {op.node("Div", {pair.a, pair.b})}), pair.layout);
    return op.g.status();
  }
  // Integer division rounds towards zero: the remainder that Mod gives has the divisor's sign.
  const std::string rest = op.node("Mod", {pair.a, pair.b});
  op.g.set_raw(op.output(), op.node("Div", {op.node("Sub", {pair.a, rest}), pair.b}));
  return op.g.status();
}

Status read_floor_mod(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2));
  const Pair pair(op);
  if (!op.g.is_real(op.output())) {
    op.g.set_raw(op.output(), op.node("Mod", {pair.a, pair.b}));
    return op.g.status();
  }
  const std::string whole = op.node("Floor", {op.node("Div", {pair.a, pair.b})});
  op.g.set_real(op.output(), op.node("Sub", {pair.a, op.node("Mul", {whole, pair.b})}), pair.layout);
  return op.g.status();
}

Status read_comparison(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2));
  op.g.set_raw(op.output(), op.node(op.onnx(), {op.any(0), op.any(1)}));
  return op.g.status();
}

Status read_not_equal(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2));
  op.g.set_raw(op.output(), op.node("Not", {op.node("Equal", {op.any(0), op.any(1)})}));
  return op.g.status();
}

// Where the condition holds, the second operand. SELECT's condition of rank 1 goes along the first axis.
Status read_select(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(3));
  std::string condition = op.raw(0);
  const std::size_t rank = op.tensor(1).shape.size();
  if (op.name() == "SELECT" && op.tensor(0).shape.size() == 1 && rank > 1) {
    Dims axes;
    for (std::size_t axis = 1; axis < rank; ++axis) axes.push_back(static_cast<std::int64_t>(axis));
    condition = op.node("Unsqueeze", {condition, op.list(axes)});
  }
  const bool on_grid = op.g.same_grid(op.input(1), op.output()) && op.g.same_grid(op.input(2), op.output());
  op.g.set_any(op.output(), op.node("Where", {condition, op.any(1), op.any(2)}), Layout::kLast, on_grid);
  return op.g.status();
}

Status read_add_n(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  std::string sum = op.any(0);
  for (std::size_t i = 1; i < op.num_inputs(); ++i) sum = op.node("Add", {sum, op.any(i)});
  op.g.set_any(op.output(), sum, Layout::kLast, false);
  return op.g.status();
}

// Of the numbers themselves: integers of a quantized tensor as they are stored.
Status read_cast(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  const Type to = op.g.tensor(op.output()).type;
  const std::optional<int> type = onnx_type(to);
  if (!type) return unsupported("a cast to " + std::string(type_name(to)) + " | cast to numbers");
  const std::string y = op.node("Cast", {op.raw(0)}, {{"to", *type}});
  if (is_float(to))
    op.g.set_real(op.output(), y);
  else
    op.g.set_raw(op.output(), y);
  return op.g.status();
}

Status read_quantize(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  if (!op.g.tensor(op.output()).quantized()) return corrupt("its output has no scale");
  const Form form(op);
  op.g.set_real(op.output(), form.x, form.layout, op.g.same_grid(op.input(0), op.output()));
  return op.g.status();
}

// Of a constant (weights of 16 bits): another form of it.
Status read_dequantize(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  if (op.g.is_constant(op.input(0))) {
    op.g.set_constant(op.output(), op.input(0));
    return op.g.status();
  }
  const Layout layout = op.g.layout_of(op.input(0));
  return op.finish(op.real(0, layout), layout);
}

// Rounded to the steps between two bounds, which move so that zero is one of them.
Status read_fake_quant(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  const float min = op.options().number<float>(0);
  const float max = op.options().number<float>(1);
  const int bits = op.options().number<std::int32_t>(2);
  if (!(min <= 0) || !(max >= 0) || !(min < max) || bits < 2 || bits > 16)
    return corrupt("bounds " + std::to_string(min) + " and " + std::to_string(max) + " of " + std::to_string(bits) +
                   " bits");
  const float least = op.options().flag(3) ? 1 : 0;
  const auto most = static_cast<float>((1 << bits) - 1);
  const float scale = (max - min) / (most - least);
  const float zero = std::min(most, std::max(least, std::round(least - min / scale)));
  const Form form(op);
  const std::string whole = op.node("Round", {op.node("Div", {form.x, op.number(scale)})});
  const std::string bounded = op.node("Clip", {whole, op.number(least - zero), op.number(most - zero)});
  return form.finish(op.node("Mul", {bounded, op.number(scale)}));
}

constexpr auto kRows = std::to_array<Row>({
    {"ABS", read_unary, "Abs"},
    {"NEG", read_unary, "Neg"},
    {"EXP", read_unary, "Exp"},
    {"LOG", read_unary, "Log"},
    {"SQRT", read_unary, "Sqrt"},
    {"SIN", read_unary, "Sin"},
    {"COS", read_unary, "Cos"},
    {"FLOOR", read_unary, "Floor"},
    {"CEIL", read_unary, "Ceil"},
    {"ROUND", read_unary, "Round"},
    {"SIGN", read_unary, "Sign"},
    {"LOGISTIC", read_unary, "Sigmoid"},
    {"TANH", read_unary, "Tanh"},
    {"ELU", read_unary, "Elu"},
    {"RELU", read_unary, "Relu"},
    {"HARD_SWISH", read_unary, "HardSwish"},
    {"RSQRT", read_rsqrt},
    {"SQUARE", read_square},
    {"LOGICAL_NOT", read_not},
    {"RELU6", read_relu6},
    {"RELU_N1_TO_1", read_relu_n1_to_1},
    {"RELU_0_TO_1", read_relu_0_to_1},
    {"LEAKY_RELU", read_leaky_relu},
    {"GELU", read_gelu},
    {"PRELU", read_prelu},
    {"SOFTMAX", read_softmax},
    {"LOG_SOFTMAX", read_log_softmax},
    {"ADD", read_arithmetic, "Add"},
    {"SUB", read_arithmetic, "Sub"},
    {"MUL", read_arithmetic, "Mul"},
    {"DIV", read_arithmetic, "Div"},
    {"MAXIMUM", read_binary, "Max"},
    {"MINIMUM", read_binary, "Min"},
    {"POW", read_binary, "Pow"},
    {"SQUARED_DIFFERENCE", read_squared_difference},
    {"FLOOR_DIV", read_floor_div},
    {"FLOOR_MOD", read_floor_mod},
    {"LESS", read_comparison, "Less"},
    {"LESS_EQUAL", read_comparison, "LessOrEqual"},
    {"GREATER", read_comparison, "Greater"},
    {"GREATER_EQUAL", read_comparison, "GreaterOrEqual"},
    {"EQUAL", read_comparison, "Equal"},
    {"NOT_EQUAL", read_not_equal},
    {"LOGICAL_AND", read_comparison, "And"},
    {"LOGICAL_OR", read_comparison, "Or"},
    {"SELECT", read_select},
    {"SELECT_V2", read_select},
    {"ADD_N", read_add_n},
    {"CAST", read_cast},
    {"QUANTIZE", read_quantize},
    {"DEQUANTIZE", read_dequantize},
    {"FAKE_QUANT", read_fake_quant},
});

}  // namespace

std::span<const Row> elementwise_rows() { return kRows; }

}  // namespace zkinfer::frontend_tflite
