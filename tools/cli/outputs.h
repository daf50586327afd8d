// SPDX-License-Identifier: Apache-2.0
// Tensors, and what proofs say of them, for people and for programs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "zkinfer/compile_record.h"
#include "zkinfer/verify.h"

namespace zkinfer::cli {

// Rows of a batch that are shown to people; --json has all.
inline constexpr std::size_t kRowsShown = 20;

struct OutputTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> values;
  double scale = 1;  // real = integer * scale
};

std::vector<OutputTensor> output_tensors(const std::vector<TensorInfo>& infos,
                                         const std::vector<std::vector<std::int64_t>>& integers);
// The largest entry of each tensor, or all where there are few, in real units and on one line.
std::string outputs_line(const std::vector<OutputTensor>& tensors);
// A few lines per tensor: shape, the largest entries with their index (or all when few), in real units.
// kind: "output" or "input".
enum class Shown : unsigned char {
  kLargest,  // as of the scores of classes
  kFirst,    // of numbers whose places are all alike, as an embedding's
};
// What is counted, not measured (a scale of exactly 1: tokens, labels, bytes), is shown in its order.
std::string tensors_text(const char* kind, const std::vector<OutputTensor>& tensors, Shown shown = Shown::kLargest);
// What the whole numbers of an input or output of the network stand for, after a comma; empty: it has none.
std::string whole_text(const CompileRecord& record, bool is_input, const std::string& name);
// Of outputs with a scale of the network's own, a line each.
std::string output_scales_text(const CompileRecord& record);
nlohmann::ordered_json whole_json(const CompileRecord& record);
nlohmann::ordered_json outputs_json(const std::vector<OutputTensor>& outputs);

// What an accepted proof says: public values, digests, commitments. Tensors that it says nothing of are left out.
std::string verified_text(const char* kind, const std::vector<VerifiedTensor>& tensors, bool with_values = true,
                          Shown shown = Shown::kLargest);

// "reason at place" of a rejection; "accepted" otherwise.
std::string verdict_text(const Verdict& verdict);

std::size_t arg_max(const std::vector<std::int64_t>& values);
// Softmax of real = integer * scale.
std::vector<double> softmax(const std::vector<std::int64_t>& values, double scale);

}  // namespace zkinfer::cli
