// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/fidelity.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace zkinfer {

namespace {

std::string number(double x, int digits) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*f", digits, x);
  return buffer;
}

// The least that any output has of one number.
template <class Member>
std::optional<double> least(const std::vector<TensorFidelity>& outputs, Member member) {
  std::optional<double> out;
  for (const TensorFidelity& output : outputs) {
    const std::optional<double>& x = output.*member;
    if (x.has_value() && (!out.has_value() || *x < *out)) out = x;
  }
  return out;
}

}  // namespace

std::optional<double> Fidelity::cosine() const { return least(outputs, &TensorFidelity::cosine); }
std::optional<double> Fidelity::agreement() const { return least(outputs, &TensorFidelity::agreement); }
std::optional<double> Fidelity::r_squared() const { return least(outputs, &TensorFidelity::r_squared); }

double Fidelity::relative_error() const {
  double largest = 0;
  for (const TensorFidelity& output : outputs) largest = std::max(largest, output.relative_error);
  return largest;
}

double TensorFidelity::error_of_largest() const {
  const double largest = std::max(std::abs(lo), std::abs(hi));
  return max_abs_error > 0 ? max_abs_error / std::max(largest, 1e-30) : 0;
}

double Fidelity::error_of_largest() const {
  double largest = 0;
  for (const TensorFidelity& output : outputs) largest = std::max(largest, output.error_of_largest());
  return largest;
}

double Fidelity::max_abs_error() const {
  double largest = 0;
  for (const TensorFidelity& output : outputs) largest = std::max(largest, output.max_abs_error);
  return largest;
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
  }
  for (const Clipping& clipping : fidelity.inputs) {
    if (clipping.num_clipped > 0) out.push_back(clipping_text(clipping) + ", and were clipped");
  }
  return out;
}

std::string fidelity_text(const Fidelity& fidelity) {
  char line[200];
  std::string text = "fidelity over " + std::to_string(fidelity.num_inputs) + " inputs\n";
  std::snprintf(line, sizeof line, "%-40s %10s %12s %12s %10s %10s\n", "value", "cosine", "mean error", "max error",
                "relative", "agreement");
  text += line;
  const auto add = [&](const TensorFidelity& t) {
    std::snprintf(line, sizeof line, "%-40.40s %10s %12.5g %12.5g %10.5f %10s\n", t.name.c_str(),
                  t.cosine.has_value() ? number(*t.cosine, 6).c_str() : "-", t.mean_abs_error, t.max_abs_error,
                  t.relative_error, t.agreement.has_value() ? (number(100 * *t.agreement, 2) + " %").c_str() : "-");
    text += line;
  };
  for (const TensorFidelity& layer : fidelity.layers) add(layer);
  text += "outputs\n";
  for (const TensorFidelity& output : fidelity.outputs) add(output);
  return text;
}

}  // namespace zkinfer
