// SPDX-License-Identifier: Apache-2.0
#include "frontend/tflite/file.h"

#include <array>

#include <onnx/onnx_pb.h>

#include "base/text.h"

namespace zkinfer::frontend_tflite {

namespace {

constexpr auto kOperators = std::to_array<std::string_view>({"ADD",
                                                             "AVERAGE_POOL_2D",
                                                             "CONCATENATION",
                                                             "CONV_2D",
                                                             "DEPTHWISE_CONV_2D",
                                                             "DEPTH_TO_SPACE",
                                                             "DEQUANTIZE",
                                                             "EMBEDDING_LOOKUP",
                                                             "FLOOR",
                                                             "FULLY_CONNECTED",
                                                             "HASHTABLE_LOOKUP",
                                                             "L2_NORMALIZATION",
                                                             "L2_POOL_2D",
                                                             "LOCAL_RESPONSE_NORMALIZATION",
                                                             "LOGISTIC",
                                                             "LSH_PROJECTION",
                                                             "LSTM",
                                                             "MAX_POOL_2D",
                                                             "MUL",
                                                             "RELU",
                                                             "RELU_N1_TO_1",
                                                             "RELU6",
                                                             "RESHAPE",
                                                             "RESIZE_BILINEAR",
                                                             "RNN",
                                                             "SOFTMAX",
                                                             "SPACE_TO_DEPTH",
                                                             "SVDF",
                                                             "TANH",
                                                             "CONCAT_EMBEDDINGS",
                                                             "SKIP_GRAM",
                                                             "CALL",
                                                             "CUSTOM",
                                                             "EMBEDDING_LOOKUP_SPARSE",
                                                             "PAD",
                                                             "UNIDIRECTIONAL_SEQUENCE_RNN",
                                                             "GATHER",
                                                             "BATCH_TO_SPACE_ND",
                                                             "SPACE_TO_BATCH_ND",
                                                             "TRANSPOSE",
                                                             "MEAN",
                                                             "SUB",
                                                             "DIV",
                                                             "SQUEEZE",
                                                             "UNIDIRECTIONAL_SEQUENCE_LSTM",
                                                             "STRIDED_SLICE",
                                                             "BIDIRECTIONAL_SEQUENCE_RNN",
                                                             "EXP",
                                                             "TOPK_V2",
                                                             "SPLIT",
                                                             "LOG_SOFTMAX",
                                                             "DELEGATE",
                                                             "BIDIRECTIONAL_SEQUENCE_LSTM",
                                                             "CAST",
                                                             "PRELU",
                                                             "MAXIMUM",
                                                             "ARG_MAX",
                                                             "MINIMUM",
                                                             "LESS",
                                                             "NEG",
                                                             "PADV2",
                                                             "GREATER",
                                                             "GREATER_EQUAL",
                                                             "LESS_EQUAL",
                                                             "SELECT",
                                                             "SLICE",
                                                             "SIN",
                                                             "TRANSPOSE_CONV",
                                                             "SPARSE_TO_DENSE",
                                                             "TILE",
                                                             "EXPAND_DIMS",
                                                             "EQUAL",
                                                             "NOT_EQUAL",
                                                             "LOG",
                                                             "SUM",
                                                             "SQRT",
                                                             "RSQRT",
                                                             "SHAPE",
                                                             "POW",
                                                             "ARG_MIN",
                                                             "FAKE_QUANT",
                                                             "REDUCE_PROD",
                                                             "REDUCE_MAX",
                                                             "PACK",
                                                             "LOGICAL_OR",
                                                             "ONE_HOT",
                                                             "LOGICAL_AND",
                                                             "LOGICAL_NOT",
                                                             "UNPACK",
                                                             "REDUCE_MIN",
                                                             "FLOOR_DIV",
                                                             "REDUCE_ANY",
                                                             "SQUARE",
                                                             "ZEROS_LIKE",
                                                             "FILL",
                                                             "FLOOR_MOD",
                                                             "RANGE",
                                                             "RESIZE_NEAREST_NEIGHBOR",
                                                             "LEAKY_RELU",
                                                             "SQUARED_DIFFERENCE",
                                                             "MIRROR_PAD",
                                                             "ABS",
                                                             "SPLIT_V",
                                                             "UNIQUE",
                                                             "CEIL",
                                                             "REVERSE_V2",
                                                             "ADD_N",
                                                             "GATHER_ND",
                                                             "COS",
                                                             "WHERE",
                                                             "RANK",
                                                             "ELU",
                                                             "REVERSE_SEQUENCE",
                                                             "MATRIX_DIAG",
                                                             "QUANTIZE",
                                                             "MATRIX_SET_DIAG",
                                                             "ROUND",
                                                             "HARD_SWISH",
                                                             "IF",
                                                             "WHILE",
                                                             "NON_MAX_SUPPRESSION_V4",
                                                             "NON_MAX_SUPPRESSION_V5",
                                                             "SCATTER_ND",
                                                             "SELECT_V2",
                                                             "DENSIFY",
                                                             "SEGMENT_SUM",
                                                             "BATCH_MATMUL",
                                                             "",
                                                             "CUMSUM",
                                                             "CALL_ONCE",
                                                             "BROADCAST_TO",
                                                             "RFFT2D",
                                                             "CONV_3D",
                                                             "IMAG",
                                                             "REAL",
                                                             "COMPLEX_ABS",
                                                             "HASHTABLE",
                                                             "HASHTABLE_FIND",
                                                             "HASHTABLE_IMPORT",
                                                             "HASHTABLE_SIZE",
                                                             "REDUCE_ALL",
                                                             "CONV_3D_TRANSPOSE",
                                                             "VAR_HANDLE",
                                                             "READ_VARIABLE",
                                                             "ASSIGN_VARIABLE",
                                                             "BROADCAST_ARGS",
                                                             "RANDOM_STANDARD_NORMAL",
                                                             "BUCKETIZE",
                                                             "RANDOM_UNIFORM",
                                                             "MULTINOMIAL",
                                                             "GELU",
                                                             "DYNAMIC_UPDATE_SLICE",
                                                             "RELU_0_TO_1",
                                                             "UNSORTED_SEGMENT_PROD",
                                                             "UNSORTED_SEGMENT_MAX",
                                                             "UNSORTED_SEGMENT_SUM",
                                                             "ATAN2",
                                                             "UNSORTED_SEGMENT_MIN",
                                                             "SIGN",
                                                             "BITCAST",
                                                             "BITWISE_XOR",
                                                             "RIGHT_SHIFT"});

constexpr std::size_t kMostParts = 200000;   // tensors or operators
constexpr std::size_t kMostOperands = 4096;  // of one operator
constexpr std::uint32_t kVersion = 3;

// Fields of the tables, by number.
namespace model_fields {
constexpr int kVersionField = 0, kCodes = 1, kSubgraphs = 2, kBuffers = 4;
}
namespace subgraph_fields {
constexpr int kTensors = 0, kInputs = 1, kOutputs = 2, kOperators = 3;
}
namespace tensor_fields {
constexpr int kShape = 0, kType = 1, kBuffer = 2, kName = 3, kQuantization = 4, kIsVariable = 5, kSparsity = 6,
              kSignature = 7, kExternalBuffer = 10;
}
namespace quantization_fields {
constexpr int kScale = 2, kZero = 3, kDetailsType = 4, kAxis = 6;
}
namespace operator_fields {
constexpr int kCode = 0, kInputs = 1, kOutputs = 2, kOptions = 4, kIntermediates = 8;
}
namespace code_fields {
constexpr int kShortCode = 0, kCustomName = 1, kCode = 3;
}
namespace buffer_fields {
constexpr int kData = 0, kOffset = 1, kSize = 2;
}

Status too_many(std::string_view what, std::size_t count) {
  return resource_limit(std::to_string(count) + " " + std::string(what) + ", more than are read");
}

Result<std::vector<int>> indices(const Vector<std::int32_t>& list, std::size_t num_tensors, bool optional,
                                 const std::string& where) {
  if (list.size() > kMostParts) return too_many("tensors in " + where, list.size());
  std::vector<int> out;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::int32_t index = list[i];
    if (index >= static_cast<std::int64_t>(num_tensors) || index < (optional ? -1 : 0))
      return corrupt(where + ": tensor " + std::to_string(index) + " of " + std::to_string(num_tensors));
    out.push_back(index);
  }
  return out;
}

Result<Tensor> read_tensor(const FlatBuffer& buffer, const Table& table, const Tables& buffers, std::size_t index) {
  Tensor tensor;
  tensor.name = table.text(tensor_fields::kName);
  const std::string where = "tensor " + std::to_string(index) + " " + in_quotes(tensor.name);
  tensor.type = static_cast<Type>(table.number<std::int8_t>(tensor_fields::kType));
  const auto shape = table.vector<std::int32_t>(tensor_fields::kShape);
  const auto signature = table.vector<std::int32_t>(tensor_fields::kSignature);
  if (shape.size() > kMaxRank) return too_many("axes of " + where, shape.size());
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool open = i < signature.size() ? signature[i] < 0 : shape[i] < 0;
    tensor.shape.push_back(open && shape[i] < 1 ? 1 : shape[i]);
    tensor.open.push_back(open);
  }
  if (const Result<Shape> checked = Shape::make(tensor.shape); !checked.ok())
    return corrupt(where + ": " + checked.status().message());
  tensor.is_variable = table.flag(tensor_fields::kIsVariable);
  tensor.is_sparse = table.has(tensor_fields::kSparsity);
  const Table quantization = table.table(tensor_fields::kQuantization);
  tensor.scales = quantization.vector<float>(quantization_fields::kScale);
  tensor.zeros = quantization.vector<std::int64_t>(quantization_fields::kZero);
  tensor.scale_axis = quantization.number<std::int32_t>(quantization_fields::kAxis);
  tensor.other_scheme = quantization.number<std::uint8_t>(quantization_fields::kDetailsType) != 0;
  if (table.number<std::uint32_t>(tensor_fields::kExternalBuffer) != 0)
    return unsupported(where + ": its numbers are in another file; convert the model into one file");
  const auto at = table.number<std::uint32_t>(tensor_fields::kBuffer);
  if (at == 0) return tensor;
  if (at >= buffers.size())
    return corrupt(where + ": buffer " + std::to_string(at) + " of " + std::to_string(buffers.size()));
  const Table stored = buffers[at];
  tensor.data = stored.vector<std::uint8_t>(buffer_fields::kData).bytes();
  const auto offset = stored.number<std::uint64_t>(buffer_fields::kOffset);
  if (offset > 1) {  // beyond the tables, in files of more than 2 GiB
    const auto size = stored.number<std::uint64_t>(buffer_fields::kSize);
    const std::size_t all = buffer.bytes().size();
    if (offset > all || size > all - offset) return corrupt(where + ": its numbers lie outside of the file");
    tensor.data = buffer.bytes().subspan(offset, size);
  }
  tensor.constant = !tensor.data.empty();
  return tensor;
}

