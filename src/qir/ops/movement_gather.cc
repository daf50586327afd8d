// SPDX-License-Identifier: Apache-2.0
// Gather: every output is an input element that an index chooses.
#include "qir/ops/rules.h"

namespace zkinfer::qir {

Result<Inferred> infer_gather(const QGraph& graph, const Node& node, const Ranges& ranges) {
  const Value& data = graph.value(node.inputs[0]);
  const Value& indices = graph.value(node.inputs[1]);
  const std::size_t rank = data.shape.rank();
  ZKI_ASSIGN_OR_RETURN(const std::size_t axis, only_axis(node, data.shape));
  if (!node.coefs.empty() && node.coefs != std::vector<std::int64_t>{1}) {
    return invalid_argument("Gather takes no coefficient, or 1 for indices along the axis");
  }
  // The declared range: the executor keeps indices inside it, and the table of rows is what a proof checks.
  if (indices.lo < 0 || indices.hi >= data.shape[axis]) {
    return out_of_range("its indices " + to_string(range_of(indices)) + " may leave axis " + std::to_string(axis) +
                        " of " + data.shape.to_string() + "; clamp them (give them a table)");
  }
  Dims dims;
  for (std::size_t i = 0; i < rank; ++i) {
    if (i != axis)
      dims.push_back(data.shape[i]);
    else if (node.coefs.empty())
      dims.insert(dims.end(), indices.shape.dims().begin(), indices.shape.dims().end());
    else
      dims.push_back(indices.shape.rank() == rank ? indices.shape[i] : 1);
  }
  ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make(std::move(dims)));
  if (!node.coefs.empty() && !(indices.shape == shape)) {
    return invalid_argument("Gather along axis " + std::to_string(axis) + " of " + data.shape.to_string() +
                            " by indices of another shape " + indices.shape.to_string());
  }
  return Inferred{std::move(shape), ranges[node.inputs[0]]};
}

}  // namespace zkinfer::qir
