// SPDX-License-Identifier: Apache-2.0
#include "ir/op_table.h"

#include <array>
#include <cmath>

#include "ir/ops/families.h"

namespace zkinfer::ir {

namespace {

std::array<const OpSchema*, kNumOps> build_table() {
  std::array<const OpSchema*, kNumOps> table{};
  for (const auto family : {contract_ops(), elementwise_ops(), pool_ops(), reduce_ops(), movement_ops()})
    for (const OpSchema& row : family) {
      const OpSchema*& slot = table[static_cast<std::size_t>(row.kind)];
      ZKI_CHECK(slot == nullptr, "one row per operator");
      slot = &row;
    }
  for (const OpSchema* row : table) ZKI_CHECK(row != nullptr, "every operator has a row");
  return table;
}

bool is_constant_input(const Graph& graph, const Node& node, std::size_t i) {
  return node.has_input(i) && graph.input_of(node, i).is_constant();
}

std::optional<Unsupported> constant_inputs_needed(const Graph& graph, const Node& node, std::size_t first,
                                                  std::string_view what) {
  for (std::size_t i = first; i < node.inputs.size(); ++i)
    if (node.has_input(i) && !is_constant_input(graph, node, i))
      return Unsupported{std::string(what) + " '" + graph.input_of(node, i).name + "' is computed at run time",
                         "make it an initializer of the model"};
  return std::nullopt;
}

// Of integers. Floats have exp(y log(x)) at least.
std::optional<Unsupported> power_reason(const Graph& graph, const Node& node) {
  if (graph.input_of(node, 0).dtype == DataType::kFloat) return std::nullopt;
  std::optional<double> exponent;
  if (is_constant_input(graph, node, 1) && graph.input_of(node, 1).shape.num_elements() == 1) {
    const FloatTensor* floats = graph.input_of(node, 1).floats();
    exponent = floats != nullptr ? static_cast<double>((*floats)[0])
                                 : static_cast<double>((*graph.input_of(node, 1).ints())[0]);
  }
  if (exponent && *exponent >= 0 && *exponent <= 16 && std::floor(*exponent) == *exponent) return std::nullopt;
  return Unsupported{"of integers only the constant exponents 0 to 16 are possible",
                     "cast to floats before the power, or write it as products"};
}

}  // namespace

const OpSchema& schema(OpKind kind) {
  static const std::array<const OpSchema*, kNumOps> table = build_table();
  return *table[static_cast<std::size_t>(kind)];
}

std::string_view op_name(OpKind kind) { return schema(kind).name; }

Result<TypeAndShape> infer(OpKind kind, const InferenceInputs& inputs, const Attributes& attributes) {
  const OpSchema& row = schema(kind);
  if (inputs.values.size() < row.min_inputs || inputs.values.size() > row.max_inputs)
    return invalid_argument(std::to_string(inputs.values.size()) + " inputs, expected " +
                            std::to_string(row.min_inputs) + " to " + std::to_string(row.max_inputs));
  for (std::size_t i = 0; i < row.min_inputs; ++i)
    if (!inputs.has(i)) return invalid_argument("input " + std::to_string(i) + " is missing");
  if (attributes.index() != row.attributes_index) return invalid_argument("attributes of another operator");
  return row.infer(inputs, attributes);
}

std::optional<Unsupported> unsupported_reason(const Graph& graph, const Node& node) {
  if (graph.output_of(node).shape.num_elements() == 0)
    return Unsupported{"its output " + graph.output_of(node).shape.to_string() + " has no elements",
                       "check the shapes of the model's inputs"};
  switch (node.op) {
    case OpKind::kConv: return constant_inputs_needed(graph, node, 1, "weight or bias");
    case OpKind::kMatMul: return constant_inputs_needed(graph, node, 2, "bias");
    case OpKind::kBatchNormalization: return constant_inputs_needed(graph, node, 1, "parameter");
    case OpKind::kPow: return power_reason(graph, node);
    default: return std::nullopt;
  }
}

}  // namespace zkinfer::ir
