// SPDX-License-Identifier: Apache-2.0
// Builder: derives the circuit from the public structure of an integer graph, one file per operator. Prover and verifier
// run the same builder; the prover listens to what it says of filling the columns (relations/recipe_sink.h).
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "circuit/circuit.h"
#include "qir/ops/rules.h"
#include "qir/visibility.h"
#include "relations/recipe_sink.h"
#include "relations/tensor.h"

namespace zkinfer::relations {

struct EncryptionChunk;

// Wider ranges are cut in limbs: a table of 2^16 rows costs a proof about as much as 2^16 lookups.
inline constexpr int kMaxRangeBits = 16;
// Narrower ones never are: a table of 2^8 rows costs less than a relation more.
inline constexpr int kUncutBits = 8;

// What relations cost, about, one for each point of their box, in prover's time; decision 31. A lookup's column is counted
// apart. A table's row is a column's entry and a leaf, and every verifier reads it.
inline constexpr std::uint64_t kColumnCost = 2;
inline constexpr std::uint64_t kLookupCost = 1;
inline constexpr std::uint64_t kContractionCost = 1;
inline constexpr std::uint64_t kRowCost = 6;
inline constexpr std::uint64_t kNever = std::uint64_t{1} << 62;

// How a requantization is proved (relations/requantize.cc), and where it is cut.
struct Rounding {
  enum class Form : std::uint8_t { kTable, kLimbs, kConstant, kStep, kCoarseEnds, kExcess, kPieces };
  Form form = Form::kTable;
  int low_bits = 0;        // kStep, kCoarseEnds, kExcess
  int coarse_bits = 0;     // kCoarseEnds
  std::int64_t least = 0;  // arguments of honest runs, of all nodes with the table
  std::int64_t most = 0;
};

// A table of pieces of the graph, as the circuit has it: its list of pieces, and all its values in [least, least + 2^value_bits).
struct Pieces {
  std::uint32_t index = 0;
  std::shared_ptr<const qir::Table> table;
  std::int64_t least = 0;
  int value_bits = 0;
};

// All nodes that round through one table.
struct TableUse {
  std::uint64_t num_elements = 0;
  qir::Interval arguments;  // of honest runs
};

// Sums of values that are not rounded grow into long expressions; these bounds keep small graphs from huge circuits.
inline constexpr std::uint64_t kMaxNodeViews = std::uint64_t{1} << 14;
inline constexpr std::uint64_t kMaxViews = std::uint64_t{1} << 21;
// A node's expression lives in its tensor, in one or two relations, and in the copies that make it.
inline constexpr std::uint64_t kCopies = 4;
inline constexpr std::uint64_t kMaxCircuitBytes = std::uint64_t{1} << 33;
// A hash is a circuit of some 150 views, however small its tensor.
inline constexpr std::size_t kMaxHashedTensors = 256;
inline constexpr std::size_t kMaxCommittedTensors = 16;

// How far reads go beyond the ends of a tensor's (logical) axis.
struct AxisPadding {
  std::size_t axis = 0;
  std::uint64_t before = 0;
  std::uint64_t after = 0;
};

// Of every spatial axis of a window operator.
std::vector<AxisPadding> window_paddings(const qir::Node& node, const Shape& in, const Shape& out);

class Builder {
 public:
  // max_bytes: of expressions, about. recipes: may be null. num_rows: how often the circuit will be repeated, which decides
  // what is cheap.
  Builder(const qir::QGraph& graph, const qir::Visibility& visibility, std::uint64_t max_bytes, RecipeSink* recipes,
          std::uint64_t num_rows = 1)
      : graph_(graph),
        visibility_(visibility),
        num_rows_(num_rows),
        recipes_(recipes != nullptr ? *recipes : nobody_),
        max_bytes_(max_bytes) {}

  // unsupported: a construct that has no relation yet, with the node's name and what to do.
  Result<circuit::Circuit> build() &&;
  // The certificate of the parameters instead: the same model columns, and that every parameter lies in its range.
  Result<circuit::Circuit> build_certificate() &&;
  // The rotation instead: the same model columns, once more in data oracle 0, and that both hold the same parameters.
  Result<circuit::Circuit> build_rotation() &&;
  // A chunk of the encryption instead: the same model columns, and that public numbers are the packed parameters plus a keystream.
  Result<circuit::Circuit> build_encryption(const EncryptionChunk& chunk) &&;

