// SPDX-License-Identifier: Apache-2.0
#include "passes/legalize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "exec/float/float_executor.h"
#include "ir/functions.h"
#include "ir/op_table.h"
#include "passes/test_graph.h"

namespace zkinfer::passes {
namespace {

// Every test builds a graph with input "x" and output "y".
struct Case {
  std::string name;
  void (*build)(Graph& graph);
  std::vector<OpKind> core;  // operators of the legalized nodes, in order
};

// 0 up to the diagonal, `masked` above it.
ValueId causal_mask(Graph& graph, float masked) {
  FloatTensor mask(Shape{3, 4});
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = i + 1; j < 4; ++j) mask[4 * i + j] = masked;
  return graph.add_constant("mask", std::move(mask));
}
ValueId conv(Graph& graph, ValueId x, std::int64_t filters, std::int64_t pad) {
  const Shape shape = graph.value(x).shape;
  return node(graph, OpKind::kConv, {x, constant(graph, {filters, shape[1], 3, 3}), constant(graph, {filters})},
              ir::ConvAttributes{{1, 1}, {1, 1}, {pad, pad}, {pad, pad}, 1});
}
ValueId batch_normalization(Graph& graph, ValueId x) {
  const std::int64_t channels = graph.value(x).shape[1];
  const ValueId variance = graph.add_constant(
      "variance", FloatTensor(Shape{channels}, std::vector<float>(static_cast<std::size_t>(channels), 0.7F)));
  const ValueId scale = constant(graph, {channels});
  const ValueId bias = constant(graph, {channels});
  const ValueId mean = constant(graph, {channels});
  return node(graph, OpKind::kBatchNormalization, {x, scale, bias, mean, variance},
              ir::BatchNormalizationAttributes{1e-3F});
}

const Case kCases[] = {
    {"gemm",
     [](Graph& g) {
       const ValueId x = input(g, {2, 3});
       finish(g, last(g, OpKind::kGemm, {x, constant(g, {4, 3}), constant(g, {4})},
                      ir::GemmAttributes{2, 0.5F, false, true}));
     },
     {OpKind::kMatMul}},
    {"gemm with a matrix as c and transposed a",
     [](Graph& g) {
       const ValueId x = input(g, {3, 2});
       finish(g, last(g, OpKind::kGemm, {x, constant(g, {3, 4}), constant(g, {2, 1})},
                      ir::GemmAttributes{1, 3, true, false}));
     },
     {OpKind::kTranspose, OpKind::kMatMul, OpKind::kAdd}},
    {"parts without elements, constant and computed",
     [](Graph& g) {
       const ValueId x = input(g, {2, 3});
       const ValueId none =
           node(g, OpKind::kRelu, {node(g, OpKind::kSlice, {x}, ir::SliceAttributes{{0, 1}, {2, 0}, {1, 1}})});
       const ValueId all = node(g, OpKind::kConcat, {constant(g, {2, 0}), x, none}, ir::ConcatAttributes{1});
       const ValueId twice = node(g, OpKind::kConcat, {all, none, x}, ir::ConcatAttributes{1});
       finish(g, last(g, OpKind::kRelu, {twice}));
     },
     {OpKind::kConcat, OpKind::kRelu}},
    {"conv, batch normalization, relu",
     [](Graph& g) {
       finish(g, last(g, OpKind::kRelu, {batch_normalization(g, conv(g, input(g, {1, 2, 5, 5}), 4, 1))}));
     },
     {OpKind::kConv, OpKind::kRelu}},
    {"positive factors behind relu, with an offset",
     [](Graph& g) {
       const ValueId x = node(g, OpKind::kRelu, {conv(g, input(g, {1, 2, 5, 5}), 3, 1)});
       const ValueId factors = g.add_constant("factors", FloatTensor(Shape{3, 1, 1}, {0.001F, 1, 1000}));
       finish(g, last(g, OpKind::kAdd, {node(g, OpKind::kMul, {x, factors}), constant(g, {3, 1, 1})}));
     },
     {OpKind::kConv, OpKind::kRelu, OpKind::kAdd}},
    {"batch normalization of a shared value stays",
     [](Graph& g) {
       const ValueId c = conv(g, input(g, {1, 2, 5, 5}), 4, 1);
       finish(g, last(g, OpKind::kSub, {batch_normalization(g, c), c}));
     },
     {OpKind::kConv, OpKind::kMul, OpKind::kAdd, OpKind::kSub}},
    {"factor before a rounding, behind relu and pools",
     [](Graph& g) {
       const ValueId x = node(g, OpKind::kRelu, {conv(g, input(g, {1, 2, 6, 6}), 4, 1)});
       const ValueId pooled =
           node(g, OpKind::kMaxPool, {x}, ir::PoolAttributes{{2, 2}, {2, 2}, {1, 1}, {0, 0}, {0, 0}});
       const ValueId clipped = node(g, OpKind::kClip, {pooled}, ir::ClipAttributes{0.5F, 1.5F});
       const ValueId factor = number(g, 7.3F);
       g.value(factor).literal = true;
       const ValueId scaled = node(g, OpKind::kMul, {clipped, factor});
       finish(g, last(g, OpKind::kFunction, {scaled}, ir::FunctionAttributes{ir::function("Round")}));
     },
     {OpKind::kConv, OpKind::kRelu, OpKind::kMaxPool, OpKind::kClip, OpKind::kFunction}},
    {"factor before a rounding, behind a sum of scaled values",
     [](Graph& g) {
       const ValueId x = input(g, {2, 3});
       const auto times = [&](ValueId of, float by) {
         const ValueId factor = number(g, by);
         g.value(factor).literal = true;
         return node(g, OpKind::kMul, {of, factor});
       };
       const ValueId sum = node(g, OpKind::kAdd, {times(x, 0.3F), times(node(g, OpKind::kNeg, {x}), 0.7F)});
       const ValueId scaled = times(node(g, OpKind::kRelu, {sum}), 25);
       finish(g, last(g, OpKind::kFunction, {scaled}, ir::FunctionAttributes{ir::function("Round")}));
     },
     {OpKind::kMul, OpKind::kMul, OpKind::kMul, OpKind::kAdd, OpKind::kRelu, OpKind::kFunction}},
    {"scaling and bias after a product",
     [](Graph& g) {
       const ValueId product = node(g, OpKind::kMatMul, {input(g, {2, 3, 4}), constant(g, {4, 5})});
       const ValueId scaled = node(g, OpKind::kDiv, {product, constant(g, {5})});
       finish(g, last(g, OpKind::kSub, {scaled, constant(g, {1, 5})}));
     },
     {OpKind::kMatMul}},
    {"addition along another axis stays",
     [](Graph& g) {
       const ValueId product = node(g, OpKind::kMatMul, {input(g, {3, 4}), constant(g, {4, 3})});
       finish(g, last(g, OpKind::kAdd, {product, constant(g, {3, 1})}));
     },
     {OpKind::kMatMul, OpKind::kAdd}},
    {"a product with a column vector is a linear layer",
     [](Graph& g) {
       const ValueId product = node(g, OpKind::kMatMul, {constant(g, {4, 3}), input(g, {3, 1})});
       finish(g, last(g, OpKind::kAdd, {product, constant(g, {4, 1})}));
     },
     {OpKind::kReshape, OpKind::kMatMul, OpKind::kReshape}},
    {"normalization before a convolution without padding",
     [](Graph& g) {
       const ValueId shifted = node(g, OpKind::kSub, {input(g, {1, 2, 5, 5}), constant(g, {2, 1, 1})});
       const ValueId scaled = node(g, OpKind::kDiv, {shifted, constant(g, {1, 2, 1, 1})});
       finish(g, last(g, OpKind::kRelu, {conv(g, scaled, 3, 0)}));
     },
     {OpKind::kConv, OpKind::kRelu}},
    {"a shift before a padded convolution stays, a scaling does not",
     [](Graph& g) {
       const ValueId shifted = node(g, OpKind::kAdd, {input(g, {1, 2, 5, 5}), constant(g, {2, 1, 1})});
       const ValueId scaled = node(g, OpKind::kMul, {shifted, constant(g, {1, 2, 1, 1})});
       finish(g, last(g, OpKind::kRelu, {conv(g, scaled, 3, 1)}));
     },
     {OpKind::kAdd, OpKind::kConv, OpKind::kRelu}},
    {"normalization before two products",
     [](Graph& g) {
       const ValueId normal = batch_normalization(g, input(g, {3, 4}));
       const ValueId a = node(g, OpKind::kMatMul, {normal, constant(g, {4, 5})});
       const ValueId b = node(g, OpKind::kMatMul, {normal, constant(g, {4, 5}), constant(g, {5})});
       finish(g, last(g, OpKind::kMul, {a, b}));
     },
     {OpKind::kMatMul, OpKind::kMatMul, OpKind::kMul}},
    {"normalization between transposes",
     [](Graph& g) {
       const ValueId turned = node(g, OpKind::kTranspose, {input(g, {1, 5, 3})}, ir::TransposeAttributes{{0, 2, 1}});
       const ValueId back =
           node(g, OpKind::kTranspose, {batch_normalization(g, turned)}, ir::TransposeAttributes{{0, 2, 1}});
       finish(g, last(g, OpKind::kMatMul, {back, constant(g, {3, 4})}));
     },
     {OpKind::kMatMul}},
    {"padding before a convolution",
     [](Graph& g) {
       const ValueId padded =
           node(g, OpKind::kPad, {input(g, {1, 2, 5, 5})}, ir::PadAttributes{{0, 0, 1, 2}, {0, 0, 3, 0}, 0});
       finish(g, last(g, OpKind::kRelu, {conv(g, padded, 3, 1)}));
     },
     {OpKind::kConv, OpKind::kRelu}},
    {"padding with ones joins constants",
     [](Graph& g) {
       const ValueId padded =
           node(g, OpKind::kPad, {input(g, {1, 2, 5, 5})}, ir::PadAttributes{{0, 0, 1, 2}, {0, 0, 3, 0}, 1});
       finish(g, last(g, OpKind::kRelu, {conv(g, padded, 3, 1)}));
     },
     {OpKind::kConcat, OpKind::kConcat, OpKind::kConv, OpKind::kRelu}},
    {"one-dimensional convolution and pool",
     [](Graph& g) {
       const ValueId c = node(g, OpKind::kConv, {input(g, {1, 2, 9}), constant(g, {4, 2, 3})},
                              ir::ConvAttributes{{2}, {1}, {1}, {0}, 1});
       finish(g, last(g, OpKind::kMaxPool, {c}, ir::PoolAttributes{{2}, {2}, {1}, {0}, {0}, false}));
     },
     {OpKind::kReshape, OpKind::kConv, OpKind::kMaxPool, OpKind::kReshape}},
    {"global pools",
     [](Graph& g) {
       const ValueId x = input(g, {1, 2, 3, 3});
       finish(g,
              last(g, OpKind::kAdd, {node(g, OpKind::kGlobalAveragePool, {x}), node(g, OpKind::kGlobalMaxPool, {x})}));
     },
     {OpKind::kReduceMean, OpKind::kReduceMax, OpKind::kAdd}},
    {"powers",
     [](Graph& g) {
       const ValueId x = input(g, {4});
       const ValueId square = node(g, OpKind::kPow, {x, number(g, 2)});
       const ValueId cube = node(g, OpKind::kPow, {x, number(g, 3)});
       finish(g, last(g, OpKind::kAdd, {square, cube}));
     },
     {OpKind::kMul, OpKind::kMul, OpKind::kMul, OpKind::kAdd}},
    {"clip from min and max",
     [](Graph& g) {
       const ValueId low = node(g, OpKind::kMax, {input(g, {9}), number(g, 0)});
       finish(g, last(g, OpKind::kMin, {low, number(g, 0.5F)}));
     },
     {OpKind::kClip}},
    {"minimum and maximum of activations",
     [](Graph& g) {
       const ValueId x = input(g, {9});
       const ValueId twice = node(g, OpKind::kNeg, {x});
       finish(g, last(g, OpKind::kMin, {node(g, OpKind::kMax, {x, twice}), x}));
     },
     {OpKind::kMul, OpKind::kMax, OpKind::kMul, OpKind::kMul, OpKind::kMax, OpKind::kMul}},
    {"gather of a scalar, a range and a list",
     [](Graph& g) {
       const ValueId x = input(g, {4, 6});
       const auto indices = [&](Shape shape, std::vector<std::int64_t> data) {
         return g.add_constant("i", AnyTensor(IntTensor(std::move(shape), std::move(data))), ir::DataType::kInt64);
       };
       const ValueId row = node(g, OpKind::kGather, {x, indices({}, {-1})}, ir::GatherAttributes{0});
       const ValueId even = node(g, OpKind::kGather, {row, indices({3}, {0, 2, 4})}, ir::GatherAttributes{0});
       finish(g, last(g, OpKind::kGather, {even, indices({2, 2}, {2, 0, 0, 1})}, ir::GatherAttributes{0}));
     },
     {OpKind::kSlice, OpKind::kReshape, OpKind::kSlice, OpKind::kSlice, OpKind::kSlice, OpKind::kSlice, OpKind::kConcat,
      OpKind::kReshape}},
    {"constant indices in disorder stay one gather",
     [](Graph& g) {
       const ValueId x = input(g, {100});
       IntTensor indices(Shape{100});
       for (std::size_t i = 0; i < 100; ++i) indices[i] = static_cast<std::int64_t>(i * i % 100);
       const ValueId list = g.add_constant("i", AnyTensor(std::move(indices)), ir::DataType::kInt64);
       finish(g, last(g, OpKind::kGather, {x, list}, ir::GatherAttributes{0}));
     },
     {OpKind::kGather}},
    {"indices of single elements are a list of all of them",
     [](Graph& g) {
       const ValueId x = input(g, {2, 3});
       const ValueId list = g.add_constant("i", AnyTensor(IntTensor(Shape{2, 2}, {2, 1, -3, 1})), ir::DataType::kInt64);
       finish(g, last(g, OpKind::kGather, {x, list}, ir::GatherAttributes{1, true}));
     },
     {OpKind::kReshape, OpKind::kSlice, OpKind::kSlice, OpKind::kSlice, OpKind::kConcat, OpKind::kReshape}},
    {"a reversed axis",
     [](Graph& g) {
       finish(g, last(g, OpKind::kSlice, {input(g, {2, 3})}, ir::SliceAttributes{{0, 2}, {2, 3}, {1, -1}}));
     },
     {OpKind::kSlice}},
    {"padding with the lowest number is the pool's own",
     [](Graph& g) {
       const ValueId padded =
           node(g, OpKind::kPad, {input(g, {1, 2, 4, 4})}, ir::PadAttributes{{0, 0, 1, 0}, {0, 0, 0, 1}, -INFINITY});
       finish(g, last(g, OpKind::kMaxPool, {padded}, ir::PoolAttributes{{2, 2}, {2, 2}, {1, 1}, {0, 1}, {1, 0}}));
     },
     {OpKind::kMaxPool}},
    {"expand and tile",
     [](Graph& g) {
       const ValueId wide = node(g, OpKind::kExpand, {input(g, {3, 1})}, ir::ExpandAttributes{Shape{2, 3, 2}});
       finish(g, last(g, OpKind::kTile, {wide}, ir::TileAttributes{{1, 2, 1}}));
     },
     {OpKind::kReshape, OpKind::kSlice, OpKind::kReshape, OpKind::kSlice, OpKind::kReshape}},
    {"movements without effect",
     [](Graph& g) {
       const ValueId a = node(g, OpKind::kReshape, {input(g, {2, 3})}, ir::ReshapeAttributes{Shape{6}});
       const ValueId b = node(g, OpKind::kReshape, {a}, ir::ReshapeAttributes{Shape{1, 2, 3}});
       const ValueId c = node(g, OpKind::kTranspose, {b}, ir::TransposeAttributes{{0, 2, 1}});
       const ValueId d = node(g, OpKind::kTranspose, {c}, ir::TransposeAttributes{{0, 2, 1}});
       const ValueId e = node(g, OpKind::kPad, {d}, ir::PadAttributes{{0, 0, 0}, {0, 0, 0}, 0});
       const ValueId f = node(g, OpKind::kMul, {e, number(g, 1)});
       const ValueId h = node(g, OpKind::kIdentity, {f});
       finish(g, last(g, OpKind::kRelu, {node(g, OpKind::kCast, {h}, ir::CastAttributes{ir::DataType::kFloat})}));
     },
     {OpKind::kReshape, OpKind::kRelu}},
    {"absolute value and minimum over an axis",
     [](Graph& g) {
       const ValueId x = node(g, OpKind::kAbs, {input(g, {3, 4})});
       finish(g, last(g, OpKind::kReduceMin, {x}, ir::ReduceAttributes{{1}, false}));
     },
     {OpKind::kRelu, OpKind::kMul, OpKind::kRelu, OpKind::kAdd, OpKind::kMul, OpKind::kReduceMax, OpKind::kMul}},
    {"the output is the input",
     [](Graph& g) {
       finish(g, last(g, OpKind::kIdentity, {input(g, {2, 3})}));
     },
     {OpKind::kReshape}},
    {"a mask that is added before a softmax",
     [](Graph& g) {
       const ValueId x = input(g, {2, 3, 4});
       finish(g, last(g, OpKind::kSoftmax, {node(g, OpKind::kAdd, {x, causal_mask(g, -3.4e38F)})},
                      ir::SoftmaxAttributes{2}));
     },
     {OpKind::kSoftmax}},
    {"a mask beside a bias, minus infinity",
     [](Graph& g) {
       const ValueId x = input(g, {2, 3, 4});
       const ValueId biased = node(g, OpKind::kAdd, {x, constant(g, {4})});
       const float infinity = std::numeric_limits<float>::infinity();
       finish(g, last(g, OpKind::kSoftmax, {node(g, OpKind::kAdd, {causal_mask(g, -infinity), biased})},
                      ir::SoftmaxAttributes{2}));
     },
     {OpKind::kAdd, OpKind::kSoftmax}},
    {"a row that is masked as a whole moves up",
     [](Graph& g) {
       const ValueId mask = g.add_constant("mask", FloatTensor(Shape{2, 2}, {-200, -200, 0, -200}));
       finish(g,
              last(g, OpKind::kSoftmax, {node(g, OpKind::kAdd, {input(g, {2, 2}), mask})}, ir::SoftmaxAttributes{1}));
     },
     {OpKind::kSoftmax}},
    {"a computed condition before a softmax",
     [](Graph& g) {
       const ValueId x = input(g, {2, 4});
       const ValueId keep = node(g, OpKind::kLess, {x, number(g, 0.9F)});
       const ValueId low = g.add_constant("low", FloatTensor(Shape{}, {-1e9F}));
       finish(g, last(g, OpKind::kSoftmax, {node(g, OpKind::kWhere, {keep, x, low})}, ir::SoftmaxAttributes{1}));
     },
     {OpKind::kLess, OpKind::kSoftmax}},
    {"a mask made by arithmetic, as transformers write it",
     [](Graph& g) {
       const ValueId x = input(g, {2, 4});
       const ValueId bit = node(g, OpKind::kCast, {node(g, OpKind::kLess, {x, number(g, 0.9F)})},
                                ir::CastAttributes{ir::DataType::kFloat});
       const ValueId away = node(g, OpKind::kSub, {number(g, 1), bit});
       const ValueId mask = node(g, OpKind::kMul, {away, number(g, -10000)});
       finish(g, last(g, OpKind::kSoftmax, {node(g, OpKind::kAdd, {x, mask})}, ir::SoftmaxAttributes{1}));
     },
     {OpKind::kLess, OpKind::kCast, OpKind::kSub, OpKind::kLess, OpKind::kSoftmax}},
    {"a masked maximum",
     [](Graph& g) {
       const ValueId mask =
           g.add_constant("mask", AnyTensor(IntTensor(Shape{1, 4}, {1, 0, 1, 1})), ir::DataType::kBool);
       const ValueId low = g.add_constant("low", FloatTensor(Shape{}, {-3.4e38F}));
       finish(g, last(g, OpKind::kReduceMax, {node(g, OpKind::kWhere, {mask, input(g, {3, 4}), low})},
                      ir::ReduceAttributes{{1}, false}));
     },
     {OpKind::kMul, OpKind::kReduceMax, OpKind::kMul, OpKind::kMul, OpKind::kMul, OpKind::kAdd, OpKind::kReduceMax}},
    {"a zero point that is added and taken away",
     [](Graph& g) {
       const ValueId rounded =
           node(g, OpKind::kFunction, {input(g, {2, 3})}, ir::FunctionAttributes{ir::function("Round")});
       const ValueId moved = node(g, OpKind::kAdd, {rounded, number(g, 7)});
       const ValueId stored = node(g, OpKind::kCast, {moved}, ir::CastAttributes{ir::DataType::kInt64});
       const ValueId read = node(g, OpKind::kCast, {stored}, ir::CastAttributes{ir::DataType::kFloat});
       finish(g, last(g, OpKind::kSub, {read, number(g, 7)}));
     },
     {OpKind::kFunction}},
    {"log of a sum of exponentials takes the largest out",
     [](Graph& g) {
       const ValueId powers =
           node(g, OpKind::kFunction, {input(g, {3, 4})}, ir::FunctionAttributes{ir::function("Exp")});
       const ValueId sum = node(g, OpKind::kReduceSum, {powers}, ir::ReduceAttributes{{1}, false});
       finish(g, last(g, OpKind::kFunction, {sum}, ir::FunctionAttributes{ir::function("Log")}));
     },
     {OpKind::kReduceMax, OpKind::kSub, OpKind::kFunction, OpKind::kReduceSum, OpKind::kFunction, OpKind::kReshape,
      OpKind::kAdd}},
    {"factors of squares go before",
     [](Graph& g) {
       const ValueId x = input(g, {3, 4});
       const ValueId variances = g.add_constant("variances", FloatTensor(Shape{4}, {0.01F, 1, 100, 1000}));
       finish(g, last(g, OpKind::kDiv, {node(g, OpKind::kMul, {x, x}), variances}));
     },
     {OpKind::kMul, OpKind::kMul}},
    {"log of a softmax is that of its sum",
     [](Graph& g) {
       const ValueId weights = node(g, OpKind::kSoftmax, {input(g, {3, 4})}, ir::SoftmaxAttributes{1});
       finish(g, last(g, OpKind::kFunction, {weights}, ir::FunctionAttributes{ir::function("Log")}));
     },
     {OpKind::kReduceMax, OpKind::kSub, OpKind::kFunction, OpKind::kReduceSum, OpKind::kFunction, OpKind::kSub}},
    {"a computed condition before a maximum",
     [](Graph& g) {
       const ValueId x = input(g, {3, 4});
       const ValueId keep = node(g, OpKind::kLess, {number(g, -0.5F), x});
       const ValueId low = number(g, -std::numeric_limits<float>::infinity());
       const ValueId kept = node(g, OpKind::kWhere, {keep, x, low});
       finish(g, last(g, OpKind::kReduceMax, {kept}, ir::ReduceAttributes{{1}, false}));
     },
     {OpKind::kLess, OpKind::kMul, OpKind::kReduceMax, OpKind::kMul, OpKind::kWhere, OpKind::kReduceMax}},
    {"exponentials over their sum are a softmax",
     [](Graph& g) {
       const ValueId powers =
           node(g, OpKind::kFunction, {input(g, {3, 4})}, ir::FunctionAttributes{ir::function("Exp")});
       const ValueId sum = node(g, OpKind::kReduceSum, {powers}, ir::ReduceAttributes{{0}, true});
       finish(g, last(g, OpKind::kDiv, {powers, sum}));
     },
     {OpKind::kSoftmax}},
    {"scaled columns that are compared",
     [](Graph& g) {
       const ValueId factors = g.add_constant("factors", FloatTensor(Shape{4}, {3, 0.001F, 1000, 0.3F}));
       const ValueId centred = node(g, OpKind::kSub, {input(g, {3, 4}), constant(g, {4})});
       const ValueId scaled = node(g, OpKind::kMul, {centred, factors});
       const ValueId picked = node(
           g, OpKind::kGather,
           {scaled, g.add_constant("picked", AnyTensor(IntTensor(Shape{5}, {3, 1, 1, -4, 2})), ir::DataType::kInt64)},
           ir::GatherAttributes{1});
       const ValueId above = node(g, OpKind::kLess, {constant(g, {1, 5}), picked});
       const ValueId below = node(g, OpKind::kLess, {scaled, number(g, 0.25F)});
       const ValueId first = node(g, OpKind::kCast, {above}, ir::CastAttributes{ir::DataType::kFloat});
       const ValueId second = node(g, OpKind::kCast, {below}, ir::CastAttributes{ir::DataType::kFloat});
       finish(g, last(g, OpKind::kConcat, {first, second}, ir::ConcatAttributes{1}));
     },
     {OpKind::kGather, OpKind::kLess, OpKind::kLess, OpKind::kCast, OpKind::kCast, OpKind::kConcat}},
    {"layers without anything in between",
     [](Graph& g) {
       const ValueId first = node(g, OpKind::kMatMul, {input(g, {3, 4}), constant(g, {4, 6}), constant(g, {6})});
       finish(g, last(g, OpKind::kMatMul, {first, constant(g, {6, 2}), constant(g, {2})}));
     },
     {OpKind::kMatMul}},
    {"factors of few weights",
     [](Graph& g) {
       const ValueId first = node(g, OpKind::kMatMul, {input(g, {3, 8}), constant(g, {8, 1})});
       finish(g, last(g, OpKind::kMatMul, {first, constant(g, {1, 8})}));
     },
     {OpKind::kMatMul, OpKind::kMatMul}},
    {"a reshape that changes nothing is no obstacle",
     [](Graph& g) {
       const ValueId scaled = node(g, OpKind::kMul, {input(g, {3, 4}), constant(g, {4})});
       const ValueId same = node(g, OpKind::kReshape, {scaled}, ir::ReshapeAttributes{Shape{3, 4}});
       finish(g, last(g, OpKind::kMatMul, {same, constant(g, {4, 2})}));
     },
     {OpKind::kMatMul}},
    {"the output is a constant",
     [](Graph& g) {
       input(g, {1});
       finish(g, last(g, OpKind::kRelu, {constant(g, {2, 3})}));
     },
     {}},
};

class Legalize : public ::testing::TestWithParam<Case> {};

TEST_P(Legalize, GivesTheExpectedCoreGraphOfTheSameFunction) {
  Graph graph;
  GetParam().build(graph);
  ASSERT_TRUE(ir::verify(graph).ok()) << ir::verify(graph).to_string();
  const Result<Graph> legal = legalize(graph);
  ASSERT_TRUE(legal.ok()) << legal.status().to_string();
  std::vector<std::string> got;
  std::vector<std::string> expected;
  for (const ir::Node& made : legal->nodes) got.emplace_back(ir::op_name(made.op));
  for (const OpKind op : GetParam().core) expected.emplace_back(ir::op_name(op));
  EXPECT_EQ(got, expected) << ir::to_text(*legal);
  ASSERT_EQ(legal->outputs.size(), 1U);
  EXPECT_EQ(legal->value(legal->outputs[0]).name, "y");

  const TensorMap inputs{{"x", random_tensor(graph.value(graph.inputs[0]).shape, 77)}};
  const FloatTensor before = exec_float::run_float(graph, inputs)->at("y");
  const FloatTensor after = exec_float::run_float(*legal, inputs)->at("y");
  ASSERT_EQ(before.shape(), after.shape());
  for (std::size_t i = 0; i < before.data().size(); ++i)
    EXPECT_NEAR(before[i], after[i], 1e-5 + 1e-4 * std::abs(before[i])) << "element " << i;
}

std::string case_name(const ::testing::TestParamInfo<Case>& which) {
  std::string name;
  for (const char c : which.param.name) name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Cases, Legalize, ::testing::ValuesIn(kCases), case_name);

TEST(LegalizeErrors, NamesWhatHasNoElements) {
  Graph of_input;
  finish(of_input, last(of_input, OpKind::kRelu, {input(of_input, {3, 0})}));
  EXPECT_NE(legalize(of_input).status().message().find("input 'x' has shape [3, 0]"), std::string::npos)
      << legalize(of_input).status().to_string();
  Graph of_output;
  finish(of_output,
         last(of_output, OpKind::kSlice, {input(of_output, {3, 2})}, ir::SliceAttributes{{0, 1}, {3, 0}, {1, 1}}));
  const Status status = legalize(of_output).status();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_NE(status.message().find("output 'y' has shape [3, 0]"), std::string::npos) << status.to_string();
}

TEST(LegalizeErrors, ListsEveryNodeThatIsNotCore) {
  Graph graph;
  const ValueId x = input(graph, {2, 3});
  const ValueId filters = graph.add_input("filters", ir::DataType::kFloat, Shape{3, 4});
  const ValueId bias = graph.add_input("bias", ir::DataType::kFloat, Shape{4});
  const ValueId a = graph.add_node(OpKind::kMatMul, "first", {x, filters, bias}).value();
  const ValueId b = graph.add_node(OpKind::kMatMul, "second", {x, filters, bias}).value();
  finish(graph, last(graph, OpKind::kAdd, {a, b}));
  const Result<Graph> legal = legalize(graph);
  ASSERT_FALSE(legal.ok());
  EXPECT_EQ(legal.status().code(), StatusCode::kUnsupported);
  EXPECT_NE(legal.status().message().find("'first' (MatMul)"), std::string::npos) << legal.status().message();
  EXPECT_NE(legal.status().message().find("'second' (MatMul)"), std::string::npos) << legal.status().message();
}

}  // namespace
}  // namespace zkinfer::passes
