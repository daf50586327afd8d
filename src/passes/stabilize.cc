// SPDX-License-Identifier: Apache-2.0
// Exponentials of large numbers that models sum: log(sum(exp(x))) and exp(x) / sum(exp(x)), written out. Exponentials differ in
// size by more than integers of one unit can tell apart, so the largest number is taken out first, which changes neither.
#include "ir/functions.h"
#include "passes/rewriter.h"
#include "passes/rewrites.h"

namespace zkinfer::passes {

namespace {

using ir::kNoValue;
using ir::Node;
using ir::OpKind;
using ir::ValueId;

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

}  // namespace

Result<ir::Graph> stabilize(const ir::Graph& graph) {
  return rewrite(graph, [](Rewriter& rewriter, const Node& node) -> Result<ValueId> {
    ZKI_ASSIGN_OR_RETURN(const ValueId logarithm, log_sum_exp(rewriter, node));
    return logarithm != kNoValue ? Result<ValueId>(logarithm) : softmax(rewriter, node);
  });
}

}  // namespace zkinfer::passes
