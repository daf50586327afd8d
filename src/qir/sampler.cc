// SPDX-License-Identifier: Apache-2.0
// Every operator that is emitted here gives one output for its inputs (src/relations), so the token is a function of scores, tokens, noise and
// rule; docs/sampling.md walks through it.
#include "qir/sampler.h"

#include <algorithm>
#include <array>
#include <utility>

#include "qir/fixed_point.h"
#include "qir/ops/rules.h"
#include "qir/tail_writer.h"

namespace zkinfer::qir {

namespace {

constexpr int kFactorBits = 14, kShareBits = 16, kExponentialBits = 15;
constexpr std::int64_t kMostRule = std::int64_t{1} << kShareBits;
// Noise is in steps of 2^-12 or finer; differences of scores, whose exponentials are listed, in steps below 2^-6.
constexpr int kNoiseSteps = 12, kDifferenceSteps = 6;
// Exponentials of what is further below are 0.
constexpr std::int64_t kFarthest = 12;

class Writer : private TailWriter {
 public:
  Writer(QGraph graph, std::int64_t candidates)
      : TailWriter(std::move(graph), "sampling"),
        tokens_(graph_.inputs[0]),
        scores_(graph_.outputs[0]),
        n_(value(tokens_).shape[1]),
        p_(value(scores_).shape[1]),
        v_(value(scores_).shape[2]),
        k_(candidates) {}

  QGraph write(const SamplerShape& shape, const std::string& output_name) && {
    const Range noise{0, noise_of(shape, kMostTemperature, ~std::uint32_t{0}) + 1};
    drawn_ = input("drawn", {1, p_, k_ + kRuleNumbers}, {0, std::max(noise.hi, kMostRule)});
    // The candidates: places in the vocabulary, and their scores. sampler_of knows the scores by this first node.
    const ValueId order = sort("order", scores_, v_);
    noise_ = slice("noise", drawn_, {1, p_, k_}, {0, 0, 0}, range(drawn_));
    ValueId places = slice("candidates", order, {1, p_, k_}, {0, 0, 0}, {0, v_ - 1});
    ValueId scores = gather("scores", scores_, places);
    scores = penalized(scores, places);
    const ValueId again = sort("order_again", scores, k_);
    scores = gather("sorted_scores", scores, again);
    places = gather("sorted_candidates", places, again);
    const ValueId kept = top_p(shape, scores);
    const ValueId counted = product("kept_noise", {kept, noise_}, {1, p_, k_}, range(noise_), {});
    const std::int64_t unit = std::int64_t{1} << shape.fraction_bits;
    const ValueId drawn = linear("noisy_scores", {scores, counted}, {unit, 1}, 0, {1, p_, k_});
    Node largest = named(Op::kArgMax, "choice");
    largest.axes = {2};
    const ValueId rank = add(largest, {drawn}, {1, p_, 1}, {0, k_ - 1});
    const ValueId place = gather("token", places, rank);
    graph_.outputs = {add(named(Op::kReshape, "next"), {place}, {1, p_}, range(place), output_name)};
    return std::move(graph_);
  }

 private:
  ValueId sort(const std::string& name, ValueId x, std::int64_t length) {
    Node node = named(Op::kSort, name);
    node.axes = {2};
    node.coefs = {-1};
    return add(node, {x}, value(x).shape, {0, length - 1});
  }
  ValueId gather(const std::string& name, ValueId data, ValueId places) {
    Node node = named(Op::kGather, name);
    node.axes = {2};
    node.coefs = {1};
    return add(node, {data, places}, value(places).shape, range(data));
  }
  // 1 where constant + sum of coefs x is above 0, else 0.
  ValueId step(const std::string& name, std::vector<ValueId> x, std::vector<std::int64_t> coefs, std::int64_t constant,
               Shape shape) {
    return linear(name, std::move(x), std::move(coefs), constant, std::move(shape), Range{0, 1});
  }
  ValueId select(const std::string& name, ValueId condition, ValueId a, ValueId b) {
    const Range both{std::min(value(a).lo, value(b).lo), std::max(value(a).hi, value(b).hi)};
    return add(named(Op::kSelect, name), {condition, a, b}, {1, p_, k_}, both);
  }
  // What is before each element along the last axis, added up.
  ValueId before(const std::string& name, ValueId x, Range range, Requant requant = {}) {
    Node node = named(Op::kSumPool, name);
    const std::int64_t length = value(x).shape[2];
    node.coefs = {1};
    node.kernel = node.pads_begin = {length};
    node.strides = node.dilations = {1};
    node.requant = requant;
    return add(node, {x}, value(x).shape, range);
  }
  // One number of the rule at each position, which is no more than 2^16.
  ValueId of_rule(const std::string& name, std::int64_t which) {
    const ValueId one = slice(name + "_given", drawn_, {1, p_, 1}, {0, 0, k_ + which}, range(drawn_));
    return linear(name, {one}, {1}, 0, {1, p_, 1}, Range{0, kMostRule});
  }

