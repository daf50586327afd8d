// SPDX-License-Identifier: Apache-2.0
#include "soundness/random_graph.h"

#include "soundness/random_nodes.h"

namespace zkinfer::differential {

namespace {

class Drawer : NodeDrawer {
 public:
  explicit Drawer(std::uint64_t seed) : NodeDrawer(seed) {}

  qir::QGraph modest() {
    add_inputs(6);
    return grown(random_.between(2, 8));
  }

  // Values of up to 61 bits, coefficients of up to 40: what may wrap.
  qir::QGraph wide() {
    magnitude_ = std::int64_t{1} << 62;
    const std::int64_t bits = random_.between(8, 60);
    const std::int64_t most = (std::int64_t{1} << bits) - 1;
    for (std::int64_t i = random_.between(1, 3); i > 0; --i) {
      const std::int64_t base = random_.one_in(2) ? random_.between(-most, most) : 0;
      const std::int64_t width = random_.one_in(2) ? random_.between(0, 3) : most / 2;
      values_.push_back(b_.input(Shape(small_shape(2, 3)), base / 2, base / 2 + width));
    }
    return grown(random_.between(2, 6));
  }

  // Pad, Reshape, and then what extends axes: several axes of the view share one axis of the column.
  qir::QGraph padded_reshape() {
    add_inputs(6);
    for (std::int64_t i = random_.between(1, 2); i > 0; --i) {
      ValueId x = values_.back();
      Node pad;
      Sizes dims = dims_of(x);
      for (std::int64_t& n : dims) {
        pad.pads_begin.push_back(random_.between(0, 2));
        n += pad.pads_begin.back() + random_.between(0, 12);
      }
      if (!add(Op::kPad, {x}, dims, pad)) continue;
      std::int64_t elements = 1;
      for (const std::int64_t n : dims) elements *= n;
      Sizes factors = factors_of(elements);
      while (factors.size() < 3) factors.insert(factors.begin(), 1);
      if (!add(Op::kReshape, {values_.back()}, factors, {})) continue;
      switch (random_.between(0, 3)) {
        case 0: draw_pad(values_.back(), 1); break;
        case 1: draw_concat(values_.back()); break;
        default: draw_window(values_.back());
      }
    }
    return grown(random_.between(0, 3));
  }

  // Long axes that only views see: strides and offsets multiply.
  qir::QGraph long_axes() {
    values_.push_back(b_.input({random_.between(1, 3)}, random_.between(-3, 1), random_.between(2, 9)));
    most_elements_ = std::int64_t{1} << 18;
    const std::int64_t step = std::int64_t{1} << random_.between(8, 17);
    for (std::int64_t i = random_.between(2, 6); i > 0; --i) {
      Node pad;
      pad.pads_begin = {random_.one_in(3) ? random_.between(0, 2) : 0};
      if (!add(Op::kPad, {values_.back()}, {step + 1 + random_.between(0, 2)}, pad)) break;
      Node slice;
      slice.starts = {random_.between(0, 1)};
      slice.steps = {step - random_.between(0, 1)};
      if (!add(Op::kSlice, {values_.back()}, {2}, slice)) break;
    }
    const ValueId last = values_.back();
    values_ = {last};
    most_elements_ = kMostElements;
    return grown(random_.between(0, 2));
  }

  // A valid graph with some numbers replaced by absurd ones; shapes and ranges are repaired where they follow.
  qir::QGraph hostile() {
    qir::QGraph graph = random_.one_in(2) ? modest() : wide();
    for (std::int64_t i = random_.between(1, 4); i > 0; --i) mutate(graph);
    qir::Ranges ranges;
    for (const qir::Value& value : graph.values) ranges.push_back(qir::range_of(value));
    for (const Node& node : graph.nodes) {
      const auto inferred = qir::rule_of(node.op).infer(graph, node, ranges);
      if (!inferred.ok()) break;
      qir::Value& value = graph.values[node.output];
      if (!random_.one_in(5)) value.shape = inferred->shape;
      if (node.requant.table_index < 0 && inferred->acc.within(qir::kMaxMagnitude)) set_range(value, inferred->acc);
      ranges[node.output] = qir::range_of(value);
    }
    return graph;
  }

