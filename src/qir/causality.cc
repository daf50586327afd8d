// SPDX-License-Identifier: Apache-2.0
// Abstract interpretation: of every element an interval and its reach, the last input element that it may depend on. What is one number by its
// interval depends on nothing. Intervals are what relations prove when parameters are in their declared ranges (sound_ranges). Operators without a
// rule of their own: all of their input's elements, and all that the value may be.
#include "qir/causality.h"

#include <algorithm>
#include <optional>
#include <string>

#include "qir/ops/rules.h"
#include "tensor/odometer.h"

namespace zkinfer::qir {

namespace {

struct Cell {
  std::int64_t lo = 0, hi = 0;
  std::int64_t reach = -1;

  bool is_constant() const { return lo == hi; }
  bool is_zero() const { return lo == 0 && hi == 0; }
};

// All elements of a value. Of a parameter one cell stands for all.
struct Cells {
  std::vector<Cell> list;
  bool is_uniform = false;

  const Cell& at(std::int64_t i) const { return list[is_uniform ? 0 : static_cast<std::size_t>(i)]; }
};

class Interpreter {
 public:
  Interpreter(const QGraph& graph, const ReachLimits& limits) : graph_(graph), left_(limits) {}

  Result<std::vector<std::vector<std::int64_t>>> run(const std::vector<OtherInput>& others,
                                                     const std::function<void(std::size_t, const ReachOf&)>& told) {
    if (graph_.inputs.size() != 1 + others.size() || graph_.outputs.empty())
      return unsupported("a program of " + std::to_string(1 + others.size()) + " inputs is expected");
    // Never the range that a computed value declares: where parameters decide, nothing proves it.
    ZKI_ASSIGN_OR_RETURN(sound_, sound_ranges(graph_));
    cells_.resize(graph_.values.size());
    std::vector<std::size_t> uses(graph_.values.size(), 0);
    for (const Node& node : graph_.nodes)
      for (const ValueId id : node.inputs) ++uses[id];
    for (ValueId id = 0; id < graph_.values.size(); ++id) {
      const Value& value = graph_.value(id);
      if (value.kind == ValueKind::kParam) cells_[id] = {{{value.lo, value.hi, -1}}, true};
    }
    for (std::size_t j = 0; j < graph_.inputs.size(); ++j) {
      const ValueId input = graph_.inputs[j];
      const Value& value = graph_.value(input);
      if (!spend(count(input)) || !hold(input)) return too_many();
      for (std::int64_t i = 0; i < count(input); ++i) {
        const auto at = static_cast<std::size_t>(i);
        Cell cell{value.lo, value.hi, i};
        if (j > 0 && !others[j - 1].values.empty())
          cell = {others[j - 1].values.at(at), others[j - 1].values.at(at), -1};
        else if (j > 0)
          cell.reach = others[j - 1].reach.at(at);
        cells_[input].list.push_back(settled(cell));
      }
    }
    for (const Node& node : graph_.nodes) {
      if (!spend(work(node)) || !hold(node.output)) return too_many();
      cells_[node.output].list.reserve(static_cast<std::size_t>(count(node.output)));
      fill(node);
      if (told) {
        const Cells& cells = cells_[node.output];
        told(static_cast<std::size_t>(&node - graph_.nodes.data()),
             [&](std::size_t i) { return cells.at(static_cast<std::int64_t>(i)).reach; });
      }
      for (const ValueId id : node.inputs)
        if (--uses[id] == 0) release(id);
      if (uses[node.output] == 0) release(node.output);
    }
    std::vector<std::vector<std::int64_t>> all;
    for (const ValueId id : graph_.outputs) {
      std::vector<std::int64_t>& reach = all.emplace_back();
      for (std::int64_t i = 0; i < count(id); ++i) reach.push_back(cells_[id].at(i).reach);
    }
    return all;
  }

