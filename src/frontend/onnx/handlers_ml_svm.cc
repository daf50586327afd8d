// SPDX-License-Identifier: Apache-2.0
// SVMRegressor and SVMClassifier (ai.onnx.ml): kernels against the support vectors are products with constants.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>

#include "frontend/onnx/build.h"
#include "frontend/onnx/emit.h"
#include "frontend/onnx/ml_classes.h"
#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

Status check_svm(const NodeContext& context) {
  ZKI_RETURN_IF_ERROR(check_post_transform(context));
  ZKI_ASSIGN_OR_RETURN(const std::string kernel, context.string_attribute("kernel_type", "LINEAR"));
  for (const std::string_view known : {"LINEAR", "POLY", "RBF", "SIGMOID"})
    if (kernel == known) return ok_status();
  return corrupt("kernel_type " + in_quotes(kernel));
}

ValueId constant(NodeContext& context, Shape shape, std::vector<float> data, std::string_view step) {
  return context.add_constant(FloatTensor(std::move(shape), std::move(data)), ir::DataType::kFloat, step);
}

// [N, count]: the kernel of x with every support vector, [count, features].
Result<ValueId> kernel_values(NodeContext& context, ValueId x, const std::vector<float>& vectors, int64_t count) {
  const int64_t features = context.shape_of(x)[1];
  if (count < 1 || features < 1 || static_cast<int64_t>(vectors.size()) != count * features)
    return corrupt(std::to_string(vectors.size()) + " numbers of support vectors for " + std::to_string(count) +
                   " vectors of " + std::to_string(features) + " features");
  ZKI_ASSIGN_OR_RETURN(const std::string kernel, context.string_attribute("kernel_type", "LINEAR"));
  ZKI_ASSIGN_OR_RETURN(std::vector<float> params, context.floats_attribute("kernel_params"));
  params.resize(3, 0);  // gamma, offset, degree
  const bool is_rbf = kernel == "RBF";
  const float factor = kernel == "LINEAR" ? 1 : is_rbf ? 2 * params[0] : params[0];
  std::vector<float> matrix(vectors.size());
  std::vector<float> bias(static_cast<size_t>(count), kernel == "LINEAR" || is_rbf ? 0 : params[1]);
  for (int64_t v = 0; v < count; ++v) {
    double square = 0;
    for (int64_t f = 0; f < features; ++f) {
      const float entry = vectors[static_cast<size_t>(v * features + f)];
      matrix[static_cast<size_t>(f * count + v)] = factor * entry;
      square += static_cast<double>(entry) * static_cast<double>(entry);
    }
    if (is_rbf) bias[static_cast<size_t>(v)] = -params[0] * static_cast<float>(square);
  }
  const ValueId weights = constant(context, Shape{features, count}, std::move(matrix), "vectors");
  const ValueId offsets = constant(context, Shape{count}, std::move(bias), "offsets");
  ZKI_ASSIGN_OR_RETURN(const ValueId product, context.add(OpKind::kMatMul, {x, weights, offsets}, {}, "products"));
  if (kernel == "LINEAR") return product;
  if (kernel == "SIGMOID") return apply(context, ir::function("Tanh"), product, "kernel");
  if (kernel == "POLY") {
    const ValueId degree = literal_number(context, params[2], "degree");
    return context.add(OpKind::kPow, {product, degree}, {}, "kernel");
  }
  // exp(-gamma |x - v|^2) = exp(2 gamma x v - gamma |v|^2 - gamma |x|^2)
  ZKI_ASSIGN_OR_RETURN(const ValueId square, context.add(OpKind::kMul, {x, x}, {}, "square"));
  ZKI_ASSIGN_OR_RETURN(const ValueId length,
                       context.add(OpKind::kReduceSum, {square}, ir::ReduceAttributes{{1}, true}, "length"));
  const ValueId gamma = literal_number(context, -params[0], "gamma");
  ZKI_ASSIGN_OR_RETURN(const ValueId own, context.add(OpKind::kMul, {length, gamma}, {}, "own"));
  ZKI_ASSIGN_OR_RETURN(const ValueId distance, context.add(OpKind::kAdd, {product, own}, {}, "distance"));
  return apply(context, ir::function("Exp"), distance, "kernel");
}

