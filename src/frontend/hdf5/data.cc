// SPDX-License-Identifier: Apache-2.0
// Elements of datasets and texts of attributes.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <set>

#include "archive/inflate.h"
#include "base/half.h"
#include "frontend/hdf5/reader.h"

namespace zkinfer::hdf5 {

namespace {

constexpr std::uint16_t kDeflate = 1, kShuffle = 2, kFletcher32 = 3;
constexpr int kDeepestTree = 32;

std::uint64_t load(const std::uint8_t* bytes, std::uint32_t num_bytes, bool big_endian) {
  std::uint64_t x = 0;
  for (std::uint32_t i = 0; i < num_bytes; ++i)
    x |= std::uint64_t{bytes[i]} << (8 * (big_endian ? num_bytes - 1 - i : i));
  return x;
}

float as_float(std::uint64_t bits, const Type& type) {
  if (type.num_bytes == 8) return static_cast<float>(std::bit_cast<double>(bits));
  if (type.num_bytes == 2 && !type.is_bfloat16) return half_to_float(static_cast<std::uint16_t>(bits));
  return std::bit_cast<float>(static_cast<std::uint32_t>(type.num_bytes == 2 ? bits << 16 : bits));
}

Status no_fill() {
  return unsupported(
      "an HDF5 dataset with elements that were never written, and no value to fill them with; save the weights again");
}

// Bytes that lay apart, the first of every element, then the second, come together again.
Bytes unshuffled(const Bytes& bytes, std::size_t element) {
  if (element < 2) return bytes;
  Bytes out = bytes;  // what is beyond whole elements stays
  const std::size_t count = bytes.size() / element;
  for (std::size_t b = 0; b < element; ++b)
    for (std::size_t i = 0; i < count; ++i) out[i * element + b] = bytes[b * count + i];
  return out;
}

}  // namespace

Result<ByteView> Reader::heap_object(Address collection, std::uint32_t index) {
  auto known = heaps_.find(collection);
  if (known == heaps_.end()) {
    const Status bad = corrupt("an HDF5 heap of texts is damaged");
    ZKI_ASSIGN_OR_RETURN(Cursor head, cursor_at(collection, 8 + static_cast<std::uint64_t>(length_bytes_)));
    head.expect("GCOL");
    head.skip(4);
    const std::uint64_t num_bytes = head.length();
    if (!head.ok() || num_bytes < head.offset()) return bad;
    ZKI_ASSIGN_OR_RETURN(Cursor heap, cursor_at(collection, num_bytes));
    heap.skip(head.offset());
    std::unordered_map<std::uint32_t, ByteView> objects;
    while (heap.remaining() >= 8 + static_cast<std::size_t>(length_bytes_)) {
      const std::uint32_t number = heap.u16();
      heap.skip(6);
      const std::uint64_t size = heap.length();
      if (number == 0) break;  // the rest is free
      if (size > heap.remaining()) return bad;
      objects[number] = heap.raw(static_cast<std::size_t>(size));
      heap.align();
    }
    known = heaps_.emplace(collection, std::move(objects)).first;
  }
  const auto object = known->second.find(index);
  if (object == known->second.end()) return corrupt("an HDF5 text is nowhere in its heap");
  return object->second;
}

Result<std::vector<std::string>> Reader::texts(const Attribute& attribute) {
  std::vector<std::string> out;
  const std::size_t element = attribute.type.num_bytes;
  if (attribute.type.kind != TypeClass::kText && attribute.type.kind != TypeClass::kFixedText)
    return corrupt("an attribute holds no text");
  ZKI_RETURN_IF_ERROR(spend_plain(attribute.num_elements * 32));
  for (std::uint64_t i = 0; i < attribute.num_elements; ++i) {
    ByteView bytes = attribute.bytes.subspan(static_cast<std::size_t>(i) * element, element);
    if (attribute.type.kind == TypeClass::kText) {
      Cursor reference = cursor(bytes);
      const std::uint32_t size = reference.u32();
      const Address collection = reference.address();
      const std::uint32_t index = reference.u32();
      bytes = {};
      if (size != 0) {
        ZKI_ASSIGN_OR_RETURN(bytes, heap_object(collection, index));
      }
      bytes = bytes.first(std::min<std::size_t>(bytes.size(), size));
    }
    ZKI_RETURN_IF_ERROR(spend_plain(bytes.size()));
    out.emplace_back(bytes.begin(), std::find(bytes.begin(), bytes.end(), 0));
  }
  return out;
}

Result<Bytes> Reader::elements(const Dataset& dataset) {
  const std::uint64_t element = dataset.type.num_bytes;
  // At most 2^58 elements (read_space) of 8 bytes or fewer.
  const std::uint64_t num_bytes = dataset.num_elements * element;
  ZKI_RETURN_IF_ERROR(spend_plain(num_bytes));
  const auto plain = [&](ByteView view) -> Result<Bytes> {
    if (view.size() < num_bytes) return corrupt("an HDF5 dataset has fewer bytes than elements need");
    return Bytes(view.begin(), view.begin() + static_cast<std::ptrdiff_t>(num_bytes));
  };
  switch (dataset.storage) {
    case Storage::kCompact: return plain(dataset.compact);
    case Storage::kContiguous: {
      if (dataset.address == kNowhere) return never_written(dataset);
      ZKI_ASSIGN_OR_RETURN(const ByteView view, at(dataset.address, num_bytes));
      return plain(view);
    }
    case Storage::kChunked: {
      // Filled where it may be needed; what chunks hold comes over it.
      const bool is_undefined = dataset.fill_kind == Dataset::Fill::kUndefined;
      Bytes out(static_cast<std::size_t>(num_bytes));
      if (!is_undefined) {
        ZKI_ASSIGN_OR_RETURN(out, never_written(dataset));
      }
      ZKI_RETURN_IF_ERROR(read_chunks(dataset, out));
      return out;
    }
    default: return unsupported("an HDF5 dataset with " + (dataset.other.empty() ? "no storage" : dataset.other));
  }
}

// All elements are what the file fills with.
Result<Bytes> Reader::never_written(const Dataset& dataset) {
  const std::size_t element = dataset.type.num_bytes;
  Bytes out(static_cast<std::size_t>(dataset.num_elements) * element);
  if (out.empty()) return out;
  if (dataset.fill_kind == Dataset::Fill::kUndefined) return no_fill();
  if (dataset.fill.empty()) return out;
  if (dataset.fill.size() != element) return corrupt("an HDF5 fill value is damaged");
  for (std::size_t at = 0; at < out.size(); at += element)
    std::copy(dataset.fill.begin(), dataset.fill.end(), out.begin() + static_cast<std::ptrdiff_t>(at));
  return out;
}

Status Reader::read_chunks(const Dataset& dataset, Bytes& out) {
  const Status bad = corrupt("an HDF5 dataset in chunks is damaged");
  const std::size_t rank = dataset.dims.size();
  if (dataset.chunk.size() != rank + 1 || dataset.chunk[rank] != dataset.type.num_bytes) return bad;
  const bool is_undefined = dataset.fill_kind == Dataset::Fill::kUndefined;
  if (out.empty()) return ok_status();
  if (dataset.address == kNowhere) return is_undefined ? no_fill() : ok_status();
  std::set<std::vector<std::uint64_t>> places;  // of the chunks; only where all must be there
  struct Node {
    Address address;
    int depth;
  };
  std::vector<Node> nodes{{dataset.address, 0}};
  while (!nodes.empty()) {
    const Node node = nodes.back();
    nodes.pop_back();
    ZKI_ASSIGN_OR_RETURN(Cursor start, cursor_at(node.address, 8));
    start.expect("TREE");
    const int type = start.u8();
    const int level = start.u8();
    const std::uint64_t count = start.u16();
    if (!start.ok() || type != 1 || node.depth == kDeepestTree) return bad;
    const std::uint64_t entry = 8 + 8 * (rank + 1) + static_cast<std::uint64_t>(offset_bytes_);
    ZKI_ASSIGN_OR_RETURN(Cursor entries,
                         cursor_at(node.address + 8, 2 * static_cast<std::uint64_t>(offset_bytes_) + count * entry));
    entries.address();
    entries.address();
    for (std::uint64_t i = 0; i < count; ++i) {
      Chunk chunk;
      chunk.num_bytes = entries.u32();
      chunk.filters_skipped = entries.u32();
      for (std::size_t axis = 0; axis <= rank; ++axis) chunk.offsets.push_back(entries.u64());
      chunk.address = entries.address();
      if (level > 0)
        nodes.push_back({chunk.address, node.depth + 1});
      else
        ZKI_RETURN_IF_ERROR(place_chunk(dataset, chunk, out));
      if (level == 0 && is_undefined) places.insert(std::move(chunk.offsets));
    }
  }
  if (!is_undefined) return ok_status();
  std::uint64_t num_chunks = 1;
  for (std::size_t axis = 0; axis < rank; ++axis)
    num_chunks *= (dataset.dims[axis] + dataset.chunk[axis] - 1) / std::max<std::uint64_t>(dataset.chunk[axis], 1);
  return places.size() >= num_chunks ? ok_status() : no_fill();
}

Status Reader::place_chunk(const Dataset& dataset, const Chunk& chunk, Bytes& out) {
  const Status bad = corrupt("a chunk of an HDF5 dataset is damaged");
  const std::size_t rank = dataset.dims.size();
  const std::uint64_t element = dataset.type.num_bytes;
  std::uint64_t plain_bytes = element;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    const std::uint64_t length = dataset.chunk[axis];
    if (length == 0 || plain_bytes > (std::uint64_t{1} << 40) / length) return bad;
    plain_bytes *= length;
    if (chunk.offsets[axis] >= dataset.dims[axis]) return bad;
  }
  ZKI_RETURN_IF_ERROR(spend_plain(plain_bytes));
  ZKI_ASSIGN_OR_RETURN(const ByteView stored, at(chunk.address, chunk.num_bytes));
  Bytes plain(stored.begin(), stored.end());
  for (std::size_t i = dataset.filters.size(); i-- > 0;) {
    if ((chunk.filters_skipped >> i & 1) != 0) continue;
    const Filter& filter = dataset.filters[i];
    if (filter.id == kDeflate) {
      // A byte more shows what is too long; four more are a checksum's.
      ZKI_ASSIGN_OR_RETURN(plain, archive::inflate_bytes(plain, archive::DeflateFormat::kZlib, plain_bytes + 5));
    } else if (filter.id == kShuffle) {
      plain = unshuffled(plain, static_cast<std::size_t>(element));
    } else if (filter.id == kFletcher32) {
      if (plain.size() < 4) return bad;
      plain.resize(plain.size() - 4);
    } else {
      return unsupported("an HDF5 dataset compressed by filter " + std::to_string(filter.id) +
                         "; gzip (1), shuffle (2) and fletcher32 (3) can be read");
    }
  }
  if (plain.size() != plain_bytes) return bad;
  // Rows along the last axis, those inside the dataset.
  const std::size_t last = rank == 0 ? 0 : rank - 1;
  const auto inside = [&](std::size_t axis) {
    return std::min<std::uint64_t>(dataset.chunk[axis], dataset.dims[axis] - chunk.offsets[axis]);
  };
  if (rank == 0) {
    std::copy(plain.begin(), plain.end(), out.begin());
    return ok_status();
  }
  std::vector<std::uint64_t> index(rank, 0);
  for (;;) {
    std::uint64_t from = 0, to = 0;
    for (std::size_t axis = 0; axis < rank; ++axis) {
      from = from * dataset.chunk[axis] + index[axis];
      to = to * dataset.dims[axis] + chunk.offsets[axis] + index[axis];
    }
    std::memcpy(out.data() + to * element, plain.data() + from * element,
                static_cast<std::size_t>(inside(last) * element));
    std::size_t axis = last;
    while (axis > 0 && ++index[axis - 1] == inside(axis - 1)) index[--axis] = 0;
    if (axis == 0) return ok_status();
  }
}

