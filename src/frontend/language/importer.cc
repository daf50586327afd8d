// SPDX-License-Identifier: Apache-2.0
#include "frontend/language/importer.h"

#include "frontend/language/gguf.h"
#include "frontend/language/huggingface.h"
#include "frontend/language/llama2c.h"
#include "frontend/language/writer.h"

namespace zkinfer::frontend_language {

namespace {

Result<ir::Graph> import_read(const Result<Network>& network, const frontend_onnx::ImportOptions& options,
                              std::string_view format) {
  if (!network.ok()) return network.status().with_context(format);
  Result<ir::Graph> graph = import_described(*network, options);
  const bool is_the_files = !graph.ok() && graph.status().code() == StatusCode::kCorrupt;
  return is_the_files ? graph.status().with_context(format) : std::move(graph);
}

}  // namespace

Result<ir::Graph> import_llama2c(std::shared_ptr<const Source> source, const frontend_onnx::ImportOptions& options) {
  return import_read(read_llama2c(std::move(source)), options, "llama2.c file");
}

Result<ir::Graph> import_gguf(std::shared_ptr<const Source> source, const frontend_onnx::ImportOptions& options) {
  return import_read(read_gguf_network(std::move(source)), options, "GGUF file");
}

Result<ir::Graph> import_huggingface_folder(const std::string& folder, const frontend_onnx::ImportOptions& options) {
  return import_read(read_huggingface_folder(folder), options, "Hugging Face folder");
}

}  // namespace zkinfer::frontend_language
