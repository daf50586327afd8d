// SPDX-License-Identifier: Apache-2.0
// ReduceSum, ReduceMax, ArgMax (keepdims or not, as the output shape says), Softmax, and Sort: the indices in the order of the values.
#include <algorithm>

#include "qir/ops/rules.h"

namespace zkinfer::qir {

namespace {

struct Reduction {
  Shape shape;
  std::int64_t num_terms = 1;  // input elements per output element
};

// The axes are strictly increasing; the output has them as 1 or has lost them.
Result<Reduction> reduced_shape(const QGraph& graph, const Node& node) {
  const Shape& in = graph.value(node.inputs[0]).shape;
  const Shape& out = graph.value(node.output).shape;
  if (node.axes.empty()) return invalid_argument("needs at least one axis");
  Reduction result;
  Dims kept = in.dims();
  std::vector<bool> reduced(in.rank(), false);
  for (std::size_t i = 0; i < node.axes.size(); ++i) {
    const std::int64_t axis = node.axes[i];
    if (axis < 0 || axis >= static_cast<std::int64_t>(in.rank()) || (i > 0 && axis <= node.axes[i - 1])) {
      return invalid_argument("axes " + dims_to_string(node.axes) + " must be increasing and below the rank of " +
                              in.to_string());
    }
    const std::size_t index = static_cast<std::size_t>(axis);
    result.num_terms *= in[index];
    kept[index] = 1;
    reduced[index] = true;
  }
  Dims dropped;
  for (std::size_t i = 0; i < in.rank(); ++i) {
    if (!reduced[i]) dropped.push_back(in[i]);
  }
  ZKI_ASSIGN_OR_RETURN(result.shape, Shape::make(out.rank() == in.rank() ? kept : dropped));
  return result;
}

}  // namespace

Result<Inferred> infer_reduce_sum(const QGraph& graph, const Node& node, const Ranges& ranges) {
  if (node.coefs.size() != 1)
    return invalid_argument("ReduceSum needs one coefficient, got " + std::to_string(node.coefs.size()));
  ZKI_ASSIGN_OR_RETURN(Reduction reduction, reduced_shape(graph, node));
  const Interval sum = scale(ranges[node.inputs[0]], reduction.num_terms);
  return Inferred{std::move(reduction.shape), scale(sum, node.coefs[0])};
}

Result<Inferred> infer_reduce_max(const QGraph& graph, const Node& node, const Ranges& ranges) {
  ZKI_ASSIGN_OR_RETURN(Reduction reduction, reduced_shape(graph, node));
  ZKI_RETURN_IF_ERROR(check_comparable(ranges[node.inputs[0]]));
  return Inferred{std::move(reduction.shape), ranges[node.inputs[0]]};
}

Result<Inferred> infer_arg_max(const QGraph& graph, const Node& node, const Ranges& ranges) {
  if (node.axes.size() != 1) return invalid_argument("ArgMax needs one axis, got " + std::to_string(node.axes.size()));
  ZKI_ASSIGN_OR_RETURN(Reduction reduction, reduced_shape(graph, node));
  ZKI_RETURN_IF_ERROR(check_comparable(ranges[node.inputs[0]]));
  return Inferred{std::move(reduction.shape), make_interval(0, reduction.num_terms - 1)};
}

Result<Inferred> infer_softmax(const QGraph& graph, const Node& node, const Ranges& ranges) {
  const Value& x = graph.value(node.inputs[0]);
  ZKI_ASSIGN_OR_RETURN(const std::size_t axis, only_axis(node, x.shape));
  const Table& table = graph.tables[static_cast<std::size_t>(node.requant.table_index)];
  if (table.kind != TableKind::kExplicit || table.first + table.num_rows() != 1)
    return invalid_argument("Softmax needs an explicit table of exponentials that ends with that of 0");
  const std::vector<std::int32_t>& e = table.values;
  if (e.front() < 0 || e.back() <= e.front() || !std::is_sorted(e.begin(), e.end()))
    return invalid_argument("the exponentials of Softmax must be non-negative and rise");
  ZKI_RETURN_IF_ERROR(check_comparable(ranges[node.inputs[0]]));
  if (!node.coefs.empty() && (node.coefs != std::vector<std::int64_t>{1} || node.requant.shift != 0))
    return invalid_argument("Softmax has no coefficient, or 1 and no shift where its exponentials are the result");
  if (!node.coefs.empty()) return Inferred{x.shape, make_interval(0, e.back())};
  ZKI_RETURN_IF_ERROR(
      plan_softmax(graph, node).status().with_context("Softmax over " + std::to_string(x.shape[axis]) + " terms"));
  return Inferred{x.shape, make_interval(0, std::int64_t{1} << node.requant.shift)};
}

Result<DivisionPlan> plan_softmax(const QGraph& graph, const Node& node) {
  const Table& table = graph.tables[static_cast<std::size_t>(node.requant.table_index)];
  const std::int64_t most = table.values.back();
  const std::int64_t num_terms = graph.value(node.inputs[0]).shape[static_cast<std::size_t>(node.axes[0])];
  const std::int64_t unit = std::int64_t{1} << node.requant.shift;
  // One of the terms is T[0] > 0.
  const Interval sum = multiply(make_interval(1, most), make_interval(1, num_terms));
  const Interval numerator = add(scale(make_interval(0, most), 2 * unit), sum);
  return plan_division(numerator, scale(sum, 2), make_interval(0, unit));
}

Result<Inferred> infer_sort(const QGraph& graph, const Node& node, const Ranges& ranges) {
  const Value& x = graph.value(node.inputs[0]);
  ZKI_ASSIGN_OR_RETURN(const std::size_t axis, only_axis(node, x.shape));
  if (node.coefs.size() != 1 || (node.coefs[0] != 1 && node.coefs[0] != -1)) {
    return invalid_argument("Sort needs the coefficient 1 (smallest first) or -1 (largest first)");
  }
  const std::int64_t n = x.shape[axis];
  // Pairs (value, index) are compared as n value + index.
  ZKI_RETURN_IF_ERROR(check_comparable(add(scale(ranges[node.inputs[0]], n), make_interval(0, 2 * n))));
  return Inferred{x.shape, make_interval(0, n - 1)};
}

}  // namespace zkinfer::qir
