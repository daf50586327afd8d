// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"
#include "zkinfer/hex.h"

#include <gtest/gtest.h>

namespace zkinfer {
namespace {

TEST(Bytes, RoundTripsEveryWidth) {
  ByteWriter writer;
  writer.u8(7);
  writer.u16(0x1234);
  writer.u32(0xdeadbeef);
  writer.u64(0x0123456789abcdefULL);
  writer.i64(-5);
  writer.text("hello");
  ByteReader reader(writer.bytes());
  EXPECT_EQ(reader.u8(), 7);
  EXPECT_EQ(reader.u16(), 0x1234);
  EXPECT_EQ(reader.u32(), 0xdeadbeef);
  EXPECT_EQ(reader.u64(), 0x0123456789abcdefULL);
  EXPECT_EQ(reader.i64(), -5);
  EXPECT_EQ(reader.text(100), "hello");
  EXPECT_TRUE(reader.finished());
}

TEST(Bytes, EveryTruncationFailsAndStaysFailed) {
  ByteWriter writer;
  writer.u32(1);
  writer.text("abc");
  for (std::size_t keep = 0; keep < writer.bytes().size(); ++keep) {
    ByteReader reader(ByteView(writer.bytes()).first(keep));
    (void)reader.u32();
    (void)reader.text(100);
    EXPECT_FALSE(reader.ok()) << keep;
    EXPECT_EQ(reader.u64(), 0u);
  }
}

TEST(Bytes, BlobLongerThanItsLimitFails) {
  ByteWriter writer;
  writer.text("abcdef");
  ByteReader reader(writer.bytes());
  EXPECT_EQ(reader.text(5), "");
  EXPECT_FALSE(reader.ok());
}

TEST(Bytes, HexRoundTrip) {
  const Bytes bytes = {0, 0xab, 0xff};
  EXPECT_EQ(to_hex(bytes), "00abff");
  EXPECT_EQ(from_hex("00aBff").value(), bytes);
  EXPECT_FALSE(from_hex("0").ok());
  EXPECT_FALSE(from_hex("0g").ok());
}

}  // namespace
}  // namespace zkinfer