 private:
  static Status too_many() {
    return resource_limit("the program has too many elements to follow what each depends on");
  }
  const Shape& shape(ValueId id) const { return graph_.value(id).shape; }
  std::int64_t count(ValueId id) const { return shape(id).num_elements(); }
  bool spend(std::int64_t steps) {
    if (static_cast<std::uint64_t>(steps) > left_.steps) return false;
    left_.steps -= static_cast<std::uint64_t>(steps);
    return true;
  }
  bool hold(ValueId id) {
    if (static_cast<std::uint64_t>(count(id)) > left_.elements) return false;
    left_.elements -= static_cast<std::uint64_t>(count(id));
    return true;
  }
  void release(ValueId id) {
    if (std::ranges::find(graph_.outputs, id) != graph_.outputs.end()) return;
    if (!cells_[id].is_uniform) left_.elements += static_cast<std::uint64_t>(count(id));
    cells_[id] = {};
  }
  // Elements read and written; of products of two activations each product.
  std::int64_t work(const Node& node) const {
    std::int64_t steps = count(node.output);
    for (const ValueId id : node.inputs) steps += cells_[id].is_uniform ? 0 : count(id);
    if (node.op == Op::kMatMul && !cells_[node.inputs[0]].is_uniform && !cells_[node.inputs[1]].is_uniform) {
      const Shape& a = shape(node.inputs[0]);
      const std::int64_t depth = a[a.rank() - 1];
      steps += depth > kMaxElements / std::max<std::int64_t>(1, count(node.output)) ? kMaxElements * 64
                                                                                    : count(node.output) * depth;
    }
    return steps;
  }

  static Cell settled(Cell cell) {
    if (cell.is_constant()) cell.reach = -1;
    return cell;
  }
  // Anything that the relations let it be.
  Cell any_of(ValueId id, std::int64_t reach) const { return bounded(id, sound_[id].lo, sound_[id].hi, reach); }
  // From bounds that may be wider than what the relations prove of the whole value.
  Cell bounded(ValueId id, Wide lo, Wide hi, std::int64_t reach) const {
    const Wide least = std::clamp(lo, sound_[id].lo, sound_[id].hi),
               most = std::clamp(hi, sound_[id].lo, sound_[id].hi);
    return settled({static_cast<std::int64_t>(least), static_cast<std::int64_t>(most), reach});
  }
  // y of an accumulator within [lo, hi].
  Cell requantized(const Node& node, Wide lo, Wide hi, std::int64_t reach) const {
    if (node.requant.table_index == kNoTable) return bounded(node.output, lo, hi, reach);
    const Table& table = graph_.tables[static_cast<std::size_t>(node.requant.table_index)];
    const int shift = node.requant.shift;
    const Wide half = shift > 0 ? Wide{1} << (shift - 1) : 0;
    lo = (lo + half) >> shift;
    hi = (hi + half) >> shift;
    switch (table.kind) {
      case TableKind::kRange: return bounded(node.output, lo, hi, reach);
      case TableKind::kClamp:
        return bounded(node.output, std::clamp<Wide>(lo, table.clamp_lo, table.clamp_hi),
                       std::clamp<Wide>(hi, table.clamp_lo, table.clamp_hi), reach);
      case TableKind::kExplicit:
      case TableKind::kPieces: break;
    }
    if (lo != hi || lo < table.first || !table.contains(static_cast<std::int64_t>(lo)))
      return any_of(node.output, reach);
    const std::int64_t value = table.at(static_cast<std::int64_t>(lo));
    return bounded(node.output, value, value, reach);
  }

  void fill(const Node& node) {
    switch (node.op) {
      case Op::kMatMul: return mat_mul(node);
      case Op::kMul: return each(node, [&](const std::vector<Cell>& x) { return product(node, x[0], x[1]); });
      case Op::kLinear: return each(node, [&](const std::vector<Cell>& x) { return linear(node, x); });
      case Op::kSelect: return each(node, [&](const std::vector<Cell>& x) { return select(node, x); });
      case Op::kDivide:
      case Op::kSquareRoot: return each(node, [&](const std::vector<Cell>& x) { return quotient(node, x); });
      case Op::kReduceSum: return reduce(node, [&](const std::vector<Cell>& line) { return summed(node, line); });
      case Op::kReduceMax:
      case Op::kArgMax: return reduce(node, [&](const std::vector<Cell>& line) { return maximum(node, line); });
      case Op::kSoftmax: return softmax(node);
      case Op::kReshape: cells_[node.output] = cells_[node.inputs[0]]; return;
      case Op::kTranspose:
      case Op::kSlice: return moved(node);
      case Op::kConcat: return concat(node);
      case Op::kGather:
        if (node.coefs.empty()) return gather(node);
        break;
      case Op::kConv:
      case Op::kSumPool:
      case Op::kMaxPool:
      case Op::kPad:
      case Op::kSort: break;
    }
    std::int64_t reach = -1;
    for (const ValueId id : node.inputs)
      for (const Cell& cell : cells_[id].list) reach = std::max(reach, cell.reach);
    cells_[node.output].list.assign(static_cast<std::size_t>(count(node.output)), any_of(node.output, reach));
  }

