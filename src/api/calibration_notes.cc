// SPDX-License-Identifier: Apache-2.0
// What is odd in calibration data. On them the integers look as good as they can be, whatever they are: ranges are theirs.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <span>

#include "api/compile_notes.h"
#include "base/text.h"
#include "exec/float/float_executor.h"

namespace zkinfer::api {

namespace {

constexpr std::size_t kFew = 8;
// One number in a thousand may be as large as it likes beside the others, but not a thousand times.
constexpr double kUsual = 0.999, kMostBeyond = 1000;
constexpr std::size_t kEnoughNumbers = 1000;  // for such a share to mean something
// Bytes of pictures that nobody scaled.
constexpr float kMostByte = 255, kLeastByte = 128;
constexpr std::size_t kPictureElements = 64;
// Run to see whether the outputs move.
constexpr std::int64_t kRunElements = 4000000;
constexpr std::size_t kMostRun = 64, kEnoughRun = 16;
constexpr double kSameOutput = 1e-6;  // of its largest number
constexpr std::int64_t kLeastClasses = 3;

std::string number(double x) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.4g", x);
  return buffer;
}

// One number far beyond the others, which sets the unit of all; whole numbers as pictures have them.
void note_numbers(const std::string& name, const std::vector<TensorMap>& inputs, std::vector<Note>& notes) {
  std::int64_t count = 0;
  for (const TensorMap& sample : inputs) count += sample.at(name).num_elements();
  // Of large ones some are enough; their ends are all looked at.
  const auto step = static_cast<std::size_t>(count / kRunElements + 1);
  std::vector<float> sizes;
  bool whole = true;
  float lo = 0, hi = 0;
  std::size_t at = 0;
  for (const TensorMap& sample : inputs) {
    for (const float x : sample.at(name).data()) {
      if (at++ % step == 0) sizes.push_back(std::abs(x));
      whole = whole && std::floor(x) == x;
      lo = std::min(lo, x);
      hi = std::max(hi, x);
    }
  }
  if (sizes.empty()) return;
  const std::size_t usual_at = static_cast<std::size_t>(kUsual * static_cast<double>(sizes.size() - 1));
  std::nth_element(sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(usual_at), sizes.end());
  const double usual = sizes[usual_at], largest = std::max(hi, -lo);
  if (sizes.size() >= kEnoughNumbers && usual > 0 && largest > kMostBeyond * usual) {
    notes.push_back({true, "the calibration data of input " + in_quotes(name) + " reach " + number(largest) + ", and " +
                               number(100 * kUsual) + " % of them lie within +-" + number(usual) +
                               ": few numbers set the unit of all; leave them out, or scale the input"});
  }
  const bool bytes = whole && lo >= 0 && hi >= kLeastByte && hi <= kMostByte;
  if (bytes && static_cast<std::size_t>(count) >= kPictureElements * inputs.size()) {
    notes.push_back({false, "the calibration data of input " + in_quotes(name) + " are whole numbers up to " +
                                number(static_cast<double>(hi)) +
                                ": right for a network that reads bytes; one that was trained on 0 to 1 wants "
                                "Preprocessing::scale"});
  }
}

std::size_t largest_at(std::span<const float> data) {
  return static_cast<std::size_t>(std::max_element(data.begin(), data.end()) - data.begin());
}

void note_inputs(const ir::Graph& graph, const std::vector<TensorMap>& inputs, std::vector<Note>& notes) {
  if (inputs.size() < kFew) {
    notes.push_back({true, "only " + std::to_string(inputs.size()) + " calibration input" +
                               (inputs.size() == 1 ? "" : "s") +
                               ": ranges are taken from them, and whatever lies outside is cut off; give a few dozen"});
  }
  std::vector<bool> is_read(graph.values.size(), false);
  for (const ir::Node& node : graph.nodes) {
    for (const ir::ValueId id : node.inputs)
      if (id != ir::kNoValue) is_read[static_cast<std::size_t>(id)] = true;
  }
  for (const ir::ValueId id : graph.outputs) is_read[static_cast<std::size_t>(id)] = true;
  for (const ir::ValueId id : graph.inputs) {
    const std::string& name = graph.value(id).name;
    if (!is_read[static_cast<std::size_t>(id)]) {
      notes.push_back({false, "input " + in_quotes(name) + " is read by nothing: it changes no output"});
      continue;
    }
    if (graph.value(id).dtype == ir::DataType::kFloat) note_numbers(name, inputs, notes);
    const auto first = inputs.empty() ? std::span<const float>() : inputs.front().at(name).data();
    if (first.empty()) continue;
    const bool constant = std::all_of(inputs.begin(), inputs.end(), [&](const TensorMap& sample) {
      const auto data = sample.at(name).data();
      return std::all_of(data.begin(), data.end(), [&](float x) { return x == first[0]; });
    });
    const bool same = inputs.size() > 1 && std::all_of(inputs.begin(), inputs.end(), [&](const TensorMap& sample) {
                        return std::ranges::equal(sample.at(name).data(), first);
                      });
    if (same && !constant) {
      notes.push_back({true, "all " + std::to_string(inputs.size()) + " calibration inputs have the same " +
                                 in_quotes(name) + ": give inputs like those that will be proven"});
    }
    if (constant) {
      notes.push_back({true, "the calibration data of input " + in_quotes(name) + " are one number, " +
                                 number(static_cast<double>(first[0])) +
                                 ", throughout: give inputs like those that will be proven"});
    }
  }
}

Status note_response(const ir::Graph& graph, const std::vector<TensorMap>& inputs, std::vector<Note>& notes) {
  std::int64_t elements = 1;
  for (const ir::Node& node : graph.nodes) elements += graph.output_of(node).shape.num_elements();
  const std::size_t count = std::min({inputs.size(), kMostRun, static_cast<std::size_t>(kRunElements / elements)});
  // Fewer say nothing, and equal ones are said already.
  const bool differ = std::ranges::any_of(graph.inputs, [&](ir::ValueId id) {
    const std::string& name = graph.value(id).name;
    return count > 1 && !std::ranges::equal(inputs[0].at(name).data(), inputs[1].at(name).data());
  });
  if (count < kFew || !differ) return ok_status();
  std::vector<TensorMap> outputs;
  for (std::size_t i = 0; i < count; ++i) {
    ZKI_ASSIGN_OR_RETURN(TensorMap values, exec_float::run_float(graph, inputs[i]));
    outputs.push_back(std::move(values));
  }
  for (const ir::ValueId id : graph.outputs) {
    const ir::Value& value = graph.value(id);
    const auto data_of = [&](const TensorMap& sample) { return sample.at(value.name).data(); };
    double largest = 0, widest = 0;
    for (std::size_t at = 0; at < data_of(outputs[0]).size(); ++at) {
      float lo = data_of(outputs[0])[at], hi = lo;
      for (const TensorMap& sample : outputs) {
        lo = std::min(lo, data_of(sample)[at]);
        hi = std::max(hi, data_of(sample)[at]);
      }
      largest = std::max({largest, std::abs(static_cast<double>(lo)), std::abs(static_cast<double>(hi))});
      widest = std::max(widest, static_cast<double>(hi) - static_cast<double>(lo));
    }
    const std::string all = "all " + std::to_string(count) + " calibration inputs";
    if (widest <= kSameOutput * largest) {
      notes.push_back(
          {true, "output " + in_quotes(value.name) + " is the same for " + all +
                     ", which differ: the network does not react to them; give inputs like those that it was "
                     "trained on"});
      continue;
    }
    const bool is_line = value.shape.rank() > 0 && value.shape[value.shape.rank() - 1] == value.shape.num_elements();
    if (!is_line || value.shape.num_elements() < kLeastClasses || count < kEnoughRun) continue;
    const std::size_t first = largest_at(data_of(outputs[0]));
    if (std::ranges::all_of(outputs, [&](const TensorMap& sample) { return largest_at(data_of(sample)) == first; })) {
      // Behind a softmax they are; elsewhere they may be an embedding's, or a forecast's.
      const bool classes = std::ranges::any_of(
          graph.nodes, [&](const ir::Node& node) { return node.op == ir::OpKind::kSoftmax && node.output == id; });
      notes.push_back({classes, "for " + all + " entry " + std::to_string(first) + " of output " +
                                    in_quotes(value.name) +
                                    " is the largest: where entries are classes, give inputs of all of them"});
    }
  }
  return ok_status();
}

}  // namespace

Status add_calibration_notes(const ir::Graph& graph, const std::vector<TensorMap>& inputs, bool run,
                             std::vector<Note>& notes) {
  note_inputs(graph, inputs, notes);
  return run ? note_response(graph, inputs, notes) : ok_status();
}

}  // namespace zkinfer::api
