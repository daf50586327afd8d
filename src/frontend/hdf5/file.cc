// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "frontend/hdf5/reader.h"

namespace zkinfer::hdf5 {

std::uint64_t Cursor::number(int num_bytes) {
  switch (num_bytes) {
    case 1: return u8();
    case 2: return u16();
    case 4: return u32();
    case 8: return u64();
    default: break;
  }
  fail();
  return 0;
}

Address Cursor::address() {
  const std::uint64_t x = number(offset_bytes_);
  const std::uint64_t all = offset_bytes_ == 8 ? kNowhere : (std::uint64_t{1} << (8 * offset_bytes_)) - 1;
  return x == all ? kNowhere : x;
}

bool Cursor::expect(std::string_view signature) {
  const ByteView got = raw(signature.size());
  if (!ok() || !std::equal(signature.begin(), signature.end(), got.begin(), got.end(),
                           [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; }))
    fail();
  return ok();
}

// Each structure is read once or twice; a factor of eight leaves room for whatever a sound file does.
Reader::Reader(ByteView bytes, std::uint64_t max_plain_bytes)
    : bytes_(bytes), work_left_(8 * static_cast<std::uint64_t>(bytes.size()) + 4096), plain_left_(max_plain_bytes) {}

Status Reader::spend_work(std::uint64_t num_bytes) {
  if (num_bytes > work_left_)
    return corrupt("the file's structures lead back to each other, or many to the same place");
  work_left_ -= num_bytes;
  return ok_status();
}

Status Reader::spend_plain(std::uint64_t num_bytes) {
  if (num_bytes > plain_left_)
    return resource_limit("its elements would need more than the memory that a file of " +
                          std::to_string(bytes_.size()) + " bytes is allowed here; save it without compression");
  plain_left_ -= num_bytes;
  return ok_status();
}

Result<ByteView> Reader::at(Address address, std::uint64_t num_bytes) {
  if (address == kNowhere || address > bytes_.size() || num_bytes > bytes_.size() - address)
    return corrupt("byte " + (address == kNowhere ? std::string("\"nowhere\"") : std::to_string(address)) + " and " +
                   std::to_string(num_bytes) + " from there lie outside the file, which has " +
                   std::to_string(bytes_.size()) + "; it is cut off or damaged");
  ZKI_RETURN_IF_ERROR(spend_work(num_bytes));
  return bytes_.subspan(static_cast<std::size_t>(address), static_cast<std::size_t>(num_bytes));
}

Result<Cursor> Reader::cursor_at(Address address, std::uint64_t num_bytes) {
  ZKI_ASSIGN_OR_RETURN(const ByteView bytes, at(address, num_bytes));
  return cursor(bytes);
}

Status Reader::read_superblock() {
  const Status bad = corrupt("the HDF5 superblock is damaged");
  Cursor reader = cursor(bytes_.first(std::min<std::size_t>(bytes_.size(), 128)));
  if (!reader.expect(kSignature)) return corrupt("no HDF5 file (its first bytes differ)");
  const int version = reader.u8();
  if (version > 3) return unsupported("HDF5 superblock of version " + std::to_string(version) + "; 0 to 3 can be read");
  if (version < 2) reader.skip(4);
  offset_bytes_ = reader.u8();
  length_bytes_ = reader.u8();
  const auto is_width = [](int x) { return x == 2 || x == 4 || x == 8; };
  if (!reader.ok() || !is_width(offset_bytes_) || !is_width(length_bytes_)) return bad;
  Cursor rest = cursor(bytes_.subspan(reader.offset(), std::min<std::size_t>(bytes_.size() - reader.offset(), 112)));
  if (version < 2) {
    rest.skip(1 + 2 + 2 + 4);
    if (version == 1) rest.skip(4);
  } else {
    rest.skip(1);
  }
  const Address base = rest.address();
  rest.address();
  rest.address();
  if (version < 2) {
    rest.address();
    rest.number(offset_bytes_);  // the root's name
  }
  root_ = rest.address();
  if (!rest.ok()) return bad;
  if (base != 0) return unsupported("an HDF5 file inside another (its base address is not 0)");
  return ok_status();
}

Result<const Object*> Reader::object(Address address) {
  if (const auto known = objects_.find(address); known != objects_.end()) return &known->second;
  Object made;
  ZKI_RETURN_IF_ERROR(read_header(address, made));
  return &objects_.emplace(address, std::move(made)).first->second;
}

File::File(std::unique_ptr<Reader> reader) : reader_(std::move(reader)) {}
File::File(File&&) noexcept = default;
File& File::operator=(File&&) noexcept = default;
File::~File() = default;

Result<File> File::open(ByteView bytes, std::uint64_t max_plain_bytes) {
  auto reader = std::make_unique<Reader>(bytes, max_plain_bytes);
  ZKI_RETURN_IF_ERROR(reader->read_superblock());
  ZKI_RETURN_IF_ERROR([&] { return reader->object(reader->root()).status(); }());
  return File(std::move(reader));
}

Result<const Object*> File::find(std::string_view path) {
  ZKI_ASSIGN_OR_RETURN(const Object* object, reader_->object(reader_->root()));
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view name = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (name.empty()) continue;
    const auto member = object->members.find(name);
    if (member == object->members.end()) {
      const auto refused = object->refused.find(std::string(name));
      if (refused != object->refused.end()) return unsupported(refused->second);
      return static_cast<const Object*>(nullptr);
    }
    Result<const Object*> next = reader_->object(member->second);
    if (!next.ok()) return next.status().with_context("HDF5 member '" + std::string(name) + "'");
    object = *next;
  }
  return object;
}

Result<std::vector<std::string>> File::texts(const Attribute& attribute) { return reader_->texts(attribute); }
Result<AnyTensor> File::tensor(const Dataset& dataset) { return reader_->tensor(dataset); }

}  // namespace zkinfer::hdf5