  // ---- used by the operators' files (relations/<op>.cc) ----
  const qir::QGraph& graph() const { return graph_; }
  const qir::Value& value(qir::ValueId id) const { return graph_.values[id]; }
  // What a value may be whatever the committed parameters within their ranges are; declared ranges bind honest runs only.
  const qir::Interval& sound_range(qir::ValueId id) const { return sound_[id]; }
  // What it may be in an honest run: for completeness only, a proof may hold more.
  qir::Interval honest_range(qir::ValueId id) const;
  // How far two of its entries can be apart in an honest run.
  std::int64_t honest_reach(qir::ValueId id) const;
  const std::vector<circuit::Column>& columns() const { return circuit_.columns; }
  RecipeSink& recipes() { return recipes_; }
  const Tensor& tensor(qir::ValueId id) const { return tensors_[id]; }

  circuit::ColumnId add_column(std::string name, circuit::Oracle oracle, std::vector<std::uint64_t> shape);
  // The expression of a column over its own shape, and the other way round.
  circuit::LinExpr whole(circuit::ColumnId id) const { return circuit::column_expr(columns()[id], id); }
  static circuit::ColumnId column_of(const circuit::LinExpr& whole) { return whole.views[0].column; }
  // A new witness column.
  circuit::LinExpr add_witness(std::string name, std::vector<std::uint64_t> shape) {
    return whole(add_column(std::move(name), circuit::Oracle::kWitness, std::move(shape)));
  }
  // A column of public constants: an earlier one of the same shape and values, or a new one.
  circuit::ColumnId constant_column(std::string name, std::vector<std::uint64_t> shape,
                                    std::vector<std::int64_t> values);
  // A new witness column over `like`'s atoms, grouped as `like`.
  Tensor add_tensor(std::string name, const Tensor& like) {
    return {like.atoms, like.atoms_per_axis, add_witness(std::move(name), like.atoms)};
  }
  // The column of a node's value, likewise.
  Tensor add_value(const qir::Node& node, Tensor like) {
    like.expr = add_witness(node.name, like.atoms);
    recipes().value(column_of(like.expr), node.output);
    return like;
  }
  // y = lhs rhs at every point of the box.
  void add_pointwise(std::string name, const Box& box, LinExpr y, LinExpr lhs, LinExpr rhs) {
    const std::vector<circuit::AxisRole> roles(box.size(), circuit::AxisRole::kC);
    add_contraction({std::move(name), box, roles, std::move(y), std::move(lhs), std::move(rhs)});
  }
  // Atoms = the shape's dimensions above 1, one per axis.
  Tensor shape_only(const Shape& shape) const;

  void add_contraction(circuit::Contraction relation) { circuit_.contractions.push_back(std::move(relation)); }
  void add_lookup(std::string name, std::uint32_t table, circuit::Tuples tuples);
  void add_lookup(std::string name, circuit::Box box, std::uint32_t table, std::vector<circuit::LinExpr> tuple) {
    add_lookup(std::move(name), table, {std::move(box), std::move(tuple)});
  }
  // A tuple (index, line, value) at every point of a box whose first num_lines axes number the lines; without lines (index,
  // value). Rows of committed tables where index is the one on the last axis, and what is looked up in them.
  static circuit::Tuples line_tuples(const circuit::Box& box, std::size_t num_lines, circuit::LinExpr index,
                                     circuit::LinExpr value);
  // A table of committed rows (circuit::Table has their first entries) that are made of a graph value: one that is there, or
  // a new one.
  std::uint32_t committed_table(qir::ValueId data, circuit::Tuples rows);
  void add_equality(std::string name, circuit::Box box, circuit::LinExpr expr);
  // expr in [0, 2^log_size) at every point of the box.
  void add_range_check(const std::string& name, const circuit::Box& box, const circuit::LinExpr& expr, int log_size);
  // 0 <= expr at every point of the box, for an expression that honest values keep in [0, reach]: any range table with
  // more than `reach` and at most 2^most_bits rows will do.
  void add_nonnegative_check(const std::string& name, const circuit::Box& box, const circuit::LinExpr& expr,
                             std::int64_t reach, int most_bits = 63);
  // 0 <= expr <= most at every point of the box, both of them integers below 2^bits in absolute value.
  void add_between(const std::string& name, const circuit::Box& box, const circuit::LinExpr& expr,
                   const circuit::LinExpr& most, int bits);
  // y = floor(numerator / denominator) at every point of the box (relations/elementwise_divide.cc).
  void add_quotient(const std::string& name, const circuit::Box& box, const circuit::LinExpr& numerator,
                    const circuit::LinExpr& denominator, const circuit::LinExpr& y, const qir::DivisionPlan& plan);
  // A witness column over the box that is lhs rhs. Along axes that lhs does not read the sumcheck has no variable.
  circuit::LinExpr product(const std::string& name, const circuit::Box& box, const circuit::LinExpr& lhs,
                           const circuit::LinExpr& rhs);
  // The table of these values at 0 .. 2^log_size - 1: one that is there, or a new one.
  std::uint32_t explicit_table(int log_size, std::vector<std::int32_t> values);
  void add_public_tensor(circuit::PublicTensor tensor) { circuit_.public_tensors.push_back(std::move(tensor)); }
  // Index of the table of graph table `index`.
  std::uint32_t graph_table(std::int32_t index) const { return static_cast<std::uint32_t>(index); }
  // The table of min(max(x, lo), hi) on [first, first + 2^log_size): one that is there, or a new one.
  std::uint32_t clamp_table(circuit::Table::Form form, std::int64_t first, int log_size, std::int64_t lo,
                            std::int64_t hi);
  const Pieces& pieces(std::int32_t table);
  // max(0, expr) at every point of the box, for |expr| <= reach < 2^62. of_a_row: all such expressions of the node, in one row.
  circuit::LinExpr positive_part(const std::string& name, const circuit::Box& box, const circuit::LinExpr& expr,
                                 std::int64_t reach, std::uint64_t of_a_row);
  // The maximum of `expr` along box axis `axis`; the result's box has length 1 there. |differences| <= reach.
  circuit::LinExpr maximum_along(const std::string& name, circuit::LinExpr expr, circuit::Box& box, std::uint32_t axis,
                                 std::int64_t reach);

