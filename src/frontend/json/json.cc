// SPDX-License-Identifier: Apache-2.0
#include "frontend/json/json.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace zkinfer::frontend_json {

namespace {

constexpr std::size_t kDeepest = 100;
const Json kNone;

// Python writes infinities and NaN, which JSON has not: null is read for them. Nothing inside texts is touched.
std::string without_infinities(ByteView bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::string out;
  out.reserve(text.size());
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!inside && (c == 'I' || c == 'N')) {
      const std::string_view word = c == 'I' ? "Infinity" : "NaN";
      if (text.substr(i, word.size()) == word) {
        if (!out.empty() && out.back() == '-') out.pop_back();
        out += "null";
        i += word.size() - 1;
        continue;
      }
    }
    out += c;
    if (inside && c == '\\' && i + 1 < text.size())
      out += text[++i];
    else if (c == '"')
      inside = !inside;
  }
  return out;
}

}  // namespace

// Takes the parser's events; no recursion, no exception.
class JsonBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit JsonBuilder(const JsonOptions& options) : options_(options) {}
  Json take() { return std::move(root_); }
  const Status& status() const { return status_; }

  bool null() override { return put(Json()); }
  bool boolean(bool value) override {
    Json json;
    json.kind_ = Json::Kind::kBool;
    json.integer_ = value ? 1 : 0;
    return put(std::move(json));
  }
  bool number_integer(number_integer_t value) override {
    Json json;
    json.kind_ = Json::Kind::kInteger;
    json.integer_ = value;
    return put(std::move(json));
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > static_cast<number_unsigned_t>(INT64_MAX)) return number_float(static_cast<double>(value), "");
    return number_integer(static_cast<number_integer_t>(value));
  }
  bool number_float(number_float_t value, const string_t&) override {
    Json json;
    json.kind_ = Json::Kind::kReal;
    json.real_ = value;
    return put(std::move(json));
  }
  bool string(string_t& value) override {
    Json json;
    json.kind_ = Json::Kind::kText;
    json.text_ = std::move(value);
    return put(std::move(json));
  }
  bool binary(binary_t&) override { return fail("binary data"); }
  bool start_object(std::size_t) override { return open(Json::Kind::kObject); }
  bool start_array(std::size_t) override { return open(Json::Kind::kList); }
  bool key(string_t& name) override {
    keys_.back() = std::move(name);
    return true;
  }
  // Readers differ in which of two equal names counts: such a file means two things.
  bool end_object() override {
    std::vector<std::string_view> names;
    for (const auto& [name, value] : open_.back().members_) names.push_back(name);
    std::ranges::sort(names);
    const auto twice = std::ranges::adjacent_find(names);
    if (twice != names.end()) return fail("an object that has " + in_quotes(*twice) + " twice");
    return close();
  }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return fail("no valid JSON at byte " + std::to_string(position));
  }

 private:
  bool open(Json::Kind kind) {
    if (open_.size() == kDeepest) return fail("JSON nested deeper than 100");
    open_.emplace_back().kind_ = kind;
    keys_.emplace_back();
    return true;
  }
  bool close() {
    Json done = std::move(open_.back());
    open_.pop_back();
    keys_.pop_back();
    // How Keras writes tuples in some files.
    if (options_.keras_tuples && done["class_name"].text() == "__tuple__" && done["items"].is_list()) {
      Json items = done["items"];
      done = std::move(items);
    }
    return put(std::move(done));
  }
  bool put(Json json) {
    if (++num_values_ > options_.most_values)
      return fail("JSON of more than " + std::to_string(options_.most_values) + " values");
    if (open_.empty())
      root_ = std::move(json);
    else if (open_.back().kind_ == Json::Kind::kList)
      open_.back().items_.push_back(std::move(json));
    else
      open_.back().members_.emplace_back(keys_.back(), std::move(json));
    return true;
  }
  bool fail(std::string message) {
    if (status_.ok()) status_ = corrupt(std::move(message));
    return false;
  }

  JsonOptions options_;
  std::size_t num_values_ = 0;
  std::vector<Json> open_;
  std::vector<std::string> keys_;
  Json root_;
  Status status_;
};

Result<Json> Json::parse(ByteView text, const JsonOptions& options) {
  JsonBuilder builder(options);
  const bool parsed = nlohmann::json::sax_parse(without_infinities(text), &builder);
  if (!builder.status().ok()) return builder.status();
  if (!parsed) return corrupt("no valid JSON");
  return builder.take();
}

Json Json::object(std::vector<std::pair<std::string, Json>> members) {
  Json json;
  json.kind_ = Kind::kObject;
  json.members_ = std::move(members);
  return json;
}

std::optional<std::int64_t> Json::integer() const {
  if (kind_ == Kind::kInteger) return integer_;
  constexpr double kLimit = 9e15;  // exact
  if (kind_ == Kind::kReal && std::abs(real_) < kLimit && std::floor(real_) == real_)
    return static_cast<std::int64_t>(real_);
  return std::nullopt;
}

std::optional<Dims> Json::integers() const {
  if (kind_ != Kind::kList) return std::nullopt;
  Dims out;
  for (const Json& item : items_) {
    const std::optional<std::int64_t> x = item.integer();
    if (!x) return std::nullopt;
    out.push_back(*x);
  }
  return out;
}

const Json& Json::at(std::size_t index) const { return index < items_.size() ? items_[index] : kNone; }

const Json& Json::operator[](std::string_view key) const {
  for (const auto& [name, value] : members_)
    if (name == key) return value;
  return kNone;
}

bool Json::has(std::string_view key) const {
  return std::any_of(members_.begin(), members_.end(), [&](const auto& member) { return member.first == key; });
}

std::string Json::shown() const {
  constexpr std::size_t kMost = 60;
  std::string out;
  switch (kind_) {
    case Kind::kNull: return "null";
    case Kind::kBool: return integer_ != 0 ? "true" : "false";
    case Kind::kInteger: return std::to_string(integer_);
    case Kind::kReal: {
      char buffer[32];
      std::snprintf(buffer, sizeof buffer, "%g", real_);
      return buffer;
    }
    case Kind::kText: return "'" + text_.substr(0, kMost) + "'";
    case Kind::kList:
      for (const Json& item : items_) {
        if (out.size() > kMost) return "[" + out + ", ..]";
        out += (out.empty() ? "" : ", ") + item.shown();
      }
      return "[" + out + "]";
    case Kind::kObject: return "{..}";
  }
  return out;
}

}  // namespace zkinfer::frontend_json
