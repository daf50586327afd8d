// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/tensor_reader.h"

#include <bit>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/half.h"
#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

namespace {

using onnx::TensorProto;

static_assert(std::endian::native == std::endian::little, "raw tensor data is little-endian and is copied as it is");

struct Half {
  std::uint16_t bits;
};
struct Bfloat {
  std::uint16_t bits;
};
struct Bool {
  std::uint8_t bits;
};

float to_host(float x) { return x; }
float to_host(double x) { return static_cast<float>(x); }
float to_host(Half x) { return half_to_float(x.bits); }
float to_host(Bfloat x) { return bfloat_to_float(x.bits); }
std::int64_t to_host(Bool x) { return x.bits != 0 ? 1 : 0; }
template <class Integer>
std::int64_t to_host(Integer x) {
  return static_cast<std::int64_t>(x);
}

// One element of a typed field as the element type. Half, Bfloat, Bool and small integers sit in int32_data.
template <class Element, class Stored>
Element from_field(Stored x) {
  if constexpr (std::is_same_v<Element, Half> || std::is_same_v<Element, Bfloat>) {
    return Element{static_cast<std::uint16_t>(x)};
  } else if constexpr (std::is_same_v<Element, Bool>) {
    return Element{static_cast<std::uint8_t>(x != 0)};
  } else {
    return static_cast<Element>(x);
  }
}

template <class Element>
using Host = decltype(to_host(Element{}));

Status wrong_count(std::size_t got, const Shape& shape, std::string_view unit) {
  return corrupt(std::to_string(got) + " " + std::string(unit) + " of data for shape " + shape.to_string());
}

template <class Element>
Result<AnyTensor> from_raw(std::string_view raw, const Shape& shape) {
  const auto count = static_cast<std::size_t>(shape.num_elements());
  if (raw.size() != count * sizeof(Element)) return wrong_count(raw.size(), shape, "bytes");
  std::vector<Host<Element>> data(count);
  for (std::size_t i = 0; i < count; ++i) {
    Element element;
    std::memcpy(&element, raw.data() + i * sizeof(Element), sizeof(Element));
    data[i] = to_host(element);
  }
  return AnyTensor(DenseTensor<Host<Element>>(shape, std::move(data)));
}

template <class Element, class Field>
Result<AnyTensor> from_typed(const Field& field, const Shape& shape) {
  if (static_cast<std::int64_t>(field.size()) != shape.num_elements())
    return wrong_count(static_cast<std::size_t>(field.size()), shape, "elements");
  std::vector<Host<Element>> data;
  data.reserve(static_cast<std::size_t>(field.size()));
  for (const auto stored : field) data.push_back(to_host(from_field<Element>(stored)));
  return AnyTensor(DenseTensor<Host<Element>>(shape, std::move(data)));
}

Result<std::uint64_t> parse_number(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    return corrupt("external data: " + in_quotes(text) + " is no number of bytes");
  return number;
}

struct ExternalSlice {
  std::string location;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;
};

Result<ExternalSlice> external_slice(const TensorProto& proto) {
  ExternalSlice slice;
  for (const auto& entry : proto.external_data()) {
    if (entry.key() == "location") slice.location = entry.value();
    if (entry.key() == "offset") {
      ZKI_ASSIGN_OR_RETURN(slice.offset, parse_number(entry.value()));
    }
    if (entry.key() == "length") {
      ZKI_ASSIGN_OR_RETURN(slice.length, parse_number(entry.value()));
    }
  }
  return slice;
}

// The file that a location names, which must be inside the model's folder after all links are followed.
Result<std::filesystem::path> resolve_location(const std::string& folder, const std::string& location) {
  namespace fs = std::filesystem;
  if (folder.empty())
    return unsupported("external data " + in_quotes(location) + ": import the model from a file, not from bytes");
  const fs::path relative(location);
  bool escapes = location.empty() || relative.is_absolute() || location.find('\0') != std::string::npos;
  for (const fs::path& part : relative) escapes |= part == "..";
  std::error_code error;
  const fs::path root = fs::weakly_canonical(folder, error);
  if (error) return io_error("folder " + in_quotes(folder) + " cannot be resolved");
  const fs::path file = escapes ? fs::path() : fs::weakly_canonical(root / relative, error);
  if (!escapes) {
    const fs::path back = file.lexically_relative(root);
    escapes = error || back.empty() || *back.begin() == "..";
  }
  if (escapes) return corrupt("external data " + in_quotes(location) + " leaves the folder of the model");
  return file;
}

Result<std::string> read_external(const TensorProto& proto, std::uint64_t expected_bytes, ExternalData& external) {
  ZKI_ASSIGN_OR_RETURN(const ExternalSlice slice, external_slice(proto));
  ZKI_ASSIGN_OR_RETURN(const std::filesystem::path file, resolve_location(external.folder, slice.location));
  if (slice.length && *slice.length != expected_bytes)
    return corrupt("external data " + in_quotes(slice.location) + ": length " + std::to_string(*slice.length) +
                   ", expected " + std::to_string(expected_bytes));
  if (expected_bytes > external.bytes_left)
    return resource_limit("external data " + in_quotes(slice.location) + " exceeds the size limit of a model");
  std::error_code error;
  const std::uint64_t file_bytes = std::filesystem::file_size(file, error);
  if (error || !std::filesystem::is_regular_file(file, error))
    return io_error("external data file " + in_quotes(file.string()) + " cannot be read");
  if (slice.offset > file_bytes || expected_bytes > file_bytes - slice.offset)
    return corrupt("external data file " + in_quotes(slice.location) + " has " + std::to_string(file_bytes) +
                   " bytes, needed are " + std::to_string(expected_bytes) + " from offset " +
                   std::to_string(slice.offset));
  if (external.reads != nullptr && *external.reads) (*external.reads)(file.string());
  std::ifstream stream(file, std::ios::binary);
  if (!stream)
    return io_error("cannot open external data file " + in_quotes(file.string()) + ": " + std::strerror(errno));
  stream.seekg(static_cast<std::streamoff>(slice.offset));
  std::string bytes(expected_bytes, '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(expected_bytes));
  if (!stream) return io_error("external data file " + in_quotes(file.string()) + " cannot be read");
  external.bytes_left -= expected_bytes;
  return bytes;
}

template <class Element, class Field>
Result<AnyTensor> read_as(const TensorProto& proto, const Field& field, const Shape& shape, ExternalData& external) {
  if (proto.data_location() == TensorProto::EXTERNAL) {
    const auto expected_bytes = static_cast<std::uint64_t>(shape.num_elements()) * sizeof(Element);
    ZKI_ASSIGN_OR_RETURN(const std::string bytes, read_external(proto, expected_bytes, external));
    return from_raw<Element>(bytes, shape);
  }
  if (proto.has_raw_data()) return from_raw<Element>(proto.raw_data(), shape);
  return from_typed<Element>(field, shape);
}

// Codes of types that older protobuf definitions of ONNX lack.
constexpr int kUint4 = 21;
constexpr int kInt4 = 22;
constexpr int kUint2 = 25;
constexpr int kInt2 = 26;

int packed_bits(std::int32_t type) {
  return type == kUint4 || type == kInt4 ? 4 : type == kUint2 || type == kInt2 ? 2 : 0;
}

// Elements of 2 or 4 bits, the first in the lowest bits of a byte. A typed field has one byte in each entry.
Result<AnyTensor> read_packed(const TensorProto& proto, const Shape& shape, ExternalData& external) {
  const int bits = packed_bits(proto.data_type());
  const bool is_signed = proto.data_type() == kInt4 || proto.data_type() == kInt2;
  const auto per_byte = static_cast<std::uint64_t>(8 / bits);
  const std::uint64_t num_bytes = (static_cast<std::uint64_t>(shape.num_elements()) + per_byte - 1) / per_byte;
  std::string bytes;
  if (proto.data_location() == TensorProto::EXTERNAL) {
    ZKI_ASSIGN_OR_RETURN(bytes, read_external(proto, num_bytes, external));
  } else if (proto.has_raw_data()) {
    bytes = proto.raw_data();
  } else {
    for (const std::int32_t word : proto.int32_data()) bytes.push_back(static_cast<char>(word & 0xff));
  }
  if (bytes.size() != num_bytes) return wrong_count(bytes.size(), shape, "bytes");
  IntTensor out(shape);
  for (std::size_t i = 0; i < out.data().size(); ++i) {
    const auto byte = static_cast<unsigned>(static_cast<unsigned char>(bytes[i / per_byte]));
    const auto value =
        static_cast<std::int64_t>(byte >> (static_cast<std::size_t>(bits) * (i % per_byte)) & ((1U << bits) - 1));
    out[i] = is_signed && value >> (bits - 1) != 0 ? value - (std::int64_t{1} << bits) : value;
  }
  return AnyTensor(std::move(out));
}

Result<AnyTensor> read_elements(const TensorProto& proto, const Shape& shape, ExternalData& external) {
  if (packed_bits(proto.data_type()) != 0) return read_packed(proto, shape, external);
  const auto& words = proto.int32_data();
  switch (proto.data_type()) {
    case TensorProto::FLOAT: return read_as<float>(proto, proto.float_data(), shape, external);
    case TensorProto::DOUBLE: return read_as<double>(proto, proto.double_data(), shape, external);
    case TensorProto::FLOAT16: return read_as<Half>(proto, words, shape, external);
    case TensorProto::BFLOAT16: return read_as<Bfloat>(proto, words, shape, external);
    case TensorProto::INT8: return read_as<std::int8_t>(proto, words, shape, external);
    case TensorProto::INT16: return read_as<std::int16_t>(proto, words, shape, external);
    case TensorProto::INT32: return read_as<std::int32_t>(proto, words, shape, external);
    case TensorProto::INT64: return read_as<std::int64_t>(proto, proto.int64_data(), shape, external);
    case TensorProto::UINT8: return read_as<std::uint8_t>(proto, words, shape, external);
    case TensorProto::UINT16: return read_as<std::uint16_t>(proto, words, shape, external);
    case TensorProto::UINT32: return read_as<std::uint32_t>(proto, proto.uint64_data(), shape, external);
    case TensorProto::BOOL: return read_as<Bool>(proto, words, shape, external);
    case TensorProto::UINT64: {
      ZKI_ASSIGN_OR_RETURN(AnyTensor tensor, read_as<std::uint64_t>(proto, proto.uint64_data(), shape, external));
      for (const std::int64_t x : std::get_if<IntTensor>(&tensor)->data())
        if (x < 0) return out_of_range("a uint64 element above 2^63 - 1");
      return tensor;
    }
    default: return unsupported(element_type_name(proto.data_type()));
  }
}

}  // namespace

std::optional<ir::DataType> data_type(std::int32_t onnx_type) {
  switch (onnx_type) {
    case TensorProto::FLOAT:
    case TensorProto::DOUBLE:
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16: return ir::DataType::kFloat;
    case TensorProto::BOOL: return ir::DataType::kBool;
    case kInt2:
    case kUint2:
    case kInt4:
    case kUint4:
    case TensorProto::INT8:
    case TensorProto::INT16:
    case TensorProto::INT32:
    case TensorProto::INT64:
    case TensorProto::UINT8:
    case TensorProto::UINT16:
    case TensorProto::UINT32:
    case TensorProto::UINT64: return ir::DataType::kInt64;
    default: return std::nullopt;
  }
}

std::optional<ir::IntegerRange> declared_range(std::int32_t onnx_type) {
  const auto range = [](int bits, bool is_signed) {
    const std::int64_t half = std::int64_t{1} << (bits - 1);
    return is_signed ? ir::IntegerRange{-half, half - 1} : ir::IntegerRange{0, 2 * half - 1};
  };
  switch (onnx_type) {
    case kInt2: return range(2, true);
    case kUint2: return range(2, false);
    case kInt4: return range(4, true);
    case kUint4: return range(4, false);
    case TensorProto::INT8: return range(8, true);
    case TensorProto::UINT8: return range(8, false);
    case TensorProto::INT16: return range(16, true);
    case TensorProto::UINT16: return range(16, false);
    case TensorProto::INT32: return range(32, true);
    case TensorProto::UINT32: return range(32, false);
    default: return std::nullopt;
  }
}

std::string element_type_name(std::int32_t onnx_type) {
  const std::string_view name = onnx_type == TensorProto::STRING       ? "string"
                                : onnx_type == TensorProto::COMPLEX64  ? "complex64"
                                : onnx_type == TensorProto::COMPLEX128 ? "complex128"
                                : onnx_type >= 17 && onnx_type <= 20   ? "float8"
                                : onnx_type == 23                      ? "float4e2m1"
                                : onnx_type == 24                      ? "float8e8m0"
                                                                       : "";
  return "element type " + (name.empty() ? std::to_string(onnx_type) : std::string(name)) +
         "; only floats of 16 to 64 bits, integers and booleans are possible";
}

Result<ReadTensor> read_tensor(const onnx::TensorProto& proto, ExternalData& external) {
  const std::string where = "tensor " + in_quotes(proto.name());
  const std::optional<ir::DataType> dtype = data_type(proto.data_type());
  if (!dtype) return unsupported(where + ": " + element_type_name(proto.data_type()));
  Result<Shape> shape = Shape::make(Dims(proto.dims().begin(), proto.dims().end()));
  if (!shape.ok()) return corrupt(where + ": " + shape.status().message());
  Result<AnyTensor> tensor = read_elements(proto, *shape, external);
  if (!tensor.ok()) return tensor.status().with_context(where);
  return ReadTensor{std::move(*tensor), *dtype, declared_range(proto.data_type())};
}

// indices: [count] positions in the flat tensor, or [count, rank] tuples.
Result<ReadTensor> read_sparse_tensor(const onnx::SparseTensorProto& proto, ExternalData& external) {
  const std::string where = "sparse tensor " + in_quotes(proto.values().name());
  ZKI_ASSIGN_OR_RETURN(ReadTensor values, read_tensor(proto.values(), external));
  ZKI_ASSIGN_OR_RETURN(const ReadTensor indices, read_tensor(proto.indices(), external));
  Result<Shape> shape = Shape::make(Dims(proto.dims().begin(), proto.dims().end()));
  if (!shape.ok()) return corrupt(where + ": " + shape.status().message());
  // A few bytes must not become gigabytes.
  if (shape->num_elements() > 1 << 26) return resource_limit(where + " of shape " + shape->to_string());
  const auto* places = std::get_if<IntTensor>(&indices.tensor);
  const std::int64_t count = shape_of(values.tensor).num_elements();
  const bool tuples = places != nullptr && places->shape().rank() == 2;
  const auto width = static_cast<std::int64_t>(tuples ? shape->rank() : 1);
  if (places == nullptr || places->num_elements() != count * width)
    return corrupt(where + ": its indices do not fit its values");
  const auto position = [&](std::int64_t i) -> std::int64_t {
    std::int64_t at = 0;
    for (std::int64_t k = 0; k < width; ++k) {
      const std::int64_t given = (*places)[static_cast<std::size_t>(i * width + k)];
      const std::int64_t length = tuples ? (*shape)[static_cast<std::size_t>(k)] : shape->num_elements();
      if (given < 0 || given >= length) return -1;
      at = at * length + given;
    }
    return at;
  };
  const auto dense = [&](const auto& from) -> Result<ReadTensor> {
    std::decay_t<decltype(from)> out(*shape);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t at = position(i);
      if (at < 0) return corrupt(where + ": an index outside its shape " + shape->to_string());
      out[static_cast<std::size_t>(at)] = from[static_cast<std::size_t>(i)];
    }
    return ReadTensor{std::move(out), values.dtype};
  };
  if (const auto* floats = std::get_if<FloatTensor>(&values.tensor)) return dense(*floats);
  return dense(*std::get_if<IntTensor>(&values.tensor));
}

}  // namespace zkinfer::frontend_onnx