  // 1 at [i, j] where token j is seen at position i.
  ValueId seen_positions() {
    const ValueId ones = linear("one", {tokens_}, {0}, 1, {1, n_});
    if (p_ != n_) return reshape("seen", ones, {1, 1, n_, 1});
    const ValueId place = before("place", reshape("one_axis", ones, {1, 1, n_}), {0, n_});
    const ValueId column = reshape("place_column", place, {1, n_, 1});
    const ValueId seen = step("seen_matrix", {column, place}, {1, -1}, 1, {1, n_, n_});
    return reshape("seen", seen, {1, n_, n_, 1});
  }

  // Scores of tokens that are there: divided by the penalty above 0, multiplied by it below.
  ValueId penalized(ValueId scores, ValueId places) {
    const ValueId token = reshape("token_axis", tokens_, {1, 1, 1, n_});
    const ValueId place = reshape("candidate_axis", places, {1, p_, k_, 1});
    const ValueId differs = linear("difference", {place, token}, {1, -1}, 0, {1, p_, k_, n_}, Range{-1, 1});
    const ValueId square = product("unequal", {differs, differs}, {1, p_, k_, n_}, {0, 1}, {});
    const ValueId equal = linear("equal", {square}, {-1}, 1, {1, p_, k_, n_});
    const ValueId times = add(named(Op::kMatMul, "times"), {equal, seen_positions()}, {1, p_, k_, 1}, {0, n_});
    const ValueId repeated = reshape("repeated_axis", step("repeated", {times}, {1}, 0, {1, p_, k_, 1}), {1, p_, k_});
    const ValueId above = step("above_0", {scores}, {1}, 0, {1, p_, k_});
    const ValueId factor = select("repeated_factor", above, of_rule("factor_above_0", 1), of_rule("factor_below_0", 2));
    const std::int64_t one = std::int64_t{1} << kFactorBits;
    const ValueId same = linear("same", {repeated}, {0}, one, {1, p_, k_});
    const ValueId by = select("factor", repeated, factor, same);
    // Up to four times as large either way.
    const Range from = range(scores);
    const Range reach =
        bounded(4 * Wide{std::min<std::int64_t>(from.lo, 0)} - 1, 4 * Wide{std::max<std::int64_t>(from.hi, 0)} + 1);
    return product("penalized", {scores, by}, {1, p_, k_}, reach, clamp(reach, reach.lo, reach.hi, kFactorBits));
  }

  // 1 for candidates before which less than the share of the probability is.
  ValueId top_p(const SamplerShape& shape, ValueId scores) {
    const int shift = coarser(shape.unit, kDifferenceSteps);
    graph_.tables.push_back(qir::exponentials(fixed(shape.unit, shift), kFarthest, kExponentialBits));
    const std::int64_t rows = graph_.tables.back().num_rows();
    const auto exponentials = static_cast<std::int32_t>(graph_.tables.size() - 1);

    ValueId x = shift > 0 ? rounded("coarse_scores", scores, shift) : scores;
    // What is no candidate is too far below the largest to count.
    const ValueId counts = step("counts", {noise_}, {1}, 0, {1, p_, k_});
    x = linear("counted_scores", {x, counts}, {1, rows}, -rows, {1, p_, k_});
    Node node = named(Op::kSoftmax, "probability");
    node.axes = {2};
    node.requant = {kShareBits, exponentials};
    const ValueId probability = add(node, {x}, {1, p_, k_}, {0, kMostRule});
    const ValueId sum =
        before("probability_before", probability, {0, kMostRule - 1}, clamp({0, k_ * kMostRule}, 0, kMostRule - 1));
    return step("kept", {of_rule("share", 0), sum}, {1, -1}, 0, {1, p_, k_});
  }

