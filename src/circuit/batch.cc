// SPDX-License-Identifier: Apache-2.0
#include "circuit/batch.h"

#include <algorithm>

namespace zkinfer::circuit {

namespace {

class Batcher {
 public:
  Batcher(Circuit circuit, std::uint64_t num_rows) : circuit_(std::move(circuit)), num_rows_(num_rows) {}

  Circuit repeat() && {
    find_columns();
    for (Table& table : circuit_.tables) repeat(table);
    for (Lookup& lookup : circuit_.lookups) repeat(lookup);
    for (Contraction& relation : circuit_.contractions) repeat(relation);
    for (Equality& equality : circuit_.equalities) {
      if (reads_row(equality.expr)) repeat(equality.box, {&equality.expr});
    }
    // Values that all rows have in common are public once for each row, too.
    for (PublicTensor& tensor : circuit_.public_tensors) repeat(tensor.box, {&tensor.expr});
    for (ColumnId id = 0; id < circuit_.columns.size(); ++id) {
      if (of_row_[id]) repeat(circuit_.columns[id]);
    }
    return std::move(circuit_);
  }

 private:
  static bool is_data(const Column& column) { return column.oracle >= Oracle::kFirstData; }

  void find_columns() {
    for (const Column& column : circuit_.columns)
      of_row_.push_back(is_data(column) || (column.oracle == Oracle::kWitness && !column.is_shared));
    of_row_[circuit_.blind] = false;
    for (const Table& table : circuit_.tables)
      of_row_[table.multiplicity] = table.committed && reads_row(*table.committed);
  }

  bool reads_row(const LinExpr& expr) const {
    return std::any_of(expr.views.begin(), expr.views.end(), [&](const View& view) { return of_row_[view.column]; });
  }
  bool reads_row(const Tuples& tuples) const {
    return reads_row(tuples.run) || std::any_of(tuples.tuple.begin(), tuples.tuple.end(),
                                                [&](const LinExpr& entry) { return reads_row(entry); });
  }

  void repeat(Column& column) const {
    // One axis in an oracle of its own: as whoever commits to the tensors of all rows lays them out (protocol.md, section 3).
    if (is_data(column))
      column.shape[0] *= num_rows_;
    else
      column.shape.insert(column.shape.begin(), num_rows_);
  }

  // The expression over the box with the leading axis.
  void repeat(LinExpr& expr) const {
    for (Slope& slope : expr.slopes) ++slope.box_axis;
    for (View& view : expr.views) {
      for (AxisMap& map : view.axes) {
        for (AxisTerm& term : map.terms) ++term.box_axis;
      }
      if (!of_row_[view.column]) continue;
      const Column& column = circuit_.columns[view.column];
      if (is_data(column))
        view.axes[0].terms.push_back({0, static_cast<std::int64_t>(column.shape[0])});
      else
        view.axes.insert(view.axes.begin(), AxisMap{0, {{0, 1}}, {}});
    }
  }
  void repeat(Box& box, std::initializer_list<LinExpr*> exprs) const {
    box.insert(box.begin(), num_rows_);
    for (LinExpr* expr : exprs) repeat(*expr);
  }
  void repeat(Tuples& tuples) const {
    repeat(tuples.box, {&tuples.run});
    for (LinExpr& entry : tuples.tuple) repeat(entry);
  }

  void repeat(Contraction& relation) const {
    const bool lhs = reads_row(relation.lhs), rhs = reads_row(relation.rhs);
    if (!lhs && !rhs && !reads_row(relation.y)) return;
    relation.roles.insert(relation.roles.begin(), lhs && rhs ? AxisRole::kC : rhs ? AxisRole::kB : AxisRole::kA);
    repeat(relation.box, {&relation.y, &relation.lhs, &relation.rhs});
  }

  // The row's number becomes part of the number of the line, the second entry of a committed table's rows: n lines + line. In
  // the tuples of `repeated`, whose first two entries are those of such rows; had_lines: in the given circuit.
  static void number(Tuples& repeated, bool had_lines, std::uint64_t lines) {
    const Slope row{0, Fp::from_int(static_cast<std::int64_t>(lines))};
    if (!had_lines) {
      repeated.tuple.insert(repeated.tuple.begin() + 1, LinExpr{Fp(), {}, false, {row}});
      return;
    }
    LinExpr& line = repeated.tuple[1];
    ZKI_CHECK(line.views.empty(), "lines are numbered by position, which nobody can choose");
    line.slopes.push_back(row);
  }

  void repeat(Table& table) const {
    if (!table.committed || !of_row_[table.multiplicity]) return;
    const bool had_lines = table.committed->box.size() > 1;
    const std::uint64_t lines = box_size(table.committed->box) / table.committed->box.back();
    repeat(*table.committed);
    number(*table.committed, had_lines, lines);
  }

  void repeat(Lookup& lookup) const {
    const Table& table = circuit_.tables[lookup.table];
    const bool numbered = table.committed && of_row_[table.multiplicity];
    if (!numbered && !reads_row(lookup)) return;
    repeat(static_cast<Tuples&>(lookup));
    if (!numbered) return;
    // The table's box is repeated already.
    const Box& rows = table.committed->box;
    number(lookup, rows.size() > 2, box_size(rows) / rows.back() / num_rows_);
  }

  Circuit circuit_;
  const std::uint64_t num_rows_;
  std::vector<bool> of_row_;  // [column]: whether every row has its own
};

}  // namespace

Circuit batched(Circuit row, std::uint64_t num_rows) {
  ZKI_CHECK(num_rows >= 1 && num_rows <= std::uint64_t{1} << 30, "a batch has rows");
  return Batcher(std::move(row), num_rows).repeat();
}

}  // namespace zkinfer::circuit
