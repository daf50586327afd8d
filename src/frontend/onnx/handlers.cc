// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/handlers.h"

#include <array>
#include <unordered_map>

namespace zkinfer::frontend_onnx {

std::span<const HandlerFamily> handler_families() {
  static const auto families = std::to_array<HandlerFamily>({
      {"", contract_handlers()},
      {"", elementwise_handlers()},
      {"", function_handlers()},
      {"", pool_handlers()},
      {"", reduce_handlers()},
      {"", movement_handlers()},
      {"", pad_handlers()},
      {"", gather_handlers()},
      {"", scatter_handlers()},
      {"", constant_handlers()},
      {"", composed_handlers()},
      {"", resize_handlers()},
      {"", sample_handlers()},
      {"", transposed_handlers()},
      {"", normalize_handlers()},
      {"", quantized_handlers()},
      {"", bitwise_handlers()},
      {"", attention_handlers()},
      {"", einsum_handlers()},
      {"", loss_handlers()},
      {"", state_handlers()},
      {"com.microsoft", microsoft_handlers()},
      {"com.microsoft", microsoft_attention_handlers()},
      {"com.microsoft", microsoft_quantized_handlers()},
      {"com.microsoft", microsoft_recurrent_handlers()},
      {"", recurrent_handlers()},
      {"", signal_handlers()},
      {"ai.onnx.ml", ml_handlers()},
      {"ai.onnx.ml", ml_tree_handlers()},
      {"ai.onnx.ml", ml_svm_handlers()},
  });
  return families;
}

const Handler* find_handler(std::string_view domain, std::string_view op_type) {
  // Keys are "domain:operator".
  static const std::unordered_map<std::string, const Handler*> table = [] {
    std::unordered_map<std::string, const Handler*> rows;
    for (const HandlerFamily& family : handler_families())
      for (const Handler& row : family.handlers)
        ZKI_CHECK(rows.emplace(std::string(family.domain) + ":" + std::string(row.op_type), &row).second,
                  "one handler per operator");
    return rows;
  }();
  if (domain == "ai.onnx") domain = "";
  const auto found = table.find(std::string(domain) + ":" + std::string(op_type));
  return found == table.end() ? nullptr : found->second;
}

std::string_view no_meaning(std::string_view op_type) {
  const auto has = [op_type](std::string_view part) { return op_type.find(part) != std::string_view::npos; };
  if (has("Sequence")) return "it works on sequences, and only dense tensors have a meaning here";
  if (has("Optional")) return "it works on optional values, and only dense tensors have a meaning here";
  if (has("String") || has("Regex") || op_type == "TfIdfVectorizer")
    return "it works on strings, and only numbers have a meaning here";
  if (has("Random") || op_type == "Bernoulli" || op_type == "Multinomial")
    return "its results are random, and a proof is about one result for one input";
  if (op_type == "ImageDecoder") return "it reads an image file, and only numbers have a meaning here";
  return {};
}

Status no_check(const NodeContext&) { return ok_status(); }

Result<Outputs> one_output(Result<ir::ValueId> value) {
  if (!value.ok()) return value.status();
  return Outputs{*value};
}

}  // namespace zkinfer::frontend_onnx
