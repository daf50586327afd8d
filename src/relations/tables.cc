// SPDX-License-Identifier: Apache-2.0
// The builder's tables: each once, whoever looks something up in it, and only those that are used; and ranges, which are lookups of
// limbs, cut so that they cost least over all that is looked up.
#include <algorithm>

#include "base/check.h"
#include "relations/builder.h"

namespace zkinfer::relations {

void Builder::add_lookup(std::string name, std::uint32_t table, circuit::Tuples tuples) {
  ZKI_CHECK_EQ(tuples.num_entries(), circuit_.tables[table].tuple_size(), "a tuple has its table's width");
  looked_up_.resize(circuit_.tables.size());
  if (!looked_up_[table]) note_use(table);
  circuit_.lookups.push_back({std::move(tuples), std::move(name), table});
}

std::uint32_t Builder::committed_table(qir::ValueId data, circuit::Tuples rows) {
  // One comparison per table, however many are made of a value.
  const auto known = committed_.find(data);
  if (known != committed_.end() && circuit_.tables[known->second].committed == rows) return known->second;
  circuit_.tables.push_back({.committed = std::move(rows)});
  return committed_[data] = static_cast<std::uint32_t>(circuit_.tables.size() - 1);
}

void Builder::note_use(std::uint32_t index) {
  looked_up_[index] = true;
  const circuit::Table& table = circuit_.tables[index];
  if (table.grid || table.committed || table.form != circuit::Table::Form::kValues) return;
  const qir::Table& rows = table.rows;
  if (rows.kind == qir::TableKind::kRange && rows.log_size <= kMaxRangeBits) range_tables_[rows.log_size] = index;
  // Exact on its whole domain: no value may be clamped from above.
  const std::int64_t last = rows.first + rows.num_rows() - 1;
  if (rows.kind == qir::TableKind::kClamp && rows.clamp_lo == 0 && rows.clamp_hi >= last)
    positive_part_tables_.emplace(std::min(-rows.first, last), index);
}

std::uint32_t Builder::add_table(circuit::Table table) {
  const auto index = static_cast<std::uint32_t>(circuit_.tables.size());
  const qir::Table& rows = table.rows;
  if (!table.grid && rows.kind == qir::TableKind::kRange && rows.log_size <= kMaxRangeBits) {
    std::optional<std::uint32_t>& known = range_tables_[rows.log_size];
    if (!known) known = index;
  }
  if (rows.kind == qir::TableKind::kClamp)
    clamp_tables_.try_emplace({table.form, rows.first, rows.log_size, rows.clamp_lo, rows.clamp_hi}, index);
  circuit_.tables.push_back(std::move(table));
  return index;
}

std::uint32_t Builder::clamp_table(circuit::Table::Form form, std::int64_t first, int log_size, std::int64_t lo,
                                   std::int64_t hi) {
  const auto known = clamp_tables_.find({form, first, log_size, lo, hi});
  if (known != clamp_tables_.end()) return known->second;
  return add_table({{qir::TableKind::kClamp, first, static_cast<std::uint8_t>(log_size), lo, hi, {}}, form});
}

const Pieces& Builder::pieces(std::int32_t table) {
  const auto [known, is_new] = pieces_.try_emplace(table);
  if (is_new) {
    const qir::Table& rows = graph_.tables[static_cast<std::size_t>(table)];
    const qir::Interval values = qir::values_of(rows);
    known->second = {add_table({rows, circuit::Table::Form::kPieces}), std::make_shared<const qir::Table>(rows),
                     static_cast<std::int64_t>(values.lo),
                     circuit::axis_bits(static_cast<std::uint64_t>(values.width()) + 1)};
  }
  return known->second;
}

std::uint32_t Builder::explicit_table(int log_size, std::vector<std::int32_t> values) {
  const auto& tables = circuit_.tables;
  for (std::uint32_t i = 0; i < tables.size(); ++i) {
    const qir::Table& rows = tables[i].rows;  // of no kind that is asked for where the table is no table of the graph's
    if (rows.kind == qir::TableKind::kExplicit && rows.first == 0 && rows.values == values) return i;
  }
  qir::Table rows;
  rows.kind = qir::TableKind::kExplicit;
  rows.log_size = static_cast<std::uint8_t>(log_size);
  rows.values = std::move(values);
  return add_table({std::move(rows)});
}

void Builder::survey_tables() {
  uses_.resize(graph_.tables.size());
  qir::Ranges declared;
  for (const qir::Value& v : graph_.values) declared.push_back(qir::range_of(v));
  for (const qir::Node& node : graph_.nodes) {
    if (node.requant.table_index == qir::kNoTable || node.op == qir::Op::kSoftmax) continue;
    TableUse& use = uses_[static_cast<std::size_t>(node.requant.table_index)];
    const std::uint64_t num_elements = num_rows_ * static_cast<std::uint64_t>(value(node.output).shape.num_elements());
    const qir::Interval arguments = qir::honest_arguments(graph_, node, declared);
    use.arguments = use.num_elements == 0 ? arguments : qir::hull(use.arguments, arguments);
    use.num_elements += num_elements;
    remainders_[node.requant.shift] += num_elements;
  }
}

void Builder::finish_tables() {
  // Tables that nothing looks up cost leaves for nothing.
  std::vector<std::uint32_t> new_index(circuit_.tables.size(), 0);
  std::vector<bool> used(circuit_.tables.size(), false);
  for (const circuit::Lookup& lookup : circuit_.lookups) used[lookup.table] = true;
  std::vector<circuit::Table> kept;
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) continue;
    new_index[i] = static_cast<std::uint32_t>(kept.size());
    kept.push_back(std::move(circuit_.tables[i]));
  }
  circuit_.tables = std::move(kept);
  for (circuit::Lookup& lookup : circuit_.lookups) lookup.table = new_index[lookup.table];
  for (std::size_t i = 0; i < circuit_.tables.size(); ++i) {
    circuit::Table& table = circuit_.tables[i];
    table.multiplicity = add_column("multiplicities of table " + std::to_string(i), circuit::Oracle::kWitness,
                                    table.committed ? table.committed->box : Box{table.num_rows()});
  }
  circuit_.blind = add_column("lookup blind", circuit::Oracle::kWitness, {3});
}

