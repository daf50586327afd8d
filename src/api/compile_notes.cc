// SPDX-License-Identifier: Apache-2.0
#include "api/compile_notes.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>
#include <random>
#include <span>
#include <unordered_map>

#include "base/text.h"
#include "passes/rewrites.h"
#include "quant/as_given.h"
#include "quant/columns.h"
#include "quant/fidelity.h"
#include "quant/scale.h"
#include "quant/uses.h"

namespace zkinfer::api {

namespace {

constexpr std::size_t kStandIns = 32;
constexpr double kStandInReach = 4;  // of normal numbers, in deviations
constexpr std::int64_t kSmallType = 1 << 16;
constexpr std::int64_t kWholeReach = 255;  // of integers whose type says little
constexpr std::size_t kFew = 8;
constexpr std::int64_t kComparedElements = 4000000;
constexpr std::size_t kMostNamed = 5;
constexpr double kMostUnlike = 1 << 22;  // ranges of a table's columns, beside each other
constexpr double kSlack = 1e-3;          // of a range: rounding is no cut

std::string number(double x) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.4g", x);
  return buffer;
}

std::string percent(double x) { return number(100 * x) + " %"; }

// Of a table whose columns one unit does not span.
std::string columns_advice(const ir::Graph& graph, const std::vector<TensorMap>& inputs) {
  for (const ir::ValueId id : graph.inputs) {
    quant::Columns columns;
    for (const TensorMap& input : inputs) quant::widen(columns, input.at(graph.value(id).name));
    double widest = 0, narrowest = std::numeric_limits<double>::infinity();
    for (const quant::ColumnRange& column : columns) {
      widest = std::max(widest, column.size());
      if (column.size() > 0) narrowest = std::min(narrowest, column.size());
    }
    if (widest < narrowest * kMostUnlike) continue;
    return "; the columns of input " + in_quotes(graph.value(id).name) + " have ranges of " + number(narrowest) +
           " to " + number(widest) +
           ", more than integers of one unit hold: scale them before the model, which is then made for " +
           "the scaled ones";
  }
  return "";
}

}  // namespace

std::vector<TensorMap> stand_in_inputs(const ir::Graph& graph, const std::function<void(std::string)>& note) {
  std::vector<TensorMap> out(kStandIns);
  const quant::Uses uses = quant::uses_of(graph);
  std::mt19937_64 random(1);
  for (const ir::ValueId id : graph.inputs) {
    const ir::Value& value = graph.value(id);
    ir::IntegerRange range{0, kWholeReach};
    const bool is_float = value.dtype == ir::DataType::kFloat;
    if (value.dtype == ir::DataType::kBool)
      range = {0, 1};
    else if (const std::int64_t length = uses.indexed_length[static_cast<std::size_t>(id)]; length > 0)
      range = {0, length - 1};
    else if (value.declared && value.declared->hi - value.declared->lo < kSmallType)
      range = *value.declared;
    for (TensorMap& inputs : out) {
      FloatTensor tensor(value.shape);
      for (float& x : tensor.data()) {
        // No library's distribution: the same numbers everywhere.
        const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1.0p-53; };
        if (is_float) {
          double sum = -6;
          for (int i = 0; i < 12; ++i) sum += uniform();
          x = static_cast<float>(std::clamp(sum, -kStandInReach, kStandInReach));
        } else {
          x = static_cast<float>(range.lo) +
              static_cast<float>(std::floor(uniform() * static_cast<double>(range.hi - range.lo + 1)));
        }
      }
      inputs.emplace(value.name, std::move(tensor));
    }
    note("input " + in_quotes(value.name) + ": " +
         (is_float ? "normal random numbers within +-" + number(kStandInReach)
                   : "random integers " + std::to_string(range.lo) + " .. " + std::to_string(range.hi)));
  }
  return out;
}

void shorten_texts(std::int64_t pad_token, std::vector<TensorMap>& texts,
                   const std::function<void(std::string)>& note) {
  const auto pad = static_cast<float>(pad_token);
  for (const TensorMap& text : texts)
    for (const auto& [name, tokens] : text)
      if (std::ranges::find(tokens.data(), pad) != tokens.data().end()) return;
  std::size_t shortened = 0;
  for (std::size_t i = 1; i < texts.size(); i += 2) {
    for (auto& [name, tokens] : texts[i]) {
      constexpr std::size_t kEighths[] = {1, 4, 2, 6};
      const std::size_t length = std::max<std::size_t>(2, tokens.data().size() * kEighths[i / 2 % 4] / 8);
      if (length >= tokens.data().size()) continue;
      tokens[length - 1] = tokens[tokens.data().size() - 1];
      for (std::size_t j = length; j < tokens.data().size(); ++j) tokens[j] = pad;
      ++shortened;
    }
  }
  if (shortened > 0)
    note(std::to_string(shortened) + " of " + std::to_string(texts.size()) +
         " calibration texts are read shortened, with padding behind them");
}

