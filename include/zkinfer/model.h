// SPDX-License-Identifier: Apache-2.0
// From an ONNX file to a quantized model: compile, inspect, run, measure fidelity, read and write the model package.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "zkinfer/calibration.h"
#include "zkinfer/fidelity.h"
#include "zkinfer/preprocessing.h"
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
  std::optional<int> activation_bits;  // of every activation; otherwise chosen by measurement
  std::optional<int> weight_bits;  // at most, per weight; otherwise what the activations' scales give, 8 to 13 usually
  CalibrationMethod calibration_method = CalibrationMethod::kMse;
  // What happened to the calibration data before they came here: kept with the model (Model::preprocessing).
  Preprocessing preprocessing;
  // Inputs that are another model's outputs, or committed already: {input name, or "" where there is one, what its integers
  // are}. Taken exactly; other inputs get theirs from the calibration data.
  std::vector<std::pair<std::string, TensorFormat>> input_formats;
  Progress progress;
};

// An integer inference.
struct RunResult {
  std::vector<std::vector<std::int64_t>> outputs;  // what a proof would show
  std::vector<Clipping> clipping;                  // by input
  // Nodes in which values reached the end of their range and were cut off there, with how many of how many. The end is
  // what calibration saw, or a bound of the model's own (Clip, Relu6).
  struct Saturation {
    std::string node;
    std::uint64_t num_values = 0, num_saturated = 0;
  };
  std::vector<Saturation> saturation;
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

  const Preprocessing& preprocessing() const;  // CompileOptions::preprocessing

  Result<RunResult> run(const RealInputs& inputs) const;
  // outputs as real numbers.
  std::vector<RealTensor> to_real_outputs(const std::vector<std::vector<std::int64_t>>& outputs) const;

  struct Impl;
  explicit Model(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  const Impl& impl() const { return *impl_; }

 private:
  std::shared_ptr<const Impl> impl_;
};

// An input as the integers that a model takes: rounded to the nearest, clipped at the input's range (*clipping counts, may
// be null).
Result<std::vector<std::int64_t>> to_integers(const TensorInfo& input, const RealTensor& values,
                                              Clipping* clipping = nullptr);

// Runs the ONNX file in float and the model in integers on the same inputs.
Result<Fidelity> measure_fidelity(const std::string& onnx_path, const Model& model,
                                  const std::vector<RealInputs>& inputs, const CompileOptions& options = {});

// Names and shapes of an ONNX file's inputs, without compiling it (formats stay at their defaults): what a reader
// of calibration data needs to know.
Result<std::vector<TensorInfo>> onnx_inputs(const std::string& onnx_path, const CompileOptions& options = {});

// Pictures of the ONNX graph.
enum class GraphStage : std::uint8_t { kImported, kLegalized };  // as in the file; after the compiler's passes
enum class GraphFormat : std::uint8_t { kText, kDot };           // kDot: Graphviz
Result<std::string> print_onnx_graph(const std::string& onnx_path, const CompileOptions& options, GraphStage stage,
                                     GraphFormat format);

}  // namespace zkinfer