  const ValueId tokens_, scores_;
  const std::int64_t n_, p_, v_, k_;
  ValueId drawn_ = 0, noise_ = 0;
};

// Of a program of tokens with scores behind each; its unit must be one that the rule has numbers for.
Result<SamplerShape> shape_of(const QGraph& scored, std::int64_t candidates) {
  const auto no_scores = [&] {
    return invalid_argument("program '" + scored.name + "' gives no scores of tokens behind each token that it reads");
  };
  if (scored.inputs.empty() || scored.outputs.size() != 1) return no_scores();
  const Value &tokens = scored.value(scored.inputs[0]), &scores = scored.value(scored.outputs[0]);
  if (tokens.shape.rank() != 2 || tokens.shape[0] != 1 || scores.shape.rank() != 3 || scores.shape[0] != 1)
    return no_scores();
  if (scores.shape[1] != tokens.shape[1] && scores.shape[1] != 1) return no_scores();
  SamplerShape shape{scores.shape[1], scores.shape[2], candidates, scores.scale};
  if (candidates < 1 || candidates > shape.vocabulary) {
    return invalid_argument(std::to_string(candidates) + " candidates of " + std::to_string(shape.vocabulary) +
                            " tokens; expected 1 to that many");
  }
  // Each candidate is compared with each token; a key says whatever it likes.
  if (Wide{shape.positions} * (candidates + kRuleNumbers) * tokens.shape[1] > kMaxElements) {
    return resource_limit(std::to_string(candidates) + " candidates at " + std::to_string(shape.positions) +
                          " positions that see " + std::to_string(tokens.shape[1]) +
                          " tokens are more than 2^31 comparisons; take fewer candidates or tokens");
  }
  if (is_at_most(shape.unit, -41) || !is_at_most(shape.unit, 4)) {
    return unsupported("scores in a unit of " + std::to_string(shape.unit.mantissa) + " * 2^" +
                       std::to_string(shape.unit.exponent) + ", sampling takes 2^-40 to 2^4");
  }
  if (const std::int64_t most = std::int64_t{1} << 40; scores.lo < -most || scores.hi > most)
    return unsupported("scores beyond 2^40, which sampling does not take");
  while (!is_at_most(shape.unit, shape.fraction_bits - kNoiseSteps)) ++shape.fraction_bits;
  return shape;
}

}  // namespace

Result<QGraph> with_sampler(QGraph scored, std::int64_t candidates, const std::string& output_name) {
  ZKI_ASSIGN_OR_RETURN(const SamplerShape shape, shape_of(scored, candidates));
  const std::size_t first = scored.nodes.size();
  const QGraph graph = in_written_order(Writer(std::move(scored), candidates).write(shape, output_name), first, 1);
  if (const Status status = validate(graph); !status.ok()) return status.with_context("sampling");
  return graph;
}

std::optional<Sampled> sampler_of(const QGraph& graph) {
  if (graph.inputs.size() != 2 || graph.outputs.size() != 1) return std::nullopt;
  const Shape& drawn = graph.value(graph.inputs[1]).shape;
  if (drawn.rank() != 3 || graph.value(graph.inputs[0]).shape.rank() != 2) return std::nullopt;
  // The node before the first that reads what was drawn sorts the scores, and is the first of all.
  std::size_t first = 0;
  while (first < graph.nodes.size() && std::ranges::count(graph.nodes[first].inputs, graph.inputs[1]) == 0) ++first;
  if (first == 0 || first == graph.nodes.size() || graph.nodes[first - 1].op != Op::kSort) return std::nullopt;
  const QGraph whole = in_written_order(graph, --first, 1);
  Sampled out;
  out.scored = whole;
  QGraph& scored = out.scored;
  const ValueId num_values = whole.inputs[1];
  scored.inputs.resize(1);
  scored.outputs = {whole.nodes[first].inputs[0]};
  scored.nodes.resize(first);
  scored.values.resize(num_values);
  std::size_t num_tables = 0;
  for (const Node& node : scored.nodes)
    num_tables = std::max(num_tables, static_cast<std::size_t>(node.requant.table_index + 1));
  scored.tables.resize(num_tables);
  if (!validate(scored).ok()) return std::nullopt;
  const std::int64_t candidates = drawn[2] - kRuleNumbers;
  const Result<SamplerShape> shape = shape_of(scored, candidates);
  if (!shape.ok()) return std::nullopt;
  out.shape = *shape;
  const Result<QGraph> again = with_sampler(scored, candidates, graph.value(graph.outputs[0]).name);
  if (!again.ok() || structure_bytes(*again) != structure_bytes(whole)) return std::nullopt;
  return out;
}

std::optional<QGraph> scored_of(QGraph chooses) {
  if (chooses.outputs.size() != 1 || chooses.inputs.size() != 1) return std::nullopt;
  // The choice, and what only gives it another shape, are the last of everything.
  while (!chooses.nodes.empty()) {
    const Node last = chooses.nodes.back();
    if (last.output != chooses.outputs[0] || last.output + 1 != chooses.values.size()) return std::nullopt;
    if (last.op != Op::kReshape && last.op != Op::kArgMax) return std::nullopt;
    chooses.nodes.pop_back();
    chooses.values.pop_back();
    chooses.outputs = {last.inputs[0]};
    if (last.op == Op::kReshape) continue;
    const Shape& shape = chooses.value(chooses.outputs[0]).shape;
    if (shape.rank() != 3 || last.axes != std::vector<std::int64_t>{2}) return std::nullopt;
    return chooses;
  }
  return std::nullopt;
}

QGraph greedy_of(QGraph scored, const std::string& output_name) {
  const Shape shape = scored.value(scored.outputs[0]).shape;
  Node largest;
  largest.op = Op::kArgMax;
  largest.name = "choice";
  largest.inputs = {scored.outputs[0]};
  largest.axes = {2};
  largest.output = static_cast<ValueId>(scored.values.size());
  scored.values.push_back({output_name, ValueKind::kNode, {shape[0], shape[1]}, 0, shape[2] - 1, {}});
  scored.outputs = {largest.output};
  scored.nodes.push_back(std::move(largest));
  return scored;
}

}  // namespace zkinfer::qir
