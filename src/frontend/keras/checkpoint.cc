// SPDX-License-Identifier: Apache-2.0
#include "frontend/keras/checkpoint.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "base/half.h"
#include "base/text.h"
#include "base/wire.h"

namespace zkinfer::frontend_keras {

namespace {

constexpr std::uint64_t kTableMagic = 0xdb4775248b80fb57;
constexpr std::size_t kFooterBytes = 48, kTrailerBytes = 5;
constexpr std::size_t kMostEntries = 200000;
constexpr char kGraphKey[] = "_CHECKPOINTABLE_OBJECT_GRAPH";

Status bad_table() { return corrupt("variables.index is damaged"); }

// TensorFlow's numbers of types.
enum DataType : std::uint64_t {
  kFloat = 1,
  kDouble = 2,
  kInt32 = 3,
  kUint8 = 4,
  kInt8 = 6,
  kString = 7,
  kInt64 = 9,
  kBool = 10,
  kBfloat16 = 14,
  kHalf = 19
};

}  // namespace

Result<Checkpoint> Checkpoint::open(ByteView index, ByteView data) {
  Checkpoint made;
  made.data_ = data;
  made.work_left_ = 8 * static_cast<std::uint64_t>(index.size()) + 4096;
  ZKI_RETURN_IF_ERROR(made.read_table(index));
  ZKI_RETURN_IF_ERROR(made.read_nodes());
  return made;
}

// Footer: where the block of blocks is.
Status Checkpoint::read_table(ByteView index) {
  if (index.size() < kFooterBytes) return bad_table();
  Wire footer(index.subspan(index.size() - kFooterBytes));
  footer.varint();
  footer.varint();
  const std::uint64_t offset = footer.varint(), size = footer.varint();
  ByteReader magic(index.subspan(index.size() - 8));
  if (!footer.ok() || magic.u64() != kTableMagic) return bad_table();
  std::vector<std::pair<std::string, ByteView>> blocks, rows;
  ZKI_RETURN_IF_ERROR(read_block(index, offset, size, blocks));
  for (const auto& [name, place] : blocks) {
    Wire handle(place);
    const std::uint64_t at = handle.varint(), length = handle.varint();
    if (!handle.ok()) return bad_table();
    rows.clear();
    ZKI_RETURN_IF_ERROR(read_block(index, at, length, rows));
    for (const auto& [key, value] : rows) {
      if (entries_.size() == kMostEntries)
        return resource_limit("variables.index names more than " + std::to_string(kMostEntries) + " variables");
      ZKI_RETURN_IF_ERROR(read_entry(key, value));
    }
  }
  return ok_status();
}

// Rows share the beginnings of their names; behind them is a list of places that a search would want.
Status Checkpoint::read_block(ByteView index, std::uint64_t offset, std::uint64_t size,
                              std::vector<std::pair<std::string, ByteView>>& out) {
  if (offset > index.size() || size > index.size() - offset || index.size() - offset - size < kTrailerBytes || size < 4)
    return bad_table();
  if (size > work_left_) return bad_table();
  work_left_ -= size;
  const ByteView block = index.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
  if (index[static_cast<std::size_t>(offset + size)] != 0) return unsupported("variables.index is compressed");
  ByteReader count(block.subspan(block.size() - 4));
  const std::uint64_t places = 4 + 4 * static_cast<std::uint64_t>(count.u32());
  if (places > block.size()) return bad_table();
  Wire rows(block.first(block.size() - static_cast<std::size_t>(places)));
  std::string key;
  while (rows.ok() && rows.rest().remaining() > 0) {
    const std::uint64_t shared = rows.varint(), more = rows.varint(), length = rows.varint();
    ByteReader& rest = rows.rest();
    constexpr std::uint64_t kLongest = 4096;
    if (!rows.ok() || shared > key.size() || shared + more > kLongest || more > rest.remaining() ||
        length > rest.remaining() - more)
      return bad_table();
    key.resize(static_cast<std::size_t>(shared));
    const ByteView tail = rest.raw(static_cast<std::size_t>(more));
    key.append(tail.begin(), tail.end());
    if (key.size() > work_left_) return bad_table();
    work_left_ -= key.size();
    out.emplace_back(key, rest.raw(static_cast<std::size_t>(length)));
  }
  return rows.ok() ? ok_status() : bad_table();
}

Status Checkpoint::read_entry(const std::string& key, ByteView bytes) {
  Wire wire(bytes);
  if (key.empty()) {  // the header
    while (wire.next())
      if (wire.field() == 1 && wire.number() > 1)
        return unsupported("a checkpoint in " + std::to_string(wire.number()) + " files of numbers; save it in one");
    return wire.ok() ? ok_status() : bad_table();
  }
  Entry entry;
  while (wire.next()) {
    switch (wire.field()) {
      case 1: entry.dtype = wire.number(); break;
      case 2: {
        Wire shape(wire.bytes());
        while (shape.next()) {
          if (shape.field() != 2) continue;
          Wire dim(shape.bytes());
          std::int64_t length = 0;
          while (dim.next())
            if (dim.field() == 1) length = static_cast<std::int64_t>(dim.number());
          entry.dims.push_back(length);
          if (!dim.ok() || entry.dims.size() > kMaxRank) return bad_table();
        }
        if (!shape.ok()) return bad_table();
        break;
      }
      case 3: entry.shard = wire.number(); break;
      case 4: entry.offset = wire.number(); break;
      case 5: entry.size = wire.number(); break;
      case 7: entry.is_sliced = true; break;
      default: break;
    }
  }
  if (!wire.ok()) return bad_table();
  entries_[key] = std::move(entry);
  return ok_status();
}

// A text: its length, a checksum, its bytes. Inside a protobuf message of nodes.
Status Checkpoint::read_nodes() {
  const auto found = entries_.find(kGraphKey);
  if (found == entries_.end()) return ok_status();
  const Entry& entry = found->second;
  const Status bad = corrupt("the graph of objects in the variables is damaged");
  if (entry.dtype != kString || entry.offset > data_.size() || entry.size > data_.size() - entry.offset) return bad;
  Wire text(data_.subspan(static_cast<std::size_t>(entry.offset), static_cast<std::size_t>(entry.size)));
  const std::uint64_t length = text.varint();
  text.rest().u32();
  if (!text.ok() || length != text.rest().remaining()) return bad;
  Wire graph(text.rest().raw(static_cast<std::size_t>(length)));
  while (graph.next()) {
    if (graph.field() != 1) continue;
    if (nodes_.size() == kMostEntries) return resource_limit("the variables have too many objects");
    Node& node = nodes_.emplace_back();
    Wire object(graph.bytes());
    while (object.next()) {
      std::uint64_t id = 0;
      std::string name, full_name, key;
      Wire part(object.bytes());
      if (object.field() == 1) {
        while (part.next())
          part.field() == 1 ? void(id = part.number()) : void(name = part.field() == 2 ? part.text() : name);
        node.children[name] = static_cast<std::size_t>(id);
      } else if (object.field() == 2) {
        while (part.next()) {
          if (part.field() == 1) name = part.text();
          if (part.field() == 2) full_name = part.text();
          if (part.field() == 3) key = part.text();
        }
        if (name == "VARIABLE_VALUE") node.key = key, node.full_name = full_name;
      }
      if (!part.ok() && (object.field() == 1 || object.field() == 2)) return bad;
    }
    if (!object.ok()) return bad;
  }
  if (!graph.ok()) return bad;
  for (const Node& node : nodes_)
    for (const auto& [name, child] : node.children)
      if (child >= nodes_.size()) return bad;
  return ok_status();
}

Result<AnyTensor> Checkpoint::tensor(const std::string& key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return corrupt("the variable " + in_quotes(key) + " is not in the checkpoint");
  const Entry& entry = found->second;
  const std::string where = "the variable " + in_quotes(key);
  if (entry.is_sliced || entry.shard != 0) return unsupported(where + " is kept in slices | save it in one");
  const std::uint64_t element = entry.dtype == kDouble || entry.dtype == kInt64                         ? 8
                                : entry.dtype == kHalf || entry.dtype == kBfloat16                      ? 2
                                : entry.dtype == kFloat || entry.dtype == kInt32                        ? 4
                                : entry.dtype == kBool || entry.dtype == kInt8 || entry.dtype == kUint8 ? 1
                                                                                                        : 0;
  if (element == 0) return unsupported(where + " is no tensor of numbers that is read here");
  ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make(entry.dims));
  const auto count = static_cast<std::size_t>(shape.num_elements());
  if (entry.size != element * count || entry.offset > data_.size() || entry.size > data_.size() - entry.offset)
    return corrupt(where + " lies outside the file of numbers, which is cut off or damaged");
  ByteReader reader(data_.subspan(static_cast<std::size_t>(entry.offset), static_cast<std::size_t>(entry.size)));
  const bool is_float =
      entry.dtype == kFloat || entry.dtype == kDouble || entry.dtype == kHalf || entry.dtype == kBfloat16;
  if (!is_float) {
    std::vector<std::int64_t> integers(count);
    for (std::int64_t& x : integers)
      x = element == 8           ? reader.i64()
          : element == 4         ? reader.i32()
          : entry.dtype == kInt8 ? static_cast<std::int8_t>(reader.u8())
                                 : reader.u8();
    return AnyTensor(IntTensor(std::move(shape), std::move(integers)));
  }
  std::vector<float> floats(count);
  for (float& x : floats)
    x = entry.dtype == kFloat    ? std::bit_cast<float>(reader.u32())
        : entry.dtype == kDouble ? static_cast<float>(std::bit_cast<double>(reader.u64()))
        : entry.dtype == kHalf   ? half_to_float(reader.u16())
                                 : std::bit_cast<float>(static_cast<std::uint32_t>(reader.u16()) << 16);
  return AnyTensor(FloatTensor(std::move(shape), std::move(floats)));
}

}  // namespace zkinfer::frontend_keras