  // Element by element, with broadcasting.
  template <class F>
  void each(const Node& node, F f) {
    std::vector<Dims> strides;
    for (const ValueId id : node.inputs) strides.push_back(broadcast_strides(shape(id), shape(node.output)));
    Odometer at(shape(node.output), std::move(strides));
    std::vector<Cell> x(node.inputs.size());
    for (std::int64_t i = 0; i < count(node.output); ++i, at.next()) {
      for (std::size_t j = 0; j < x.size(); ++j) x[j] = cells_[node.inputs[j]].at(at.offset(j));
      cells_[node.output].list.push_back(f(x));
    }
  }

  Cell product(const Node& node, const Cell& a, const Cell& b) const {
    const Wide corners[] = {Wide{a.lo} * b.lo, Wide{a.lo} * b.hi, Wide{a.hi} * b.lo, Wide{a.hi} * b.hi};
    const auto [least, most] = std::minmax_element(std::begin(corners), std::end(corners));
    const std::int64_t coef = node.coefs[0];
    const std::int64_t reach = a.is_zero() || b.is_zero() ? -1 : std::max(a.reach, b.reach);
    return requantized(node, coef >= 0 ? *least * coef : *most * coef, coef >= 0 ? *most * coef : *least * coef, reach);
  }

  Cell linear(const Node& node, const std::vector<Cell>& x) const {
    Wide lo = node.constant, hi = node.constant;
    std::int64_t reach = -1;
    for (std::size_t j = 0; j < x.size(); ++j) {
      const Wide a = Wide{node.coefs[j]} * x[j].lo, b = Wide{node.coefs[j]} * x[j].hi;
      lo += std::min(a, b);
      hi += std::max(a, b);
      if (node.coefs[j] != 0) reach = std::max(reach, x[j].reach);
    }
    return requantized(node, lo, hi, reach);
  }

  Cell select(const Node& node, const std::vector<Cell>& x) const {
    if (x[0].is_constant() && (x[0].lo == 0 || x[0].lo == 1)) return x[0].lo == 1 ? x[1] : x[2];
    return bounded(node.output, std::min(x[1].lo, x[2].lo), std::max(x[1].hi, x[2].hi),
                   std::max({x[0].reach, x[1].reach, x[2].reach}));
  }

  // A quotient of 0 is 0: floor(coefs[1] b / (2 b)).
  Cell quotient(const Node& node, const std::vector<Cell>& x) const {
    if (node.op == Op::kDivide && x[0].is_zero()) return bounded(node.output, 0, 0, -1);
    std::int64_t reach = -1;
    for (const Cell& cell : x) reach = std::max(reach, cell.reach);
    return any_of(node.output, reach);
  }

  // Lines along the reduced axes, in row-major order of the kept ones.
  template <class F>
  void reduce(const Node& node, F f) {
    const Shape& from = shape(node.inputs[0]);
    const Dims strides = row_major_strides(from);
    std::vector<std::int64_t> inner{0};
    Dims kept = from.dims();
    for (const std::int64_t axis : node.axes) {
      std::vector<std::int64_t> longer;
      for (const std::int64_t offset : inner)
        for (std::int64_t k = 0; k < from[static_cast<std::size_t>(axis)]; ++k)
          longer.push_back(offset + k * strides[static_cast<std::size_t>(axis)]);
      inner = std::move(longer);
      kept[static_cast<std::size_t>(axis)] = 1;
    }
    Odometer at(Shape(kept), {strides});
    std::vector<Cell> line(inner.size());
    for (std::int64_t i = 0; i < count(node.output); ++i, at.next()) {
      for (std::size_t k = 0; k < inner.size(); ++k) line[k] = cells_[node.inputs[0]].at(at.offset(0) + inner[k]);
      cells_[node.output].list.push_back(f(line));
    }
  }

  Cell summed(const Node& node, const std::vector<Cell>& line) const {
    Wide lo = 0, hi = 0;
    std::int64_t reach = -1;
    for (const Cell& cell : line) {
      lo += cell.lo;
      hi += cell.hi;
      reach = std::max(reach, cell.reach);
    }
    const Wide a = lo * node.coefs[0], b = hi * node.coefs[0];
    return requantized(node, std::min(a, b), std::max(a, b), reach);
  }

