// SPDX-License-Identifier: Apache-2.0
// GGUF files for tests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "frontend/language/test_llama.h"
#include "tensor/shape.h"

namespace zkinfer::frontend_language {

class GgufWriter {
 public:
  void text(std::string_view key, std::string_view value) {
    entry(key, 8);
    put_text(metadata_, value);
  }
  void whole(std::string_view key, std::uint32_t value) {
    entry(key, 4);
    metadata_.u32(value);
  }
  void real(std::string_view key, float value) {
    entry(key, 6);
    write_floats(metadata_, {value});
  }
  void texts(std::string_view key, const std::vector<std::string>& values) {
    entry(key, 9);
    metadata_.u32(8);
    metadata_.u64(values.size());
    for (const std::string& value : values) put_text(metadata_, value);
  }
  // dims row-major.
  void tensor(std::string_view name, const Dims& dims, std::uint32_t type, ByteView bytes) {
    put_text(infos_, name);
    infos_.u32(static_cast<std::uint32_t>(dims.size()));
    for (auto dim = dims.rbegin(); dim != dims.rend(); ++dim) infos_.u64(static_cast<std::uint64_t>(*dim));
    infos_.u32(type);
    infos_.u64(data_.bytes().size());
    data_.raw(bytes);
    align(data_);
    ++num_tensors_;
  }
  void floats(std::string_view name, const Dims& dims, const std::vector<float>& numbers) {
    ByteWriter bytes;
    write_floats(bytes, numbers);
    tensor(name, dims, 0, bytes.bytes());
  }

  Bytes file(std::uint32_t version = 3) const {
    ByteWriter out;
    out.raw(bytes_of("GGUF"));
    out.u32(version);
    out.u64(num_tensors_);
    out.u64(num_entries_);
    out.raw(metadata_.bytes());
    out.raw(infos_.bytes());
    align(out);
    out.raw(data_.bytes());
    return std::move(out).take();
  }

 private:
  static Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }
  static void put_text(ByteWriter& out, std::string_view text) {
    out.u64(text.size());
    out.raw(bytes_of(text));
  }
  static void align(ByteWriter& out) {
    while (out.bytes().size() % 32 != 0) out.u8(0);
  }
  void entry(std::string_view key, std::uint32_t type) {
    put_text(metadata_, key);
    metadata_.u32(type);
    ++num_entries_;
  }

  ByteWriter metadata_, infos_, data_;
  std::uint64_t num_tensors_ = 0, num_entries_ = 0;
};

// Of an architecture with the tensors of Llama's.
inline GgufWriter gguf_llama(const Llama& m, const std::string& architecture = "llama") {
  GgufWriter out;
  out.text("general.architecture", architecture);
  out.texts("tokenizer.ggml.tokens", {"a", "b", "", "\x01\xff"});
  const auto size = [&](const std::string& key, std::size_t x) {
    out.whole(architecture + "." + key, static_cast<std::uint32_t>(x));
  };
  size("embedding_length", m.width);
  size("feed_forward_length", m.hidden);
  size("attention.head_count", m.heads);
  size("attention.head_count_kv", m.kv_heads);
  size("context_length", m.positions);
  size("block_count", m.layers.size());
  out.real(architecture + ".attention.layer_norm_rms_epsilon", 1e-5F);
  const auto whole = [](std::size_t x) { return static_cast<std::int64_t>(x); };
  const std::int64_t width = whole(m.width), hidden = whole(m.hidden), kv = whole(m.kv_width());
  const std::int64_t vocabulary = whole(m.vocabulary);
  out.floats("token_embd.weight", {vocabulary, width}, m.embedding);
  out.floats("output_norm.weight", {width}, m.final_norm);
  if (!m.head.empty()) out.floats("output.weight", {vocabulary, width}, m.head);
  for (std::size_t i = 0; i < m.layers.size(); ++i) {
    const LlamaLayer& layer = m.layers[i];
    const std::string at = "blk." + std::to_string(i) + ".";
    out.floats(at + "attn_norm.weight", {width}, layer.attention_norm);
    out.floats(at + "attn_q.weight", {width, width}, layer.query);
    out.floats(at + "attn_k.weight", {kv, width}, layer.key);
    out.floats(at + "attn_v.weight", {kv, width}, layer.value);
    out.floats(at + "attn_output.weight", {width, width}, layer.output);
    out.floats(at + "ffn_norm.weight", {width}, layer.mlp_norm);
    out.floats(at + "ffn_gate.weight", {hidden, width}, layer.gate);
    out.floats(at + "ffn_down.weight", {width, hidden}, layer.down);
    out.floats(at + "ffn_up.weight", {hidden, width}, layer.up);
  }
  return out;
}

}  // namespace zkinfer::frontend_language
