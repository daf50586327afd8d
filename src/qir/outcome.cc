// SPDX-License-Identifier: Apache-2.0
// Every operator that is emitted here gives one output for its inputs (src/relations), and in every proof, not only honest ones, cells and errors
// are within their ranges: ArgMax gives an index, clamps and listed tables give what they hold, labels, targets and groups are public.
#include "qir/outcome.h"

#include <algorithm>

#include "qir/log_loss.h"
#include "qir/tail_writer.h"

namespace zkinfer::qir {

namespace {

bool is_one(const Scale& scale) {
  return scale.exponent <= 0 && scale.exponent > -62 && scale.mantissa == std::int64_t{1} << -scale.exponent;
}

class OutcomeWriter : private TailWriter {
 public:
  OutcomeWriter(QGraph graph, const Metric& metric) : TailWriter(std::move(graph), "metric"), metric_(metric) {}

  Result<Outcome> write() && {
    scores_ = graph_.outputs[metric_.output];
    if (metric_.has_targets()) {
      ZKI_RETURN_IF_ERROR(write_error());
    } else {
      ZKI_RETURN_IF_ERROR(find_classes());
      ZKI_RETURN_IF_ERROR(metric_.kind == MetricKind::kAuc ? write_score() : write_cell());
    }
    out_.graph = std::move(graph_);
    return std::move(out_);
  }

 private:
  Status find_classes() {
    const std::int64_t n = value(scores_).shape.num_elements();
    const bool is_auc = metric_.kind == MetricKind::kAuc;
    classes_ = is_auc && n == 1 ? Range{0, 1} : n == 1 ? range(scores_) : Range{0, n - 1};
    const std::int64_t count = classes_.hi - classes_.lo + 1;
    const std::string name = "output '" + value(scores_).name + "'";
    if (n == 1 && !is_auc && (!is_one(value(scores_).scale) || metric_.kind == MetricKind::kTopK))
      return unsupported(name + ": one number" + (is_one(value(scores_).scale) ? "" : " that is not whole") +
                         ", which gives no classes; name an output of a score for each class");
    if (count < 2 || count > kMaxClasses)
      return unsupported(name + ": " + std::to_string(count) + " classes, 2 to " + std::to_string(kMaxClasses) +
                         " are allowed");
    if (metric_.kind == MetricKind::kTopK && std::int64_t{metric_.k} >= count)
      return invalid_argument("metric: the best " + std::to_string(metric_.k) + " of " + std::to_string(count) +
                              " classes, which are always right; take fewer");
    if (is_auc && (metric_.k > classes_.hi || (n == 1 && metric_.k != 1)))
      return invalid_argument("metric: class " + std::to_string(metric_.k) + ", " + name + " has " +
                              (n == 1 ? "the score of class 1" : "the classes 0 to " + std::to_string(classes_.hi)));
    out_.first_class = classes_.lo;
    out_.num_classes = count;
    scores_ = reshape("scores", scores_, {n});
    return ok_status();
  }

  // The cell is a sum: of the hit, or of label and class.
  Status write_cell() {
    const std::int64_t count = out_.num_classes;
    label_ = input("label", {1}, classes_);
    const std::int64_t cells = metric_.kind == MetricKind::kConfusion ? count * count : 2;
    if (cells > kMaxCells / metric_.num_groups)
      return unsupported(std::to_string(cells) + " counts for each of " + std::to_string(metric_.num_groups) +
                         " groups, at most 2^16 are allowed in all");
    std::vector<ValueId> terms;
    std::vector<std::int64_t> coefs;
    std::int64_t constant = 0;
    if (metric_.kind == MetricKind::kConfusion) {
      terms = {label_, predicted()};
      coefs = {count, 1};
      constant = -classes_.lo * (count + 1);
    } else {
      terms = {metric_.kind == MetricKind::kTopK ? among_first() : equal(predicted(), count)};
      coefs = {1};
    }
    if (metric_.num_groups > 1) {
      terms.push_back(input("group", {1}, {0, std::int64_t{metric_.num_groups} - 1}));
      coefs.push_back(cells);
    }
    graph_.outputs = {linear("cell", std::move(terms), std::move(coefs), constant, {1})};
    out_.num_totals = static_cast<std::uint64_t>(cells) * metric_.num_groups;
    return ok_status();
  }

