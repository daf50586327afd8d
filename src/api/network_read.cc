// SPDX-License-Identifier: Apache-2.0
#include "api/network_read.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "hash/sha256.h"

namespace zkinfer::api {

Digest network_digest(const ir::Graph& imported) {
  ByteWriter all;
  for (const ir::Value& value : imported.values) {
    if (!value.is_constant()) continue;
    const Digest digest = std::visit(
        [](const auto& tensor) {
          const auto data = tensor.data();
          return sha256({reinterpret_cast<const std::uint8_t*>(data.data()), data.size_bytes()});
        },
        *value.constant);
    all.raw(digest);
  }
  // The constants' names and shapes are lines of the text, in the same order.
  all.text(ir::to_text(imported));
  return sha256(all.bytes());
}

std::uint64_t num_network_parameters(const ir::Graph& legalized) {
  std::vector<bool> is_read(legalized.values.size(), false);
  for (const ir::Node& node : legalized.nodes) {
    for (const ir::ValueId id : node.inputs)
      if (id != ir::kNoValue) is_read[static_cast<std::size_t>(id)] = true;
  }
  std::uint64_t count = 0;
  for (std::size_t id = 0; id < legalized.values.size(); ++id) {
    const ir::Value& value = legalized.values[id];
    const bool is_number = value.dtype != ir::DataType::kBool;
    if (is_read[id] && value.is_constant() && !value.literal && is_number)
      count += static_cast<std::uint64_t>(value.shape.num_elements());
  }
  return count;
}

namespace {

// The number that every element of a constant is.
std::optional<double> number_of(const ir::Graph& graph, ir::ValueId id) {
  if (id == ir::kNoValue || !graph.value(id).is_constant() || graph.value(id).shape.num_elements() != 1)
    return std::nullopt;
  const ir::Value& value = graph.value(id);
  if (value.floats() != nullptr) return static_cast<double>((*value.floats())[0]);
  return static_cast<double>((*value.ints())[0]);
}

bool moves(ir::OpKind op) {
  return op == ir::OpKind::kIdentity || op == ir::OpKind::kReshape || op == ir::OpKind::kTranspose;
}

// (x - zero_point) * scale: the reader of the input that makes floats of it, as DequantizeLinear is imported.
void find_dequantized(const ir::Graph& graph, const std::vector<std::vector<const ir::Node*>>& readers, ir::ValueId id,
                      WholeTensor& whole) {
  const auto only = [&](ir::ValueId value) -> const ir::Node* {
    const auto& all = readers[static_cast<std::size_t>(value)];
    return all.size() == 1 ? all.front() : nullptr;
  };
  for (const ir::Node* node = only(id); node != nullptr && moves(node->op); node = only(id)) id = node->output;
  for (const ir::Node* cast : readers[static_cast<std::size_t>(id)]) {
    if (cast->op != ir::OpKind::kCast || graph.value(cast->output).dtype != ir::DataType::kFloat) continue;
    const ir::Node* next = only(cast->output);
    double zero = 0;
    if (next != nullptr && next->op == ir::OpKind::kSub && next->inputs[0] == cast->output) {
      zero = number_of(graph, next->inputs[1]).value_or(0);
      next = only(next->output);
    }
    if (next == nullptr || next->op != ir::OpKind::kMul) continue;
    for (const ir::ValueId factor : next->inputs) {
      const std::optional<double> scale = number_of(graph, factor);
      if (!scale || !(*scale > 0)) continue;
      whole.scale = *scale;
      whole.zero_point = std::llround(zero);
      return;
    }
  }
}

// Clip(Round(x / scale)) + zero_point, as QuantizeLinear is imported.
void find_quantized(const ir::Graph& graph, const std::vector<std::int32_t>& producers, ir::ValueId id,
                    WholeTensor& whole) {
  const auto maker = [&](ir::ValueId value) -> const ir::Node* {
    const std::int32_t at = value == ir::kNoValue ? -1 : producers[static_cast<std::size_t>(value)];
    return at < 0 ? nullptr : &graph.nodes[static_cast<std::size_t>(at)];
  };
  const ir::Node* node = maker(id);
  while (node != nullptr && moves(node->op)) node = maker(node->inputs[0]);
  if (node == nullptr || node->op != ir::OpKind::kCast) return;
  node = maker(node->inputs[0]);
  double zero = 0;
  if (node != nullptr && node->op == ir::OpKind::kAdd) {
    const std::optional<double> added = number_of(graph, node->inputs[1]);
    if (!added) return;
    zero = *added;
    node = maker(node->inputs[0]);
  }
  if (node == nullptr || node->op != ir::OpKind::kClip) return;
  node = maker(node->inputs[0]);
  if (node == nullptr || node->op != ir::OpKind::kFunction) return;  // the rounding
  node = maker(node->inputs[0]);
  if (node == nullptr || node->op != ir::OpKind::kDiv) return;
  const std::optional<double> scale = number_of(graph, node->inputs[1]);
  if (!scale || !(*scale > 0)) return;
  whole.scale = *scale;
  whole.zero_point = std::llround(zero);
}

}  // namespace

std::vector<WholeTensor> whole_tensors(const ir::Graph& imported) {
  std::vector<std::vector<const ir::Node*>> readers(imported.values.size());
  for (const ir::Node& node : imported.nodes)
    for (const ir::ValueId id : node.inputs)
      if (id != ir::kNoValue) readers[static_cast<std::size_t>(id)].push_back(&node);
  const std::vector<std::int32_t> producers = ir::producers(imported);
  std::vector<WholeTensor> out;
  const auto add = [&](ir::ValueId id, bool is_input) {
    const ir::Value& value = imported.value(id);
    if (value.dtype == ir::DataType::kFloat || out.size() == CompileRecord::kMaxWhole) return;
    WholeTensor& whole = out.emplace_back();
    whole.name = value.name;
    whole.is_input = is_input;
    const ir::IntegerRange range =
        value.declared.value_or(value.dtype == ir::DataType::kBool ? ir::IntegerRange{0, 1} : ir::IntegerRange{0, 0});
    whole.lo = range.lo;
    whole.hi = range.hi;
    if (is_input)
      find_dequantized(imported, readers, id, whole);
    else
      find_quantized(imported, producers, id, whole);
  };
  for (const ir::ValueId id : imported.inputs) add(id, true);
  for (const ir::ValueId id : imported.outputs) add(id, false);
  return out;
}

void set_resolutions(const std::vector<WholeTensor>& whole, Fidelity& fidelity) {
  for (const WholeTensor& tensor : whole) {
    if (tensor.is_input || !tensor.has_scale()) continue;
    for (TensorFidelity& output : fidelity.outputs)
      if (output.name == tensor.name) output.resolution = 1;
  }
}

Status check_same_network(const ir::Graph& imported, const CompileRecord& record) {
  if (network_digest(imported) == record.network) return {};
  return invalid_argument(
      "the ONNX file holds another network than the one that the model was compiled from: other weights, operators, "
      "names or input shapes. Give the file that was compiled, with the same CompileOptions::input_shapes, tokens and "
      "head, or compile "
      "this one");
}

}  // namespace zkinfer::api
