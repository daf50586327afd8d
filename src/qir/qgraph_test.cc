// SPDX-License-Identifier: Apache-2.0
#include "qir/qgraph.h"

#include <gtest/gtest.h>

#include "qir/ops/rules.h"
#include "qir/test_graphs.h"

namespace zkinfer::qir {
namespace {

TEST(QGraph, EveryOpValidates) {
  const QGraph graph = every_op_graph();
  const Status status = validate(graph);
  EXPECT_TRUE(status.ok()) << status.message();
  const std::string text = to_text(graph);
  for (const char* op : {"Conv",   "MaxPool", "SumPool", "Linear",    "Slice",     "Pad",       "Transpose",
                         "MatMul", "Softmax", "Mul",     "ReduceSum", "ReduceMax", "Reshape",   "Concat",
                         "ArgMax", "Select",  "Gather",  "Sort",      "Divide",    "SquareRoot"}) {
    EXPECT_NE(text.find(std::string(op) + "("), std::string::npos) << op;
  }
}

void set(std::int64_t& attribute) { attribute = 2; }
void set(std::vector<std::int64_t>& attribute) { attribute = {2}; }

TEST(QGraph, NoNodeHasAnAttributeOfOtherOps) {
  const QGraph graph = every_op_graph();
  std::size_t num_attributes = 0;
  for_each_attribute(graph.nodes[0], [&](unsigned, const char*, const auto&, const auto&) { ++num_attributes; });
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const OpRule& rule = rule_of(graph.nodes[i].op);
    for (std::size_t k = 0; k < num_attributes; ++k) {
      QGraph changed = graph;
      std::size_t index = 0;
      std::string foreign;
      for_each_attribute(changed.nodes[i], [&](unsigned mask, const char* name, auto& attribute, const auto&) {
        if (index++ != k || (rule.attributes & mask) != 0) return;
        foreign = name;
        set(attribute);
      });
      if (foreign.empty()) continue;
      const std::string message = validate(changed).message();
      EXPECT_NE(message.find("has " + foreign + ", which its op does not read"), std::string::npos)
          << rule.name << ": " << message;
    }
  }
}

TEST(QGraph, TableValues) {
  const Table range{TableKind::kRange, -4, 3, 0, 0, {}};
  EXPECT_EQ(range.at(-4), -4);
  EXPECT_FALSE(range.contains(4));
  const Table clamp{TableKind::kClamp, -4, 3, 0, 2, {}};
  EXPECT_EQ(clamp.at(-4), 0);
  EXPECT_EQ(clamp.at(3), 2);
  const Table list{TableKind::kExplicit, 10, 1, 0, 0, {7, 9}};
  EXPECT_EQ(list.at(11), 9);
}

TEST(QGraph, WideTables) {
  const QGraph graph = wide_tables_graph();
  const Status status = validate(graph);
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_NE(to_text(graph).find("4 pieces of 2^5, slopes in 2^-3"), std::string::npos) << to_text(graph);
  const Table& line = graph.tables[0];
  // Piece t has arguments -64 + 32 t + l: values[t] + floor((slopes[t] l + 4) / 8).
  EXPECT_EQ(line.at(-64), -9);
  EXPECT_EQ(line.at(-63), -9);  // 2/8
  EXPECT_EQ(line.at(-62), -8);  // 4/8
  EXPECT_EQ(line.at(-33), -1);  // 62/8
  EXPECT_EQ(line.at(0), 0);
  EXPECT_EQ(line.at(1), 0);     // -3/8
  EXPECT_EQ(line.at(2), -1);    // -6/8
  EXPECT_EQ(line.at(31), -12);  // -93/8
  EXPECT_EQ(line.at(63), 47);
  const Table& wide = graph.tables[1];
  EXPECT_EQ(wide.at((std::int64_t{1} << 43) - 1), (std::int64_t{1} << 43) - 1);
  EXPECT_EQ(wide.at(-(std::int64_t{1} << 43)), 0);
  const auto message = [&](const auto& change) {
    QGraph changed = wide_tables_graph();
    change(changed);
    return validate(changed).message();
  };
  const std::pair<std::string, std::string> refused[] = {
      {message([](QGraph& g) { g.tables[0].slopes.pop_back(); }), "3 slopes, expected 4"},
      {message([](QGraph& g) { g.tables[0].values.pop_back(); }), "3 explicit values"},
      {message([](QGraph& g) { g.tables[0].piece_bits = 8; }), "at most 2^20 pieces"},
      {message([](QGraph& g) { g.tables[0].slope_shift = 29; }), "at most 2^20 pieces"},
      {message([](QGraph& g) { g.tables[0].log_size = 44; }), "at most 2^20 pieces"},
      {message([](QGraph& g) { g.tables[0].clamp_hi = 1; }), "does not clamp"},
      {message([](QGraph& g) { g.tables[1].log_size = 45; }), "2^45 rows, at most 2^44"},
      {message([](QGraph& g) { g.tables[1].clamp_hi = (std::int64_t{1} << 44) + 1; }), "within 2^44"},
      {message([](QGraph& g) { g.tables[1].clamp_lo = g.tables[1].clamp_hi; }), "clamps everything"},
      {message([](QGraph& g) { g.nodes[0].requant.shift = 17; }), "a shift of at most 16"},
      {message([](QGraph& g) { g.values[g.nodes[2].output].hi = 46; }), "may reach [-12, 47]"},
  };
  for (const auto& [got, expected] : refused)
    EXPECT_NE(got.find(expected), std::string::npos) << expected << ": " << got;
}

// One change to a valid graph, and what the message must say.
struct Case {
  const char* what;
  void (*change)(QGraph&);
  const char* message;
};

TEST(QGraph, RejectTable) {
  const Case cases[] = {
      {"shape",
       [](QGraph& g) {
         g.values[3].shape = {1, 4, 6, 5, 1};
       },
       "Conv needs"},
      {"groups", [](QGraph& g) { g.nodes[0].groups = 3; }, "groups 3"},
      {"kernel",
       [](QGraph& g) {
         g.nodes[0].kernel = {3, 2};
       },
       "differs from w"},
      {"bias", [](QGraph& g) { g.values[2].shape = {5}; }, "bias"},
      {"stride",
       [](QGraph& g) {
         g.nodes[0].strides = {0, 1};
       },
       "positive"},
      {"table index", [](QGraph& g) { g.nodes[0].requant.table_index = 9; }, "does not exist"},
      {"shift without table", [](QGraph& g) { g.nodes[10].requant.shift = 1; }, "shift without"},
      {"table on MaxPool", [](QGraph& g) { g.nodes[1].requant.table_index = 0; }, "takes no table"},
      {"only padding",
       [](QGraph& g) {
         g.nodes[1].pads_begin = {4, 0};
       },
       "only padding"},
      {"reach", [](QGraph& g) { g.nodes[2].coefs = {300}; }, "not in the table's domain"},
      {"declared range", [](QGraph& g) { g.values[g.nodes[3].output].hi = 5; }, "may reach"},
      {"matmul range", [](QGraph& g) { g.values[g.nodes[7].output].hi = 5; }, "may reach"},
      {"slice", [](QGraph& g) { g.nodes[4].steps[1] = 3; }, "leaves"},
      {"perm",
       [](QGraph& g) {
         g.nodes[6].perm = {0, 1, 1, 2};
       },
       "not a permutation"},
      {"softmax table", [](QGraph& g) { g.tables[2].values[255] = 0; }, "non-negative and rise"},
      {"softmax table falls", [](QGraph& g) { g.tables[2].values[7] = 255; }, "non-negative and rise"},
      {"softmax table is flat", [](QGraph& g) { g.tables[2].values.assign(256, 3); }, "non-negative and rise"},
      {"softmax domain", [](QGraph& g) { g.tables[2].first = 1; }, "ends with that of 0"},
      {"softmax domain beyond 0", [](QGraph& g) { g.tables[2].first += 1; }, "ends with that of 0"},
      {"softmax coefficient", [](QGraph& g) { g.nodes[9].coefs = {2}; }, "no coefficient, or 1"},
      {"softmax coefficient with a shift", [](QGraph& g) { g.nodes[9].coefs = {1}; }, "no coefficient, or 1"},
      {"unused attribute", [](QGraph& g) { g.nodes[0].axes = {1}; }, "has axes, which its op does not read"},
      {"coefficient",
       [](QGraph& g) {
         g.nodes[3].coefs = {std::int64_t{1} << 41, 1};
       },
       "2^40"},
      {"missing coefficient", [](QGraph& g) { g.nodes[3].coefs = {1}; }, "one coefficient for each"},
      {"forward reference", [](QGraph& g) { std::swap(g.nodes[0], g.nodes[1]); }, "earlier node"},
      {"computed twice", [](QGraph& g) { g.nodes[1].output = g.nodes[0].output; }, "not free"},
      {"param output", [](QGraph& g) { g.outputs = {1}; }, "not an input or computed"},
      {"no output", [](QGraph& g) { g.outputs.clear(); }, "no output"},
      {"bad id", [](QGraph& g) { g.nodes[0].inputs[0] = 1000; }, "earlier node"},
      {"unlisted input", [](QGraph& g) { g.inputs.clear(); }, "missing"},
      {"unknown op", [](QGraph& g) { g.nodes[0].op = static_cast<Op>(99); }, "unknown op"},
      {"table size", [](QGraph& g) { g.tables[2].values.pop_back(); }, "explicit values"},
      {"table log", [](QGraph& g) { g.tables[0].log_size = 60; }, "2^44"},
      {"explicit table log", [](QGraph& g) { g.tables[2].log_size = 27; }, "2^26"},
      {"pieces without pieces", [](QGraph& g) { g.tables[0].piece_bits = 1; }, "must be 0"},
      {"slopes without pieces", [](QGraph& g) { g.tables[0].slopes = {1}; }, "slopes, expected 0"},
      {"clamp on range", [](QGraph& g) { g.tables[1].clamp_hi = 1; }, "does not clamp"},
      {"value range", [](QGraph& g) { g.values[0].lo = 500; }, "increasing"},
      {"zero dimension",
       [](QGraph& g) {
         g.values[0].shape = {1, 2, 0, 6};
       },
       "positive dimensions"},
      {"accumulator", [](QGraph& g) { g.values[1].hi = INT32_MAX, g.values[0].hi = std::int64_t{1} << 40; }, "2^62"},
      {"arg_max", [](QGraph& g) { g.values[g.outputs[1]].hi = 2; }, "may reach"},
      {"concat", [](QGraph& g) { g.nodes[14].axes = {7}; }, "Concat needs"},
      {"gather axis", [](QGraph& g) { g.nodes[17].axes = {3}; }, "Gather needs one axis"},
      {"gather form", [](QGraph& g) { g.nodes[17].coefs = {2}; }, "no coefficient, or 1"},
      {"gather shape", [](QGraph& g) { g.nodes[17].axes = {1}; }, "has shape"},
      {"indices beyond the axis", [](QGraph& g) { g.values[g.nodes[19].output].hi = 4; }, "may leave axis 2"},
      {"negative indices", [](QGraph& g) { g.values[g.nodes[15].output].lo = -1; }, "may leave axis 2"},
      {"indices of another shape", [](QGraph& g) { g.nodes[20].inputs[1] = g.nodes[15].output; }, "another shape"},
      {"gather range", [](QGraph& g) { g.values[g.outputs[4]].hi = 5; }, "may reach"},
      {"sort axis", [](QGraph& g) { g.nodes[18].axes = {}; }, "Sort needs one axis"},
      {"sort direction", [](QGraph& g) { g.nodes[18].coefs = {2}; }, "smallest first"},
      {"sort range", [](QGraph& g) { g.values[g.nodes[18].output].hi = 2; }, "may reach"},
      {"arity", [](QGraph& g) { g.nodes[0].inputs = {0}; }, "takes 2..3"},
  };
  for (const Case& c : cases) {
    QGraph graph = every_op_graph();
    c.change(graph);
    const Status status = validate(graph);
    ASSERT_FALSE(status.ok()) << c.what;
    EXPECT_NE(status.message().find(c.message), std::string::npos) << c.what << ": " << status.message();
  }
}

// Weights may make a smaller table enough, so validate leaves their reach to exec.
TEST(QGraph, ParamReachIsLeftToExec) {
  QGraph graph = every_op_graph();
  graph.values[1].hi = 100000;
  EXPECT_TRUE(validate(graph).ok());
}

// A wide value (no table) may declare what its actual weights give; nothing may wrap even if they lie.
TEST(QGraph, WideValuesDeclareTightRanges) {
  TestBuilder b;
  const ValueId x = b.input({1, 8}, 0, 255);
  const ValueId w = b.param({8, 2}, -100, 100);
  const ValueId wide = b.node(Op::kMatMul, {x, w}, {1, 2}, -3000, 3000);
  Node add;
  add.coefs = {1, 1};
  add.requant = {4, b.range_table(-512, 10)};
  b.graph.outputs = {b.node(Op::kLinear, {wide, wide}, {1, 2}, -512, 511, add)};
  EXPECT_TRUE(validate(b.graph).ok()) << validate(b.graph).message();
  b.graph.values[wide].hi = 30000;
  EXPECT_FALSE(validate(b.graph).ok());
  b.graph.values[wide].hi = 3000;
  b.graph.values[w].hi = INT32_MAX;
  b.graph.values[x].hi = std::int64_t{1} << 29;
  EXPECT_NE(validate(b.graph).message().find("2^62"), std::string::npos);
}

qir::QGraph quotient(std::int64_t a_lo, std::int64_t a_hi, std::int64_t b_lo, std::int64_t b_hi, std::int64_t half,
                     std::int64_t lo, std::int64_t hi) {
  TestBuilder b;
  const ValueId x = b.input({2, 3}, a_lo, a_hi);
  const ValueId by = b.input({3}, b_lo, b_hi);
  Node node;
  node.coefs = {1, half};
  b.graph.outputs = {b.node(Op::kDivide, {x, by}, {2, 3}, lo, hi, node)};
  return b.graph;
}

TEST(QGraph, QuotientRangesAreExact) {
  struct Range {
    std::int64_t a_lo, a_hi, b_lo, b_hi, half, lo, hi;
  };
  for (const Range& r : {Range{-7, 9, 2, 4, 0, -4, 4},
                         {-7, 9, 2, 4, 1, -3, 5},
                         {5, 9, 2, 4, 0, 1, 4},
                         {-9, -5, 2, 4, 0, -5, -2},
                         {-9, -5, 2, 4, 1, -4, -1},
                         {0, 0, 1, 9, 1, 0, 0}}) {
    EXPECT_TRUE(validate(quotient(r.a_lo, r.a_hi, r.b_lo, r.b_hi, r.half, r.lo, r.hi)).ok()) << r.a_lo << " " << r.half;
    EXPECT_FALSE(validate(quotient(r.a_lo, r.a_hi, r.b_lo, r.b_hi, r.half, r.lo + 1, r.hi)).ok()) << r.a_lo;
    EXPECT_FALSE(validate(quotient(r.a_lo, r.a_hi, r.b_lo, r.b_hi, r.half, r.lo, r.hi - 1)).ok()) << r.a_lo;
  }
}

TEST(QGraph, QuotientsThatAreRefused) {
  const auto message = [](const QGraph& graph) { return validate(graph).message(); };
  EXPECT_NE(message(quotient(0, 9, 0, 4, 0, 0, 9)).find("1 or more"), std::string::npos);
  EXPECT_NE(message(quotient(0, 9, -4, -1, 0, -9, 0)).find("1 or more"), std::string::npos);
  const std::int64_t most = std::int64_t{1} << 61;
  EXPECT_EQ(message(quotient(0, most, 1, 1, 0, 0, most)), "");
  EXPECT_NE(message(quotient(0, most, 1, 1, 1, 0, most)).find("2^62"), std::string::npos);
  EXPECT_NE(message(quotient(0, most, 1, most, 0, 0, most)).find("2^93"), std::string::npos);
  // What the divisor's declared range promises, parameters in their ranges must keep: here they may reach zero.
  TestBuilder b;
  const ValueId x = b.input({1, 2}, 0, 9);
  const ValueId by = b.node(Op::kMatMul, {x, b.param({2, 2}, -5, 5)}, {1, 2}, 1, 50);
  Node node;
  node.coefs = {1, 0};
  b.graph.outputs = {b.node(Op::kDivide, {x, by}, {1, 2}, 0, 9, node)};
  EXPECT_NE(message(b.graph).find("1 or more"), std::string::npos) << message(b.graph);
  QGraph halves = quotient(0, 9, 1, 4, 0, 0, 9);
  halves.nodes[0].coefs = {1, 2};
  EXPECT_NE(message(halves).find("round half up"), std::string::npos);
}

TEST(QGraph, RootsThatAreRefused) {
  TestBuilder b;
  const ValueId x = b.input({3}, -4, 5);
  Node node;
  node.coefs = {2};
  node.constant = 8;
  b.graph.outputs = {b.node(Op::kSquareRoot, {x}, {3}, 0, 4, node)};
  EXPECT_EQ(validate(b.graph).message(), "");
  b.graph.values.back().hi = 3;
  EXPECT_NE(validate(b.graph).message().find("may reach"), std::string::npos);
  b.graph.values.back().hi = 4;
  b.graph.nodes[0].constant = 7;
  EXPECT_NE(validate(b.graph).message().find("0 or more"), std::string::npos);
  b.graph.nodes[0].constant = (std::int64_t{1} << 62) - 10;
  EXPECT_NE(validate(b.graph).message().find("2^62"), std::string::npos);
}

TEST(QGraph, SquareIsNotNegative) {
  TestBuilder b;
  const ValueId x = b.input({4}, -10, 10);
  Node mul;
  mul.coefs = {1};
  b.graph.outputs = {b.node(Op::kMul, {x, x}, {4}, 0, 100, mul)};
  EXPECT_TRUE(validate(b.graph).ok());
}

}  // namespace
}  // namespace zkinfer::qir
