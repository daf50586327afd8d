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
#include "frontend/language/gguf.h"
#include "frontend/language/huggingface.h"
#include "frontend/language/importer.h"
#include "frontend/language/llama2c.h"
#include "frontend/language/safetensors.h"
#include "frontend/tflite/reader.h"

namespace zkinfer::frontend_network {

namespace {

using Reader = Result<ir::Graph> (*)(ByteView bytes, const ImportOptions& options);
// Of files that may be larger than memory.
using SourceReader = Result<ir::Graph> (*)(std::shared_ptr<const frontend_language::Source> source,
                                           const ImportOptions& options);

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
  Reader read;                         // null: known and not read
  std::string_view advice;             // then
  SourceReader read_source = nullptr;  // instead of `read`
};

using std::string_view_literals::operator""sv;

constexpr std::string_view kWhatIsRead =
    "ONNX, TensorFlow Lite, Keras, GGUF and llama2.c files and the folders of SavedModels and Hugging Face are read";
constexpr std::size_t kHeadBytes = 32;
static_assert(kHeadBytes >= frontend_language::kLlama2cHeadBytes);
constexpr std::string_view kPickleAdvice =
    "a Python pickle, which runs code when it is read; load it in Python and give the model itself to zkinfer.compile";

constexpr auto kFormats = std::to_array<Format>({
    {4, "TFL3"sv, frontend_tflite::import_tflite, ""},
    {0, "\x89HDF\r\n\x1a\n"sv, frontend_keras::import_keras_h5, ""},
    {0, "PK\x03\x04"sv, import_archive, ""},
    {0, "\x80\x02"sv, nullptr, kPickleAdvice},
    {0, "\x80\x04\x95"sv, nullptr, kPickleAdvice},
    {0, "\x80\x05\x95"sv, nullptr, kPickleAdvice},
    {0, frontend_language::kGgufMagic, nullptr, "", frontend_language::import_gguf},
    {0, frontend_language::kLlama2cMagic, nullptr, "", frontend_language::import_llama2c},
});
constexpr Format kSafetensors{
    0, ""sv, nullptr,
    "safetensors holds weights and not what is computed with them; give the folder that has config.json beside them"};
constexpr Format kLlama2c{0, ""sv, nullptr, "", frontend_language::import_llama2c};  // without a magic

// Null: ONNX, whose first bytes may be anything that protobuf takes.
const Format* format_of(ByteView head, std::uint64_t file_bytes) {
  for (const Format& format : kFormats) {
    if (head.size() < format.offset + format.magic.size()) continue;
    if (std::equal(format.magic.begin(), format.magic.end(), head.begin() + static_cast<std::ptrdiff_t>(format.offset),
                   [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; }))
      return &format;
  }
  if (frontend_language::is_safetensors(head, file_bytes)) return &kSafetensors;
  return frontend_language::is_llama2c(head, file_bytes) ? &kLlama2c : nullptr;
}

// What only language models' files take.
Status check_language_options(const ImportOptions& options) {
  if (!options.tokens && !options.head && !options.conversation) return ok_status();
  const char* given = options.tokens ? "tokens" : options.head ? "head" : "conversation";
  return invalid_argument(std::string("CompileOptions::") + given +
                          " is of language models' files, and this is another; lengths of a network's axes are "
                          "CompileOptions::input_shapes");
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
  if (std::filesystem::exists(std::filesystem::path(path) / "saved_model.pb", error)) {
    ZKI_RETURN_IF_ERROR(check_language_options(options));
    return frontend_keras::import_saved_model_folder(path, options);
  }
  if (std::filesystem::exists(std::filesystem::path(path) / frontend_language::kConfigName, error))
    return frontend_language::import_huggingface_folder(path, options);
  return invalid_argument("a folder without a network; " + std::string(kWhatIsRead));
}

// Whatever is no network, and what is damaged, says what would be one.
Result<ir::Graph> advised(Result<ir::Graph> graph) {
  if (graph.ok() || graph.status().code() != StatusCode::kCorrupt) return graph;
  const std::string& message = graph.status().message();
  if (message.find("; ") != std::string::npos) return graph;
  return corrupt(message + "; it is damaged, cut off or no network: " + std::string(kWhatIsRead));
}

Result<ir::Graph> import_bytes(ByteView bytes, const ImportOptions& options) {
  const Format* format = format_of(bytes, bytes.size());
  if (format != nullptr && format->read_source != nullptr)
    return format->read_source(frontend_language::Source::borrowed(bytes), options);
  if (format != nullptr && format->read == nullptr) return unsupported(std::string(format->advice));
  ZKI_RETURN_IF_ERROR(check_language_options(options));
  if (format == nullptr) return frontend_onnx::import_onnx(bytes, options);
  ZKI_RETURN_IF_ERROR(frontend_onnx::check_file_size(bytes.size(), options));
  return format->read(bytes, options);
}

Result<ir::Graph> import_file(const std::string& path, const ImportOptions& options) {
  std::error_code error;
  const std::string where = in_quotes(path);
  const auto named = [&](Result<ir::Graph> graph) {
    return graph.ok() ? std::move(graph) : graph.status().with_context(where);
  };
  if (std::filesystem::is_directory(path, error)) return named(import_folder(path, options));
  // Pipes have no beginning to look at first.
  const bool is_regular = std::filesystem::is_regular_file(path, error);
  const Format* format = is_regular ? format_of(head_of(path), std::filesystem::file_size(path, error)) : nullptr;
  if (format != nullptr && format->read_source != nullptr) {
    ZKI_ASSIGN_OR_RETURN(std::shared_ptr<const frontend_language::Source> source,
                         frontend_language::Source::open(path));
    return named(format->read_source(std::move(source), options));
  }
  if (format != nullptr && format->read == nullptr) return named(unsupported(std::string(format->advice)));
  if (is_regular && format == nullptr) {
    // What is no ONNX may be a damaged file of the format without a magic.
    const std::string hint = frontend_language::llama2c_hint(head_of(path), std::filesystem::file_size(path, error));
    const auto hinted = [&](const Status& status) {
      return hint.empty() ? status : Status(status.code(), status.message() + "; " + hint);
    };
    if (const Status status = check_language_options(options); !status.ok()) return hinted(status.with_context(where));
    Result<ir::Graph> graph = frontend_onnx::import_onnx_file(path, options);  // which finds weights in files beside it
    const bool is_none = !graph.ok() && graph.status().code() == StatusCode::kCorrupt;
    return is_none ? hinted(graph.status()) : std::move(graph);
  }
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_file(path, options.max_file_bytes));
  return named(import_network(bytes, options));
}

}  // namespace

Result<ir::Graph> import_network(ByteView bytes, const ImportOptions& options) {
  return advised(import_bytes(bytes, options));
}

Result<ir::Graph> import_network_file(const std::string& path, const ImportOptions& options) {
  return advised(import_file(path, options));
}

}  // namespace zkinfer::frontend_network
