// SPDX-License-Identifier: Apache-2.0
// Mul: acc = coefs[0] * a * b. Linear: acc = constant + sum_i coefs[i] * x_i. Select: y = c ? a : b.
#include "qir/ops/rules.h"

namespace zkinfer::qir {

Result<Inferred> infer_mul(const QGraph& graph, const Node& node, const Ranges& ranges) {
  const Value& a = graph.value(node.inputs[0]);
  const Value& b = graph.value(node.inputs[1]);
  if (node.coefs.size() != 1)
    return invalid_argument("Mul needs one coefficient, got " + std::to_string(node.coefs.size()));
  ZKI_ASSIGN_OR_RETURN(Shape shape, broadcast_shapes(a.shape, b.shape));
  const Interval acc = node.inputs[0] == node.inputs[1] ? square(ranges[node.inputs[0]])
                                                        : multiply(ranges[node.inputs[0]], ranges[node.inputs[1]]);
  return Inferred{std::move(shape), scale(acc, node.coefs[0])};
}

Result<Inferred> infer_linear(const QGraph& graph, const Node& node, const Ranges& ranges) {
  if (node.coefs.size() != node.inputs.size()) {
    return invalid_argument("Linear needs one coefficient for each of its " + std::to_string(node.inputs.size()) +
                            " inputs, got " + std::to_string(node.coefs.size()));
  }
  Shape shape = graph.value(node.inputs[0]).shape;
  Interval acc = make_interval(node.constant, node.constant);
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Value& x = graph.value(node.inputs[i]);
    ZKI_ASSIGN_OR_RETURN(shape, broadcast_shapes(shape, x.shape));
    acc = add(acc, scale(ranges[node.inputs[i]], node.coefs[i]));
  }
  return Inferred{std::move(shape), acc};
}

Result<Inferred> infer_select(const QGraph& graph, const Node& node, const Ranges& ranges) {
  const Interval condition = ranges[node.inputs[0]];
  if (!condition.inside(0, 1))
    return out_of_range("selects by values of " + to_string(condition) + ", expected 0 or 1");
  Shape shape = graph.value(node.inputs[0]).shape;
  for (const ValueId id : node.inputs) {
    ZKI_ASSIGN_OR_RETURN(shape, broadcast_shapes(shape, graph.value(id).shape));
  }
  return Inferred{std::move(shape), hull(ranges[node.inputs[1]], ranges[node.inputs[2]])};
}

}  // namespace zkinfer::qir
