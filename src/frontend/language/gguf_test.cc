// SPDX-License-Identifier: Apache-2.0
#include "frontend/language/gguf.h"

#include <gtest/gtest.h>

#include <cmath>

#include "frontend/language/importer.h"
#include "frontend/language/test_gguf.h"
#include "frontend/language/test_run.h"
#include "frontend/language/test_safetensors.h"

namespace zkinfer::frontend_language {
namespace {

using frontend_onnx::ImportOptions;

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

Result<ir::Graph> imported(const Bytes& bytes, std::int64_t tokens = 7) {
  ImportOptions options;
  options.tokens = tokens;
  options.head = LanguageHead::kLogits;
  return import_gguf(Source::borrowed(bytes), options);
}

TEST(Gguf, LlamaGivesTheReferencesLogits) {
  for (const bool tied : {false, true}) {
    const Llama model = small_llama(tied);
    for (const std::uint32_t version : {2U, 3U}) expect_reference(imported(gguf_llama(model).file(version)), model);
  }
}

// The same model, as families write it that turn halves.
TEST(Gguf, Qwen2TurnsHalvesAndAddsBiases) {
  const Llama model = small_llama(false);
  Llama turned = model;
  for (LlamaLayer& layer : turned.layers) {
    layer.query = halves_first(layer.query, model.heads, model.head_width(), model.width);
    layer.key = halves_first(layer.key, model.kv_heads, model.head_width(), model.width);
  }
  GgufWriter file = gguf_llama(turned, "qwen2");
  file.floats("blk.0.attn_q.bias", {16}, std::vector<float>(16, 0.0F));
  const Result<ir::Graph> graph = imported(file.file());
  ASSERT_TRUE(graph.ok()) << graph.status().to_string();
  const Result<ir::Graph> original = imported(gguf_llama(model).file());
  ASSERT_TRUE(original.ok());
  const FloatTensor got = run(*graph, kText);
  const FloatTensor expected = run(*original, kText);
  for (std::size_t i = 0; i < got.data().size(); ++i) ASSERT_NEAR(got[i], expected[i], 1e-4) << i;
  // A bias is added: of a value, to all of a head, it comes out behind the matrix of outputs.
  GgufWriter biased = gguf_llama(turned, "qwen2");
  biased.floats("blk.0.attn_v.bias", {8}, std::vector<float>(8, 0.5F));
  const Result<ir::Graph> other = imported(biased.file());
  ASSERT_TRUE(other.ok()) << other.status().to_string();
  const FloatTensor moved = run(*other, kText);
  EXPECT_GT(std::abs(moved[0] - got[0]), 1e-3F);
}

// Numbers that a quantizer could have written, packed bit by bit as the format lays them out, and what they stand for.
struct Packed {
  std::uint32_t type;
  Bytes bytes;
  std::vector<float> expected;
};

Bytes half(float x) {  // of a power of two or its half more
  int exponent = 0;
  const float mantissa = std::frexp(x, &exponent);
  const auto bits = static_cast<std::uint16_t>(((exponent + 14) << 10) | static_cast<int>((mantissa * 2 - 1) * 1024));
  return {static_cast<std::uint8_t>(bits), static_cast<std::uint8_t>(bits >> 8)};
}
void append(Bytes& to, const Bytes& more) { to.insert(to.end(), more.begin(), more.end()); }

// 32 numbers q of 4 or 5 bits.
Packed small_blocks(std::uint32_t type, bool five_bits, bool has_minimum) {
  Packed out{type, {}, {}};
  for (int block = 0; block < 3; ++block) {
    const float scale = std::ldexp(1.5F, -block), minimum = -std::ldexp(1.0F, block - 2);
    append(out.bytes, half(scale));
    if (has_minimum) {
      Bytes bits = half(-minimum);
      bits[1] |= 0x80;
      append(out.bytes, bits);
    }
    std::vector<int> q;
    for (int i = 0; i < 32; ++i) q.push_back((7 * i + 3 * block + i * i) % (five_bits ? 32 : 16));
    if (five_bits) {
      std::uint32_t fifth = 0;
      for (std::size_t i = 0; i < 32; ++i) fifth |= static_cast<std::uint32_t>(q[i] / 16) << i;
      for (int i = 0; i < 4; ++i) out.bytes.push_back(static_cast<std::uint8_t>(fifth >> (8 * i)));
    }
    for (std::size_t i = 0; i < 16; ++i)
      out.bytes.push_back(static_cast<std::uint8_t>(q[i] % 16 + 16 * (q[i + 16] % 16)));
    const int middle = has_minimum ? 0 : five_bits ? 16 : 8;
    for (const int x : q) out.expected.push_back(scale * static_cast<float>(x - middle) + (has_minimum ? minimum : 0));
  }
  return out;
}

Packed q8_blocks() {
  Packed out{8, {}, {}};
  append(out.bytes, half(0.125F));
  for (int i = 0; i < 32; ++i) {
    const int q = (i * 37) % 255 - 127;
    out.bytes.push_back(static_cast<std::uint8_t>(q));
    out.expected.push_back(0.125F * static_cast<float>(q));
  }
  return out;
}

// 256 numbers in runs of 32, whose scales and minima of 6 bits lie in 12 bytes: the first four runs' in the low bits of bytes 0 to 3
// and 4 to 7; of the others the low nibbles in bytes 8 to 11 (scale, then minimum), the high two bits above those.
Packed k_blocks(std::uint32_t type, bool five_bits) {
  Packed out{type, {}, {}};
  const float scale = 0.25F, minimum = 0.5F;
  append(out.bytes, half(scale));
  append(out.bytes, half(minimum));
  int scales[8], minima[8], q[256];
  for (int run = 0; run < 8; ++run) scales[run] = (11 * run + 5) % 64, minima[run] = (29 * run + 40) % 64;
  for (int i = 0; i < 256; ++i) q[i] = (5 * i + i / 32) % (five_bits ? 32 : 16);
  std::uint8_t packed[12] = {};
  for (int run = 0; run < 4; ++run) {
    packed[run] = static_cast<std::uint8_t>(scales[run] | (scales[run + 4] >> 4) << 6);
    packed[run + 4] = static_cast<std::uint8_t>(minima[run] | (minima[run + 4] >> 4) << 6);
    packed[run + 8] = static_cast<std::uint8_t>((scales[run + 4] & 15) | (minima[run + 4] & 15) << 4);
  }
  append(out.bytes, Bytes(packed, packed + 12));
  if (five_bits) {
    for (int i = 0; i < 32; ++i) {
      int bits = 0;
      for (int run = 0; run < 8; ++run) bits |= q[32 * run + i] / 16 << run;
      out.bytes.push_back(static_cast<std::uint8_t>(bits));
    }
  }
  for (int pair = 0; pair < 4; ++pair)
    for (int i = 0; i < 32; ++i)
      out.bytes.push_back(static_cast<std::uint8_t>(q[64 * pair + i] % 16 + 16 * (q[64 * pair + 32 + i] % 16)));
  for (int i = 0; i < 256; ++i)
    out.expected.push_back(scale * static_cast<float>(scales[i / 32]) * static_cast<float>(q[i]) -
                           minimum * static_cast<float>(minima[i / 32]));
  return out;
}

Packed q6_blocks() {
  Packed out{14, {}, {}};
  int q[256], scales[16];
  for (int i = 0; i < 256; ++i) q[i] = (13 * i + i / 16) % 64;
  for (int i = 0; i < 16; ++i) scales[i] = (i * 31) % 256 - 128;
  std::uint8_t low[128] = {}, high[64] = {};
  for (int half_at = 0; half_at < 2; ++half_at)
    for (int i = 0; i < 32; ++i) {
      const int* of = q + 128 * half_at;
      low[64 * half_at + i] = static_cast<std::uint8_t>(of[i] % 16 + 16 * (of[64 + i] % 16));
      low[64 * half_at + 32 + i] = static_cast<std::uint8_t>(of[32 + i] % 16 + 16 * (of[96 + i] % 16));
      high[32 * half_at + i] = static_cast<std::uint8_t>(of[i] / 16 + 4 * (of[32 + i] / 16) + 16 * (of[64 + i] / 16) +
                                                         64 * (of[96 + i] / 16));
    }
  append(out.bytes, Bytes(low, low + 128));
  append(out.bytes, Bytes(high, high + 64));
  for (const int scale : scales) out.bytes.push_back(static_cast<std::uint8_t>(scale));
  append(out.bytes, half(0.0625F));
  for (int i = 0; i < 256; ++i)
    out.expected.push_back(0.0625F * static_cast<float>(scales[i / 16]) * static_cast<float>(q[i] - 32));
  return out;
}

TEST(Gguf, BlocksStandForTheirNumbers) {
  const Packed all[] = {small_blocks(2, false, false),
                        small_blocks(3, false, true),
                        small_blocks(6, true, false),
                        small_blocks(7, true, true),
                        q8_blocks(),
                        k_blocks(12, false),
                        k_blocks(13, true),
                        q6_blocks(),
                        {1, {0x00, 0x3c, 0x00, 0xc0}, {1, -2}},
                        {30, {0x80, 0x3f, 0x00, 0xc0}, {1, -2}}};
  for (const Packed& packed : all) {
    GgufWriter writer;
    writer.tensor("before", {32}, 0, Bytes(128));
    writer.tensor("x", {static_cast<std::int64_t>(packed.expected.size())}, packed.type, packed.bytes);
    const Bytes bytes = writer.file();
    Result<Gguf> file = read_gguf(Source::borrowed(bytes));
    ASSERT_TRUE(file.ok()) << file.status().to_string();
    const Weight weight = file->tensors.take("x");
    ASSERT_TRUE(file->tensors.status().ok());
    const Result<std::vector<float>> numbers = weight.read();
    ASSERT_TRUE(numbers.ok()) << numbers.status().to_string();
    ASSERT_EQ(numbers->size(), packed.expected.size());
    for (std::size_t i = 0; i < numbers->size(); ++i)
      ASSERT_EQ((*numbers)[i], packed.expected[i]) << gguf_type_name(packed.type) << " " << i;
  }
}

TEST(Gguf, CutFilesAreCorrupt) {
  const Bytes bytes = gguf_llama(small_llama(true)).file();
  for (std::size_t size = 4; size < bytes.size(); size += 41) {
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    const Status status = imported(cut).status();
    EXPECT_EQ(status.code(), StatusCode::kCorrupt) << size << ": " << status.to_string();
  }
}

TEST(Gguf, HostileFilesAreRefusedWithReasons) {
  const auto refused = [](const Bytes& bytes) { return imported(bytes).status().to_string(); };
  const auto with = [](const std::function<void(GgufWriter&)>& change) {
    GgufWriter writer = gguf_llama(small_llama(true));
    change(writer);
    return writer.file();
  };
  const auto word = [](Bytes bytes, std::size_t at, std::uint8_t value) {
    bytes[at] = value;
    return bytes;
  };
  const Bytes good = gguf_llama(small_llama(true)).file();
  const std::pair<Bytes, const char*> cases[] = {
      {gguf_llama(small_llama(true)).file(1), "version 1"},
      {gguf_llama(small_llama(true)).file(0x03000000), "version 50331648"},  // of a big-endian machine
      {word(good, 14, 1), "tensors and"},                                    // counts
      {word(good, 22, 1), "tensors and"},
      {word(good, 30, 1), "a text of"},
      {with([](GgufWriter& w) { w.tensor("x", {5}, 2, Bytes(18)); }), "no whole blocks of type Q4_0"},
      {with([](GgufWriter& w) {
         w.tensor("x", {32, 0}, 0, {});
       }),
       "axis of length 0"},
      {with([](GgufWriter& w) {
         w.tensor("x", {1 << 20, 1 << 20}, 0, {});
       }),
       "elements"},
      {with([](GgufWriter& w) { w.tensor("x", {1000}, 0, Bytes(32)); }), "beyond the end"},
      {with([](GgufWriter& w) { w.tensor("x", {}, 0, {}); }), "0 axes"},
      {with([](GgufWriter& w) { w.floats("output_norm.weight", {1}, {1}); }), "two tensors"},
      {with([](GgufWriter& w) { w.floats("blk.0.attn_sinks.weight", {1}, {1}); }), "without a place"},
      {with([](GgufWriter& w) { w.whole("llama.block_count", 3); }), "twice"},
      {with([](GgufWriter& w) { w.whole("llama.expert_count", 8); }), "expert_count"},
      {with([](GgufWriter& w) { w.text("llama.rope.scaling.type", "yarn"); }), "'yarn'"},
      {with([](GgufWriter& w) { w.whole("llama.rope.dimension_count", 3); }), "rotary positions of 3"},
      {with([](GgufWriter& w) { w.whole("general.alignment", 7); }), "alignment of 7"},
      {gguf_llama(small_llama(true), "mamba").file(), "architecture 'mamba'; read are llama"},
      {GgufWriter().file(), "architecture ''"},
  };
  for (const auto& [bytes, part] : cases) {
    const std::string message = refused(bytes);
    EXPECT_TRUE(contains(message, part)) << part << ": " << message;
    EXPECT_TRUE(contains(message, "GGUF file")) << message;
  }
  // Types that are not read are named, and so are shapes that do not fit.
  Llama wide = small_llama(true);
  wide.kv_heads = 1;
  EXPECT_TRUE(contains(refused(with([](GgufWriter& w) { w.whole("llama.attention.key_length", 8); })),
                       "attn_q.weight' has shape [16, 16], expected [32, 16]"))
      << refused(with([](GgufWriter& w) { w.whole("llama.attention.key_length", 8); }));
  // Nothing as wide is made before the file has shown its matrix.
  const auto wide_heads = [](GgufWriter& w) { w.whole("llama.attention.key_length", 1 << 24); };
  EXPECT_TRUE(contains(refused(with(wide_heads)), "expected [67108864, 16]")) << refused(with(wide_heads));
  GgufWriter missing;
  missing.text("general.architecture", "llama");
  missing.whole("llama.embedding_length", 16);
  EXPECT_TRUE(contains(refused(missing.file()), "'llama.feed_forward_length' is missing"));
}

// Two tensors on the same bytes.
TEST(Gguf, OverlapsAreCorrupt) {
  GgufWriter writer;
  writer.floats("a", {64}, std::vector<float>(64, 1));
  writer.floats("b", {64}, std::vector<float>(64, 2));
  Bytes bytes = writer.file();
  ASSERT_TRUE(read_gguf(Source::borrowed(bytes)).ok());
  // The offset of the second, 256, is the last number before the data.
  const std::size_t at = 24 + (8 + 1 + 4 + 8 + 4 + 8) * 2 - 8;
  ASSERT_EQ(bytes[at], 0);
  ASSERT_EQ(bytes[at + 1], 1);
  bytes[at] = 128;
  bytes[at + 1] = 0;
  const Status status = read_gguf(Source::borrowed(bytes)).status();
  EXPECT_TRUE(contains(status.message(), "lie on the same bytes")) << status.to_string();
}

}  // namespace
}  // namespace zkinfer::frontend_language
