// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <gtest/gtest.h>

namespace zkinfer {
namespace {

TEST(Text, ShowsWhatMayBeShown) {
  for (const char* text : {"", "plain", "Ünïcödé 数字 \xF0\x9F\x99\x82", "a = b/c:d"}) {
    EXPECT_EQ(printable(text), text);
    EXPECT_TRUE(check_name("name", text).ok()) << text;
  }
}

TEST(Text, EscapesEverythingThatMovesOrHidesText) {
  EXPECT_EQ(printable("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  EXPECT_EQ(printable("\x1b[2J"), "\\x1b[2J");
  EXPECT_EQ(printable(std::string_view("\0x", 2)), "\\x00x");
  EXPECT_EQ(printable("\x7f"), "\\x7f");
  EXPECT_EQ(printable("a\\nb"), "a\\\\nb");  // not to be taken for a newline
  EXPECT_EQ(printable("\xc2\x9b"
                      "1m"),
            "\\u{009b}1m");                           // the one-character form of ESC [
  EXPECT_EQ(printable("\xe2\x80\xae"), "\\u{202e}");  // right-to-left override
  EXPECT_EQ(printable("\xe2\x80\x8b\xef\xbb\xbf"), "\\u{200b}\\u{feff}");
  EXPECT_EQ(printable("\xe2\x80\xa8"), "\\u{2028}");  // line separator
  EXPECT_EQ(printable("\xf3\xa0\x81\x81"), "\\u{e0041}");
}

TEST(Text, EscapesWhatIsNoUtf8) {
  EXPECT_EQ(printable("\xff"), "\\xff");
  EXPECT_EQ(printable("\xc3"), "\\xc3");
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");  // not the shortest form
  EXPECT_EQ(printable("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\u{d800}");                 // a surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond the last character
  EXPECT_EQ(printable("a\xe2\x82"), "a\\xe2\\x82");
}

TEST(Text, KeepsLinesOfText) {
  EXPECT_EQ(printable_lines("a\nb\\n\x1b"), "a\nb\\n\\x1b");
  // Text that is printable already stays as it is.
  EXPECT_EQ(printable_lines(printable("\x1b\n\\")), printable("\x1b\n\\"));
}

TEST(Text, RefusesNamesThatAreNotShownAsTheyAre) {
  for (const std::string name : {"a\nb", "\x1b[1m", "\xff", "a\xe2\x80\xae", "two  spaces", " before", "after ",
                                 "a\xc2\xa0"
                                 "b"}) {
    const Status status = check_name("model name", name);
    EXPECT_EQ(status.code(), StatusCode::kCorrupt) << printable(name);
    EXPECT_EQ(status.message().find_first_of("\n\x1b\xff"), std::string::npos);
  }
  EXPECT_FALSE(check_name("name", std::string(11, 'x'), 10).ok());
  EXPECT_TRUE(check_name("name", std::string(10, 'x'), 10).ok());
  EXPECT_EQ(in_quotes("a'\n"), "'a'\\n'");
  EXPECT_LT(in_quotes(std::string(100000, '\n')).size(), 1000u);
}

}  // namespace
}  // namespace zkinfer
