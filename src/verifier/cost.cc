// SPDX-License-Identifier: Apache-2.0
#include "verifier/cost.h"

#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "argument/functional.h"
#include "argument/plan.h"
#include "circuit/blocks.h"
#include "circuit/expr.h"
#include "circuit/layout.h"
#include "statement/canonical_bytes.h"

namespace zkinfer::verifier {

namespace {

using circuit::AxisPiece;
using circuit::Box;
using circuit::Circuit;
using circuit::LinExpr;

// Nanoseconds on one core, measured as docs/threat_model.md says.
constexpr std::uint64_t kStep = 20;      // a multiplication and an addition in K, or a read and an addition
constexpr std::uint64_t kCall = 400;     // a term that is looked up, made and passed on
constexpr std::uint64_t kView = 500;     // a view of a circuit that is derived, grouped and freed
constexpr std::uint64_t kHash = 600;     // a Keccak permutation, of 136 bytes
constexpr std::uint64_t kHashByte = 8;   // of the slower of the hashes of public data
constexpr std::uint64_t kKeyByte = 30;   // of a key that is parsed
constexpr std::uint64_t kKeyMemory = 8;  // bytes per byte of it: the graph that it is parsed to
constexpr std::uint64_t kElement = 60;   // a public integer that is parsed, checked, absorbed and evaluated
constexpr std::uint64_t kFeBytes = 24, kNodeBytes = 96;  // a small heap object with its place in a map
constexpr std::uint64_t kViewBytes = 96, kAxisBytes = 96, kAxisTermBytes = 16;
constexpr std::uint64_t kMany = std::uint64_t{1} << 62;

std::uint64_t plus(std::uint64_t a, std::uint64_t b) { return std::min(kMany, a + b); }
std::uint64_t times(std::uint64_t a, std::uint64_t b) { return b != 0 && a > kMany / b ? kMany : a * b; }

// How one box axis is cut, and at how many places of a block each piece may lie.
struct AxisChoices {
  std::vector<AxisPiece> pieces;
  std::uint64_t positions = 1;
  std::uint64_t listed = 0;  // length of weights that are no eq: a run's powers of beta

  std::uint64_t count() const { return times(pieces.size(), positions); }
  std::uint64_t total_length() const {
    std::uint64_t sum = 0;
    for (const AxisPiece& piece : pieces) sum += piece.length;
    return times(sum, positions);
  }
};
using BoxChoices = std::vector<AxisChoices>;

// A box that is not cut may have more than 64 bits, and then an axis that the index knows no place of.
BoxChoices choices_of(const circuit::Cuts& cuts) {
  const circuit::BlockIndex index(cuts);
  BoxChoices out;
  for (std::uint32_t axis = 0; axis < cuts.pieces.size(); ++axis)
    out.push_back({cuts.pieces[axis], std::max<std::uint64_t>(1, index.positions(axis))});
  return out;
}

BoxChoices whole_box(const Box& box) { return choices_of(circuit::uncut_axes(box)); }

class Counter {
 public:
  Counter(const statement::Key& key, const Circuit& circuit, const VerifyLimits& limits, std::uint64_t num_rows)
      : key_(key),
        circuit_(circuit),
        limits_(limits),
        num_rows_(num_rows),
        index_bits_(key.params.fold_bits() + key.params.final_rounds()),
        is_padded_(argument::pads_leaves(circuit)) {}

  VerifyCost count(const VerifyCost& spent) {
    cost_ = spent;
    add_all();
    cost_.memory_bytes = plus(cost_.memory_bytes, peak_);
    return cost_;
  }

