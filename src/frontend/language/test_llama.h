// SPDX-License-Identifier: Apache-2.0
// Llama models for tests: small ones with pseudo-random weights, the bytes of llama2.c files, and a float reference that
// decodes one token after the other with a cache of keys and values.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <vector>

#include "base/bytes.h"

namespace zkinfer::frontend_language {

struct LlamaLayer {
  std::vector<float> attention_norm, query, key, value, output, mlp_norm, gate, down,
      up;  // matrices row by row of outputs
};
struct Llama {
  std::size_t width = 0, hidden = 0, heads = 0, kv_heads = 0, vocabulary = 0, positions = 0;
  std::vector<float> embedding, final_norm, head;  // no head: tied
  std::vector<LlamaLayer> layers;
  std::size_t head_width() const { return width / heads; }
  std::size_t kv_width() const { return head_width() * kv_heads; }
};

class TestNumbers {
 public:
  explicit TestNumbers(std::uint32_t seed) : state_(seed) {}
  std::vector<float> operator()(std::size_t count, float reach, float middle = 0) {
    std::vector<float> out(count);
    for (float& x : out) {
      state_ = state_ * 1664525U + 1013904223U;
      x = middle + reach * (static_cast<float>(state_ >> 8) / 8388608.0F - 1);
    }
    return out;
  }

 private:
  std::uint32_t state_;
};

inline Llama small_llama(bool tied) {
  Llama m{16, 24, 4, 2, 11, 9, {}, {}, {}, {}};
  TestNumbers numbers(tied ? 1 : 2);
  m.embedding = numbers(m.vocabulary * m.width, 1);
  for (int i = 0; i < 2; ++i) {
    m.layers.push_back({numbers(m.width, 0.5F, 1), numbers(m.width * m.width, 0.5F),
                        numbers(m.kv_width() * m.width, 0.5F), numbers(m.kv_width() * m.width, 0.5F),
                        numbers(m.width * m.width, 0.5F), numbers(m.width, 0.5F, 1), numbers(m.hidden * m.width, 0.5F),
                        numbers(m.width * m.hidden, 0.5F), numbers(m.hidden * m.width, 0.5F)});
  }
  m.final_norm = numbers(m.width, 0.5F, 1);
  if (!tied) m.head = numbers(m.vocabulary * m.width, 0.5F);
  return m;
}

using LayerPart = std::vector<float> LlamaLayer::*;

inline void write_floats(ByteWriter& out, const std::vector<float>& numbers) {
  for (const float x : numbers) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &x, sizeof bits);
    out.u32(bits);
  }
}
inline void write_sizes(ByteWriter& out, const Llama& m, bool signs) {
  for (const std::size_t x : {m.width, m.hidden, m.layers.size(), m.heads, m.kv_heads}) out.i32(static_cast<int>(x));
  out.i32(static_cast<int>(m.vocabulary) * (signs && !m.head.empty() ? -1 : 1));
  out.i32(static_cast<int>(m.positions));
}

inline Bytes llama2c_version_0(const Llama& m) {
  ByteWriter out;
  write_sizes(out, m, true);
  write_floats(out, m.embedding);
  for (const LayerPart part :
       {&LlamaLayer::attention_norm, &LlamaLayer::query, &LlamaLayer::key, &LlamaLayer::value, &LlamaLayer::output,
        &LlamaLayer::mlp_norm, &LlamaLayer::gate, &LlamaLayer::down, &LlamaLayer::up})
    for (const LlamaLayer& layer : m.layers) write_floats(out, layer.*part);
  write_floats(out, m.final_norm);
  write_floats(out, std::vector<float>(m.positions * (m.head_width() / 2) * 2, 7));  // tables that are not used
  write_floats(out, m.head);
  return std::move(out).take();
}

// Groups of 8: the integers and a scale of 1 / 64; `m` becomes what the file holds.
inline Bytes llama2c_newer(Llama& m, int version) {
  ByteWriter out;
  out.u32(0x616b3432);
  out.i32(version);
  write_sizes(out, m, false);
  out.u8(m.head.empty() ? 1 : 0);
  if (version == 2) out.i32(8);
  while (out.bytes().size() < 256) out.u8(0);
  const auto matrix = [&](std::vector<float>& numbers) {
    if (version == 1) return write_floats(out, numbers);
    for (float& x : numbers) {
      const auto rounded = static_cast<int>(std::lround(x * 64));
      out.u8(static_cast<std::uint8_t>(rounded));
      x = static_cast<float>(rounded) / 64;
    }
    write_floats(out, std::vector<float>(numbers.size() / 8, 1.0F / 64));
  };
  for (const LlamaLayer& layer : m.layers) write_floats(out, layer.attention_norm);
  for (const LlamaLayer& layer : m.layers) write_floats(out, layer.mlp_norm);
  write_floats(out, m.final_norm);
  matrix(m.embedding);
  for (const LayerPart part : {&LlamaLayer::query, &LlamaLayer::key, &LlamaLayer::value, &LlamaLayer::output,
                               &LlamaLayer::gate, &LlamaLayer::down, &LlamaLayer::up})
    for (LlamaLayer& layer : m.layers) matrix(layer.*part);
  if (!m.head.empty()) matrix(m.head);
  return std::move(out).take();
}

