// SPDX-License-Identifier: Apache-2.0
#include "archive/inflate.h"

#include <algorithm>

#include <zlib.h>

namespace zkinfer::archive {

Result<Bytes> inflate_bytes(ByteView compressed, DeflateFormat format, std::uint64_t max_bytes) {
  constexpr std::size_t kBlock = 1 << 16;
  z_stream stream{};
  // Window bits as zlib defines them: negative for raw deflate, 16 more for gzip.
  const int window_bits = format == DeflateFormat::kRaw    ? -MAX_WBITS
                          : format == DeflateFormat::kGzip ? MAX_WBITS + 16
                                                           : MAX_WBITS;
  if (inflateInit2(&stream, window_bits) != Z_OK) {
    return internal_error("zlib cannot start");
  }
  Bytes out;
  std::size_t offset = 0;
  int state = Z_OK;
  Status status;
  while (state != Z_STREAM_END) {
    if (stream.avail_in == 0) {
      if (offset == compressed.size()) {
        status = corrupt("compressed data end too early; the file is cut off");
        break;
      }
      const std::size_t num_bytes = std::min(compressed.size() - offset, kBlock);
      stream.next_in = const_cast<Bytef*>(compressed.data() + offset);
      stream.avail_in = static_cast<uInt>(num_bytes);
      offset += num_bytes;
    }
    const std::size_t done = out.size();
    if (done >= max_bytes) {
      status = resource_limit("more than " + std::to_string(max_bytes) + " bytes after decompression");
      break;
    }
    const std::size_t room = static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, max_bytes - done));
    out.resize(done + room);
    stream.next_out = out.data() + done;
    stream.avail_out = static_cast<uInt>(room);
    state = inflate(&stream, Z_NO_FLUSH);
    out.resize(done + room - stream.avail_out);
    if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) {
      status = corrupt("compressed data are damaged");
      break;
    }
  }
  inflateEnd(&stream);
  if (!status.ok()) return status;
  return out;
}

}  // namespace zkinfer::archive
