// SPDX-License-Identifier: Apache-2.0
// One cheat per kind of relation, as a whole proof: the relation that breaks, the reason with zero knowledge on (always the
// opening: nothing else sees a hidden value) and off.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "soundness/cheat.h"
#include "support/small_graphs.h"

namespace zkinfer::e2e {
namespace {

// Another remainder that is in range: the accumulator is not the one that the operands give.
void wrong_accumulator(Lie& lie, const std::string& node, std::int64_t size) {
  const std::int64_t lo = lie.value(node + " remainder", 1);
  lie.add(node + " remainder", 1, lo + 1 < size ? 1 : -1);
}

void wrong_quotient(Lie& lie) {
  const std::size_t i = lie.find(12, [&](std::size_t c) { return std::abs(lie.value("n0", c)) < 20; });
  lie.add("n0 quotient", i, -1);
  lie.add("n0 remainder", i, 16);
  lie.add("n0", i, -1);
  claim(lie, 0, i, lie.value("n0", i));
}

// hi + 1/16 and lo - 1 give the same accumulator in the field.
void quotient_off_the_domain(Lie& lie) {
  const std::size_t i = lie.find(12, [&](std::size_t c) { return lie.value("n0 remainder", c) > 0; });
  lie.cell("n0 quotient", i) += inverse(Fp(16));
  lie.add("n0 remainder", i, -1);
}

void wrong_table_value(Lie& lie) {
  const std::size_t i = lie.find(12, [&](std::size_t c) { return lie.value("n0", c) < 20; });
  lie.add("n0", i, 1);
  claim(lie, 0, i, lie.value("n0", i));
}

void input_out_of_range(Lie& lie, std::int64_t x) {
  lie.cell("v0", 0) = Fp::from_int(x);
  claim(lie, 0, 0, x + lie.value("v0", 1) + lie.value("v0", 2));
}

void too_large_a_maximum(Lie& lie) {
  const std::size_t row = lie.find(2, [&](std::size_t r) {
    for (std::size_t i = 0; i < 5; ++i) {
      if (lie.value("v0", 5 * r + i) == 7) return false;
    }
    return true;
  });
  std::int64_t most = -8;
  for (std::size_t i = 0; i < 5; ++i) most = std::max(most, lie.value("v0", 5 * row + i));
  lie.add("n0 maximum", row, 1);
  claim(lie, 0, row, most + 1);
}

// The step and the maximum of row 0 speak of index `wanted`.
void set_arg_max(Lie& lie, std::size_t wanted, bool with_maximum) {
  for (std::size_t i = 0; i < 5; ++i) lie.cell("n0 step", i) = Fp(i >= wanted ? 1 : 0);
  if (with_maximum) lie.cell("n0 maximum", 0) = lie.cell("v0", wanted);
  claim(lie, 0, 0, static_cast<std::int64_t>(wanted));
}

std::size_t smaller_index(Lie& lie) {
  return lie.find(5, [&](std::size_t i) { return lie.value("v0", i) < lie.value("n0 maximum", 0); });
}

void two_maxima(Lie& lie) {
  // 0 1 0 .. 1: the differences are 1, -1 and 1.
  for (std::size_t i = 0; i < 5; ++i) lie.cell("n0 step", i) = Fp(i == 1 || i == 4 ? 1 : 0);
  for (std::size_t i = 0; i < 5; ++i) lie.cell("v0", i) = lie.cell("n0 maximum", 0);
  claim(lie, 0, 0, 3);
}

// A step that is no bit: all entries equal the maximum, so only the differences tell. 0 2 1 1 1, whose sum claims index 0.
void step_of_two(Lie& lie) {
  for (std::size_t i = 0; i < 5; ++i) lie.cell("n0 step", i) = Fp(i == 0 ? 0 : i == 1 ? 2 : 1);
  for (std::size_t i = 0; i < 5; ++i) lie.cell("v0", i) = lie.cell("n0 maximum", 0);
  claim(lie, 0, 0, 0);
}

// A tie: the second maximum is no answer.
void later_of_a_tie(Lie& lie) {
  lie.cell("v0", 0) = lie.cell("n0 maximum", 0);
  lie.cell("v0", 4) = lie.cell("n0 maximum", 0);
  set_arg_max(lie, 4, false);
}

// Another quotient with its own product, which the divisor 2 s or 2 b makes: only the remainder is out of range.
void wrong_quotient_of(Lie& lie, std::size_t i, std::int64_t divisor, std::int64_t difference) {
  lie.add("n0", i, difference);
  lie.add("n0 product", i, difference * divisor);
  claim(lie, 0, i, lie.value("n0", i));
}

void wrong_softmax_value(Lie& lie) {
  const std::size_t i = lie.find(6, [&](std::size_t c) { return lie.value("n0", c) < 64; });
  std::int64_t s = 0;
  for (std::size_t j = 0; j < 3; ++j) s += lie.value("n0 exponential", i / 3 * 3 + j);
  wrong_quotient_of(lie, i, 2 * s, 1);
}

// All terms one below it, each with its own row of the table.
void larger_maximum(Lie& lie) {
  lie.add("n0 maximum", 0, 1);
  for (std::size_t j = 0; j < 3; ++j) {
    const std::int64_t t = lie.value("v0", j) - lie.value("n0 maximum", 0);
    lie.cell("n0 mark", j) = Fp::from_int(t == 0 ? 1 : 0);
    lie.cell("n0", j) = Fp::from_int(1 + (t + 15) * (t + 15) / 4);
    claim(lie, 0, j, lie.value("n0", j));
  }
}

// A term within the table, raised by a step: its exponential is another row's.
void lifted(Lie& lie) {
  const std::size_t i = lie.find(6, [&](std::size_t c) {
    const std::int64_t t = lie.value("v0", c) - lie.value("n0 maximum", c / 3);
    return t < -2 && t > -13;
  });
  const std::int64_t t = lie.value("v0", i) - lie.value("n0 maximum", i / 3) + 2;
  lie.add("n0 below", i, 1);
  lie.cell("n0", i) = Fp::from_int(1 + (t + 15) * (t + 15) / 4);
  claim(lie, 0, i, lie.value("n0", i));
}

void wrong_division(Lie& lie, std::int64_t difference) {
  const std::size_t i = lie.find(6, [&](std::size_t c) { return std::abs(lie.value("n0", c)) < 30; });
  wrong_quotient_of(lie, i, 2 * lie.value("v1", i / 3), difference);
}

void wrong_root(Lie& lie, std::int64_t root) {
  lie.cell("n0", 1) = Fp::from_int(root);
  lie.cell("n0 square", 1) = Fp::from_int(root * root);
  claim(lie, 0, 1, root);
}

void wrong_copy(Lie& lie) {
  // Output columns 2.. of row 0 are the copy's first entries.
  lie.add("n3 input copy", 1, lie.value("n3 input copy", 1) < 7 ? 1 : -1);
  claim(lie, 0, 3, lie.value("n3 input copy", 1));
}

// Another entry of the data, with the multiplicities that go with it.
void another_row(Lie& lie) {
  const std::size_t i = lie.find(5, [&](std::size_t c) { return lie.value("v0", c) != lie.value("n1", 0); });
  lie.cell("n1", 0) = lie.cell("v0", i);
  claim(lie, 0, 0, lie.value("v0", i));
}

// Index 5 of line 0 would be index 0 of line 1 if the two were one number.
void index_into_the_next_line(Lie& lie) {
  lie.cell("v2", 0) = Fp(5) - lie.cell("v1", 0);
  lie.cell("n1", 0) = lie.cell("v0", 5);
  claim(lie, 0, 0, lie.value("v0", 5));
}

// Entries 0 and 1 of y's first slice, both of rows that are there, change places.
void mixed_slices(Lie& lie) {
  const std::size_t i = lie.find(11, [&](std::size_t c) { return lie.value("n1", c) != lie.value("n1", c + 1); });
  std::swap(lie.cell("n1", i), lie.cell("n1", i + 1));
  const std::int64_t first = lie.value("n1", i), second = lie.value("n1", i + 1);
  lie.outputs = [=](statement::PublicValues& outputs) { outputs[0][i] = first, outputs[0][i + 1] = second; };
}

// Places i and j of the permutation (in one line) are exchanged, and with them the values; the outputs follow.
void exchange(Lie& lie, std::size_t i, std::size_t j) {
  std::swap(lie.cell("n0", i), lie.cell("n0", j));
  std::swap(lie.cell("n0 sorted", i), lie.cell("n0 sorted", j));
  lie.outputs = [=, p = lie.value("n0", i), q = lie.value("n0", j)](statement::PublicValues& outputs) {
    outputs[0][i] = p, outputs[0][j] = q;
  };
}

// Places behind the first two of a line, which the gather reads.
void exchange_where(Lie& lie, bool equal) {
  const std::size_t i = lie.find(10, [&](std::size_t c) {
    return c % 5 >= 2 && c % 5 < 4 && (lie.value("n0 sorted", c) == lie.value("n0 sorted", c + 1)) == equal;
  });
  exchange(lie, i, i + 1);
}

// One entry twice, another never: every pair is a row, and the values are in order.
void entry_twice(Lie& lie) {
  const std::size_t i = lie.find(10, [&](std::size_t c) { return c % 5 >= 2 && c % 5 < 4; });
  lie.cell("n0", i + 1) = lie.cell("n0", i);
  lie.cell("n0 sorted", i + 1) = lie.cell("n0 sorted", i);
  claim(lie, 0, i + 1, lie.value("n0", i));
}

std::vector<Cheat> cheats() {
  constexpr RejectReason kLookup = RejectReason::kSumcheck;
  constexpr RejectReason kLinear = RejectReason::kFinalCheck;
  const auto accumulator = [](const char* node, std::int64_t size) {
    return [=](Lie& lie) { wrong_accumulator(lie, node, size); };
  };
  const auto add = [](const char* column, std::size_t i, std::int64_t difference) {
    return [=](Lie& lie) { lie.add(column, i, difference); };
  };
  return {
      {"conv: accumulator", conv_graph(false), accumulator("n0", 32), "n0 (contraction)", kLinear},
      {"depthwise: accumulator", conv_graph(true), accumulator("n0", 32), "n0 (contraction)", kLinear},
      {"matmul: accumulator", matmul_graph(), accumulator("n1", 4), "n1 (contraction)", kLinear},
      {"matmul of activations", matmul_graph(), add("n0", 5, 1), "n0 (contraction)", kLinear},
      {"pointwise: accumulator", mul_graph(), accumulator("n0", 16), "n0 (contraction)", kLinear},
      {"select: neither", select_graph(), add("n0", 5, 1), "n0 (contraction)", kLinear},
      {"remainder out of range", mul_graph(), wrong_quotient, "n0 remainder (lookup domain)", kLookup},
      {"table domain", mul_graph(), quotient_off_the_domain, "n0 value (lookup domain)", kLookup},
      {"table value", mul_graph(), wrong_table_value, "n0 value (lookup value)", kLookup},
      {"input below its range", sum_graph(), [](Lie& lie) { input_out_of_range(lie, -21); }, "v0 range (lookup domain)",
       kLookup},
      {"input above its range", sum_graph(), [](Lie& lie) { input_out_of_range(lie, 18); },
       "v0 upper range (lookup domain)", kLookup},
      {"multiplicity too large", mul_graph(), add("multiplicities of table 0", 7, 1), "", kLookup},
      {"multiplicity too small", mul_graph(), add("multiplicities of table 1", 3, -1), "", kLookup},
      {"positive part of a maximum", reduce_graph(), too_large_a_maximum, "n0 maximum (lookup value)", kLookup},
      {"arg max: not the maximum", arg_max_graph(), [](Lie& lie) { set_arg_max(lie, smaller_index(lie), false); },
       "n0 (contraction)", kLookup},
      {"arg max: a smaller maximum", arg_max_graph(), [](Lie& lie) { set_arg_max(lie, smaller_index(lie), true); },
       "n0 order (lookup domain)", kLookup},
      {"arg max: two ones", arg_max_graph(), two_maxima, "n0 one-hot (lookup domain)", kLookup},
      {"arg max: a step of two", arg_max_graph(), step_of_two, "n0 one-hot (lookup domain)", kLookup},
      {"arg max: later of a tie", arg_max_graph(), later_of_a_tie, "n0 order (lookup domain)", kLookup},
      {"arg max: no one", arg_max_graph(),
       [](Lie& lie) {
         for (std::size_t i = 0; i < 5; ++i) lie.cell("n0 step", i) = Fp();
       },
       "n0 order", kLookup},
      {"softmax: exponential", softmax_graph(), add("n0 exponential", 2, 1), "", kLookup},
      {"gather: value", gather_graph(false), add("n1", 7, 1), "n1 (lookup value)", kLookup},
      {"gather: entries of a slice change places", gather_graph(false), mixed_slices, "n1 (lookup value)", kLookup},
      {"gather: index beyond the axis", gather_graph(false), add("v2", 2, 5), "n1 (lookup domain)", kLookup},
      {"gather: negative index", gather_graph(false), add("v2", 2, -5), "n1 (lookup domain)", kLookup},
      {"multiplicity of a gather's row", gather_graph(false), add("multiplicities of table 2", 3, 1), "", kLookup},
      {"gather along: entry of another row", gather_graph(true), another_row, "n1 (lookup value)", kLookup},
      {"gather along: the next line", gather_graph(true), index_into_the_next_line, "n1 (lookup domain)", kLookup},
      {"multiplicity of an entry", gather_graph(true), add("multiplicities of table 2", 11, -1), "", kLookup},
      {"sort: equal values change places", sort_graph(), [](Lie& lie) { exchange_where(lie, true); },
       "n0 order (lookup domain)", kLookup},
      {"sort: not in order", sort_graph(), [](Lie& lie) { exchange_where(lie, false); }, "n0 order (lookup domain)",
       kLookup},
      {"sort: an entry twice", sort_graph(), entry_twice, "n0 order (lookup domain)", kLookup},
      {"sort: values of nowhere", sort_graph(), add("n0 sorted", 4, -1), "n0 (lookup value)", kLookup},
      {"sort: index beyond the line", sort_graph(), add("n0", 4, 5), "n0 (lookup domain)", kLookup},
      {"multiplicity of a sorted entry", sort_graph(), add("multiplicities of table 1", 7, 1), "", kLookup},
      {"softmax: value and product", softmax_graph(), wrong_softmax_value, "n0 remainder (lookup domain)", kLookup},
      {"softmax: how far below the table", softmax_graph(-70), add("n0 below", 4, 1), "", kLookup},
      {"softmax: a larger maximum", softmax_graph(-8, false), larger_maximum, "n0 maxima (lookup domain)", kLookup},
      {"softmax: a smaller maximum", softmax_graph(), add("n0 maximum", 1, -1), "n0 exponential (lookup", kLookup},
      {"softmax: another mark", softmax_graph(), add("n0 mark", 2, 1), "n0 exponential (lookup value)", kLookup},
      {"softmax: lifted into the table", softmax_graph(-20, false), lifted, "n0 below (contraction)", kLinear},
      {"exponentials: another row's", softmax_graph(-70, false), add("n0", 2, 1), "", kLookup},
      {"softmax: product", softmax_graph(), add("n0 product", 2, 1), "n0 product (contraction)", kLinear},
      {"division: a larger quotient", divide_graph(), [](Lie& lie) { wrong_division(lie, 1); },
       "n0 remainder (lookup domain)", kLookup},
      {"division: a smaller quotient", divide_graph(), [](Lie& lie) { wrong_division(lie, -1); },
       "n0 remainder complement (lookup domain)", kLookup},
      {"division: product", divide_graph(), add("n0 product", 3, 1), "n0 product (contraction)", kLinear},
      {"root: larger", root_graph(), [](Lie& lie) { wrong_root(lie, lie.value("n0", 1) + 1); },
       "n0 remainder (lookup domain)", kLookup},
      {"root: smaller", root_graph(), [](Lie& lie) { wrong_root(lie, lie.value("n0", 1) - 1); },
       "n0 remainder complement (lookup domain)", kLookup},
      {"root: square", root_graph(), add("n0 square", 2, 1), "n0 square (contraction)", kLinear},
      {"copy of a pool's input", max_pool_graph(), add("n0 input copy", 4, 1), "", kLinear},
      {"copy in a reshape", movement_graph(), wrong_copy, "n3 input copy (equality)", kLinear},
  };
}

TEST(Relations, EachCheatIsRejected) { expect_rejected(cheats()); }

// What is sorted and what is gathered of it along the same axis are rows of one table.
TEST(Relations, SortAndGatherShareTheirTable) {
  const Session session(sort_graph(), true);
  std::size_t committed = 0;
  for (const circuit::Table& table : session.compiled().circuit.tables) committed += table.committed ? 1 : 0;
  EXPECT_EQ(committed, 1u);
}

// The prover claims another output than the columns hold.
TEST(Relations, WrongPublicOutputIsRejected) {
  for (const bool zero_knowledge : {false, true}) {
    const Session session(mlp_graph(), zero_knowledge);
    for (std::size_t output = 0; output < session.graph.outputs.size(); ++output) {
      prover::ProveHooks hooks;
      hooks.outputs = [&](statement::PublicIo& data) { data.values[output][0] += data.values[output][0] > 0 ? -1 : 1; };
      const Verdict verdict = session.verdict_on(hooks);
      EXPECT_EQ(verdict.reason, zero_knowledge ? RejectReason::kOpening : RejectReason::kFinalCheck)
          << verdict.to_string();
      hooks.outputs = [&](statement::PublicIo& data) { data.values[output][0] = 1000; };
      EXPECT_EQ(session.verdict_on(hooks).reason, RejectReason::kBadPublicValue);
    }
  }
}

// A public input is part of the statement: the prover cannot claim another one than it used, in any mode.
TEST(Relations, WrongPublicInputIsRejected) {
  for (const bool public_params : {false, true}) {
    prover::ModelOptions options = test_options(true);
    options.visibility = {{Exposure::kPublic}, {Exposure::kPublic}, public_params};
    const Session session(mlp_graph(), options);
    ASSERT_TRUE(session.verify(session.prove().bytes).accepted());
    for (std::size_t i = 0; i < 6; ++i) {
      prover::ProveHooks hooks;
      hooks.outputs = [&](statement::PublicIo& data) { data.values.back()[i] += data.values.back()[i] < 7 ? 1 : -1; };
      EXPECT_EQ(session.verdict_on(hooks).reason, RejectReason::kOpening) << i;
      hooks.outputs = [&](statement::PublicIo& data) { data.values.back()[i] = 8; };
      EXPECT_EQ(session.verdict_on(hooks).reason, RejectReason::kBadPublicValue) << i;
    }
    // The other way round: another input than the claimed one.
    prover::ProveHooks hooks;
    hooks.columns = [&](circuit::ColumnValues& data) {
      Fp& x = data[Lie::column_named(session, "v0")][2];
      x += x.to_int() < 7 ? Fp(1) : -Fp(1);
    };
    EXPECT_EQ(session.verdict_on(hooks).reason, RejectReason::kOpening);
  }
}

// Honest with other weights than the committed ones.
TEST(Relations, OtherWeightsThanTheKeysAreRejected) {
  for (const bool zero_knowledge : {false, true}) {
    Session session(mlp_graph(), zero_knowledge);
    Session other(mlp_graph(), zero_knowledge, 50);
    const Bytes honest = session.prove().bytes;
    const qir::WeightStore params = session.model.weights;
    session.model.weights = other.model.weights;
    const RejectReason linear = zero_knowledge ? RejectReason::kOpening : RejectReason::kFinalCheck;
    EXPECT_EQ(session.verify(session.prove().bytes).reason, linear) << "other weights, the key's oracle";
    session.model.weights = params;
    // One weight off by one.
    prover::ProveHooks hooks;
    hooks.columns = [&](circuit::ColumnValues& data) { data[Lie::column_named(session, "v1")][7] += Fp(1); };
    EXPECT_EQ(session.verdict_on(hooks).reason, linear) << "one weight";
    // The whole other model under this key: its leaves do not hash to the key's root.
    std::swap(session.model.oracle, other.model.oracle);
    session.model.weights = other.model.weights;
    EXPECT_EQ(session.verify(session.prove().bytes).reason, RejectReason::kMerklePath)
        << "other weights, their own oracle";
    EXPECT_TRUE(session.verify(honest).accepted());
  }
}

}  // namespace
}  // namespace zkinfer::e2e