  // `tensor` without unit atoms, `axis` being one atom where it is longer than 1; materializes when it is cut otherwise.
  Tensor single_axis(const std::string& name, const Tensor& tensor, std::size_t axis);
  // The same values in a fresh column, tied by an equality. flat: one column axis, so that every atom can be split at
  // will, and no atoms of length 1; otherwise one column axis per logical axis, unit axes included, so that windows may read past the ends.
  Tensor materialize(const std::string& name, const Tensor& tensor, bool flat);
  // `tensor` with one atom on every axis of the list, such that reads beyond their ends, along all of them at once, give 0: a
  // copy with one column axis per axis where it is not so already. The one place where padding is decided.
  Tensor zero_extended(const std::string& name, const Tensor& tensor, const std::vector<AxisPadding>& paddings);
  // `tensor` with one atom for each axis longer than 1; materializes when an axis has more.
  Tensor plain(const std::string& name, const Tensor& tensor);
  // `tensor` with the atoms of `axis` refined to `factors`; materializes when they do not nest.
  Tensor refined(const std::string& name, const Tensor& tensor, std::size_t axis, const circuit::Box& factors);
  // Tensors broadcast to `shape` (numpy rules) on common atoms: every axis of each is either absent or has the same
  // atoms. out_atoms[axis] are the atoms of the result.
  std::vector<Tensor> aligned(const std::string& name, std::vector<Tensor> tensors, const Dims& shape,
                              std::vector<circuit::Box>& out_atoms);
  std::vector<Tensor> aligned(const std::string& name, std::vector<Tensor> tensors, const Shape& shape,
                              std::vector<circuit::Box>& out_atoms) {
    return aligned(name, std::move(tensors), shape.dims(), out_atoms);
  }

  // acc of node `index` is the virtual expression `acc`: rounds, looks up, and returns the value's tensor.
  Tensor requantize(std::uint32_t index, const Tensor& acc);
  // acc of node `index` is not an expression: commits its parts and returns the tensor of acc over `like`'s atoms; y receives
  // the tensor of the node's value.
  Tensor committed_accumulator(std::uint32_t index, const Tensor& like, Tensor& y);
  // How nodes with this table and shift are rounded: what costs least over all nodes with this table.
  Rounding rounding(std::int32_t table, int shift);
  // What a range check of expr in [0, 2^log_size) costs for so many elements.
  std::uint64_t range_cost(std::uint64_t num_elements, int log_size) const;
  // lo <= expr <= hi at every point of the box.
  void add_interval_check(const std::string& name, const circuit::Box& box, const circuit::LinExpr& expr,
                          std::int64_t lo, std::int64_t hi);