void Builder::add_range_check(const std::string& name, const Box& box, const LinExpr& expr, int log_size) {
  const std::uint64_t planned = remainders_[static_cast<std::size_t>(log_size)];
  const int limb_bits = cheapest_limb(std::max(num_rows_ * circuit::box_size(box), planned), log_size);
  // The lowest limb is what the others leave.
  LinExpr lowest = expr;
  for (int shift = limb_bits; shift < log_size; shift += limb_bits) {
    const int width = std::min(limb_bits, log_size - shift);
    const LinExpr limb = add_witness(name + " limb", box);
    recipes().limb(column_of(limb), expr, box, shift, width);
    add_range_lookup(name + " limb", box, limb, width);
    lowest = circuit::minus(lowest, circuit::scaled(limb, std::int64_t{1} << shift));
  }
  add_range_lookup(name, box, lowest, limb_bits);
}

void Builder::add_range_lookup(const std::string& name, const Box& box, const LinExpr& expr, int log_size) {
  std::optional<std::uint32_t> table = range_tables_[static_cast<std::size_t>(log_size)];
  if (!table) {
    qir::Table rows;
    rows.log_size = static_cast<std::uint8_t>(log_size);
    table = add_table({std::move(rows)});
  }
  add_lookup(name, box, *table, {circuit::plus_constant(expr, circuit_.tables[*table].rows.first)});
}

std::uint64_t Builder::new_rows(int bits) const {
  const std::optional<std::uint32_t>& table = range_tables_[static_cast<std::size_t>(bits)];
  return table && *table < looked_up_.size() && looked_up_[*table] ? 0 : std::uint64_t{1} << bits;
}

std::uint64_t Builder::limbs_cost(std::uint64_t num_elements, int log_size, int limb_bits) const {
  const int num_limbs = (log_size + limb_bits - 1) / limb_bits;
  const int last = log_size - (num_limbs - 1) * limb_bits;
  const std::uint64_t rows = new_rows(limb_bits) + (last == limb_bits ? 0 : new_rows(last));
  // A limb is a lookup, and a column but for the lowest.
  return num_elements * (static_cast<std::uint64_t>(num_limbs) * (kLookupCost + kColumnCost) - kColumnCost) +
         kRowCost * rows;
}

int Builder::cheapest_limb(std::uint64_t num_elements, int log_size) const {
  if (log_size <= kUncutBits) return log_size;
  int best = std::min(kMaxRangeBits, log_size);
  std::uint64_t least = kNever;
  for (int bits = best; bits >= 1; --bits) {
    const std::uint64_t cost = limbs_cost(num_elements, log_size, bits);
    if (cost >= least) continue;
    least = cost;
    best = bits;
  }
  return best;
}

std::uint64_t Builder::range_cost(std::uint64_t num_elements, int log_size) const {
  const int bits = cheapest_limb(num_elements, log_size);
  return bits == 0 ? 0 : limbs_cost(num_elements, log_size, bits);
}

void Builder::add_nonnegative_check(const std::string& name, const Box& box, const LinExpr& expr, std::int64_t reach,
                                    int most_bits) {
  const int log_size = circuit::axis_bits(static_cast<std::uint64_t>(reach) + 1);
  int bits = log_size;
  while (bits <= std::min(most_bits, kMaxRangeBits) && !range_tables_[static_cast<std::size_t>(bits)]) ++bits;
  add_range_check(name, box, expr, bits <= std::min(most_bits, kMaxRangeBits) ? bits : log_size);
}

void Builder::add_between(const std::string& name, const Box& box, const LinExpr& expr, const LinExpr& most, int bits) {
  add_range_check(name, box, expr, bits);
  add_range_check(name + " complement", box, circuit::minus(most, expr), bits);
}

void Builder::add_interval_check(const std::string& name, const Box& box, const LinExpr& expr, std::int64_t lo,
                                 std::int64_t hi) {
  const auto width = static_cast<std::uint64_t>(hi - lo) + 1;
  const int bits = circuit::axis_bits(width);
  add_range_check(name + " range", box, circuit::plus_constant(expr, -lo), bits);
  if (width != std::uint64_t{1} << bits) {
    add_range_check(name + " upper range", box, circuit::plus_constant(circuit::scaled(expr, -1), hi), bits);
  }
}

}  // namespace zkinfer::relations