Result<Operator> read_operator(const Table& table, const Tables& codes, std::size_t num_tensors, std::size_t index) {
  Operator made;
  const std::string where = "operator " + std::to_string(index);
  const auto at = table.number<std::uint32_t>(operator_fields::kCode);
  if (at >= codes.size())
    return corrupt(where + ": operator code " + std::to_string(at) + " of " + std::to_string(codes.size()));
  const Table code = codes[at];
  // Newer files have numbers above 127 in a field of their own, and 127 in the old one.
  made.code =
      std::max<int>(code.number<std::int8_t>(code_fields::kShortCode), code.number<std::int32_t>(code_fields::kCode));
  made.custom = code.text(code_fields::kCustomName);
  made.options = table.table(operator_fields::kOptions);
  const auto operands = [&](int field, bool optional) -> Result<std::vector<int>> {
    const auto list = table.vector<std::int32_t>(field);
    if (list.size() > kMostOperands) return too_many("operands of " + where, list.size());
    return indices(list, num_tensors, optional, where);
  };
  ZKI_ASSIGN_OR_RETURN(made.inputs, operands(operator_fields::kInputs, true));
  ZKI_ASSIGN_OR_RETURN(made.outputs, operands(operator_fields::kOutputs, false));
  ZKI_ASSIGN_OR_RETURN(made.intermediates, operands(operator_fields::kIntermediates, true));
  return made;
}

}  // namespace

