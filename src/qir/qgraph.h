// SPDX-License-Identifier: Apache-2.0
// QGraph: the integer program that is proved. Everything before it may be clever and wrong (a fidelity question);
// everything after it must be exact. Its structure bytes (no parameter values) are part of the statement.
//
// Semantics. Every value is a dense row-major integer tensor whose entries lie in its declared range [lo, hi].
// An arithmetic node computes an exact integer accumulator `acc` per output element and then
//     y = T[ floor((acc + round) / 2^shift) ],   round = 2^(shift-1) if shift > 0 else 0     (round half up)
// where T is one of the graph's tables; table_index = kNoTable means shift = 0 and y = acc (no rounding, no clamp).
// Padding cells of Conv, SumPool and Pad hold the integer 0 (quantization is symmetric: real 0 is integer 0); MaxPool
// ignores its padding cells.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "tensor/shape.h"
#include "zkinfer/status.h"

namespace zkinfer::qir {

using ValueId = std::uint32_t;
inline constexpr std::int32_t kNoTable = -1;

// real value = integer * mantissa * 2^exponent; metadata for people and tools, never used by the integer semantics.
struct Scale {
  std::int64_t mantissa = 1;
  std::int32_t exponent = 0;
  bool operator==(const Scale&) const = default;
};

enum class ValueKind : std::uint8_t {
  kInput = 0,  // given with each inference
  kParam = 1,  // weights, biases, constants: committed once with the model
  kNode = 2,   // computed
};

struct Value {
  std::string name;
  ValueKind kind = ValueKind::kNode;
  Shape shape;
  std::int64_t lo = 0;  // inclusive
  std::int64_t hi = 0;  // inclusive
  Scale scale;
};

enum class TableKind : std::uint8_t {
  kRange = 0,     // T[x] = x on its domain: a pure range check
  kClamp = 1,     // T[x] = min(max(x, clamp_lo), clamp_hi)
  kExplicit = 2,  // T[x] = values[x - first]
  kPieces = 3,    // x - first = 2^piece_bits t + l, 0 <= l < 2^piece_bits:
                  // T[x] = values[t] + floor((slopes[t] l + round) / 2^slope_shift), round as in a node
};

// Domain [first, first + 2^log_size). Only explicit values are ever listed row by row: the others are formulas and may have
// more rows than any memory. For a clamp the domain is what honest runs reach, which the executor checks; a proof shows
// y = T[argument] for the true argument, wherever it is. For the other kinds a proof shows that it is in the domain.
struct Table {
  TableKind kind = TableKind::kRange;
  std::int64_t first = 0;
  std::uint8_t log_size = 0;
  std::int64_t clamp_lo = 0;
  std::int64_t clamp_hi = 0;
  std::vector<std::int32_t> values;       // [2^log_size] for kExplicit, [num_pieces()] for kPieces, else empty
  std::vector<std::int32_t> slopes = {};  // [num_pieces()] for kPieces, else empty
  std::uint8_t piece_bits = 0;            // these two: 0 but for kPieces
  std::uint8_t slope_shift = 0;

