// SPDX-License-Identifier: Apache-2.0
#include "evm/functionals.h"

#include <algorithm>
#include <array>
#include <map>

#include "argument/functional.h"
#include "argument/plan.h"
#include "evm/column_values.h"
#include "evm/vectors.h"

namespace zkinfer::evm {

namespace {

// Far more than what a program of a size that anybody would pay for has.
constexpr std::uint64_t kMaxListed = std::uint64_t{1} << 14;
// Of one list: contracts add them up before they reduce (contracts/src/Interpreter.sol).
constexpr std::uint64_t kMaxSummands = std::uint64_t{1} << 16;

// argument::evaluate_outer, in instructions.
class Exporter {
 public:
  Exporter(const verifier::PreparedKey& prepared, ProgramWriter& out)
      : circuit_(prepared.compiled.circuit),
        plan_(prepared.compiled.plan),
        out_(out),
        vectors_(out),
        in_(program_inputs(prepared, out)),
        columns_(prepared, in_, out),
        deltas_(out.powers(in_.delta, 3 + 2 * circuit_.contractions.size() + circuit_.equalities.size() +
                                          circuit_.public_tensors.size())),
        beta_q_(out.mul(in_.beta, weight(kQ).reg)) {}

  Result<Bytes> run();

 private:
  // Of a constraint.
  Scaled weight(std::size_t constraint) const {
    return {Fp(1), constraint == 0 ? kOne : deltas_ + static_cast<Reg>(constraint)};
  }
  // mu takes what a constraint's form is, negative.
  void add_form(const Linear& form, const Scaled& weight) { vectors_.add(mu_, form, {-weight.coef, weight.reg}); }
  void add_term(circuit::ColumnId column, const BoxVectors& vectors, const Linear& coef, const Scaled& weight) {
    Linear scaled;
    vectors_.add(scaled, coef, weight);
    columns_.add(column, vectors, scaled);
  }
  void add(const circuit::LinExpr& expr, const BoxVectors& weights, const Scaled& weight);
  AxisVector vector_of(const argument::ViewGroups& grouped, const argument::ViewGroup& group, std::size_t axis,
                       const BoxVectors& weights);
  Part part_of(const circuit::AxisMap& map, const BoxVectors& weights, const Scaled& factor);
  // Where the axis has the eq of whole axes inside each other (a Reshape before a MatMul): the eq of one point that has all their bits.
  std::optional<AxisVector> nested_eq(const circuit::AxisMap& map, std::uint64_t length, const BoxVectors& weights);
  // The view's integer times the totals of the box axes that it does not read, but for those in `left_out`.
  Scaled factor_of(const circuit::View& view, const BoxVectors& weights, const std::vector<std::uint32_t>& left_out);
  std::set<std::uint64_t> support_of(const std::vector<Part>& parts, std::uint64_t length);

  void leaves();
  void tuple_leaves(const circuit::Tuples& tuples, std::uint32_t tag, const circuit::LinExpr& numerator,
                    const std::vector<const argument::LeafBlock*>& blocks);
  void table_leaves(const argument::LeafBlock& leaf);
  // Leaves that weigh `covered` have the denominator alpha - tag - .., all others 1.
  void add_denominators(Reg covered, std::uint32_t tag) {
    add_to(covered_, covered, Fp(1));
    add_to(tags_, covered, Fp(tag) + Fp(1));
  }
  BoxVectors leaf_vectors(const argument::LeafBlock& leaf) const;
  Reg leaf_prefix(const argument::LeafBlock& leaf) {
    return columns_.prefix(in_.leaf, static_cast<int>(in_.leaf_bits), leaf.log_size, leaf.offset);
  }
  void contractions();
  void equalities();
  void public_tensors();
  BoxVectors box_vectors(const circuit::Box& box) const;

  static constexpr std::size_t kQ = 1, kFirstContraction = 2;  // the leaf claim p is constraint 0