 private:
  void add_inputs_and_params();
  // The column of a parameter in this oracle, as every circuit of the graph declares it.
  circuit::ColumnId add_param_column(qir::ValueId id, circuit::Oracle oracle);
  // Who rounds through which table, and how many remainders of each width there will be.
  void survey_tables();
  void finish_tables();
  Status add_node(std::uint32_t index);
  // Whether it follows from parameters and constants alone.
  bool is_shared(const circuit::LinExpr& expr) const;
  Status count_views(std::uint32_t index);
  Status check_bytes() const;
  std::uint32_t add_table(circuit::Table table);
  // A relation looks this table up, for the first time.
  void note_use(std::uint32_t index);
  // The limb width whose lookups and new table rows are fewest.
  int cheapest_limb(std::uint64_t num_elements, int log_size) const;
  // What lookups of so many limbs of limb_bits > 0 each, and the table rows that they add, cost.
  std::uint64_t limbs_cost(std::uint64_t num_elements, int log_size, int limb_bits) const;
  // The same by one lookup, log_size <= kMaxRangeBits.
  void add_range_lookup(const std::string& name, const circuit::Box& box, const circuit::LinExpr& expr, int log_size);
  // Rows that a range table of this size would add.
  std::uint64_t new_rows(int bits) const;
  // Inputs and outputs may stand in the statement any number of times.
  Status count_statement();
  void add_public_tensors();
  // A flat column in a data oracle of its own for each committed input and output, equal to the tensor.
  void add_committed_tensors();
  // lo <= y <= hi for every output whose entries no verifier sees, where nothing else proves it.
  Status add_output_ranges();
  // Of inputs and outputs whose hash the circuit computes.
  Status add_digests();

  const qir::QGraph& graph_;
  qir::Visibility visibility_;
  const std::uint64_t num_rows_;
  RecipeSink nobody_;
  RecipeSink& recipes_;
  circuit::Circuit circuit_;
  bool is_shared_ = false;  // columns made now follow from parameters alone
  std::vector<Tensor> tensors_;
  std::map<qir::ValueId, std::uint32_t> committed_;  // the last table of committed rows made of the value
  qir::Ranges sound_;
  std::vector<TableUse> uses_;                  // [graph table]
  std::array<std::uint64_t, 64> remainders_{};  // [bits]: elements of all nodes that round so many bits off
  std::map<std::pair<std::int32_t, int>, Rounding> roundings_;
  std::vector<bool> looked_up_;  // [table]: by some relation so far
  std::array<std::optional<std::uint32_t>, kMaxRangeBits + 1> range_tables_;
  std::map<std::int64_t, std::uint32_t> positive_part_tables_;  // that are looked up, by the |x| that they all have
  std::map<std::tuple<circuit::Table::Form, std::int64_t, int, std::int64_t, std::int64_t>, std::uint32_t>
      clamp_tables_;
  std::map<std::int32_t, Pieces> pieces_;
  std::uint64_t num_views_ = 0;  // of all tensors so far
  std::uint64_t num_bytes_ = 0;  // of them
  std::uint64_t max_bytes_;
};

// One function per operator: the tensor of its output. `index` is the node's index in the graph. In relations/<op>.cc.
Result<Tensor> build_conv(Builder& builder, std::uint32_t index);
Result<Tensor> build_matmul(Builder& builder, std::uint32_t index);
Result<Tensor> build_mul(Builder& builder, std::uint32_t index);
Result<Tensor> build_linear(Builder& builder, std::uint32_t index);
Result<Tensor> build_reduce_sum(Builder& builder, std::uint32_t index);
Result<Tensor> build_sum_pool(Builder& builder, std::uint32_t index);
Result<Tensor> build_max_pool(Builder& builder, std::uint32_t index);
Result<Tensor> build_reduce_max(Builder& builder, std::uint32_t index);
Result<Tensor> build_arg_max(Builder& builder, std::uint32_t index);
Result<Tensor> build_softmax(Builder& builder, std::uint32_t index);
Result<Tensor> build_divide(Builder& builder, std::uint32_t index);
Result<Tensor> build_square_root(Builder& builder, std::uint32_t index);
Result<Tensor> build_reshape(Builder& builder, std::uint32_t index);
Result<Tensor> build_transpose(Builder& builder, std::uint32_t index);
Result<Tensor> build_slice(Builder& builder, std::uint32_t index);
Result<Tensor> build_pad(Builder& builder, std::uint32_t index);
Result<Tensor> build_concat(Builder& builder, std::uint32_t index);
Result<Tensor> build_select(Builder& builder, std::uint32_t index);
Result<Tensor> build_gather(Builder& builder, std::uint32_t index);
Result<Tensor> build_sort(Builder& builder, std::uint32_t index);
// The digest of graph value `id` (relations/sha256.h).
Status add_sha256(Builder& builder, qir::ValueId id);

}  // namespace zkinfer::relations
