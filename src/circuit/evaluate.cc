// SPDX-License-Identifier: Apache-2.0
#include "circuit/evaluate.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/parallel.h"

namespace zkinfer::circuit {

FpVec& ColumnValues::operator[](std::size_t id) {
  if (!ints_[id].empty()) {
    elements_[id] = FpVec(ints_[id].size);
    vec::from_ints(ints_[id], elements_[id].span());
    ints_[id] = {};
    narrow_[id] = {};
  }
  return elements_[id];
}

const FpVec& ColumnValues::operator[](std::size_t id) const {
  ZKI_CHECK(ints_[id].empty(), "a column of small integers is read through its view");
  return elements_[id];
}

void ColumnValues::narrow() {
  for (std::size_t id = 0; id < elements_.size(); ++id) {
    if (elements_[id].size() < NarrowVec::kMinNarrowed) continue;
    narrow_[id] = NarrowVec(std::move(elements_[id]));
    ints_[id] = narrow_[id].view().ints;
    if (ints_[id].empty()) elements_[id] = std::move(narrow_[id]).take_elements();
  }
}

void ColumnValues::clear() {
  elements_.clear();
  ints_.clear();
  narrow_.clear();
}

namespace {

// Small integers become elements of F so many at a time, in the first-level cache.
constexpr std::size_t kConverted = 512;

// Adds one view over the loop axes. `index` holds the current column index per column axis.
class ViewWalker {
 public:
  ViewWalker(const View& view, const Column& column, const ColumnView& data, const std::vector<LoopAxis>& loops)
      : view_(view), column_(column), data_(data), loops_(loops), coef_(view.coef) {
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
      if (static_cast<int>(j) != feed.column_axis) {
        if (index[j] < 0 || index[j] >= size) return;
        offset += index[j] * column_strides_[j];
        continue;
      }
      while (begin < end && (index[j] + begin * feed.stride < 0 || index[j] + begin * feed.stride >= size)) ++begin;
      while (end > begin && (index[j] + (end - 1) * feed.stride < 0 || index[j] + (end - 1) * feed.stride >= size))
        --end;
      if (begin >= end) return;
      // Of the first position inside; indices outside may be too far away to be multiplied.
      offset += (index[j] + begin * feed.stride) * column_strides_[j];
    }
    const auto out_step = has_loop ? static_cast<std::int64_t>(loops_.back().out_stride) : 0;
    const auto count = static_cast<std::size_t>(end - begin);
    const bool moves = feed.column_axis >= 0 && count > 1;
    const std::int64_t step = moves ? feed.stride * column_strides_[static_cast<std::size_t>(feed.column_axis)] : 0;
    const bool is_run = step == 1 && out_step == 1;
    if (data_.ints.empty()) {
      const Fp* source = data_.elements.data() + offset;
      if (is_run) return vec::axpy(coef_, FpCSpan(source, count), FpSpan(out + begin, count));
      for (std::int64_t i = 0; i < end - begin; ++i) out[(begin + i) * out_step] += coef_ * source[i * step];
      return;
    }
    if (is_run) return add_run(static_cast<std::size_t>(offset), FpSpan(out + begin, count));
    data_.ints.with_reader([&](const auto& read) {
      for (std::int64_t i = 0; i < end - begin; ++i) {
        out[(begin + i) * out_step] += coef_ * Fp::from_int(read(static_cast<std::size_t>(offset + i * step)));
      }
    });
  }

  // out[i] += coef * integer[begin + i].
  void add_run(std::size_t begin, FpSpan out) const {
    thread_local std::array<Fp, kConverted> converted;
    for (std::size_t done = 0; done < out.size(); done += kConverted) {
      const FpSpan part = FpSpan(converted).first(std::min(kConverted, out.size() - done));
      vec::from_ints(data_.ints.subspan(begin + done, part.size()), part);
      vec::axpy(coef_, part, out.subspan(done, part.size()));
    }
  }

  const View& view_;
  const Column& column_;
  const ColumnView data_;
  const std::vector<LoopAxis>& loops_;
  Fp coef_;
  std::vector<std::int64_t> column_strides_;
  std::vector<Feed> feeds_;
};

}  // namespace

