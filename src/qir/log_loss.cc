// SPDX-License-Identifier: Apache-2.0
// With scores z_j in units s, and x_j = round(z_j / 2^k) so that s 2^k <= 2^-10 wherever k > 0, the loss of a position whose label is c is
//   ln sum_j exp(s z_j) - s z_c = s (2^k max x - z_c) + ln E,  E = sum_j exp(s 2^k (x_j - max x))
// in units u = s 2^a / 2^f <= 2^-14, where z_c is rounded to s 2^a <= 2^-20 wherever a > 0. With exponentials in 1/2^30 the largest is 2^30, so E is
// at least that, and ln(E / 2^30) is added up over stretches of 2^4:
//   ln(E / 2^30) = sum_i T(min(max(round(E / 2^(18 + 4 i)), 2^12), 2^16)),  T(c) = ln(c / 2^12)
// Every operator gives one output for its inputs, and all that is rounded moves a loss by less than 2^-10 nats: the exponents 2^-11, exponentials 2^-13, the logarithm's argument 2^-13, five logarithms 2^-15 each, z_c 2^-21.
#include "qir/log_loss.h"

#include <algorithm>

#include "qir/fixed_point.h"
#include "qir/tail_writer.h"

namespace zkinfer::qir {

namespace {

constexpr int kDifferenceSteps = 10, kScoreSteps = 20, kLossSteps = 14, kExponentialBits = 30;
// Exponentials of what is further below are 0: 2^30 exp(-22) < 1/2.
constexpr std::int64_t kFarthest = 22;
// More would let what is rounded away add up to more than that.
constexpr std::int64_t kMaxScores = std::int64_t{1} << 18;
constexpr int kStretchBits = 4, kLogArgumentBits = 12;

class LogLossWriter : private TailWriter {
 public:
  LogLossWriter(QGraph graph, const Metric& metric) : TailWriter(std::move(graph), "metric"), metric_(metric) {}

  Result<Outcome> write() && {
    ZKI_RETURN_IF_ERROR(find_scores());
    const ValueId label = input("label", {n_, 1}, {0, classes_ - 1});
    Node pick = named(Op::kGather, "label_score");
    pick.axes = {1};
    pick.coefs = {1};
    const ValueId picked = add(pick, {scores_, label}, {n_, 1}, range(scores_));
    const ValueId own = in_units("own_score", picked, score_shift_);
    const ValueId x = in_units("coarse_scores", scores_, difference_shift_);
    Node largest = named(Op::kReduceMax, "largest_score");
    largest.axes = {1};
    const ValueId most = add(largest, {x}, {n_, 1}, range(x));
    std::vector<ValueId> terms = {most, own};
    std::vector<std::int64_t> coefs = {std::int64_t{1} << (difference_shift_ - score_shift_ + loss_shift_),
                                       -(std::int64_t{1} << loss_shift_)};
    for (const ValueId log : logarithms(exponentials(x))) {
      terms.push_back(log);
      coefs.push_back(1);
    }
    Wide hi = 0;
    for (std::size_t i = 0; i < terms.size(); ++i)
      hi += Wide{coefs[i]} * (coefs[i] > 0 ? value(terms[i]).hi : value(terms[i]).lo);
    if (hi > static_cast<Wide>(kMaxTotal / 4) / n_)
      return resource_limit("metric perplexity: scores so far apart that their losses are too large to add");
    // Rounded, z_c may be above the largest.
    const ValueId losses =
        linear("loss", std::move(terms), std::move(coefs), 0, {n_, 1}, Range{0, static_cast<std::int64_t>(hi)});
    Node all = named(Op::kReduceSum, "sum");
    all.axes = {0};
    all.coefs = {1};
    const std::int64_t reach = range(losses).hi * n_;
    ValueId sum = reshape("of_row", add(all, {losses}, {1, 1}, {0, reach}), {1});
    if (metric_.num_groups > 1) {
      const auto groups = std::int64_t{metric_.num_groups};
      sum = product("of_group", {input("group", {groups}, {0, 1}), sum}, {groups}, {0, reach}, {});
    }
    graph_.outputs = {sum};
    out_.num_classes = classes_;
    out_.is_summed = true;
    out_.num_totals = metric_.num_groups;
    out_.num_targets = static_cast<std::uint64_t>(n_);
    out_.most = static_cast<std::uint64_t>(std::max<std::int64_t>(1, reach));
    out_.graph = std::move(graph_);
    return std::move(out_);
  }

 private:
  // What the output is made of, without the operators behind it that choose or normalize; these are left out where they are the program's last.
  ValueId before_choice() {
    ValueId id = graph_.outputs[metric_.output];
    std::vector<std::size_t> behind;
    bool is_choice = false;
    for (std::size_t i = graph_.nodes.size(); i-- > 0 && !is_choice;) {
      const Node& node = graph_.nodes[i];
      if (node.output != id) continue;
      is_choice = (node.op == Op::kArgMax || (node.op == Op::kSoftmax && node.coefs.empty())) &&
                  node.axes[0] + 1 == static_cast<std::int64_t>(value(node.inputs[0]).shape.rank());
      if (!is_choice && node.op != Op::kReshape) break;
      behind.push_back(i);
      id = node.inputs[0];
    }
    if (!is_choice) return graph_.outputs[metric_.output];
    for (const std::size_t i : behind) {
      if (i + 1 != graph_.nodes.size() || graph_.nodes[i].output + 1 != graph_.values.size()) break;
      graph_.nodes.pop_back();
      graph_.values.pop_back();
    }
    return id;
  }

