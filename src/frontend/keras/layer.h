// SPDX-License-Identifier: Apache-2.0
// What a layer's handler sees of one call, and the tables of handlers.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "frontend/keras/model.h"
#include "frontend/keras/net.h"
#include "frontend/keras/weights.h"

namespace zkinfer::frontend_keras {

// An argument whose tensors are values.
struct Operand {
  Argument::Kind kind = Argument::Kind::kConstant;
  Value value;
  std::vector<Operand> list;
  std::vector<std::string> names;  // of a dictionary's
  const Json* constant = nullptr;
};

// A layer's configuration with Keras' defaults where a key is absent. Numbers are within 2^31. A value of another type than its key's
// is a problem of the layer's, whatever is read of it afterwards.
class Config {
 public:
  explicit Config(const Json& json) : json_(&json), problem_(std::make_shared<Status>()) {}
  // Of a part of it: problems are the whole's.
  Config(const Json& json, const Config& whole) : json_(&json), problem_(whole.problem_) {}
  const Json& operator[](std::string_view key) const { return (*json_)[key]; }
  const Json& json() const { return *json_; }
  Result<std::int64_t> integer(std::string_view key, std::optional<std::int64_t> fallback = {}) const;
  double number(std::string_view key, double fallback) const;
  bool flag(std::string_view key, bool fallback) const;
  std::string text(std::string_view key, const std::string& fallback) const;
  // corrupt where the key is there and says another number than the weights in the file.
  Status agrees(std::string_view key, std::int64_t in_file) const;
  const Status& problem() const { return *problem_; }
  // So many positive numbers, or one for all.
  Result<Dims> sizes(std::string_view key, std::size_t count, std::optional<std::int64_t> fallback) const;
  // One number or a list of them.
  Result<Dims> integers(std::string_view key, Dims fallback) const;
  Result<bool> channels_first() const;  // data_format

 private:
  const Json* json_;
  std::shared_ptr<Status> problem_;  // the first
};

struct LayerCall;
// Calls another layer (of a wrapper) with one input.
using RunLayer = std::function<Result<std::vector<Value>>(const Layer&, const Weights&, std::vector<Value>)>;

struct LayerCall {
  Net& net;
  const Layer& layer;
  Config config;
  Weights weights;
  std::vector<Operand> operands;
  std::vector<std::pair<std::string, Operand>> named;
  RunLayer run;

  // The tensors of all positional arguments, in order.
  std::vector<Value> tensors() const;
  // The only one: there is one or two (a layer of one input that Keras gave a state or a mask).
  Result<Value> input() const;
  // A named or later positional argument; null unless it is there and no None.
  const Operand* argument(std::string_view name, std::size_t position) const;
  std::string key(const std::string& role) const { return weights.key() + "/" + role; }
  Result<Value> activated(Value x, std::string_view key = "activation") const;
};

using Outputs = std::vector<Value>;
using Handler = Result<Outputs> (*)(LayerCall&);
struct Entry {
  std::string_view class_name;
  Handler run;
  bool always_refused = false;  // whatever it reads
};

// One table per family.
std::span<const Entry> core_layers();
std::span<const Entry> shape_layers();
std::span<const Entry> convolution_layers();
std::span<const Entry> pooling_layers();
std::span<const Entry> normalization_layers();
std::span<const Entry> activation_layers();
std::span<const Entry> merge_layers();
std::span<const Entry> recurrent_layers();
std::span<const Entry> attention_layers();
std::span<const Entry> preprocessing_layers();
const Entry* find_layer(std::string_view class_name);
// Operations of keras.ops and of tf in functional models.
bool is_operation(const Layer& layer);
Result<Outputs> run_operation(LayerCall& call);

// An activation by name, or as Keras 3 writes functions and layers.
Result<Value> activate(Net& net, const Json& activation, const Value& x);
// Its parameters by name, Keras' defaults where there are none.
Result<Value> activate_named(Net& net, const std::string& name, const Value& x, const Json& parameters);
Result<Value> softmax(Net& net, const Value& x, std::int64_t axis);
// {kernel, bias} of x[.., in] * kernel [in, out] + bias.
Result<Value> dense(LayerCall& call, const Value& x, const FloatTensor& kernel, const FloatTensor* bias,
                    const std::string& role);

}  // namespace zkinfer::frontend_keras
