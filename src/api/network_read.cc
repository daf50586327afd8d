// SPDX-License-Identifier: Apache-2.0
#include "api/network_read.h"

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

Status check_same_network(const ir::Graph& imported, const CompileRecord& record) {
  if (network_digest(imported) == record.network) return {};
  return invalid_argument(
      "the ONNX file holds another network than the one that the model was compiled from: other weights, operators, "
      "names or input shapes. Give the file that was compiled, with the same CompileOptions::input_shapes, tokens and "
      "head, or compile "
      "this one");
}

}  // namespace zkinfer::api
