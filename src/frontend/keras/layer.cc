// SPDX-License-Identifier: Apache-2.0
#include "frontend/keras/layer.h"

#include "base/text.h"

namespace zkinfer::frontend_keras {

namespace {

constexpr std::int64_t kLargest = std::int64_t{1} << 31;

Status bad(std::string_view key, const Json& json, const char* expected) {
  return corrupt("its configuration has " + std::string(key) + " = " + printable(json.shown()) + ", expected " +
                 expected);
}

bool in_range(std::int64_t x) { return x >= -kLargest && x <= kLargest; }

void collect(const Operand& operand, std::vector<Value>& out) {
  if (operand.kind == Argument::Kind::kTensor) out.push_back(operand.value);
  for (const Operand& item : operand.list) collect(item, out);
}

}  // namespace

double Config::number(std::string_view key, double fallback) const {
  const Json& json = (*json_)[key];
  if (!json.is_null() && !json.is_number() && problem_->ok()) *problem_ = bad(key, json, "a number");
  return json.number(fallback);
}

bool Config::flag(std::string_view key, bool fallback) const {
  const Json& json = (*json_)[key];
  // Keras keeps what it was given, and Python takes 1 for true.
  if (const auto x = json.integer(); x && (*x == 0 || *x == 1)) return *x == 1;
  if (!json.is_null() && json.kind() != Json::Kind::kBool && problem_->ok())
    *problem_ = bad(key, json, "true or false");
  return json.boolean(fallback);
}

std::string Config::text(std::string_view key, const std::string& fallback) const {
  const Json& json = (*json_)[key];
  if (!json.is_null() && !json.is_text() && problem_->ok()) *problem_ = bad(key, json, "a text");
  return json.is_text() ? json.text() : fallback;
}

Status Config::agrees(std::string_view key, std::int64_t in_file) const {
  const Json& json = (*json_)[key];
  if (json.is_null() || json.integer() == in_file) return ok_status();
  return bad(key, json, ("the " + std::to_string(in_file) + " of its weights in the file").c_str());
}

Result<std::int64_t> Config::integer(std::string_view key, std::optional<std::int64_t> fallback) const {
  const Json& json = (*json_)[key];
  if (json.is_null() && fallback) return *fallback;
  const std::optional<std::int64_t> x = json.integer();
  if (!x || !in_range(*x)) return bad(key, json, "a whole number");
  return *x;
}

Result<Dims> Config::sizes(std::string_view key, std::size_t count, std::optional<std::int64_t> fallback) const {
  const Json& json = (*json_)[key];
  Dims out;
  if (json.is_null() && fallback)
    out.assign(count, *fallback);
  else if (const std::optional<std::int64_t> one = json.integer())
    out.assign(count, *one);
  else if (const std::optional<Dims> list = json.integers(); list && list->size() == count)
    out = *list;
  else
    return bad(key, json, (std::to_string(count) + " whole numbers").c_str());
  for (const std::int64_t x : out)
    if (x < 1 || x > kLargest) return bad(key, json, "positive numbers");
  return out;
}

Result<Dims> Config::integers(std::string_view key, Dims fallback) const {
  const Json& json = (*json_)[key];
  if (json.is_null()) return fallback;
  Dims out;
  if (const std::optional<std::int64_t> one = json.integer())
    out = {*one};
  else if (std::optional<Dims> list = json.integers(); list && list->size() <= kMaxRank)
    out = std::move(*list);
  else
    return bad(key, json, "whole numbers");
  for (const std::int64_t x : out)
    if (!in_range(x)) return bad(key, json, "whole numbers");
  return out;
}

Result<bool> Config::channels_first() const {
  const std::string format = text("data_format", "channels_last");
  if (format != "channels_last" && format != "channels_first" && format != "default")
    return bad("data_format", (*json_)["data_format"], "'channels_last' or 'channels_first'");
  return format == "channels_first";
}

std::vector<Value> LayerCall::tensors() const {
  std::vector<Value> out;
  for (const Operand& operand : operands) collect(operand, out);
  return out;
}

Result<Value> LayerCall::input() const {
  std::vector<Value> all = tensors();
  if (all.empty()) return corrupt("it is called without a tensor");
  return std::move(all[0]);
}

const Operand* LayerCall::argument(std::string_view name, std::size_t position) const {
  const Operand* found = position < operands.size() ? &operands[position] : nullptr;
  for (const auto& [key, operand] : named)
    if (key == name) found = &operand;
  const bool is_none = found != nullptr && found->kind == Argument::Kind::kConstant && found->constant->is_null();
  return is_none ? nullptr : found;
}

Result<Value> LayerCall::activated(Value x, std::string_view activation) const {
  return activate(net, config[activation], x);
}

const Entry* find_layer(std::string_view class_name) {
  for (const std::span<const Entry> table :
       {core_layers(), shape_layers(), convolution_layers(), pooling_layers(), normalization_layers(),
        activation_layers(), merge_layers(), recurrent_layers(), attention_layers(), preprocessing_layers()})
    for (const Entry& entry : table)
      if (entry.class_name == class_name) return &entry;
  return nullptr;
}

}  // namespace zkinfer::frontend_keras
