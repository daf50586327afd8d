// SPDX-License-Identifier: Apache-2.0
// One node test from ONNX to a verified proof, and what came of it.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "nodes/node_case.h"

namespace zkinfer::nodes {

// Of the largest number that an output has on the calibration inputs. Integers and bools are exact where every input at run time is one.
inline constexpr double kLargestError = 0.02;
// What the default widths are meant to reach; what is above is counted apart.
inline constexpr double kFineError = 0.001;

struct Outcome {
  enum class State : std::uint8_t { kPassed, kRefused, kNoMeaning, kFailed };
  State state = State::kRefused;
  Binding binding = Binding::kNone;   // of a pass
  std::string reason;                 // of a failure, or why it has no meaning
  std::vector<std::string> refusals;  // of each binding that was refused
  double error = 0;                   // largest of all outputs, of the largest expected number
  bool rounded = false;  // within the bound only of the float outputs for the inputs as the integers are rounded
  bool proved = false;
  std::set<std::string> core;  // the operators that it became
};
const char* state_name(Outcome::State state);

// Uses `folder` for files. prove: else the integer execution is the end.
Outcome run_case(const NodeCase& test, const std::filesystem::path& folder, bool prove);

}  // namespace zkinfer::nodes
