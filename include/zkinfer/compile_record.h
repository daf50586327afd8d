// SPDX-License-Identifier: Apache-2.0
// What the compiler has to say of a model it made: kept in the package, no part of any statement.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace zkinfer {

// A sentence for people.
struct Note {
  bool is_warning = false;  // somebody should do something; else it is good to know
  std::string text;

  friend bool operator==(const Note&, const Note&) = default;
};

struct CompileRecord {
  // Largest error of an output element relative to its output's largest element: asked for (CompileOptions::float_target), and
  // measured on calibration inputs.
  double float_target = 0, measured_error = 0;
  std::uint32_t num_measured = 0;  // of them
  bool held_out = false;           // they gave no statistics
  // Everything that was left out, assumed or found wanting on the way, warnings first.
  std::vector<Note> notes;

  bool meets_target() const { return measured_error <= float_target; }
  friend bool operator==(const CompileRecord&, const CompileRecord&) = default;

  // Of a package: more are cut off, and that is said.
  static constexpr std::size_t kMaxNotes = 1000, kMaxNoteBytes = 4096;
};

}  // namespace zkinfer
