// SPDX-License-Identifier: Apache-2.0
#include "archive/zip.h"

#include <bit>
#include <cstring>

#include <zlib.h>

#include "archive/inflate.h"

namespace zkinfer::archive {

namespace {

template <class T>
T load(const std::uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));  // hosts are little-endian, as the format
  return value;
}
static_assert(std::endian::native == std::endian::little);

}  // namespace

Result<std::vector<ZipEntry>> zip_directory(ByteView bytes, std::uint64_t max_plain_bytes, const ZipWords& words) {
  const std::string kind(words.kind);
  // The end record is 22 bytes plus a comment of at most 65535 bytes.
  constexpr std::size_t kEndBytes = 22;
  if (bytes.size() < kEndBytes) return corrupt("too short for a zip archive (" + kind + ")");
  const std::size_t lowest = bytes.size() > kEndBytes + 65535 ? bytes.size() - kEndBytes - 65535 : 0;
  std::size_t end = bytes.size() - kEndBytes + 1;
  bool found = false;
  while (!found && end > lowest) {
    --end;
    found = load<std::uint32_t>(bytes.data() + end) == 0x06054b50;
  }
  if (!found) return corrupt("no zip end record; the " + kind + " file is cut off");
  ByteReader tail(bytes.subspan(end + 10));
  const std::uint16_t num_entries = tail.u16();
  tail.u32();
  const std::uint32_t directory_offset = tail.u32();
  if (num_entries > 256) return resource_limit("more than 256 entries in one " + kind);
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
    if ((flags & 1) != 0) return unsupported("encrypted " + kind);
    if (entry.plain_bytes == UINT32_MAX || entry.compressed_bytes == UINT32_MAX) {
      return resource_limit(kind + " entry '" + entry.name + "' of 4 GiB or more");
    }
    entries.push_back(std::move(entry));
  }
  if (plain_bytes > max_plain_bytes) {
    return resource_limit(kind + " of " + std::to_string(bytes.size()) + " bytes that would grow to " +
                          std::to_string(plain_bytes) + ", at most " + std::to_string(max_plain_bytes) +
                          " are decompressed; " + std::string(words.when_too_much));
  }
  return entries;
}

Result<Bytes> zip_content(ByteView bytes, const ZipEntry& entry, const ZipWords& words) {
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
    return unsupported("zip method " + std::to_string(entry.method) + "; " + std::string(words.when_unknown));
  }
  if (plain.size() != entry.plain_bytes || ::crc32_z(0, plain.data(), plain.size()) != entry.crc) {
    return corrupt("checksum or size differs from the directory's");
  }
  return plain;
}

}  // namespace zkinfer::archive
