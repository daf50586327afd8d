// SPDX-License-Identifier: Apache-2.0
#include "argument/bind_view.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "base/check.h"
#include "base/parallel.h"

namespace zkinfer::argument {

namespace {

using circuit::AxisTerm;
using circuit::LoopAxis;

// Entries of the innermost run that one task adds up, in the first-level cache.
constexpr std::size_t kRun = 512;
// Entries that are worth a task of their own.
constexpr std::size_t kTaskWork = std::size_t{1} << 14;

struct Tap {
  std::int64_t at;  // from the row's own index on
  Fe weight;
};

// What happens to one axis of the column: row r of the result is sum over the taps of weight * entry (first + shift_r + at),
// entries outside of [first, first + length) being 0. Where there is nothing to sum and nothing outside, the axis stays.
struct AxisMap {
  bool is_kept = true;
  std::size_t first = 0, length = 1;  // the entries that are looked at
  std::vector<Tap> taps;              // ascending
  std::vector<std::int64_t> shifts;   // of the rows: the loop axes of this column axis, row-major
  // Distance in the result of one step of each loop axis: of an axis that is kept its stride, of the others in rows.
  std::vector<std::pair<std::uint32_t, std::int64_t>> steps;

  std::size_t num_rows() const { return is_kept ? length : shifts.size(); }
  // One tap after the other: a row is one scalar product.
  bool is_dense() const {
    return !taps.empty() && taps.back().at - taps.front().at + 1 == static_cast<std::int64_t>(taps.size());
  }
};

class ViewBinding {
 public:
  ViewBinding(const circuit::View& view, const circuit::Column& column, const circuit::Box& box,
              const BoundWeights& bound, const std::vector<LoopAxis>& loops)
      : box_(box), bound_(bound), loops_(loops), factor_(view.coef) {
    std::vector<bool> is_read(box.size(), false);
    for (std::size_t j = 0; j < view.axes.size(); ++j) {
      for (const AxisTerm& term : view.axes[j].terms) is_read[term.box_axis] = true;
      maps_.push_back(map_of(view.axes[j], static_cast<std::int64_t>(column.shape[j])));
      is_empty_ = is_empty_ || maps_.back().length == 0;
    }
    for (std::size_t axis = 0; axis < box.size(); ++axis) {
      if (is_read[axis] || bound[axis].empty()) continue;
      factor_ *= std::accumulate(bound[axis].begin(), bound[axis].end(), Fe());
    }
  }

  bool is_empty() const { return is_empty_; }
  const Fe& factor() const { return factor_; }
  std::vector<AxisMap>& maps() { return maps_; }

 private:
  const LoopAxis* loop_of(std::uint32_t box_axis) const {
    const auto found = std::ranges::find_if(loops_, [&](const LoopAxis& loop) { return loop.box_axis == box_axis; });
    return found == loops_.end() ? nullptr : &*found;
  }

  // The index of a column's axis over its bound axes and sums, with weights; equal indices once, ascending.
  std::vector<Tap> taps_of(const circuit::AxisMap& axis) const {
    std::vector<Tap> taps = {{axis.offset, Fe::one()}};
    const auto spread = [&](std::uint64_t length, std::int64_t stride, const auto& weight) {
      std::vector<Tap> next;
      for (const Tap& tap : taps) {
        for (std::uint64_t i = 0; i < length; ++i)
          next.push_back(
              {tap.at + stride * static_cast<std::int64_t>(i), tap.weight * weight(static_cast<std::size_t>(i))});
      }
      taps = std::move(next);
    };
    for (const AxisTerm& term : axis.terms) {
      const std::span<const Fe> weights = bound_[term.box_axis];
      if (!weights.empty()) spread(box_[term.box_axis], term.stride, [&](std::size_t i) { return weights[i]; });
    }
    for (const circuit::SumTerm& sum : axis.sums) spread(sum.length, sum.stride, [](std::size_t) { return Fe::one(); });
    if (!std::ranges::is_sorted(taps, {}, &Tap::at)) std::ranges::sort(taps, {}, &Tap::at);
    std::size_t last = 0;
    for (std::size_t i = 1; i < taps.size(); ++i) {
      if (taps[i].at == taps[last].at) {
        taps[last].weight += taps[i].weight;
      } else {
        taps[++last] = taps[i];
      }
    }
    taps.resize(last + 1);
    return taps;
  }

