// SPDX-License-Identifier: Apache-2.0
#include "inputs/idx_reader.h"

#include "archive/inflate.h"

namespace zkinfer {

Result<Array> read_idx(ByteView bytes) {
  if (bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b) {
    // The last four bytes say how long the plain data are, modulo 2^32.
    const std::uint64_t limit = max_plain_bytes(bytes.size());
    ByteReader trailer(bytes.last(std::min<std::size_t>(bytes.size(), 4)));
    if (const std::uint32_t size = trailer.u32(); size > limit) {
      return resource_limit("gzip file of " + std::to_string(bytes.size()) + " bytes that would grow to " +
                            std::to_string(size) + ", at most " + std::to_string(limit) +
                            " are decompressed; decompress it first");
    }
    ZKI_ASSIGN_OR_RETURN(const Bytes plain, archive::inflate_bytes(bytes, archive::DeflateFormat::kGzip, limit));
    if (plain.size() >= 2 && plain[0] == 0x1f && plain[1] == 0x8b) return corrupt("gzip inside gzip");
    return read_idx(plain);
  }
  ByteReader reader(bytes);
  if (reader.u16() != 0 || !reader.ok()) return corrupt("no IDX file (it starts with two zero bytes)");
  const int type = reader.u8();
  const int rank = reader.u8();
  if (type != 0x08) return unsupported("IDX element type " + std::to_string(type) + "; expected 8 (unsigned byte)");
  if (rank == 0 || rank > 4) return corrupt("IDX with " + std::to_string(rank) + " axes; expected 1 to 4");
  Array array;
  array.kind = ArrayKind::kLevels;
  std::uint64_t num_elements = 1;
  for (int i = 0; i < rank; ++i) {
    const std::uint64_t size = __builtin_bswap32(reader.u32());
    if (!reader.ok()) return corrupt("IDX file that ends in its header");
    if (size == 0) return corrupt("IDX file with an empty axis");
    if (num_elements > kMaxInputElements / size) return resource_limit("IDX file of more than 2^28 elements");
    num_elements *= size;
    array.shape.push_back(static_cast<std::int64_t>(size));
  }
  if (reader.remaining() != num_elements) {
    return corrupt("expected " + std::to_string(num_elements) + " bytes of elements, got " +
                   std::to_string(reader.remaining()));
  }
  const ByteView elements = reader.raw(reader.remaining());
  array.data.assign(elements.begin(), elements.end());
  return array;
}

}  // namespace zkinfer
