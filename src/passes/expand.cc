// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ir/op_table.h"
#include "ir/whole.h"
#include "passes/expand.h"
#include "passes/rewrites.h"

namespace zkinfer::passes {

namespace {

using ir::kNoValue;
using ir::Node;
using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

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

// min(x) = -max(-x).
Result<ValueId> lower_reduce_min(Rewriter& rewriter, const Node& node) {
  ZKI_ASSIGN_OR_RETURN(const ValueId opposite, negated(rewriter, node, rewriter.mapped(node.inputs[0]), "negated"));
  ZKI_ASSIGN_OR_RETURN(const ValueId largest,
                       rewriter.emit(OpKind::kReduceMax, node, {opposite}, node.attributes, "largest"));
  return negated(rewriter, node, largest, "");
}

// One half of each axis times the other, until one is left.
Result<ValueId> lower_reduce_prod(Rewriter& rewriter, const Node& node) {
  ValueId x = rewriter.mapped(node.inputs[0]);
  int step = 0;
  const auto next = [&step] { return "step" + std::to_string(++step); };
  for (const int64_t axis : node.as<ir::ReduceAttributes>().axes)
    while (rewriter.to().value(x).shape[static_cast<size_t>(axis)] > 1) {
      const Shape shape = rewriter.to().value(x).shape;
      const int64_t half = shape[static_cast<size_t>(axis)] / 2;
      const auto part = [&](int64_t start, int64_t size) {
        ir::SliceAttributes slice{Dims(shape.rank(), 0), shape.dims(), Dims(shape.rank(), 1)};
        slice.starts[static_cast<size_t>(axis)] = start;
        slice.sizes[static_cast<size_t>(axis)] = size;
        return rewriter.emit(OpKind::kSlice, node, {x}, std::move(slice), next());
      };
      ZKI_ASSIGN_OR_RETURN(const ValueId first, part(0, half));
      ZKI_ASSIGN_OR_RETURN(const ValueId second, part(half, half));
      ZKI_ASSIGN_OR_RETURN(ValueId product, rewriter.emit(OpKind::kMul, node, {first, second}, {}, next()));
      if (const int64_t rest = shape[static_cast<size_t>(axis)] - 2 * half; rest != 0) {
        ZKI_ASSIGN_OR_RETURN(const ValueId odd, part(2 * half, rest));
        ZKI_ASSIGN_OR_RETURN(product,
                             rewriter.emit(OpKind::kConcat, node, {product, odd}, ir::ConcatAttributes{axis}, next()));
      }
      x = product;
    }
  return rewriter.emit(OpKind::kReshape, node, {x}, ir::ReshapeAttributes{rewriter.from().output_of(node).shape});
}

Result<ValueId> lower_global_pool(Rewriter& rewriter, const Node& node, OpKind op) {
  ir::ReduceAttributes reduce;
  for (size_t axis = 2; axis < rewriter.from().input_of(node, 0).shape.rank(); ++axis)
    reduce.axes.push_back(static_cast<int64_t>(axis));
  return rewriter.emit(op, node, {rewriter.mapped(node.inputs[0])}, std::move(reduce));
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

Result<ValueId> lower_node(Rewriter& rewriter, const Node& node, const std::vector<bool>& whole) {
  switch (node.op) {
    case OpKind::kMatMul: return lower_matmul(rewriter, node);
    case OpKind::kGemm: return lower_gemm(rewriter, node);
    case OpKind::kGlobalAveragePool: return lower_global_pool(rewriter, node, OpKind::kReduceMean);
    case OpKind::kGlobalMaxPool: return lower_global_pool(rewriter, node, OpKind::kReduceMax);
    case OpKind::kReduceMin: return lower_reduce_min(rewriter, node);
    case OpKind::kReduceProd: return lower_reduce_prod(rewriter, node);
    case OpKind::kGather: return expand_gather(rewriter, node);
    case OpKind::kPad: return expand_pad(rewriter, node);
    case OpKind::kMaxPool: return expand_max_pool(rewriter, node);
    case OpKind::kExpand:
    case OpKind::kTile: return expand_repetition(rewriter, node);
    default: return expand_elementwise(rewriter, node, whole);
  }
}

bool all_inputs_constant(const ir::Graph& graph, const Node& node) {
  return std::all_of(node.inputs.begin(), node.inputs.end(),
                     [&](ValueId id) { return id == kNoValue || graph.value(id).is_constant(); });
}

}  // namespace

Result<ir::Graph> remove_identities(const ir::Graph& graph) {
  return rewrite(graph, [whole = ir::whole_numbers(graph)](Rewriter& rewriter, const Node& node) -> Result<ValueId> {
    if (node.op == OpKind::kIdentity) return rewriter.mapped(node.inputs[0]);
    // What stands around a Reshape could not be folded together.
    if (node.op == OpKind::kReshape && rewriter.from().input_of(node, 0).shape == rewriter.from().output_of(node).shape)
      return rewriter.mapped(node.inputs[0]);
    if (node.op != OpKind::kCast) return kNoValue;
    const ir::DataType to = rewriter.from().output_of(node).dtype;
    if (rewriter.from().input_of(node, 0).dtype == to) return rewriter.mapped(node.inputs[0]);
    // Whole numbers to integers and back.
    const Node* first = rewriter.maker(node.inputs[0]);
    const bool back = first != nullptr && first->op == OpKind::kCast && whole[static_cast<size_t>(first->inputs[0])] &&
                      rewriter.from().input_of(*first, 0).dtype == to &&
                      rewriter.from().output_of(*first).dtype == ir::DataType::kInt64;
    return back ? rewriter.mapped(first->inputs[0]) : kNoValue;
  });
}

Result<ir::Graph> expand(const ir::Graph& graph) {
  return rewrite(graph, [whole = ir::whole_numbers(graph)](Rewriter& rewriter, const Node& node) -> Result<ValueId> {
    if (all_inputs_constant(rewriter.from(), node)) return kNoValue;  // fold_constants evaluates it
    return lower_node(rewriter, node, whole);
  });
}

}  // namespace zkinfer::passes
