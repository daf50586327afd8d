// SPDX-License-Identifier: Apache-2.0
// Circuit: what is proved about the integer graph, as columns and relations between linear expressions of them. It is
// derived from the public structure alone, so prover and verifier build the same one.
//
// Column       a dense tensor of field elements, committed in oracle M (parameters), W (witness) or a data
//              oracle (a committed input or output).
// Box          the index space of a relation: axis sizes n_0, .., n_(d-1); a point of it is (i_0, .., i_(d-1)).
// View         coef * column[..] where column axis j is read at  offset_j + sum_t stride_t i_(axis_t) + sum over `sums`;
//              reads outside the column give 0. A box axis feeds at most one column axis of a view; a box axis that
//              feeds none is broadcast. Reshape, transpose, slice, pad, concat, broadcast, strides, dilation and
//              convolution windows are views, not constraints. Coefficients are elements of F, so that no change of box and no
//              factor can make them wrong; offsets and strides are integers that stay within kMaxStride.
// LinExpr      constant + sum of views + sum of slopes (multiples of the point's own indices).
// Relations    Contraction, Lookup, Equality below. For a vector V_b over every box axis, sum_i prod_b V_b[i_b] expr(i) is
//              a functional of the columns that is a sum of rank-one tensors (Functional, functional.h).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "field/fp.h"
#include "qir/qgraph.h"

namespace zkinfer::circuit {

using ColumnId = std::uint32_t;
using Box = std::vector<std::uint64_t>;

// M, W, and from kFirstData on the data oracles (one per committed tensor). kConstant is no oracle: the column's values are part
// of the circuit.
enum class Oracle : std::uint8_t { kModel, kWitness, kConstant, kFirstData };
inline Oracle data_oracle(std::size_t index) {
  return static_cast<Oracle>(static_cast<std::size_t>(Oracle::kFirstData) + index);
}

struct Column {
  std::string name;
  Oracle oracle = Oracle::kWitness;
  std::vector<std::uint64_t> shape;
  std::vector<std::int64_t> constants = {};  // [num_elements] for kConstant, else empty; |x| < p
  bool is_shared = false;                    // a witness column that follows from parameters and constants alone

  std::uint64_t num_elements() const;
};

// Bound on offsets and strides. Far above what tensors of at most 2^31 elements need.
inline constexpr std::int64_t kMaxStride = std::int64_t{1} << 48;
// Bound on every index that a view computes, sums included.
inline constexpr std::int64_t kMaxIndex = std::int64_t{1} << 61;

struct AxisTerm {
  std::uint32_t box_axis = 0;
  std::int64_t stride = 1;

  friend bool operator==(const AxisTerm&, const AxisTerm&) = default;
};

// A summed index of its own: sum over i in [0, length) at stride * i.
struct SumTerm {
  std::uint64_t length = 1;
  std::int64_t stride = 1;

  friend bool operator==(const SumTerm&, const SumTerm&) = default;
};

struct AxisMap {
  std::int64_t offset = 0;
  std::vector<AxisTerm> terms;
  std::vector<SumTerm> sums;

  friend bool operator==(const AxisMap&, const AxisMap&) = default;
};

struct View {
  ColumnId column = 0;
  Fp coef = Fp(1);
  std::vector<AxisMap> axes;  // [column rank]

  friend bool operator==(const View&, const View&) = default;
};

// coef * i_(box_axis): the position of a box point, without a column of positions.
struct Slope {
  std::uint32_t box_axis = 0;
  Fp coef = Fp(1);

  friend bool operator==(const Slope&, const Slope&) = default;
};

struct LinExpr {
  Fp constant;
  std::vector<View> views;
  // Some offset or stride left +-kMaxStride, so the views are not what they should be: for good, and compile refuses every
  // relation that reads the expression.
  bool out_of_reach = false;
  std::vector<Slope> slopes = {};

  friend bool operator==(const LinExpr&, const LinExpr&) = default;
};

// Y[a,b,c] = sum_k A[a,c,k] B[b,c,k] over the box, every axis having one role; y must not use k axes, lhs no b axes, rhs
// no a axes (they are broadcast there). Axes of role c come before those of role k. A pointwise product has only c axes.
enum class AxisRole : std::uint8_t { kA, kB, kC, kK };

struct Contraction {
  std::string name;
  Box box;
  std::vector<AxisRole> roles;
  LinExpr y, lhs, rhs;
};

// A tuple at every point of a box: the values of `tuple`, then those of `run` at every point of run_box, row-major. `run` is
// over the axes of the box followed by those of run_box, and there is none where run_box is empty.
struct Tuples {
  Box box;
  std::vector<LinExpr> tuple;
  Box run_box = {};
  LinExpr run = {};

