// SPDX-License-Identifier: Apache-2.0
// Tables in closed form are what their rows say.
#include <random>

#include <gtest/gtest.h>

#include "argument/eq_moments.h"
#include "field/eq.h"

namespace zkinfer::argument {
namespace {

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : engine_(seed) {}
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(engine_);
  }
  std::vector<Fe> point(int bits) {
    std::vector<Fe> out;
    for (int i = 0; i < bits; ++i)
      out.emplace_back(Fp::reduce(engine_()), Fp::reduce(engine_()), Fp::reduce(engine_()));
    return out;
  }

 private:
  std::mt19937_64 engine_;
};

// Whether entry `index` has lines; they are compared with every row.
bool compare(const circuit::Table& table, std::size_t index, const std::vector<Fe>& point) {
  const std::vector<circuit::Line> lines = table.lines(index);
  if (lines.empty()) return false;
  std::size_t line = 0;
  const std::vector<Fe> eq = eq_vector(point);
  Fe sum;
  for (std::uint64_t row = 0; row < table.num_rows(); ++row) {
    while (row >= lines[line].end) ++line;
    const std::int64_t value = lines[line].value + (lines[line].rises ? static_cast<std::int64_t>(row) : 0);
    EXPECT_EQ(value, table.entry(row, index)) << "row " << row << " of entry " << index;
    sum += eq[row] * Fp::from_int(value);
  }
  EXPECT_EQ(lines.back().end, table.num_rows());
  EXPECT_EQ(EqMoments(point).value(lines), sum);
  return true;
}

TEST(EqMoments, LinesAreTheRowsOfTheTable) {
  Draw draw(11);
  int num_lines = 0;
  for (int round = 0; round < 300; ++round) {
    circuit::Table table;
    qir::Table& rows = table.rows;
    rows.log_size = static_cast<std::uint8_t>(draw.between(0, 9));
    rows.first = draw.between(-600, 100);
    const std::vector<Fe> point = draw.point(rows.log_size);
    if (round % 4 != 0) {
      // Limits inside, at the ends and beyond the rows; no room between them.
      rows.kind = qir::TableKind::kClamp;
      rows.clamp_lo = rows.first + draw.between(-3, rows.num_rows() + 2);
      rows.clamp_hi = rows.clamp_lo + draw.between(0, round % 3 == 0 ? 2 : rows.num_rows());
      if (round % 2 == 0) table.form = circuit::Table::Form::kOutside;
    }
    for (std::size_t index = 0; index < table.tuple_size(); ++index) num_lines += compare(table, index, point) ? 1 : 0;
  }
  EXPECT_GE(num_lines, 300 + 225);
  circuit::Table explicit_rows;
  explicit_rows.rows = {qir::TableKind::kExplicit, -1, 1, 0, 0, {3, 4}};
  EXPECT_TRUE(compare(explicit_rows, 0, draw.point(1)));
  EXPECT_FALSE(compare(explicit_rows, 1, draw.point(1)));
}

}  // namespace
}  // namespace zkinfer::argument
