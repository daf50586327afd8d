// SPDX-License-Identifier: Apache-2.0
// From an ONNX file to a quantized model: compile, inspect, run, measure fidelity, read and write the model package.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "zkinfer/tensor.h"

namespace zkinfer {

// A dense row-major tensor of real numbers, as a user has it.
struct RealTensor {
  std::vector<std::int64_t> shape;
  std::vector<float> data;
};
// One tensor per model input, in the model's order.
using RealInputs = std::vector<RealTensor>;

// Called at the start of each stage of a long operation and along it; fraction in [0, 1] of the whole operation.
using Progress = std::function<void(const char* stage, double fraction)>;

struct CompileOptions {
  std::string name;  // shown to people; the file's name when empty
  // Values for dynamic axes: {input name, whole shape}.
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> input_shapes;
  int activation_bits = 0;         // 0: chosen per tensor
  int weight_bits = 0;             // 0: chosen per tensor
  std::string calibration_method;  // "", "minmax", "percentile", "mse"
  // Inputs that are another model's outputs, or committed already: {input name, or "" where there is one, what its integers
  // are}. Taken exactly; other inputs get theirs from the calibration data.
  std::vector<std::pair<std::string, TensorFormat>> input_formats;
  Progress progress;
};

// How close the integer model is to the float model on given inputs.
struct Fidelity {
  std::size_t num_inputs = 0;
  double cosine = 0;          // mean over inputs, output tensors
  double max_abs_error = 0;   // over all outputs, in real units
  double top1_agreement = 0;  // share of inputs with the same arg max
  std::string text;           // whole model and per layer, for people
  std::string json;
};

// A compiled, quantized model with its parameters (secret). Cheap to copy, immutable.
class Model {
 public:
  // Compiles an ONNX file. calibration: a few dozen to a few hundred typical inputs (not the ones you measure on).
  static Result<Model> compile(const std::string& onnx_path, const std::vector<RealInputs>& calibration,
                               const CompileOptions& options = {});
  // The model package (docs/formats/model.md).
  static Result<Model> from_bytes(ByteView bytes);
  // Keeps the bytes and reads the weights there, in place.
  static Result<Model> from_bytes(Bytes&& bytes);
  // From a file, whose sizes are checked before its weights are read.
  static Result<Model> open(const std::string& path);
  Bytes to_bytes() const;

  const std::string& name() const;
  std::vector<TensorInfo> inputs() const;
  std::vector<TensorInfo> outputs() const;
  std::uint64_t num_parameters() const;
  std::string report() const;       // quantization per layer, for people
  Digest structure_digest() const;  // KeyInfo::structure_digest of every key of this model

  // Integer inference: the outputs that a proof would show, as integers.
  Result<std::vector<std::vector<std::int64_t>>> run(const RealInputs& inputs) const;
  // outputs as real numbers.
  std::vector<RealTensor> to_real_outputs(const std::vector<std::vector<std::int64_t>>& outputs) const;

  struct Impl;
  explicit Model(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  const Impl& impl() const { return *impl_; }

 private:
  std::shared_ptr<const Impl> impl_;
};

// An input as the integers that a model takes: rounded to the nearest, saturated at the input's range.
Result<std::vector<std::int64_t>> to_integers(const TensorInfo& input, const RealTensor& values);

// Runs the ONNX file in float and the model in integers on the same inputs.
Result<Fidelity> measure_fidelity(const std::string& onnx_path, const Model& model,
                                  const std::vector<RealInputs>& inputs, const CompileOptions& options = {});

// Names and shapes of an ONNX file's inputs, without compiling it (formats stay at their defaults): what a reader
// of calibration data needs to know.
Result<std::vector<TensorInfo>> onnx_inputs(const std::string& onnx_path, const CompileOptions& options = {});

// Pictures of the ONNX graph after import (legalized = false) or after the passes: "text" or "dot" (Graphviz).
Result<std::string> print_onnx_graph(const std::string& onnx_path, const CompileOptions& options, bool legalized,
                                     const std::string& format);

}  // namespace zkinfer
