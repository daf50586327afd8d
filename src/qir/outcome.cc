// SPDX-License-Identifier: Apache-2.0
// Every operator that is emitted here gives one output for its inputs (src/relations), and in every proof, not only honest ones, the cell is
// within its range: ArgMax gives an index, clamps and listed tables give what they hold, labels and groups are public.
#include "qir/outcome.h"

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
    const std::int64_t n = value(scores_).shape.num_elements();
    classes_ = n == 1 ? range(scores_) : Range{0, n - 1};
    const std::int64_t count = classes_.hi - classes_.lo + 1;
    const std::string name = "output '" + value(scores_).name + "'";
    if (n == 1 && (!is_one(value(scores_).scale) || metric_.kind == MetricKind::kTopK))
      return unsupported(name + ": one number" + (is_one(value(scores_).scale) ? "" : " that is not whole") +
                         ", which gives no classes; name an output of a score for each class");
    if (count < 2 || count > kMaxClasses)
      return unsupported(name + ": " + std::to_string(count) + " classes, 2 to " + std::to_string(kMaxClasses) +
                         " are allowed");
    scores_ = reshape("scores", scores_, {n});
    label_ = input("label", {1}, classes_);
    const std::int64_t cells = metric_.kind == MetricKind::kConfusion ? count * count : 2;
    if (cells > kMaxCells / metric_.num_groups)
      return unsupported(std::to_string(cells) + " counts for each of " + std::to_string(metric_.num_groups) +
                         " groups, at most 2^16 are allowed in all");
    // The cell is a sum: of the hit, or of label and class.
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
    return Outcome{std::move(graph_), classes_.lo, count, static_cast<std::uint64_t>(cells) * metric_.num_groups};
  }

 private:
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
  ValueId scores_ = 0, label_ = 0;
  Range classes_;
};

}  // namespace

Result<Outcome> with_outcome(QGraph structure, const Metric& metric) {
  if (metric.kind > MetricKind::kTopK || metric.output >= structure.outputs.size())
    return invalid_argument("metric: there is no such one, or the model has no output " +
                            std::to_string(metric.output));
  if (metric.num_groups < 1 || metric.num_groups > kMaxCells)
    return invalid_argument("metric: " + std::to_string(metric.num_groups) + " groups, 1 to 2^16 are allowed");
  const bool is_top = metric.kind == MetricKind::kTopK;
  if (metric.k < 1 || metric.k > (is_top ? kMaxClasses : 1))
    return invalid_argument("metric: the best " + std::to_string(metric.k) + " classes, expected 1" +
                            (is_top ? " to 2^12" : ""));
  return OutcomeWriter(std::move(structure), metric).write();
}

}  // namespace zkinfer::qir