  Status write_score() {
    if (metric_.num_groups > 1)
      return unsupported(
          "metric auc: the rows of several groups are ordered together; evaluate each group's on its own");
    const std::int64_t k = metric_.k;
    ValueId own = scores_;
    if (out_.num_classes > 2 || value(scores_).shape.num_elements() == 2) own = entry("score", k);
    if (value(scores_).shape.num_elements() == 2)
      own = linear("difference", {own, entry("other_score", 1 - k)}, {1, -1}, 0, {1});
    const ValueId rounded = in_units("rounded", own, kScoreBits);
    const Range reach = range(rounded);
    const std::int64_t width = reach.hi - reach.lo + 1;
    const ValueId positive = input("positive", {1}, {0, 1});
    graph_.outputs = {linear("cell", {positive, rounded}, {width, 1}, -reach.lo, {1})};
    out_.num_scores = static_cast<std::uint64_t>(width);
    out_.num_totals = 2 * out_.num_scores;
    return ok_status();
  }

  Status write_error() {
    const std::int64_t n = value(scores_).shape.num_elements();
    out_.unit = value(scores_).scale;
    const Units targets = target_units(value(scores_).lo, value(scores_).hi);
    scores_ = in_units("rounded", reshape("values", scores_, {n}), kErrorBits);
    label_ = input("target", {n}, {targets.lo, targets.hi});
    const ValueId error = linear("error", {scores_, label_}, {1, -1}, 0, {n});
    const std::int64_t reach = std::max(-value(error).lo, value(error).hi);
    const bool is_squared = metric_.kind == MetricKind::kMse;
    const std::int64_t most = is_squared ? reach * reach : reach;
    ValueId sizes = 0;
    if (is_squared) {
      sizes = product("square", {error, error}, {n}, {0, most}, {});
    } else {
      const ValueId positive = linear("positive_part", {error}, {1}, 0, {n}, Range{0, reach});
      sizes = linear("size", {positive, error}, {2, -1}, 0, {n});
    }
    Node all = named(Op::kReduceSum, "sum");
    all.axes = {0};
    all.coefs = {1};
    if (most > static_cast<std::int64_t>(kMaxTotal / 4) / n)
      return resource_limit("metric: an output of " + std::to_string(n) + " numbers, whose errors are too many to add");
    const Range size = range(sizes);
    ValueId sum = add(all, {sizes}, {1}, {size.lo * n, size.hi * n});
    if (metric_.num_groups > 1) {
      const auto groups = std::int64_t{metric_.num_groups};
      const ValueId group = input("group", {groups}, {0, 1});
      sum = product("of_group", {group, sum}, {groups}, {std::min<std::int64_t>(0, size.lo * n), size.hi * n}, {});
    }
    graph_.outputs = {sum};
    out_.is_summed = true;
    out_.num_totals = metric_.num_groups;
    out_.num_targets = static_cast<std::uint64_t>(n);
    out_.most = static_cast<std::uint64_t>(most * n);
    out_.unit.exponent += targets.shift;
    return ok_status();
  }

