// SPDX-License-Identifier: Apache-2.0
// The totals of an evaluation's chunk. Of cells: a table of its own, whose multiplicities they are (what else is looked up there would be counted
// too). Of sums: the rows' output, summed over the axis of the rows. Then
//   totals = totals of the chunk before + own                  both committed, or the first public
// and of an AUC, where nothing follows, with t the totals and W the number of scores, Q_i = t_i the other rows and P_i = t_(W+i) those of the class:
//   below_i = below_(i-1) + Q_(i-1), below_0 = 0               the others with a lower score
//   pairs = sum_i P_i (2 below_i + Q_i)                        a contraction
// Each of these gives one value. All are below 2^62 (kMaxTotal), hence exact modulo p.
#include "relations/compile.h"

namespace zkinfer::relations {

namespace {

class TotalsWriter {
 public:
  TotalsWriter(circuit::Circuit circuit, const qir::Outcome& outcome, const ChunkShape& shape)
      : circuit_(std::move(circuit)), outcome_(outcome), shape_(shape) {}

  circuit::Circuit write() && {
    circuit::PublicTensor rows = std::move(circuit_.public_tensors.front());
    circuit_.public_tensors.erase(circuit_.public_tensors.begin());
    value_ = rows.value;
    LinExpr totals = outcome_.is_summed ? sum(rows) : count(std::move(rows));
    const Box box = {totals_size(outcome_)};
    std::size_t next = 0;
    const auto committed = [&](const char* name) { return column(name, circuit::data_oracle(next++), box); };
    const LinExpr given = shape_.gives ? committed("totals") : LinExpr{};
    if (shape_.takes) totals = circuit::plus(std::move(totals), committed("totals before"));
    if (shape_.gives) {
      circuit_.equalities.push_back({"totals", box, circuit::minus(given, totals)});
    } else if (outcome_.num_scores > 0) {
      compare(totals);
    } else {
      show(box, std::move(totals));
    }
    return std::move(circuit_);
  }

 private:
  LinExpr column(const std::string& name, circuit::Oracle oracle, const Box& shape) {
    circuit_.columns.push_back({name, oracle, shape});
    return circuit::column_expr(circuit_.columns.back(), static_cast<circuit::ColumnId>(circuit_.columns.size() - 1));
  }
  void show(const Box& box, LinExpr expr) { circuit_.public_tensors.push_back({value_, box, std::move(expr)}); }

  LinExpr count(circuit::PublicTensor cells) {
    circuit::Table table;
    table.rows.log_size = static_cast<std::uint8_t>(circuit::axis_bits(outcome_.num_totals));
    table.multiplicity = static_cast<circuit::ColumnId>(circuit_.columns.size());
    LinExpr counts = column("counts", circuit::Oracle::kWitness, {table.num_rows()});
    circuit_.lookups.push_back(
        {{std::move(cells.box), {std::move(cells.expr)}}, "cells", static_cast<std::uint32_t>(circuit_.tables.size())});
    circuit_.tables.push_back(std::move(table));
    return counts;
  }
  // Row-major, whatever axes the output has beside the rows'.
  LinExpr sum(const circuit::PublicTensor& rows) {
    std::vector<AxisMap> maps = {{0, {}, {{shape_.num_rows, 1}}}};
    for (std::size_t axis = 1; axis < rows.box.size(); ++axis) {
      const bool is_long = rows.box[axis] > 1;
      ZKI_CHECK(!is_long || rows.box[axis] == outcome_.num_totals, "a row has a number for each group");
      maps.push_back(is_long ? AxisMap{0, {{0, 1}}, {}} : AxisMap{});
    }
    return circuit::rebase(rows.expr, maps);
  }
  void compare(const LinExpr& totals) {
    const Box scores = {outcome_.num_scores}, one = {1};
    const auto from = [&](std::uint64_t first) { return AxisMap{static_cast<std::int64_t>(first), {{0, 1}}, {}}; };
    const auto all = [&](std::uint64_t first) {
      return AxisMap{static_cast<std::int64_t>(first), {}, {{outcome_.num_scores, 1}}};
    };
    const LinExpr others = circuit::rebase(totals, {from(0)});
    const LinExpr below = column("below", circuit::Oracle::kWitness, scores);
    const LinExpr rise = circuit::minus(below, circuit::rebase(circuit::plus(below, others), {{-1, {{0, 1}}, {}}}));
    circuit_.equalities.push_back({"below", scores, rise});
    const LinExpr pairs = column("pairs", circuit::Oracle::kWitness, one);
    circuit_.contractions.push_back({"pairs",
                                     scores,
                                     {circuit::AxisRole::kK},
                                     circuit::rebase(pairs, {AxisMap{}}),
                                     circuit::rebase(totals, {from(outcome_.num_scores)}),
                                     circuit::plus(circuit::scaled(below, 2), others)});
    show(one, pairs);
    show(one, circuit::rebase(totals, {all(outcome_.num_scores)}));
    show(one, circuit::rebase(totals, {all(0)}));
  }

  circuit::Circuit circuit_;
  const qir::Outcome& outcome_;
  const ChunkShape shape_;
  qir::ValueId value_ = 0;
};

}  // namespace

std::uint64_t totals_size(const qir::Outcome& outcome) {
  return outcome.is_summed ? outcome.num_totals : std::uint64_t{1} << circuit::axis_bits(outcome.num_totals);
}

Result<circuit::Circuit> build_evaluation(const qir::Outcome& outcome, const ChunkShape& shape, std::uint64_t max_bytes,
                                          RecipeSink* recipes) {
  const qir::Visibility seen{{Exposure::kPublic, TensorHash::kNone}};
  ZKI_ASSIGN_OR_RETURN(circuit::Circuit rows, build_batch(outcome.graph, seen, shape.num_rows, max_bytes, recipes));
  return TotalsWriter(std::move(rows), outcome, shape).write();
}

}  // namespace zkinfer::relations