std::string_view operator_name(int code) {
  return code >= 0 && static_cast<std::size_t>(code) < kOperators.size() ? kOperators[static_cast<std::size_t>(code)]
                                                                         : std::string_view();
}

std::string_view type_name(Type type) {
  switch (type) {
    case Type::kFloat32: return "float32";
    case Type::kFloat16: return "float16";
    case Type::kInt32: return "int32";
    case Type::kUint8: return "uint8";
    case Type::kInt64: return "int64";
    case Type::kString: return "string";
    case Type::kBool: return "bool";
    case Type::kInt16: return "int16";
    case Type::kComplex64: return "complex64";
    case Type::kInt8: return "int8";
    case Type::kFloat64: return "float64";
    case Type::kUint64: return "uint64";
    case Type::kUint32: return "uint32";
    case Type::kUint16: return "uint16";
    case Type::kInt4: return "int4";
    case Type::kBfloat16: return "bfloat16";
  }
  return "an unknown type";
}

bool is_float(Type type) {
  return type == Type::kFloat32 || type == Type::kFloat16 || type == Type::kFloat64 || type == Type::kBfloat16;
}

bool is_integer(Type type) {
  switch (type) {
    case Type::kInt4:
    case Type::kInt8:
    case Type::kUint8:
    case Type::kInt16:
    case Type::kUint16:
    case Type::kInt32:
    case Type::kUint32:
    case Type::kInt64: return true;
    default: return false;
  }
}

