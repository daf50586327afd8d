// SPDX-License-Identifier: Apache-2.0
// Object headers of both versions, and the messages that make links and attributes of them.
#include <algorithm>

#include "frontend/hdf5/reader.h"

namespace zkinfer::hdf5 {

namespace {

enum MessageType : std::uint16_t {
  kSpace = 0x01,
  kLinkInfo = 0x02,
  kDatatype = 0x03,
  kOldFill = 0x04,
  kFill = 0x05,
  kLink = 0x06,
  kLayout = 0x08,
  kFilters = 0x0b,
  kAttribute = 0x0c,
  kContinuation = 0x10,
  kSymbolTable = 0x11,
  kAttributeInfo = 0x15,
};

constexpr std::uint8_t kShared = 0x02;

// Up to the first NUL: names carry one in the file.
std::string name_of(ByteView bytes) { return {bytes.begin(), std::find(bytes.begin(), bytes.end(), 0)}; }

Status damaged(const char* what) { return corrupt(std::string("an HDF5 ") + what + " is damaged"); }

}  // namespace

Status Reader::read_header(Address address, Object& object) {
  ZKI_ASSIGN_OR_RETURN(const ByteView head, at(address, 4));
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  ZKI_RETURN_IF_ERROR(text == "OHDR" ? read_header_2(address, object) : read_header_1(address, object));
  if (object.dataset && object.dataset->storage != Storage::kNone) return ok_status();
  object.dataset.reset();  // what has no storage is no dataset
  return ok_status();
}

Status Reader::read_header_1(Address address, Object& object) {
  ZKI_ASSIGN_OR_RETURN(Cursor head, cursor_at(address, 16));
  const int version = head.u8();
  head.skip(1 + 2 + 4);
  const std::uint32_t num_bytes = head.u32();
  if (version != 1) return damaged("object header");
  std::vector<Block> blocks{{address + 16, num_bytes}};
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    ZKI_ASSIGN_OR_RETURN(Cursor block, cursor_at(blocks[i].address, blocks[i].num_bytes));
    while (block.remaining() >= 8) {
      Message message;
      message.type = block.u16();
      const std::size_t size = block.u16();
      message.flags = block.u8();
      block.skip(3);
      message.body = block.raw(size);
      if (!block.ok()) return damaged("object header");
      ZKI_RETURN_IF_ERROR(read_message(message, object, blocks));
    }
  }
  return ok_status();
}

// The checksums are not compared: they tell accidents, and what is damaged is found by what it says.
Status Reader::read_header_2(Address address, Object& object) {
  if (address > bytes_.size()) return damaged("object header");
  const std::uint64_t reach = std::min<std::uint64_t>(bytes_.size() - address, 48);
  ZKI_ASSIGN_OR_RETURN(Cursor head, cursor_at(address, reach));
  head.expect("OHDR");
  const int version = head.u8();
  const int flags = head.u8();
  if ((flags & 0x20) != 0) head.skip(16);
  if ((flags & 0x10) != 0) head.skip(4);
  const std::uint64_t num_bytes = head.number(1 << (flags & 3));
  if (!head.ok() || version != 2) return damaged("object header");
  const bool has_order = (flags & 0x04) != 0;
  const std::size_t message_head = has_order ? 6 : 4;
  std::vector<Block> blocks{{address + head.offset(), num_bytes}};
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    ZKI_ASSIGN_OR_RETURN(Cursor block, cursor_at(blocks[i].address, blocks[i].num_bytes));
    std::size_t after = 0;
    if (i > 0) {  // a continuation has a signature and a checksum of its own
      block.expect("OCHK");
      after = 4;
    }
    while (block.ok() && block.remaining() >= after + message_head) {
      Message message;
      message.type = block.u8();
      const std::size_t size = block.u16();
      message.flags = block.u8();
      if (has_order) block.skip(2);
      message.body = block.raw(size);
      if (!block.ok()) break;
      ZKI_RETURN_IF_ERROR(read_message(message, object, blocks));
    }
    if (!block.ok()) return damaged("object header");
  }
  return ok_status();
}

