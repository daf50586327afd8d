// SPDX-License-Identifier: Apache-2.0
#include "outputs.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "text.h"

namespace zkinfer::cli {

std::string verdict_text(const Verdict& verdict) {
  if (verdict.accepted()) return "accepted";
  return std::string(reject_reason_name(verdict.reason)) + (verdict.where.empty() ? "" : " at " + verdict.where);
}

std::size_t arg_max(const std::vector<std::int64_t>& values) {
  return static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

std::vector<double> softmax(const std::vector<std::int64_t>& values, double scale) {
  std::vector<double> shares(values.size());
  if (values.empty()) return shares;
  const std::int64_t top = values[arg_max(values)];
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) sum += shares[i] = std::exp(static_cast<double>(values[i] - top) * scale);
  for (double& share : shares) share /= sum;
  return shares;
}

std::string outputs_text(const std::vector<OutputTensor>& outputs) {
  constexpr std::size_t kMaxLines = 5;
  std::string text;
  for (const OutputTensor& output : outputs) {
    text += "output '" + output.name + "' " + shape_text(output.shape) + "\n";
    std::vector<std::size_t> order(output.values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const bool all = order.size() <= kMaxLines;
    if (!all) {
      std::partial_sort(order.begin(), order.begin() + kMaxLines, order.end(), [&](std::size_t a, std::size_t b) {
        return std::pair(-output.values[a], a) < std::pair(-output.values[b], b);
      });
      order.resize(kMaxLines);
    }
    for (const std::size_t i : order) {
      char line[128];
      std::snprintf(line, sizeof line, "  [%zu] %14.6f   (integer %lld)\n", i, static_cast<double>(output.values[i]) * output.scale,
                    static_cast<long long>(output.values[i]));
      text += line;
    }
    if (!all) text += "  .. the largest 5 of " + human_count(output.values.size()) + "; --json shows all\n";
  }
  return text;
}

nlohmann::ordered_json outputs_json(const std::vector<OutputTensor>& outputs) {
  auto list = nlohmann::ordered_json::array();
  for (const OutputTensor& output : outputs) {
    std::vector<double> real;
    for (const std::int64_t value : output.values) real.push_back(static_cast<double>(value) * output.scale);
    list.push_back({{"name", output.name}, {"shape", output.shape}, {"scale", output.scale}, {"integers", output.values}, {"values", real}});
  }
  return list;
}

}  // namespace zkinfer::cli