  AxisMap map_of(const circuit::AxisMap& axis, std::int64_t size) const {
    AxisMap map;
    map.taps = taps_of(axis);
    map.shifts = {0};
    bool is_summed = !axis.sums.empty();
    for (const AxisTerm& term : axis.terms) {
      is_summed = is_summed || !bound_[term.box_axis].empty();
      const LoopAxis* loop = loop_of(term.box_axis);
      if (loop == nullptr) continue;
      const auto length = static_cast<std::int64_t>(loop->length);
      for (auto& [earlier, step] : map.steps) step *= length;
      map.steps.emplace_back(term.box_axis, 1);
      std::vector<std::int64_t> shifts;
      for (const std::int64_t shift : map.shifts) {
        for (std::int64_t i = 0; i < length; ++i) shifts.push_back(shift + term.stride * i);
      }
      map.shifts = std::move(shifts);
    }
    const auto [least_shift, most_shift] = std::ranges::minmax(map.shifts);
    const std::int64_t least = least_shift + map.taps.front().at, most = most_shift + map.taps.back().at;
    const std::int64_t begin = std::max<std::int64_t>(least, 0), end = std::min(most + 1, size);
    map.first = static_cast<std::size_t>(begin);
    map.length = end > begin ? static_cast<std::size_t>(end - begin) : 0;
    map.is_kept = !is_summed && least >= 0 && most < size;
    if (map.is_kept) {
      map.steps.clear();
      for (const AxisTerm& term : axis.terms) {
        if (loop_of(term.box_axis) != nullptr) map.steps.emplace_back(term.box_axis, term.stride);
      }
    }
    for (Tap& tap : map.taps) tap.at -= begin;
    return map;
  }

  const circuit::Box& box_;
  const BoundWeights& bound_;
  const std::vector<LoopAxis>& loops_;
  Fe factor_;
  std::vector<AxisMap> maps_;
  bool is_empty_ = false;
};

// A tensor whose entries are a column's or K's, and the part of it that is looked at.
struct Shape {
  std::vector<std::size_t> lengths, strides;
  std::size_t base = 0;

  static Shape of(const std::vector<std::size_t>& lengths) {
    Shape shape{lengths, std::vector<std::size_t>(lengths.size(), 1), 0};
    for (std::size_t j = lengths.size(); j-- > 1;) shape.strides[j - 1] = shape.strides[j] * lengths[j];
    return shape;
  }
  std::size_t size() const {
    return std::accumulate(lengths.begin(), lengths.end(), std::size_t{1}, std::multiplies<>());
  }
  // The address of index `index`, row-major over axes [begin, end).
  std::size_t address(std::size_t index, std::size_t begin, std::size_t end) const {
    std::size_t at = 0;
    for (std::size_t j = end; j-- > begin; index /= lengths[j]) at += index % lengths[j] * strides[j];
    return at;
  }
};

struct OfColumn {
  const circuit::ColumnView& data;

  // The entries; made in memory of the thread where they are small integers.
  FpCSpan run(std::size_t begin, std::size_t count) const {
    if (data.ints.empty()) return data.elements.subspan(begin, count);
    thread_local FpVec memory;
    if (memory.size() < count) memory = FpVec(count);
    vec::from_ints(data.ints.subspan(begin, count), FpSpan(memory.data(), count));
    return {memory.data(), count};
  }
  Fe get(std::size_t i) const { return Fe(data[i]); }
};
struct OfField {
  FeCSpan data;