void evaluate_slice(const LinExpr& expr, const std::vector<Column>& columns, const ColumnValues& data,
                    const std::vector<LoopAxis>& loops, const std::vector<std::uint64_t>& fixed, Fp* out) {
  std::vector<Fp> steps(loops.size());
  Fp start = expr.constant;
  for (const Slope& slope : expr.slopes) {
    const auto loop =
        std::find_if(loops.begin(), loops.end(), [&](const LoopAxis& axis) { return axis.box_axis == slope.box_axis; });
    if (loop != loops.end())
      steps[static_cast<std::size_t>(loop - loops.begin())] += slope.coef;
    else
      start += slope.coef * Fp::reduce(fixed[slope.box_axis]);
  }
  for_each_affine(loops, steps, start, [&](std::size_t at, Fp value) { out[at] = value; });
  for (const View& view : expr.views)
    ViewWalker(view, columns[view.column], data.view(view.column), loops).add(fixed, out);
}

namespace {

// expr at every point of the box, whatever its views are; all cores.
void walk(const LinExpr& expr, const std::vector<Column>& columns, const ColumnValues& data, const Box& box, Fp* out) {
  if (box.empty()) {
    evaluate_slice(expr, columns, data, {}, {}, out);
    return;
  }
  const std::uint64_t row = box_size(box) / std::max<std::uint64_t>(1, box[0]);
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
                     evaluate_slice(expr, columns, data, loops, fixed, out + i * row);
                   }
                 });
    return;
  }
  std::uint64_t inner = 1;
  for (std::uint32_t axis = split + 1; axis < box.size(); ++axis) inner *= box[axis];
  std::vector<LoopAxis> inner_loops(loops.begin() + split, loops.end());
  parallel_for(box[split], std::max<std::size_t>(1, 4096 / inner), [&](std::size_t begin, std::size_t end) {
    std::vector<std::uint64_t> fixed(box.size(), 0);
    for (std::size_t i = begin; i < end; ++i) {
      fixed[split] = i;
      evaluate_slice(expr, columns, data, inner_loops, fixed, out + i * inner);
    }
  });
}

// An expression whose views stay inside their columns: the address in each is affine in the box's indices, so neighbouring
// box axes that all views walk like one longer axis are one. Most expressions become few long runs. Views that do not, but
// read few of the box's axes (the sum of a row that every entry of it needs), are computed over these alone first.
class AffineExpr {
 public:
  // False where a view over most of the box sums, or leaves its column somewhere, or the expression has slopes.
  bool set(const LinExpr& expr, const std::vector<Column>& columns, const ColumnValues& data, const Box& box) {
    if (!expr.slopes.empty() || box.empty()) return false;
    constant_ = expr.constant;
    for (const View& view : expr.views) {
      if (!set_affine(view, columns, data, box) && !set_short(view, columns, data, box)) return false;
    }
    merge(box);
    return true;
  }

  // Entries [begin, end) of row `row`; a row is the last axis, entries lie one behind the other in `out`.
  void evaluate(std::size_t row, std::size_t begin, std::size_t end, Fp* out) const {
    const std::size_t count = end - begin;
    bool is_set = false;
    for (const AffineView& view : views_) {
      std::int64_t at = view.offset + view.strides.back() * static_cast<std::int64_t>(begin);
      std::size_t rest = row;
      for (std::size_t axis = lengths_.size() - 1; axis-- > 0; rest /= lengths_[axis])
        at += view.strides[axis] * static_cast<std::int64_t>(rest % lengths_[axis]);
      if (!is_set && constant_ == Fp() && view.coef == Fp(1) && view.strides.back() == 1) {
        view.data.copy(static_cast<std::size_t>(at), FpSpan(out, count));
        is_set = true;
        continue;
      }
      if (!is_set) std::fill_n(out, count, constant_);
      is_set = true;
      add(view, at, FpSpan(out, count));
    }
    if (!is_set) std::fill_n(out, count, constant_);
  }
  std::size_t row_length() const { return lengths_.back(); }

 private:
  struct AffineView {
    Fp coef;
    ColumnView data;
    std::int64_t offset;
    std::vector<std::int64_t> strides;  // of the axes
  };

  bool set_affine(const View& view, const std::vector<Column>& columns, const ColumnValues& data, const Box& box) {
    AffineView next{view.coef, data.view(view.column), 0, std::vector<std::int64_t>(box.size())};
    const Column& column = columns[view.column];
    ZKI_CHECK_EQ(next.data.size(), column.num_elements(), "a column has its values before it is read");
    std::int64_t stride = 1;
    for (std::size_t j = view.axes.size(); j-- > 0;) {
      const AxisMap& map = view.axes[j];
      if (!map.sums.empty()) return false;
      __int128 first = map.offset, last = map.offset;
      for (const AxisTerm& term : map.terms) {
        const __int128 reach = static_cast<__int128>(term.stride) * static_cast<__int128>(box[term.box_axis] - 1);
        (reach < 0 ? first : last) += reach;
      }
      if (first < 0 || last >= static_cast<__int128>(column.shape[j])) return false;
      next.offset += map.offset * stride;
      for (const AxisTerm& term : map.terms) next.strides[term.box_axis] += term.stride * stride;
      stride *= static_cast<std::int64_t>(column.shape[j]);
    }
    views_.push_back(std::move(next));
    return true;
  }

