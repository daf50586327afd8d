// SPDX-License-Identifier: Apache-2.0
#include "qir/packing.h"

#include <gtest/gtest.h>

#include <set>

namespace zkinfer::qir {
namespace {

QGraph params(std::vector<Value> values) {
  QGraph graph;
  graph.values = std::move(values);
  return graph;
}
Value param(Dims dims, std::int64_t lo, std::int64_t hi) {
  return {"w", ValueKind::kParam, Shape(std::move(dims)), lo, hi, {}};
}

TEST(Packing, AsManyPerNumberAsFit) {
  const Packing packing = packing_of(params({param({700}, -128, 127),
                                             param({1, 3}, -40000, 40000),
                                             param({1}, 5, 9),
                                             {"x", ValueKind::kInput, Shape({4}), 0, 1, {}},
                                             param({4, 30, 5}, 0, 15),
                                             param({2}, -2147483648LL, 2147483647)}));
  ASSERT_EQ(packing.params.size(), 5U);
  EXPECT_EQ(packing.params[0].bits, 8);
  EXPECT_EQ(packing.params[0].per_number, 7U);
  EXPECT_EQ(packing.params[0].size, 100U);
  EXPECT_EQ(packing.params[1].bits, 17);
  EXPECT_EQ(packing.params[1].size, 1U);
  EXPECT_EQ(packing.params[2].base, 0);
  EXPECT_EQ(packing.params[2].bits, 4);
  EXPECT_TRUE(packing.params[2].box.empty());
  EXPECT_EQ(packing.params[3].id, 4U);
  EXPECT_EQ(packing.params[3].box, (std::vector<std::uint64_t>{4, 2, 5}));
  EXPECT_EQ(packing.params[4].bits, 32);
  EXPECT_EQ(packing.params[4].size, 2U);
  std::uint64_t next = 0;
  for (const PackedParam& one : packing.params) {
    EXPECT_EQ(one.first, next);
    next += one.size;
    EXPECT_LE(one.bits * static_cast<int>(one.per_number), kPackedBits);
  }
  EXPECT_EQ(packing.num_numbers, next);
}

// Every element is at one place, and every place has one element or is behind an end.
TEST(Packing, EveryElementOnce) {
  for (const Dims& dims : {Dims{5}, Dims{64}, Dims{3, 7, 11}, Dims{2, 1, 64, 3}, Dims{1}, Dims{100, 100}}) {
    const Packing packing = packing_of(params({param(dims, -128, 127)}));
    const PackedParam& one = packing.params[0];
    std::set<std::uint64_t> elements;
    std::set<std::pair<std::uint64_t, std::uint32_t>> places;
    for_each_packed(one, [&](std::uint64_t element, std::uint64_t number, std::uint32_t part) {
      EXPECT_LT(number, one.size);
      EXPECT_LT(part, one.per_number);
      EXPECT_TRUE(places.emplace(number, part).second);
      if (element != ~std::uint64_t{0} && !elements.insert(element).second) ADD_FAILURE() << element;
    });
    EXPECT_EQ(places.size(), one.size * one.per_number);
    EXPECT_EQ(elements.size(), static_cast<std::size_t>(Shape(dims).num_elements()));
    EXPECT_EQ(*elements.rbegin() + 1, elements.size());
  }
}

TEST(Packing, PartsCoverARun) {
  for (const std::vector<std::uint64_t>& box :
       {std::vector<std::uint64_t>{}, {7}, {3, 5}, {2, 3, 4}, {5, 1, 2}, {2, 2, 2, 3}}) {
    std::uint64_t size = 1;
    for (const std::uint64_t n : box) size *= n;
    for (std::uint64_t begin = 0; begin < size; ++begin) {
      for (std::uint64_t end = begin + 1; end <= size; ++end) {
        std::uint64_t next = begin;
        const std::vector<BoxPart> parts = box_parts(box, begin, end);
        EXPECT_LE(parts.size(), 2 * box.size() + 1);
        for (const BoxPart& part : parts) {
          ASSERT_EQ(part.start.size(), box.size());
          std::uint64_t count = 1, first = 0, last = 0;
          for (std::size_t i = 0; i < box.size(); ++i) {
            ASSERT_LE(part.start[i] + part.size[i], box[i]);
            count *= part.size[i];
            first = first * box[i] + part.start[i];
            last = last * box[i] + part.start[i] + part.size[i] - 1;
          }
          EXPECT_EQ(first, next);  // in order, and without gaps
          EXPECT_EQ(last - first + 1, count);
          next = last + 1;
        }
        EXPECT_EQ(next, end);
      }
    }
  }
}

}  // namespace
}  // namespace zkinfer::qir
