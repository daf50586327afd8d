// SPDX-License-Identifier: Apache-2.0
// What each QGraph op requires: arity, the attributes it reads, and how the output's shape and the accumulator's range
// follow from the inputs. One file per op family; validate.cc does what is common to all ops.
// Errors: invalid_argument with the op's own complaint; the caller adds the node's name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "qir/attributes.h"
#include "qir/qgraph.h"

namespace zkinfer::qir {

// Exact bounds need more than 64 bits until they are checked against kMaxMagnitude.
__extension__ using Wide = __int128;

// Field elements, accumulators and 2^shift * hi all stay below this in absolute value, so nothing wraps modulo p.
inline constexpr std::int64_t kMaxMagnitude = std::int64_t{1} << 62;
// Widths of declared ranges, and of what is compared (max, arg max): a difference of two values and the range table that
// it is looked up in both stay below p/2, so no difference wraps into the table.
inline constexpr std::int64_t kMaxWidth = std::int64_t{1} << 62;
inline constexpr std::int64_t kMaxCoefficient = std::int64_t{1} << 40;
inline constexpr std::int64_t kMaxWindow = std::int64_t{1} << 20;

// [lo, hi], exact; or unbounded, once a bound has left +-2^63. What is computed from an unbounded interval is unbounded,
// so a bound never comes back: cutting bounds off instead would let two of opposite sign cancel.
struct Interval {
  Wide lo = 0;
  Wide hi = 0;
  bool is_unbounded() const;
  bool within(std::int64_t bound) const { return lo > -Wide{bound} && hi < Wide{bound}; }
  bool inside(std::int64_t low, std::int64_t high) const { return lo >= low && hi <= high; }
  Wide width() const { return hi - lo; }
};
Interval make_interval(Wide lo, Wide hi);
Interval unbounded();
Interval range_of(const Value& value);
Interval hull(Interval a, Interval b);
Interval add(Interval a, Interval b);
Interval multiply(Interval a, Interval b);
// Of x * x: never negative, which the product of two independent ranges would allow.
Interval square(Interval a);
Interval scale(Interval a, std::int64_t factor);
std::string to_string(Interval a);

// What each value may be, by ValueId: its declared range, or the range that follows when parameters are only known to
// lie in their declared ranges.
using Ranges = std::vector<Interval>;

// Validates, and gives the range of every value that follows when parameters are only known to lie in their declared
// ranges: what relations may rely on.
Result<Ranges> sound_ranges(const QGraph& graph);

// The range of every value that the relations alone prove, whatever field elements are committed as parameters; unbounded
// where they prove none. Precondition: validate accepts the graph.
Ranges proven_ranges(const QGraph& graph);

// The smallest and largest value of a table of explicit values or pieces.
Interval values_of(const Table& table);

// The table arguments of honest runs: what the declared ranges reach, inside the table's domain. For completeness only.
// Precondition: validate accepts the graph; the node has a table.
Interval honest_arguments(const QGraph& graph, const Node& node, const Ranges& declared);

struct Inferred {
  Shape shape;   // the only output shape accepted
  Interval acc;  // every accumulator (or every y, for ops without requantization)
};

enum class RequantRule : std::uint8_t { kForbidden, kOptional, kRequired };

struct OpRule {
  std::string_view name;
  std::size_t min_inputs;
  std::size_t max_inputs;
  unsigned attributes;  // mask of Attribute; every other attribute must have its default
  RequantRule requant;
  Result<Inferred> (*infer)(const QGraph& graph, const Node& node, const Ranges& ranges);
};

inline constexpr std::size_t kNumOps = static_cast<std::size_t>(Op::kSquareRoot) + 1;
inline constexpr std::size_t kMaxNodeInputs = 4096;
const OpRule& rule_of(Op op);

// True when some input of the node is a parameter: then the reachable accumulators depend on parameter values.
bool has_param_input(const QGraph& graph, const Node& node);

// Whether the node may declare another range for its output than follows from its inputs' declared ranges: parameters decide
// what it reaches, and no table says more. The executor then checks every entry.
bool declares_freely(const QGraph& graph, const Node& node);

// The axis of a node that has one, of a tensor of this shape; invalid_argument if it has none, or another number of axes.
Result<std::size_t> only_axis(const Node& node, const Shape& shape);

// kMaxWidth for the values that `node` compares.
Status check_comparable(const Interval& range);

// How relations/elementwise_divide.cc proves y = floor(numerator / denominator): as numerator = denominator y + r, 0 <= r < denominator,
// where r and y are known to be small. A function of the ranges alone.
struct DivisionPlan {
  int remainder_bits = 0;      // r and denominator - 1 - r are in [0, 2^remainder_bits)
  int denominator_bits = 0;    // the denominator is in [0, 2^denominator_bits)
  std::int64_t least = 0;      // y is in [least, least + 2^quotient_bits); least is a multiple of 2^low_bits
  int quotient_bits = 0;       // enough for every honest y
  int most_quotient_bits = 0;  // what is as good, at most
  // 0: no product reaches p, so the equation modulo p is one of integers. Otherwise it holds modulo 2^low_bits too, and no
  // product reaches 2^low_bits p: low parts of denominator and y have a product z with
  // numerator - r - z = 2^low_bits carry, the carry in [least_carry, least_carry + 2^carry_bits).
  int low_bits = 0;
  std::int64_t least_carry = 0;
  int carry_bits = 0;
};
// out_of_range: a denominator that may be below 1, or numbers that are too large.
Result<DivisionPlan> plan_division(Interval numerator, Interval denominator, Interval quotient);

// Of a Softmax that infer_softmax takes.
Result<DivisionPlan> plan_softmax(const QGraph& graph, const Node& node);

// What a Divide of values in these ranges divides by what.
struct Division {
  Interval numerator;
  Interval denominator;
};
Division division_of(const Node& node, Interval a, Interval b);

// The largest integer that is not above a / b; b > 0.
Wide floor_divide(Wide a, Wide b);
// The largest integer whose square is not above x; 0 <= x < 2^62.
std::int64_t floor_sqrt(std::int64_t x);

// ops/contract.cc
Result<Inferred> infer_conv(const QGraph& graph, const Node& node, const Ranges& ranges);
Result<Inferred> infer_matmul(const QGraph& graph, const Node& node, const Ranges& ranges);
// ops/elementwise.cc
Result<Inferred> infer_mul(const QGraph& graph, const Node& node, const Ranges& ranges);
Result<Inferred> infer_linear(const QGraph& graph, const Node& node, const Ranges& ranges);
Result<Inferred> infer_select(const QGraph& graph, const Node& node, const Ranges& ranges);
// ops/elementwise_divide.cc
Result<Inferred> infer_divide(const QGraph& graph, const Node& node, const Ranges& ranges);
Result<Inferred> infer_square_root(const QGraph& graph, const Node& node, const Ranges& ranges);
// ops/reduce.cc
Result<Inferred> infer_reduce_sum(const QGraph& graph, const Node& node, const Ranges& ranges);
Result<Inferred> infer_reduce_max(const QGraph& graph, const Node& node, const Ranges& ranges);
Result<Inferred> infer_arg_max(const QGraph& graph, const Node& node, const Ranges& ranges);
Result<Inferred> infer_softmax(const QGraph& graph, const Node& node, const Ranges& ranges);
Result<Inferred> infer_sort(const QGraph& graph, const Node& node, const Ranges& ranges);
// ops/pool.cc. The window of one axis: sizes in range; *padded tells whether some window leaves the input.
Status check_window(const Shape& in, const Shape& out, const Node& node, bool* padded);
Result<Inferred> infer_sum_pool(const QGraph& graph, const Node& node, const Ranges& ranges);
Result<Inferred> infer_max_pool(const QGraph& graph, const Node& node, const Ranges& ranges);
// ops/movement.cc
Result<Inferred> infer_reshape(const QGraph& graph, const Node& node, const Ranges& ranges);
Result<Inferred> infer_transpose(const QGraph& graph, const Node& node, const Ranges& ranges);
Result<Inferred> infer_slice(const QGraph& graph, const Node& node, const Ranges& ranges);
Result<Inferred> infer_pad(const QGraph& graph, const Node& node, const Ranges& ranges);
Result<Inferred> infer_concat(const QGraph& graph, const Node& node, const Ranges& ranges);
// ops/movement_gather.cc
Result<Inferred> infer_gather(const QGraph& graph, const Node& node, const Ranges& ranges);

}  // namespace zkinfer::qir