 private:
  void step() {
    const ValueId x = any();
    switch (random_.between(0, 20)) {
      case 0:
      case 1: draw_reshape(x); break;
      case 2: draw_transpose(x); break;
      case 3:
      case 4: draw_slice(x); break;
      case 5:
      case 6: draw_pad(x, 0); break;
      case 7: draw_concat(x); break;
      case 8:
      case 9: draw_arithmetic(x); break;
      case 10:
      case 11: draw_window(x); break;
      case 12: draw_matmul(x); break;
      case 13: draw_reduction(x, random_.one_in(2) ? Op::kReduceSum : Op::kReduceMax); break;
      case 14: draw_reduction(x, Op::kArgMax); break;
      case 15: draw_select(x); break;
      case 16: draw_gather(x); break;
      case 17: draw_sort(x); break;
      case 18:
      case 19: draw_quotient(x); break;
      default: draw_softmax(x);
    }
  }

  qir::QGraph grown(std::int64_t steps) {
    for (; steps > 0; --steps) step();
    qir::QGraph& graph = b_.graph;
    std::vector<bool> chosen(graph.values.size(), false);
    for (const ValueId id : values_) {
      if (graph.values[id].kind != qir::ValueKind::kParam && (id == values_.back() || random_.one_in(3)))
        chosen[id] = true;
    }
    for (ValueId id = 0; id < chosen.size(); ++id) {
      if (chosen[id]) graph.outputs.push_back(id);
    }
    if (graph.outputs.empty()) graph.outputs.push_back(graph.inputs[0]);
    return graph;
  }

  void mutate(qir::QGraph& graph) {
    static const Sizes kAbsurd = {0,
                                  1,
                                  2,
                                  3,
                                  -1,
                                  7,
                                  16,
                                  65536,
                                  std::int64_t{1} << 20,
                                  std::int64_t{1} << 26,
                                  (std::int64_t{1} << 26) + 1,
                                  std::int64_t{1} << 30,
                                  std::int64_t{1} << 31,
                                  std::int64_t{1} << 40,
                                  -(std::int64_t{1} << 40),
                                  std::int64_t{1} << 61,
                                  (std::int64_t{1} << 62) - 1,
                                  -(std::int64_t{1} << 62) + 1,
                                  INT64_MAX,
                                  INT64_MIN};
    const auto absurd = [&] { return random_.of(kAbsurd); };
    const auto change = [&](Sizes& list) {
      if (!list.empty())
        list[static_cast<std::size_t>(random_.between(0, static_cast<std::int64_t>(list.size()) - 1))] = absurd();
    };
    qir::Value& value =
        graph.values[static_cast<std::size_t>(random_.between(0, static_cast<std::int64_t>(graph.values.size()) - 1))];
    if (graph.nodes.empty()) return;
    Node& node =
        graph.nodes[static_cast<std::size_t>(random_.between(0, static_cast<std::int64_t>(graph.nodes.size()) - 1))];
    switch (random_.between(0, 10)) {
      case 0: change(node.coefs); break;
      case 1: node.constant = absurd(); break;
      case 2: change(node.kernel); break;
      case 3: change(node.strides); break;
      case 4: change(node.pads_begin); break;
      case 5: change(node.starts), change(node.steps); break;
      case 6:
        value.lo = absurd(), value.hi = absurd();
        if (value.lo > value.hi) std::swap(value.lo, value.hi);
        break;
      case 7: {
        Sizes dims = value.shape.dims();
        change(dims);
        for (std::int64_t& n : dims) n = std::max<std::int64_t>(1, n);
        if (Result<Shape> shape = Shape::make(dims); shape.ok()) value.shape = *shape;
        break;
      }
      case 8:
        if (!graph.tables.empty())
          graph.tables[static_cast<std::size_t>(random_.between(0, static_cast<std::int64_t>(graph.tables.size()) - 1))]
              .first = absurd();
        break;
      case 9: node.requant.shift = static_cast<std::uint8_t>(random_.between(0, 41)); break;
      default: change(node.dilations);
    }
  }
};

}  // namespace

qir::QGraph draw_graph(std::uint64_t seed) {
  Drawer drawer(seed);
  switch (seed % 16) {
    case 0:
    case 8: return drawer.padded_reshape();
    case 4:
    case 12: return drawer.wide();
    case 7: return seed % 64 == 7 ? drawer.long_axes() : drawer.padded_reshape();
    case 15: return drawer.hostile();
    default: return drawer.modest();
  }
}

}  // namespace zkinfer::differential
