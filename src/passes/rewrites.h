// SPDX-License-Identifier: Apache-2.0
// The rewrites of legalize.cc, each from a verified graph to an equivalent one.
#pragma once

#include <string>
#include <vector>

#include "ir/graph.h"
#include "zkinfer/status.h"

namespace zkinfer::passes {

// Curves between two integers of few values become lists of integers. Before all others, while the ranges of integers are known.
Result<ir::Graph> tabulate(const ir::Graph& graph);
// Tensors without elements are constants, and Concat reads none of them. unsupported: inputs and outputs without elements.
Result<ir::Graph> drop_empty(const ir::Graph& graph);
// Identity disappears, and casts and reshapes that change nothing.
Result<ir::Graph> remove_identities(const ir::Graph& graph);
// Written-out log-sum-exp takes the largest number out first; a written-out softmax becomes one.
Result<ir::Graph> stabilize(const ir::Graph& graph);
// Where a value is NaN or minus infinity becomes a condition of the masks that make it so: behind a Softmax, in rows of which
// nothing is kept. What is not followed is false; *missed is told the nodes that ask for it.
Result<ir::Graph> resolve_special(const ir::Graph& graph, std::vector<std::string>* missed);
// Masks that are added or selected before a Softmax or a maximum become its mask operand.
Result<ir::Graph> mask_softmax(const ir::Graph& graph);
// The logarithm of a softmax without a mask is taken of its sum. Behind mask_softmax, which knows the masks.
Result<ir::Graph> log_softmax(const ir::Graph& graph);
// Everything of level kRewritten becomes core operators; Sub of a constant becomes Add.
Result<ir::Graph> expand(const ir::Graph& graph);
// Nodes whose inputs are all constant are evaluated.
Result<ir::Graph> fold_constants(const ir::Graph& graph);
// Positive factors of squares that differ much go, as roots, into what is squared: a naive Bayes classifier's variances.
Result<ir::Graph> weigh_before_squares(const ir::Graph& graph);
// A positive factor right before a rounding moves up to the sum, product or quotient that is rounded, through Relu, pools, movement and sums;
// what is put together from several tensors is rounded tensor by tensor.
Result<ir::Graph> scale_early(const ir::Graph& graph);
// Comparisons of scaled columns with constants become such of the columns themselves.
Result<ir::Graph> compare_early(const ir::Graph& graph);
// Multiplications and additions of constants per channel go into the weights and bias of the Conv or MatMul before
// them (batch normalization, scalings, separate biases), positive factors through Relu and pools too; zero padding goes into the pads of the Conv after it.
Result<ir::Graph> fold_affine(const ir::Graph& graph);
// Multiplications and additions of constants per channel move behind the Transpose that follows them.
Result<ir::Graph> sink_affine(const ir::Graph& graph);
// Multiplications and additions of constants per channel go into the weights and bias of the Conv and MatMul after
// them, when nothing else reads their result. An addition before a Conv with padding stays: the padding is not shifted.
Result<ir::Graph> fold_affine_into_next(const ir::Graph& graph);
// A product with constant weights of another is one, where that takes no more weights.
Result<ir::Graph> join_products(const ir::Graph& graph);
// Convolutions and pools with one spatial axis get a second of length 1.
Result<ir::Graph> widen_to_2d(const ir::Graph& graph);
// Movements without effect disappear, chains of reshapes, transposes and clips become one.
Result<ir::Graph> simplify(const ir::Graph& graph);

}  // namespace zkinfer::passes
