// SPDX-License-Identifier: Apache-2.0
// safetensors files and configurations for tests.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "frontend/language/test_llama.h"
#include "tensor/shape.h"

namespace zkinfer::frontend_language {

class SafetensorsWriter {
 public:
  void tensor(std::string_view name, const Dims& dims, std::string_view type, ByteView bytes) {
    const std::size_t begin = data_.bytes().size();
    data_.raw(bytes);
    header_ += (header_.empty() ? "\"" : ", \"") + std::string(name) + "\": {\"dtype\": \"" + std::string(type) +
               "\", \"shape\": " + dims_to_string(dims) + ", \"data_offsets\": [" + std::to_string(begin) + ", " +
               std::to_string(data_.bytes().size()) + "]}";
  }
  void floats(std::string_view name, const Dims& dims, const std::vector<float>& numbers) {
    ByteWriter bytes;
    write_floats(bytes, numbers);
    tensor(name, dims, "F32", bytes.bytes());
  }
  Bytes file() const { return with_header("{" + header_ + "}", data_.bytes()); }

  static Bytes with_header(const std::string& header, ByteView data) {
    ByteWriter out;
    out.u64(header.size());
    out.raw(Bytes(header.begin(), header.end()));
    out.raw(data);
    return std::move(out).take();
  }

 private:
  std::string header_;
  ByteWriter data_;
};

// Rows of queries and keys in the order that turns an element with the one half a head behind it, as transformers keeps them.
inline std::vector<float> halves_first(const std::vector<float>& rows, std::size_t heads, std::size_t head_width,
                                       std::size_t width) {
  std::vector<float> out(rows.size());
  for (std::size_t h = 0; h < heads; ++h)
    for (std::size_t i = 0; i < head_width; ++i) {
      const std::size_t to = i / 2 + (i % 2) * (head_width / 2);
      for (std::size_t j = 0; j < width; ++j)
        out[(h * head_width + to) * width + j] = rows[(h * head_width + i) * width + j];
    }
  return out;
}

inline std::string llama_config(const Llama& m, const std::string& more = "") {
  const auto size = [](std::string_view key, std::size_t x) {
    return ", \"" + std::string(key) + "\": " + std::to_string(x);
  };
  return "{\"architectures\": [\"LlamaForCausalLM\"], \"rms_norm_eps\": 1e-05" + size("hidden_size", m.width) +
         size("intermediate_size", m.hidden) + size("num_attention_heads", m.heads) +
         size("num_key_value_heads", m.kv_heads) + size("num_hidden_layers", m.layers.size()) +
         size("vocab_size", m.vocabulary) + size("max_position_embeddings", m.positions) +
         (m.head.empty() ? ", \"tie_word_embeddings\": true" : "") + more + "}";
}

// The layers from `first` on; the ends with the first of them.
inline SafetensorsWriter llama_tensors(const Llama& m, std::size_t first = 0, std::size_t count = 1000) {
  SafetensorsWriter out;
  const auto whole = [](std::size_t x) { return static_cast<std::int64_t>(x); };
  const std::int64_t width = whole(m.width), hidden = whole(m.hidden), kv = whole(m.kv_width());
  if (first == 0) {
    out.floats("model.embed_tokens.weight", {whole(m.vocabulary), width}, m.embedding);
    out.floats("model.norm.weight", {width}, m.final_norm);
    if (!m.head.empty()) out.floats("lm_head.weight", {whole(m.vocabulary), width}, m.head);
  }
  for (std::size_t i = first; i < m.layers.size() && i < first + count; ++i) {
    const LlamaLayer& layer = m.layers[i];
    const std::string at = "model.layers." + std::to_string(i) + ".";
    out.floats(at + "input_layernorm.weight", {width}, layer.attention_norm);
    out.floats(at + "self_attn.q_proj.weight", {width, width},
               halves_first(layer.query, m.heads, m.head_width(), m.width));
    out.floats(at + "self_attn.k_proj.weight", {kv, width},
               halves_first(layer.key, m.kv_heads, m.head_width(), m.width));
    out.floats(at + "self_attn.v_proj.weight", {kv, width}, layer.value);
    out.floats(at + "self_attn.o_proj.weight", {width, width}, layer.output);
    out.floats(at + "post_attention_layernorm.weight", {width}, layer.mlp_norm);
    out.floats(at + "mlp.gate_proj.weight", {hidden, width}, layer.gate);
    out.floats(at + "mlp.down_proj.weight", {width, hidden}, layer.down);
    out.floats(at + "mlp.up_proj.weight", {hidden, width}, layer.up);
  }
  return out;
}

}  // namespace zkinfer::frontend_language
