// SPDX-License-Identifier: Apache-2.0
#include "text.h"

#include "base/text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string_view>

namespace zkinfer::cli {

std::string counted(std::uint64_t count, const std::string& noun) {
  return human_count(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string parameters_text(std::uint64_t count, std::uint64_t in_network) {
  if (in_network == 0 || count <= in_network) return human_count(count);
  return human_count(count) + ", for " + counted(in_network, "number") + " of the network";
}

std::string budget_text(std::uint64_t budget) {
  return budget == 0 ? "any number of proofs" : human_count(budget) + " slots: a proof, rotation or certificate each";
}

std::string decimal(double value, int num_digits) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*f", num_digits, value);
  return buffer;
}

std::string significant(double value, int num_digits) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*g", num_digits, value);
  return buffer;
}

std::string human_bytes(std::uint64_t num_bytes) {
  static constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  if (num_bytes < 1024) return std::to_string(num_bytes) + " bytes";
  double value = static_cast<double>(num_bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  return decimal(value, value < 10 ? 2 : value < 100 ? 1 : 0) + " " + kUnits[unit];
}

std::string human_seconds(double seconds) {
  const auto scaled = [](double value, const char* unit) {
    return decimal(value, value < 10 ? 2 : value < 100 ? 1 : 0) + " " + unit;
  };
  if (seconds < 1e-3) return scaled(seconds * 1e6, "us");
  if (seconds < 1) return scaled(seconds * 1e3, "ms");
  if (seconds < 100) return scaled(seconds, "s");
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
}

std::string human_count(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t i = digits.size(); i > 3;) {
    i -= 3;
    digits.insert(i, ",");
  }
  return digits;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

std::string output_name(const std::string& path) { return path == "-" ? "standard output" : path; }

std::string shell_word(const std::string& text) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:=,@%+-";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\"'\"'") : std::string(1, c);
  return quoted + "'";
}

std::string pairs_text(const std::vector<std::pair<std::string, std::string>>& rows) {
  std::size_t width = 0;
  for (const auto& [name, value] : rows) width = std::max(width, printable(name).size());
  std::string text;
  for (const auto& [name, value] : rows) {
    const std::string shown = printable(name);
    text += "  " + shown + std::string(width - shown.size() + 2, ' ') + printable(value) + "\n";
  }
  return text;
}

}  // namespace zkinfer::cli
