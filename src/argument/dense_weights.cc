// SPDX-License-Identifier: Apache-2.0
#include "argument/dense_weights.h"

#include <algorithm>

namespace zkinfer::argument {

DenseWeights::DenseWeights(const circuit::Layout& layout, std::vector<Term> terms)
    : layout_(layout), terms_(std::move(terms)) {
  terms_of_column_.resize(layout.columns.size());
  for (std::uint32_t i = 0; i < terms_.size(); ++i) {
    terms_of_column_[terms_[i].column].push_back(i);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> support;
    for (const Vector& vector : terms_[i].vectors) {
      const std::vector<Fe>& values = vector->values();  // listed here, in one thread
      std::uint64_t first = 0;
      std::uint64_t last = values.size();
      while (first < last && values[first].is_zero()) ++first;
      while (last > first && values[last - 1].is_zero()) --last;
      support.emplace_back(vector->begin() + first, vector->begin() + last);
    }
    supports_.push_back(std::move(support));
  }
}

bool DenseWeights::misses(std::uint32_t term_index, const circuit::Block& block) const {
  const auto& support = supports_[term_index];
  for (std::size_t axis = 0; axis < support.size(); ++axis) {
    const circuit::AxisPiece& piece = block.pieces[axis];
    if (support[axis].first >= piece.begin + piece.length || support[axis].second <= piece.begin) return true;
  }
  return false;
}

void DenseWeights::add_rows(std::size_t lane, std::size_t first, const Fe& factor, FeSpan out) const {
  const std::uint64_t end = first + out.size;
  FeVec scratch;
  for (const auto& [column, block_index] : layout_.lanes[lane]) {
    const circuit::ColumnLayout& placed_column = layout_.columns[column];
    const circuit::PlacedBlock& placed = placed_column.blocks[block_index];
    const int log_size = placed.block.log_size();
    if (placed.row >= end || placed.row + (std::uint64_t{1} << log_size) <= first) continue;
    for (const std::uint32_t term_index : terms_of_column_[column]) {
      if (misses(term_index, placed.block)) continue;
      const Term& term = terms_[term_index];
      const std::vector<std::uint32_t>& order = placed_column.cuts.order;
      if (order.empty()) {
        out.set(placed.row - first, out.get(placed.row - first) + factor * term.coef);
        continue;
      }
      // Of a piece, the indices on which the vector is not zero.
      const auto visible = [&](std::uint32_t axis) {
        const circuit::AxisPiece& piece = placed.block.pieces[axis];
        const auto& [least, last] = supports_[term_index][axis];
        return std::pair(std::max(piece.begin, least), std::min(piece.begin + piece.length, last));
      };
      const circuit::AxisPiece& inner = placed.block.pieces[order.back()];
      auto [inner_begin, inner_end] = visible(order.back());
      // Rows of one run, or of many whole ones and parts of two.
      if (first >> inner.bits == (end - 1) >> inner.bits) {
        const std::uint64_t run = inner.begin + (first & ((std::uint64_t{1} << inner.bits) - 1));
        inner_begin = std::max(inner_begin, run);
        inner_end = std::min(inner_end, run + out.size);
        if (inner_begin >= inner_end) continue;
      }
      const std::uint64_t offset = inner_begin - inner.begin;
      scratch.resize(inner_end - inner_begin);
      const AxisWeights& inner_vector = *term.vectors[order.back()];
      for (std::uint64_t i = inner_begin; i < inner_end; ++i)
        scratch.set(i - inner_begin, inner_vector.values()[i - inner_vector.begin()]);
      const auto add_run = [&](std::uint64_t row, const Fe& weight) {
        const std::uint64_t from = std::max<std::uint64_t>(row, first), to = std::min(row + scratch.size(), end);
        if (from < to) vec::axpy(weight, scratch.subspan(from - row, to - from), out.subspan(from - first, to - from));
      };
      // bits: of the axes from `level` on.
      const auto visit = [&](auto& self, std::size_t level, int bits, std::uint64_t row, const Fe& weight) -> void {
        if (row << bits >= end || (row + 1) << bits <= first) return;
        if (level + 1 == order.size()) {
          if (!weight.is_zero()) add_run((row << inner.bits) + offset, weight);
          return;
        }
        const circuit::AxisPiece& piece = placed.block.pieces[order[level]];
        const AxisWeights& vector = *term.vectors[order[level]];
        const auto [begin, last] = visible(order[level]);
        for (std::uint64_t i = begin; i < last; ++i) {
          self(self, level + 1, bits - piece.bits, (row << piece.bits) + i - piece.begin,
               weight * vector.values()[i - vector.begin()]);
        }
      };
      visit(visit, 0, log_size, placed.row >> log_size, factor * term.coef);
    }
  }
}

}  // namespace zkinfer::argument
