// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/ml_classes.h"

#include "frontend/onnx/emit.h"
#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

bool Labels::are_positions() const {
  for (size_t i = 0; i < numbers.size(); ++i)
    if (numbers[i] != static_cast<int64_t>(i)) return false;
  return true;
}

Result<Labels> read_labels(const NodeContext& context, std::string_view ints, std::string_view words) {
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> numbers, context.ints_attribute(ints));
  if (numbers && !numbers->empty()) return Labels{numbers->size(), *numbers};
  ZKI_ASSIGN_OR_RETURN(const std::vector<std::string> texts, context.strings_attribute(words));
  if (texts.empty()) return corrupt("the class labels are missing");
  return Labels{texts.size(), {}};
}

Status check_post_transform(const NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const std::string name, context.string_attribute("post_transform", "NONE"));
  for (const std::string_view known : {"NONE", "SOFTMAX", "LOGISTIC"})
    if (name == known) return ok_status();
  if (name == "SOFTMAX_ZERO" || name == "PROBIT")
    return unsupported("post_transform " + in_quotes(name) + " | use NONE, SOFTMAX or LOGISTIC");
  return corrupt("post_transform " + in_quotes(name));
}

Result<ValueId> post_transformed(NodeContext& context, ValueId scores, size_t output) {
  ZKI_ASSIGN_OR_RETURN(const std::string name, context.string_attribute("post_transform", "NONE"));
  const auto last = static_cast<int64_t>(context.shape_of(scores).rank()) - 1;
  if (name == "SOFTMAX") return context.add_output(output, OpKind::kSoftmax, {scores}, ir::SoftmaxAttributes{last});
  if (name == "LOGISTIC")
    return context.add_output(output, OpKind::kFunction, {scores}, ir::FunctionAttributes{ir::function("Sigmoid")});
  return context.add_output(output, OpKind::kIdentity, {scores}, {});
}

Result<ValueId> label_of_largest(NodeContext& context, ValueId scores, const Labels& labels) {
  if (static_cast<int64_t>(labels.count) != context.shape_of(scores)[1])
    return corrupt(std::to_string(labels.count) + " class labels for " + std::to_string(context.shape_of(scores)[1]) +
                   " scores");
  const ir::ArgMaxAttributes along{1, false};
  if (labels.are_positions()) return context.add(OpKind::kArgMax, {scores}, along);
  ZKI_ASSIGN_OR_RETURN(const ValueId position, context.add(OpKind::kArgMax, {scores}, along, "position"));
  const ValueId table =
      literal_indices(context, Shape{static_cast<int64_t>(labels.count)}, labels.numbers, "label_table");
  return context.add(OpKind::kGather, {table, position}, ir::GatherAttributes{0});
}

Result<ValueId> rows_of_input(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  const Shape x = context.shape(0);
  if (x.rank() < 1 || x.rank() > 2)
    return invalid_argument("input of shape " + x.to_string() + ", expected [N, features]");
  ValueId input = context.input(0);
  if (context.value(0).dtype != ir::DataType::kFloat) {
    ZKI_ASSIGN_OR_RETURN(input,
                         context.add(OpKind::kCast, {input}, ir::CastAttributes{ir::DataType::kFloat}, "floats"));
  }
  if (x.rank() == 2) return input;
  return reshape(context, input, {1, x[0]}, "row");
}

}  // namespace zkinfer::frontend_onnx
