// SPDX-License-Identifier: Apache-2.0
// Prover side: values of linear expressions over a box, or over a slice of it, from the columns' values.
#pragma once

#include <memory>
#include <vector>

#include "base/int_span.h"
#include "circuit/circuit.h"
#include "circuit/layout.h"
#include "circuit/narrow_vec.h"

namespace zkinfer::circuit {

// Values of every column, row-major. Columns may be empty while they are not computed yet. A parameter's column is borrowed
// from the model's weights and stays small integers; other columns become so by narrow().
class ColumnValues {
 public:
  ColumnValues() = default;
  explicit ColumnValues(std::size_t num_columns) : elements_(num_columns), ints_(num_columns), narrow_(num_columns) {}

  std::size_t size() const { return elements_.size(); }
  ColumnView view(std::size_t id) const { return {elements_[id].span(), ints_[id]}; }
  void borrow(std::size_t id, const IntSpan& ints) { ints_[id] = ints; }
  // Keeps alive what columns are borrowed from.
  void keep(std::shared_ptr<const void> owner) { owner_ = std::move(owner); }
  // Columns whose values are small integers take no more memory than these need, from here on. All cores.
  void narrow();
  // Elements of F of its own, for whoever computes or changes a column; small integers are converted first.
  FpVec& operator[](std::size_t id);
  // Of a column that has elements of F.
  const FpVec& operator[](std::size_t id) const;
  void clear();

 private:
  std::vector<FpVec> elements_;
  std::vector<IntSpan> ints_;
  std::vector<NarrowVec> narrow_;  // the memory of those that narrow() changed
  std::shared_ptr<const void> owner_;
};

// One loop axis of an evaluation and the distance of its steps in the output.
struct LoopAxis {
  std::uint32_t box_axis = 0;
  std::uint64_t length = 0;
  std::uint64_t out_stride = 0;
};

// Calls set(sum_l out_stride_l i_l, value + sum_l steps[l] i_l) for every point i of the loops; steps: by loop.
template <class T, class Set>
void for_each_affine(const std::vector<LoopAxis>& loops, const std::vector<T>& steps, const T& value, const Set& set) {
  const auto walk = [&](auto& self, std::size_t level, std::size_t at, T here) -> void {
    if (level == loops.size()) return set(at, here);
    for (std::uint64_t i = 0; i < loops[level].length; ++i, here += steps[level])
      self(self, level + 1, at + static_cast<std::size_t>(i * loops[level].out_stride), here);
  };
  walk(walk, 0, 0, value);
}

// out[sum_l out_stride_l i_l] = expr at the box point with the loop axes at i_l and every other axis at fixed[axis].
// Positions of `out` that no loop index reaches are left alone.
void evaluate_slice(const LinExpr& expr, const std::vector<Column>& columns, const ColumnValues& data,
                    const std::vector<LoopAxis>& loops, const std::vector<std::uint64_t>& fixed, Fp* out);

// expr at every point of the box, row-major, all cores.
FpVec evaluate(const LinExpr& expr, const std::vector<Column>& columns, const ColumnValues& data, const Box& box);

// Tuples of which every entry is a vector over the box, row-major; the last one is over whole_box() where there is a run. Each is made
// narrow as soon as it is there.
std::vector<NarrowVec> evaluate(const Tuples& tuples, const std::vector<Column>& columns, const ColumnValues& data);

// Calls visit(source, target, count, source_step) for runs of one block of a row-major tensor of that shape: entries source,
// source + source_step, .. of the tensor belong at the block's addresses target, target + 1, ... order: axes from the
// highest to the lowest address bits.
template <class Visit>
void visit_block(const Block& block, const std::vector<std::uint32_t>& order, const std::vector<std::uint64_t>& shape,
                 const Visit& visit) {
  std::vector<std::size_t> strides(order.size(), 1);
  for (std::size_t axis = order.size(); axis-- > 1;) strides[axis - 1] = strides[axis] * shape[axis];
  const auto walk = [&](auto& self, std::size_t level, std::size_t source, std::size_t target, int bits) -> void {
    if (level == order.size()) return visit(source, target, std::size_t{1}, std::size_t{1});
    const std::uint32_t axis = order[level];
    const AxisPiece& piece = block.pieces[axis];
    const int below = bits - piece.bits;
    source += piece.begin * strides[axis];
    if (level + 1 == order.size()) return visit(source, target, static_cast<std::size_t>(piece.length), strides[axis]);
    for (std::uint64_t i = 0; i < piece.length; ++i) {
      self(self, level + 1, source + i * strides[axis], target + (i << below), below);
    }
  };
  walk(walk, 0, 0, 0, block.log_size());
}

// Copies one block of a row-major tensor to the block's addresses, out[0 .. 2^log_size); addresses of no index are left
// alone.
void copy_block(const Block& block, const std::vector<std::uint32_t>& order, const std::vector<std::uint64_t>& shape,
                const ColumnView& values, Fp* out);

// The same of small integers, in `width` bytes each, which hold them.
void copy_block(const Block& block, const std::vector<std::uint32_t>& order, const std::vector<std::uint64_t>& shape,
                const IntSpan& values, std::uint8_t width, std::uint8_t* out);
// The same in memory of its own, with zeros at addresses of no index.
NarrowVec block_of(const Block& block, const std::vector<std::uint32_t>& order, const std::vector<std::uint64_t>& shape,
                   const ColumnView& values);

// Writes the columns that `layout` places to their addresses in out, [num_lanes, lane_stride], lane_stride >= num_coefs;
// addresses of no column are left alone. All cores.
void place_values(const Layout& layout, const std::vector<Column>& columns, const ColumnValues& data,
                  std::size_t lane_stride, FpSpan out);

}  // namespace zkinfer::circuit
