// SPDX-License-Identifier: Apache-2.0
// One cheat per committed column of every form of rounding that cuts its argument (relations/requantize.cc), and of the maximum
// of values that are far apart. What else the columns must say follows the lie as far as it can.
#include "qir/ops/rules.h"
#include "soundness/cheat.h"
#include "support/wide_graphs.h"

namespace zkinfer::e2e {
namespace {

constexpr RejectReason kLookup = RejectReason::kSumcheck;
constexpr RejectReason kLinear = RejectReason::kFinalCheck;

// The first element whose cell of `column` passes.
template <class Test>
std::size_t element(Lie& lie, std::size_t count, const std::string& column, const Test& test) {
  return lie.find(count, [&](std::size_t i) { return test(lie.value(column, i)); });
}

void set(Lie& lie, const std::string& column, std::size_t i, std::int64_t value) {
  lie.cell(column, i) = Fp::from_int(value);
}

void other_output(Lie& lie, std::size_t i, std::int64_t value) {
  set(lie, "n0", i, value);
  claim(lie, 0, i, value);
}

bool is_negative(std::int64_t x) { return x < 0; }
bool is_positive(std::int64_t x) { return x > 0; }
bool is_zero(std::int64_t x) { return x == 0; }

// ---- step: y = 4 or 5, n0 step = floor((x - 5) / 2^w)

void step_value(Lie& lie) {
  const std::size_t i = element(lie, 6, "n0 step", is_negative);
  other_output(lie, i, 5);
}
// t one higher, so that y is 5; the remainder is negative then.
void step_top(Lie& lie) {
  const std::size_t i = element(lie, 6, "n0 step", is_negative);
  set(lie, "n0 step", i, 0);
  other_output(lie, i, 5);
}

// ---- coarse ends: [-2, 13], 2^4 units a step

constexpr std::size_t kMany = 160;

// X is a unit lower than the columns say: y = h + 1 with the remainder, or its top, negative.
void coarse_neighbour(Lie& lie) {
  const std::size_t i =
      lie.find(kMany, [&](std::size_t c) { return lie.value("n0 outside", c) == 0 && lie.value("n0", c) < 13; });
  lie.add("n0 coarse quotient", i, 1);
  lie.add("n0 remainder top", i, -1);
  other_output(lie, i, lie.value("n0", i) + 1);
}
// Inside, but said to be above: x = 14, k = 1, v = X - 2^4 * 13 < 2^4.
void coarse_saturated(Lie& lie) {
  const std::size_t i =
      lie.find(kMany, [&](std::size_t c) { return lie.value("n0 outside", c) == 0 && lie.value("n0", c) < 13; });
  lie.add("n0 remainder top", i, lie.value("n0", i) - 13);
  set(lie, "n0 coarse quotient", i, 14);
  set(lie, "n0 outside", i, 1);
  other_output(lie, i, 13);
}
// Above, but said to be inside: v = X - 2^4 y is beyond 2^4.
void coarse_not_saturated(Lie& lie) {
  const std::size_t i = lie.find(kMany, [&](std::size_t c) { return lie.value("n0 coarse quotient", c) == 14; });
  set(lie, "n0 coarse quotient", i, 13);
  set(lie, "n0 outside", i, 0);
}
void coarse_flag(Lie& lie) {
  const std::size_t i = element(lie, kMany, "n0 outside", is_zero);
  lie.add("n0 outside", i, 1);
}
// Above, but y is the lower end.
void coarse_other_end(Lie& lie) {
  const std::size_t i = lie.find(kMany, [&](std::size_t c) { return lie.value("n0 coarse quotient", c) > 13; });
  other_output(lie, i, -2);
}
void coarse_remainder(Lie& lie) {
  const std::size_t i = element(lie, kMany, "n0 outside", is_zero);
  lie.add("n0 remainder top", i, -1);
  lie.add("n0 remainder", i, 16);
}

// ---- excess: [-3, 21]

void excess_neighbour(Lie& lie) {
  const std::size_t i = element(lie, 8, "n0 excess", is_positive);
  lie.add("n0 excess", i, 1);
  other_output(lie, i, 20);
}
void excess_other_end(Lie& lie) {
  const std::size_t i = element(lie, 8, "n0 excess", is_positive);
  lie.add("n0 excess", i, 24);
  other_output(lie, i, -3);
}
// The other end, and the side that it would be right for.
void excess_side(Lie& lie) {
  const std::size_t i = element(lie, 8, "n0 excess", is_positive);
  excess_other_end(lie);
  set(lie, "n0 side", i, 0);
}
// The top says so, too.
void excess_top(Lie& lie) {
  const std::size_t i = element(lie, 8, "n0 excess", is_positive);
  excess_side(lie);
  set(lie, "n0 excess top", i, -1);
}
// No excess: y is h itself, out of its range by much.
void excess_denied(Lie& lie) {
  const std::size_t i = element(lie, 8, "n0 excess", is_positive);
  const std::int64_t e = lie.value("n0 excess", i);
  set(lie, "n0 excess", i, 0);
  set(lie, "n0 excess top", i, 0);
  other_output(lie, i, 21 + e);
}
void excess_remainder(Lie& lie) {
  const std::size_t i = element(lie, 8, "n0 excess", is_positive);
  lie.add("n0 excess", i, -1);
  lie.add("n0 remainder", i, 8);
}
// e + 1/8 and remainder - 1 give the same accumulator in the field.
void excess_fraction(Lie& lie) {
  const std::size_t i =
      lie.find(8, [&](std::size_t c) { return lie.value("n0 excess", c) > 0 && lie.value("n0 remainder", c) > 0; });
  lie.cell("n0 excess", i) += inverse(Fp(8));
  lie.add("n0 remainder", i, -1);
}

// ---- one end only: y = max(0, x), the excess is the expression x - y <= 0

void positive_part_of_negative(Lie& lie) {
  const std::size_t i = element(lie, 12, "v0", is_negative);
  other_output(lie, i, 1);
}
void positive_part_is_input(Lie& lie) {
  const std::size_t i = element(lie, 12, "v0", is_negative);
  other_output(lie, i, lie.value("v0", i));
}
// y = 0 although x > 0: the product is 0, the excess is positive.
void positive_part_too_small(Lie& lie) {
  const std::size_t i = element(lie, 12, "v0", is_positive);
  other_output(lie, i, 0);
  lie.set_each("n0 value limb", i, 0);
}
void upper_end_exceeded(Lie& lie) {
  const std::size_t i = element(lie, 12, "n0 excess", is_positive);
  lie.add("n0 excess", i, -1);
  other_output(lie, i, 61);
}
void upper_end_below(Lie& lie) {
  const std::size_t i = element(lie, 12, "n0 excess", is_positive);
  lie.add("n0 excess", i, 1);
  other_output(lie, i, 59);
}
// y = 60 although h is less.
void upper_end_denied(Lie& lie) {
  const std::size_t i = lie.find(12, [&](std::size_t c) { return lie.value("n0", c) < 60; });
  set(lie, "n0 excess", i, lie.value("n0", i) - 60);
  other_output(lie, i, 60);
  lie.set_each("n0 value limb", i, 0);
}

// ---- a range in limbs

void range_limb(Lie& lie) { lie.add("n0 value limb", 2, lie.value("n0 value limb", 2) > 0 ? -1 : 1); }
void range_remainder(Lie& lie) {
  lie.add("n0 quotient", 2, 1);
  lie.add("n0 remainder", 2, -8);
  claim(lie, 0, 2, lie.value("n0 quotient", 2));
}
void range_fraction(Lie& lie) {
  const std::size_t i = element(lie, 6, "n0 remainder", is_positive);
  lie.cell("n0 quotient", i) += inverse(Fp(8));
  lie.add("n0 remainder", i, -1);
}

// ---- pieces of 2^17, slopes in 2^-20

void pieces_slope(Lie& lie) {
  lie.add("n0 slope", 1, 1);
  lie.add("n0 slope remainder", 1, lie.value("n0 low part", 1));
}
void pieces_base(Lie& lie) {
  lie.add("n0 base", 1, 1);
  other_output(lie, 1, lie.value("n0", 1) + 1);
}
void pieces_low_part(Lie& lie) {
  const std::size_t i = element(lie, 6, "n0 piece", [](std::int64_t t) { return t == 1; });
  set(lie, "n0 piece", i, 0);
  set(lie, "n0 base", i, -60);
  lie.add("n0 low part", i, 1 << 17);
}
void pieces_remainder(Lie& lie) {
  lie.add("n0 slope remainder", 3, 1 << 20);
  other_output(lie, 3, lie.value("n0", 3) - 1);
}
void pieces_fraction(Lie& lie) {
  const std::size_t i = element(lie, 6, "n0 slope remainder", [](std::int64_t g) { return g % 2 == 1; });
  lie.cell("n0", i) += inverse(Fp(1 << 20));
  lie.add("n0 slope remainder", i, -1);
}

// ---- the maximum of two numbers

void maximum_too_large(Lie& lie) { lie.add("n0 maximum", 0, 1); }
// The other one: the positive part is 0 although the difference is positive, or the difference although it is negative.
void maximum_is_second(Lie& lie) {
  const std::size_t i = element(lie, 16, "n0 maximum", is_positive);
  claim(lie, 0, i, lie.value("v0", 2 * i + 1));
  set(lie, "n0 maximum", i, 0);
  lie.set_each("n0 maximum value limb", i, 0);
}
void maximum_is_first(Lie& lie) {
  const std::size_t i = element(lie, 16, "n0 maximum", is_zero);
  claim(lie, 0, i, lie.value("v0", 2 * i));
  set(lie, "n0 maximum", i, lie.value("v0", 2 * i) - lie.value("v0", 2 * i + 1));
}

std::vector<Cheat> cheats() {
  const auto add = [](const char* column, std::size_t i, std::int64_t difference) {
    return [=](Lie& lie) { lie.add(column, i, difference); };
  };
  const auto accumulator = [](const char* column, std::int64_t size) {
    return [=](Lie& lie) { lie.add(column, 1, lie.value(column, 1) + 1 < size ? 1 : -1); };
  };
  return {
      {"step: value", step_graph(), step_value, "n0 value (lookup value)", kLookup},
      {"step: top", step_graph(), step_top, "n0 step remainder (lookup domain)", kLookup},
      {"rounded step: value", rounded_step_graph(), add("n0", 1, 1), "n0 value (lookup", kLookup},
      {"rounded step: accumulator", rounded_step_graph(), add("n0 step remainder", 1, 1), "n0 (contraction)", kLinear},
      {"coarse: neighbour", coarse_ends_graph(), coarse_neighbour, "n0 remainder class (lookup", kLookup},
      {"coarse: saturated", coarse_ends_graph(), coarse_saturated, "n0 remainder class (lookup", kLookup},
      {"coarse: not saturated", coarse_ends_graph(), coarse_not_saturated, "n0 remainder class (lookup value)",
       kLookup},
      {"coarse: flag", coarse_ends_graph(), coarse_flag, "n0 (contraction)", kLookup},
      {"coarse: other end", coarse_ends_graph(), coarse_other_end, "n0 (contraction)", kLookup},
      {"coarse: remainder", coarse_ends_graph(), coarse_remainder, "n0 remainder (lookup domain)", kLookup},
      {"coarse: accumulator", coarse_ends_graph(), accumulator("n0 remainder", 16), "n0 (contraction)", kLinear},
      {"excess: neighbour", excess_graph(), excess_neighbour, "n0 excess (contraction)", kLinear},
      {"excess: other end", excess_graph(), excess_other_end, "n0 excess (contraction)", kLinear},
      {"excess: side", excess_graph(), excess_side, "n0 side (lookup value)", kLookup},
      {"excess: top", excess_graph(), excess_top, "n0 excess (lookup domain)", kLookup},
      {"excess: denied", excess_graph(), excess_denied, "n0 value range (lookup domain)", kLookup},
      {"excess: remainder", excess_graph(), excess_remainder, "n0 remainder (lookup domain)", kLookup},
      {"excess: fraction", excess_graph(), excess_fraction, "n0 excess (lookup domain)", kLookup},
      {"excess: accumulator", excess_graph(), accumulator("n0 remainder", 8), "n0 (contraction)", kLinear},
      {"positive part: of a negative", positive_part_graph(), positive_part_of_negative, "n0 excess (contraction)",
       kLinear},
      {"positive part: the input", positive_part_graph(), positive_part_is_input, "n0 value (lookup domain)", kLookup},
      {"positive part: too small", positive_part_graph(), positive_part_too_small, "n0 excess (lookup domain)",
       kLookup},
      {"upper end: exceeded", upper_end_graph(), upper_end_exceeded, "n0 excess (contraction)", kLookup},
      {"upper end: below", upper_end_graph(), upper_end_below, "n0 excess (contraction)", kLinear},
      {"upper end: denied", upper_end_graph(), upper_end_denied, "n0 excess (lookup domain)", kLookup},
      {"range: limb", wide_range_graph(), range_limb, "n0 value (lookup domain)", kLookup},
      {"range: remainder", wide_range_graph(), range_remainder, "n0 remainder (lookup domain)", kLookup},
      {"range: fraction", wide_range_graph(), range_fraction, "n0 value (lookup domain)", kLookup},
      {"pieces: slope", pieces_graph(), pieces_slope, "n0 piece (lookup value)", kLookup},
      {"pieces: base", pieces_graph(), pieces_base, "n0 piece (lookup value)", kLookup},
      {"pieces: low part", pieces_graph(), pieces_low_part, "n0 low part (lookup domain)", kLookup},
      {"pieces: remainder", pieces_graph(), pieces_remainder, "n0 slope remainder (lookup domain)", kLookup},
      {"pieces: fraction", pieces_graph(), pieces_fraction, "n0 value (lookup domain)", kLookup},
      {"maximum: too large", wide_maximum_graph(), maximum_too_large, "n0 maximum (contraction)", kLinear},
      {"maximum: second", wide_maximum_graph(), maximum_is_second, "n0 maximum rest (lookup domain)", kLookup},
      {"maximum: first", wide_maximum_graph(), maximum_is_first, "n0 maximum value (lookup domain)", kLookup},
  };
}

TEST(Rounding, EachCheatIsRejected) { expect_rejected(cheats()); }

// The forms are chosen by cost: what each of these graphs is here for.
TEST(Rounding, GraphsHaveTheirForms) {
  const std::pair<qir::QGraph, std::vector<const char*>> expected[] = {
      {step_graph(), {"n0 step"}},
      {rounded_step_graph(), {"n0 step", "n0 step remainder"}},
      {coarse_ends_graph(), {"n0 coarse quotient", "n0 outside", "n0 remainder top", "n0 remainder"}},
      {excess_graph(), {"n0 excess", "n0 excess top", "n0 side", "n0 remainder"}},
      {positive_part_graph(), {"n0"}},
      {upper_end_graph(), {"n0 excess"}},
      {wide_range_graph(), {"n0 quotient", "n0 value limb"}},
      {pieces_graph(), {"n0 piece", "n0 low part", "n0 slope", "n0 base", "n0 slope remainder"}},
      {wide_maximum_graph(), {"n0 maximum", "n0 maximum value limb"}}};
  for (const auto& [graph, names] : expected) {
    const auto circuit = relations::build(graph, {});
    ASSERT_TRUE(circuit.ok()) << circuit.status().to_string();
    std::string all;
    for (const circuit::Column& column : circuit->columns) all += column.name + "\n";
    for (const char* name : names)
      EXPECT_NE(all.find(std::string(name) + "\n"), std::string::npos) << name << " in\n" << all;
  }
}

}  // namespace
}  // namespace zkinfer::e2e
