// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/handlers.h"

#include <unordered_map>

namespace zkinfer::frontend_onnx {

const Handler* find_handler(std::string_view op_type) {
  static const std::unordered_map<std::string_view, const Handler*> table = [] {
    std::unordered_map<std::string_view, const Handler*> rows;
    for (const auto family :
         {contract_handlers(), elementwise_handlers(), pool_handlers(), reduce_handlers(), movement_handlers(),
          constant_handlers(), composed_handlers(), resize_handlers(), recurrent_handlers()})
      for (const Handler& row : family) ZKI_CHECK(rows.emplace(row.op_type, &row).second, "one handler per operator");
    return rows;
  }();
  const auto found = table.find(op_type);
  return found == table.end() ? nullptr : found->second;
}

Status no_check(const NodeContext&) { return ok_status(); }

Result<Outputs> one_output(Result<ir::ValueId> value) {
  if (!value.ok()) return value.status();
  return Outputs{*value};
}

}  // namespace zkinfer::frontend_onnx
