// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "passes/rewriter.h"
#include "passes/rewrites.h"

namespace zkinfer::passes {

namespace {

Status refuse(const std::string& who, const Shape& shape, const char* remedy) {
  return unsupported(who + " has shape " + shape.to_string() + ", which has no elements; " + remedy);
}

}  // namespace

Result<ir::Graph> drop_empty(const ir::Graph& graph) {
  const auto is_empty = [](const ir::Value& value) { return value.shape.num_elements() == 0; };
  for (const ir::ValueId id : graph.inputs) {
    const ir::Value& value = graph.value(id);
    if (!is_empty(value)) continue;
    return refuse("input '" + value.name + "'", value.shape,
                  "give its axes other sizes, or export the model without it");
  }
  for (const ir::ValueId id : graph.outputs) {
    const ir::Value& value = graph.value(id);
    if (is_empty(value)) return refuse("output '" + value.name + "'", value.shape, "export the model without it");
  }
  return rewrite(graph, [&](Rewriter& rewriter, const ir::Node& node) -> Result<ir::ValueId> {
    const ir::Value& output = graph.output_of(node);
    // Whatever the inputs are, there is only one tensor of this shape.
    if (is_empty(output)) {
      AnyTensor nothing = output.dtype == ir::DataType::kFloat ? AnyTensor(FloatTensor(output.shape))
                                                               : AnyTensor(IntTensor(output.shape));
      return rewriter.to().add_constant(output.name, std::move(nothing), output.dtype);
    }
    if (node.op != ir::OpKind::kConcat) return ir::kNoValue;
    std::vector<ir::ValueId> inputs = rewriter.mapped(node.inputs);
    std::erase_if(inputs, [&](ir::ValueId id) { return is_empty(rewriter.to().value(id)); });
    if (inputs.size() == node.inputs.size()) return ir::kNoValue;
    if (inputs.size() == 1) return inputs[0];
    return rewriter.emit(node.op, node, std::move(inputs), node.attributes);
  });
}

}  // namespace zkinfer::passes
