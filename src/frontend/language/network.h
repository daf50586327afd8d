// SPDX-License-Identifier: Apache-2.0
// What the readers of language models' files say of a model: one description for all families, from which one function writes
// the graph (writer.h). Weights are read when the importer wants them, each once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "frontend/onnx/model_builder.h"
#include "tensor/shape.h"
#include "zkinfer/language_head.h"

namespace zkinfer::frontend_language {

// A tensor of a file. Without a reader: there is none.
struct Weight {
  std::string name;  // as the file has it
  Dims dims;
  frontend_onnx::ReadFloats read;
  explicit operator bool() const { return read != nullptr; }
};

// y = W x + b; W is stored [outputs, inputs], or the other way round.
struct Matrix {
  Weight weight, bias;
  bool inputs_first = false;
  explicit operator bool() const { return static_cast<bool>(weight); }
};

struct Norm {
  Weight scale, bias;
  explicit operator bool() const { return static_cast<bool>(scale); }
};

// Rotary positions: pair i of a head turns by position * frequencies[i].
struct Rotary {
  std::vector<double> frequencies;
  double magnitude = 1;      // of the turned pairs
  bool interleaved = false;  // pairs are neighbours; otherwise an element and the one half the rotated width behind it
};

enum class Activation : std::uint8_t { kSilu, kGeluErf, kGeluTanh, kRelu, kTanh };

struct Layer {
  Norm attention_norm, attention_post_norm;  // the second of what attention gives
  Norm mlp_norm, mlp_post_norm;
  Norm query_norm, key_norm;  // of each head
  Matrix query, key, value, output;
  Matrix gate, up, down;    // without a gate: down(activation(up(x)))
  int rotary = -1;          // index into Network::rotary
  std::int64_t window = 0;  // a position sees itself and so many less one before it; 0: all
};

// A picture, cut into squares that stand for tokens, behind one that stands for its class.
struct Pictures {
  std::int64_t channels = 0, side = 0, patch = 0;  // in pixels
  Matrix projection;                               // [width, channels, patch, patch]
  Weight class_token, positions;                   // [1, 1, width], [1, 1 + squares, width]
  std::int64_t squares() const { return (side / patch) * (side / patch); }
};

struct Network {
  std::string family;  // for people: "Llama"
  std::int64_t width = 0, heads = 0, kv_heads = 0, head_width = 0, hidden = 0, vocabulary = 0;
  std::int64_t most_tokens = 0;

  bool mean_square_norm = true;  // RMSNorm, otherwise LayerNorm
  double epsilon = 1e-5;
  Activation activation = Activation::kSilu;
  bool causal = true;
  bool parallel = false;          // attention and MLP read the same norm
  bool norm_behind_sums = false;  // x = norm(x + f(x)), as BERT does
  double embedding_scale = 1;
  double score_scale = 0;  // of attention; 0: 1 / sqrt(head_width)

  Weight embedding;                  // [vocabulary, width]
  Weight positions;                  // [at least first_position + most_tokens, width], added
  std::int64_t first_position = 0;   // the row of the first token
  Weight token_types;                // [types, width]: the first is added
  std::optional<Pictures> pictures;  // instead of all four
  Norm embedding_norm;
  std::vector<Rotary> rotary;
  std::vector<Layer> layers;
  Norm final_norm;
  Matrix head;  // to the vocabulary, or to classes; may be the embedding again
  // Of classifiers: the head reads the first position, behind `pooler`, where there is one, and its activation.
  bool classifies = false;
  std::int64_t classes = 0;
  Matrix pooler;
  Activation pooler_activation = Activation::kTanh;
  // Of encoders: what fills up texts that are shorter than the program. No word sees it.
  std::optional<std::int64_t> pad_token;

  std::optional<LanguageHead> usual_head;  // where the file says what is done with the hidden states
  std::vector<std::string> notes;          // for people
};

}  // namespace zkinfer::frontend_language
