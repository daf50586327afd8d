// SPDX-License-Identifier: Apache-2.0
#include "base/json_text.h"

#include <cmath>
#include <cstdio>

namespace zkinfer {

std::string json_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      quoted += escape;
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string json_number(double value) {
  if (!std::isfinite(value)) return "null";
  char buffer[40];
  // The fewest of 15 to 17 digits that say which number it is.
  for (int digits = 15; digits <= 17; ++digits) {
    std::snprintf(buffer, sizeof buffer, "%.*g", digits, value);
    double read = 0;
    if (std::sscanf(buffer, "%lf", &read) == 1 && read == value) break;
  }
  return buffer;
}

std::string json_numbers(std::span<const std::int64_t> values) {
  JsonList list;
  for (const std::int64_t value : values) list.add(std::to_string(value));
  return std::move(list).take();
}

void JsonObject::add(std::string_view name, const std::string& json) {
  members_ += (members_.empty() ? "" : ",") + json_text(name) + ":" + json;
}

void JsonObject::update(const JsonObject& other) {
  if (!members_.empty() && !other.members_.empty()) members_ += ",";
  members_ += other.members_;
}

}  // namespace zkinfer
