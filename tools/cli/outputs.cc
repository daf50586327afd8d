// SPDX-License-Identifier: Apache-2.0
#include "outputs.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "base/text.h"
#include "result_json.h"
#include "text.h"
#include "zkinfer/hex.h"
#include "zkinfer/result_json.h"

namespace zkinfer::cli {

std::string verdict_text(const Verdict& verdict) {
  if (verdict.accepted()) return "accepted";
  std::string text(reject_reason_name(verdict.reason));
  if (verdict.where.empty()) return text;
  // A place, or what was expected there.
  const bool says_expected =
      verdict.where.starts_with("expected ") || verdict.where.find(": expected ") != std::string::npos;
  return text + (says_expected ? ": " : " at ") + verdict.where;
}

std::size_t arg_max(const std::vector<std::int64_t>& values) {
  return static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

std::vector<double> softmax(const std::vector<std::int64_t>& values, double scale) {
  std::vector<double> shares(values.size());
  if (values.empty()) return shares;
  const std::int64_t top = values[arg_max(values)];
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i)
    sum += shares[i] = std::exp(static_cast<double>(values[i] - top) * scale);
  for (double& share : shares) share /= sum;
  return shares;
}

namespace {

bool is_counted(const OutputTensor& tensor) { return tensor.scale == 1; }

std::string in_order(const std::vector<std::int64_t>& values, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < std::min(values.size(), most); ++i)
    text += (i == 0 ? "" : " ") + std::to_string(values[i]);
  return text + (values.size() > most ? " .. of " + human_count(values.size()) : "");
}

}  // namespace

std::string tensors_text(const char* kind, const std::vector<OutputTensor>& tensors, Shown shown) {
  constexpr std::size_t kMaxLines = 5, kMostInOrder = 64;
  std::string text;
  for (const OutputTensor& output : tensors) {
    text += std::string(kind) + " " + in_quotes(output.name) + " " + shape_text(output.shape) + "\n";
    if (is_counted(output) && output.values.size() > kMaxLines) {
      text += "  " + in_order(output.values, kMostInOrder) + "\n";
      continue;
    }
    std::vector<std::size_t> order(output.values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const bool all = order.size() <= kMaxLines;
    if (!all && shown == Shown::kLargest) {
      std::partial_sort(order.begin(), order.begin() + kMaxLines, order.end(), [&](std::size_t a, std::size_t b) {
        return std::pair(-output.values[a], a) < std::pair(-output.values[b], b);
      });
    }
    if (!all) order.resize(kMaxLines);
    for (const std::size_t i : order) {
      char line[128];
      std::snprintf(line, sizeof line, "  [%zu] %14.6f   (integer %lld)\n", i,
                    static_cast<double>(output.values[i]) * output.scale, static_cast<long long>(output.values[i]));
      text += line;
    }
    if (!all) {
      text += std::string("  .. the ") + (shown == Shown::kLargest ? "largest" : "first") + " 5 of " +
              human_count(output.values.size()) + "; --json shows all\n";
    }
  }
  return text;
}

std::vector<OutputTensor> output_tensors(const std::vector<TensorInfo>& infos,
                                         const std::vector<std::vector<std::int64_t>>& integers) {
  std::vector<OutputTensor> out;
  for (std::size_t i = 0; i < infos.size() && i < integers.size(); ++i) {
    out.push_back({infos[i].name, infos[i].shape, integers[i], infos[i].format.scale()});
  }
  return out;
}

std::string outputs_line(const std::vector<OutputTensor>& tensors) {
  constexpr std::size_t kMost = 4;
  std::string text;
  const auto entry = [](const OutputTensor& tensor, std::size_t i) {
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, "%.6g", static_cast<double>(tensor.values[i]) * tensor.scale);
    return std::string(buffer);
  };
  for (const OutputTensor& tensor : tensors) {
    if (!text.empty()) text += "  ";
    if (tensors.size() > 1) text += printable(tensor.name) + " ";
    if (is_counted(tensor) && tensor.values.size() > kMost) {
      text += in_order(tensor.values, kMost);
      continue;
    }
    if (tensor.values.size() > kMost) {
      const std::size_t top = arg_max(tensor.values);
      text += "[" + std::to_string(top) + "] " + entry(tensor, top);
      continue;
    }
    for (std::size_t i = 0; i < tensor.values.size(); ++i) text += (i == 0 ? "" : " ") + entry(tensor, i);
  }
  return text;
}

std::string verified_text(const char* kind, const std::vector<VerifiedTensor>& tensors, bool with_values, Shown shown) {
  std::string text;
  for (const VerifiedTensor& tensor : tensors) {
    std::vector<std::pair<std::string, std::string>> rows;
    if (tensor.digest.has_value()) rows = digest_rows(tensor.group.hash, *tensor.digest);
    if (tensor.commitment.has_value()) rows.emplace_back("commitment", to_hex(tensor.commitment->id()));
    if (tensor.group.is_public() && with_values) {
      text += tensors_text(kind, {{tensor.name, tensor.shape, tensor.integers, tensor.format.scale()}}, shown);
    } else if (!rows.empty()) {
      text += std::string(kind) + " " + in_quotes(tensor.name) + " " + shape_text(tensor.shape) + "\n";
    }
    text += pairs_text(rows);
  }
  return text;
}

std::string whole_text(const CompileRecord& record, bool is_input, const std::string& name) {
  for (const WholeTensor& whole : record.whole)
    if (whole.is_input == is_input && whole.name == name) return ", " + whole.to_string();
  return "";
}

std::string output_scales_text(const CompileRecord& record) {
  std::string text;
  for (const WholeTensor& whole : record.whole)
    if (!whole.is_input && whole.has_scale())
      text += "output " + in_quotes(whole.name) + ": " + whole.to_string() + "\n";
  return text;
}

nlohmann::ordered_json whole_json(const CompileRecord& record) {
  auto list = nlohmann::ordered_json::array();
  for (const WholeTensor& whole : record.whole) {
    nlohmann::ordered_json json = {{"name", whole.name}, {"kind", whole.is_input ? "input" : "output"}};
    if (whole.lo < whole.hi) json["range"] = {whole.lo, whole.hi};
    json["scale"] = whole.has_scale() ? nlohmann::ordered_json(whole.scale) : nlohmann::ordered_json(nullptr);
    json["zero_point"] = whole.has_scale() ? nlohmann::ordered_json(whole.zero_point) : nlohmann::ordered_json(nullptr);
    list.push_back(std::move(json));
  }
  return list;
}

nlohmann::ordered_json outputs_json(const std::vector<OutputTensor>& outputs) {
  auto list = nlohmann::ordered_json::array();
  for (const OutputTensor& output : outputs)
    list.push_back(parsed(values_json(output.name, output.shape, output.scale, output.values)));
  return list;
}

}  // namespace zkinfer::cli