  // The largest lower bound: what lies below it for sure is no maximum.
  static std::int64_t floor_of(const std::vector<Cell>& line) {
    return std::ranges::max_element(line, {}, &Cell::lo)->lo;
  }

  Cell maximum(const Node& node, const std::vector<Cell>& line) const {
    const std::int64_t floor = floor_of(line);
    std::int64_t most = floor, reach = -1;
    for (const Cell& cell : line) {
      if (cell.hi < floor) continue;
      most = std::max(most, cell.hi);
      reach = std::max(reach, cell.reach);
    }
    if (node.op == Op::kReduceMax) return bounded(node.output, floor, most, reach);
    return any_of(node.output, reach);
  }

  // Terms whose exponential is 0 for sure are 0, and no part of the sum.
  void softmax(const Node& node) {
    const Table& table = graph_.tables[static_cast<std::size_t>(node.requant.table_index)];
    // Differences up to this one, and whatever is below the table, have the exponential 0.
    Wide last_zero = Wide{table.first} - 1;
    while (table.kind == TableKind::kExplicit && last_zero + 1 < Wide{table.first} + table.num_rows() &&
           table.at(static_cast<std::int64_t>(last_zero + 1)) == 0)
      ++last_zero;
    const bool ends_in_zero = last_zero >= table.first;
    const Shape& from = shape(node.inputs[0]);
    const auto axis = static_cast<std::size_t>(node.axes[0]);
    const std::int64_t stride = row_major_strides(from)[axis], length = from[axis];
    std::vector<Cell>& out = cells_[node.output].list;
    out.resize(static_cast<std::size_t>(count(node.output)));
    std::vector<Cell> line(static_cast<std::size_t>(length));
    for (std::int64_t outer = 0; outer < count(node.output); outer += stride * length) {
      for (std::int64_t inner = outer; inner < outer + stride; ++inner) {
        for (std::int64_t k = 0; k < length; ++k)
          line[static_cast<std::size_t>(k)] = cells_[node.inputs[0]].at(inner + k * stride);
        const std::int64_t floor = floor_of(line);
        const auto vanishes = [&](const Cell& x) { return ends_in_zero && Wide{x.hi} - floor <= last_zero; };
        std::int64_t reach = -1;
        for (const Cell& x : line)
          if (!vanishes(x)) reach = std::max(reach, x.reach);
        for (std::int64_t k = 0; k < length; ++k) {
          const bool is_zero = vanishes(line[static_cast<std::size_t>(k)]);
          out[static_cast<std::size_t>(inner + k * stride)] =
              is_zero ? bounded(node.output, 0, 0, -1) : any_of(node.output, reach);
        }
      }
    }
  }

  void moved(const Node& node) {
    const Shape& from = shape(node.inputs[0]);
    const Dims own = row_major_strides(from);
    Dims strides(own.size());
    std::int64_t first = 0;
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (node.op == Op::kTranspose) {
        strides[i] = own[static_cast<std::size_t>(node.perm[i])];
      } else {
        strides[i] = own[i] * node.steps[i];
        first += own[i] * node.starts[i];
      }
    }
    Odometer at(shape(node.output), {std::move(strides)});
    for (std::int64_t i = 0; i < count(node.output); ++i, at.next())
      cells_[node.output].list.push_back(cells_[node.inputs[0]].at(first + at.offset(0)));
  }

  void concat(const Node& node) {
    const Shape& to = shape(node.output);
    const auto axis = static_cast<std::size_t>(node.axes[0]);
    const std::int64_t inner = row_major_strides(to)[axis];
    const std::int64_t outer = inner * to[axis] == 0 ? 0 : count(node.output) / (inner * to[axis]);
    for (std::int64_t o = 0; o < outer; ++o) {
      for (const ValueId id : node.inputs) {
        const std::int64_t run = inner * shape(id)[axis];
        for (std::int64_t i = 0; i < run; ++i) cells_[node.output].list.push_back(cells_[id].at(o * run + i));
      }
    }
  }