std::optional<int> onnx_type(Type type) {
  switch (type) {
    case Type::kFloat32:
    case Type::kFloat16:
    case Type::kFloat64:
    case Type::kBfloat16: return onnx::TensorProto::FLOAT;
    case Type::kInt32: return onnx::TensorProto::INT32;
    case Type::kUint8: return onnx::TensorProto::UINT8;
    case Type::kInt64: return onnx::TensorProto::INT64;
    case Type::kBool: return onnx::TensorProto::BOOL;
    case Type::kInt16: return onnx::TensorProto::INT16;
    case Type::kInt4:
    case Type::kInt8: return onnx::TensorProto::INT8;
    case Type::kUint32: return onnx::TensorProto::UINT32;
    case Type::kUint16: return onnx::TensorProto::UINT16;
    default: return std::nullopt;
  }
}

std::int64_t Tensor::num_elements() const {
  std::int64_t count = 1;
  for (const std::int64_t dim : shape) count *= dim;
  return count;
}

Result<File> read_file_tables(ByteView bytes) {
  File file;
  file.buffer = std::make_unique<FlatBuffer>(bytes);
  FlatBuffer& buffer = *file.buffer;
  const Table model(buffer, buffer.follow(0));
  ZKI_RETURN_IF_ERROR(buffer.status());
  const auto version = model.number<std::uint32_t>(model_fields::kVersionField);
  if (version != kVersion)
    return unsupported("a TFLite file of version " + std::to_string(version) + "; version " + std::to_string(kVersion) +
                       " is read: convert the model again");
  const Tables codes = model.tables(model_fields::kCodes);
  const Tables subgraphs = model.tables(model_fields::kSubgraphs);
  const Tables buffers = model.tables(model_fields::kBuffers);
  ZKI_RETURN_IF_ERROR(buffer.status());
  if (subgraphs.size() == 0) return corrupt("a TFLite file without a graph");
  file.num_subgraphs = subgraphs.size();
  const Table graph = subgraphs[0];
  const Tables tensors = graph.tables(subgraph_fields::kTensors);
  const Tables operators = graph.tables(subgraph_fields::kOperators);
  ZKI_RETURN_IF_ERROR(buffer.status());
  if (tensors.size() > kMostParts) return too_many("tensors", tensors.size());
  if (operators.size() > kMostParts) return too_many("operators", operators.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    ZKI_ASSIGN_OR_RETURN(Tensor tensor, read_tensor(buffer, tensors[i], buffers, i));
    file.tensors.push_back(std::move(tensor));
    ZKI_RETURN_IF_ERROR(buffer.status());
  }
  // Operators may share a list in the file, and have copies here: no more in all than a file without shared ones could hold.
  std::size_t operands_left = bytes.size() / 4;
  for (std::size_t i = 0; i < operators.size(); ++i) {
    ZKI_ASSIGN_OR_RETURN(Operator made, read_operator(operators[i], codes, tensors.size(), i));
    const std::size_t operands = made.inputs.size() + made.outputs.size() + made.intermediates.size();
    if (operands > operands_left) return corrupt("its operators have more operands than the file has room for");
    operands_left -= operands;
    file.operators.push_back(std::move(made));
    ZKI_RETURN_IF_ERROR(buffer.status());
  }
  const auto ends = [&](int field, const std::string& what) {
    return indices(graph.vector<std::int32_t>(field), tensors.size(), false, what);
  };
  ZKI_ASSIGN_OR_RETURN(file.inputs, ends(subgraph_fields::kInputs, "the graph's inputs"));
  ZKI_ASSIGN_OR_RETURN(file.outputs, ends(subgraph_fields::kOutputs, "the graph's outputs"));
  ZKI_RETURN_IF_ERROR(buffer.status());
  return file;
}

}  // namespace zkinfer::frontend_tflite
