// SPDX-License-Identifier: Apache-2.0
#include "inputs/npy_reader.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <string_view>

#include "archive/zip.h"
#include "base/half.h"
#include "inputs/input_file.h"

namespace zkinfer {
namespace {

struct NpyHeader {
  std::string type;  // "<f4"
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
};

// The text after the quoted key and its colon inside the header's Python dictionary; empty when the key is absent.
std::string_view value_of(std::string_view header, std::string_view quoted_key) {
  const std::size_t at = header.find(quoted_key);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = header.substr(at + quoted_key.size());
  const std::size_t start = rest.find_first_not_of(" :");
  return start == std::string_view::npos ? std::string_view{} : rest.substr(start);
}

Result<std::vector<std::int64_t>> parse_shape(std::string_view text) {
  const Status bad = corrupt(".npy header: 'shape' is no tuple of at most 16 sizes");
  if (text.empty() || text[0] != '(') return bad;
  std::vector<std::int64_t> shape;
  std::size_t i = 1;
  while (i < text.size() && text[i] != ')') {
    if (text[i] == ' ' || text[i] == ',') {
      ++i;
      continue;
    }
    std::uint64_t size = 0;
    const std::size_t begin = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') {
      size = 10 * size + static_cast<std::uint64_t>(text[i++] - '0');
      if (size > kMaxInputElements) return resource_limit(".npy header: an axis of more than 2^28 elements");
    }
    if (i == begin || shape.size() == 16) return bad;
    shape.push_back(static_cast<std::int64_t>(size));
  }
  if (i == text.size()) return bad;
  return shape;
}

Result<NpyHeader> parse_header(std::string_view text) {
  NpyHeader header;
  const std::string_view type = value_of(text, "'descr'");
  if (type.size() < 2 || type[0] != '\'') {
    return unsupported(".npy with a structured or missing type; save one plain numeric array");
  }
  const std::size_t end = type.find('\'', 1);
  if (end == std::string_view::npos || end > 8) return corrupt(".npy header: 'descr' does not end");
  header.type = std::string(type.substr(1, end - 1));
  header.fortran_order = value_of(text, "'fortran_order'").starts_with("True");
  ZKI_ASSIGN_OR_RETURN(header.shape, parse_shape(value_of(text, "'shape'")));
  return header;
}

template <class T>
T load(const std::uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));  // hosts are little-endian (static_assert below), as the accepted types
  return value;
}
static_assert(std::endian::native == std::endian::little);

template <class T>
float load_as_float(const std::uint8_t* bytes) {
  return static_cast<float>(load<T>(bytes));
}

struct ElementType {
  std::string_view name;
  std::size_t num_bytes;
  float (*read)(const std::uint8_t*);
};
constexpr ElementType kTypes[] = {
    {"<f4", 4, load_as_float<float>},
    {"<f8", 8, load_as_float<double>},
    {"<f2", 2, [](const std::uint8_t* b) { return half_to_float(load<std::uint16_t>(b)); }},
    {"|u1", 1, load_as_float<std::uint8_t>},
    {"|i1", 1, load_as_float<std::int8_t>},
    {"|b1", 1, load_as_float<std::uint8_t>},
    {"<i2", 2, load_as_float<std::int16_t>},
    {"<u2", 2, load_as_float<std::uint16_t>},
    {"<i4", 4, load_as_float<std::int32_t>},
    {"<u4", 4, load_as_float<std::uint32_t>},
    {"<i8", 8, load_as_float<std::int64_t>},
    {"<u8", 8, load_as_float<std::uint64_t>},
};

const ElementType* find_type(std::string_view name) {
  for (const ElementType& type : kTypes) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

}  // namespace

Result<Array> read_npy(ByteView bytes) {
  static constexpr std::uint8_t kMagic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
  ByteReader reader(bytes);
  const ByteView magic = reader.raw(sizeof kMagic);
  if (magic.empty() || std::memcmp(magic.data(), kMagic, sizeof kMagic) != 0)
    return corrupt("no .npy file (magic differs)");
  const int version = reader.u8();
  reader.u8();
  if (version < 1 || version > 3) return unsupported(".npy version " + std::to_string(version) + "; expected 1 to 3");
  const std::size_t header_bytes = version == 1 ? reader.u16() : reader.u32();
  const ByteView text = reader.raw(header_bytes);
  if (!reader.ok()) return corrupt(".npy header is cut off");
  ZKI_ASSIGN_OR_RETURN(const NpyHeader header, parse_header({reinterpret_cast<const char*>(text.data()), text.size()}));

  const ElementType* type = find_type(header.type);
  if (type == nullptr) {
    return unsupported(".npy type '" + header.type +
                       "'; expected little-endian floats, integers or bool: save array.astype(numpy.float32)");
  }
  std::uint64_t num_elements = 1;
  for (const std::int64_t size : header.shape) {
    const auto dim = static_cast<std::uint64_t>(size);
    if (dim != 0 && num_elements > kMaxInputElements / dim) return resource_limit("array of more than 2^28 elements");
    num_elements *= dim;
  }
  if (header.fortran_order && header.shape.size() > 1) {
    return unsupported(".npy in Fortran order; save numpy.ascontiguousarray(array)");
  }
  if (reader.remaining() != num_elements * type->num_bytes) {
    return corrupt("expected " + std::to_string(num_elements * type->num_bytes) +
                   " bytes of elements after the header, got " + std::to_string(reader.remaining()));
  }
  const ByteView elements = reader.raw(reader.remaining());
  Array array;
  array.shape = header.shape;
  array.kind = header.type == "|u1" ? ArrayKind::kLevels : ArrayKind::kNumbers;
  array.data.resize(num_elements);
  for (std::size_t i = 0; i < array.data.size(); ++i) {
    const float value = type->read(elements.data() + i * type->num_bytes);
    if (!std::isfinite(value)) return out_of_range("element " + std::to_string(i) + " is not a finite 32-bit number");
    array.data[i] = value;
  }
  return array;
}

Result<std::vector<Array>> read_npz(ByteView bytes) {
  const archive::ZipWords words{".npz", "save it with numpy.savez, or in parts",
                                "use numpy.savez or numpy.savez_compressed"};
  ZKI_ASSIGN_OR_RETURN(const std::vector<archive::ZipEntry> entries,
                       archive::zip_directory(bytes, max_plain_bytes(bytes.size()), words));
  if (entries.empty()) return corrupt("the .npz archive is empty");
  std::vector<Array> arrays;
  std::uint64_t num_elements = 0;
  for (const archive::ZipEntry& entry : entries) {
    const std::string where = ".npz entry '" + entry.name + "'";
    Result<Bytes> content = archive::zip_content(bytes, entry, words);
    if (!content.ok()) return content.status().with_context(where);
    Result<Array> array = read_npy(*content);
    if (!array.ok()) return array.status().with_context(where);
    num_elements += array->data.size();
    if (num_elements > kMaxInputElements) return resource_limit("arrays of more than 2^28 elements together");
    array->name = entry.name.ends_with(".npy") ? entry.name.substr(0, entry.name.size() - 4) : entry.name;
    arrays.push_back(std::move(*array));
  }
  return arrays;
}

}  // namespace zkinfer
