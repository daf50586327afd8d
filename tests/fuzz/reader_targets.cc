// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "base/files.h"
#include "exec/integer/executor.h"
#include "frontend/keras/importer.h"
#include "frontend/keras/saved_model.h"
#include "frontend/language/huggingface.h"
#include "frontend/language/importer.h"
#include "frontend/language/safetensors.h"
#include "frontend/language/test_gguf.h"
#include "frontend/language/test_llama.h"
#include "frontend/language/test_safetensors.h"
#include "frontend/language/writer.h"
#include "frontend/onnx/importer.h"
#include "frontend/tflite/reader.h"
#include "frontend/tflite/test_networks.h"
#include "fuzz/targets.h"
#include "inputs/idx_reader.h"
#include "inputs/input_file.h"
#include "inputs/json_reader.h"
#include "inputs/npy_reader.h"
#include "inputs/png_reader.h"
#include "operators/cases.h"
#include "passes/legalize.h"
#include "quant/quantize.h"
#include "relations/recipes.h"
#include "tokenizer/tokenizer.h"

namespace zkinfer::fuzz {

namespace {

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

// Small enough to run in a millisecond.
bool is_tiny(const ir::Graph& graph) {
  if (graph.nodes.size() > 16) return false;
  std::int64_t total = 0;
  for (const ir::Value& value : graph.values) {
    if (value.shape.num_elements() > 256) return false;
    total += value.shape.num_elements();
  }
  return total <= 1024;
}

// Import, legalize, quantize with one input, run in integers, build the relations: `zkinfer compile` on a foreign file.
void onnx_compile(ByteView bytes) {
  Result<ir::Graph> imported = frontend_onnx::import_onnx(bytes, small_import());
  if (!imported.ok() || !is_tiny(*imported)) return;
  const Result<ir::Graph> graph = passes::legalize(std::move(*imported));
  if (!graph.ok()) {
    ZKI_CHECK(graph.status().code() != StatusCode::kInternal, graph.status().to_string().c_str());
    return;
  }
  if (!is_tiny(*graph)) return;
  TensorMap input;
  for (const ir::ValueId id : graph->inputs) {
    FloatTensor tensor(graph->value(id).shape);
    for (std::size_t i = 0; i < tensor.data().size(); ++i) tensor[i] = static_cast<float>(i % 17) / 8 - 1;
    input.emplace(graph->value(id).name, std::move(tensor));
  }
  quant::QuantOptions options;
  options.activation_bits = 8;
  options.shift = 8;
  const auto quantized = quant::quantize(*graph, std::vector<TensorMap>{input}, options);
  if (!quantized.ok()) {
    ZKI_CHECK(quantized.status().code() != StatusCode::kInternal, quantized.status().to_string().c_str());
    return;
  }
  exec_integer::Inputs integers;
  for (const qir::ValueId id : quantized->graph.inputs) {
    const qir::Value& value = quantized->graph.value(id);
    integers.emplace_back(static_cast<std::size_t>(value.shape.num_elements()), value.hi);
  }
  const auto witness = exec_integer::run(quantized->graph, quantized->params, integers);
  ZKI_CHECK(witness.ok(), witness.status().to_string().c_str());
  static_cast<void>(relations::compile(quantized->graph, true));
}

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

Bytes example(const std::string& path) {
  Result<Bytes> bytes = read_file(std::string(ZKINFER_SOURCE_DIR) + "/examples/" + path, std::uint64_t{1} << 24);
  return bytes.ok() ? std::move(*bytes) : Bytes();
}

// What the reader gives also goes through the matching with a model's inputs.
void match(const Result<std::vector<Array>>& arrays) {
  if (!arrays.ok()) return;
  for (const Array& array : *arrays) {
    std::uint64_t count = 1;
    for (const std::int64_t dim : array.shape) count *= static_cast<std::uint64_t>(dim);
    ZKI_CHECK(count == array.data.size(), "an array whose shape and data differ");
  }
  TensorInfo info;
  info.name = "x";
  info.shape = {1, 1, 8, 8};
  static_cast<void>(to_samples(*arrays, {info}, {}));
}
void match_one(Result<Array> array) {
  if (array.ok()) match(std::vector<Array>{std::move(*array)});
}

void input_json(ByteView bytes) { match(read_json_inputs(bytes)); }
void input_npy(ByteView bytes) { match_one(read_npy(bytes)); }
void input_npz(ByteView bytes) { match(read_npz(bytes)); }
void input_png(ByteView bytes) { match_one(read_png(bytes)); }
void input_idx(ByteView bytes) { match_one(read_idx(bytes)); }

std::vector<Bytes> json_seeds() {
  return {bytes_of(R"({"input_data": [[1, 2.5, -3e2, 0.0], [0]], "other": {"a": [null, true, "x\u00e9"]}})"),
          bytes_of(R"({"input_data": [1, 2, 3]})"), bytes_of(R"({"input_data": [[[1, 2], [3, 4]]]})")};
}
Bytes npy(std::string_view descr, std::string_view shape, std::size_t data_bytes) {
  std::string header =
      "{'descr': '" + std::string(descr) + "', 'fortran_order': False, 'shape': " + std::string(shape) + ", }\n";
  ByteWriter writer;
  writer.raw(bytes_of("\x93NUMPY"));
  writer.u16(1);
  writer.u16(static_cast<std::uint16_t>(header.size()));
  writer.raw(bytes_of(header));
  for (std::size_t i = 0; i < data_bytes; ++i) writer.u8(static_cast<std::uint8_t>(i % 60));
  return std::move(writer).take();
}
std::vector<Bytes> npy_seeds() {
  return {npy("<f4", "(2, 8, 8)", 512), npy("|u1", "(64,)", 64), npy("<f8", "(1, 64)", 512),
          npy("<f2", "()", 2),          npy("<i8", "(3,)", 24),  npy("|b1", "(4,)", 4)};
}
// A zip archive with one stored entry.
std::vector<Bytes> npz_seeds() {
  const Bytes content = npy("<f4", "(2,)", 8);
  const Bytes name = bytes_of("x.npy");
  const auto size = static_cast<std::uint32_t>(content.size());
  ByteWriter writer;
  const auto shorts = [&](std::initializer_list<std::uint16_t> list) {
    for (const std::uint16_t x : list) writer.u16(x);
  };
  const auto common = [&] {
    shorts({20, 0, 0, 0, 0});  // version, flags, stored, time, date
    for (const std::uint32_t x : {0x12345678U, size, size}) writer.u32(x);
    for (const std::size_t x : {name.size(), std::size_t{0}}) writer.u16(static_cast<std::uint16_t>(x));
  };
  writer.u32(0x04034b50);
  common();
  writer.raw(name);
  writer.raw(content);
  const auto directory = static_cast<std::uint32_t>(writer.bytes().size());
  writer.u32(0x02014b50);
  writer.u16(20);
  common();
  shorts({0, 0, 0});                          // comment, disk, internal attributes
  for (int i = 0; i < 2; ++i) writer.u32(0);  // external attributes, offset
  writer.raw(name);
  const auto end = static_cast<std::uint32_t>(writer.bytes().size());
  writer.u32(0x06054b50);
  shorts({0, 0, 1, 1});
  writer.u32(end - directory);
  writer.u32(directory);
  writer.u16(0);
  return {std::move(writer).take()};
}
std::vector<Bytes> png_seeds() { return {example("digits/digit_0.png"), example("digits/digit_3.png")}; }
std::vector<Bytes> idx_seeds() {
  Bytes image = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 8};
  image.resize(image.size() + 64, 9);
  return {image, {0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2, 10, 20}};
}

constexpr Target kTargets[] = {
    {"onnx_import", onnx_import, onnx_seeds, 20000},
    {"onnx_compile", onnx_compile, onnx_seeds, 4000},
    {"keras_import", keras_import, keras_seeds, 2000},
    {"keras_config", keras_config, keras_config_seeds, 2000},
    {"saved_model", saved_model, saved_model_seeds, 1000},
    {"tflite_import", tflite_import, frontend_tflite::test_networks, 10000},
    {"llama2c_import", llama2c_import, llama2c_seeds, 4000},
    {"gguf_import", gguf_import, gguf_seeds, 4000},
    {"huggingface_import", huggingface_import, huggingface_seeds, 4000},
    {"tokenizer", tokenizer, tokenizer_seeds, 4000},
    {"input_json", input_json, json_seeds, 10000},
    {"input_npy", input_npy, npy_seeds, 10000},
    {"input_npz", input_npz, npz_seeds, 10000},
    {"input_png", input_png, png_seeds, 10000},
    {"input_idx", input_idx, idx_seeds, 10000},
};

}  // namespace

std::span<const Target> reader_targets() { return kTargets; }

}  // namespace zkinfer::fuzz
