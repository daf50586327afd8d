// SPDX-License-Identifier: Apache-2.0
// If, Loop and Scan. A condition known at import chooses its branch; one that is computed selects between the results of both.
// Loops are unrolled, so how often they run must be known.
#include <algorithm>

#include "frontend/onnx/emit.h"
#include "frontend/onnx/graph_reader.h"
#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

namespace {

Result<const onnx::GraphProto*> body_of(const NodeContext& context, std::string_view name) {
  const onnx::AttributeProto* attribute = context.attribute(name);
  if (attribute == nullptr || attribute->type() != onnx::AttributeProto::GRAPH)
    return corrupt("attribute '" + std::string(name) + "' is no graph");
  return &attribute->g();
}

bool any_unknown(const std::vector<ValueId>& values) {
  return std::find(values.begin(), values.end(), kUnknown) != values.end();
}

// The truth of a constant with one element; nullopt when it is computed at run time.
Result<std::optional<bool>> constant_truth(const ir::Value& value) {
  if (!value.is_constant()) return std::optional<bool>();
  if (value.shape.num_elements() != 1)
    return corrupt("condition " + in_quotes(value.name) + " has shape " + value.shape.to_string());
  return std::optional<bool>(value.floats() != nullptr ? (*value.floats())[0] != 0 : (*value.ints())[0] != 0);
}

Outputs all_unknown(const NodeContext& context) {
  return Outputs(static_cast<size_t>(context.proto().output_size()), kUnknown);
}

Status check_outputs(const NodeContext& context, size_t offered) {
  if (static_cast<size_t>(context.proto().output_size()) <= offered) return ok_status();
  return corrupt(std::to_string(context.proto().output_size()) + " outputs, its subgraph has " +
                 std::to_string(offered));
}

}  // namespace

Result<Outputs> GraphReader::import_if(NodeContext& context, const Scope& scope) {
  ZKI_ASSIGN_OR_RETURN(const onnx::GraphProto* then_branch, body_of(context, "then_branch"));
  ZKI_ASSIGN_OR_RETURN(const onnx::GraphProto* else_branch, body_of(context, "else_branch"));
  if (context.num_inputs() < 1 || context.input(0) == ir::kNoValue) return corrupt("the condition is missing");
  const auto branch = [&](const onnx::GraphProto& proto, std::string_view which) {
    return read_subgraph(scope, proto, context.name() + "/" + std::string(which) + "/", {});
  };
  if (context.input(0) != kUnknown) {
    ZKI_ASSIGN_OR_RETURN(const std::optional<bool> known, constant_truth(context.value(0)));
    if (known) {
      ZKI_ASSIGN_OR_RETURN(Outputs outputs, *known ? branch(*then_branch, "then") : branch(*else_branch, "else"));
      ZKI_RETURN_IF_ERROR(check_outputs(context, outputs.size()));
      return outputs;
    }
  }
  ZKI_ASSIGN_OR_RETURN(const Outputs chosen, branch(*then_branch, "then"));
  ZKI_ASSIGN_OR_RETURN(const Outputs other, branch(*else_branch, "else"));
  if (chosen.size() != other.size()) return corrupt("its branches have different numbers of outputs");
  ZKI_RETURN_IF_ERROR(check_outputs(context, chosen.size()));
  if (context.input(0) == kUnknown || any_unknown(chosen) || any_unknown(other)) return all_unknown(context);
  Outputs outputs;
  for (size_t i = 0; i < chosen.size(); ++i) {
    const ir::Value& a = graph_.value(chosen[i]);
    const ir::Value& b = graph_.value(other[i]);
    if (a.shape != b.shape || a.dtype != b.dtype)
      return unsupported("output " + std::to_string(i) + " has shape " + a.shape.to_string() + " in one branch and " +
                         b.shape.to_string() +
                         " in the other, and the condition is computed at run time | make the condition a constant, or "
                         "the shapes equal");
    ValueId condition = context.input(0);
    if (context.shape(0).rank() != 0) {
      ZKI_ASSIGN_OR_RETURN(condition, reshape(context, condition, {}, "condition" + std::to_string(i)));
    }
    if (graph_.value(condition).dtype != ir::DataType::kBool) return corrupt("the condition is not boolean");
    ZKI_ASSIGN_OR_RETURN(const ValueId y, context.add_output(i, OpKind::kWhere, {condition, chosen[i], other[i]}, {}));
    outputs.push_back(y);
  }
  return outputs;
}

