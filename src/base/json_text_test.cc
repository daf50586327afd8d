// SPDX-License-Identifier: Apache-2.0
#include "base/json_text.h"

#include <cstdlib>
#include <limits>

#include <gtest/gtest.h>

namespace zkinfer {
namespace {

TEST(JsonText, EscapesWhatJsonWantsEscaped) {
  EXPECT_EQ(json_text("a \"b\" \\ c\n\x01"), R"("a \"b\" \\ c\u000a\u0001")");
  EXPECT_EQ(json_text("größer"), "\"größer\"");
}

TEST(JsonText, NumbersAreReadBackAsTheyWere) {
  for (const double value : {0.1, 1.0 / 3, 1e300, 5e-324, 128.0, -2.5, 123456789012345678.0})
    EXPECT_EQ(std::strtod(json_number(value).c_str(), nullptr), value);
  EXPECT_EQ(json_number(0.1), "0.1");
  EXPECT_EQ(json_number(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(json_numbers(std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::min(), 0, 7}),
            "[-9223372036854775808,0,7]");
}

TEST(JsonText, ObjectsKeepTheirOrder) {
  JsonObject inner, object;
  inner.integer("z", -1);
  object.update(inner);
  object.boolean("a", true);
  object.add("list", "[]");
  EXPECT_EQ(std::move(object).take(), R"({"z":-1,"a":true,"list":[]})");
  EXPECT_EQ(JsonObject().take(), "{}");
}

}  // namespace
}  // namespace zkinfer
