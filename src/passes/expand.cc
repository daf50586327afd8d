// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "ir/op_table.h"
#include "passes/rewriter.h"
#include "passes/rewrites.h"

namespace zkinfer::passes {

namespace {

using ir::kNoValue;
using ir::Node;
using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

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

// alpha * op(a) * op(b) + beta * c -> MatMul with the scaling on b and, for a c that is constant per column, a bias.
Result<ValueId> lower_gemm(Rewriter& rewriter, const Node& node) {
  const auto& gemm = node.as<ir::GemmAttributes>();
  ValueId a = rewriter.mapped(node.inputs[0]);
  ValueId b = rewriter.mapped(node.inputs[1]);
  if (gemm.transpose_a) {
    ZKI_ASSIGN_OR_RETURN(a, rewriter.emit(OpKind::kTranspose, node, {a}, ir::TransposeAttributes{{1, 0}}, "a"));
  }
  if (gemm.transpose_b) {
    ZKI_ASSIGN_OR_RETURN(b, rewriter.emit(OpKind::kTranspose, node, {b}, ir::TransposeAttributes{{1, 0}}, "b"));
  }
  if (gemm.alpha != 1) {
    const ValueId alpha = rewriter.literal(node, gemm.alpha, "alpha");
    ZKI_ASSIGN_OR_RETURN(b, rewriter.emit(OpKind::kMul, node, {b, alpha}, {}, "scaled_b"));
  }
  if (!node.has_input(2) || gemm.beta == 0) return rewriter.emit(OpKind::kMatMul, node, {a, b});
  ValueId c = rewriter.mapped(node.inputs[2]);
  if (gemm.beta != 1) {
    const ValueId beta = rewriter.literal(node, gemm.beta, "beta");
    ZKI_ASSIGN_OR_RETURN(c, rewriter.emit(OpKind::kMul, node, {c, beta}, {}, "scaled_c"));
  }
  const int64_t columns = rewriter.from().output_of(node).shape[1];
  const ir::Value& c_value = rewriter.from().input_of(node, 2);
  const bool per_column = c_value.shape.rank() >= 1 && c_value.shape.num_elements() == columns &&
                          c_value.shape[c_value.shape.rank() - 1] == columns;
  if (c_value.is_constant() && per_column) {
    ZKI_ASSIGN_OR_RETURN(c, rewriter.emit(OpKind::kReshape, node, {c}, ir::ReshapeAttributes{Shape{columns}}, "bias"));
    return rewriter.emit(OpKind::kMatMul, node, {a, b, c});
  }
  ZKI_ASSIGN_OR_RETURN(const ValueId product, rewriter.emit(OpKind::kMatMul, node, {a, b}, {}, "product"));
  return rewriter.emit(OpKind::kAdd, node, {product, c});
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

Result<ValueId> lower_global_pool(Rewriter& rewriter, const Node& node, OpKind op) {
  ir::ReduceAttributes reduce;
  for (size_t axis = 2; axis < rewriter.from().input_of(node, 0).shape.rank(); ++axis)
    reduce.axes.push_back(static_cast<int64_t>(axis));
  return rewriter.emit(op, node, {rewriter.mapped(node.inputs[0])}, std::move(reduce));
}

Result<ValueId> lower_division(Rewriter& rewriter, const Node& node) {
  ZKI_ASSIGN_OR_RETURN(const ValueId inverse,
                       rewriter.emit(OpKind::kReciprocal, node, {rewriter.mapped(node.inputs[1])}, {}, "inverse"));
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
  const ValueId minus_one = rewriter.literal(node, -1, "minus_one");
  return rewriter.emit(OpKind::kMul, node, {rewriter.mapped(node.inputs[0]), minus_one});
}

// |x| = relu(x) + relu(-x).
Result<ValueId> lower_abs(Rewriter& rewriter, const Node& node) {
  const ValueId x = rewriter.mapped(node.inputs[0]);
  const ValueId minus_one = rewriter.literal(node, -1, "minus_one");
  ZKI_ASSIGN_OR_RETURN(const ValueId positive, rewriter.emit(OpKind::kRelu, node, {x}, {}, "positive"));
  ZKI_ASSIGN_OR_RETURN(const ValueId negated, rewriter.emit(OpKind::kMul, node, {x, minus_one}, {}, "negated"));
  ZKI_ASSIGN_OR_RETURN(const ValueId negative, rewriter.emit(OpKind::kRelu, node, {negated}, {}, "negative"));
  return rewriter.emit(OpKind::kAdd, node, {positive, negative});
}

// min(x) = -max(-x).
Result<ValueId> lower_reduce_min(Rewriter& rewriter, const Node& node) {
  const ValueId minus_one = rewriter.literal(node, -1, "minus_one");
  ZKI_ASSIGN_OR_RETURN(const ValueId negated,
                       rewriter.emit(OpKind::kMul, node, {rewriter.mapped(node.inputs[0]), minus_one}, {}, "negated"));
  ZKI_ASSIGN_OR_RETURN(const ValueId largest,
                       rewriter.emit(OpKind::kReduceMax, node, {negated}, node.attributes, "largest"));
  return rewriter.emit(OpKind::kMul, node, {largest, minus_one});
}

Result<ValueId> lower_power(Rewriter& rewriter, const Node& node) {
  const float exponent = constant_scalar(rewriter.from(), node.inputs[1]).value_or(0);
  const Shape& shape = rewriter.from().output_of(node).shape;
  ValueId x = rewriter.mapped(node.inputs[0]);
  if (rewriter.to().value(x).shape != shape || exponent == 1) {
    ZKI_ASSIGN_OR_RETURN(
        x, rewriter.emit(OpKind::kReshape, node, {x}, ir::ReshapeAttributes{shape}, exponent == 1 ? "" : "x"));
  }
  if (exponent == 1) return x;
  if (exponent == 2) return rewriter.emit(OpKind::kMul, node, {x, x});
  ZKI_ASSIGN_OR_RETURN(const ValueId square, rewriter.emit(OpKind::kMul, node, {x, x}, {}, "square"));
  return rewriter.emit(OpKind::kMul, node, {square, x});
}

// max(a, b) = b + relu(a - b), min(a, b) = a - relu(a - b); against one constant number Relu or Clip.
Result<ValueId> lower_extremum(Rewriter& rewriter, const Node& node) {
  const bool maximum = node.op == OpKind::kMax;
  if (node.inputs.size() == 2)
    for (const size_t i : {size_t{0}, size_t{1}})
      if (const auto bound = constant_scalar(rewriter.from(), node.inputs[i])) {
        const ValueId x = rewriter.mapped(node.inputs[1 - i]);
        if (maximum && *bound == 0) return emit_last(rewriter, OpKind::kRelu, node, {x});
        ir::ClipAttributes clip;
        (maximum ? clip.min : clip.max) = *bound;
        return emit_last(rewriter, OpKind::kClip, node, {x}, clip);
      }
  ValueId a = rewriter.mapped(node.inputs[0]);
  if (node.inputs.size() == 1)
    return rewriter.emit(OpKind::kReshape, node, {a}, ir::ReshapeAttributes{rewriter.from().output_of(node).shape});
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    const std::string step = std::to_string(i);
    const bool last = i + 1 == node.inputs.size();
    const ValueId b = rewriter.mapped(node.inputs[i]);
    ZKI_ASSIGN_OR_RETURN(const ValueId difference, rewriter.emit(OpKind::kSub, node, {a, b}, {}, "difference" + step));
    ZKI_ASSIGN_OR_RETURN(const ValueId excess, rewriter.emit(OpKind::kRelu, node, {difference}, {}, "excess" + step));
    ZKI_ASSIGN_OR_RETURN(a, maximum ? rewriter.emit(OpKind::kAdd, node, {b, excess}, {}, last ? "" : "part" + step)
                                    : rewriter.emit(OpKind::kSub, node, {a, excess}, {}, last ? "" : "part" + step));
  }
  return a;
}

// condition ? a : b = mask * a + (1 - mask) * b; a constant branch is masked by folding.
Result<ValueId> lower_where(Rewriter& rewriter, const Node& node) {
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

// Every element r times in a row: copies joined along a new axis behind.
Result<ValueId> lower_stretch(Rewriter& rewriter, const Node& node, size_t axis, int64_t copies) {
  const Shape x = rewriter.from().input_of(node, 0).shape;
  Dims dims = x.dims();
  dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis) + 1, 1);
  ZKI_ASSIGN_OR_RETURN(Shape single, Shape::make(dims));
  ZKI_ASSIGN_OR_RETURN(const ValueId part, rewriter.emit(OpKind::kReshape, node, {rewriter.mapped(node.inputs[0])},
                                                         ir::ReshapeAttributes{std::move(single)}, "single"));
  ZKI_ASSIGN_OR_RETURN(const ValueId joined,
                       rewriter.emit(OpKind::kConcat, node, std::vector<ValueId>(static_cast<size_t>(copies), part),
                                     ir::ConcatAttributes{static_cast<int64_t>(axis) + 1}, "copies"));
  return rewriter.emit(OpKind::kReshape, node, {joined}, ir::ReshapeAttributes{rewriter.from().output_of(node).shape});
}

// Arithmetic progressions are one slice; anything else one slice per index, joined.
Result<ValueId> lower_gather(Rewriter& rewriter, const Node& node) {
  const auto axis = static_cast<size_t>(node.as<ir::GatherAttributes>().axis);
  const Shape x = rewriter.from().input_of(node, 0).shape;
  const Shape shape = rewriter.from().output_of(node).shape;
  const IntTensor& given = *rewriter.from().input_of(node, 1).ints();
  Dims indices;
  for (const int64_t i : given.data()) {
    indices.push_back(i < 0 ? i + x[axis] : i);
    if (indices.back() < 0 || indices.back() >= x[axis])
      return out_of_range("node '" + node.name + "': index " + std::to_string(i) + " on an axis of length " +
                          std::to_string(x[axis]));
  }
  const auto count = static_cast<int64_t>(indices.size());
  if (count > x[axis] && count % x[axis] == 0 && x.rank() < kMaxRank) {
    bool stretches = true;
    for (size_t i = 0; i < indices.size(); ++i) stretches &= indices[i] == static_cast<int64_t>(i) / (count / x[axis]);
    if (stretches) return lower_stretch(rewriter, node, axis, count / x[axis]);
  }
  const int64_t step = indices.size() < 2 ? 1 : indices[1] - indices[0];
  bool progression = step >= 1;
  for (size_t i = 1; i < indices.size(); ++i) progression &= indices[i] - indices[i - 1] == step;
  const ValueId data = rewriter.mapped(node.inputs[0]);
  const auto slice = [&](int64_t start, int64_t length, std::string_view name) {
    ir::SliceAttributes attributes{Dims(x.rank(), 0), x.dims(), Dims(x.rank(), 1)};
    attributes.starts[axis] = start;
    attributes.sizes[axis] = length;
    attributes.steps[axis] = length < 2 ? 1 : step;
    return rewriter.emit(OpKind::kSlice, node, {data}, std::move(attributes), name);
  };
  ValueId picked = kNoValue;
  if (progression) {
    ZKI_ASSIGN_OR_RETURN(picked, slice(indices[0], count, "slice"));
  } else {
    std::vector<ValueId> parts;
    for (size_t i = 0; i < indices.size(); ++i) {
      ZKI_ASSIGN_OR_RETURN(const ValueId part, slice(indices[i], 1, "slice" + std::to_string(i)));
      parts.push_back(part);
    }
    ZKI_ASSIGN_OR_RETURN(picked, rewriter.emit(OpKind::kConcat, node, std::move(parts),
                                               ir::ConcatAttributes{static_cast<int64_t>(axis)}, "joined"));
  }
  return rewriter.emit(OpKind::kReshape, node, {picked}, ir::ReshapeAttributes{shape});
}

// Copies of the input joined along each axis that grows.
Result<ValueId> lower_repetition(Rewriter& rewriter, const Node& node) {
  const Shape shape = rewriter.from().output_of(node).shape;
  Dims dims = rewriter.from().input_of(node, 0).shape.dims();
  dims.insert(dims.begin(), shape.rank() - dims.size(), 1);
  ZKI_ASSIGN_OR_RETURN(ValueId x, rewriter.emit(OpKind::kReshape, node, {rewriter.mapped(node.inputs[0])},
                                                ir::ReshapeAttributes{Shape(dims)}, "x"));
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (dims[axis] == shape[axis]) continue;
    const auto copies = static_cast<size_t>(shape[axis] / dims[axis]);
    ZKI_ASSIGN_OR_RETURN(
        x, rewriter.emit(OpKind::kConcat, node, std::vector<ValueId>(copies, x),
                         ir::ConcatAttributes{static_cast<int64_t>(axis)}, "axis" + std::to_string(axis)));
  }
  return rewriter.emit(OpKind::kReshape, node, {x}, ir::ReshapeAttributes{shape});
}

