// SPDX-License-Identifier: Apache-2.0
// Conv and MatMul: acc = sum of K products, plus a bias.
#include "qir/ops/rules.h"

namespace zkinfer::qir {

namespace {

// Range of a sum of num_terms products of one a and one b; with padding some terms are 0.
Interval dot_range(Interval a, Interval b, std::int64_t num_terms, bool padded) {
  Interval term = multiply(a, b);
  if (padded) term = hull(term, Interval{});
  return scale(term, num_terms);
}

Status check_bias(const QGraph& graph, const Node& node, std::int64_t num_outputs) {
  if (node.inputs.size() < 3) return ok_status();
  const Shape& bias = graph.value(node.inputs[2]).shape;
  if (bias == Shape{num_outputs}) return ok_status();
  return invalid_argument("the bias has shape " + bias.to_string() + ", expected [" + std::to_string(num_outputs) +
                          "]");
}

}  // namespace

Result<Inferred> infer_conv(const QGraph& graph, const Node& node, const Ranges& ranges) {
  const Value& x = graph.value(node.inputs[0]);
  const Value& w = graph.value(node.inputs[1]);
  const Shape& out = graph.value(node.output).shape;
  if (x.shape.rank() < 3 || w.shape.rank() != x.shape.rank() || out.rank() != x.shape.rank()) {
    return invalid_argument(
        "Conv needs x [N, C, spatial..], w [O, C/groups, kernel..] and an output of the same rank, got " +
        x.shape.to_string() + ", " + w.shape.to_string() + ", " + out.to_string());
  }
  const std::int64_t channels = x.shape[1];
  const std::int64_t num_outputs = w.shape[0];
  const std::int64_t groups = node.groups;
  if (groups < 1 || channels % groups != 0 || num_outputs % groups != 0 || w.shape[1] != channels / groups) {
    return invalid_argument("Conv with groups " + std::to_string(groups) + " does not fit x " + x.shape.to_string() +
                            " and w " + w.shape.to_string());
  }
  bool padded = false;
  ZKI_RETURN_IF_ERROR(check_window(x.shape, out, node, &padded));
  for (std::size_t i = 0; i < node.kernel.size(); ++i) {
    if (node.kernel[i] != w.shape[i + 2])
      return invalid_argument("kernel " + dims_to_string(node.kernel) + " differs from w " + w.shape.to_string());
  }
  ZKI_RETURN_IF_ERROR(check_bias(graph, node, num_outputs));
  Dims dims = out.dims();
  dims[0] = x.shape[0];
  dims[1] = num_outputs;
  ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make(std::move(dims)));
  const std::int64_t num_terms = w.shape.num_elements() / num_outputs;
  Interval acc = dot_range(ranges[node.inputs[0]], ranges[node.inputs[1]], num_terms, padded);
  if (node.inputs.size() == 3) acc = add(acc, ranges[node.inputs[2]]);
  return Inferred{std::move(shape), acc};
}

Result<Inferred> infer_matmul(const QGraph& graph, const Node& node, const Ranges& ranges) {
  const Value& a = graph.value(node.inputs[0]);
  const Value& b = graph.value(node.inputs[1]);
  const std::size_t a_rank = a.shape.rank();
  const std::size_t b_rank = b.shape.rank();
  if (a_rank < 2 || b_rank < 2 || a.shape[a_rank - 1] != b.shape[b_rank - 2]) {
    return invalid_argument("MatMul needs a [.., M, K] and b [.., K, N], got " + a.shape.to_string() + " and " +
                            b.shape.to_string());
  }
  const Dims& a_dims = a.shape.dims();
  const Dims& b_dims = b.shape.dims();
  ZKI_ASSIGN_OR_RETURN(const Shape a_batch, Shape::make(Dims(a_dims.begin(), a_dims.end() - 2)));
  ZKI_ASSIGN_OR_RETURN(const Shape b_batch, Shape::make(Dims(b_dims.begin(), b_dims.end() - 2)));
  ZKI_ASSIGN_OR_RETURN(const Shape batch, broadcast_shapes(a_batch, b_batch));
  Dims dims = batch.dims();
  dims.push_back(a.shape[a_rank - 2]);
  dims.push_back(b.shape[b_rank - 1]);
  ZKI_RETURN_IF_ERROR(check_bias(graph, node, b.shape[b_rank - 1]));
  ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make(std::move(dims)));
  Interval acc = dot_range(ranges[node.inputs[0]], ranges[node.inputs[1]], a.shape[a_rank - 1], false);
  if (node.inputs.size() == 3) acc = add(acc, ranges[node.inputs[2]]);
  return Inferred{std::move(shape), acc};
}

}  // namespace zkinfer::qir
