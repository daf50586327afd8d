// SPDX-License-Identifier: Apache-2.0
// Reads the part of HDF5 that h5py writes: superblocks 0 to 3, both object headers, groups of both kinds, attributes, datasets that are
// compact, contiguous or chunked, gzip, shuffle. Total on arbitrary bytes: every offset is checked, every byte that is looked at counts
// against a budget in proportion to the file's size, so that no cycle and no list of references to one block costs more than that.
// Errors: corrupt, unsupported (names what it is), resource_limit.
// Source: HDF5 File Format Specification, version 3.0.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "tensor/tensor.h"
#include "zkinfer/status.h"

namespace zkinfer::hdf5 {

using Address = std::uint64_t;
inline constexpr Address kNowhere = ~std::uint64_t{0};  // the format's "undefined address"

// A file begins with these bytes.
inline constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";

enum class TypeClass : std::uint8_t { kInteger, kFloat, kFixedText, kText, kOpaque, kOther };

struct Type {
  TypeClass kind = TypeClass::kOther;
  std::uint32_t num_bytes = 0;
  bool big_endian = false, is_signed = false;
  bool is_bfloat16 = false;  // else a float of 2 bytes is IEEE's
  std::string other;         // of kOther: what it is, for messages
};

// Of an attribute: its elements as they lie in the file.
struct Attribute {
  Type type;
  std::vector<std::uint64_t> dims;
  std::uint64_t num_elements = 0;
  ByteView bytes;
};

struct Filter {
  std::uint16_t id = 0;
  std::vector<std::uint32_t> values;
};

enum class Storage : std::uint8_t { kNone, kCompact, kContiguous, kChunked, kOther };

struct Dataset {
  Type type;
  std::vector<std::uint64_t> dims;
  std::uint64_t num_elements = 0;
  Storage storage = Storage::kNone;
  ByteView compact;
  Address address = kNowhere;
  std::vector<std::uint32_t> chunk;  // lengths, then the bytes of an element
  std::vector<Filter> filters;
  std::string other;  // of kOther: what it is
  // What elements are that were never written: the bytes of one, or none for zeros.
  ByteView fill;
  enum class Fill : std::uint8_t { kNotSaid, kOld, kSaid, kUndefined } fill_kind = Fill::kNotSaid;
};

// A group, or a dataset, or both by a broken file.
struct Object {
  std::map<std::string, Address, std::less<>> members;
  std::vector<std::string> order;  // of the members' names in the file
  std::map<std::string, std::string>
      refused;  // members that are no objects of this file, and attributes that cannot be read: why
  std::map<std::string, Attribute, std::less<>> attributes;
  std::optional<Dataset> dataset;
};

class Reader;

class File {
 public:
  // The bytes are borrowed. No more than this many bytes of elements and texts are made of them, all calls together.
  static Result<File> open(ByteView bytes, std::uint64_t max_plain_bytes);
  File(File&&) noexcept;
  File& operator=(File&&) noexcept;
  ~File();

  // At a path of names joined by '/'; "" is the root. Null where there is nothing.
  Result<const Object*> find(std::string_view path);
  // One text per element.
  Result<std::vector<std::string>> texts(const Attribute& attribute);
  // Floats of all widths as float32; integers and enumerations as int64.
  Result<AnyTensor> tensor(const Dataset& dataset);

 private:
  explicit File(std::unique_ptr<Reader> reader);
  std::unique_ptr<Reader> reader_;
};

}  // namespace zkinfer::hdf5
