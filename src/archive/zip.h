// SPDX-License-Identifier: Apache-2.0
// Zip archives: stored and deflated entries, no Zip64. The memory is bounded before anything is decompressed.
// Errors: corrupt, unsupported, resource_limit, in the words of whoever reads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "zkinfer/status.h"

namespace zkinfer::archive {

struct ZipWords {
  std::string_view kind;           // of file, in messages: ".npz"
  std::string_view when_too_much;  // what to do when it would grow too much
  std::string_view when_unknown;   // or is compressed in another way
};

struct ZipEntry {
  std::string name;
  std::uint16_t method = 0;
  std::uint32_t crc = 0;
  std::uint32_t compressed_bytes = 0, plain_bytes = 0;
  std::uint32_t header_offset = 0;
};

// At most 256 entries that together grow to max_plain_bytes.
Result<std::vector<ZipEntry>> zip_directory(ByteView bytes, std::uint64_t max_plain_bytes, const ZipWords& words);
Result<Bytes> zip_content(ByteView bytes, const ZipEntry& entry, const ZipWords& words);

}  // namespace zkinfer::archive