  // Its values over the axes that it reads; false where these are more than half of the box.
  bool set_short(const View& view, const std::vector<Column>& columns, const ColumnValues& data, const Box& box) {
    Box read(box.size(), 1);
    for (const AxisMap& map : view.axes) {
      for (const AxisTerm& term : map.terms) read[term.box_axis] = box[term.box_axis];
    }
    const std::uint64_t size = box_size(read);
    if (size > box_size(box) / 2) return false;
    FpVec& values = short_.emplace_back(static_cast<std::size_t>(size), Contents::kUnset);
    LinExpr alone;
    alone.views = {view};
    walk(alone, columns, data, read, values.data());
    AffineView next{Fp(1), {values.span(), {}}, 0, std::vector<std::int64_t>(box.size(), 0)};
    std::int64_t stride = 1;
    for (std::size_t axis = box.size(); axis-- > 0; stride *= static_cast<std::int64_t>(read[axis])) {
      if (read[axis] > 1) next.strides[axis] = stride;
    }
    views_.push_back(std::move(next));
    return true;
  }

  void merge(const Box& box) {
    lengths_.assign(box.begin(), box.end());
    for (std::size_t axis = box.size() - 1; axis-- > 0;) {
      const bool is_one = std::all_of(views_.begin(), views_.end(), [&](const AffineView& view) {
        return lengths_[axis] == 1 ||
               view.strides[axis] == view.strides[axis + 1] * static_cast<std::int64_t>(lengths_[axis + 1]);
      });
      // Of an axis of length 1 the stride does not matter.
      const bool next_is_short = lengths_[axis + 1] == 1;
      if (!is_one && !next_is_short) continue;
      const auto gone = static_cast<std::ptrdiff_t>(next_is_short ? axis + 1 : axis);
      lengths_[next_is_short ? axis : axis + 1] = lengths_[axis] * lengths_[axis + 1];
      lengths_.erase(lengths_.begin() + gone);
      for (AffineView& view : views_) view.strides.erase(view.strides.begin() + gone);
    }
  }

  static void add(const AffineView& view, std::int64_t at, FpSpan out) {
    const std::int64_t step = view.strides.back();
    if (step == 0) {
      const Fp value = view.coef * view.data[static_cast<std::size_t>(at)];
      for (Fp& x : out) x += value;
      return;
    }
    thread_local std::array<Fp, kConverted> read;
    for (std::size_t done = 0; done < out.size(); done += kConverted) {
      const FpSpan part = out.subspan(done, std::min(kConverted, out.size() - done));
      const std::int64_t first = at + step * static_cast<std::int64_t>(done);
      if (step == 1 && view.data.ints.empty()) {
        vec::axpy(view.coef, view.data.elements.subspan(static_cast<std::size_t>(first), part.size()), part);
        continue;
      }
      const FpSpan values = FpSpan(read).first(part.size());
      if (step == 1) {
        view.data.copy(static_cast<std::size_t>(first), values);
      } else {
        for (std::size_t i = 0; i < part.size(); ++i)
          values[i] = view.data[static_cast<std::size_t>(first + step * static_cast<std::int64_t>(i))];
      }
      vec::axpy(view.coef, values, part);
    }
  }

  Fp constant_;
  std::vector<FpVec> short_;  // what some views read
  std::vector<AffineView> views_;
  std::vector<std::size_t> lengths_;  // of the axes that are left
};

}  // namespace

FpVec evaluate(const LinExpr& expr, const std::vector<Column>& columns, const ColumnValues& data, const Box& box) {
  FpVec out(box_size(box), Contents::kUnset);
  if (AffineExpr affine; affine.set(expr, columns, data, box)) {
    const std::size_t row = affine.row_length();
    constexpr std::size_t kGrain = 8192;
    if (row >= kGrain) {
      const std::size_t per_row = num_chunks(row, kGrain);
      parallel_for(out.size() / row * per_row, 1, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
          const std::size_t first = i % per_row * kGrain;
          affine.evaluate(i / per_row, first, std::min(row, first + kGrain), out.data() + i / per_row * row + first);
        }
      });
    } else {
      parallel_for(out.size() / row, std::max<std::size_t>(1, kGrain / row), [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) affine.evaluate(i, 0, row, out.data() + i * row);
      });
    }
    return out;
  }
  walk(expr, columns, data, box, out.data());
  return out;
}

