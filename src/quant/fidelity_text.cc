// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/fidelity.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "quant/text_table.h"

namespace zkinfer {

namespace {

std::string number(double x, int digits) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*f", digits, x);
  return buffer;
}

std::string significant(double x) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.4g", x);
  return buffer;
}

// What the worst output has of one number, by `is_worse(one, other)`; nothing where none has one.
template <class Member, class Worse>
std::optional<double> worst(const std::vector<TensorFidelity>& outputs, Member member, Worse is_worse) {
  std::optional<double> out;
  for (const TensorFidelity& output : outputs) {
    const std::optional<double> x = std::invoke(member, output);
    if (x.has_value() && (!out.has_value() || is_worse(*x, *out))) out = x;
  }
  return out;
}
template <class Member>
std::optional<double> least(const std::vector<TensorFidelity>& outputs, Member member) {
  return worst(outputs, member, std::less<>());
}
template <class Member>
std::optional<double> largest(const std::vector<TensorFidelity>& outputs, Member member) {
  return worst(outputs, member, std::greater<>());
}

}  // namespace

std::optional<double> Fidelity::cosine() const { return least(outputs, &TensorFidelity::cosine); }
std::optional<double> Fidelity::agreement() const { return least(outputs, &TensorFidelity::agreement); }
std::optional<double> Fidelity::r_squared() const { return least(outputs, &TensorFidelity::r_squared); }
std::optional<double> Fidelity::relative_error() const { return largest(outputs, &TensorFidelity::relative_error); }
std::optional<double> Fidelity::max_abs_error() const { return largest(outputs, &TensorFidelity::max_abs_error); }
std::optional<double> Fidelity::error_of_largest() const { return largest(outputs, &TensorFidelity::error_of_largest); }

std::optional<double> TensorFidelity::error_of_largest() const {
  if (!max_abs_error.has_value()) return std::nullopt;
  return *max_abs_error > 0 ? *max_abs_error / std::max({std::abs(lo), std::abs(hi), 1e-30}) : 0;
}

// Written so that a number that is none is too much.
bool TensorFidelity::meets(double target) const {
  const std::optional<double> error = error_of_largest();
  return !error.has_value() || *error <= target || *max_abs_error <= resolution;
}

bool Fidelity::meets(double target) const {
  return std::ranges::all_of(outputs, [&](const TensorFidelity& output) { return output.meets(target); });
}

std::vector<std::string> fidelity_warnings(const Fidelity& fidelity, const FidelityFloor& floor) {
  std::vector<std::string> out;
  for (const TensorFidelity& output : fidelity.outputs) {
    const std::string where = "output '" + output.name + "': ";
    // Written so that a number that is none warns too.
    if (output.cosine.has_value() && !(*output.cosine >= floor.cosine)) {
      out.push_back(where + "the integer model is a poor likeness of the float model: cosine " +
                    number(*output.cosine, 4) + ", below " + number(floor.cosine, 4));
    }
    if (output.agreement.has_value() && !(*output.agreement >= floor.agreement)) {
      const std::string what = output.kind == OutputKind::kLabels ? "equal labels" : "the same largest entry";
      out.push_back(where + what + " as the float model in " + number(100 * *output.agreement, 2) +
                    " % of the inputs only, below " + number(100 * floor.agreement, 2) + " %");
    }
    if (output.r_squared.has_value() && !(*output.r_squared >= floor.r_squared)) {
      out.push_back(where + "R squared against the float model " + number(*output.r_squared, 4) + ", below " +
                    number(floor.r_squared, 4));
    }
    if (output.num_not_finite > 0) {
      out.push_back(where + std::to_string(output.num_not_finite) + " of " + std::to_string(output.num_elements) +
                    " numbers are infinite or NaN in the network; the integer model has finite ones there");
    }
    if (output.resolution > 0 && output.num_different > 0) {
      out.push_back(where + std::to_string(output.num_different) + " of " + std::to_string(output.num_elements) +
                    " integers are not the network's own, by at most " + significant(output.max_abs_error.value_or(0)));
    }
    if (floor.error_of_largest > 0 && !output.meets(floor.error_of_largest)) {
      out.push_back(
          where + "the error target is missed on " +
          (fidelity.num_inputs == 1 ? "this input" : "these " + std::to_string(fidelity.num_inputs) + " inputs") +
          ": the largest error is " + significant(100 * output.error_of_largest().value_or(0)) +
          " % of the largest value, " + significant(100 * floor.error_of_largest) + " % was asked for");
    }
  }
  for (const Clipping& clipping : fidelity.inputs) {
    if (clipping.num_clipped > 0) out.push_back(clipping_text(clipping) + ", and were clipped");
  }
  return out;
}

std::string fidelity_text(const Fidelity& fidelity) {
  std::vector<std::vector<std::string>> rows = {
      {"value", "cosine", "mean error", "max error", "relative", "agreement"}};
  const auto shown = [](const std::optional<double>& x, const auto& text) { return x.has_value() ? text(*x) : "-"; };
  const auto add = [&](const TensorFidelity& t) {
    rows.push_back({t.name, shown(t.cosine, [](double x) { return number(x, 6); }),
                    shown(t.mean_abs_error, significant), shown(t.max_abs_error, significant),
                    shown(t.relative_error, [](double x) { return number(x, 5); }),
                    shown(t.agreement, [](double x) { return number(100 * x, 2) + " %"; })});
  };
  for (const TensorFidelity& layer : fidelity.layers) add(layer);
  rows.push_back({"outputs"});
  for (const TensorFidelity& output : fidelity.outputs) add(output);
  std::string out = "fidelity over " + std::to_string(fidelity.num_inputs) + " inputs\n" + quant::text_table(rows);
  if (fidelity.language.has_value()) {
    const LanguageFidelity& language = *fidelity.language;
    out += "perplexity " + number(language.perplexity, 4) + ", float " + number(language.float_perplexity, 4) + "; " +
           number(100 * language.agreement, 2) + " % the same most likely token, over " +
           std::to_string(language.num_tokens) + " tokens\n";
  }
  return out;
}

}  // namespace zkinfer
