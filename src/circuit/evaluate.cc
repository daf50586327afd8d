// SPDX-License-Identifier: Apache-2.0
#include "circuit/evaluate.h"

#include <algorithm>

#include "base/check.h"
#include "base/parallel.h"

namespace zkinfer::circuit {

std::uint64_t box_size(const Box& box) {
  std::uint64_t count = 1;
  for (const std::uint64_t n : box) count *= n;
  return count;
}

namespace {

// Adds one view over the loop axes. `index` holds the current column index per column axis.
class ViewWalker {
 public:
  ViewWalker(const View& view, const Column& column, const FpVec& data, const std::vector<LoopAxis>& loops)
      : view_(view), column_(column), data_(data), loops_(loops), coef_(Fp::from_int(view.coef)) {
    ZKI_CHECK_EQ(data.size(), column.num_elements(), "a column has its values before it is read");
    std::int64_t stride = 1;
    column_strides_.resize(column.shape.size());
    for (std::size_t j = column.shape.size(); j-- > 0;) {
      column_strides_[j] = stride;
      stride *= static_cast<std::int64_t>(column.shape[j]);
    }
    // Where each loop axis goes: the column axis it feeds (or none) and its stride there.
    for (const LoopAxis& loop : loops) {
      Feed feed;
      for (std::size_t j = 0; j < view.axes.size(); ++j) {
        for (const AxisTerm& term : view.axes[j].terms) {
          if (term.box_axis == loop.box_axis) feed = {static_cast<int>(j), term.stride};
        }
      }
      feeds_.push_back(feed);
    }
  }

  void add(const std::vector<std::uint64_t>& fixed, Fp* out) {
    std::vector<std::int64_t> index(view_.axes.size());
    for (std::size_t j = 0; j < view_.axes.size(); ++j) {
      index[j] = view_.axes[j].offset;
      for (const AxisTerm& term : view_.axes[j].terms) {
        const bool looped = std::any_of(loops_.begin(), loops_.end(),
                                        [&](const LoopAxis& loop) { return loop.box_axis == term.box_axis; });
        if (!looped) index[j] += term.stride * static_cast<std::int64_t>(fixed[term.box_axis]);
      }
    }
    sums(0, 0, index, out);
  }

 private:
  struct Feed {
    int column_axis = -1;
    std::int64_t stride = 0;
  };

  void sums(std::size_t axis, std::size_t which, std::vector<std::int64_t>& index, Fp* out) {
    if (axis == view_.axes.size()) return walk(0, index, out);
    const std::vector<SumTerm>& terms = view_.axes[axis].sums;
    if (which == terms.size()) return sums(axis + 1, 0, index, out);
    for (std::uint64_t i = 0; i < terms[which].length; ++i) {
      const std::int64_t step = terms[which].stride * static_cast<std::int64_t>(i);
      index[axis] += step;
      sums(axis, which + 1, index, out);
      index[axis] -= step;
    }
  }

  void walk(std::size_t level, std::vector<std::int64_t>& index, Fp* out) {
    if (level + 1 >= loops_.size()) return inner(index, out);
    const Feed& feed = feeds_[level];
    for (std::uint64_t i = 0; i < loops_[level].length; ++i) {
      walk(level + 1, index, out + i * loops_[level].out_stride);
      if (feed.column_axis >= 0) index[static_cast<std::size_t>(feed.column_axis)] += feed.stride;
    }
    if (feed.column_axis >= 0) {
      index[static_cast<std::size_t>(feed.column_axis)] -=
          feed.stride * static_cast<std::int64_t>(loops_[level].length);
    }
  }

  // The last loop axis: a strided run of the column, cut to the part that is inside.
  void inner(const std::vector<std::int64_t>& index, Fp* out) const {
    const bool has_loop = !loops_.empty();
    const Feed feed = has_loop ? feeds_.back() : Feed();
    std::int64_t begin = 0;
    std::int64_t end = has_loop ? static_cast<std::int64_t>(loops_.back().length) : 1;
    std::int64_t offset = 0;
    for (std::size_t j = 0; j < index.size(); ++j) {
      const auto size = static_cast<std::int64_t>(column_.shape[j]);
      offset += index[j] * column_strides_[j];
      if (static_cast<int>(j) != feed.column_axis) {
        if (index[j] < 0 || index[j] >= size) return;
        continue;
      }
      while (begin < end && (index[j] + begin * feed.stride < 0 || index[j] + begin * feed.stride >= size)) ++begin;
      while (end > begin && (index[j] + (end - 1) * feed.stride < 0 || index[j] + (end - 1) * feed.stride >= size))
        --end;
    }
    if (begin >= end) return;
    const std::int64_t step =
        feed.column_axis < 0 ? 0 : feed.stride * column_strides_[static_cast<std::size_t>(feed.column_axis)];
    const auto out_step = has_loop ? static_cast<std::int64_t>(loops_.back().out_stride) : 0;
    const Fp* source = data_.data() + offset;
    const auto count = static_cast<std::size_t>(end - begin);
    if (step == 1 && out_step == 1) {
      return vec::axpy(coef_, FpCSpan(source + begin, count), FpSpan(out + begin, count));
    }
    for (std::int64_t i = begin; i < end; ++i) out[i * out_step] += coef_ * source[i * step];
  }

