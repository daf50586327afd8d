// SPDX-License-Identifier: Apache-2.0
// Element-wise operators as core ones.
#include <cmath>

#include "ir/functions.h"
#include "passes/expand.h"

namespace zkinfer::passes {

using ir::kNoValue;
using ir::Node;
using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

Result<ValueId> negated(Rewriter& rewriter, const Node& node, ValueId x, std::string_view step) {
  const ir::DataType dtype = rewriter.to().value(x).dtype;
  return rewriter.emit(OpKind::kMul, node, {x, rewriter.literal(node, -1, "minus_one", dtype)}, {}, step);
}

namespace {

// The one number of a constant operand.
std::optional<float> constant_scalar(const ir::Graph& graph, ValueId id) {
  const FloatTensor* tensor = id == kNoValue ? nullptr : graph.value(id).floats();
  if (tensor == nullptr || tensor->num_elements() != 1) return std::nullopt;
  return (*tensor)[0];
}

// The last node of a rewrite: when broadcasting against a one-element constant of higher rank made the old output's
// rank larger, a Reshape follows.
Result<ValueId> emit_last(Rewriter& rewriter, OpKind op, const Node& node, std::vector<ValueId> inputs,
                          ir::Attributes attributes = {}) {
  const Shape shape = rewriter.from().output_of(node).shape;
  const bool same = rewriter.to().value(inputs[0]).shape == shape;
  if (same || inputs.size() > 1) return rewriter.emit(op, node, std::move(inputs), std::move(attributes));
  ZKI_ASSIGN_OR_RETURN(const ValueId value,
                       rewriter.emit(op, node, std::move(inputs), std::move(attributes), "narrow"));
  return rewriter.emit(OpKind::kReshape, node, {value}, ir::ReshapeAttributes{shape});
}

Result<ValueId> function(Rewriter& rewriter, const Node& node, ValueId x, ir::FunctionId id, std::string_view step,
                         float a = 0) {
  return rewriter.emit(OpKind::kFunction, node, {x}, ir::FunctionAttributes{id, a}, step);
}

Result<ValueId> cast(Rewriter& rewriter, const Node& node, ValueId x, ir::DataType to, std::string_view step) {
  if (rewriter.to().value(x).dtype == to) return x;
  return rewriter.emit(OpKind::kCast, node, {x}, ir::CastAttributes{to}, step);
}

ir::DataType type_of(const Rewriter& rewriter, const Node& node) { return rewriter.from().input_of(node, 0).dtype; }

Result<ValueId> lower_division(Rewriter& rewriter, const Node& node) {
  if (rewriter.from().input_of(node, 1).floats() == nullptr) return kNoValue;
  ZKI_ASSIGN_OR_RETURN(const ValueId inverse, function(rewriter, node, rewriter.mapped(node.inputs[1]),
                                                       ir::function("Reciprocal"), "inverse"));
  return rewriter.emit(OpKind::kMul, node, {rewriter.mapped(node.inputs[0]), inverse});
}

Result<ValueId> lower_subtraction(Rewriter& rewriter, const Node& node) {
  const ir::Value& subtrahend = rewriter.from().input_of(node, 1);
  if (subtrahend.floats() == nullptr || rewriter.from().input_of(node, 0).is_constant()) return kNoValue;
  FloatTensor negated = *subtrahend.floats();
  for (float& x : negated.data()) x = -x;
  return rewriter.emit(OpKind::kAdd, node,
                       {rewriter.mapped(node.inputs[0]), rewriter.constant(node, std::move(negated), "negated")});
}

Result<ValueId> lower_negation(Rewriter& rewriter, const Node& node) {
  return negated(rewriter, node, rewriter.mapped(node.inputs[0]), "");
}

// |x| = relu(x) + relu(-x); of integers max(x, -x).
Result<ValueId> lower_abs(Rewriter& rewriter, const Node& node) {
  const ValueId x = rewriter.mapped(node.inputs[0]);
  if (type_of(rewriter, node) != ir::DataType::kFloat) {
    ZKI_ASSIGN_OR_RETURN(const ValueId opposite, negated(rewriter, node, x, "negated"));
    return rewriter.emit(OpKind::kMax, node, {x, opposite});
  }
  const ValueId minus_one = rewriter.literal(node, -1, "minus_one");
  ZKI_ASSIGN_OR_RETURN(const ValueId positive, rewriter.emit(OpKind::kRelu, node, {x}, {}, "positive"));
  ZKI_ASSIGN_OR_RETURN(const ValueId negated, rewriter.emit(OpKind::kMul, node, {x, minus_one}, {}, "negated"));
  ZKI_ASSIGN_OR_RETURN(const ValueId negative, rewriter.emit(OpKind::kRelu, node, {negated}, {}, "negative"));
  return rewriter.emit(OpKind::kAdd, node, {positive, negative});
}

// x^n for n >= 1 by squaring.
Result<ValueId> whole_power(Rewriter& rewriter, const Node& node, ValueId x, int n) {
  ValueId power = kNoValue;
  for (int bit = 0; n >> bit != 0; ++bit) {
    const std::string step = std::to_string(bit);
    if (bit > 0) {
      ZKI_ASSIGN_OR_RETURN(
          x, rewriter.emit(OpKind::kMul, node, {x, x}, {}, n >> bit == 1 && power == kNoValue ? "" : "square" + step));
    }
    if ((n >> bit & 1) == 0) continue;
    if (power == kNoValue) {
      power = x;
      continue;
    }
    ZKI_ASSIGN_OR_RETURN(power, rewriter.emit(OpKind::kMul, node, {x, power}, {}, n >> bit == 1 ? "" : "power" + step));
  }
  return power;
}

// The one number that all elements of a constant are.
std::optional<double> constant_number(const ir::Value& value) {
  if (!value.is_constant() || value.shape.num_elements() == 0) return std::nullopt;
  const auto same = [](const auto& tensor) -> std::optional<double> {
    for (const auto x : tensor.data())
      if (x != tensor[0]) return std::nullopt;
    return static_cast<double>(tensor[0]);
  };
  return value.floats() != nullptr ? same(*value.floats()) : same(*value.ints());
}

// Exponents 1 to 3, and all of integers, are products; other constant ones a function; else x^y = exp(y log(x)), for x > 0.
Result<ValueId> lower_power(Rewriter& rewriter, const Node& node) {
  const std::optional<double> exponent = constant_number(rewriter.from().input_of(node, 1));
  const Shape& shape = rewriter.from().output_of(node).shape;
  const bool integers = type_of(rewriter, node) != ir::DataType::kFloat;
  ValueId x = rewriter.mapped(node.inputs[0]);
  if (!exponent) {
    ValueId y = rewriter.mapped(node.inputs[1]);
    if (rewriter.to().value(y).dtype != ir::DataType::kFloat) {
      ZKI_ASSIGN_OR_RETURN(
          y, rewriter.emit(OpKind::kCast, node, {y}, ir::CastAttributes{ir::DataType::kFloat}, "exponent"));
    }
    ZKI_ASSIGN_OR_RETURN(const ValueId log, function(rewriter, node, x, ir::function("Log"), "log"));
    ZKI_ASSIGN_OR_RETURN(const ValueId product, rewriter.emit(OpKind::kMul, node, {y, log}, {}, "product"));
    return function(rewriter, node, product, ir::function("Exp"), "");
  }
  if (const Shape& own = rewriter.to().value(x).shape; own.num_elements() != shape.num_elements()) {
    std::vector<float> ones(static_cast<size_t>(shape.num_elements()), 1.0F);
    const ValueId factor = rewriter.constant(node, FloatTensor(shape, std::move(ones)), "ones");
    ZKI_ASSIGN_OR_RETURN(const ValueId typed, cast(rewriter, node, factor, type_of(rewriter, node), "typed_ones"));
    ZKI_ASSIGN_OR_RETURN(x, rewriter.emit(OpKind::kMul, node, {x, typed}, {}, "x"));
  } else if (own != shape) {
    ZKI_ASSIGN_OR_RETURN(x, rewriter.emit(OpKind::kReshape, node, {x}, ir::ReshapeAttributes{shape}, "x"));
  }
  if (*exponent == 1) return rewriter.emit(OpKind::kReshape, node, {x}, ir::ReshapeAttributes{shape});
  if (*exponent == 0) {
    ZKI_ASSIGN_OR_RETURN(const ValueId zero, rewriter.emit(OpKind::kSub, node, {x, x}, {}, "zero"));
    return rewriter.emit(OpKind::kAdd, node, {zero, rewriter.literal(node, 1, "one", type_of(rewriter, node))});
  }
  if (*exponent == 2 || *exponent == 3 || integers) return whole_power(rewriter, node, x, static_cast<int>(*exponent));
  if (*exponent == 0.5) return function(rewriter, node, x, ir::function("Sqrt"), "");
  if (*exponent == -1) return function(rewriter, node, x, ir::function("Reciprocal"), "");
  return function(rewriter, node, x, ir::function("Power"), "", static_cast<float>(*exponent));
}

// min(a, b) = -max(-a, -b); against one constant number Relu or Clip. Max of two values stays: nothing is rounded then.
Result<ValueId> lower_extremum(Rewriter& rewriter, const Node& node) {
  const bool maximum = node.op == OpKind::kMax;
  for (const size_t i : {size_t{0}, size_t{1}})
    if (const auto bound = constant_scalar(rewriter.from(), node.inputs[i])) {
      const ValueId x = rewriter.mapped(node.inputs[1 - i]);
      if (maximum && *bound == 0) return emit_last(rewriter, OpKind::kRelu, node, {x});
      ir::ClipAttributes clip;
      (maximum ? clip.min : clip.max) = *bound;
      return emit_last(rewriter, OpKind::kClip, node, {x}, clip);
    }
  if (maximum) return kNoValue;
  ZKI_ASSIGN_OR_RETURN(const ValueId minus_a, negated(rewriter, node, rewriter.mapped(node.inputs[0]), "a"));
  ZKI_ASSIGN_OR_RETURN(const ValueId minus_b, negated(rewriter, node, rewriter.mapped(node.inputs[1]), "b"));
  ZKI_ASSIGN_OR_RETURN(const ValueId largest, rewriter.emit(OpKind::kMax, node, {minus_a, minus_b}, {}, "largest"));
  return negated(rewriter, node, largest, "");
}

// Of the boolean x: 1 - x.
Result<ValueId> complement(Rewriter& rewriter, const Node& node, ValueId x) {
  ZKI_ASSIGN_OR_RETURN(const ValueId bit, cast(rewriter, node, x, ir::DataType::kInt64, "bit"));
  const ValueId one = rewriter.literal(node, 1, "one", ir::DataType::kInt64);
  ZKI_ASSIGN_OR_RETURN(const ValueId opposite, rewriter.emit(OpKind::kSub, node, {one, bit}, {}, "opposite"));
  return cast(rewriter, node, opposite, ir::DataType::kBool, "");
}

// a > b is b < a; a <= b and a >= b are the opposites.
Result<ValueId> lower_comparison(Rewriter& rewriter, const Node& node) {
  std::vector<ValueId> operands = rewriter.mapped(node.inputs);
  if (node.op != OpKind::kGreaterOrEqual) std::swap(operands[0], operands[1]);
  if (node.op == OpKind::kGreater) return rewriter.emit(OpKind::kLess, node, std::move(operands));
  ZKI_ASSIGN_OR_RETURN(const ValueId less, rewriter.emit(OpKind::kLess, node, std::move(operands), {}, "less"));
  return complement(rewriter, node, less);
}

// and: ab, or: a + b - ab, xor: a + b - 2ab.
Result<ValueId> lower_logic(Rewriter& rewriter, const Node& node) {
  ZKI_ASSIGN_OR_RETURN(const ValueId a,
                       cast(rewriter, node, rewriter.mapped(node.inputs[0]), ir::DataType::kInt64, "a"));
  ZKI_ASSIGN_OR_RETURN(const ValueId b,
                       cast(rewriter, node, rewriter.mapped(node.inputs[1]), ir::DataType::kInt64, "b"));
  ZKI_ASSIGN_OR_RETURN(ValueId result, rewriter.emit(OpKind::kMul, node, {a, b}, {}, "both"));
  if (node.op != OpKind::kAnd) {
    ZKI_ASSIGN_OR_RETURN(const ValueId sum, rewriter.emit(OpKind::kAdd, node, {a, b}, {}, "sum"));
    if (node.op == OpKind::kXor) {
      const ValueId two = rewriter.literal(node, 2, "two", ir::DataType::kInt64);
      ZKI_ASSIGN_OR_RETURN(result, rewriter.emit(OpKind::kMul, node, {result, two}, {}, "twice"));
    }
    ZKI_ASSIGN_OR_RETURN(result, rewriter.emit(OpKind::kSub, node, {sum, result}, {}, "number"));
  }
  return cast(rewriter, node, result, ir::DataType::kBool, "");
}

// To integers: towards zero, unless the numbers are whole already. To booleans: x != 0.
Result<ValueId> lower_cast(Rewriter& rewriter, const Node& node, const std::vector<bool>& whole) {
  const ir::DataType to = node.as<ir::CastAttributes>().to;
  const ir::DataType dtype = type_of(rewriter, node);
  const ValueId x = rewriter.mapped(node.inputs[0]);
  if (to == ir::DataType::kBool) {
    const ValueId zero = rewriter.literal(node, 0, "zero", dtype);
    ZKI_ASSIGN_OR_RETURN(const ValueId is_zero, rewriter.emit(OpKind::kEqual, node, {x, zero}, {}, "is_zero"));
    return complement(rewriter, node, is_zero);
  }
  if (to == ir::DataType::kFloat || whole[static_cast<size_t>(node.inputs[0])]) return kNoValue;
  ZKI_ASSIGN_OR_RETURN(const ValueId towards_zero, function(rewriter, node, x, ir::function("Truncate"), "whole"));
  return cast(rewriter, node, towards_zero, to, "");
}

// With a constant condition: mask * a + (1 - mask) * b; a constant branch is masked by folding.
Result<ValueId> lower_where(Rewriter& rewriter, const Node& node) {
  if (!rewriter.from().input_of(node, 0).is_constant() || rewriter.from().output_of(node).dtype != ir::DataType::kFloat)
    return kNoValue;
  const IntTensor& condition = *rewriter.from().input_of(node, 0).ints();
  FloatTensor zero(Shape{});
  std::vector<ValueId> terms;
  for (const size_t branch : {size_t{1}, size_t{2}}) {
    const std::string step = branch == 1 ? "then" : "else";
    if (rewriter.from().input_of(node, branch).is_constant()) {
      const ValueId nothing = rewriter.constant(node, zero, step + "_zero");
      std::vector<ValueId> inputs{rewriter.mapped(node.inputs[0]), nothing, nothing};
      inputs[branch] = rewriter.mapped(node.inputs[branch]);
      ZKI_ASSIGN_OR_RETURN(const ValueId term, rewriter.emit(OpKind::kWhere, node, std::move(inputs), {}, step));
      terms.push_back(term);
      continue;
    }
    FloatTensor mask(condition.shape());
    for (size_t i = 0; i < mask.data().size(); ++i) mask[i] = (condition[i] != 0) == (branch == 1) ? 1.0F : 0.0F;
    const ValueId mask_id = rewriter.constant(node, std::move(mask), step + "_mask");
    ZKI_ASSIGN_OR_RETURN(const ValueId term,
                         rewriter.emit(OpKind::kMul, node, {rewriter.mapped(node.inputs[branch]), mask_id}, {}, step));
    terms.push_back(term);
  }
  return rewriter.emit(OpKind::kAdd, node, std::move(terms));
}

// x * s + t with s = scale / sqrt(variance + epsilon), t = bias - mean * s.
Result<ValueId> lower_batch_normalization(Rewriter& rewriter, const Node& node) {
  const double epsilon = static_cast<double>(node.as<ir::BatchNormalizationAttributes>().epsilon);
  const Shape& x = rewriter.from().input_of(node, 0).shape;
  const auto parameter = [&](size_t i, size_t c) {
    return static_cast<double>((*rewriter.from().input_of(node, i).floats())[c]);
  };
  Dims dims(x.rank() - 1, 1);
  dims[0] = x[1];
  FloatTensor factor{Shape(dims)};
  FloatTensor offset{Shape(dims)};
  for (size_t c = 0; c < static_cast<size_t>(x[1]); ++c) {
    const double s = parameter(1, c) / std::sqrt(parameter(4, c) + epsilon);
    factor[c] = static_cast<float>(s);
    offset[c] = static_cast<float>(parameter(2, c) - parameter(3, c) * s);
  }
  const ValueId factor_id = rewriter.constant(node, std::move(factor), "factor");
  const ValueId offset_id = rewriter.constant(node, std::move(offset), "offset");
  ZKI_ASSIGN_OR_RETURN(const ValueId scaled,
                       rewriter.emit(OpKind::kMul, node, {rewriter.mapped(node.inputs[0]), factor_id}, {}, "scaled"));
  return rewriter.emit(OpKind::kAdd, node, {scaled, offset_id});
}

}  // namespace

Result<ValueId> expand_elementwise(Rewriter& rewriter, const Node& node, const std::vector<bool>& whole) {
  switch (node.op) {
    case OpKind::kBatchNormalization: return lower_batch_normalization(rewriter, node);
    case OpKind::kDiv: return lower_division(rewriter, node);
    case OpKind::kSub: return lower_subtraction(rewriter, node);
    case OpKind::kNeg: return lower_negation(rewriter, node);
    case OpKind::kAbs: return lower_abs(rewriter, node);
    case OpKind::kPow: return lower_power(rewriter, node);
    case OpKind::kMin:
    case OpKind::kMax: return lower_extremum(rewriter, node);
    case OpKind::kWhere: return lower_where(rewriter, node);
    case OpKind::kCast: return lower_cast(rewriter, node, whole);
    case OpKind::kGreater:
    case OpKind::kLessOrEqual:
    case OpKind::kGreaterOrEqual: return lower_comparison(rewriter, node);
    case OpKind::kAnd:
    case OpKind::kOr:
    case OpKind::kXor: return lower_logic(rewriter, node);
    case OpKind::kNot: return complement(rewriter, node, rewriter.mapped(node.inputs[0]));
    default: return kNoValue;
  }
}

}  // namespace zkinfer::passes
