// SPDX-License-Identifier: Apache-2.0
#include "formats/frame.h"

#include <string>

namespace zkinfer {

namespace {

// "a proof (.zkproof)", "an audit key (.zkaudit)"
std::string described(const FileFormat& format) {
  std::string text = std::string(format.article()) + " " + std::string(format.name);
  if (!format.extension.empty()) text += " (" + std::string(format.extension) + ")";
  return text;
}

}  // namespace

void write_frame(ByteWriter& out, FileKind kind) {
  const FileFormat& format = format_of(kind);
  out.u32(format.magic());
  out.u32(format.version);
}

Status check_frame(FileKind kind, ByteView bytes) {
  const FileFormat& format = format_of(kind);
  const std::string expected = "expected " + described(format);
  const FileFormat* found = find_format(bytes);
  if (found != nullptr && found->kind != kind)
    return invalid_argument(described(*found) + ", not " + described(format));
  if (bytes.size() < kFrameBytes)
    return corrupt(expected + ", got " + std::to_string(bytes.size()) + " bytes, fewer than its head has");
  if (found == nullptr) return corrupt(expected + ", got another kind of file");
  ByteReader reader(bytes);
  reader.u32();
  if (const std::uint32_t version = reader.u32(); version != format.version) {
    return corrupt(std::string(format.name) + " of version " + std::to_string(version) +
                   ", this program reads version " + std::to_string(format.version) +
                   "; use the matching release, or make the file again");
  }
  if (bytes.size() > format.max_bytes) {
    return resource_limit(std::string(format.name) + " of " + std::to_string(bytes.size()) + " bytes, at most " +
                          std::to_string(format.max_bytes) + " are read");
  }
  return ok_status();
}

Result<ByteReader> open_frame(FileKind kind, ByteView bytes) {
  ZKI_RETURN_IF_ERROR(check_frame(kind, bytes));
  ByteReader reader(bytes);
  reader.raw(kFrameBytes);
  return reader;
}

}  // namespace zkinfer
