// SPDX-License-Identifier: Apache-2.0
// The parts of File: bytes at addresses, messages of object headers, groups, elements.
#pragma once

#include <unordered_map>

#include "frontend/hdf5/hdf5.h"

namespace zkinfer::hdf5 {

// Bounded reads of numbers as wide as the superblock says; failure is sticky (ByteReader).
class Cursor : public ByteReader {
 public:
  Cursor(ByteView bytes, int offset_bytes, int length_bytes)
      : ByteReader(bytes), offset_bytes_(offset_bytes), length_bytes_(length_bytes) {}
  std::uint64_t number(int num_bytes);
  // kNowhere whatever its width.
  Address address();
  std::uint64_t length() { return number(length_bytes_); }
  void skip(std::size_t num_bytes) { static_cast<void>(raw(num_bytes)); }
  // To the next multiple of eight bytes from where the cursor began.
  void align() { skip((8 - offset() % 8) % 8); }
  bool expect(std::string_view signature);
  int offset_bytes() const { return offset_bytes_; }
  int length_bytes() const { return length_bytes_; }

 private:
  int offset_bytes_, length_bytes_;
};

class Reader {
 public:
  Reader(ByteView bytes, std::uint64_t max_plain_bytes);

  Status read_superblock();
  Result<const Object*> object(Address address);
  Address root() const { return root_; }
  Result<std::vector<std::string>> texts(const Attribute& attribute);
  Result<AnyTensor> tensor(const Dataset& dataset);

 private:
  // From the address to the file's end, or num_bytes of it; counted.
  Result<ByteView> at(Address address, std::uint64_t num_bytes);
  Result<Cursor> cursor_at(Address address, std::uint64_t num_bytes);
  Cursor cursor(ByteView bytes) const { return {bytes, offset_bytes_, length_bytes_}; }
  Status spend_work(std::uint64_t num_bytes);
  Status spend_plain(std::uint64_t num_bytes);

  // headers.cc
  Status read_header(Address address, Object& object);
  Status read_header_1(Address address, Object& object);
  Status read_header_2(Address address, Object& object);
  struct Block {
    Address address;
    std::uint64_t num_bytes;
  };
  struct Message {
    std::uint16_t type = 0;
    std::uint8_t flags = 0;
    ByteView body;
  };
  Status read_message(const Message& message, Object& object, std::vector<Block>& blocks);
  Status read_attribute(Cursor body, Object& object);
  Status read_link(Cursor body, Object& object);
  // groups.cc
  Status read_symbol_table(Address tree, Address heap, Object& object);
  // data.cc
  Result<Bytes> elements(const Dataset& dataset);
  static Result<Bytes> never_written(const Dataset& dataset);
  Status read_chunks(const Dataset& dataset, Bytes& out);
  struct Chunk {
    std::uint32_t num_bytes = 0, filters_skipped = 0;
    std::vector<std::uint64_t> offsets;
    Address address = kNowhere;
  };
  Status place_chunk(const Dataset& dataset, const Chunk& chunk, Bytes& out);
  Result<ByteView> heap_object(Address collection, std::uint32_t index);

  ByteView bytes_;
  std::uint64_t work_left_, plain_left_;
  int offset_bytes_ = 8, length_bytes_ = 8;
  Address root_ = kNowhere;
  std::unordered_map<Address, Object> objects_;
  std::unordered_map<Address, std::unordered_map<std::uint32_t, ByteView>> heaps_;
};

Result<Type> read_type(Cursor& body, int depth = 0);
struct Space {
  std::vector<std::uint64_t> dims;
  std::uint64_t num_elements = 0;
};
Result<Space> read_space(Cursor& body);
Result<Dataset> read_layout(Cursor& body);
// The message of libraries before 1.6 (is_old), or the newer one.
Status read_fill(Cursor& body, bool is_old, Dataset& dataset);
Result<std::vector<Filter>> read_filters(Cursor& body);

}  // namespace zkinfer::hdf5
