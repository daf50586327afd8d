// SPDX-License-Identifier: Apache-2.0
// How the prover fills the columns. The operators' files say it as they make a column, one call each, beside the relations
// that the column must obey; verifiers do not listen. The prover's listener: relations/recipes.h.
#pragma once

#include <functional>

#include "circuit/circuit.h"

namespace zkinfer::relations {

using circuit::Box;
using circuit::ColumnId;
using circuit::LinExpr;

// From an integer to an integer.
using Map = std::function<std::int64_t(std::int64_t)>;

// The columns of one SHA-256 circuit (relations/sha256.h).
enum class Sha256Column : std::uint8_t { kBits, kChoice, kMajority, kSchedule, kCarries, kWords, kDigest };

// The columns of a keystream (relations/encryption.h): inputs of the S-boxes, their powers, and the stream.
enum class KeystreamColumn : std::uint8_t { kInput, kSquare, kCube, kSixth, kOutput, kStream };

// Every expression is over `box`, of whose points the column has one element each, but where it is said otherwise. Columns
// without a recipe are set by the protocol (pads, blind, multiplicities) or are constants.
class RecipeSink {
 public:
  virtual ~RecipeSink() = default;
  // Before the relations of each node.
  virtual void next_node(const circuit::Circuit& /*so far*/) {}
  virtual void parameter(ColumnId, qir::ValueId) {}               // the parameters of a graph value
  virtual void value(ColumnId, qir::ValueId) {}                   // the executor's entries of a graph value
  virtual void rounded(ColumnId, std::uint32_t /*node*/, Map) {}  // of acc + round of the node
  virtual void expression(ColumnId, const LinExpr&, const Box&) {}
  virtual void positive_part(ColumnId, const LinExpr&, const Box&, int /*shift*/) {}  // floor(max(0, expr) / 2^shift)
  virtual void maximum(ColumnId, const LinExpr&, const Box&) {}       // along the last box axis, which the column lacks
  virtual void arg_max_step(ColumnId, const LinExpr&, const Box&) {}  // 1 at and after the maximum along the last axis
  // expr at the place of the last box axis that `index` says.
  virtual void picked(ColumnId, const LinExpr& /*expr*/, const LinExpr& /*index*/, const Box&) {}
  virtual void table(ColumnId, std::int32_t /*of the graph*/, const LinExpr&, const Box&) {}
  virtual void limb(ColumnId, const LinExpr&, const Box&, int /*shift*/, int /*bits*/) {}  // bits [shift, shift + bits)
  virtual void product(ColumnId, const LinExpr& /*expr*/, const LinExpr& /*other*/, const Box&) {}
  // Of the hash of expr over the box, row-major, entries of entry_bytes bytes.
  virtual void sha256(ColumnId, Sha256Column, const LinExpr&, const Box&, std::size_t /*entry_bytes*/) {}
  // Filled together, by whoever makes an encryption (prover/encrypt.cc).
  virtual void keystream(ColumnId, KeystreamColumn) {}
};

}  // namespace zkinfer::relations
