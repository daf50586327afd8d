// SPDX-License-Identifier: Apache-2.0
#include "frontend/network/importer.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "base/files.h"
#include "base/text.h"
#include "frontend/keras/importer.h"
#include "frontend/keras/saved_model.h"
#include "frontend/tflite/reader.h"

namespace zkinfer::frontend_network {

namespace {

using Reader = Result<ir::Graph> (*)(ByteView bytes, const ImportOptions& options);

Result<ir::Graph> import_archive(ByteView bytes, const ImportOptions& options) {
  ZKI_ASSIGN_OR_RETURN(const bool is_keras, frontend_keras::is_keras_archive(bytes));
  if (is_keras) return frontend_keras::import_keras(bytes, options);
  return unsupported(
      "a zip archive that is no .keras file; of a PyTorch checkpoint export the module itself, with torch.onnx.export "
      "or zkinfer.compile(module) in Python");
}

// A format that is known by its first bytes.
struct Format {
  std::size_t offset;  // of the magic
  std::string_view magic;
  Reader read;              // null: known and not read
  std::string_view advice;  // then
};

using std::string_view_literals::operator""sv;

constexpr std::size_t kHeadBytes = 16;
constexpr std::string_view kPickleAdvice =
    "a Python pickle, which runs code when it is read; load it in Python and give the model itself to zkinfer.compile";

constexpr auto kFormats = std::to_array<Format>({
    {4, "TFL3"sv, frontend_tflite::import_tflite, ""},
    {0, "\x89HDF\r\n\x1a\n"sv, frontend_keras::import_keras_h5, ""},
    {0, "PK\x03\x04"sv, import_archive, ""},
    {0, "\x80\x02"sv, nullptr, kPickleAdvice},
    {0, "\x80\x04\x95"sv, nullptr, kPickleAdvice},
    {0, "\x80\x05\x95"sv, nullptr, kPickleAdvice},
    {0, "GGUF"sv, nullptr, "GGUF holds weights and no graph; export the network to ONNX"},
});

// Null: ONNX, whose first bytes may be anything that protobuf takes.
const Format* format_of(ByteView head) {
  for (const Format& format : kFormats) {
    if (head.size() < format.offset + format.magic.size()) continue;
    if (std::equal(format.magic.begin(), format.magic.end(), head.begin() + static_cast<std::ptrdiff_t>(format.offset),
                   [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; }))
      return &format;
  }
  return nullptr;
}

Bytes head_of(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::array<char, kHeadBytes> head{};
  stream.read(head.data(), head.size());
  const auto got = static_cast<std::ptrdiff_t>(stream.gcount());
  return Bytes(head.begin(), head.begin() + got);
}

Result<ir::Graph> import_folder(const std::string& path, const ImportOptions& options) {
  std::error_code error;
  if (std::filesystem::exists(std::filesystem::path(path) / "saved_model.pb", error))
    return frontend_keras::import_saved_model_folder(path, options);
  return invalid_argument("a folder, expected a file with a network");
}

}  // namespace

Result<ir::Graph> import_network(ByteView bytes, const ImportOptions& options) {
  const Format* format = format_of(bytes);
  if (format == nullptr) return frontend_onnx::import_onnx(bytes, options);
  if (format->read == nullptr) return unsupported(std::string(format->advice));
  ZKI_RETURN_IF_ERROR(frontend_onnx::check_file_size(bytes.size(), options));
  return format->read(bytes, options);
}

Result<ir::Graph> import_network_file(const std::string& path, const ImportOptions& options) {
  std::error_code error;
  const std::string where = in_quotes(path);
  if (std::filesystem::is_directory(path, error)) {
    Result<ir::Graph> graph = import_folder(path, options);
    return graph.ok() ? std::move(graph) : graph.status().with_context(where);
  }
  // ONNX finds weights in files beside it, and pipes have no beginning to look at first.
  const bool is_onnx = std::filesystem::is_regular_file(path, error) && format_of(head_of(path)) == nullptr;
  if (is_onnx) return frontend_onnx::import_onnx_file(path, options);
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_file(path, options.max_file_bytes));
  Result<ir::Graph> graph = import_network(bytes, options);
  return graph.ok() ? std::move(graph) : graph.status().with_context(where);
}

}  // namespace zkinfer::frontend_network
