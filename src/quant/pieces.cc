// SPDX-License-Identifier: Apache-2.0
#include "quant/pieces.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

namespace zkinfer::quant {

namespace {

// What an element pays for a piece's low part, slope, remainder and value beyond a lookup in a list, in the same unit.
constexpr std::int64_t kElement = 17;
constexpr int kLeastPieceBits = 3;

struct Piece {
  std::int32_t value = 0, slope = 0;
};

// The piece through a run of the curve, with values in [lo, hi], if it stays close enough.
std::optional<Piece> fit(std::span<const double> curve, int slope_shift, std::int32_t lo, std::int32_t hi) {
  const double unit = std::ldexp(1.0, slope_shift);
  const double last = static_cast<double>(curve.size() - 1);
  const double slope = std::nearbyint((curve.back() - curve.front()) / last * unit);
  if (!(std::abs(slope) < static_cast<double>(std::int64_t{1} << 30))) return std::nullopt;
  double least = curve[0], most = curve[0];
  for (std::size_t l = 0; l < curve.size(); ++l) {
    const double rest = curve[l] - slope / unit * static_cast<double>(l);
    least = std::min(least, rest);
    most = std::max(most, rest);
  }
  Piece piece = {static_cast<std::int32_t>(std::nearbyint((least + most) / 2)), static_cast<std::int32_t>(slope)};
  qir::Table one;
  one.values = {piece.value};
  one.slopes = {piece.slope};
  one.slope_shift = static_cast<std::uint8_t>(slope_shift);
  const std::int64_t first = piece.value, end = one.in_piece(0, static_cast<std::int64_t>(curve.size()) - 1);
  if (std::max(first, end) > hi) piece.value -= static_cast<std::int32_t>(std::max(first, end) - hi);
  if (std::min(first, end) < lo) piece.value += static_cast<std::int32_t>(lo - std::min(first, end));
  one.values = {piece.value};
  for (std::size_t l = 0; l < curve.size(); ++l) {
    const auto y = static_cast<double>(one.in_piece(0, static_cast<std::int64_t>(l)));
    if (y < lo || y > hi || std::abs(y - curve[l]) > kPieceError) return std::nullopt;
  }
  return piece;
}

}  // namespace

std::optional<qir::Table> fit_pieces(const qir::Table& list, std::span<const double> curve, std::int64_t num_elements) {
  const auto cost = [&](int piece_bits) {
    return kElement * num_elements + kTableRowCost * (list.num_rows() >> piece_bits);
  };
  if (list.log_size <= kLeastPieceBits || cost(list.log_size) >= kTableRowCost * list.num_rows()) return std::nullopt;
  // What the list gives is y's range.
  const auto [least, most] = std::minmax_element(list.values.begin(), list.values.end());
  for (int bits = list.log_size; bits >= kLeastPieceBits && cost(bits) < kTableRowCost * list.num_rows(); --bits) {
    qir::Table table = list;
    table.kind = qir::TableKind::kPieces;
    table.piece_bits = static_cast<std::uint8_t>(bits);
    table.slope_shift = static_cast<std::uint8_t>(bits + 2);
    table.values.clear();
    bool close = true;
    for (std::int64_t t = 0; close && t < table.num_pieces(); ++t) {
      const auto length = std::size_t{1} << bits;
      const std::optional<Piece> piece =
          fit(curve.subspan(static_cast<std::size_t>(t) << bits, length), table.slope_shift, *least, *most);
      close = piece.has_value();
      if (!close) break;
      table.values.push_back(piece->value);
      table.slopes.push_back(piece->slope);
    }
    if (close) return table;
  }
  return std::nullopt;
}

}  // namespace zkinfer::quant