  // Whole slices at computed indices.
  void gather(const Node& node) {
    const Shape &data = shape(node.inputs[0]), &indices = shape(node.inputs[1]);
    const auto axis = static_cast<std::size_t>(node.axes[0]);
    const std::int64_t inner = row_major_strides(data)[axis], length = data[axis], picks = indices.num_elements();
    const std::int64_t outer = inner * length == 0 ? 0 : data.num_elements() / (inner * length);
    const Cells& from = cells_[node.inputs[0]];
    for (std::int64_t o = 0; o < outer; ++o) {
      std::vector<std::int64_t> most(static_cast<std::size_t>(inner), -1);
      for (std::int64_t i = 0; i < (from.is_uniform ? 0 : length * inner); ++i)
        most[static_cast<std::size_t>(i % inner)] =
            std::max(most[static_cast<std::size_t>(i % inner)], from.at(o * length * inner + i).reach);
      for (std::int64_t pick = 0; pick < picks; ++pick) {
        const Cell& index = cells_[node.inputs[1]].at(pick);
        for (std::int64_t i = 0; i < inner; ++i) {
          const bool known = index.is_constant() && index.lo >= 0 && index.lo < length;
          cells_[node.output].list.push_back(
              known ? from.at((o * length + index.lo) * inner + i)
                    : any_of(node.output, std::max(index.reach, most[static_cast<std::size_t>(i)])));
        }
      }
    }
  }

  // A term with a factor that is 0 for sure is no part of the sum.
  void mat_mul(const Node& node) {
    const Shape &a = shape(node.inputs[0]), &b = shape(node.inputs[1]), &to = shape(node.output);
    const std::size_t rank = to.rank();
    const std::int64_t rows = to[rank - 2], columns = to[rank - 1], depth = a[a.rank() - 1];
    const Cells &x = cells_[node.inputs[0]], &w = cells_[node.inputs[1]];
    Dims batch = to.dims(), a_batch = a.dims(), b_batch = b.dims();
    for (Dims* dims : {&batch, &a_batch, &b_batch}) dims->resize(dims->size() - 2);
    const auto strides = [&](const Dims& own, std::int64_t matrix) {
      Dims out = broadcast_strides(Shape(own), Shape(batch));
      for (std::int64_t& stride : out) stride *= matrix;
      return out;
    };
    Odometer at(Shape(batch), {strides(a_batch, rows * depth), strides(b_batch, depth * columns)});
    const std::int64_t matrices = Shape(batch).num_elements();
    const bool has_bias = node.inputs.size() > 2;
    for (std::int64_t m = 0; m < matrices; ++m, at.next()) {
      for (std::int64_t i = 0; i < rows; ++i) {
        const auto left = [&](std::int64_t k) -> const Cell& { return x.at(at.offset(0) + i * depth + k); };
        std::optional<std::int64_t> same;  // of every column, where the right side says nothing
        if (w.is_uniform && !w.list[0].is_zero()) {
          same = -1;
          bool any = false;
          for (std::int64_t k = 0; k < depth; ++k) {
            same = std::max(*same, left(k).is_zero() ? -1 : left(k).reach);
            any |= !left(k).is_zero();
          }
          if (!any) same.reset();
        }
        for (std::int64_t j = 0; j < columns; ++j) {
          std::int64_t reach = same.value_or(-1);
          bool any = same.has_value() || has_bias;
          for (std::int64_t k = 0; k < (same.has_value() ? 0 : depth); ++k) {
            const Cell& right = w.at(at.offset(1) + k * columns + j);
            if (left(k).is_zero() || right.is_zero()) continue;
            any = true;
            reach = std::max({reach, left(k).reach, right.reach});
          }
          if (has_bias) reach = std::max(reach, cells_[node.inputs[2]].at(j).reach);
          cells_[node.output].list.push_back(any ? any_of(node.output, reach) : requantized(node, 0, 0, -1));
        }
      }
    }
  }

  const QGraph& graph_;
  ReachLimits left_;
  Ranges sound_;
  std::vector<Cells> cells_;
};

}  // namespace

Result<std::vector<std::int64_t>> reach_of_output(const QGraph& graph, const ReachLimits& limits,
                                                  const std::function<void(std::size_t node, const ReachOf&)>& told) {
  ZKI_ASSIGN_OR_RETURN(auto all, Interpreter(graph, limits).run({}, told));
  return std::move(all[0]);
}

Result<std::vector<std::vector<std::int64_t>>> reach_of_outputs(
    const QGraph& graph, const std::vector<OtherInput>& others, const ReachLimits& limits,
    const std::function<void(std::size_t node, const ReachOf&)>& told) {
  return Interpreter(graph, limits).run(others, told);
}

}  // namespace zkinfer::qir