  // Rounded where its range is wider than 2^bits numbers; within the new range whatever is committed.
  ValueId in_units(const std::string& name, ValueId x, int bits) {
    return rounded(name, x, units_of(value(x).lo, value(x).hi, bits).shift);
  }
  ValueId entry(const std::string& name, std::int64_t index) {
    return slice(name, scores_, {1}, {index}, range(scores_));
  }
  // Of an output of one number that number, within its range whatever is committed.
  ValueId predicted() {
    if (value(scores_).shape.num_elements() == 1) return linear("class", {scores_}, {1}, 0, {1}, classes_);
    Node largest = named(Op::kArgMax, "class");
    largest.axes = {0};
    return add(largest, {scores_}, {1}, classes_);
  }
  // 1 where the class is the label, else 0.
  ValueId equal(ValueId predicted, std::int64_t count) {
    Table table;
    table.kind = TableKind::kExplicit;
    while (table.num_rows() < 2 * count) ++table.log_size;
    table.first = -table.num_rows() / 2;
    table.values.assign(static_cast<std::size_t>(table.num_rows()), 0);
    table.values[static_cast<std::size_t>(-table.first)] = 1;
    graph_.tables.push_back(std::move(table));
    Node node = named(Op::kLinear, "hit");
    node.coefs = {1, -1};
    node.requant.table_index = static_cast<std::int32_t>(graph_.tables.size() - 1);
    return add(node, {predicted, label_}, {1}, {0, 1});
  }
  // 1 where fewer than k entries come before the label's: larger ones, and equal ones at smaller indices.
  ValueId among_first() {
    const std::int64_t n = classes_.hi + 1;
    Node pick = named(Op::kGather, "label_score");
    pick.axes = {0};
    pick.coefs = {1};
    const ValueId own = add(pick, {scores_, label_}, {1}, range(scores_));
    Node sum = named(Op::kSumPool, "index");
    sum.coefs = {1};
    sum.kernel = sum.pads_begin = {n};
    sum.strides = sum.dilations = {1};
    const ValueId ones = reshape("ones_axis", linear("ones", {scores_}, {0}, 1, {n}), {1, 1, n});
    const ValueId index = reshape("index_axis", add(sum, {ones}, {1, 1, n}, {0, n}), {n});
    const ValueId smaller = linear("smaller_index", {label_, index}, {1, -1}, 0, {n}, Range{0, 1});
    const ValueId before = linear("before", {scores_, own, smaller}, {2, -2, 1}, 0, {n}, Range{0, 1});
    Node all = named(Op::kReduceSum, "rank");
    all.axes = {0};
    all.coefs = {1};
    const ValueId rank = add(all, {before}, {1}, {0, n});
    return linear("hit", {rank}, {-1}, metric_.k, {1}, Range{0, 1});
  }

  const Metric metric_;
  Outcome out_;
  ValueId scores_ = 0, label_ = 0;
  Range classes_;
};

}  // namespace

Units units_of(std::int64_t lo, std::int64_t hi, int bits) {
  const auto rounded = [&](std::int64_t x, int shift) {
    return shift == 0 ? x : (x + (std::int64_t{1} << (shift - 1))) >> shift;
  };
  Units units{0, lo, hi};
  while (Wide{units.hi} - units.lo >= Wide{1} << bits) {
    ++units.shift;
    units.lo = rounded(lo, units.shift);
    units.hi = rounded(hi, units.shift);
  }
  return units;
}

Result<Outcome> with_outcome(QGraph structure, const Metric& metric, std::uint64_t num_rows) {
  if (metric.kind > MetricKind::kPerplexity || metric.output >= structure.outputs.size())
    return invalid_argument("metric: there is no such one, or the model has no output " +
                            std::to_string(metric.output));
  if (metric.num_groups < 1 || metric.num_groups > kMaxCells)
    return invalid_argument("metric: " + std::to_string(metric.num_groups) + " groups, 1 to 2^16 are allowed");
  if (metric.kind == MetricKind::kTopK && (metric.k < 1 || metric.k > kMaxClasses))
    return invalid_argument("metric: the best " + std::to_string(metric.k) + " classes, expected 1 to 2^12");
  if (metric.kind != MetricKind::kTopK && metric.kind != MetricKind::kAuc && metric.k != 1)
    return invalid_argument("metric: a number " + std::to_string(metric.k) + " that it has no use for, expected 1");
  ZKI_ASSIGN_OR_RETURN(Outcome outcome, metric.kind == MetricKind::kPerplexity
                                            ? with_log_loss(std::move(structure), metric)
                                            : OutcomeWriter(std::move(structure), metric).write());
  if (num_rows > (kMaxTotal - 1) / outcome.most)
    return resource_limit("metric: the errors of " + std::to_string(num_rows) + " rows with " +
                          std::to_string(outcome.num_targets) +
                          " targets each may add up beyond 2^62; take fewer rows");
  return outcome;
}

}  // namespace zkinfer::qir
