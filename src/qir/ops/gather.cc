// SPDX-License-Identifier: Apache-2.0
// Gather: every output is an input element that an index chooses. Sort: the indices in the order of the values.
#include "qir/ops/rules.h"

namespace zkinfer::qir {

Result<Inferred> infer_gather(const QGraph& graph, const Node& node, const Ranges& ranges) {
  const Value& data = graph.value(node.inputs[0]);
  const Value& indices = graph.value(node.inputs[1]);
  const std::size_t rank = data.shape.rank();
  if (node.axes.size() != 1 || node.axes[0] < 0 || node.axes[0] >= static_cast<std::int64_t>(rank)) {
    return invalid_argument("Gather needs one axis below the rank of " + data.shape.to_string());
  }
  if (!node.coefs.empty() && node.coefs != std::vector<std::int64_t>{1}) {
    return invalid_argument("Gather takes no coefficient, or 1 for indices along the axis");
  }
  const auto axis = static_cast<std::size_t>(node.axes[0]);
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

Result<Inferred> infer_sort(const QGraph& graph, const Node& node, const Ranges& ranges) {
  const Value& x = graph.value(node.inputs[0]);
  if (node.axes.size() != 1 || node.axes[0] < 0 || node.axes[0] >= static_cast<std::int64_t>(x.shape.rank())) {
    return invalid_argument("Sort needs one axis below the rank of " + x.shape.to_string());
  }
  if (node.coefs.size() != 1 || (node.coefs[0] != 1 && node.coefs[0] != -1)) {
    return invalid_argument("Sort needs the coefficient 1 (smallest first) or -1 (largest first)");
  }
  const std::int64_t n = x.shape[static_cast<std::size_t>(node.axes[0])];
  // Pairs (value, index) are compared as n value + index.
  ZKI_RETURN_IF_ERROR(check_comparable(add(scale(ranges[node.inputs[0]], n), make_interval(0, 2 * n))));
  return Inferred{x.shape, make_interval(0, n - 1)};
}

}  // namespace zkinfer::qir
