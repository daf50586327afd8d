// SPDX-License-Identifier: Apache-2.0
#include "exec/float/float_executor.h"
#include "passes/rewriter.h"
#include "passes/rewrites.h"

namespace zkinfer::passes {

Result<ir::Graph> fold_constants(const ir::Graph& graph) {
  return rewrite(graph, [](Rewriter& rewriter, const ir::Node& node) -> Result<ir::ValueId> {
    // Constants made in this pass count as well, so look at the new values.
    std::vector<const AnyTensor*> tensors;
    bool literal = true;
    for (const ir::ValueId id : rewriter.mapped(node.inputs)) {
      tensors.push_back(id == ir::kNoValue ? nullptr : rewriter.to().value(id).constant.get());
      if (id != ir::kNoValue && tensors.back() == nullptr) return ir::kNoValue;
      literal = literal && (id == ir::kNoValue || rewriter.to().value(id).literal);
    }
    const ir::Value& output = rewriter.from().output_of(node);
    Result<AnyTensor> folded = exec_float::evaluate(node, tensors, output.dtype, output.shape);
    if (!folded.ok()) return folded.status().with_context("node '" + node.name + "'");
    const ir::ValueId id = rewriter.to().add_constant(output.name, std::move(*folded), output.dtype);
    rewriter.to().value(id).literal = literal;
    return id;
  });
}

}  // namespace zkinfer::passes
