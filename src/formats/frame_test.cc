// SPDX-License-Identifier: Apache-2.0
#include "formats/frame.h"

#include <bit>

#include <gtest/gtest.h>

#include "base/files.h"

namespace zkinfer {
namespace {

consteval bool all_distinct() {
  for (std::size_t i = 0; i < kFileFormats.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (kFileFormats[i].kind == kFileFormats[j].kind || kFileFormats[i].name == kFileFormats[j].name) return false;
      if (!kFileFormats[i].extension.empty() && kFileFormats[i].extension == kFileFormats[j].extension) return false;
    }
  }
  return true;
}
static_assert(all_distinct(), "two kinds of files share a magic, a name or an extension");

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
      EXPECT_EQ(reader.status().code(), StatusCode::kInvalidArgument) << "the file is whole, it is the wrong one";
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

// The page of the table. A reader finds there what the code says, whoever changed it last.
TEST(Frame, TheDocumentsShowTheTable) {
  std::string page =
      "# File formats\n"
      "\n"
      "The table of `include/zkinfer/formats.h`; the test `formats` compares the two and prints what this page should "
      "say.\n"
      "\n"
      "Every file begins with eight bytes, its magic and its version (little-endian); `zkinfer inspect FILE` tells by "
      "them what it is. Longer files than\n"
      "those named are refused before they are read. *Secret* files are readable by their owner only; *once* means "
      "that the file counts slots and\n"
      "that nothing can make it again, so no command ever replaces one.\n"
      "\n"
      "| file | begins with | version | extension | for | at most | page |\n"
      "| --- | --- | --- | --- | --- | --- | --- |\n";
  for (const FileFormat& format : kFileFormats) {
    ByteWriter writer;
    writer.u32(format.magic());
    const int log = std::countr_zero(format.max_bytes);
    const std::uint64_t factor = format.max_bytes >> log;
    const std::string extension =
        format.extension.empty() ? "inside another" : "`" + std::string(format.extension) + "`";
    const char* who = format.secrecy == Secrecy::kPublic   ? "everybody"
                      : format.secrecy == Secrecy::kSecret ? "its owner"
                                                           : "its owner, once";
    const std::string document(format.page);
    page += "| " + std::string(format.name) + " | `" + std::string(writer.bytes().begin(), writer.bytes().end()) +
            "` | " + std::to_string(format.version) + " | " + extension + " | " + who + " | " +
            (factor == 1 ? "" : std::to_string(factor) + " * ") + "2^" + std::to_string(log) + " bytes | [" + document +
            "](" + document + ") |\n";
  }
  const Bytes there = read_file(std::string(ZKINFER_SOURCE_DIR) + "/docs/formats/README.md", 1 << 20).value();
  EXPECT_TRUE(std::string(there.begin(), there.end()) == page) << "docs/formats/README.md should say:\n" << page;
}

}  // namespace
}  // namespace zkinfer
