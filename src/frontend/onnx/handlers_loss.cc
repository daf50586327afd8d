// SPDX-License-Identifier: Apache-2.0
// Losses: scores chosen by comparing targets with every class.
#include <array>

#include "frontend/onnx/build.h"
#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::DataType;
using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

// -weight[target] * scores[target], reduced; scores[N, C, ..], targets[N, ..].
ValueId negative_likelihood(Build& b, NodeContext& context, ValueId scores, std::optional<int64_t> ignored,
                            const std::string& reduction) {
  const Shape shape = context.shape(0);
  Dims row = shape.dims();
  row[1] = 1;
  Dims per_class(shape.rank() - 1, 1);
  per_class[0] = shape[1];
  const ValueId targets = b.reshape(context.input(1), row);
  ValueId chosen = b.cast(b.op(OpKind::kEqual, {targets, b.counted(Shape(per_class))}), DataType::kFloat);
  const bool counts = ignored && *ignored >= 0 && *ignored < shape[1];
  if (counts) {
    const ValueId other = b.op(
        OpKind::kNot, {b.op(OpKind::kEqual, {targets, b.number(static_cast<double>(*ignored), DataType::kInt64)})});
    chosen = b.mul(chosen, b.cast(other, DataType::kFloat));
  }
  if (context.has_input(2)) chosen = b.mul(chosen, b.reshape(context.input(2), per_class));
  const ValueId losses = b.negate(b.reduce(OpKind::kReduceSum, b.mul(scores, chosen), {1}, false));
  if (reduction == "none") return losses;
  Dims all;
  for (size_t i = 0; i < shape.rank(); ++i) all.push_back(static_cast<int64_t>(i));
  const Dims but_one(all.begin(), all.end() - 1);
  if (reduction == "mean" && !ignored && !context.has_input(2))
    return b.reduce(OpKind::kReduceMean, losses, but_one, false);
  const ValueId sum = b.reduce(OpKind::kReduceSum, losses, but_one, false);
  return reduction == "sum" ? sum : b.div(sum, b.reduce(OpKind::kReduceSum, chosen, all, false));
}

struct Loss {
  std::optional<int64_t> ignored;
  std::string reduction;
};

Result<Loss> read_loss(const NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  Loss loss;
  ZKI_ASSIGN_OR_RETURN(loss.reduction, context.string_attribute("reduction", "mean"));
  if (loss.reduction != "none" && loss.reduction != "mean" && loss.reduction != "sum")
    return corrupt("reduction " + in_quotes(loss.reduction));
  if (context.attribute("ignore_index") != nullptr) {
    ZKI_ASSIGN_OR_RETURN(loss.ignored, context.int_attribute("ignore_index", 0));
  }
  const Shape& scores = context.value(0).shape;
  if (scores.rank() < 2) return invalid_argument("scores of shape " + scores.to_string());
  return loss;
}

Result<Outputs> import_negative_likelihood(NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const Loss loss, read_loss(context));
  Build b(context);
  return b.output(negative_likelihood(b, context, context.input(0), loss.ignored, loss.reduction));
}

Result<Outputs> import_cross_entropy(NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const Loss loss, read_loss(context));
  Build b(context);
  const ValueId shifted = b.sub(context.input(0), b.reduce(OpKind::kReduceMax, context.input(0), {1}));
  const ValueId sum = b.reduce(OpKind::kReduceSum, b.function(ir::function("Exp"), shifted), {1});
  const ValueId scores = b.sub(shifted, b.function(ir::function("Log"), sum));
  return b.outputs({negative_likelihood(b, context, scores, loss.ignored, loss.reduction), scores});
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"NegativeLogLikelihoodLoss", "ignore_index reduction", no_check, import_negative_likelihood},
    {"SoftmaxCrossEntropyLoss", "ignore_index reduction", no_check, import_cross_entropy},
});

}  // namespace

std::span<const Handler> loss_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
