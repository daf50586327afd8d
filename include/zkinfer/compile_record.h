// SPDX-License-Identifier: Apache-2.0
// What the compiler has to say of a model it made: kept in the package, no part of any statement.
#pragma once

#include <cstddef>
#include <cstdint>
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

  bool meets_target() const { return measured_error <= float_target; }
  friend bool operator==(const CompileRecord&, const CompileRecord&) = default;

  // Of a package: more are cut off, and that is said.
  static constexpr std::size_t kMaxNotes = 1000, kMaxNoteBytes = 4096, kMaxFused = std::size_t{1} << 20;
};

}  // namespace zkinfer
