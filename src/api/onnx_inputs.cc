// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/importer.h"
#include "zkinfer/model.h"

namespace zkinfer {

Result<std::vector<TensorInfo>> onnx_inputs(const std::string& onnx_path, const CompileOptions& options) {
  frontend_onnx::ImportOptions import;
  for (const auto& [name, shape] : options.input_shapes) import.input_shapes[name] = shape;
  ZKI_ASSIGN_OR_RETURN(const ir::Graph graph, frontend_onnx::import_onnx_file(onnx_path, import));
  std::vector<TensorInfo> out;
  for (const ir::ValueId id : graph.inputs) {
    TensorInfo info;
    info.name = graph.value(id).name;
    info.shape = graph.value(id).shape.dims();
    out.push_back(std::move(info));
  }
  return out;
}

}  // namespace zkinfer