  Status find_scores() {
    const std::string name = "output '" + value(graph_.outputs[metric_.output]).name + "'";
    const ValueId id = source_ = before_choice();
    const Shape& shape = value(id).shape;
    classes_ = shape.rank() > 0 ? shape[shape.rank() - 1] : 1;
    if (classes_ < 2)
      return unsupported(name + " has no scores of classes along its last axis, which a perplexity is about");
    if (classes_ > kMaxScores)
      return unsupported(name + ": " + std::to_string(classes_) +
                         " scores at a position, a perplexity takes at most 2^18");
    n_ = shape.num_elements() / classes_;
    const Scale& unit = value(id).scale;
    if (is_at_most(unit, -41) || !is_at_most(unit, 4))
      return unsupported(name + ": scores in a unit of " + std::to_string(unit.mantissa) + " * 2^" +
                         std::to_string(unit.exponent) + ", a perplexity takes 2^-40 to 2^4");
    difference_shift_ = coarser(unit, kDifferenceSteps);
    score_shift_ = coarser(unit, kScoreSteps);
    while (!is_at_most(unit, loss_shift_ - score_shift_ - kLossSteps)) ++loss_shift_;
    out_.unit = {unit.mantissa, unit.exponent + score_shift_ - loss_shift_};
    scores_ = reshape("scores", id, {n_, classes_});
    return ok_status();
  }

  ValueId in_units(const std::string& name, ValueId x, int shift) { return shift == 0 ? x : rounded(name, x, shift); }

  // 2^30 exp(s 2^k (x - max x)).
  ValueId exponentials(ValueId x) {
    graph_.tables.push_back(
        qir::exponentials(fixed(value(source_).scale, difference_shift_), kFarthest, kExponentialBits));
    Node node = named(Op::kSoftmax, "exponential");
    node.axes = {1};
    node.coefs = {1};
    node.requant.table_index = static_cast<std::int32_t>(graph_.tables.size() - 1);
    return add(node, {x}, {n_, classes_}, {0, std::int64_t{1} << kExponentialBits});
  }

  // What is added up to ln(sum / 2^30), in units of the loss.
  std::vector<ValueId> logarithms(ValueId exponentials) {
    Node all = named(Op::kReduceSum, "sum_of_exponentials");
    all.axes = {1};
    all.coefs = {1};
    const std::int64_t most = classes_ << kExponentialBits;
    const ValueId sum = add(all, {exponentials}, {n_, 1}, {0, most});
    constexpr std::int64_t kFirst = std::int64_t{1} << kLogArgumentBits, kLast = kFirst << kStretchBits;
    Table table;
    table.kind = TableKind::kExplicit;
    table.first = kFirst;
    table.log_size = kLogArgumentBits + kStretchBits;
    for (std::int64_t c = kFirst; c < kFirst + table.num_rows(); ++c)
      table.values.push_back(logarithm(std::min(c, kLast)));
    const std::int64_t most_log = table.values[static_cast<std::size_t>(kLast - kFirst)];
    graph_.tables.push_back(std::move(table));
    const auto table_index = static_cast<std::int32_t>(graph_.tables.size() - 1);
    std::vector<ValueId> out;
    for (int shift = kExponentialBits - kLogArgumentBits; kFirst << shift < most; shift += kStretchBits) {
      const std::string which = std::to_string(out.size());
      const Range reach{0, (most + (std::int64_t{1} << (shift - 1))) >> shift};
      Node part = named(Op::kLinear, "stretch" + which);
      part.coefs = {1};
      part.requant = clamp(reach, kFirst, kLast, static_cast<std::uint8_t>(shift));
      const ValueId within = add(part, {sum}, {n_, 1}, {kFirst, kLast});
      Node log = named(Op::kLinear, "logarithm" + which);
      log.coefs = {1};
      log.requant.table_index = table_index;
      out.push_back(add(log, {within}, {n_, 1}, {0, most_log}));
    }
    return out;
  }

  // ln(c / 2^12) in units of the loss, to the nearest.
  std::int32_t logarithm(std::int64_t c) const {
    constexpr int kBits = 40;
    const std::int64_t log2 = log2_of(static_cast<std::uint64_t>(c), kBits) - (std::int64_t{kLogArgumentBits} << kBits);
    const Wide numerator = Wide{log2} * kLn2;  // in 1/2^72
    const int shift = 32 + kBits + out_.unit.exponent;
    const Wide denominator = shift >= 0 ? Wide{out_.unit.mantissa} << shift : Wide{out_.unit.mantissa};
    return static_cast<std::int32_t>((2 * (shift >= 0 ? numerator : numerator << -shift) + denominator) /
                                     (2 * denominator));
  }

  const Metric metric_;
  Outcome out_;
  ValueId source_ = 0, scores_ = 0;
  std::int64_t n_ = 0, classes_ = 0;
  int difference_shift_ = 0, score_shift_ = 0, loss_shift_ = 0;
};

}  // namespace

Result<Outcome> with_log_loss(QGraph structure, const Metric& metric) {
  return LogLossWriter(std::move(structure), metric).write();
}

}  // namespace zkinfer::qir
