// SPDX-License-Identifier: Apache-2.0
// Grammar (little-endian; text = u32 length, bytes; list = u32 count, items):
//   structure = "zkqir" u16 version, text name, list value, list table, list node, list u32 inputs, list u32 outputs
//   value = text name, u8 kind, list i64 dims, i64 lo, i64 hi, i64 mantissa, i32 exponent
//   table = u8 kind, i64 first, u8 log_size, i64 clamp_lo, i64 clamp_hi, list i32 values;
//           for kind 3 also u8 piece_bits, u8 slope_shift, list i32 slopes
//   node  = u8 op, text name, list u32 inputs, u32 output, u8 shift, i32 table, list i64 coefs, i64 constant,
//           list i64 kernel, strides, dilations, pads_begin; i64 groups; list i64 axes, perm, starts, steps
// Every field has one encoding, so the bytes are canonical once nothing follows them.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "qir/ops/rules.h"
#include "qir/qgraph.h"

namespace zkinfer::qir {

namespace {

constexpr std::array<std::uint8_t, 5> kMagic = {'z', 'k', 'q', 'i', 'r'};
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kMaxText = 4096;
// The fewest bytes one item of a list can have: bounds what a count may allocate.
constexpr std::size_t kLeastValueBytes = 4 + 1 + 4 + 8 + 8 + 8 + 4;
constexpr std::size_t kLeastTableBytes = 1 + 8 + 1 + 8 + 8 + 4;
constexpr std::size_t kLeastNodeBytes = 1 + 4 + 4 + 4 + 1 + 4 + 4 + 8 + 4 * 4 + 8 + 4 * 4;

template <class Item>
void write_list(ByteWriter& out, const std::vector<Item>& items, void (ByteWriter::*write)(Item)) {
  out.u32(static_cast<std::uint32_t>(items.size()));
  for (const Item item : items) (out.*write)(item);
}

std::size_t read_count(ByteReader& in, std::size_t least_item_bytes) {
  const std::size_t count = in.u32();
  if (count > in.remaining() / least_item_bytes) {
    in.fail();
    return 0;
  }
  return count;
}

template <class Item>
std::vector<Item> read_list(ByteReader& in, Item (ByteReader::*read)()) {
  std::vector<Item> items(read_count(in, sizeof(Item)));
  for (Item& item : items) item = (in.*read)();
  return items;
}

void write_value(ByteWriter& out, const Value& value) {
  out.text(value.name);
  out.u8(static_cast<std::uint8_t>(value.kind));
  write_list(out, value.shape.dims(), &ByteWriter::i64);
  out.i64(value.lo);
  out.i64(value.hi);
  out.i64(value.scale.mantissa);
  out.i32(value.scale.exponent);
}

Status read_value(ByteReader& in, Value& value) {
  value.name = in.text(kMaxText);
  value.kind = static_cast<ValueKind>(in.u8());
  Result<Shape> shape = Shape::make(read_list(in, &ByteReader::i64));
  if (!shape.ok()) return corrupt("value '" + value.name + "': " + shape.status().message());
  value.shape = std::move(shape).value();
  value.lo = in.i64();
  value.hi = in.i64();
  value.scale.mantissa = in.i64();
  value.scale.exponent = in.i32();
  return ok_status();
}

void write_table(ByteWriter& out, const Table& table) {
  out.u8(static_cast<std::uint8_t>(table.kind));
  out.i64(table.first);
  out.u8(table.log_size);
  out.i64(table.clamp_lo);
  out.i64(table.clamp_hi);
  write_list(out, table.values, &ByteWriter::i32);
  if (table.kind != TableKind::kPieces) return;
  out.u8(table.piece_bits);
  out.u8(table.slope_shift);
  write_list(out, table.slopes, &ByteWriter::i32);
}

void read_table(ByteReader& in, Table& table) {
  table.kind = static_cast<TableKind>(in.u8());
  table.first = in.i64();
  table.log_size = in.u8();
  table.clamp_lo = in.i64();
  table.clamp_hi = in.i64();
  table.values = read_list(in, &ByteReader::i32);
  if (table.kind != TableKind::kPieces) return;
  table.piece_bits = in.u8();
  table.slope_shift = in.u8();
  table.slopes = read_list(in, &ByteReader::i32);
}

void write_attribute(ByteWriter& out, std::int64_t value) { out.i64(value); }
void write_attribute(ByteWriter& out, const std::vector<std::int64_t>& values) {
  write_list(out, values, &ByteWriter::i64);
}
void read_attribute(ByteReader& in, std::int64_t& value) { value = in.i64(); }
void read_attribute(ByteReader& in, std::vector<std::int64_t>& values) { values = read_list(in, &ByteReader::i64); }

void write_node(ByteWriter& out, const Node& node) {
  out.u8(static_cast<std::uint8_t>(node.op));
  out.text(node.name);
  write_list(out, node.inputs, &ByteWriter::u32);
  out.u32(node.output);
  out.u8(node.requant.shift);
  out.i32(node.requant.table_index);
  for_each_attribute(node, [&](unsigned, const char*, const auto& value, const auto&) { write_attribute(out, value); });
}

void read_node(ByteReader& in, Node& node) {
  node.op = static_cast<Op>(in.u8());
  node.name = in.text(kMaxText);
  node.inputs = read_list(in, &ByteReader::u32);
  node.output = in.u32();
  node.requant.shift = in.u8();
  node.requant.table_index = in.i32();
  for_each_attribute(node, [&](unsigned, const char*, auto& value, const auto&) { read_attribute(in, value); });
}

}  // namespace

Bytes table_bytes(const Table& table) {
  ByteWriter out;
  write_table(out, table);
  return std::move(out).take();
}

Bytes structure_bytes(const QGraph& graph) {
  ByteWriter out;
  for (const std::uint8_t x : kMagic) out.u8(x);
  out.u16(kVersion);
  out.text(graph.name);
  out.u32(static_cast<std::uint32_t>(graph.values.size()));
  for (const Value& value : graph.values) write_value(out, value);
  out.u32(static_cast<std::uint32_t>(graph.tables.size()));
  for (const Table& table : graph.tables) write_table(out, table);
  out.u32(static_cast<std::uint32_t>(graph.nodes.size()));
  for (const Node& node : graph.nodes) write_node(out, node);
  write_list(out, graph.inputs, &ByteWriter::u32);
  write_list(out, graph.outputs, &ByteWriter::u32);
  return std::move(out).take();
}

Result<QGraph> parse_structure(ByteView bytes) {
  ByteReader in(bytes);
  const ByteView magic = in.raw(kMagic.size());
  if (!in.ok() || !std::equal(magic.begin(), magic.end(), kMagic.begin())) {
    return corrupt("model structure: does not start with 'zkqir'; is this a zkinfer model structure?");
  }
  if (const std::uint16_t version = in.u16(); version != kVersion) {
    return corrupt("model structure: version " + std::to_string(version) +
                   ", this program reads version 1; convert the model again");
  }
  QGraph graph;
  graph.name = in.text(kMaxText);
  graph.values.resize(read_count(in, kLeastValueBytes));
  for (Value& value : graph.values) {
    ZKI_RETURN_IF_ERROR(read_value(in, value));
    if (!in.ok()) break;
  }
  graph.tables.resize(read_count(in, kLeastTableBytes));
  for (Table& table : graph.tables) read_table(in, table);
  graph.nodes.resize(read_count(in, kLeastNodeBytes));
  for (Node& node : graph.nodes) read_node(in, node);
  graph.inputs = read_list(in, &ByteReader::u32);
  graph.outputs = read_list(in, &ByteReader::u32);
  if (!in.finished()) {
    return corrupt("model structure: truncated or followed by other bytes near byte " + std::to_string(in.offset()) +
                   " of " + std::to_string(bytes.size()));
  }
  if (Status status = validate(graph); !status.ok()) return corrupt("model structure: " + status.message());
  return graph;
}

}  // namespace zkinfer::qir