Result<Outputs> import_svm_regressor(NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const ValueId x, rows_of_input(context));
  ZKI_ASSIGN_OR_RETURN(const std::vector<float> vectors, context.floats_attribute("support_vectors"));
  ZKI_ASSIGN_OR_RETURN(std::vector<float> coefficients, context.floats_attribute("coefficients"));
  ZKI_ASSIGN_OR_RETURN(const std::vector<float> rho, context.floats_attribute("rho"));
  ZKI_ASSIGN_OR_RETURN(const int64_t supports, context.int_attribute("n_supports", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t one_class, context.int_attribute("one_class", 0));
  const auto count = static_cast<int64_t>(coefficients.size());
  ValueId k = x;
  if (supports > 0) {
    if (count != supports) return corrupt("as many coefficients as support vectors are needed");
    ZKI_ASSIGN_OR_RETURN(k, kernel_values(context, x, vectors, supports));
  } else if (count != context.shape_of(x)[1]) {
    return corrupt("as many coefficients as features are needed");
  }
  const ValueId weights = constant(context, Shape{count, 1}, std::move(coefficients), "coefficients");
  const ValueId bias = constant(context, Shape{1}, {rho.empty() ? 0 : rho[0]}, "rho");
  ZKI_ASSIGN_OR_RETURN(const ValueId y, context.add(OpKind::kMatMul, {k, weights, bias}, {}, "sum"));
  if (one_class == 0) return one_output(post_transformed(context, y, 0));
  // 1 inside, -1 outside.
  const ValueId zero = literal_number(context, 0, "zero");
  ZKI_ASSIGN_OR_RETURN(const ValueId inside, context.add(OpKind::kLess, {zero, y}, {}, "inside"));
  const ValueId one = literal_number(context, 1, "one");
  const ValueId minus_one = literal_number(context, -1, "minus_one");
  return one_output(context.add(OpKind::kWhere, {inside, one, minus_one}));
}

// One score per pair of classes: [vectors, pairs] and the pairs.
struct Pairs {
  FloatTensor weights;
  std::vector<std::pair<size_t, size_t>> classes;
};

// coefficients: [classes - 1, vectors]; of a vector of class c, row j - 1 is for the pair with a later class j, row i for that
// with an earlier class i (libsvm).
Result<Pairs> read_pairs(const std::vector<float>& coefficients, const Dims& per_class, int64_t count) {
  const size_t classes = per_class.size();
  if (static_cast<int64_t>(coefficients.size()) != static_cast<int64_t>(classes - 1) * count)
    return corrupt(std::to_string(coefficients.size()) + " coefficients for " + std::to_string(count) +
                   " support vectors of " + std::to_string(classes) + " classes");
  Pairs pairs;
  for (size_t i = 0; i < classes; ++i)
    for (size_t j = i + 1; j < classes; ++j) pairs.classes.emplace_back(i, j);
  const size_t width = pairs.classes.size();
  pairs.weights = FloatTensor(Shape{count, static_cast<int64_t>(width)});
  const auto rows = static_cast<size_t>(count);
  size_t vector = 0;
  for (size_t c = 0; c < classes; ++c)
    for (int64_t i = 0; i < per_class[c]; ++i, ++vector)
      for (size_t pair = 0; pair < width; ++pair) {
        const auto [first, second] = pairs.classes[pair];
        if (c == first) pairs.weights[vector * width + pair] = coefficients[(second - 1) * rows + vector];
        if (c == second) pairs.weights[vector * width + pair] = coefficients[first * rows + vector];
      }
  return pairs;
}

// Votes of the pairs, [N, classes]: a positive score is one for the first class of the pair.
Result<ValueId> votes(NodeContext& context, ValueId scores, const Pairs& pairs, size_t classes) {
  const ValueId zero = literal_number(context, 0, "zero");
  ZKI_ASSIGN_OR_RETURN(const ValueId positive, context.add(OpKind::kLess, {zero, scores}, {}, "positive"));
  ZKI_ASSIGN_OR_RETURN(const ValueId bits,
                       context.add(OpKind::kCast, {positive}, ir::CastAttributes{ir::DataType::kFloat}, "bits"));
  const size_t width = pairs.classes.size();
  FloatTensor matrix(Shape{static_cast<int64_t>(width), static_cast<int64_t>(classes)});
  std::vector<float> bias(classes, 0);
  for (size_t pair = 0; pair < width; ++pair) {
    matrix[pair * classes + pairs.classes[pair].first] = 1;
    matrix[pair * classes + pairs.classes[pair].second] = -1;
    bias[pairs.classes[pair].second] += 1;
  }
  const ValueId weights = context.add_literal(std::move(matrix), ir::DataType::kFloat, "ballot");
  const ValueId offset = context.add_literal(FloatTensor(Shape{static_cast<int64_t>(classes)}, std::move(bias)),
                                             ir::DataType::kFloat, "rest");
  return context.add(OpKind::kMatMul, {bits, weights, offset}, {}, "votes");
}

// Column of the share of class i against class j: first those of the pairs, then the others' of the same pairs.
size_t share_column(const Pairs& pairs, size_t i, size_t j) {
  const auto at = std::find(pairs.classes.begin(), pairs.classes.end(), std::pair(std::min(i, j), std::max(i, j)));
  return static_cast<size_t>(at - pairs.classes.begin()) + (i < j ? 0 : pairs.classes.size());
}

