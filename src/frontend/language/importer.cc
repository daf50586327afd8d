// SPDX-License-Identifier: Apache-2.0
#include "frontend/language/importer.h"

#include "frontend/language/llama2c.h"
#include "frontend/language/writer.h"

namespace zkinfer::frontend_language {

namespace {

Result<ir::Graph> import_read(const Result<Network>& network, const frontend_onnx::ImportOptions& options,
                              std::string_view format) {
  if (!network.ok()) return network.status().with_context(format);
  return import_described(*network, options);
}

}  // namespace

Result<ir::Graph> import_llama2c(std::shared_ptr<const Source> source, const frontend_onnx::ImportOptions& options) {
  return import_read(read_llama2c(std::move(source)), options, "llama2.c file");
}

}  // namespace zkinfer::frontend_language
