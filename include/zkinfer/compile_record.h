// SPDX-License-Identifier: Apache-2.0
// What the compiler has to say of a model it made: kept in the package, no part of any statement.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "zkinfer/bytes.h"

namespace zkinfer {

// A sentence for people.
struct Note {
  bool is_warning = false;  // somebody should do something; else it is good to know
  std::string text;

  friend bool operator==(const Note&, const Note&) = default;
};

// What a computed value is for people: "MatMul+Relu" where a rounding computes Relu as well.
struct FusedOp {
  std::string value, op;

  friend bool operator==(const FusedOp&, const FusedOp&) = default;
};

// An input or output that holds whole numbers in the network. Where the network was quantized before (int8 of TensorFlow Lite,
// QuantizeLinear of ONNX), real = (integer - zero_point) * scale.
struct WholeTensor {
  std::string name;
  bool is_input = false;
  std::int64_t lo = 0, hi = 0;  // of the network's type; equal: 64 bits
  double scale = 0;             // 0: the numbers are meant as they are
  std::int64_t zero_point = 0;

  // "whole numbers -128..127, integer = real / 0.0078125 + 3 (scale 0.0078125, zero point 3)"
  std::string to_string() const;
  bool has_scale() const { return scale > 0; }
  friend bool operator==(const WholeTensor&, const WholeTensor&) = default;
};

struct CompileRecord {
  // Largest error of an output element relative to its output's largest element: asked for (CompileOptions::float_target), and
  // measured on calibration inputs.
  double float_target = 0, measured_error = 0;
  std::uint32_t num_measured = 0;  // of them
  bool held_out = false;           // they gave no statistics
  // Everything that was left out, assumed or found wanting on the way, warnings first.
  std::vector<Note> notes;
  // SHA-256 of the network as it was imported: what it is compared with later must be the same one.
  Digest network{};
  // Numbers in its constants, each once. A model has more parameters where one is used in several places, as the weights of an
  // unrolled recurrence are (each place has its own integers), and where the rounding of weights is put right by a bias.
  std::uint64_t num_network_parameters = 0;
  // Of operators that compute a function on the way: the integer program has only tables of it.
  std::vector<FusedOp> fused;
  // Inputs, then outputs, of whole numbers.
  std::vector<WholeTensor> whole;
  // Of a model that reads a text: the token that fills up shorter ones, which no word sees.
  std::optional<std::int64_t> pad_token;

  bool meets_target() const { return measured_error <= float_target; }
  // "0.1 %", "0.02 % (exact)"
  std::string target_text() const;
  friend bool operator==(const CompileRecord&, const CompileRecord&) = default;

  // Of a package: more are cut off, and that is said.
  static constexpr std::size_t kMaxNotes = 1000, kMaxNoteBytes = 4096, kMaxFused = std::size_t{1} << 20,
                               kMaxWhole = std::size_t{1} << 16;
};

}  // namespace zkinfer