// Of each class in a tree of pairs: the product of the shares along the tree, each of the end that is nearer to that class
// against the other. Columns of the factors, one list per edge, classes after classes of each tree.
std::vector<Dims> tree_factors(const Pairs& pairs, size_t classes) {
  std::vector<Dims> factors(classes - 1);
  for (std::uint32_t chosen = 0; chosen < 1u << pairs.classes.size(); ++chosen) {
    if (static_cast<size_t>(std::popcount(chosen)) != classes - 1) continue;
    for (size_t root = 0; root < classes; ++root) {
      std::vector<size_t> reached{root};
      Dims columns;
      for (size_t at = 0; at < reached.size(); ++at) {
        for (size_t pair = 0; pair < pairs.classes.size(); ++pair) {
          const auto [first, second] = pairs.classes[pair];
          if ((chosen >> pair & 1) == 0 || (first != reached[at] && second != reached[at])) continue;
          const size_t next = first == reached[at] ? second : first;
          if (std::find(reached.begin(), reached.end(), next) != reached.end()) continue;
          columns.push_back(static_cast<int64_t>(share_column(pairs, reached[at], next)));
          reached.push_back(next);
        }
      }
      if (reached.size() < classes) break;  // the pairs form a ring and are no tree
      for (size_t edge = 0; edge + 1 < classes; ++edge) factors[edge].push_back(columns[edge]);
    }
  }
  return factors;
}

// Four classes, of which three disagree around a ring, leave that much to the fourth: [N, classes].
ValueId disagreement(Build& b, ValueId shares, const Pairs& pairs) {
  std::array<std::array<Dims, 3>, 2> columns;  // around each ring either way
  for (size_t left_out = 0; left_out < 4; ++left_out) {
    std::array<size_t, 3> ring{};
    for (size_t c = 0, at = 0; c < 4; ++c)
      if (c != left_out) ring[at++] = c;
    for (size_t at = 0; at < 3; ++at) {
      const size_t from = ring[at], to = ring[(at + 1) % 3];
      columns[0][at].push_back(static_cast<int64_t>(share_column(pairs, from, to)));
      columns[1][at].push_back(static_cast<int64_t>(share_column(pairs, to, from)));
    }
  }
  const auto around = [&](const std::array<Dims, 3>& way) {
    return b.mul(b.mul(b.gather(shares, way[0], 1), b.gather(shares, way[1], 1)), b.gather(shares, way[2], 1));
  };
  return b.square(b.sub(around(columns[0]), around(columns[1])));
}

// The classes' shares, [N, classes], from the scores of the pairs with prob_a and prob_b: r(i, j) = 1 / (1 + exp(a score + b)) is
// the share of i against j alone. Of two classes these are the result. Of more, p minimizes the sum over pairs of
// (r(j, i) p(i) - r(i, j) p(j))^2 where p sums to 1 (Wu, Lin and Weng, 2004): by Cauchy and Binet p is in proportion to the sum,
// over all choices of one pair less than there are classes, of the vector at which those terms vanish times its own sum. Of a
// tree of pairs that is the vector of tree_factors. Nothing cancels, so that few bits are enough; libsvm comes to the same
// by steps and stops within 0.005 / classes.
ValueId coupled_shares(Build& b, ValueId scores, const Pairs& pairs, size_t classes, const std::vector<float>& prob_a,
                       const std::vector<float>& prob_b) {
  const auto width = static_cast<int64_t>(pairs.classes.size());
  const auto negated = [&](const std::vector<float>& numbers) {
    FloatTensor out(Shape{width});
    std::transform(numbers.begin(), numbers.end(), out.data().begin(), std::negate());
    return b.parameter(std::move(out));
  };
  const ValueId first = b.function(ir::function("Sigmoid"), b.add(b.mul(scores, negated(prob_a)), negated(prob_b)));
  const ValueId shares = b.concat({first, b.sub(b.number(1), first)}, 1);
  if (classes == 2) return shares;
  const std::vector<Dims> factors = tree_factors(pairs, classes);
  ValueId weights = b.gather(shares, factors[0], 1);
  for (size_t edge = 1; edge < factors.size(); ++edge) weights = b.mul(weights, b.gather(shares, factors[edge], 1));
  const int64_t rows = b.shape(scores).rank() > 0 ? b.shape(scores)[0] : 1;
  const auto count = static_cast<int64_t>(factors[0].size() / classes);
  const ValueId by_tree = b.reshape(weights, {rows, count, static_cast<int64_t>(classes)});
  ValueId parts = b.reduce(OpKind::kReduceSum, b.mul(by_tree, b.reduce(OpKind::kReduceSum, by_tree, {2})), {1}, false);
  if (classes == 4) parts = b.add(parts, disagreement(b, shares, pairs));
  return b.div(parts, b.reduce(OpKind::kReduceSum, parts, {1}));
}

