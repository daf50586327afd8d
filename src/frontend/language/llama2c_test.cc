// SPDX-License-Identifier: Apache-2.0
#include "frontend/language/llama2c.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "frontend/language/importer.h"
#include "frontend/language/test_llama.h"
#include "frontend/language/test_run.h"

namespace zkinfer::frontend_language {
namespace {

using frontend_onnx::ImportOptions;

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

Result<ir::Graph> imported(const Bytes& bytes, std::optional<std::int64_t> tokens,
                           std::optional<LanguageHead> head = LanguageHead::kLogits) {
  ImportOptions options;
  options.tokens = tokens;
  options.head = head;
  return import_llama2c(Source::borrowed(bytes), options);
}

// Scores, and the choices among them.
void expect_reference(const Llama& model, const Bytes& bytes) {
  const auto count = static_cast<std::int64_t>(kText.size());
  expect_reference(imported(bytes, count), model);
  const Result<ir::Graph> choosing = imported(bytes, count, std::nullopt);
  ASSERT_TRUE(choosing.ok()) << choosing.status().to_string();
  const FloatTensor next = run(*choosing, kText);
  ASSERT_EQ(next.shape(), (Shape{1, count}));
  LlamaReference reference(model);
  for (std::size_t t = 0; t < kText.size(); ++t) {
    const std::vector<double> expected = reference.next(kText[t]);
    EXPECT_EQ(static_cast<std::ptrdiff_t>(next[t]),
              std::max_element(expected.begin(), expected.end()) - expected.begin());
  }
}

TEST(Llama2c, AllVersionsGiveTheReferencesLogits) {
  for (const bool tied : {false, true}) {
    Llama model = small_llama(tied);
    const Bytes first = llama2c_version_0(model);
    EXPECT_TRUE(is_llama2c(ByteView(first).first(32), first.size()));
    expect_reference(model, first);
    expect_reference(model, llama2c_newer(model, 1));
    const Bytes second = llama2c_newer(model, 2);  // which rounds the weights of `model`
    expect_reference(model, second);
  }
}

TEST(Llama2c, HiddenStatesAreWhatTheHeadReads) {
  const Llama model = small_llama(false);
  const Result<ir::Graph> graph = imported(llama2c_version_0(model), 3, LanguageHead::kNone);
  ASSERT_TRUE(graph.ok()) << graph.status().to_string();
  const FloatTensor hidden = run(*graph, {1, 7, 3});
  ASSERT_EQ(hidden.shape(), (Shape{1, 3, 16}));
  LlamaReference reference(model);
  for (std::size_t t = 0; t < 3; ++t) {
    const double expected = reference.next(kText[t])[4];
    double got = 0;
    for (std::size_t i = 0; i < 16; ++i) got += static_cast<double>(hidden[t * 16 + i] * model.head[4 * 16 + i]);
    EXPECT_NEAR(got, expected, 2e-4);
  }
}

TEST(Llama2c, TokensAreTheCallersWithinTheModels) {
  const Bytes bytes = llama2c_version_0(small_llama(true));
  const auto message = [&](std::optional<std::int64_t> tokens) { return imported(bytes, tokens).status().to_string(); };
  EXPECT_TRUE(imported(bytes, 9).ok());
  EXPECT_TRUE(contains(message(std::nullopt), "give 1 to 9 (CompileOptions::tokens)")) << message(std::nullopt);
  EXPECT_TRUE(contains(message(10), "10 tokens")) << message(10);
  EXPECT_TRUE(contains(message(0), "0 tokens")) << message(0);
  ImportOptions options;
  options.input_shapes["tokens"] = {1, 5};
  const Result<ir::Graph> graph = import_llama2c(Source::borrowed(bytes), options);
  ASSERT_TRUE(graph.ok()) << graph.status().to_string();
  EXPECT_EQ(graph->value(graph->inputs[0]).shape, (Shape{1, 5}));
  options.tokens = 4;
  EXPECT_TRUE(contains(import_llama2c(Source::borrowed(bytes), options).status().message(), "the length 5"));
  options.tokens = std::nullopt;
  options.input_shapes = {{"tokens", {2, 5}}};
  EXPECT_TRUE(contains(import_llama2c(Source::borrowed(bytes), options).status().message(), "expected [1, T]"));
  options.input_shapes = {{"tokens", {5}}, {"x", {1}}};
  EXPECT_TRUE(contains(import_llama2c(Source::borrowed(bytes), options).status().message(), "neither an input"));
}

TEST(Llama2c, InputsAloneNeedNoWeights) {
  Bytes bytes = llama2c_version_0(small_llama(true));
  for (std::size_t i = 28; i < bytes.size(); ++i) bytes[i] = 0xff;  // no numbers
  ImportOptions options;
  options.tokens = 4;
  EXPECT_FALSE(import_llama2c(Source::borrowed(bytes), options).ok());
  options.inputs_only = true;
  const Result<ir::Graph> graph = import_llama2c(Source::borrowed(bytes), options);
  ASSERT_TRUE(graph.ok()) << graph.status().to_string();
  ASSERT_EQ(graph->inputs.size(), 1U);
  const ir::Value& input = graph->value(graph->inputs[0]);
  EXPECT_EQ(input.name, "tokens");
  EXPECT_EQ(input.dtype, ir::DataType::kInt64);
  EXPECT_EQ(input.shape, (Shape{1, 4}));
}

Bytes with_word(Bytes bytes, std::size_t at, std::int32_t word) {
  for (std::size_t i = 0; i < 4; ++i)
    bytes[at + i] = static_cast<std::uint8_t>(static_cast<std::uint32_t>(word) >> (8 * i));
  return bytes;
}

TEST(Llama2c, DamagedFilesAreRefusedWithReasons) {
  Llama model = small_llama(true);
  const Bytes first = llama2c_version_0(model);
  const Bytes newer = llama2c_newer(model, 1);
  const Bytes grouped = llama2c_newer(model, 2);
  for (std::size_t size = 0; size < first.size(); size += 97) {
    const Bytes cut(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(is_llama2c(ByteView(cut).first(std::min<std::size_t>(size, 32)), size)) << size;
    EXPECT_EQ(imported(cut, 3).status().code(), StatusCode::kCorrupt);
  }
  const std::vector<std::pair<Bytes, std::string>> cases{
      {Bytes(newer.begin(), newer.end() - 1), "bytes, and a model of width 16"},
      {Bytes(newer.begin(), newer.begin() + 100), "header is cut"},
      {with_word(newer, 4, 3), "version 3"},
      {with_word(newer, 8, -16), "no sizes of a model"},
      {with_word(newer, 8, 1 << 30), "no sizes of a model"},
      {with_word(newer, 16, 0x7fffffff), "no sizes of a model"},
      {with_word(newer, 20, 0), "no sizes of a model"},
      {with_word(grouped, 37, 0), "groups of 0"},
      {with_word(grouped, 37, 7), "do not divide"},
      {with_word(grouped, 37, 4), "bytes, and a model"},
  };
  for (const auto& [bytes, part] : cases) {
    const Status status = imported(bytes, 3).status();
    EXPECT_TRUE(contains(status.message(), part)) << part << ": " << status.to_string();
    EXPECT_TRUE(contains(status.message(), "llama2.c")) << status.to_string();
  }
  // Heads that fit the size of the file and no model.
  Llama odd = small_llama(true);
  odd.heads = 16, odd.kv_heads = 8;  // of width 1
  EXPECT_TRUE(contains(imported(llama2c_version_0(odd), 3).status().message(), "odd width"));
  Bytes infinite = first;
  for (std::size_t i = 28; i < 32; ++i) infinite[i] = 0xff;
  EXPECT_TRUE(contains(imported(infinite, 3).status().message(), "tok_embeddings.weight"))
      << imported(infinite, 3).status().to_string();
}

// Of ../shared/data, where it is.
TEST(Llama2c, StoriesAreTold) {
  const char* folder = std::getenv("ZKINFER_TEST_DATA");
  const std::string root = folder != nullptr ? folder : std::string(ZKINFER_SOURCE_DIR) + "/../shared/data";
  const std::string path = root + "/models/stories260K/stories260K.bin";
  std::ifstream stream(path, std::ios::binary);
  if (!stream) GTEST_SKIP() << path << " is not there";
  const Bytes bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  std::size_t at = 28;
  const auto take = [&](std::size_t count) {
    std::vector<float> out(count);
    std::memcpy(out.data(), bytes.data() + at, 4 * count);
    at += 4 * count;
    return out;
  };
  Llama m{64, 172, 8, 4, 512, 512, {}, {}, {}, std::vector<LlamaLayer>(5)};
  m.embedding = take(512 * 64);
  const auto all = [&](LayerPart part, std::size_t count) {
    for (LlamaLayer& layer : m.layers) layer.*part = take(count);
  };
  all(&LlamaLayer::attention_norm, 64);
  all(&LlamaLayer::query, 64 * 64);
  all(&LlamaLayer::key, 32 * 64);
  all(&LlamaLayer::value, 32 * 64);
  all(&LlamaLayer::output, 64 * 64);
  all(&LlamaLayer::mlp_norm, 64);
  all(&LlamaLayer::gate, 172 * 64);
  all(&LlamaLayer::down, 64 * 172);
  all(&LlamaLayer::up, 172 * 64);
  m.final_norm = take(64);
  const Result<std::shared_ptr<const Source>> source = Source::open(path);
  ASSERT_TRUE(source.ok()) << source.status().to_string();
  ImportOptions options;
  options.tokens = 64;
  const Result<ir::Graph> graph = import_llama2c(*source, options);
  ASSERT_TRUE(graph.ok()) << graph.status().to_string();
  // What the reference tells, greedily, is what one pass over it chooses behind each position.
  LlamaReference reference(m);
  std::vector<std::size_t> told{1};
  for (std::size_t t = 0; t < 64; ++t) {
    const std::vector<double> logits = reference.next(told[t]);
    told.push_back(static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
  }
  const std::size_t last = told.back();
  told.pop_back();
  const FloatTensor next = run(*graph, told);
  for (std::size_t t = 0; t + 1 < 64; ++t) EXPECT_EQ(static_cast<std::size_t>(next[t]), told[t + 1]) << t;
  EXPECT_EQ(static_cast<std::size_t>(next[63]), last);
}

}  // namespace
}  // namespace zkinfer::frontend_language