  FeCSpan run(std::size_t begin, std::size_t count) const { return data.subspan(begin, count); }
  Fe get(std::size_t i) const { return data.get(i); }
};

// Applies the map of axis `axis`: a tensor with that axis' rows in its place, row-major.
template <class Input>
FeVec apply(const Input& input, const Shape& shape, std::size_t axis, const AxisMap& map) {
  const std::size_t rank = shape.lengths.size();
  // The longest run behind the axis that lies together.
  std::size_t run = 1, runs_end = rank;
  while (runs_end > axis + 1 && shape.strides[runs_end - 1] == run) run *= shape.lengths[--runs_end];
  std::size_t num_outer = 1, num_runs = 1;
  for (std::size_t j = 0; j < axis; ++j) num_outer *= shape.lengths[j];
  for (std::size_t j = axis + 1; j < runs_end; ++j) num_runs *= shape.lengths[j];
  const std::size_t num_rows = map.shifts.size(), num_parts = num_chunks(run, kRun);
  const auto length = static_cast<std::int64_t>(shape.lengths[axis]);
  const std::size_t stride = shape.strides[axis];
  FeVec out(num_outer * num_rows * num_runs * run);
  const bool is_dot = run == 1 && stride == 1 && map.is_dense();
  FeVec weights(is_dot ? map.taps.size() : 0);
  for (std::size_t i = 0; i < weights.size(); ++i) weights.set(i, map.taps[i].weight);

  const auto one_row = [&](std::size_t at, std::int64_t shift, std::size_t to, std::size_t count) {
    if (is_dot) {
      const std::int64_t first = map.taps.front().at + shift;
      const std::int64_t begin = std::max<std::int64_t>(first, 0);
      const std::int64_t end = std::min(first + static_cast<std::int64_t>(map.taps.size()), length);
      if (begin >= end) return;
      const auto many = static_cast<std::size_t>(end - begin);
      out.set(to, vec::dot(input.run(at + static_cast<std::size_t>(begin), many),
                           weights.subspan(static_cast<std::size_t>(begin - first), many)));
      return;
    }
    Fe sum;
    for (const Tap& tap : map.taps) {
      const std::int64_t i = tap.at + shift;
      if (i < 0 || i >= length) continue;
      const std::size_t from = at + static_cast<std::size_t>(i) * stride;
      if (count > 1) {
        vec::axpy(tap.weight, input.run(from, count), out.subspan(to, count));
      } else {
        sum += tap.weight * input.get(from);
      }
    }
    if (count == 1) out.set(to, sum);
  };
  const std::size_t work = map.taps.size() * num_rows * std::min(run, kRun);
  parallel_for(num_outer * num_runs * num_parts, std::max<std::size_t>(1, kTaskWork / work),
               [&](std::size_t begin, std::size_t end) {
                 for (std::size_t task = begin; task < end; ++task) {
                   const std::size_t part = task % num_parts * kRun, which = task / num_parts;
                   const std::size_t q = which % num_runs, o = which / num_runs;
                   const std::size_t at =
                       shape.base + shape.address(o, 0, axis) + shape.address(q, axis + 1, runs_end) + part;
                   for (std::size_t row = 0; row < num_rows; ++row) {
                     const std::size_t to = ((o * num_rows + row) * num_runs + q) * run + part;
                     one_row(at, map.shifts[row], to, std::min(kRun, run - part));
                   }
                 }
               });
  return out;
}

// out[..] += factor * values[base + ..] at every point of the loops.
void place(const OfField& values, std::int64_t base, const std::vector<std::int64_t>& steps,
           const std::vector<LoopAxis>& loops, const Fe& factor, std::size_t level, std::size_t to, FeSpan out) {
  if (level == loops.size()) {
    out.set(to, out.get(to) + factor * values.get(static_cast<std::size_t>(base)));
    return;
  }
  const auto length = static_cast<std::size_t>(loops[level].length);
  if (level + 1 == loops.size() && loops[level].out_stride == 1 && steps[level] == 1) {
    vec::axpy(factor, values.run(static_cast<std::size_t>(base), length), out.subspan(to, length));
    return;
  }
  for (std::size_t i = 0; i < length; ++i) {
    place(values, base + steps[level] * static_cast<std::int64_t>(i), steps, loops, factor, level + 1,
          to + i * static_cast<std::size_t>(loops[level].out_stride), out);
  }
}

}  // namespace

void add_bound_view(const circuit::View& view, const circuit::Column& column, const circuit::ColumnView& data,
                    const circuit::Box& box, const BoundWeights& bound, const std::vector<LoopAxis>& loops,
                    FeSpan out) {
  ZKI_CHECK_EQ(data.size(), column.num_elements(), "a column has its values before it is read");
  ViewBinding binding(view, column, box, bound, loops);
  if (binding.is_empty()) return;
  std::vector<AxisMap>& maps = binding.maps();
  std::vector<std::size_t> sizes;
  for (const std::uint64_t size : column.shape) sizes.push_back(static_cast<std::size_t>(size));
  Shape shape = Shape::of(sizes);
  for (std::size_t j = 0; j < maps.size(); ++j) {
    shape.base += maps[j].first * shape.strides[j];
    shape.lengths[j] = maps[j].length;
  }
  // What makes the tensor shortest first; of equals the last axis, whose entries lie together.
  FeVec values;
  bool is_column = true;
  std::vector<bool> is_done(maps.size(), false);
  for (;;) {
    std::optional<std::size_t> best;
    for (std::size_t j = maps.size(); j-- > 0;) {
      if (is_done[j] || maps[j].is_kept) continue;
      // Fewer rows for an entry.
      if (!best || maps[j].num_rows() * maps[*best].length < maps[*best].num_rows() * maps[j].length) best = j;
    }
    if (!best) break;
    values = is_column ? apply(OfColumn{data}, shape, *best, maps[*best])
                       : apply(OfField{FeCSpan(values)}, shape, *best, maps[*best]);
    is_done[*best] = true;
    is_column = false;
    std::vector<std::size_t> lengths = shape.lengths;
    lengths[*best] = maps[*best].num_rows();
    shape = Shape::of(lengths);
  }
  if (is_column) {
    // Nothing to sum: the part that is read.
    values = FeVec(shape.size());
    const OfColumn input{data};
    for (std::size_t i = 0; i < values.size(); ++i)
      values.set(i, input.get(shape.base + shape.address(i, 0, shape.lengths.size())));
    shape = Shape::of(shape.lengths);
  }
  std::int64_t base = 0;
  std::vector<std::int64_t> steps(loops.size(), 0);
  for (std::size_t j = 0; j < maps.size(); ++j) {
    const auto stride = static_cast<std::int64_t>(shape.strides[j]);
    if (maps[j].is_kept) base += maps[j].taps[0].at * stride;
    for (const auto& [box_axis, step] : maps[j].steps) {
      for (std::size_t l = 0; l < loops.size(); ++l) {
        if (loops[l].box_axis == box_axis) steps[l] += step * stride;
      }
    }
  }
  place(OfField{FeCSpan(values)}, base, steps, loops, binding.factor(), 0, 0, out);
}

}  // namespace zkinfer::argument
