// SPDX-License-Identifier: Apache-2.0
// Datatypes, dataspaces, layouts and filters.
#include <algorithm>
#include <limits>

#include "frontend/hdf5/reader.h"

namespace zkinfer::hdf5 {

namespace {

constexpr int kMostAxes = 32;  // HDF5's own limit
constexpr int kDeepestType = 4;

Status damaged(const char* what) { return corrupt(std::string("an HDF5 ") + what + " is damaged"); }

// Bits of a float: sign, exponent, mantissa. IEEE's formats and bfloat16, no others.
void read_float(Cursor& body, std::uint32_t bits, Type& type) {
  const int bit_offset = body.u16(), precision = body.u16();
  const int exponent_at = body.u8(), exponent_bits = body.u8(), mantissa_at = body.u8(), mantissa_bits = body.u8();
  const std::uint32_t bias = body.u32();
  const int width = static_cast<int>(std::min<std::uint32_t>(type.num_bytes, 64)) * 8;
  const auto is = [&](int bytes, int exponent, int mantissa) {
    return width == 8 * bytes && precision == width && bit_offset == 0 && exponent_bits == exponent &&
           mantissa_bits == mantissa && mantissa_at == 0 && exponent_at == mantissa &&
           bias == (1U << (exponent - 1)) - 1;
  };
  type.kind = TypeClass::kFloat;
  type.big_endian = (bits & 1) != 0;
  type.is_bfloat16 = is(2, 8, 7);
  if ((bits & 0x40) == 0 && (type.is_bfloat16 || is(2, 5, 10) || is(4, 8, 23) || is(8, 11, 52))) return;
  type.kind = TypeClass::kOther;
  type.other = "floats of " + std::to_string(precision) + " bits in a format that is not IEEE's";
}

}  // namespace

Result<Type> read_type(Cursor& body, int depth) {
  const int tag = body.u8();
  std::uint32_t bits = body.u8();
  bits |= static_cast<std::uint32_t>(body.u16()) << 8;
  Type type;
  type.num_bytes = body.u32();
  if (!body.ok() || depth == kDeepestType) return damaged("datatype");
  switch (tag & 15) {
    case 0: {
      const int bit_offset = body.u16(), precision = body.u16();
      type.kind = TypeClass::kInteger;
      type.big_endian = (bits & 1) != 0;
      type.is_signed = (bits & 8) != 0;
      const std::uint32_t n = type.num_bytes;
      if ((n != 1 && n != 2 && n != 4 && n != 8) || bit_offset != 0 || precision != static_cast<int>(8 * n)) {
        type.kind = TypeClass::kOther;
        type.other = "integers of " + std::to_string(precision) + " bits";
      }
      break;
    }
    case 1: read_float(body, bits, type); break;
    case 3: type.kind = TypeClass::kFixedText; break;
    case 5: type.kind = TypeClass::kOpaque; break;
    case 8: {  // an enumeration: bool of NumPy
      ZKI_ASSIGN_OR_RETURN(type, read_type(body, depth + 1));
      break;
    }
    case 9: {
      type.kind = (bits & 15) == 1 ? TypeClass::kText : TypeClass::kOther;
      type.other = "lists of varying length";
      if (type.num_bytes != 4 + static_cast<std::uint32_t>(body.offset_bytes()) + 4) return damaged("datatype");
      break;
    }
    default: {
      static constexpr const char* kNames[] = {"", "", "times", "", "bit fields", "", "compound elements", "references",
                                               "", "", "arrays"};
      type.other = (tag & 15) < 11 ? kNames[tag & 15] : "elements of an unknown class";
      break;
    }
  }
  if (!body.ok()) return damaged("datatype");
  return type;
}

Result<Space> read_space(Cursor& body) {
  const int version = body.u8();
  const int rank = body.u8();
  body.skip(1);
  const int kind = body.u8();
  if (version == 1) body.skip(4);
  if (!body.ok() || version < 1 || version > 2 || rank > kMostAxes) return damaged("dataspace");
  Space space;
  constexpr int kNull = 2;
  space.num_elements = version == 2 && kind == kNull ? 0 : 1;
  for (int i = 0; i < rank; ++i) {
    const std::uint64_t dim = body.length();
    if (dim != 0 && space.num_elements > std::numeric_limits<std::uint64_t>::max() / 64 / dim)
      return damaged("dataspace");
    space.num_elements *= dim;
    space.dims.push_back(dim);
  }
  if (!body.ok()) return damaged("dataspace");
  return space;
}

Result<Dataset> read_layout(Cursor& body) {
  Dataset out;
  const int version = body.u8();
  const auto chunk_lengths = [&](int rank) {
    for (int i = 0; i < rank; ++i) out.chunk.push_back(body.u32());
  };
  if (version == 1 || version == 2) {
    const int rank = body.u8();
    const int kind = body.u8();
    body.skip(5);
    if (rank > kMostAxes + 1) return damaged("layout");
    if (kind != 0) out.address = body.address();
    chunk_lengths(rank);
    if (kind == 2) out.chunk.push_back(body.u32());
    if (kind == 0) out.compact = body.raw(body.u32());
    out.storage = kind == 0 ? Storage::kCompact : kind == 1 ? Storage::kContiguous : Storage::kChunked;
    if (kind != 2) out.chunk.clear();
  } else if (version == 3 || version == 4) {
    const int kind = body.u8();
    if (kind == 0) {
      out.storage = Storage::kCompact;
      out.compact = body.raw(body.u16());
    } else if (kind == 1) {
      out.storage = Storage::kContiguous;
      out.address = body.address();
    } else if (kind == 2 && version == 3) {
      out.storage = Storage::kChunked;
      const int rank = body.u8();
      if (rank > kMostAxes + 1) return damaged("layout");
      out.address = body.address();
      chunk_lengths(rank);
    } else {
      out.storage = Storage::kOther;
      out.other = kind == 2 ? "chunks with the indices of h5py's libver='latest'; save it with h5py's defaults"
                            : "storage in other files; save it in one";
    }
  } else {
    return unsupported("an HDF5 layout of version " + std::to_string(version));
  }
  if (!body.ok()) return damaged("layout");
  return out;
}

Status read_fill(Cursor& body, bool is_old, Dataset& dataset) {
  using Fill = Dataset::Fill;
  constexpr int kNever = 1;  // the time at which elements are filled
  bool is_defined = true, has_value = true;
  if (!is_old) {
    const int version = body.u8();
    const int first = body.u8();
    if (version == 1 || version == 2) {
      const int time = body.u8();
      is_defined = body.u8() != 0;
      has_value = version == 1 || is_defined;
      is_defined &= time != kNever;
    } else if (version == 3) {
      is_defined = (first & 0x10) == 0 && (first >> 2 & 3) != kNever;
      has_value = (first & 0x20) != 0;
    } else {
      return damaged("fill value");
    }
  }
  // A value of no bytes is the library's default, zeros.
  const std::uint32_t num_bytes = has_value ? body.u32() : 0;
  const ByteView value = body.raw(num_bytes);
  if (!body.ok()) return damaged("fill value");
  // The old message is for old readers, where both are there.
  if (is_old && dataset.fill_kind != Fill::kNotSaid) return ok_status();
  dataset.fill = value;
  dataset.fill_kind = is_old ? Fill::kOld : is_defined ? Fill::kSaid : Fill::kUndefined;
  return ok_status();
}

Result<std::vector<Filter>> read_filters(Cursor& body) {
  const int version = body.u8();
  const int count = body.u8();
  if (version == 1) body.skip(6);
  if (!body.ok() || version < 1 || version > 2 || count > 32) return damaged("list of filters");
  std::vector<Filter> filters;
  constexpr int kFirstOfOthers = 256;
  for (int i = 0; i < count; ++i) {
    Filter filter;
    filter.id = body.u16();
    const std::size_t name_bytes = version == 1 || filter.id >= kFirstOfOthers ? body.u16() : 0;
    body.skip(2);
    const int num_values = body.u16();
    body.skip(version == 1 ? (name_bytes + 7) / 8 * 8 : name_bytes);
    for (int j = 0; j < num_values && body.ok(); ++j) filter.values.push_back(body.u32());
    if (version == 1 && num_values % 2 == 1) body.skip(4);
    if (!body.ok()) return damaged("list of filters");
    filters.push_back(std::move(filter));
  }
  return filters;
}

}  // namespace zkinfer::hdf5