// Logits of every position, in double, by the equations of the paper: nothing of the code that is tested.
class LlamaReference {
 public:
  explicit LlamaReference(const Llama& model) : m_(model), keys_(model.layers.size()), values_(model.layers.size()) {}

  std::vector<double> next(std::size_t token) {
    std::vector<double> x(m_.embedding.begin() + static_cast<std::ptrdiff_t>(token * m_.width),
                          m_.embedding.begin() + static_cast<std::ptrdiff_t>((token + 1) * m_.width));
    for (std::size_t l = 0; l < m_.layers.size(); ++l) {
      const LlamaLayer& layer = m_.layers[l];
      const std::vector<double> a = norm(x, layer.attention_norm);
      std::vector<double> query = times(layer.query, a);
      std::vector<double> key = times(layer.key, a);
      turn(query);
      turn(key);
      keys_[l].push_back(std::move(key));
      values_[l].push_back(times(layer.value, a));
      add(x, times(layer.output, attend(query, l)));
      const std::vector<double> b = norm(x, layer.mlp_norm);
      std::vector<double> gate = times(layer.gate, b);
      const std::vector<double> up = times(layer.up, b);
      for (std::size_t i = 0; i < gate.size(); ++i) gate[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
      add(x, times(layer.down, gate));
    }
    ++position_;
    return times(m_.head.empty() ? m_.embedding : m_.head, norm(x, m_.final_norm));
  }

 private:
  static void add(std::vector<double>& x, const std::vector<double>& y) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += y[i];
  }
  static std::vector<double> norm(const std::vector<double>& x, const std::vector<float>& scale) {
    double sum = 0;
    for (const double v : x) sum += v * v;
    std::vector<double> out;
    for (std::size_t i = 0; i < x.size(); ++i)
      out.push_back(x[i] / std::sqrt(sum / static_cast<double>(x.size()) + 1e-5) * static_cast<double>(scale[i]));
    return out;
  }
  static std::vector<double> times(const std::vector<float>& w, const std::vector<double>& x) {
    std::vector<double> out(w.size() / x.size());
    for (std::size_t i = 0; i < out.size(); ++i)
      for (std::size_t j = 0; j < x.size(); ++j) out[i] += static_cast<double>(w[i * x.size() + j]) * x[j];
    return out;
  }
  void turn(std::vector<double>& x) const {
    for (std::size_t i = 0; i < x.size(); i += 2) {
      const double within = static_cast<double>(i % m_.head_width());
      const double angle =
          static_cast<double>(position_) * std::pow(10000.0, -within / static_cast<double>(m_.head_width()));
      const double real = x[i] * std::cos(angle) - x[i + 1] * std::sin(angle);
      x[i + 1] = x[i] * std::sin(angle) + x[i + 1] * std::cos(angle);
      x[i] = real;
    }
  }
  std::vector<double> attend(const std::vector<double>& query, std::size_t l) const {
    const std::size_t d = m_.head_width();
    std::vector<double> out(m_.width);
    for (std::size_t h = 0; h < m_.heads; ++h) {
      const std::size_t kv = h / (m_.heads / m_.kv_heads);
      std::vector<double> weights;
      double total = 0;
      for (const std::vector<double>& key : keys_[l]) {
        double score = 0;
        for (std::size_t i = 0; i < d; ++i) score += query[h * d + i] * key[kv * d + i];
        weights.push_back(std::exp(score / std::sqrt(static_cast<double>(d))));
        total += weights.back();
      }
      for (std::size_t t = 0; t < weights.size(); ++t)
        for (std::size_t i = 0; i < d; ++i) out[h * d + i] += weights[t] / total * values_[l][t][kv * d + i];
    }
    return out;
  }

  const Llama& m_;
  std::size_t position_ = 0;
  std::vector<std::vector<std::vector<double>>> keys_, values_;
};

}  // namespace zkinfer::frontend_language