std::vector<NarrowVec> evaluate(const Tuples& tuples, const std::vector<Column>& columns, const ColumnValues& data) {
  std::vector<NarrowVec> out;
  for (const LinExpr& entry : tuples.tuple) out.emplace_back(evaluate(entry, columns, data, tuples.box));
  if (!tuples.run_box.empty()) out.emplace_back(evaluate(tuples.run, columns, data, tuples.whole_box()));
  return out;
}

void copy_block(const Block& block, const std::vector<std::uint32_t>& order, const std::vector<std::uint64_t>& shape,
                const ColumnView& values, Fp* out) {
  visit_block(block, order, shape, [&](std::size_t source, std::size_t target, std::size_t count, std::size_t step) {
    if (step == 1) return values.copy(source, FpSpan(out + target, count));
    if (values.ints.empty()) {
      for (std::size_t i = 0; i < count; ++i) out[target + i] = values.elements[source + i * step];
      return;
    }
    values.ints.with_reader([&](const auto& read) {
      for (std::size_t i = 0; i < count; ++i) out[target + i] = Fp::from_int(read(source + i * step));
    });
  });
}

namespace {

template <class T>
void copy_ints(const Block& block, const std::vector<std::uint32_t>& order, const std::vector<std::uint64_t>& shape,
               const IntSpan& values, std::uint8_t* out) {
  visit_block(block, order, shape, [&](std::size_t source, std::size_t target, std::size_t count, std::size_t step) {
    if (step == 1 && values.width == sizeof(T)) {
      std::memcpy(out + target * sizeof(T), values.data + source * sizeof(T), count * sizeof(T));
      return;
    }
    values.with_reader([&](const auto& read) {
      for (std::size_t i = 0; i < count; ++i) {
        const T x = static_cast<T>(read(source + i * step));
        std::memcpy(out + (target + i) * sizeof(T), &x, sizeof(T));
      }
    });
  });
}

}  // namespace

void copy_block(const Block& block, const std::vector<std::uint32_t>& order, const std::vector<std::uint64_t>& shape,
                const IntSpan& values, std::uint8_t width, std::uint8_t* out) {
  if (width == 1) return copy_ints<std::int8_t>(block, order, shape, values, out);
  if (width == 2) return copy_ints<std::int16_t>(block, order, shape, values, out);
  copy_ints<std::int32_t>(block, order, shape, values, out);
}

NarrowVec block_of(const Block& block, const std::vector<std::uint32_t>& order, const std::vector<std::uint64_t>& shape,
                   const ColumnView& values) {
  const std::size_t size = std::size_t{1} << block.log_size();
  if (values.ints.empty()) {
    FpVec out(size);
    copy_block(block, order, shape, values, out.data());
    return NarrowVec::of_elements(std::move(out));
  }
  const std::uint8_t width = values.ints.width;
  AlignedMemory out(size * width);
  copy_block(block, order, shape, values.ints, width, static_cast<std::uint8_t*>(out.data()));
  return NarrowVec::of_ints(std::move(out), size, width);
}

void place_values(const Layout& layout, const std::vector<Column>& columns, const ColumnValues& data,
                  std::size_t lane_stride, FpSpan out) {
  ZKI_CHECK(lane_stride >= layout.num_coefs, "a lane has room for its columns");
  ZKI_CHECK_EQ(out.size(), layout.lanes.size() * lane_stride, "one row of addresses per lane");
  parallel_for(layout.lanes.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t lane = begin; lane < end; ++lane) {
      for (const auto& [id, block_index] : layout.lanes[lane]) {
        const PlacedBlock& placed = layout.columns[id].blocks[block_index];
        const std::vector<std::uint32_t>& order = layout.columns[id].cuts.order;
        const ColumnView values = data.view(id);
        ZKI_CHECK_EQ(values.size(), columns[id].num_elements(), "every placed column has its values");
        copy_block(placed.block, order, columns[id].shape, values, out.data() + lane * lane_stride + placed.row);
      }
    }
  });
}

}  // namespace zkinfer::circuit
