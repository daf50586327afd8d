// SPDX-License-Identifier: Apache-2.0
// Files of networks, and of their tokenizers.
#include <string>

#include "base/files.h"
#include "frontend/json/json.h"
#include "frontend/keras/importer.h"
#include "frontend/keras/saved_model.h"
#include "frontend/language/huggingface.h"
#include "frontend/language/importer.h"
#include "frontend/language/safetensors.h"
#include "frontend/language/test_gguf.h"
#include "frontend/language/test_llama.h"
#include "frontend/language/test_safetensors.h"
#include "frontend/language/writer.h"
#include "frontend/tflite/reader.h"
#include "frontend/tflite/test_networks.h"
#include "fuzz/networks.h"
#include "operators/cases.h"
#include "tokenizer/tokenizer.h"

namespace zkinfer::fuzz {

std::vector<Bytes> onnx_seeds() {
  std::vector<Bytes> seeds;
  for (const auto cases : {operators::contract_cases(), operators::elementwise_cases(), operators::pool_cases(),
                           operators::reduce_cases(), operators::movement_cases(), operators::composed_cases()}) {
    for (const operators::Case& drafted : cases) {
      operators::Draft draft(drafted.opset);
      for (const std::string& output : drafted.build(draft)) draft.model().output(output);
      seeds.push_back(draft.model().bytes());
    }
  }
  return seeds;
}

frontend_onnx::ImportOptions small_import() {
  frontend_onnx::ImportOptions options;
  options.max_file_bytes = std::uint64_t{1} << 20;
  options.max_folded_elements = std::int64_t{1} << 16;
  return options;
}

namespace {

void onnx_import(ByteView bytes) {
  Result<ir::Graph> graph = frontend_onnx::import_onnx(bytes, small_import());
  if (!graph.ok()) return;
  ZKI_CHECK(ir::verify(*graph).ok(), "the importer made a broken graph");
  static_cast<void>(ir::to_text(*graph));
}

Bytes stored_file(const std::string& name) {
  Result<Bytes> bytes = read_file(std::string(ZKINFER_SOURCE_DIR) + "/testdata/" + name, std::uint64_t{1} << 24);
  return bytes.ok() ? std::move(*bytes) : Bytes();
}
Bytes keras_file(const std::string& name) { return stored_file("keras/" + name); }
std::vector<Bytes> keras_seeds() {
  return {keras_file("small_keras2.keras"), keras_file("zoo.keras"), keras_file("small_keras2.h5"),
          keras_file("small_keras3.h5"), keras_file("latest.h5")};
}
std::vector<Bytes> keras_config_seeds() {
  const Result<std::vector<frontend_keras::KerasPart>> parts = frontend_keras::keras_parts(keras_file("zoo.keras"));
  return parts.ok() ? std::vector<Bytes>{(*parts)[0].bytes} : std::vector<Bytes>();
}

void keras_import(ByteView bytes) {
  for (const auto read : {frontend_keras::import_keras, frontend_keras::import_keras_h5}) {
    const Result<ir::Graph> graph = read(bytes, small_import());
    if (graph.ok()) ZKI_CHECK(ir::verify(*graph).ok(), "the importer made a broken graph");
  }
}

// Another configuration with the weights of a network of many layers.
void keras_config(ByteView bytes) {
  static const Bytes weights = [] {
    const auto parts = frontend_keras::keras_parts(keras_file("zoo.keras"));
    return parts.ok() ? (*parts)[1].bytes : Bytes();
  }();
  for (const int keras : {2, 3}) {
    const Result<ir::Graph> graph = frontend_keras::import_keras_parts(bytes, weights, keras, small_import());
    if (graph.ok()) ZKI_CHECK(ir::verify(*graph).ok(), "the importer made a broken graph");
  }
}

void tflite_import(ByteView bytes) {
  Result<ir::Graph> graph = frontend_tflite::import_tflite(bytes, small_import());
  if (!graph.ok()) {
    ZKI_CHECK(graph.status().code() != StatusCode::kInternal, graph.status().to_string().c_str());
    return;
  }
  ZKI_CHECK(ir::verify(*graph).ok(), "the importer made a broken graph");
  static_cast<void>(ir::to_text(*graph));
}

frontend_onnx::ImportOptions few_tokens() {
  frontend_onnx::ImportOptions options = small_import();
  options.tokens = 3;
  return options;
}
void llama2c_import(ByteView bytes) {
  const Result<ir::Graph> graph =
      frontend_language::import_llama2c(frontend_language::Source::borrowed(bytes), few_tokens());
  if (graph.ok()) ZKI_CHECK(ir::verify(*graph).ok(), "the importer made a broken graph");
}
std::vector<Bytes> llama2c_seeds() {
  frontend_language::Llama model = frontend_language::small_llama(false);
  return {frontend_language::llama2c_version_0(frontend_language::small_llama(true)),
          frontend_language::llama2c_newer(model, 1), frontend_language::llama2c_newer(model, 2)};
}

void gguf_import(ByteView bytes) {
  const Result<ir::Graph> graph =
      frontend_language::import_gguf(frontend_language::Source::borrowed(bytes), few_tokens());
  if (graph.ok()) ZKI_CHECK(ir::verify(*graph).ok(), "the importer made a broken graph");
}
std::vector<Bytes> gguf_seeds() {
  std::vector<Bytes> seeds;
  for (const std::string architecture : {"llama", "qwen2"})
    seeds.push_back(frontend_language::gguf_llama(frontend_language::small_llama(true), architecture).file());
  return seeds;
}

// A configuration and a file of tensors, each behind its length.
void huggingface_import(ByteView bytes) {
  ByteReader reader(bytes);
  const ByteView config = reader.blob(bytes.size());
  const ByteView file = reader.blob(bytes.size());
  frontend_language::Tensors tensors;
  if (!frontend_language::read_safetensors(frontend_language::Source::borrowed(file), tensors).ok()) return;
  const auto network = frontend_language::read_huggingface(config, std::move(tensors));
  if (!network.ok()) return;
  const Result<ir::Graph> graph = frontend_language::import_described(*network, few_tokens());
  if (graph.ok()) ZKI_CHECK(ir::verify(*graph).ok(), "the importer made a broken graph");
}
std::vector<Bytes> huggingface_seeds() {
  std::vector<Bytes> seeds;
  for (const bool tied : {false, true}) {
    const frontend_language::Llama model = frontend_language::small_llama(tied);
    ByteWriter writer;
    writer.text(frontend_language::llama_config(model, R"(, "rope_scaling": {"type": "linear", "factor": 2})"));
    writer.blob(frontend_language::llama_tensors(model).file());
    seeds.push_back(std::move(writer).take());
  }
  return seeds;
}

// The four files of a folder, each behind its length.
void saved_model(ByteView bytes) {
  ByteReader reader(bytes);
  frontend_keras::SavedModelFiles files;
  for (Bytes* file : {&files.graph, &files.metadata, &files.index, &files.data}) {
    const ByteView part = reader.blob(bytes.size());
    file->assign(part.begin(), part.end());
  }
  const Result<ir::Graph> graph = frontend_keras::import_saved_model(files, small_import());
  if (graph.ok()) ZKI_CHECK(ir::verify(*graph).ok(), "the importer made a broken graph");
}
std::vector<Bytes> saved_model_seeds() {
  std::vector<Bytes> seeds;
  for (const std::string folder : {"sequence_new", "sequence_old"}) {
    ByteWriter writer;
    for (const std::string name : {"saved_model.pb", "keras_metadata.pb", "variables/variables.index",
                                   "variables/variables.data-00000-of-00001"})
      writer.blob(keras_file(folder + "/" + name));
    seeds.push_back(std::move(writer).take());
  }
  return seeds;
}

void safetensors(ByteView bytes) {
  frontend_language::Tensors tensors;
  static_cast<void>(frontend_language::read_safetensors(frontend_language::Source::borrowed(bytes), tensors));
}
std::vector<Bytes> safetensors_seeds() {
  return {frontend_language::llama_tensors(frontend_language::small_llama(false)).file()};
}

// Every question of every value.
void ask(const frontend_json::Json& value) {
  static_cast<void>(value.integer());
  static_cast<void>(value.integers());
  for (const frontend_json::Json& item : value.items()) ask(item);
  for (const auto& [name, member] : value.members()) ask(member);
}
void json(ByteView bytes) {
  for (const bool tuples : {false, true}) {
    const Result<frontend_json::Json> read = frontend_json::Json::parse(bytes, {10000, tuples});
    if (!read.ok()) continue;
    static_cast<void>(read->shown());
    ask(*read);
  }
}
std::vector<Bytes> json_text_seeds() {
  constexpr std::string_view kText =
      R"({"class_name": "__tuple__", "items": [1, -2.5e3, true, null, "\u00e9\ud83d\ude00", {"a": [[1, 2], []]}]})";
  std::vector<Bytes> seeds = keras_config_seeds();
  seeds.emplace_back(kText.begin(), kText.end());
  return seeds;
}

// Any file of a tokenizer, on a text with all that tokenizers treat specially.
void tokenizer(ByteView bytes) {
  const Result<Tokenizer> read = Tokenizer::from_bytes(bytes);
  if (!read.ok()) {
    ZKI_CHECK(read.status().code() != StatusCode::kInternal, read.status().to_string().c_str());
    return;
  }
  constexpr std::string_view kText =
      "<s> I'm 12345  na\xc3\xafve\n\n\xe4\xb8\xad\xf0\x9f\x98\x80 \xe2\x96\x81 e\xcc\x81";
  for (const bool read_special : {false, true}) {
    const Result<std::vector<int>> tokens = read->encode(kText, {true, read_special});
    if (!tokens.ok()) {
      ZKI_CHECK(tokens.status().code() != StatusCode::kInternal, tokens.status().to_string().c_str());
      continue;
    }
    ZKI_CHECK(read->decode(*tokens, {true, false}).ok(), "a token that was made is none");
    TextStream stream(*read);
    for (const int token : *tokens) static_cast<void>(stream.push(token));
  }
}
std::vector<Bytes> tokenizer_seeds() {
  std::vector<Bytes> seeds;
  for (const char* name :
       {"plain.bin", "joined.model", "unigram.model", "gpt2.json", "llama3.json", "bert.json", "t5.json", "steps.json"})
    seeds.push_back(stored_file(std::string("tokenizer/") + name));
  return seeds;
}

constexpr Target kTargets[] = {
    {"onnx_import", onnx_import, onnx_seeds, 20000},
    {"keras_import", keras_import, keras_seeds, 2000},
    {"keras_config", keras_config, keras_config_seeds, 2000},
    {"saved_model", saved_model, saved_model_seeds, 1000},
    {"tflite_import", tflite_import, frontend_tflite::test_networks, 10000},
    {"llama2c_import", llama2c_import, llama2c_seeds, 4000},
    {"gguf_import", gguf_import, gguf_seeds, 4000},
    {"huggingface_import", huggingface_import, huggingface_seeds, 4000},
    {"safetensors", safetensors, safetensors_seeds, 10000},
    {"json", json, json_text_seeds, 2000},
    {"tokenizer", tokenizer, tokenizer_seeds, 4000},
};

}  // namespace

std::span<const Target> network_targets() { return kTargets; }

}  // namespace zkinfer::fuzz