Result<ValueId> GraphReader::stacked(NodeContext& context, std::vector<ValueId> entries, int64_t axis, bool reversed,
                                     size_t output) {
  if (entries.empty())
    return unsupported("output " + std::to_string(output) +
                       " collects the steps of a loop that never runs | leave the loop out");
  const Shape entry = graph_.value(entries[0]).shape;
  const auto rank = static_cast<int64_t>(entry.rank()) + 1;
  if (axis < -rank || axis >= rank) return invalid_argument("axis " + std::to_string(axis) + " of a collected output");
  const auto at = static_cast<size_t>(axis < 0 ? axis + rank : axis);
  if (reversed) std::reverse(entries.begin(), entries.end());
  std::vector<ValueId> parts;
  for (size_t i = 0; i < entries.size(); ++i) {
    Dims dims = graph_.value(entries[i]).shape.dims();
    if (dims.size() != entry.rank()) return invalid_argument("the steps collect values of different shapes");
    dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(at), 1);
    ZKI_ASSIGN_OR_RETURN(const ValueId part, reshape(context, entries[i], std::move(dims),
                                                     "output" + std::to_string(output) + "_" + std::to_string(i)));
    parts.push_back(part);
  }
  return context.add_output(output, OpKind::kConcat, std::move(parts), ir::ConcatAttributes{static_cast<int64_t>(at)});
}

// inputs: M, condition, carried values; body: (i, condition, carried..) -> (condition, carried.., collected..).
Result<Outputs> GraphReader::import_loop(NodeContext& context, const Scope& scope) {
  ZKI_ASSIGN_OR_RETURN(const onnx::GraphProto* body, body_of(context, "body"));
  const size_t carried = std::max<size_t>(context.num_inputs(), 2) - 2;
  if (static_cast<size_t>(body->output_size()) < carried + 1) return corrupt("its body has too few outputs");
  const size_t collected = static_cast<size_t>(body->output_size()) - carried - 1;
  ZKI_RETURN_IF_ERROR(check_outputs(context, carried + collected));
  if (any_unknown(context.inputs())) return all_unknown(context);
  std::optional<int64_t> most;
  if (context.has_input(0)) {
    ZKI_ASSIGN_OR_RETURN(const Dims trips, context.constant_ints(0, "number of iterations"));
    if (trips.size() != 1) return corrupt("the number of iterations is not one number");
    most = trips[0];
  }
  bool goes_on = true;
  ValueId condition = context.input(1);
  if (context.has_input(1)) {
    ZKI_ASSIGN_OR_RETURN(const std::optional<bool> known, constant_truth(context.value(1)));
    if (!known) return unsupported("whether it runs at all is computed at run time | use a fixed number of iterations");
    goes_on = *known;
  } else {
    condition = context.add_literal(IntTensor(Shape{}, {1}), ir::DataType::kBool, "always");
  }
  std::vector<ValueId> state(
      context.inputs().begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(2, context.num_inputs())),
      context.inputs().end());
  std::vector<std::vector<ValueId>> lists(collected);
  for (int64_t i = 0; goes_on && (!most || i < *most); ++i) {
    const std::string step = std::to_string(i);
    std::vector<ValueId> inputs{literal_indices(context, Shape{}, {i}, "i" + step), condition};
    inputs.insert(inputs.end(), state.begin(), state.end());
    ZKI_ASSIGN_OR_RETURN(const Outputs outputs, read_subgraph(scope, *body, context.name() + "/" + step + "/", inputs));
    if (any_unknown(outputs)) return all_unknown(context);  // further iterations would report the same again
    condition = outputs[0];
    ZKI_ASSIGN_OR_RETURN(const std::optional<bool> known, constant_truth(graph_.value(condition)));
    if (!known)
      return unsupported("its condition is computed at run time after iteration " + step +
                         " | use a fixed number of iterations");
    goes_on = *known;
    state.assign(outputs.begin() + 1, outputs.begin() + 1 + static_cast<std::ptrdiff_t>(carried));
    for (size_t k = 0; k < collected; ++k) lists[k].push_back(outputs[1 + carried + k]);
  }
  Outputs outputs = state;
  for (size_t k = 0; k < collected; ++k) {
    if (carried + k >= static_cast<size_t>(context.proto().output_size())) break;
    ZKI_ASSIGN_OR_RETURN(const ValueId y, stacked(context, std::move(lists[k]), 0, false, carried + k));
    outputs.push_back(y);
  }
  return outputs;
}