  const View& view_;
  const Column& column_;
  const FpVec& data_;
  const std::vector<LoopAxis>& loops_;
  Fp coef_;
  std::vector<std::int64_t> column_strides_;
  std::vector<Feed> feeds_;
};

void fill(const std::vector<LoopAxis>& loops, std::size_t level, Fp value, Fp* out) {
  if (level == loops.size()) {
    *out = value;
    return;
  }
  for (std::uint64_t i = 0; i < loops[level].length; ++i)
    fill(loops, level + 1, value, out + i * loops[level].out_stride);
}

}  // namespace

void evaluate_slice(const LinExpr& expr, const std::vector<Column>& columns, const ColumnValues& data,
                    const std::vector<LoopAxis>& loops, const std::vector<std::uint64_t>& fixed, Fp* out) {
  fill(loops, 0, Fp::from_int(expr.constant), out);
  for (const View& view : expr.views) ViewWalker(view, columns[view.column], data[view.column], loops).add(fixed, out);
}

FpVec evaluate(const LinExpr& expr, const std::vector<Column>& columns, const ColumnValues& data, const Box& box) {
  FpVec out(box_size(box));
  if (box.empty()) {
    evaluate_slice(expr, columns, data, {}, {}, out.data());
    return out;
  }
  const std::uint64_t row = out.size() / std::max<std::uint64_t>(1, box[0]);
  std::vector<LoopAxis> loops;
  std::uint64_t stride = row;
  for (std::uint32_t axis = 1; axis < box.size(); ++axis) {
    stride /= box[axis];
    loops.push_back({axis, box[axis], stride});
  }
  // A box that begins with axes of length 1 (a batch of one) is split along its longest axis instead.
  std::uint32_t split = 0;
  for (std::uint32_t axis = 1; axis < box.size(); ++axis) {
    if (box[split] == 1 && box[axis] > 1) split = axis;
  }
  if (split == 0) {
    parallel_for(box[0], std::max<std::size_t>(1, 4096 / std::max<std::uint64_t>(1, row)),
                 [&](std::size_t begin, std::size_t end) {
                   std::vector<std::uint64_t> fixed(box.size(), 0);
                   for (std::size_t i = begin; i < end; ++i) {
                     fixed[0] = i;
                     evaluate_slice(expr, columns, data, loops, fixed, out.data() + i * row);
                   }
                 });
    return out;
  }
  std::uint64_t inner = 1;
  for (std::uint32_t axis = split + 1; axis < box.size(); ++axis) inner *= box[axis];
  std::vector<LoopAxis> inner_loops(loops.begin() + split, loops.end());
  parallel_for(box[split], std::max<std::size_t>(1, 4096 / inner), [&](std::size_t begin, std::size_t end) {
    std::vector<std::uint64_t> fixed(box.size(), 0);
    for (std::size_t i = begin; i < end; ++i) {
      fixed[split] = i;
      evaluate_slice(expr, columns, data, inner_loops, fixed, out.data() + i * inner);
    }
  });
  return out;
}

void copy_block(const Block& block, const std::vector<std::uint32_t>& order, const std::vector<std::uint64_t>& shape,
                const Fp* values, Fp* out) {
  std::vector<std::size_t> strides(order.size(), 1);
  for (std::size_t axis = order.size(); axis-- > 1;) strides[axis - 1] = strides[axis] * shape[axis];
  const auto copy = [&](auto& self, std::size_t level, const Fp* source, Fp* target, int bits) -> void {
    if (level == order.size()) {
      *target = *source;
      return;
    }
    const std::uint32_t axis = order[level];
    const AxisPiece& piece = block.pieces[axis];
    const int below = bits - piece.bits;
    source += piece.begin * strides[axis];
    if (level + 1 == order.size() && strides[axis] == 1) {
      std::copy(source, source + piece.length, target);
      return;
    }
    for (std::uint64_t i = 0; i < piece.length; ++i)
      self(self, level + 1, source + i * strides[axis], target + (i << below), below);
  };
  copy(copy, 0, values, out, block.log_size());
}

void place_values(const Layout& layout, const std::vector<Column>& columns, const ColumnValues& data, FpSpan out) {
  ZKI_CHECK_EQ(out.size(), layout.lanes.size() * layout.num_coefs, "one row of addresses per lane");
  parallel_for(layout.lanes.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t lane = begin; lane < end; ++lane) {
      for (const auto& [id, block_index] : layout.lanes[lane]) {
        const PlacedBlock& placed = layout.columns[id].blocks[block_index];
        const std::vector<std::uint32_t>& order = layout.columns[id].cuts.order;
        ZKI_CHECK_EQ(data[id].size(), columns[id].num_elements(), "every placed column has its values");
        copy_block(placed.block, order, columns[id].shape, data[id].data(),
                   out.data() + lane * layout.num_coefs + placed.row);
      }
    }
  });
}

}  // namespace zkinfer::circuit