  std::int64_t num_rows() const { return std::int64_t{1} << log_size; }
  std::int64_t num_pieces() const { return std::int64_t{1} << (log_size - piece_bits); }
  // T of the low part l in piece t.
  std::int64_t in_piece(std::int64_t t, std::int64_t l) const;
  bool contains(std::int64_t x) const { return x >= first && x < first + num_rows(); }
  // x must be in the domain.
  std::int64_t at(std::int64_t x) const;
};

struct Requant {
  std::uint8_t shift = 0;
  std::int32_t table_index = kNoTable;
};

enum class Op : std::uint8_t {
  kConv = 0,       // x [N, C, spatial..], w [O, C/groups, kernel..], optional bias [O]; acc = sum + bias
  kMatMul = 1,     // a [.., M, K], b [.., K, N] (leading axes broadcast), optional bias [N]
  kMul = 2,        // a, b (numpy broadcast): acc = coefs[0] * a * b
  kLinear = 3,     // inputs (numpy broadcast): acc = constant + sum_i coefs[i] * x_i; also Add, Sub, Table, rescale
  kReduceSum = 4,  // acc = coefs[0] * sum over `axes` (keepdims as in the output shape)
  kSumPool = 5,    // x [N, C, spatial..]: acc = coefs[0] * sum over the window (padding cells are 0)
  kMaxPool = 6,    // x [N, C, spatial..]: y = maximum over the window's real cells; no requant
  kReduceMax = 7,  // y = maximum over `axes`; no requant
  kArgMax = 8,     // y = smallest index of the maximum over axes[0]; no requant
  kSoftmax =
      9,  // over axes[0]: m = max x, e = T_requant[max(x - m, first)], first = T_requant's first argument, s = sum e,
  // y = floor((2^(shift+1) e + s) / (2 s)), or y = e where coefs = [1]: inputs may be of any width, far values are all as
  // the first row; T_requant never falls, and its last argument is 0
  kReshape = 10,    // movement: no requant
  kTranspose = 11,  // perm
  kSlice = 12,      // starts[i], steps[i] per axis, of any sign (0 repeats); the output shape gives the counts
  kPad = 13,        // pads_begin[i] per axis with integer 0; the output shape gives the end
  kConcat = 14,     // axes[0]
  kSelect = 15,     // c, a, b (numpy broadcast), c in {0, 1}: y = c ? a : b; no requant
  // data, indices, every index in [0, n), n = length of axis a = axes[0] of data; no requant. coefs = []:
  // y[pre.., i.., post..] = data[pre.., indices[i..], post..]; coefs = [1]: indices has the shape of data but on axis a,
  // y[pre.., i, post..] = data[pre.., indices[pre.., i, post..], post..]
  kGather = 16,
  kSort =
      17,  // y = the indices on axes[0] in the order of their values, smallest first if coefs[0] = 1, largest first if -1;
           // of equal values the smaller index first; no requant
  // a, b >= 1 (numpy broadcast): y = floor((2 coefs[0] a + coefs[1] b) / (2 b)), coefs[1] 0 (round down) or 1 (half up); no
  // requant
  kDivide = 18,
  kSquareRoot = 19,  // y = floor(sqrt(coefs[0] x + constant)), of nothing negative; no requant
};

struct Node {
  Op op = Op::kLinear;
  std::string name;  // of the ONNX node it came from, for messages and reports
  std::vector<ValueId> inputs;
  ValueId output = 0;
  Requant requant;
  std::vector<std::int64_t> coefs;
  std::int64_t constant = 0;
  // Conv, SumPool, MaxPool: one entry per spatial axis; pads_begin only (the output shape gives the end).
  std::vector<std::int64_t> kernel, strides, dilations, pads_begin;
  std::int64_t groups = 1;
  std::vector<std::int64_t> axes;    // non-negative
  std::vector<std::int64_t> perm;    // Transpose: output axis i is input axis perm[i]
  std::vector<std::int64_t> starts;  // Slice
  std::vector<std::int64_t> steps;   // Slice
};

struct QGraph {
  std::string name;
  std::vector<Value> values;
  std::vector<Table> tables;
  std::vector<Node> nodes;  // topological order
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;

  const Value& value(ValueId id) const { return values[id]; }
};

// Parameter values of a model, by ValueId (empty for others); secret unless the model is public.
using Weights = std::vector<std::vector<std::int32_t>>;

// Everything a reader or the compiler must hold before a graph is used: topological order, arities, shapes that follow
// from the inputs' shapes, ranges that follow from the inputs' ranges (tables contain every reachable argument except
// where parameter values decide, which `exec` checks; for the same reason a node with a parameter and no table may
// declare a tighter range than its parameters' ranges give), |acc| < 2^62 for all parameters in their declared ranges and
// 2^shift times T's domain within 2^62, 2^shift * 2^log_size <= 2^kMaxWideBits for tables above 2^kMaxListedBits rows, sizes below kMaxElements, unique names not required. Total on any graph that parse_structure returns.
Status validate(const QGraph& graph);

// Canonical bytes of the structure (values, tables, nodes; no parameter values); parse_structure(structure_bytes(g))
// gives g and any other byte string that parses is refused (non-canonical). The reader is total and validates.
Bytes structure_bytes(const QGraph& graph);
Result<QGraph> parse_structure(ByteView bytes);
// The part of the structure's bytes that is this table.
Bytes table_bytes(const Table& table);

// Text for people: one line per value, table and node.
std::string to_text(const QGraph& graph);

// Tables of at most 2^kMaxListedBits rows may be written down row by row, in a file or in a circuit.
inline constexpr int kMaxListedBits = 26;
inline constexpr int kMaxTableBits = 44;
// Of log_size + shift where the argument is cut in parts: the parts' ranges round up to powers of two, and must not wrap.
inline constexpr int kMaxWideBits = 60;

inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 31;

}  // namespace zkinfer::qir
