// SPDX-License-Identifier: Apache-2.0
#include "formats/frame.h"

#include <gtest/gtest.h>

namespace zkinfer {
namespace {

Bytes frame_of(FileKind kind) {
  ByteWriter writer;
  write_frame(writer, kind);
  return std::move(writer).take();
}

TEST(Frame, EachKindIsRecognisedAndOpenedByItself) {
  for (const FileFormat& format : kFileFormats) {
    const Bytes bytes = frame_of(format.kind);
    EXPECT_EQ(bytes.size(), kFrameBytes);
    EXPECT_EQ(find_format(bytes), &format_of(format.kind));
    for (const FileFormat& other : kFileFormats) {
      const Result<ByteReader> reader = open_frame(other.kind, bytes);
      EXPECT_EQ(reader.ok(), other.kind == format.kind);
      if (reader.ok()) continue;
      // Says what was wanted and what is there.
      EXPECT_NE(reader.status().message().find(other.name), std::string::npos) << reader.status().to_string();
      EXPECT_NE(reader.status().message().find(format.name), std::string::npos) << reader.status().to_string();
    }
  }
}

TEST(Frame, RefusesOtherVersionsAndCutHeads) {
  Bytes bytes = frame_of(FileKind::kKey);
  for (std::size_t size = 0; size < kFrameBytes; ++size) {
    EXPECT_EQ(open_frame(FileKind::kKey, ByteView(bytes).first(size)).status().code(), StatusCode::kCorrupt);
  }
  bytes[4] ^= 64;
  EXPECT_NE(open_frame(FileKind::kKey, bytes).status().message().find("version 6"), std::string::npos);
  EXPECT_EQ(find_format(Bytes{'P', 'K', 3, 4}), nullptr);
  EXPECT_EQ(find_format(Bytes{'Z', 'K', 'I'}), nullptr);
}

TEST(Frame, RefusesMoreBytesThanTheKindMayHave) {
  Bytes bytes = frame_of(FileKind::kAuditKey);
  bytes.resize(format_of(FileKind::kAuditKey).max_bytes);
  EXPECT_TRUE(open_frame(FileKind::kAuditKey, bytes).ok());
  bytes.push_back(0);
  EXPECT_EQ(open_frame(FileKind::kAuditKey, bytes).status().code(), StatusCode::kResourceLimit);
}

}  // namespace
}  // namespace zkinfer
