// SPDX-License-Identifier: Apache-2.0
// One row per operator: name, arity, attribute type, shape inference, one line of documentation and what legalize
// needs of it. The rows live in ops/<family>.cc.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ir/graph.h"

namespace zkinfer::ir {

struct TypeAndShape {
  DataType dtype = DataType::kFloat;
  Shape shape;
};

// Inputs of shape inference, one per node input, null where an optional input is missing.
struct InferenceInputs {
  std::vector<const Value*> values;
  const Shape& shape(std::size_t i) const { return values[i]->shape; }
  DataType dtype(std::size_t i) const { return values[i]->dtype; }
  bool has(std::size_t i) const { return i < values.size() && values[i] != nullptr; }
};

enum class OpLevel : std::uint8_t {
  kCore,       // stays after legalize
  kRewritten,  // legalize turns it into core operators
};

struct OpSchema {
  OpKind kind;
  std::string_view name;
  OpLevel level;
  std::size_t min_inputs, max_inputs;  // inputs with index < min_inputs are required
  std::size_t attributes_index;        // index of the alternative in Attributes
  Result<TypeAndShape> (*infer)(const InferenceInputs& inputs, const Attributes& attributes);
  std::string_view doc;
};

const OpSchema& schema(OpKind kind);
std::string_view op_name(OpKind kind);

// Type and shape of a node's output. invalid_argument: arity, attribute type, attribute values or shapes that the
// operator does not allow; the message has no node name (callers add it).
Result<TypeAndShape> infer(OpKind kind, const InferenceInputs& inputs, const Attributes& attributes);

// Why a node whose inputs are not all constant cannot become core operators, and what the owner of the model can do.
struct Unsupported {
  std::string reason, remedy;
};
std::optional<Unsupported> unsupported_reason(const Graph& graph, const Node& node);

}  // namespace zkinfer::ir