// A constant matrix times one column is a linear layer: (w x)^T = x^T w^T, and transposing a vector is a Reshape.
Result<ValueId> lower_matmul(Rewriter& rewriter, const Node& node) {
  const ir::Value& w = rewriter.from().input_of(node, 0);
  const ir::Value& x = rewriter.from().input_of(node, 1);
  if (!w.is_constant() || w.shape.rank() != 2 || x.shape.rank() != 2 || x.shape[1] != 1 || node.has_input(2))
    return kNoValue;
  ZKI_ASSIGN_OR_RETURN(const ValueId turned, rewriter.emit(OpKind::kTranspose, node, {rewriter.mapped(node.inputs[0])},
                                                           ir::TransposeAttributes{{1, 0}}, "w"));
  ZKI_ASSIGN_OR_RETURN(const ValueId row, rewriter.emit(OpKind::kReshape, node, {rewriter.mapped(node.inputs[1])},
                                                        ir::ReshapeAttributes{Shape{1, x.shape[0]}}, "row"));
  ZKI_ASSIGN_OR_RETURN(const ValueId product, rewriter.emit(OpKind::kMatMul, node, {row, turned}, {}, "product"));
  return rewriter.emit(OpKind::kReshape, node, {product}, ir::ReshapeAttributes{rewriter.from().output_of(node).shape});
}

