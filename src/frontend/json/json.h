// SPDX-License-Identifier: Apache-2.0
// JSON as a tree that answers any question: what is not there, or of another kind, is null, empty or the fallback.
// Bounded: 100 levels, no more values than bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "tensor/shape.h"
#include "zkinfer/status.h"

namespace zkinfer::frontend_json {

struct JsonOptions {
  std::size_t most_values = SIZE_MAX;  // more are refused: each takes about a hundred bytes of memory
  bool keras_tuples = false;           // {"class_name": "__tuple__", "items": [..]} is the list
};

class Json {
 public:
  enum class Kind : std::uint8_t { kNull, kBool, kInteger, kReal, kText, kList, kObject };

  static Result<Json> parse(ByteView text, const JsonOptions& options = {});
  // Of names that repeat the first is found.
  static Json object(std::vector<std::pair<std::string, Json>> members);

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::kNull; }
  bool is_text() const { return kind_ == Kind::kText; }
  bool is_list() const { return kind_ == Kind::kList; }
  bool is_object() const { return kind_ == Kind::kObject; }
  bool is_number() const { return kind_ == Kind::kInteger || kind_ == Kind::kReal; }

  const std::string& text() const { return text_; }
  bool boolean(bool fallback = false) const { return kind_ == Kind::kBool ? integer_ != 0 : fallback; }
  double number(double fallback = 0) const {
    return kind_ == Kind::kInteger ? static_cast<double>(integer_) : kind_ == Kind::kReal ? real_ : fallback;
  }
  // Also of a whole real number.
  std::optional<std::int64_t> integer() const;
  // A list of whole numbers.
  std::optional<Dims> integers() const;

  const std::vector<Json>& items() const { return items_; }  // of a list
  const Json& at(std::size_t index) const;
  std::size_t size() const { return kind_ == Kind::kList ? items_.size() : 0; }
  // Of an object. Null where there is none.
  const Json& operator[](std::string_view key) const;
  bool has(std::string_view key) const;
  const std::vector<std::pair<std::string, Json>>& members() const { return members_; }

  // As text again, shortened, for messages.
  std::string shown() const;

 private:
  friend class JsonBuilder;
  Kind kind_ = Kind::kNull;
  std::int64_t integer_ = 0;
  double real_ = 0;
  std::string text_;
  std::vector<Json> items_;
  std::vector<std::pair<std::string, Json>> members_;
};

}  // namespace zkinfer::frontend_json