 private:
  // Stops when a limit is passed.
  void add_all() {
    add_statement();
    add_opening();
    add_circuit();
    Shared shared;
    const Box* box = nullptr;
    for (const circuit::Lookup& lookup : circuit_.lookups) {
      if (box == nullptr || *box != lookup.box) shared = Shared();
      box = &lookup.box;
      add_leaves(shared, lookup, {});
      if (over()) return;
    }
    for (const circuit::Table& table : circuit_.tables) {
      if (!table.committed) {
        add_table(table);
        continue;
      }
      shared = Shared();
      add_leaves(shared, *table.committed,
                 circuit::column_expr(circuit_.columns[table.multiplicity], table.multiplicity));
      if (over()) return;
    }
    const auto relation = [&](const Box& box_of, const std::vector<const LinExpr*>& exprs) {
      if (!over()) borrow(add_relation(whole_box(box_of), exprs));
    };
    for (const circuit::Contraction& c : circuit_.contractions) relation(c.box, {&c.y, &c.lhs, &c.rhs});
    for (const circuit::Equality& equality : circuit_.equalities) relation(equality.box, {&equality.expr});
    for (const circuit::PublicTensor& tensor : circuit_.public_tensors) relation(tensor.box, {&tensor.expr});
    if (!circuit_.seats || over()) return;
    for (const circuit::PublicTensor& tensor : circuit_.seats->tensors) {
      relation(tensor.box, {&tensor.expr});
      // The row of whoever checks: entries, weights, leaf.
      spend(times(circuit::box_size(tensor.box) / num_rows_, kElement + kHash));
    }
    spend(times(num_rows_, kCall + kHash));  // the marks: read, absorbed, evaluated
    keep(times(num_rows_, 4 * kFeBytes));
  }

  struct ColumnCost {
    BoxChoices axes;
    std::uint64_t per_hit = 1;   // steps
    circuit::ColumnId like = 0;  // the first column of its oracle that is cut as it is
  };
  // What a relation's expressions, or those of all lookups over one box, have in common: the weights of the box axes, which columns'
  // vectors mostly are. Counted once, held until the last of them is done.
  struct Shared {
    std::set<std::uint32_t> listed;                                             // box axes
    std::set<std::tuple<circuit::ColumnId, std::size_t, std::uint32_t>> known;  // column, its axis, box axis
    std::uint64_t bytes = 0;
  };

  bool over() const {
    return cost_.nanoseconds > limits_.nanoseconds || plus(cost_.memory_bytes, peak_) > limits_.memory_bytes;
  }
  void spend(std::uint64_t nanoseconds) { cost_.nanoseconds = plus(cost_.nanoseconds, nanoseconds); }
  void steps(std::uint64_t count) { spend(times(count, kStep)); }
  // Memory that stays.
  void keep(std::uint64_t bytes) { cost_.memory_bytes = plus(cost_.memory_bytes, bytes); }
  // Memory that is freed before the next relation.
  void borrow(std::uint64_t bytes) { peak_ = std::max(peak_, bytes); }

  void add_statement();
  void add_opening();
  void add_oracle(const pcs::CodeParams& oracle, std::uint64_t leaf_values);
  void add_circuit();
  void add_leaves(Shared& shared, const circuit::Tuples& tuples, const LinExpr& numerator);
  void add_table(const circuit::Table& table);
  // The bytes that a relation holds until it ends, but for what is shared.
  std::uint64_t add_relation(const BoxChoices& box, const std::vector<const LinExpr*>& exprs, Shared& shared);
  std::uint64_t add_relation(const BoxChoices& box, const std::vector<const LinExpr*>& exprs) {
    Shared own;
    const std::uint64_t bytes = add_relation(box, exprs, own);
    return plus(bytes, own.bytes);
  }
  std::uint64_t add_expression(const LinExpr& expr, const BoxChoices& box, Shared& shared);
  std::uint64_t blocks_hit(const circuit::AxisMap& map, const std::vector<std::uint32_t>& depends,
                           const BoxChoices& box, const std::vector<AxisPiece>& pieces);
  const ColumnCost& column_cost(circuit::ColumnId id);

