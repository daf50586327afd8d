// SPDX-License-Identifier: Apache-2.0
// The part of a verification program that evaluates functionals of columns at the opening's point: what argument::FunctionalValue does
// with numbers.
#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "argument/compiled.h"
#include "evm/functionals.h"
#include "evm/vectors.h"

namespace zkinfer::evm {

class ColumnValues {
 public:
  // All arguments outlive the object.
  ColumnValues(const verifier::PreparedKey& prepared, const Inputs& inputs, ProgramWriter& out);

  // sum += coef * sum_idx (prod vectors) column[idx].
  void add(circuit::ColumnId column, const BoxVectors& vectors, const Linear& coef);
  Reg sum();
  // Makes a table of the highest bits of a point of `bits` registers at `src`, of which these prefixes (how many bits, and these) will be
  // asked for, where that takes fewer products than one by one.
  void expect_prefixes(Reg src, int bits, const std::set<std::pair<int, std::uint64_t>>& prefixes);
  // eq of the address bits above `low`, at address `at`, of the point of `bits` registers at `src`.
  Reg prefix(Reg src, int bits, int low, std::uint64_t at);
  // Which entries of a list may be other than zero: all where it was not said.
  void set_support(const AxisVector& list, std::set<std::uint64_t> indices) { supports_[list] = std::move(indices); }

 private:
  Reg value_of(circuit::ColumnId column, const BoxVectors& vectors);
  bool misses(const AxisVector& vector, std::uint64_t begin, std::uint64_t end) const;
  Reg long_factor(Reg values, std::size_t n, Reg address, int bits);
  Reg complements_of(Reg src, int bits);
  Reg factor(const AxisVector& vector, const circuit::AxisPiece& piece, int position);

  const verifier::PreparedKey& prepared_;
  const Inputs& inputs_;
  const Reg point_complements_, index_complements_;  // 1 - r, of leaf, tau and rounds, and of the index
  ProgramWriter& out_;
  std::map<Reg, std::pair<int, Reg>> tables_;                       // by point: bits, table
  std::map<circuit::Oracle, std::pair<Reg, std::uint64_t>> bases_;  // lanes, offset in v_1
  std::map<std::pair<circuit::ColumnId, BoxVectors>, Linear> terms_;
  std::map<AxisVector, std::set<std::uint64_t>> supports_;
};

}  // namespace zkinfer::evm
