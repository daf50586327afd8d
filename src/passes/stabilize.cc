// SPDX-License-Identifier: Apache-2.0
// Exponentials of large numbers that models sum: log(sum(exp(x))) and exp(x) / sum(exp(x)), written out. Exponentials differ in
// size by more than integers of one unit can tell apart, so the largest number is taken out first, which changes neither. Squares that are
// weighed: the weights go before.
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "ir/affine.h"
#include "ir/functions.h"
#include "passes/rewriter.h"
#include "passes/rewrites.h"

namespace zkinfer::passes {

namespace {

using ir::kNoValue;
using ir::Node;
using ir::OpKind;
using ir::ValueId;

constexpr float kUnlike = 16;  // the factors of two columns

bool is_function(const Node* node, ir::FunctionId id) {
  return node != nullptr && node->op == OpKind::kFunction && node->as<ir::FunctionAttributes>().function == id;
}

// log(sum(exp(x))) = log(sum(exp(x - max(x)))) + max(x).
Result<ValueId> log_sum_exp(Rewriter& rewriter, const Node& log) {
  const Node* sum = rewriter.maker(log.inputs[0]);
  if (!is_function(&log, ir::function("Log")) || sum == nullptr || sum->op != OpKind::kReduceSum) return kNoValue;
  const Node* exp = rewriter.maker(sum->inputs[0]);
  if (!is_function(exp, ir::function("Exp"))) return kNoValue;
  const auto& reduce = sum->as<ir::ReduceAttributes>();
  const ValueId x = rewriter.mapped(exp->inputs[0]);
  ZKI_ASSIGN_OR_RETURN(const ValueId largest,
                       rewriter.emit(OpKind::kReduceMax, log, {x}, ir::ReduceAttributes{reduce.axes, true}, "largest"));
  ZKI_ASSIGN_OR_RETURN(const ValueId below, rewriter.emit(OpKind::kSub, log, {x, largest}, {}, "below"));
  ZKI_ASSIGN_OR_RETURN(const ValueId powers, rewriter.emit(OpKind::kFunction, log, {below}, exp->attributes, "powers"));
  ZKI_ASSIGN_OR_RETURN(const ValueId total, rewriter.emit(OpKind::kReduceSum, log, {powers}, sum->attributes, "total"));
  ZKI_ASSIGN_OR_RETURN(const ValueId rest, rewriter.emit(OpKind::kFunction, log, {total}, log.attributes, "rest"));
  const Shape shape = rewriter.from().output_of(log).shape;
  ZKI_ASSIGN_OR_RETURN(const ValueId offset,
                       rewriter.emit(OpKind::kReshape, log, {largest}, ir::ReshapeAttributes{shape}, "offset"));
  return rewriter.emit(OpKind::kAdd, log, {rest, offset});
}

// exp(x) / sum(exp(x)) along one axis; of x = z - max(z) along it, that of z.
Result<ValueId> softmax(Rewriter& rewriter, const Node& div) {
  if (div.op != OpKind::kDiv) return kNoValue;
  const Node* exp = rewriter.maker(div.inputs[0]);
  const Node* sum = rewriter.maker(div.inputs[1]);
  if (!is_function(exp, ir::function("Exp")) || sum == nullptr || sum->op != OpKind::kReduceSum ||
      sum->inputs[0] != div.inputs[0])
    return kNoValue;
  const auto& reduce = sum->as<ir::ReduceAttributes>();
  if (!reduce.keepdims || reduce.axes.size() != 1) return kNoValue;
  ValueId x = exp->inputs[0];
  if (const Node* below = rewriter.maker(x); below != nullptr && below->op == OpKind::kSub) {
    const Node* largest = rewriter.maker(below->inputs[1]);
    if (largest != nullptr && largest->op == OpKind::kReduceMax && largest->inputs[0] == below->inputs[0] &&
        largest->attributes == sum->attributes)
      x = below->inputs[0];
  }
  return rewriter.emit(OpKind::kSoftmax, div, {rewriter.mapped(x)}, ir::SoftmaxAttributes{reduce.axes[0]});
}

// log(softmax(x)) = x - max(x) - log(sum(exp(x - max(x)))): a small probability has no bits left whose logarithm could be taken. What
// masks leave out has none at all, and stays.
Result<ValueId> log_of_softmax(Rewriter& rewriter, const Node& log) {
  const Node* softmax = is_function(&log, ir::function("Log")) ? rewriter.maker(log.inputs[0]) : nullptr;
  if (softmax == nullptr || softmax->op != OpKind::kSoftmax || softmax->has_input(1)) return kNoValue;
  const ir::ReduceAttributes row{{softmax->as<ir::SoftmaxAttributes>().axis}, true};
  const ValueId x = rewriter.mapped(softmax->inputs[0]);
  ZKI_ASSIGN_OR_RETURN(const ValueId largest, rewriter.emit(OpKind::kReduceMax, log, {x}, row, "largest"));
  ZKI_ASSIGN_OR_RETURN(const ValueId below, rewriter.emit(OpKind::kSub, log, {x, largest}, {}, "below"));
  ZKI_ASSIGN_OR_RETURN(const ValueId powers, rewriter.emit(OpKind::kFunction, log, {below},
                                                           ir::FunctionAttributes{ir::function("Exp")}, "powers"));
  ZKI_ASSIGN_OR_RETURN(const ValueId total, rewriter.emit(OpKind::kReduceSum, log, {powers}, row, "total"));
  ZKI_ASSIGN_OR_RETURN(const ValueId rest, rewriter.emit(OpKind::kFunction, log, {total}, log.attributes, "rest"));
  return rewriter.emit(OpKind::kSub, log, {below, rest});
}

// c u^2 = (sqrt(c) u)^2 for c > 0 of very unlike columns: the squares differ by twice as many octaves as the numbers do.
Result<ValueId> weighted_square(Rewriter& rewriter, const Node& node) {
  const std::optional<ir::Affine> product = ir::as_affine(rewriter.from(), &node);
  const Node* square = product && product->is_product ? rewriter.maker(product->x) : nullptr;
  if (square == nullptr || square->op != OpKind::kMul || square->inputs[0] != square->inputs[1] ||
      !rewriter.used_once(product->x))
    return kNoValue;
  FloatTensor roots = *rewriter.from().value(product->constant).floats();
  const auto [least, most] = std::ranges::minmax(roots.data());
  if (!(least > 0) || !std::isfinite(most) || most < kUnlike * least) return kNoValue;
  for (float& c : roots.data()) c = std::sqrt(c);
  const ValueId root = rewriter.constant(node, std::move(roots), "root");
  ZKI_ASSIGN_OR_RETURN(const ValueId weighted,
                       rewriter.emit(OpKind::kMul, node, {rewriter.mapped(square->inputs[0]), root}, {}, "weighted"));
  return rewriter.emit(OpKind::kMul, node, {weighted, weighted});
}

}  // namespace

Result<ir::Graph> weigh_before_squares(const ir::Graph& graph) { return rewrite(graph, weighted_square); }

Result<ir::Graph> log_softmax(const ir::Graph& graph) { return rewrite(graph, log_of_softmax); }

Result<ir::Graph> stabilize(const ir::Graph& graph) {
  return rewrite(graph, [](Rewriter& rewriter, const Node& node) -> Result<ValueId> {
    ZKI_ASSIGN_OR_RETURN(const ValueId logarithm, log_sum_exp(rewriter, node));
    return logarithm != kNoValue ? Result<ValueId>(logarithm) : softmax(rewriter, node);
  });
}

}  // namespace zkinfer::passes