Status Reader::read_message(const Message& message, Object& object, std::vector<Block>& blocks) {
  Cursor body = cursor(message.body);
  const auto dataset = [&]() -> Dataset& { return object.dataset ? *object.dataset : object.dataset.emplace(); };
  const bool is_read = message.type == kSpace || message.type == kDatatype || message.type == kLayout ||
                       message.type == kFilters || message.type == kAttribute || message.type == kLink;
  if (is_read && (message.flags & kShared) != 0)
    return unsupported("an HDF5 object header with shared parts (a committed datatype); save it with h5py's defaults");
  switch (message.type) {
    case kSpace: {
      ZKI_ASSIGN_OR_RETURN(Space space, read_space(body));
      dataset().dims = std::move(space.dims);
      dataset().num_elements = space.num_elements;
      return ok_status();
    }
    case kDatatype: {
      ZKI_ASSIGN_OR_RETURN(dataset().type, read_type(body));
      return ok_status();
    }
    case kLayout: {
      ZKI_ASSIGN_OR_RETURN(const Dataset layout, read_layout(body));
      Dataset& made = dataset();
      made.storage = layout.storage;
      made.compact = layout.compact;
      made.address = layout.address;
      made.chunk = layout.chunk;
      made.other = layout.other;
      return ok_status();
    }
    case kOldFill:
    case kFill:
      if ((message.flags & kShared) == 0) return read_fill(body, message.type == kOldFill, dataset());
      dataset().fill_kind = Dataset::Fill::kUndefined;  // somewhere else in the file
      return ok_status();
    case kFilters: {
      ZKI_ASSIGN_OR_RETURN(dataset().filters, read_filters(body));
      return ok_status();
    }
    case kAttribute: return read_attribute(body, object);
    case kLink: return read_link(body, object);
    case kContinuation: {
      const Address address = body.address();
      const std::uint64_t num_bytes = body.length();
      if (!body.ok()) return damaged("object header");
      blocks.push_back({address, num_bytes});
      return ok_status();
    }
    case kSymbolTable: {
      const Address tree = body.address();
      const Address heap = body.address();
      if (!body.ok()) return damaged("group");
      return read_symbol_table(tree, heap, object);
    }
    case kLinkInfo: {
      body.skip(1);
      if ((body.u8() & 1) != 0) body.skip(8);
      const Address heap = body.address();
      if (!body.ok()) return damaged("group");
      if (heap == kNowhere) return ok_status();
      return unsupported(
          "an HDF5 group of many members in the form of h5py's libver='latest'; save it with h5py's defaults");
    }
    case kAttributeInfo: {
      body.skip(1);
      if ((body.u8() & 1) != 0) body.skip(2);
      const Address heap = body.address();
      if (!body.ok()) return damaged("list of attributes");
      if (heap == kNowhere) return ok_status();
      return unsupported("many HDF5 attributes in the form of h5py's libver='latest'; save it with h5py's defaults");
    }
    default: return ok_status();
  }
}

Status Reader::read_attribute(Cursor body, Object& object) {
  const int version = body.u8();
  const int flags = body.u8();
  const std::size_t name_bytes = body.u16();
  const std::size_t type_bytes = body.u16();
  const std::size_t space_bytes = body.u16();
  if (version == 3) body.skip(1);
  if (!body.ok() || version < 1 || version > 3) return damaged("attribute");
  const auto part = [&](std::size_t num_bytes) {
    const ByteView bytes = body.raw(num_bytes);
    if (version == 1) body.skip((8 - num_bytes % 8) % 8);
    return bytes;
  };
  const std::string name = name_of(part(name_bytes));
  Cursor type = cursor(part(type_bytes));
  Cursor space = cursor(part(space_bytes));
  if (!body.ok()) return damaged("attribute");
  if (version > 1 && (flags & 3) != 0) {
    object.refused[name] = "attribute '" + name + "' has a committed datatype";
    return ok_status();
  }
  Attribute attribute;
  ZKI_ASSIGN_OR_RETURN(attribute.type, read_type(type));
  ZKI_ASSIGN_OR_RETURN(Space shape, read_space(space));
  attribute.dims = std::move(shape.dims);
  attribute.num_elements = shape.num_elements;
  const std::uint64_t element = attribute.type.num_bytes;
  if (element != 0 && shape.num_elements > body.remaining() / element) return damaged("attribute");
  attribute.bytes = body.raw(static_cast<std::size_t>(element * shape.num_elements));
  object.attributes.insert_or_assign(name, std::move(attribute));
  return ok_status();
}

Status Reader::read_link(Cursor body, Object& object) {
  const int version = body.u8();
  const int flags = body.u8();
  const int type = (flags & 0x08) != 0 ? body.u8() : 0;
  if ((flags & 0x04) != 0) body.skip(8);
  if ((flags & 0x10) != 0) body.skip(1);
  const std::uint64_t name_bytes = body.number(1 << (flags & 3));
  if (!body.ok() || version != 1 || name_bytes > body.remaining()) return damaged("link");
  const ByteView bytes = body.raw(static_cast<std::size_t>(name_bytes));
  const std::string name(bytes.begin(), bytes.end());
  if (type != 0) {
    object.refused[name] = "'" + name + "' is a link to another place or file, which is not followed";
    return ok_status();
  }
  const Address address = body.address();
  if (!body.ok()) return damaged("link");
  if (object.members.emplace(name, address).second) object.order.push_back(name);
  return ok_status();
}

}  // namespace zkinfer::hdf5