Result<ValueId> lower_node(Rewriter& rewriter, const Node& node) {
  switch (node.op) {
    case OpKind::kMatMul: return lower_matmul(rewriter, node);
    case OpKind::kGemm: return lower_gemm(rewriter, node);
    case OpKind::kBatchNormalization: return lower_batch_normalization(rewriter, node);
    case OpKind::kGlobalAveragePool: return lower_global_pool(rewriter, node, OpKind::kReduceMean);
    case OpKind::kGlobalMaxPool: return lower_global_pool(rewriter, node, OpKind::kReduceMax);
    case OpKind::kDiv: return lower_division(rewriter, node);
    case OpKind::kSub: return lower_subtraction(rewriter, node);
    case OpKind::kNeg: return lower_negation(rewriter, node);
    case OpKind::kAbs: return lower_abs(rewriter, node);
    case OpKind::kReduceMin: return lower_reduce_min(rewriter, node);
    case OpKind::kPow: return lower_power(rewriter, node);
    case OpKind::kMin:
    case OpKind::kMax: return lower_extremum(rewriter, node);
    case OpKind::kWhere: return lower_where(rewriter, node);
    case OpKind::kGather: return lower_gather(rewriter, node);
    case OpKind::kExpand:
    case OpKind::kTile: return lower_repetition(rewriter, node);
    default: return kNoValue;
  }
}

bool all_inputs_constant(const ir::Graph& graph, const Node& node) {
  return std::all_of(node.inputs.begin(), node.inputs.end(),
                     [&](ValueId id) { return id == kNoValue || graph.value(id).is_constant(); });
}

}  // namespace

Result<ir::Graph> remove_identities(const ir::Graph& graph) {
  return rewrite(graph, [](Rewriter& rewriter, const Node& node) -> Result<ValueId> {
    const bool same_type = rewriter.from().input_of(node, 0).dtype == rewriter.from().output_of(node).dtype;
    if (node.op == OpKind::kIdentity || (node.op == OpKind::kCast && same_type)) return rewriter.mapped(node.inputs[0]);
    return kNoValue;
  });
}

Result<ir::Graph> expand(const ir::Graph& graph) {
  return rewrite(graph, [](Rewriter& rewriter, const Node& node) -> Result<ValueId> {
    if (all_inputs_constant(rewriter.from(), node)) return kNoValue;  // fold_constants evaluates it
    return lower_node(rewriter, node);
  });
}

}  // namespace zkinfer::passes