namespace {

// One entry per scan, all `missing` when the attribute is not there.
Result<Dims> per_scan(const NodeContext& context, std::string_view name, size_t count) {
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> given, context.ints_attribute(name));
  if (!given) return Dims(count, 0);
  if (given->size() != count)
    return corrupt("attribute '" + std::string(name) + "' has " + std::to_string(given->size()) +
                   " entries, expected " + std::to_string(count));
  return *given;
}

}  // namespace

// inputs: carried values, then tensors that are read slice by slice; body: (carried.., slices..) -> (carried.., collected..).
Result<Outputs> GraphReader::import_scan(NodeContext& context, const Scope& scope) {
  ZKI_ASSIGN_OR_RETURN(const onnx::GraphProto* body, body_of(context, "body"));
  ZKI_ASSIGN_OR_RETURN(const int64_t given_scans, context.int_attribute("num_scan_inputs", 0));
  if (scope.opset < 9) return unsupported("Scan of opset 8 | export with opset 9 or later");
  if (given_scans < 1 || given_scans > static_cast<int64_t>(context.num_inputs()))
    return corrupt("num_scan_inputs " + std::to_string(given_scans));
  const auto scans = static_cast<size_t>(given_scans);
  const size_t carried = context.num_inputs() - scans;
  if (static_cast<size_t>(body->output_size()) < carried) return corrupt("its body has too few outputs");
  const size_t collected = static_cast<size_t>(body->output_size()) - carried;
  ZKI_RETURN_IF_ERROR(check_outputs(context, carried + collected));
  ZKI_ASSIGN_OR_RETURN(const Dims backwards, per_scan(context, "scan_input_directions", scans));
  ZKI_ASSIGN_OR_RETURN(const Dims out_backwards, per_scan(context, "scan_output_directions", collected));
  ZKI_ASSIGN_OR_RETURN(Dims axes, per_scan(context, "scan_input_axes", scans));
  ZKI_ASSIGN_OR_RETURN(const Dims out_axes, per_scan(context, "scan_output_axes", collected));
  if (any_unknown(context.inputs())) return all_unknown(context);
  ZKI_RETURN_IF_ERROR(context.require_inputs(context.num_inputs()));
  int64_t steps = -1;
  for (size_t k = 0; k < scans; ++k) {
    const Shape& x = context.shape(carried + k);
    ZKI_ASSIGN_OR_RETURN(axes[k], resolve_axis(axes[k], x.rank()));
    const int64_t length = x[static_cast<size_t>(axes[k])];
    if (steps >= 0 && length != steps) return invalid_argument("its inputs have different lengths");
    steps = length;
  }
  std::vector<ValueId> state(context.inputs().begin(), context.inputs().begin() + static_cast<std::ptrdiff_t>(carried));
  std::vector<std::vector<ValueId>> lists(collected);
  for (int64_t i = 0; i < steps; ++i) {
    const std::string step = std::to_string(i);
    std::vector<ValueId> inputs = state;
    for (size_t k = 0; k < scans; ++k) {
      const auto axis = static_cast<size_t>(axes[k]);
      const std::string name = "input" + std::to_string(k) + "_" + step;
      ZKI_ASSIGN_OR_RETURN(const ValueId part, slice(context, context.input(carried + k), axis,
                                                     backwards[k] != 0 ? steps - 1 - i : i, 1, name + "_slice"));
      Dims dims = graph_.value(part).shape.dims();
      dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis));
      ZKI_ASSIGN_OR_RETURN(const ValueId entry, reshape(context, part, std::move(dims), name));
      inputs.push_back(entry);
    }
    ZKI_ASSIGN_OR_RETURN(const Outputs outputs, read_subgraph(scope, *body, context.name() + "/" + step + "/", inputs));
    if (any_unknown(outputs)) return all_unknown(context);
    state.assign(outputs.begin(), outputs.begin() + static_cast<std::ptrdiff_t>(carried));
    for (size_t k = 0; k < collected; ++k) lists[k].push_back(outputs[carried + k]);
  }
  Outputs outputs = state;
  for (size_t k = 0; k < collected; ++k) {
    if (carried + k >= static_cast<size_t>(context.proto().output_size())) break;
    ZKI_ASSIGN_OR_RETURN(const ValueId y,
                         stacked(context, std::move(lists[k]), out_axes[k], out_backwards[k] != 0, carried + k));
    outputs.push_back(y);
  }
  return outputs;
}

}  // namespace zkinfer::frontend_onnx
