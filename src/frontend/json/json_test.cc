// SPDX-License-Identifier: Apache-2.0
#include "frontend/json/json.h"

#include <gtest/gtest.h>

namespace zkinfer::frontend_json {
namespace {

Result<Json> parse(const std::string& text, const JsonOptions& options = {}) {
  return Json::parse({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, options);
}

TEST(Json, AnswersAnyQuestion) {
  const std::string text = R"({"a": [1, 2.0, -3], "b": {"c": "x"}, "d": -Infinity, "e": NaN, "f": "Infinity \" NaN"})";
  const Result<Json> json = parse(text);
  ASSERT_TRUE(json.ok()) << json.status().to_string();
  EXPECT_EQ(*(*json)["a"].integers(), (Dims{1, 2, -3}));
  EXPECT_EQ((*json)["b"]["c"].text(), "x");
  EXPECT_TRUE((*json)["b"]["nothing"]["more"].is_null());
  EXPECT_TRUE((*json)["d"].is_null() && (*json)["e"].is_null());
  EXPECT_EQ((*json)["f"].text(), "Infinity \" NaN");
  EXPECT_FALSE((*json)["b"].integer().has_value());
}

TEST(Json, IsBounded) {
  EXPECT_TRUE(parse("[1, 2, [3]]", {.most_values = 5}).ok());
  EXPECT_EQ(parse("[1, 2, [3]]", {.most_values = 4}).status().message(), "JSON of more than 4 values");
  EXPECT_EQ(parse(std::string(101, '[')).status().message(), "JSON nested deeper than 100");
  EXPECT_FALSE(parse("{\"a\": }").ok());
  EXPECT_FALSE(parse("").ok());
}

TEST(Json, NamesAreSaidOnce) {
  EXPECT_EQ(parse(R"({"a": 1, "b": {"c": 1, "d": 2, "c": 1}})").status().message(), "an object that has 'c' twice");
  EXPECT_TRUE(parse(R"([{"a": 1}, {"a": 1}])").ok());
}

TEST(Json, TuplesOfKerasAreListsWhereAskedFor) {
  const std::string text = R"({"class_name": "__tuple__", "items": [1, 2]})";
  EXPECT_TRUE(parse(text)->is_object());
  EXPECT_EQ(parse(text, {.keras_tuples = true})->size(), 2u);
}

}  // namespace
}  // namespace zkinfer::frontend_json