Result<AnyTensor> Reader::tensor(const Dataset& dataset) {
  Type type = dataset.type;
  if (type.kind == TypeClass::kOpaque && type.num_bytes == 2) {  // how h5py keeps bfloat16
    type.kind = TypeClass::kFloat;
    type.is_bfloat16 = true;
  }
  if (type.kind != TypeClass::kFloat && type.kind != TypeClass::kInteger)
    return unsupported("an HDF5 dataset of " + (type.other.empty() ? std::string("texts or bytes") : type.other) +
                       ", where numbers are expected");
  Dims dims;
  for (const std::uint64_t dim : dataset.dims) {
    if (dim > static_cast<std::uint64_t>(INT64_MAX)) return corrupt("an HDF5 dataspace is damaged");
    dims.push_back(static_cast<std::int64_t>(dim));
  }
  ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make(std::move(dims)));
  if (static_cast<std::uint64_t>(shape.num_elements()) != dataset.num_elements)
    return corrupt("an HDF5 dataspace says nothing of its elements");
  ZKI_RETURN_IF_ERROR(spend_plain(8 * std::min<std::uint64_t>(dataset.num_elements, std::uint64_t{1} << 59)));
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, elements(dataset));
  const auto bits = [&](std::size_t i) {
    return load(bytes.data() + i * type.num_bytes, type.num_bytes, type.big_endian);
  };
  const auto count = static_cast<std::size_t>(dataset.num_elements);
  if (type.kind == TypeClass::kFloat) {
    std::vector<float> floats(count);
    for (std::size_t i = 0; i < count; ++i) floats[i] = as_float(bits(i), type);
    return AnyTensor(FloatTensor(std::move(shape), std::move(floats)));
  }
  std::vector<std::int64_t> integers(count);
  const int unused = 64 - 8 * static_cast<int>(type.num_bytes);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t x = bits(i);
    if (!type.is_signed && x > static_cast<std::uint64_t>(INT64_MAX))
      return out_of_range("an integer above 2^63-1 in an HDF5 dataset");
    integers[i] = type.is_signed ? static_cast<std::int64_t>(x << unused) >> unused : static_cast<std::int64_t>(x);
  }
  return AnyTensor(IntTensor(std::move(shape), std::move(integers)));
}

}  // namespace zkinfer::hdf5
