// SPDX-License-Identifier: Apache-2.0
#include "outputs.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "base/text.h"
#include "tensor_policy_text.h"
#include "text.h"
#include "zkinfer/cid.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {

std::string verdict_text(const Verdict& verdict) {
  if (verdict.accepted()) return "accepted";
  return std::string(reject_reason_name(verdict.reason)) + (verdict.where.empty() ? "" : " at " + verdict.where);
}

std::string rejection_hint(RejectReason reason) {
  switch (reason) {
    case RejectReason::kNone: return "";
    case RejectReason::kBadHeader: return "This is no proof of this version, or its first bytes were changed.";
    case RejectReason::kWrongStatement: return "The proof was made for something else than what you check.";
    case RejectReason::kTruncated:
      return "Bytes are missing: the file was cut off, or is for a model with a longer proof.";
    case RejectReason::kTrailingBytes: return "There are bytes after the proof's end.";
    case RejectReason::kBadPublicValue:
      return "A public value is missing, of another size, outside its range, or has another hash than the proof says: "
             "the proof was changed, or the file of --input-data, --output-data or --link-data is about something "
             "else.";
    case RejectReason::kNonCanonical:
    case RejectReason::kMerklePath:
    case RejectReason::kOpening:
    case RejectReason::kMaskCodeword:
    case RejectReason::kFinalCheck: return "The proof was changed, or whoever made it did not run this model.";
    // The first check that depends on everything before it: key, context and outputs enter the challenges.
    case RejectReason::kZeroDenominator:
    case RejectReason::kSumcheck:
    case RejectReason::kProofOfWork:
      return "Key, outputs and proof do not belong together: another model's key, or changed outputs.";
    case RejectReason::kUncertified:
      return "Without a certificate the weights may be any field elements, and the model no integer network.";
    case RejectReason::kLink: return "Each proof may be right by itself, but one is not about what the other gave.";
    case RejectReason::kOverLimit: return "It was not looked at: that would cost more than the limits allow.";
  }
  return "";
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

std::string tensors_text(const char* kind, const std::vector<OutputTensor>& tensors) {
  constexpr std::size_t kMaxLines = 5;
  std::string text;
  for (const OutputTensor& output : tensors) {
    text += std::string(kind) + " " + in_quotes(output.name) + " " + shape_text(output.shape) + "\n";
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
      std::snprintf(line, sizeof line, "  [%zu] %14.6f   (integer %lld)\n", i,
                    static_cast<double>(output.values[i]) * output.scale, static_cast<long long>(output.values[i]));
      text += line;
    }
    if (!all) text += "  .. the largest 5 of " + human_count(output.values.size()) + "; --json shows all\n";
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
    if (tensor.values.size() > kMost) {
      const std::size_t top = arg_max(tensor.values);
      text += "[" + std::to_string(top) + "] " + entry(tensor, top);
      continue;
    }
    for (std::size_t i = 0; i < tensor.values.size(); ++i) text += (i == 0 ? "" : " ") + entry(tensor, i);
  }
  return text;
}

std::vector<std::pair<std::string, std::string>> digest_rows(TensorHash hash, const Digest& digest) {
  if (hash != TensorHash::kSha256) return {{"keccak256", to_hex(digest)}};
  return {{"sha256", to_hex(digest)}, {"cid", cid_of_sha256(digest)}};
}

std::string verified_text(const char* kind, const std::vector<VerifiedTensor>& tensors, bool with_values) {
  std::string text;
  for (const VerifiedTensor& tensor : tensors) {
    std::vector<std::pair<std::string, std::string>> rows;
    if (tensor.digest.has_value()) rows = digest_rows(tensor.group.hash, *tensor.digest);
    if (tensor.commitment.has_value()) rows.emplace_back("commitment", to_hex(tensor.commitment->id()));
    if (tensor.group.is_public() && with_values) {
      text += tensors_text(kind, {{tensor.name, tensor.shape, tensor.integers, tensor.format.scale()}});
    } else if (!rows.empty()) {
      text += std::string(kind) + " " + in_quotes(tensor.name) + " " + shape_text(tensor.shape) + "\n";
    }
    text += pairs_text(rows);
  }
  return text;
}

nlohmann::ordered_json verified_json(const std::vector<VerifiedTensor>& tensors) {
  auto list = nlohmann::ordered_json::array();
  for (const VerifiedTensor& tensor : tensors) {
    nlohmann::ordered_json json = {{"name", tensor.name}, {"shape", tensor.shape}};
    if (tensor.group.is_public())
      json = outputs_json({{tensor.name, tensor.shape, tensor.integers, tensor.format.scale()}})[0];
    json["seen"] = tensor_policy_text(tensor.group);
    if (tensor.digest.has_value()) {
      for (const auto& [name, value] : digest_rows(tensor.group.hash, *tensor.digest)) json[name] = value;
    }
    if (tensor.commitment.has_value()) {
      json["commitment"] = to_hex(tensor.commitment->id());
      json["commitment_root"] = to_hex(tensor.commitment->root());
      json["commitment_budget"] = tensor.commitment->budget();
    }
    list.push_back(std::move(json));
  }
  return list;
}

nlohmann::ordered_json tensor_infos_json(const std::vector<TensorInfo>& tensors) {
  auto list = nlohmann::ordered_json::array();
  for (const TensorInfo& tensor : tensors) {
    list.push_back({{"name", tensor.name},
                    {"shape", tensor.shape},
                    {"lo", tensor.format.lo},
                    {"hi", tensor.format.hi},
                    {"scale", tensor.format.scale()}});
  }
  return list;
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
  for (const OutputTensor& output : outputs) {
    std::vector<double> real;
    for (const std::int64_t value : output.values) real.push_back(static_cast<double>(value) * output.scale);
    list.push_back({{"name", output.name},
                    {"shape", output.shape},
                    {"scale", output.scale},
                    {"integers", output.values},
                    {"values", real}});
  }
  return list;
}

}  // namespace zkinfer::cli
