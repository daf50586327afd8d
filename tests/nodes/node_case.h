// SPDX-License-Identifier: Apache-2.0
// One node test of the ONNX project: a folder with model.onnx and test_data_set_0 of inputs and expected outputs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <onnx/onnx_pb.h>

#include "base/bytes.h"
#include "tensor/tensor.h"
#include "zkinfer/status.h"

namespace zkinfer::nodes {

struct NodeCase {
  std::string name;
  std::string op;  // the operator that it tests; of a function's expansion, the function
  onnx::ModelProto model;
  std::vector<AnyTensor> inputs, outputs;       // in the order of the graph's
  std::vector<onnx::TensorProto> input_protos;  // as in the files: what a constant becomes
  std::string no_meaning;                       // why nobody can prove it: strings, sequences, training, ..; else empty
  Status readable;                              // why the data cannot be read
};

// Errors: model.onnx is no model.
Result<NodeCase> load_case(const std::filesystem::path& folder);

// Which inputs are constants of the model. A case is tried in this order until one is not refused.
enum class Binding : std::uint8_t {
  kNone,      // every input is given at run time
  kIntegers,  // all that are no floats (indices, axes, shapes, conditions) are constants
  kRest,      // all but the first
  kAll,       // everything: what is left to prove is that the compiler folds right, and adds an input of zeros
};
const char* binding_name(Binding binding);

struct BoundCase {
  Bytes model;
  std::vector<std::size_t> run_time;  // which inputs of the case; of kAll none, the model's one input is `zero`
};
// Nothing where the binding is no other than an earlier one.
bool differs_from_earlier(const NodeCase& test, Binding binding);
BoundCase bind(const NodeCase& test, Binding binding);

// Whether the output's numbers are integers or bools, which must be exact.
bool is_exact(const NodeCase& test, std::size_t output);

}  // namespace zkinfer::nodes
