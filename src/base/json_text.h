// SPDX-License-Identifier: Apache-2.0
// JSON for programs, written as text. Numbers are written so that they are read back as the same number.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace zkinfer {

// Between quotation marks, with the characters escaped that JSON wants escaped.
std::string json_text(std::string_view text);
std::string json_number(double value);  // null of what is no finite number
std::string json_numbers(std::span<const std::int64_t> values);

// {"a":..,"b":..} in the order in which members are added.
class JsonObject {
 public:
  void add(std::string_view name, const std::string& json);  // json: whatever is JSON already
  void text(std::string_view name, std::string_view value) { add(name, json_text(value)); }
  void number(std::string_view name, std::uint64_t value) { add(name, std::to_string(value)); }
  void integer(std::string_view name, std::int64_t value) { add(name, std::to_string(value)); }
  void real(std::string_view name, double value) { add(name, json_number(value)); }
  void boolean(std::string_view name, bool value) { add(name, value ? "true" : "false"); }
  // All members of another object.
  void update(const JsonObject& other);
  std::string take() && { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

// The members of both objects, none of which is empty.
inline std::string json_joined(const std::string& object, const std::string& other) {
  return object.substr(0, object.size() - 1) + "," + other.substr(1);
}

class JsonList {
 public:
  void add(const std::string& json) { items_ += (items_.empty() ? "" : ",") + json; }
  std::string take() && { return "[" + items_ + "]"; }

 private:
  std::string items_;
};

}  // namespace zkinfer