Result<Outputs> import_svm_classifier(NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const ValueId x, rows_of_input(context));
  ZKI_ASSIGN_OR_RETURN(const Labels labels, read_labels(context, "classlabels_ints", "classlabels_strings"));
  ZKI_ASSIGN_OR_RETURN(const std::vector<float> vectors, context.floats_attribute("support_vectors"));
  ZKI_ASSIGN_OR_RETURN(const std::vector<float> coefficients, context.floats_attribute("coefficients"));
  ZKI_ASSIGN_OR_RETURN(std::vector<float> rho, context.floats_attribute("rho"));
  ZKI_ASSIGN_OR_RETURN(const std::vector<float> prob_a, context.floats_attribute("prob_a"));
  ZKI_ASSIGN_OR_RETURN(const std::vector<float> prob_b, context.floats_attribute("prob_b"));
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> per_class, context.ints_attribute("vectors_per_class"));
  if (!per_class || per_class->empty())
    return unsupported("a support vector machine without vectors | export it as LinearClassifier");
  int64_t count = 0;
  for (const int64_t n : *per_class) {
    if (n < 0 || n > (1 << 24)) return corrupt("vectors_per_class " + dims_to_string(*per_class));
    count += n;
  }
  const size_t classes = per_class->size();
  if (classes < 2 || classes > 256 || classes != labels.count)
    return corrupt("as many classes as labels are needed, 2 to 256");
  ZKI_ASSIGN_OR_RETURN(Pairs pairs, read_pairs(coefficients, *per_class, count));
  const auto width = static_cast<int64_t>(pairs.classes.size());
  if (static_cast<int64_t>(rho.size()) != width) return corrupt("rho needs one entry per pair of classes");
  const bool has_shares = !prob_a.empty();
  if (has_shares && (static_cast<int64_t>(prob_a.size()) != width || prob_b.size() != prob_a.size()))
    return corrupt("prob_a and prob_b need one entry per pair of classes");
  if (has_shares && classes > 4) {
    return unsupported("probabilities of " + std::to_string(classes) +
                       " classes, which come from a system of equations of so many unknowns; up to 4 are possible | "
                       "export with probability=False and take the class, or the scores of the pairs");
  }
  ZKI_ASSIGN_OR_RETURN(const ValueId k, kernel_values(context, x, vectors, count));
  const ValueId weights = context.add_constant(std::move(pairs.weights), ir::DataType::kFloat, "coefficients");
  const ValueId bias = constant(context, Shape{width}, std::move(rho), "rho");
  ZKI_ASSIGN_OR_RETURN(const ValueId scores, context.add(OpKind::kMatMul, {k, weights, bias}, {}, "scores"));
  if (has_shares) {
    Build b(context);
    const ValueId shares = coupled_shares(b, scores, pairs, classes, prob_a, prob_b);
    ZKI_RETURN_IF_ERROR(b.status());
    ValueId decides = shares;
    // The class is that of most votes, which need not have the largest share.
    if (classes > 2) {
      ZKI_ASSIGN_OR_RETURN(decides, votes(context, scores, pairs, classes));
    }
    ZKI_ASSIGN_OR_RETURN(const ValueId label, label_of_largest(context, decides, labels));
    ZKI_ASSIGN_OR_RETURN(const ValueId shown, context.add_output(1, OpKind::kIdentity, {shares}, {}));
    return Outputs{label, shown};
  }
  ZKI_ASSIGN_OR_RETURN(const ValueId ballots, votes(context, scores, pairs, classes));
  ZKI_ASSIGN_OR_RETURN(const ValueId label, label_of_largest(context, ballots, labels));
  if (classes > 2) {
    ZKI_ASSIGN_OR_RETURN(const ValueId shown, post_transformed(context, scores, 1));
    return Outputs{label, shown};
  }
  const ValueId minus_one = literal_number(context, -1, "minus_one");
  ZKI_ASSIGN_OR_RETURN(const ValueId other, context.add(OpKind::kMul, {scores, minus_one}, {}, "negated"));
  // Signs as onnxruntime has them: the second is positive where the first class wins.
  ZKI_ASSIGN_OR_RETURN(const ValueId both, concat(context, {other, scores}, 1, "both"));
  ZKI_ASSIGN_OR_RETURN(const ValueId shown, post_transformed(context, both, 1));
  return Outputs{label, shown};
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"SVMClassifier",
     "classlabels_ints classlabels_strings coefficients kernel_params kernel_type post_transform prob_a prob_b rho "
     "support_vectors vectors_per_class",
     check_svm, import_svm_classifier},
    {"SVMRegressor", "coefficients kernel_params kernel_type n_supports one_class post_transform rho support_vectors",
     check_svm, import_svm_regressor},
});

}  // namespace

std::span<const Handler> ml_svm_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
