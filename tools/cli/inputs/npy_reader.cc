// SPDX-License-Identifier: Apache-2.0
#include "inputs/npy_reader.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <string_view>

#include <zlib.h>

#include "inputs/inflate.h"

namespace zkinfer::cli {
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

float half_to_float(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int mantissa = bits & 1023;
  const float magnitude = exponent == 0    ? std::ldexp(static_cast<float>(mantissa), -24)
                          : exponent == 31 ? (mantissa == 0 ? HUGE_VALF : NAN)
                                           : std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
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

struct ZipEntry {
  std::string name;
  std::uint16_t method = 0;
  std::uint32_t crc = 0;
  std::uint32_t compressed_bytes = 0, plain_bytes = 0;
  std::uint32_t header_offset = 0;
};

Result<std::vector<ZipEntry>> zip_directory(ByteView bytes) {
  // The end record is 22 bytes plus a comment of at most 65535 bytes.
  constexpr std::size_t kEndBytes = 22;
  if (bytes.size() < kEndBytes) return corrupt("too short for an .npz (zip) archive");
  const std::size_t lowest = bytes.size() > kEndBytes + 65535 ? bytes.size() - kEndBytes - 65535 : 0;
  std::size_t end = bytes.size() - kEndBytes + 1;
  bool found = false;
  while (!found && end > lowest) {
    --end;
    found = load<std::uint32_t>(bytes.data() + end) == 0x06054b50;
  }
  if (!found) return corrupt("no zip end record; the .npz file is cut off");
  ByteReader tail(bytes.subspan(end + 10));
  const std::uint16_t num_entries = tail.u16();
  tail.u32();
  const std::uint32_t directory_offset = tail.u32();
  if (num_entries > 256) return resource_limit("more than 256 arrays in one .npz");
  if (directory_offset > bytes.size()) return corrupt("zip directory outside the file");
  ByteReader reader(bytes.subspan(directory_offset));
  std::vector<ZipEntry> entries;
  std::uint64_t plain_bytes = 0;
  for (int i = 0; i < num_entries; ++i) {
    ZipEntry entry;
    if (reader.u32() != 0x02014b50) return corrupt("zip directory: entry " + std::to_string(i) + " is damaged");
    reader.raw(4);
    const std::uint16_t flags = reader.u16();
    entry.method = reader.u16();
    reader.raw(4);
    entry.crc = reader.u32();
    entry.compressed_bytes = reader.u32();
    entry.plain_bytes = reader.u32();
    plain_bytes += entry.plain_bytes;
    const std::size_t name_bytes = reader.u16();
    const std::size_t extra_bytes = reader.u16();
    const std::size_t comment_bytes = reader.u16();
    reader.raw(8);
    entry.header_offset = reader.u32();
    const ByteView name = reader.raw(name_bytes);
    entry.name.assign(reinterpret_cast<const char*>(name.data()), name.size());
    reader.raw(extra_bytes + comment_bytes);
    if (!reader.ok()) return corrupt("zip directory is cut off");
    if ((flags & 1) != 0) return unsupported("encrypted .npz");
    if (entry.plain_bytes == UINT32_MAX || entry.compressed_bytes == UINT32_MAX) {
      return resource_limit(".npz entry '" + entry.name + "' of 4 GiB or more");
    }
    entries.push_back(std::move(entry));
  }
  if (plain_bytes > max_plain_bytes(bytes.size())) {
    return resource_limit(".npz of " + std::to_string(bytes.size()) + " bytes that would grow to " +
                          std::to_string(plain_bytes) + ", at most " + std::to_string(max_plain_bytes(bytes.size())) +
                          " are decompressed; save it with numpy.savez, or in parts");
  }
  return entries;
}

Result<Bytes> zip_content(ByteView bytes, const ZipEntry& entry) {
  if (entry.header_offset > bytes.size()) return corrupt("offset outside the file");
  ByteReader reader(bytes.subspan(entry.header_offset));
  if (reader.u32() != 0x04034b50) return corrupt("local header is damaged");
  reader.raw(22);
  const std::size_t name_bytes = reader.u16();
  const std::size_t extra_bytes = reader.u16();
  reader.raw(name_bytes + extra_bytes);
  const ByteView content = reader.raw(entry.compressed_bytes);
  if (!reader.ok()) return corrupt("content is cut off");
  Bytes plain;
  if (entry.method == 0) {
    plain.assign(content.begin(), content.end());
  } else if (entry.method == 8) {
    ZKI_ASSIGN_OR_RETURN(plain, inflate_bytes(content, DeflateFormat::kRaw, std::uint64_t{entry.plain_bytes} + 1));
  } else {
    return unsupported("zip method " + std::to_string(entry.method) + "; use numpy.savez or numpy.savez_compressed");
  }
  if (plain.size() != entry.plain_bytes || ::crc32_z(0, plain.data(), plain.size()) != entry.crc) {
    return corrupt("checksum or size differs from the directory's");
  }
  return plain;
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
  ZKI_ASSIGN_OR_RETURN(const std::vector<ZipEntry> entries, zip_directory(bytes));
  if (entries.empty()) return corrupt("the .npz archive is empty");
  std::vector<Array> arrays;
  std::uint64_t num_elements = 0;
  for (const ZipEntry& entry : entries) {
    const std::string where = ".npz entry '" + entry.name + "'";
    Result<Bytes> content = zip_content(bytes, entry);
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

}  // namespace zkinfer::cli