  std::size_t num_entries() const;
  // The axes that `run` is over.
  Box whole_box() const;

  friend bool operator==(const Tuples&, const Tuples&) = default;
};

// At every point of the box the tuple is a row of table `table`.
struct Lookup : Tuples {
  std::string name;
  std::uint32_t table = 0;
};

// expr = 0 at every point of the box.
struct Equality {
  std::string name;
  Box box;
  LinExpr expr;
};

// expr = the public values (row-major over the box), given with the statement: the entries of graph value `value`, or the
// eight 32-bit words of the digest of its canonical bytes.
struct PublicTensor {
  enum class Source : std::uint8_t { kEntries, kDigest };
  qir::ValueId value = 0;
  Box box;
  LinExpr expr;
  Source source = Source::kEntries;
};

// All tuples of `width` numbers in [first, first + side), and no others. Row r holds the digits of min(r, side^width - 1) in
// base `side`, lowest first, plus `first`: rows beyond side^width repeat the last one.
struct Grid {
  std::int64_t first = 0;
  std::uint64_t side = 1;  // at least 1
  std::uint32_t width = 1;

  std::uint64_t num_tuples() const;  // side^width, which is below 2^32
};

// Rows [.., end) of a column of numbers, from the end of the line before: `value`, plus the row's index where it rises.
struct Line {
  std::uint64_t end = 0;
  std::int64_t value = 0;
  bool rises = false;
};

// The rows that tuples may be: those made from `rows`, or a grid's: both public; or the
// tuples of `committed`, one row per point of its box. The first entry of such a row is the index on the box's last axis, the
// second, where the box has other axes, the row-major number of the point on them: so no two rows are equal, and whoever
// looks one up finds it without a search.
struct Table {
  enum class Form : std::uint8_t {
    kValues,   // (x) for kRange, else (x, T[x]), for every x of the domain
    kOutside,  // (x, T[x], 1 where T[x] != x and else 0): of a clamp
    kPieces,  // (t, slopes[t], values[t]) for every piece t; of explicit values (t, 1 in the last row and else 0, values[t])
  };
  qir::Table rows = {};
  Form form = Form::kValues;
  std::optional<Grid> grid = {};
  std::optional<Tuples> committed = {};
  ColumnId multiplicity = 0;  // witness column [num_rows()], or of the shape of a committed table's box

  std::uint64_t num_rows() const;
  std::size_t tuple_size() const;
  // Of public tables. entry: entry `index` of row `row`; first: entry 0 of row 0, where there is no grid: entry 0 counts the rows.
  int log_size() const;
  std::int64_t first() const { return form == Form::kPieces ? 0 : rows.first; }
  std::int64_t entry(std::uint64_t row, std::size_t index) const;
  // All rows of one entry as lines; none where they are listed one by one.
  std::vector<Line> lines(std::size_t index) const;
};

// Of a repeated circuit, whose rows belong to different people: what one of them can check of his own row. Row n has the mark
//   u_n = pad_n + sum_t theta_0^(t+1) T_t~(n, theta),
// T_t the tensors (over a row's box behind the row's number), T_t~(n, .) the multilinear extension of the row's entries over its box, pad_n
// the n-th element of K in the column `pads`. theta_0 and theta are drawn once the columns are committed; the marks are sent in clear.
struct Seats {
  std::vector<PublicTensor> tensors;
  ColumnId pads = 0;  // witness column [rows, 3]
};

struct Circuit {
  std::vector<Column> columns;
  std::vector<Table> tables;
  std::vector<Contraction> contractions;
  std::vector<Lookup> lookups;
  std::vector<Equality> equalities;
  std::vector<PublicTensor> public_tensors;  // in the order of qir::public_values, then digests
  std::optional<Seats> seats = {};
  ColumnId pads =
      0;  // witness column [3, num_pads]: the pad vector of hidden messages, coefficient j of pad i at (j, i)
  ColumnId blind = 0;  // witness column [3]: the random denominator of the lookup argument's blind leaf
};

// ceil(log2(n)), n >= 1: the number of index bits of an axis.
int axis_bits(std::uint64_t n);
std::uint64_t box_size(const Box& box);

}  // namespace zkinfer::circuit