  const statement::Key& key_;
  const Circuit& circuit_;
  const VerifyLimits& limits_;
  const std::uint64_t num_rows_;
  const int index_bits_;
  const bool is_padded_;  // leaves
  VerifyCost cost_;
  std::uint64_t peak_ = 0;
  std::map<circuit::ColumnId, ColumnCost> columns_;
  std::map<circuit::Oracle, int> block_limits_;
  std::map<std::pair<circuit::Oracle, circuit::Cuts>, circuit::ColumnId> alike_;
  std::set<std::pair<int, int>> eq_tables_;  // position, bits
};

// Public data: read, checked, hashed, absorbed, evaluated.
void Counter::add_statement() {
  for (const auto& [id, policy] : qir::seen_tensors(key_.graph, key_.visibility)) {
    const qir::Value& value = key_.graph.value(id);
    const std::uint64_t elements = times(num_rows_, static_cast<std::uint64_t>(value.shape.num_elements()));
    const std::uint64_t bytes = times(elements, statement::entry_format(value.lo, value.hi).num_bytes);
    spend(times(num_rows_, kCall));
    if (!policy.is_public()) continue;
    spend(times(elements, kElement));
    keep(times(elements, 7 * sizeof(std::int64_t)));  // values, copies, and the weights of one long axis
    if (policy.hash == TensorHash::kNone) continue;
    spend(times(bytes, 2 * kHashByte));
    keep(bytes);
  }
  const std::uint64_t key_bytes = qir::structure_bytes(key_.graph).size();
  spend(times(key_bytes, 2 * kKeyByte));  // parsed, and hashed with every statement
  keep(times(key_bytes, kKeyMemory));
}

void Counter::add_oracle(const pcs::CodeParams& oracle, std::uint64_t leaf_values) {
  const std::uint64_t t = oracle.num_queries;
  spend(times(t, times(kHash, leaf_values * 8 / 136 + 2 + oracle.log_domain)));
  // Parsing, the fold of the row, its point; the order of the indices.
  steps(times(t, 2 * leaf_values + 4 * oracle.log_domain + 32));
  borrow(times(t, leaf_values * 16 + 32 * std::uint64_t{oracle.log_domain} * 3 + kNodeBytes));
}

void Counter::add_opening() {
  const pcs::OpeningParams& params = key_.params;
  std::uint64_t functionals = 0;
  for (const pcs::BaseOracle& base : params.bases()) {
    add_oracle(*base.params, base.params->num_lanes());
    functionals += base.params->num_queries + 3;
  }
  for (const pcs::CodeParams& fold : params.folds) {
    add_oracle(fold, 3 * fold.num_lanes());
    functionals += fold.num_queries + 2;
  }
  steps(times(functionals, 4 * static_cast<std::uint64_t>(index_bits_) + 16));
  const std::uint64_t final_size = params.final_size();
  steps(times(final_size, 4));
  spend(times(final_size, 2 * kHash));
  keep(times(final_size, 3 * kNodeBytes) + times(functionals, 2 * kNodeBytes));
  if (!params.security.zero_knowledge) return;
  add_oracle(params.mask, 6);
  const std::uint64_t mask = params.mask.dimension();
  spend(times(mask, kHash));
  steps(times(mask, 2 * std::uint64_t{params.mask.num_queries} + 8));  // Horner: one product waits for the other
  keep(times(mask, 2 * kFeBytes));
}

// Deriving, grouping and placing: every expression once, every block of every column once.
void Counter::add_circuit() {
  const auto expression = [&](const LinExpr& expr) {
    for (const circuit::View& view : expr.views) {
      spend(kView * (1 + view.axes.size()));
      std::uint64_t bytes = kViewBytes;
      for (const circuit::AxisMap& map : view.axes)
        bytes += kAxisBytes + kAxisTermBytes * (map.terms.size() + map.sums.size());
      keep(bytes);
    }
  };
  for (const circuit::Contraction& c : circuit_.contractions)
    for (const LinExpr* expr : {&c.y, &c.lhs, &c.rhs}) expression(*expr);
  const auto tuples = [&](const circuit::Tuples& t) {
    for (const LinExpr& entry : t.tuple) expression(entry);
    expression(t.run);
  };
  for (const circuit::Lookup& lookup : circuit_.lookups) tuples(lookup);
  for (const circuit::Table& table : circuit_.tables)
    if (table.committed) tuples(*table.committed);
  for (const circuit::Equality& equality : circuit_.equalities) expression(equality.expr);
  for (const circuit::PublicTensor& tensor : circuit_.public_tensors) expression(tensor.expr);
  if (circuit_.seats)
    for (const circuit::PublicTensor& tensor : circuit_.seats->tensors) expression(tensor.expr);
  for (circuit::ColumnId id = 0; id < circuit_.columns.size() && !over(); ++id) {
    const circuit::Column& column = circuit_.columns[id];
    keep(4 * kNodeBytes + times(column.constants.size(), sizeof(std::int64_t)));
    if (column.oracle == circuit::Oracle::kConstant) continue;
    const ColumnCost& cost = column_cost(id);
    std::uint64_t blocks = 1;
    for (const AxisChoices& axis : cost.axes) blocks = times(blocks, axis.pieces.size());
    spend(times(blocks, kCall));
    keep(times(blocks, column.shape.size() * sizeof(AxisPiece) + 2 * kNodeBytes + kFeBytes));
    steps(times(blocks, static_cast<std::uint64_t>(index_bits_)));
  }
}

void Counter::add_leaves(Shared& shared, const circuit::Tuples& tuples, const LinExpr& numerator) {
  const circuit::Cuts cuts = argument::leaf_cuts(tuples.box, is_padded_);
  const std::uint64_t blocks = cuts.num_blocks();
  spend(times(blocks, kCall + 64 * kStep));
  keep(times(blocks, tuples.box.size() * sizeof(AxisPiece) + 4 * tuples.box.size() + 2 * kNodeBytes));
  std::vector<const LinExpr*> entries = {&numerator};
  for (const LinExpr& entry : tuples.tuple) entries.push_back(&entry);
  BoxChoices box = choices_of(cuts);
  std::uint64_t bytes = add_relation(box, entries, shared);
  if (!tuples.run_box.empty()) {
    for (const AxisChoices& axis : whole_box(tuples.run_box)) box.push_back({axis.pieces, 1, axis.total_length()});
    bytes = plus(bytes, add_relation(box, {&tuples.run}));
  }
  borrow(plus(shared.bytes, bytes));
}

void Counter::add_table(const circuit::Table& table) {
  const std::uint64_t rows = table.num_rows();
  const auto bits = static_cast<std::uint64_t>(table.log_size());
  const ColumnCost& column = column_cost(table.multiplicity);
  bool is_listed = false;
  for (std::size_t entry = 0; entry < table.tuple_size(); ++entry) {
    const std::size_t lines = table.lines(entry).size();
    spend(kCall);
    steps(lines > 0 ? times(lines, 4 * bits + 4) : times(rows, 2));
    is_listed = is_listed || lines == 0;
  }
  if (is_listed) {
    steps(times(rows, 2));
    borrow(times(rows, 2 * kFeBytes));
  }
  // The multiplicities: the bits of every block.
  steps(times(column.axes[0].pieces.size(), 8 * bits + column.per_hit));
  borrow(times(column.axes[0].pieces.size(), 2 * kFeBytes));
}

const Counter::ColumnCost& Counter::column_cost(circuit::ColumnId id) {
  const auto known = columns_.find(id);
  if (known != columns_.end()) return known->second;
  const circuit::Column& column = circuit_.columns[id];
  const pcs::OpeningParams& params = key_.params;
  const auto oracle = static_cast<std::size_t>(column.oracle);
  const auto first_data = static_cast<std::size_t>(circuit::Oracle::kFirstData);
  // That there is an oracle for every column is checked when columns are placed.
  int log_lanes = params.witness.log_lanes;
  if (column.oracle == circuit::Oracle::kModel) log_lanes = params.model.log_lanes;
  if (oracle >= first_data && oracle - first_data < params.data.size()) {
    log_lanes = params.data[oracle - first_data].oracle.log_lanes;
  }
  // Looks at all columns: once per oracle.
  const auto [limit, is_new] = block_limits_.try_emplace(column.oracle);
  if (is_new) limit->second = circuit::block_limit(circuit_, column.oracle, log_lanes);
  const circuit::Cuts cuts = circuit::cut_axes(column.shape, limit->second);
  ColumnCost cost;
  cost.like = alike_.try_emplace({column.oracle, cuts}, id).first->second;
  cost.axes = choices_of(cuts);
  cost.per_hit = 2 + column.shape.size();
  // The eq of the address bits of each piece at each place, for vectors that are lists.
  const circuit::BlockIndex index(cuts);
  for (std::uint32_t axis = 0; axis < cuts.pieces.size(); ++axis) {
    for (std::uint64_t mask = index.position_mask(axis); mask != 0; mask &= mask - 1) {
      for (const AxisPiece& piece : cuts.pieces[axis]) {
        if (!eq_tables_.emplace(std::countr_zero(mask), piece.bits).second) continue;
        steps(std::uint64_t{2} << piece.bits);
        keep(kFeBytes << piece.bits);
      }
    }
  }
  return columns_.emplace(id, std::move(cost)).first->second;
}

std::uint64_t Counter::add_relation(const BoxChoices& box, const std::vector<const LinExpr*>& exprs, Shared& shared) {
  std::uint64_t bytes = 0;
  if (shared.bytes == 0) {
    for (const AxisChoices& axis : box)
      shared.bytes = plus(shared.bytes, times(axis.count(), 2 * kNodeBytes) + times(axis.listed, kFeBytes));
  }
  for (const LinExpr* expr : exprs) {
    bytes = plus(bytes, add_expression(*expr, box, shared));
    if (over()) break;
  }
  return bytes;
}

// Sum over all choices of pieces of the box axes in `depends` of the number of the column axis' pieces in reach of the map.
std::uint64_t Counter::blocks_hit(const circuit::AxisMap& map, const std::vector<std::uint32_t>& depends,
                                  const BoxChoices& box, const std::vector<AxisPiece>& pieces) {
  __int128 sums_first = map.offset, sums_last = map.offset;
  for (const circuit::SumTerm& sum : map.sums) {
    const __int128 reach = static_cast<__int128>(sum.stride) * static_cast<__int128>(sum.length - 1);
    (reach < 0 ? sums_first : sums_last) += reach;
  }
  std::uint64_t total = 0;
  const auto visit = [&](auto& self, std::size_t at, __int128 first, __int128 last) -> void {
    if (over()) return;
    if (at == depends.size()) {
      const auto begin = std::partition_point(pieces.begin(), pieces.end(), [&](const AxisPiece& piece) {
        return static_cast<__int128>(piece.begin + piece.length) <= first;
      });
      const auto end = std::partition_point(
          begin, pieces.end(), [&](const AxisPiece& piece) { return static_cast<__int128>(piece.begin) <= last; });
      total = plus(total, static_cast<std::uint64_t>(end - begin));
      spend(kStep);
      return;
    }
    for (const AxisPiece& piece : box[depends[at]].pieces) {
      __int128 low = first, high = last;
      for (const circuit::AxisTerm& term : map.terms) {
        if (term.box_axis != depends[at]) continue;
        const __int128 a = static_cast<__int128>(term.stride) * static_cast<__int128>(piece.begin);
        const __int128 b = static_cast<__int128>(term.stride) * static_cast<__int128>(piece.begin + piece.length - 1);
        low += std::min(a, b);
        high += std::max(a, b);
      }
      self(self, at + 1, low, high);
    }
  };
  visit(visit, 0, sums_first, sums_last);
  return total;
}

// Spends the steps of argument::ExprFunctionals and argument::FunctionalValue; returns the bytes that they hold until the relation ends.
std::uint64_t Counter::add_expression(const LinExpr& expr, const BoxChoices& box, Shared& shared) {
  std::uint64_t blocks = 1;
  for (const AxisChoices& axis : box) blocks = times(blocks, axis.pieces.size());
  // A slope's moment: of an eq a few steps per bit, of at most 26 (relations::kMaxAxis).
  for (const circuit::Slope& slope : expr.slopes)
    steps(times(blocks, plus(box[slope.box_axis].listed, 2 * box.size() + 256)));
  // The weights' total, and what makes lists.
  for (const AxisChoices& axis : box)
    steps(plus(times(4, axis.listed), times(axis.count(), 4 * static_cast<std::uint64_t>(axis.pieces[0].bits) + 4)));
  if (expr.views.empty()) return 0;
  std::uint64_t bytes = 0;
  const auto list_weights = [&](std::uint32_t b) {
    if (box[b].listed > 0 || !shared.listed.insert(b).second) return;
    steps(times(2, box[b].total_length()));
    shared.bytes = plus(shared.bytes, times(box[b].total_length(), kFeBytes));
  };
  const argument::ViewGroups grouped = argument::group_views(expr, box.size());
  for (const argument::ViewGroup& group : grouped.groups) {
    const circuit::View& first = *group.views[0];
    const circuit::Column& column = circuit_.columns[first.column];
    const bool is_constant = column.oracle == circuit::Oracle::kConstant;
    // Of every axis the vector and its factors are looked up, among all that there are.
    spend(times(blocks, (1 + 2 * first.axes.size()) * kCall + (group.views.size() + box.size()) * 4 * kStep));
    std::uint64_t hits = 1;
    bool all_weights = true;
    for (const std::uint32_t b : group.broadcast) hits = times(hits, box[b].pieces.size());
    for (std::size_t axis = 0; axis < first.axes.size(); ++axis) {
      std::uint64_t vectors = 1;
      for (const std::uint32_t b : group.depends[axis]) vectors = times(vectors, box[b].count());
      const std::uint64_t size = column.shape[axis];
      const ColumnCost* cost = is_constant ? nullptr : &column_cost(first.column);
      const AxisChoices* cuts = is_constant ? nullptr : &cost->axes[axis];
      // A vector that is the weights of a box axis is an eq: where that is cut as the column is, its factors cost the bits.
      const std::optional<std::uint32_t> same = argument::same_axis(grouped, group, axis);
      const std::vector<AxisPiece>* of_box = same ? &box[*same].pieces : nullptr;
      const std::uint64_t box_end = same ? of_box->back().begin + of_box->back().length : 0;
      const bool is_weights = same && box_end <= size;
      const bool is_aligned = is_weights && box_end == size && box[*same].listed == 0;
      const bool is_known = is_weights && cost != nullptr && !shared.known.insert({cost->like, axis, *same}).second;
      all_weights = all_weights && is_weights;
      std::uint64_t axis_hits = 0;
      const std::size_t num_views = group.merges && axis == grouped.merged ? group.views.size() : 1;
      for (std::size_t v = 0; v < num_views; ++v) {
        const circuit::AxisMap& map = group.views[v]->axes[axis];
        std::vector<bool> reads(box.size(), false);
        for (const circuit::AxisTerm& t : map.terms) reads[t.box_axis] = true;
        std::uint64_t points = 1;
        for (const std::uint32_t b : group.depends[axis])
          points = times(points, reads[b] ? box[b].total_length() : box[b].count());
        for (const circuit::SumTerm& sum : map.sums) points = times(points, sum.length);
        if (!is_weights) steps(plus(points, times(vectors, size)));
        if (!is_aligned || is_constant) {
          for (const circuit::AxisTerm& t : map.terms) list_weights(t.box_axis);
        }
        if (cuts != nullptr) axis_hits = plus(axis_hits, blocks_hit(map, group.depends[axis], box, cuts->pieces));
        if (over()) return bytes;
      }
      if (!is_weights) bytes = plus(bytes, times(vectors, size * kFeBytes + 2 * kNodeBytes));
      if (cuts == nullptr) continue;
      hits = times(hits, axis_hits);
      if (is_known) continue;
      // Once at every place of every piece.
      std::uint64_t& held = is_weights ? shared.bytes : bytes;
      const std::uint64_t places = times(cuts->pieces.size(), cuts->positions);
      const auto bits = static_cast<std::uint64_t>(circuit::axis_bits(size));
      steps(is_aligned ? times(times(axis_hits, box[*same].positions), times(cuts->positions, 4 * bits + 8))
                       : times(vectors, times(size, 1 + cuts->positions)));
      held = plus(held, times(vectors, plus(times(places, 2 * kFeBytes), times(cuts->pieces.size(), 4) + kNodeBytes)));
    }
    if (is_constant) {
      steps(times(blocks, column.constants.size()));
      bytes = plus(bytes, times(column.constants.size(), 2 * kFeBytes));
    } else {
      steps(times(hits, column_cost(first.column).per_hit));
      std::uint64_t& held = all_weights ? shared.bytes : bytes;
      held = plus(held, plus(times(hits, 2 * kFeBytes), times(blocks, 2 * kNodeBytes)));
    }
    if (over()) return bytes;
  }
  return bytes;
}

std::string seconds_text(std::uint64_t nanoseconds) {
  if (nanoseconds > 0 && nanoseconds < 1'000'000) return std::to_string((nanoseconds + 999) / 1000) + " us";
  const std::uint64_t milliseconds = (nanoseconds + 999'999) / 1'000'000;
  return milliseconds < 100'000 ? std::to_string(milliseconds) + " ms" : std::to_string(milliseconds / 1000) + " s";
}

}  // namespace

VerifyCost count_cost(const statement::Key& key, const Circuit& circuit, const VerifyLimits& limits,
                      std::uint64_t num_rows, const VerifyCost& spent) {
  return Counter(key, circuit, limits, num_rows).count(spent);
}

Status check_key_size(std::uint64_t num_bytes, const VerifyLimits& limits) {
  return check_cost({times(num_bytes, kKeyByte), times(num_bytes, kKeyMemory)}, limits);
}

Status check_cost(const VerifyCost& cost, const VerifyLimits& limits) {
  if (cost.nanoseconds <= limits.nanoseconds && cost.memory_bytes <= limits.memory_bytes) return ok_status();
  const std::string needed = cost.nanoseconds > limits.nanoseconds ? "at least " : "about ";
  return resource_limit("checking its proofs takes " + needed + seconds_text(cost.nanoseconds) + " and " +
                        std::to_string((cost.memory_bytes >> 20) + 1) + " MiB, more than the limit of " +
                        seconds_text(limits.nanoseconds) + " and " + std::to_string(limits.memory_bytes >> 20) +
                        " MiB; raise the limit if you trust its maker");
}

}  // namespace zkinfer::verifier
