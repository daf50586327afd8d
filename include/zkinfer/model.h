// SPDX-License-Identifier: Apache-2.0
// A quantized model: read and write its package, look at it, run it. compile.h makes one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "zkinfer/bytes.h"
#include "zkinfer/compile_record.h"
#include "zkinfer/fidelity.h"
#include "zkinfer/preprocessing.h"
#include "zkinfer/progress.h"
#include "zkinfer/status.h"
#include "zkinfer/tensor.h"
#include "zkinfer/tensor_info.h"

namespace zkinfer {

namespace api {
struct Access;  // the implementation's way to what is private here
}

// A dense row-major tensor of real numbers that owns them.
struct RealTensor {
  std::vector<std::int64_t> shape;
  std::vector<float> data;

  operator TensorView() const { return {Dtype::kFloat32, shape, data.data()}; }  // NOLINT: implicit on purpose
};
// One tensor per model input, in the model's order. Wherever the library takes inputs it takes views of numbers of any
// dtype, row-major, with as many elements as the input's shape says.
using RealInputs = std::vector<RealTensor>;
inline std::vector<TensorView> views(const RealInputs& inputs) { return {inputs.begin(), inputs.end()}; }

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
  std::size_t num_segments() const;  // that it is cut into (CompileOptions); each is proven on its own
  std::string report() const;        // quantization per layer, for people
  Digest structure_digest() const;   // KeyInfo::structure_digest of every key of this model

  const Preprocessing& preprocessing() const;  // CompileOptions::preprocessing
  const CompileRecord& compile_record() const;

  Result<RunResult> run(std::span<const TensorView> inputs) const;
  Result<RunResult> run(const RealInputs& inputs) const { return run(views(inputs)); }
  // outputs as real numbers.
  std::vector<RealTensor> to_real_outputs(const std::vector<std::vector<std::int64_t>>& outputs) const;

 private:
  friend struct api::Access;
  struct Impl;
  explicit Model(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

// An input as the integers that a model takes: rounded to the nearest, clipped at the input's range (*clipping counts, may
// be null). Where the input's scale is 1, as that of token identifiers, integers stay exactly what they are.
Result<std::vector<std::int64_t>> to_integers(const TensorInfo& input, const TensorView& values,
                                              Clipping* clipping = nullptr);

}  // namespace zkinfer