  const circuit::Circuit& circuit_;
  const argument::OuterPlan& plan_;
  ProgramWriter& out_;
  VectorWriter vectors_;
  const Inputs in_;
  ColumnValues columns_;
  const Reg deltas_, beta_q_;  // beta times the weight of kQ
  Linear mu_, covered_, tags_;
  std::size_t next_ = 0;  // constraint
  bool too_large_ = false;
};

Scaled Exporter::factor_of(const circuit::View& view, const BoxVectors& weights,
                           const std::vector<std::uint32_t>& left_out) {
  Scaled factor{view.coef, kOne};
  std::vector<bool> read(weights.size(), false);
  for (const circuit::AxisMap& map : view.axes) {
    for (const circuit::AxisTerm& term : map.terms) read[term.box_axis] = true;
  }
  for (std::uint32_t b = 0; b < weights.size(); ++b) {
    if (!read[b] && !std::binary_search(left_out.begin(), left_out.end(), b))
      factor.reg = out_.mul(factor.reg, vectors_.total(weights[b]));
  }
  return factor;
}

Part Exporter::part_of(const circuit::AxisMap& map, const BoxVectors& weights, const Scaled& factor) {
  Part part{out_.linear({{factor.reg, factor.coef}}), map.offset, {}};
  for (const circuit::AxisTerm& term : map.terms) {
    const AxisVector& axis = weights[term.box_axis];
    part.sources.push_back({vectors_.values(axis), static_cast<std::uint32_t>(axis.length), 1, term.stride});
    part.offset += term.stride * static_cast<std::int64_t>(axis.begin);
  }
  for (const circuit::SumTerm& sum : map.sums)
    part.sources.push_back({kOne, static_cast<std::uint32_t>(sum.length), 0, sum.stride});
  // The first one is the inner loop of whoever runs this.
  std::stable_sort(part.sources.begin(), part.sources.end(), [](const Source& a, const Source& b) {
    return std::pair(a.step, a.length) > std::pair(b.step, b.length);
  });
  return part;
}

std::set<std::uint64_t> Exporter::support_of(const std::vector<Part>& parts, std::uint64_t length) {
  std::set<std::uint64_t> out;
  for (const Part& part : parts) {
    std::set<std::int64_t> at = {part.offset};
    std::uint64_t summands = 1;
    for (const Source& source : part.sources) {
      summands = std::min(summands * source.length, kMaxSummands + 1);
      std::set<std::int64_t> next;
      too_large_ = too_large_ || at.size() * source.length > 4 * kMaxListed;
      for (const std::int64_t index : at) {
        for (std::uint32_t i = 0; i < source.length && !too_large_; ++i) next.insert(index + source.stride * i);
      }
      at = std::move(next);
    }
    too_large_ = too_large_ || summands > kMaxSummands;
    for (const std::int64_t index : at) {
      if (index >= 0 && static_cast<std::uint64_t>(index) < length) out.insert(static_cast<std::uint64_t>(index));
    }
  }
  return out;
}

std::optional<AxisVector> Exporter::nested_eq(const circuit::AxisMap& map, std::uint64_t length,
                                              const BoxVectors& weights) {
  if (map.offset != 0 || !map.sums.empty() || map.terms.size() < 2) return std::nullopt;
  std::vector<circuit::AxisTerm> terms = map.terms;
  std::ranges::sort(terms, std::greater(), &circuit::AxisTerm::stride);
  std::uint64_t inside = length;
  int bits = 0;
  for (const circuit::AxisTerm& term : terms) {
    const AxisVector& axis = weights[term.box_axis];
    const bool whole = axis.is_eq && axis.begin == 0 && axis.length >> axis.bits == 1;
    if (!whole || term.stride < 1 || static_cast<std::uint64_t>(term.stride) * axis.length != inside)
      return std::nullopt;
    inside /= axis.length;
    bits += axis.bits;
  }
  if (inside != 1) return std::nullopt;
  std::vector<Part> copies;
  std::int64_t at = 0;
  for (const circuit::AxisTerm& term : terms) {
    const AxisVector& axis = weights[term.box_axis];
    if (axis.bits > 0) copies.push_back({kOne, at, {{axis.src, static_cast<std::uint32_t>(axis.bits), 1, 1}}});
    at += axis.bits;
  }
  if (copies.empty()) return std::nullopt;
  return eq_of(out_.correlate(static_cast<std::uint64_t>(bits), copies), bits, length);
}

AxisVector Exporter::vector_of(const argument::ViewGroups& grouped, const argument::ViewGroup& group, std::size_t axis,
                               const BoxVectors& weights) {
  const std::uint64_t length = circuit_.columns[group.views[0]->column].shape[axis];
  if (const std::optional<std::uint32_t> same = argument::same_axis(grouped, group, axis);
      same && weights[*same].end() <= length) {
    return weights[*same];
  }
  if (axis != grouped.merged || group.views.size() == 1) {
    if (const std::optional<AxisVector> nested = nested_eq(group.views[0]->axes[axis], length, weights)) return *nested;
  }
  std::vector<Part> parts;
  if (axis == grouped.merged && group.views.size() > 1) {
    for (const circuit::View* view : group.views)
      parts.push_back(part_of(view->axes[axis], weights, factor_of(*view, weights, group.broadcast)));
  } else {
    parts.push_back(part_of(group.views[0]->axes[axis], weights, {}));
  }
  too_large_ = too_large_ || length > kMaxListed;
  if (too_large_) return list_of(kOne, 1);
  const AxisVector vector = list_of(out_.correlate(length, parts), length);
  columns_.set_support(vector, support_of(parts, length));
  return vector;
}

// argument::ExprFunctionals::at, times `weight`.
void Exporter::add(const circuit::LinExpr& expr, const BoxVectors& weights, const Scaled& weight) {
  const argument::ViewGroups grouped = argument::group_views(expr, weights.size());
  const auto totals_but = [&](std::size_t left_out) {
    Reg product = kOne;
    for (std::size_t b = 0; b < weights.size(); ++b) {
      if (b != left_out) product = out_.mul(product, vectors_.total(weights[b]));
    }
    return product;
  };
  if (!expr.constant.is_zero()) add_form({{totals_but(weights.size()), expr.constant}}, weight);
  for (const circuit::Slope& slope : expr.slopes) {
    const Scaled others{slope.coef, totals_but(slope.box_axis)};
    add_form(vectors_.moment(weights[slope.box_axis]), vectors_.times(weight, others));
  }
  for (const argument::ViewGroup& group : grouped.groups) {
    const circuit::ColumnId id = group.views[0]->column;
    Linear coef;
    if (group.merges) {
      Reg product = kOne;
      for (const std::uint32_t b : group.broadcast) product = out_.mul(product, vectors_.total(weights[b]));
      add_to(coef, product, Fp(1));
    } else {
      for (const circuit::View* view : group.views) {
        const Scaled one = factor_of(*view, weights, {});
        add_to(coef, one.reg, one.coef);
      }
    }
    BoxVectors vectors;
    for (std::size_t axis = 0; axis < group.depends.size(); ++axis)
      vectors.push_back(vector_of(grouped, group, axis, weights));
    const circuit::Column& column = circuit_.columns[id];
    if (column.oracle != circuit::Oracle::kConstant) {
      add_term(id, vectors, coef, weight);
      continue;
    }
    too_large_ = too_large_ || column.constants.size() > kMaxListed;
    if (too_large_) return;
    const Reg sum = vectors_.weighted_sum(vectors, column.shape, out_.constants(column.constants));
    add_form(coef, vectors_.times(weight, {Fp(1), sum}));
  }
}

// argument::LeafWeights.
BoxVectors Exporter::leaf_vectors(const argument::LeafBlock& leaf) const {
  BoxVectors out(leaf.block.pieces.size());
  Reg at = in_.leaf + static_cast<Reg>(in_.leaf_bits) - static_cast<Reg>(leaf.log_size);
  for (const std::uint32_t axis : leaf.order) {
    const circuit::AxisPiece& piece = leaf.block.pieces[axis];
    out[axis] = eq_of(at, piece.bits, piece.length, piece.begin);
    at += static_cast<Reg>(piece.bits);
  }
  return out;
}

void Exporter::tuple_leaves(const circuit::Tuples& tuples, std::uint32_t tag, const circuit::LinExpr& numerator,
                            const std::vector<const argument::LeafBlock*>& blocks) {
  // argument's run_weights.
  BoxVectors powers(tuples.run_box.size());
  Reg step = in_.beta;
  for (std::size_t axis = tuples.run_box.size(); axis-- > 0;) {
    const std::uint64_t n = tuples.run_box[axis];
    too_large_ = too_large_ || n > kMaxListed;
    if (too_large_) return;
    powers[axis] = list_of(out_.powers(step, static_cast<std::size_t>(n)), n);
    step = out_.mul(powers[axis].src + static_cast<Reg>(n - 1), step);
  }
  for (const argument::LeafBlock* leaf : blocks) {
    const Reg prefix = leaf_prefix(*leaf);
    const BoxVectors weights = leaf_vectors(*leaf);
    Reg covered = prefix;
    for (const AxisVector& axis : weights) covered = out_.mul(covered, vectors_.total(axis));
    add_denominators(covered, tag);
    Reg power = beta_q_;
    for (const circuit::LinExpr& entry : tuples.tuple) {
      add(entry, weights, {-Fp(1), out_.mul(prefix, power)});
      power = out_.mul(power, in_.beta);
    }
    add(numerator, weights, {Fp(1), prefix});
    if (powers.empty()) continue;
    BoxVectors with_run = weights;
    with_run.insert(with_run.end(), powers.begin(), powers.end());
    add(tuples.run, with_run, {-Fp(1), out_.mul(prefix, power)});
  }
}

void Exporter::table_leaves(const argument::LeafBlock& leaf) {
  const circuit::Table& table = circuit_.tables[leaf.index];
  const Scaled prefix{Fp(1), leaf_prefix(leaf)};
  const Reg point = in_.leaf + static_cast<Reg>(in_.leaf_bits) - static_cast<Reg>(leaf.log_size);
  const std::uint64_t rows = table.num_rows();
  const auto below = [&](std::uint64_t end) -> std::array<Linear, 2> {
    if (end == 0) return {};
    if (end == rows) return {Linear{{kOne, Fp(1)}}, mean_of(point, leaf.log_size)};
    const Reg at = out_.below(point, leaf.log_size, end);
    return {Linear{{at, Fp(1)}}, Linear{{at + 1, Fp(1)}}};
  };
  add_denominators(prefix.reg, leaf.index);
  Reg power = beta_q_;
  for (std::size_t entry = 0; entry < table.tuple_size(); ++entry) {
    Linear value;
    const std::vector<circuit::Line> lines = table.lines(entry);
    if (lines.empty()) {
      too_large_ = too_large_ || rows > kMaxListed;
      if (too_large_) return;
      std::vector<std::int64_t> listed;
      for (std::uint64_t row = 0; row < rows; ++row) listed.push_back(table.entry(row, entry));
      const Reg eq = out_.eq(point, leaf.log_size, rows);
      add_to(value, out_.field_dot(eq, out_.constants(listed), listed.size(), 1), Fp(1));
    }
    std::array<Linear, 2> before;
    for (const circuit::Line& line : lines) {
      const std::array<Linear, 2> end = below(line.end);
      vectors_.add(value, end[0], {Fp::from_int(line.value), kOne});
      vectors_.add(value, before[0], {-Fp::from_int(line.value), kOne});
      if (line.rises) vectors_.add(value, end[1], {Fp(1), kOne});
      if (line.rises) vectors_.add(value, before[1], {-Fp(1), kOne});
      before = end;
    }
    add_form(value, vectors_.times(prefix, {-Fp(1), power}));
    power = out_.mul(power, in_.beta);
  }
  add_term(table.multiplicity, {eq_of(point, leaf.log_size, rows)}, {{kOne, -Fp(1)}}, prefix);
}

void Exporter::leaves() {
  add_form({{kOne, Fp(1)}}, weight(kQ));
  std::set<std::pair<int, std::uint64_t>> prefixes;
  const int bits = static_cast<int>(in_.leaf_bits);
  for (const argument::LeafBlock& leaf : plan_.leaves)
    prefixes.emplace(bits - leaf.log_size, leaf.offset >> leaf.log_size);
  columns_.expect_prefixes(in_.leaf, bits, prefixes);
  std::vector<std::vector<const argument::LeafBlock*>> by_lookup(circuit_.lookups.size());
  std::vector<std::vector<const argument::LeafBlock*>> by_table(circuit_.tables.size());
  for (const argument::LeafBlock& leaf : plan_.leaves) {
    using Kind = argument::LeafBlock::Kind;
    if (leaf.kind == Kind::kLookup) by_lookup[leaf.index].push_back(&leaf);
    if (leaf.kind == Kind::kTable && circuit_.tables[leaf.index].committed) {
      by_table[leaf.index].push_back(&leaf);
    } else if (leaf.kind == Kind::kTable) {
      table_leaves(leaf);
    }
    if (leaf.kind == Kind::kBlind) {
      const Scaled prefix = vectors_.times(weight(kQ), {Fp(1), leaf_prefix(leaf)});
      add_form({{kOne, -Fp(1)}}, prefix);
      add_term(circuit_.blind, {list_of(kOne, 3)}, {{kOne, Fp(1)}}, prefix);
    }
  }
  for (std::uint32_t i = 0; i < by_lookup.size(); ++i)
    tuple_leaves(circuit_.lookups[i], circuit_.lookups[i].table, {Fp(1), {}}, by_lookup[i]);
  for (std::uint32_t i = 0; i < by_table.size(); ++i) {
    const circuit::Table& table = circuit_.tables[i];
    if (!table.committed) continue;
    const circuit::LinExpr counts = circuit::column_expr(circuit_.columns[table.multiplicity], table.multiplicity);
    tuple_leaves(*table.committed, i, circuit::scaled(counts, -1), by_table[i]);
  }
  add_form({{out_.mul(in_.alpha, out_.linear(covered_)), Fp(1)}}, weight(kQ));
  add_form(tags_, {-Fp(1), weight(kQ).reg});
}

void Exporter::contractions() {
  using circuit::AxisRole;
  const std::size_t end = kFirstContraction + 2 * circuit_.contractions.size();
  const Fp scale = pow(inverse(Fp(2)), static_cast<std::uint64_t>(plan_.rounds));
  Reg power = kOne;
  for (std::size_t i = 0; i < circuit_.contractions.size(); ++i) {
    const circuit::Contraction& relation = circuit_.contractions[i];
    const AxisVector first_index = list_of(kOne, 1);
    BoxVectors y, lhs, rhs;
    Reg tau = in_.tau;
    Reg point = in_.rounds + static_cast<Reg>(plan_.rounds - plan_.contractions[i].sum_bits);
    for (std::size_t axis = 0; axis < relation.box.size(); ++axis) {
      const std::uint64_t n = relation.box[axis];
      const int bits = circuit::axis_bits(n);
      const AxisRole role = relation.roles[axis];
      y.push_back(role == AxisRole::kK ? first_index : eq_of(tau, bits, n));
      if (role != AxisRole::kK) tau += static_cast<Reg>(bits);
      if (role == AxisRole::kC || role == AxisRole::kK) {
        lhs.push_back(eq_of(point, bits, n));
        rhs.push_back(lhs.back());
        point += static_cast<Reg>(bits);
      } else {
        lhs.push_back(role == AxisRole::kA ? y.back() : first_index);
        rhs.push_back(role == AxisRole::kB ? y.back() : first_index);
      }
    }
    add(relation.y, y, {scale, out_.mul(power, weight(end).reg)});
    add(relation.lhs, lhs, weight(kFirstContraction + 2 * i));
    add(relation.rhs, rhs, weight(kFirstContraction + 2 * i + 1));
    power = out_.mul(power, in_.gamma);
  }
  next_ = end + 1;
}

BoxVectors Exporter::box_vectors(const circuit::Box& box) const {
  BoxVectors out;
  Reg tau = in_.tau;
  for (const std::uint64_t n : box) {
    out.push_back(eq_of(tau, circuit::axis_bits(n), n));
    tau += static_cast<Reg>(circuit::axis_bits(n));
  }
  return out;
}

void Exporter::equalities() {
  for (const circuit::Equality& equality : circuit_.equalities)
    add(equality.expr, box_vectors(equality.box), weight(next_++));
}

void Exporter::public_tensors() {
  Reg values = in_.public_values;
  for (const circuit::PublicTensor& tensor : circuit_.public_tensors) {
    const BoxVectors weights = box_vectors(tensor.box);
    add(tensor.expr, weights, weight(next_));
    add_form({{vectors_.weighted_sum(weights, tensor.box, values), -Fp(1)}}, weight(next_++));
    values += static_cast<Reg>(circuit::box_size(tensor.box));
  }
}

Result<Bytes> Exporter::run() {
  leaves();
  contractions();
  equalities();
  public_tensors();
  if (in_.num_pads > 0)
    columns_.add(circuit_.pads, {list_of(kOne, 3), list_of(in_.pads, in_.num_pads)}, {{kOne, Fp(1)}});
  if (too_large_) return unsupported("verification program: the circuit is too large for one");
  const Reg value = columns_.sum();
  const Reg mu = out_.linear(mu_);
  return out_.finish(in_.public_values + in_.num_public_values - in_.alpha, in_.index, in_.index_bits, mu, value);
}

}  // namespace

std::uint64_t num_public_values(const circuit::Circuit& circuit) {
  std::uint64_t count = 0;
  for (const circuit::PublicTensor& tensor : circuit.public_tensors) count += circuit::box_size(tensor.box);
  return count;
}

Inputs program_inputs(const verifier::PreparedKey& prepared, ProgramWriter& writer) {
  const argument::Compiled& compiled = prepared.compiled;
  const pcs::OpeningParams& params = prepared.key.params;
  Inputs in{};
  in.leaf_bits = static_cast<std::size_t>(compiled.plan.log_leaves);
  in.tau_bits = static_cast<std::size_t>(compiled.plan.tau_bits);
  in.num_rounds = static_cast<std::size_t>(compiled.plan.rounds);
  in.index_bits = static_cast<std::size_t>(params.fold_bits() + params.final_rounds());
  in.num_public_values = static_cast<std::size_t>(num_public_values(compiled.circuit));
  in.num_pads = static_cast<std::size_t>(compiled.pads.layout().num_pads());
  in.alpha = writer.input(1);
  in.beta = writer.input(1);
  in.gamma = writer.input(1);
  in.delta = writer.input(1);
  in.leaf = writer.input(in.leaf_bits);
  in.tau = writer.input(in.tau_bits);
  in.rounds = writer.input(in.num_rounds);
  in.pads = writer.input(in.num_pads);
  in.index = writer.input(in.index_bits);
  for (const pcs::BaseOracle& base : params.bases()) in.lanes.push_back(writer.input(base.params->num_lanes()));
  in.public_values = writer.input(in.num_public_values);
  return in;
}

Result<Bytes> functional_instructions(const verifier::PreparedKey& prepared) {
  ProgramWriter writer;
  return Exporter(prepared, writer).run();
}

}  // namespace zkinfer::evm
