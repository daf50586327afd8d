// SPDX-License-Identifier: Apache-2.0
// TensorProto -> AnyTensor. Types: float, float16, bfloat16, double -> float; int2..int64, uint2..uint64 -> int64;
// bool -> 0 or 1. Data from raw_data (little-endian), from the typed fields, or from an external file.
// Errors: corrupt (data and dimensions disagree), unsupported (strings, complex numbers), out_of_range (uint64 above
// 2^63-1), io and resource_limit (external data).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <onnx/onnx_pb.h>

#include "ir/graph.h"
#include "tensor/tensor.h"
#include "zkinfer/status.h"

namespace zkinfer::frontend_onnx {

// Where external data may come from, and how much of it is still allowed.
struct ExternalData {
  std::string folder;  // empty: refused
  std::uint64_t bytes_left = 0;
  const std::function<void(const std::string&)>* reads = nullptr;  // told each file
};

struct ReadTensor {
  AnyTensor tensor;
  ir::DataType dtype;
  std::optional<ir::IntegerRange> declared = std::nullopt;
};

Result<ReadTensor> read_tensor(const onnx::TensorProto& proto, ExternalData& external);
// As a dense tensor.
Result<ReadTensor> read_sparse_tensor(const onnx::SparseTensorProto& proto, ExternalData& external);

// The IR type of an ONNX element type; nullopt for strings, complex numbers and unknown codes.
std::optional<ir::DataType> data_type(std::int32_t onnx_type);
// What an ONNX integer type narrower than int64 holds; nullopt for all others.
std::optional<ir::IntegerRange> declared_range(std::int32_t onnx_type);
// "element type float8e4m3fn is not possible ..", for messages.
std::string element_type_name(std::int32_t onnx_type);

}  // namespace zkinfer::frontend_onnx