Result<std::vector<Note>> precision_notes(const ir::Graph& graph, const package::Package& package,
                                          const CompileRecord& record, const quant::QuantOptions& options,
                                          const std::vector<TensorMap>& inputs) {
  std::int64_t elements = 1;
  for (const ir::Node& node : graph.nodes) elements += graph.output_of(node).shape.num_elements();
  const auto count = static_cast<std::size_t>(
      std::clamp<std::int64_t>(kComparedElements / elements, 1, static_cast<std::int64_t>(kFew)));
  const std::span<const TensorMap> some(inputs.data(), std::min(count, inputs.size()));
  ZKI_ASSIGN_OR_RETURN(const Fidelity fidelity, quant::compare(graph, package.graph, package.weights, some));
  std::unordered_map<std::string, const qir::Value*> values;
  for (const qir::Node& node : package.graph.nodes) {
    const qir::Value& value = package.graph.value(node.output);
    values[value.name] = &value;
  }
  std::vector<Note> notes;
  if (!options.has_room())
    notes.push_back(
        {true, "ranges end where the calibration inputs do: an input that makes a layer larger is cut off; " +
                   std::string(options.method == CalibrationMethod::kMse
                                   ? "give " + std::to_string(quant::kLeastRoomyBits) +
                                         " or more activation bits, or none, for room above them"
                                   : "the calibration method mse leaves room above them")});
  const bool widths_forced = options.activation_bits > 0 || options.weight_bits > 0;
  std::string cut;
  std::size_t num_cut = 0;
  const TensorFidelity* worst = nullptr;
  for (const TensorFidelity& layer : fidelity.layers) {
    const qir::Value& value = *values.at(layer.name);
    const double scale = quant::scale_of(value);
    const double lo = scale * static_cast<double>(value.lo), hi = scale * static_cast<double>(value.hi);
    const double slack = scale + kSlack * std::max(std::abs(lo), std::abs(hi));
    if (layer.lo < lo - slack || layer.hi > hi + slack) {
      if (++num_cut <= kMostNamed)
        cut += (cut.empty() ? "" : "; ") + in_quotes(layer.name) + " reaches " + number(layer.lo) + " .. " +
               number(layer.hi) + ", its integers hold " + number(lo) + " .. " + number(hi);
    }
    if (layer.error_of_largest().has_value() &&
        (worst == nullptr || *layer.error_of_largest() > *worst->error_of_largest()))
      worst = &layer;
  }
  if (!record.meets_target()) {
    std::string text = "the error target is missed: the largest output error is " + percent(record.measured_error) +
                       " of the largest output on " + std::to_string(record.num_measured) + " calibration inputs, " +
                       record.target_text() + " was asked for";
    if (worst != nullptr)
      text += "; the layer with the largest error is " + in_quotes(worst->name) + " (" +
              percent(worst->error_of_largest().value_or(0)) + " of its largest value)";
    text += widths_forced
                ? "; the widths that were given limit it (CompileOptions::activation_bits, CompileOptions::weight_bits)"
            : num_cut > 0 ? "; values are cut off there: give more calibration inputs"
                          : "; no choice of bits comes nearer" + columns_advice(graph, inputs) +
                                "; a larger CompileOptions::float_target accepts the model as it is";
    notes.push_back({true, std::move(text)});
  }
  if (num_cut > 0) {
    if (num_cut > kMostNamed) cut += "; and " + std::to_string(num_cut - kMostNamed) + " more";
    notes.push_back({false, "values are cut off on calibration inputs: " + cut});
  }
  return notes;
}

Status add_notes_as_given(const ir::Graph& given, const ir::Graph* core, const qir::QGraph& program,
                          const std::vector<TensorMap>& inputs, CompileRecord& record, std::vector<Note>& notes) {
  ZKI_ASSIGN_OR_RETURN(const std::vector<std::string> open, quant::may_leave_type(given, program, inputs));
  std::string names;
  for (const std::string& node : open) names += (names.empty() ? "" : ", ") + node;
  if (!open.empty())
    notes.push_back({true,
                     "integers of 32 bits may leave their type for inputs that calibration does not show, where the "
                     "network goes on at the other end and the integer model does not: nodes " +
                         names});
  if (core == nullptr) return ok_status();
  std::vector<std::string> missed;
  ZKI_RETURN_IF_ERROR(passes::resolve_special(given, &missed).status());
  const Result<quant::AsGiven> result = quant::compare_as_given(given, *core, inputs, missed);
  if (!result.ok()) {
    notes.push_back({true, "the network as it was given is not compared with: " + result.status().message()});
    return ok_status();
  }
  const std::string where = " on " + std::to_string(inputs.size()) + " calibration inputs";
  if (result->num_not_finite > 0)
    notes.push_back(
        {true, std::to_string(result->num_not_finite) + " of " + std::to_string(result->num_elements) +
                   " output numbers are infinite or NaN in the network as given" + where +
                   "; the integer model has finite ones there: replace them in the network as you want them"});
  for (const std::string& node : result->found)
    notes.push_back(
        {true, "node " + in_quotes(node) + " asks for NaN or infinity, which the network as given has there" + where +
                   "; the integer model takes it for never: choose by the condition that makes them instead"});
  if (result->difference > record.float_target)
    notes.push_back(
        {true, "the integer model is made of a network that differs from the one given, by " +
                   percent(result->difference) + " of the largest number of output " + in_quotes(result->output) +
                   where +
                   ": a mask before a Softmax that leaves nothing of a row, or numbers that are infinite or "
                   "NaN on the way; mask with minus infinity, and replace what has no number by a condition"});
  record.measured_error = std::max(record.measured_error, result->difference);
  return ok_status();
}

void keep_notes(std::vector<Note> notes, CompileRecord& record) {
  std::stable_sort(notes.begin(), notes.end(),
                   [](const Note& a, const Note& b) { return a.is_warning > b.is_warning; });
  if (notes.size() > CompileRecord::kMaxNotes) {
    const std::size_t more = notes.size() - CompileRecord::kMaxNotes + 1;
    notes.resize(CompileRecord::kMaxNotes - 1);
    notes.push_back({false, "and " + std::to_string(more) + " more notes"});
  }
  for (Note& note : notes) {
    if (note.text.size() <= CompileRecord::kMaxNoteBytes) continue;
    note.text.resize(CompileRecord::kMaxNoteBytes - 3);
    note.text += "...";
  }
  record.notes = std::move(notes);
}

}  // namespace zkinfer::api
