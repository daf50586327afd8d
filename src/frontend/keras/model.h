// SPDX-License-Identifier: Apache-2.0
// What a Keras configuration says: layers, and which call of which layer reads what. Sequential and functional models, in the words of
// Keras 2 and of Keras 3; nothing is known here of what a layer computes.
// Errors: corrupt (names the layer), unsupported (a subclassed model).
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "frontend/json/json.h"
#include "zkinfer/status.h"

namespace zkinfer::frontend_keras {

using frontend_json::Json;

struct TensorRef {
  int layer = 0;  // index into Model::layers
  std::int64_t call = 0, output = 0;
};

// An argument of a call: a tensor, a list of arguments or a constant.
struct Argument {
  enum class Kind : std::uint8_t { kTensor, kList, kConstant } kind = Kind::kConstant;
  TensorRef tensor;
  std::vector<Argument> list;
  std::vector<std::string> names;  // of the list's, where it was a dictionary of tensors
  const Json* constant = nullptr;
};

struct Call {
  std::vector<Argument> arguments;
  std::vector<std::pair<std::string, Argument>> named;
};

struct Model;

struct Layer {
  std::string class_name, name;
  std::string package;                 // of a layer that is not Keras' own; empty: Keras'
  std::string module;                  // as Keras 3 writes it
  const Json* config = nullptr;        // never null
  std::vector<Call> calls;             // empty: a layer of a Sequential, or an input
  std::shared_ptr<const Model> model;  // of a nested one
};

struct Model {
  std::string class_name, name;
  bool is_sequential = false;
  std::vector<Layer> layers;                           // of a Sequential: in order, without its input
  std::vector<TensorRef> inputs, outputs;              // of a functional one
  std::vector<std::string> input_names, output_names;  // given by a dictionary, else empty
  const Json* input_shape = nullptr;    // of a Sequential: the whole shape, batch first; null where it is open
  bool has_input_layer = false;         // of a Sequential
  std::string input_name, input_dtype;  // of a Sequential's own input layer
  int keras = 3;                        // major version
};

inline constexpr int kDeepestModel = 16;
inline constexpr std::size_t kMostLayers = 20000;  // in all

// The configuration must outlive the model. `left` counts layers down.
Result<Model> read_model(const Json& config, int keras, std::size_t& left, int depth = 0);
// A layer's class, name and configuration, as wrappers hold one too.
Result<Layer> read_layer(const Json& entry, int keras, std::size_t& left, int depth);
// Whether it is a model that holds layers.
bool is_model_class(const std::string& class_name);

}  // namespace zkinfer::frontend_keras
