// SPDX-License-Identifier: Apache-2.0
#include "fidelity_output.h"

#include <cstdio>

#include "text.h"

namespace zkinfer::cli {
namespace {

const char* kind_name(OutputKind kind) {
  switch (kind) {
    case OutputKind::kScores: return "scores";
    case OutputKind::kLabels: return "labels";
    case OutputKind::kValues: return "values";
  }
  return "?";
}

// Errors may be of any size.
std::string significant(double x) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.4g", x);
  return buffer;
}

nlohmann::ordered_json tensors_json(const std::vector<TensorFidelity>& tensors) {
  auto list = nlohmann::ordered_json::array();
  for (const TensorFidelity& t : tensors) list.push_back(tensor_fidelity_json(t));
  return list;
}

}  // namespace

nlohmann::ordered_json tensor_fidelity_json(const TensorFidelity& t) {
  return {
      {"name", t.name},
      {"kind", kind_name(t.kind)},
      {"cosine", optional_json(t.cosine)},
      {"agreement", optional_json(t.agreement)},
      {"r_squared", optional_json(t.r_squared)},
      {"mean_abs_error", optional_json(t.mean_abs_error)},
      {"max_abs_error", optional_json(t.max_abs_error)},
      {"error_of_largest", optional_json(t.error_of_largest())},
      {"relative_error", optional_json(t.relative_error)},
      {"num_elements", t.num_elements},
      {"num_not_finite", t.num_not_finite},
      {"num_different", t.resolution > 0 ? nlohmann::ordered_json(t.num_different) : nlohmann::ordered_json(nullptr)},
      {"range", {t.lo, t.hi}}};
}

nlohmann::ordered_json optional_json(const std::optional<double>& number) {
  return number.has_value() ? nlohmann::ordered_json(*number) : nlohmann::ordered_json(nullptr);
}

std::vector<std::pair<std::string, std::string>> fidelity_rows(const Fidelity& fidelity, const CompileRecord& record) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const TensorFidelity& t : fidelity.outputs) {
    const std::string indent = fidelity.outputs.size() > 1 ? "    " : "  ";
    if (fidelity.outputs.size() > 1) rows.emplace_back("  output '" + t.name + "'", "");
    if (t.kind == OutputKind::kLabels) {
      rows.emplace_back(indent + "equal labels", decimal(100 * t.agreement.value_or(0), 2) + " %");
      continue;
    }
    if (t.agreement.has_value()) rows.emplace_back(indent + "same top class", decimal(100 * *t.agreement, 2) + " %");
    if (t.r_squared.has_value()) rows.emplace_back(indent + "R squared", decimal(*t.r_squared, 6));
    if (t.cosine.has_value()) rows.emplace_back(indent + "cosine", decimal(*t.cosine, 6));
    rows.emplace_back(indent + "error, mean and largest",
                      significant(t.mean_abs_error.value_or(0)) + ", " + significant(t.max_abs_error.value_or(0)));
    rows.emplace_back(indent + "largest error, of the largest value",
                      decimal(100 * t.error_of_largest().value_or(0), 3) + " %, " +
                          (t.max_abs_error.value_or(0) > 0 && t.max_abs_error.value_or(0) <= t.resolution
                               ? "one step of the network's own integers"
                               : "at most " + record.target_text() + " was asked for"));
    if (t.resolution > 0)
      rows.emplace_back(indent + "other integers than the network's own",
                        std::to_string(t.num_different) + " of " + counted(t.num_elements, "number"));
    rows.emplace_back(indent + "relative error", decimal(100 * t.relative_error.value_or(0), 3) + " %");
  }
  if (fidelity.language.has_value()) {
    const LanguageFidelity& language = *fidelity.language;
    const std::string change = (language.loss() < 0 ? "" : "+") + decimal(100 * language.loss(), 2) + " %";
    rows.emplace_back("  perplexity", decimal(language.perplexity, 4) + ", float " +
                                          decimal(language.float_perplexity, 4) + " (" + change + "), over " +
                                          counted(language.num_tokens, "token"));
    rows.emplace_back("  same most likely token", decimal(100 * language.agreement, 2) + " %");
  }
  return rows;
}

nlohmann::ordered_json fidelity_json(const Fidelity& fidelity) {
  nlohmann::ordered_json language;
  if (fidelity.language.has_value()) {
    language = {{"num_tokens", fidelity.language->num_tokens},
                {"perplexity", fidelity.language->perplexity},
                {"float_perplexity", fidelity.language->float_perplexity},
                {"agreement", fidelity.language->agreement}};
  }
  return {{"num_inputs", fidelity.num_inputs},
          {"cosine", optional_json(fidelity.cosine())},
          {"agreement", optional_json(fidelity.agreement())},
          {"r_squared", optional_json(fidelity.r_squared())},
          {"max_abs_error", optional_json(fidelity.max_abs_error())},
          {"error_of_largest", optional_json(fidelity.error_of_largest())},
          {"language", std::move(language)},
          {"clipping", clipping_json(fidelity.inputs)},
          {"outputs", tensors_json(fidelity.outputs)},
          {"layers", tensors_json(fidelity.layers)}};
}

nlohmann::ordered_json clipping_json(const std::vector<Clipping>& clipping) {
  auto list = nlohmann::ordered_json::array();
  for (const Clipping& input : clipping) {
    list.push_back({{"input", input.input},
                    {"num_values", input.num_values},
                    {"num_clipped", input.num_clipped},
                    {"range", {input.lo, input.hi}},
                    {"largest_excess", input.largest_excess}});
  }
  return list;
}

}  // namespace zkinfer::cli
