// SPDX-License-Identifier: Apache-2.0
// Reshape, Transpose, Slice, Pad, Concat: every output is one input element, or the integer 0 of a padding cell.
#include "qir/ops/rules.h"

namespace zkinfer::qir {

Result<Inferred> infer_reshape(const QGraph& graph, const Node& node, const Ranges& ranges) {
  const Value& x = graph.value(node.inputs[0]);
  const Shape& out = graph.value(node.output).shape;
  if (out.num_elements() != x.shape.num_elements())
    return invalid_argument("Reshape of " + x.shape.to_string() + " cannot give " + out.to_string());
  return Inferred{out, ranges[node.inputs[0]]};
}

Result<Inferred> infer_transpose(const QGraph& graph, const Node& node, const Ranges& ranges) {
  const Value& x = graph.value(node.inputs[0]);
  const std::size_t rank = x.shape.rank();
  std::vector<bool> seen(rank, false);
  Dims dims;
  for (const std::int64_t axis : node.perm) {
    if (axis < 0 || axis >= static_cast<std::int64_t>(rank) || seen[static_cast<std::size_t>(axis)])
      return invalid_argument("perm " + dims_to_string(node.perm) + " is not a permutation of the axes of " +
                              x.shape.to_string());
    seen[static_cast<std::size_t>(axis)] = true;
    dims.push_back(x.shape[static_cast<std::size_t>(axis)]);
  }
  if (dims.size() != rank)
    return invalid_argument("perm " + dims_to_string(node.perm) + " is not a permutation of the axes of " +
                            x.shape.to_string());
  ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make(std::move(dims)));
  return Inferred{std::move(shape), ranges[node.inputs[0]]};
}

Result<Inferred> infer_slice(const QGraph& graph, const Node& node, const Ranges& ranges) {
  const Value& x = graph.value(node.inputs[0]);
  const Shape& out = graph.value(node.output).shape;
  const std::size_t rank = x.shape.rank();
  if (out.rank() != rank || node.starts.size() != rank || node.steps.size() != rank)
    return invalid_argument("Slice needs a start, a step and an output dimension for each axis of " +
                            x.shape.to_string());
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t start = node.starts[i];
    const std::int64_t step = node.steps[i];
    // With start, step and count at most 2^31 the sum below does not overflow.
    const bool bounded = start >= 0 && start < x.shape[i] && step >= -kMaxElements && step <= kMaxElements;
    const std::int64_t last = bounded ? start + (out[i] - 1) * step : -1;
    if (last < 0 || last >= x.shape[i]) {
      return invalid_argument("Slice of axis " + std::to_string(i) + " from " + std::to_string(start) + " by " +
                              std::to_string(step) + " to " + std::to_string(out[i]) + " elements leaves " +
                              x.shape.to_string());
    }
  }
  return Inferred{out, ranges[node.inputs[0]]};
}

Result<Inferred> infer_pad(const QGraph& graph, const Node& node, const Ranges& ranges) {
  const Value& x = graph.value(node.inputs[0]);
  const Shape& out = graph.value(node.output).shape;
  const std::size_t rank = x.shape.rank();
  if (out.rank() != rank || node.pads_begin.size() != rank) {
    return invalid_argument("Pad needs a pads_begin and an output dimension for each axis of " + x.shape.to_string());
  }
  for (std::size_t i = 0; i < rank; ++i) {
    if (node.pads_begin[i] < 0 || node.pads_begin[i] > out[i] - x.shape[i]) {
      return invalid_argument("Pad of axis " + std::to_string(i) + " of " + x.shape.to_string() + " does not give " +
                              out.to_string());
    }
  }
  const bool padded = !(out == x.shape);
  return Inferred{out, padded ? hull(ranges[node.inputs[0]], Interval{}) : ranges[node.inputs[0]]};
}

Result<Inferred> infer_concat(const QGraph& graph, const Node& node, const Ranges& ranges) {
  const Value& first = graph.value(node.inputs[0]);
  const std::size_t rank = first.shape.rank();
  ZKI_ASSIGN_OR_RETURN(const std::size_t axis, only_axis(node, first.shape));
  Dims dims = first.shape.dims();
  dims[axis] = 0;
  Interval range = ranges[node.inputs[0]];
  for (const ValueId id : node.inputs) {
    const Value& x = graph.value(id);
    bool fits = x.shape.rank() == rank;
    for (std::size_t i = 0; fits && i < rank; ++i) fits = i == axis || x.shape[i] == first.shape[i];
    if (!fits) {
      return invalid_argument("Concat on axis " + std::to_string(axis) + " of " + first.shape.to_string() + " and " +
                              x.shape.to_string());
    }
    dims[axis] += x.shape[axis];
    range = hull(range, ranges[id]);
  }
  ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make(std::move(dims)));
  return Inferred{std::move(shape), range};
}

}  // namespace zkinfer::qir
