// SPDX-License-Identifier: Apache-2.0
// What follows from an evaluation's counts.
#include "zkinfer/evaluation.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "zkinfer/error_bounds.h"
#include "zkinfer/metric_names.h"

namespace zkinfer {

std::string metric_name(const Metric& metric) {
  switch (metric.kind) {
    case MetricKind::kAccuracy: return "accuracy";
    case MetricKind::kConfusion: return "confusion";
    case MetricKind::kTopK: return "top-" + std::to_string(metric.k);
    case MetricKind::kMse: return "mse";
    case MetricKind::kMae: return "mae";
    case MetricKind::kAuc: return "auc-" + std::to_string(metric.k);
    case MetricKind::kPerplexity: return "perplexity";
  }
  return "unknown";
}

Result<Metric> metric_of(const std::string& name) {
  for (const MetricKind kind :
       {MetricKind::kAccuracy, MetricKind::kConfusion, MetricKind::kMse, MetricKind::kMae, MetricKind::kPerplexity}) {
    if (const Metric metric{kind}; name == metric_name(metric)) return metric;
  }
  if (name == "auc") return Metric{MetricKind::kAuc};
  for (const auto& [begin, kind] : {std::pair("top-", MetricKind::kTopK), std::pair("auc-", MetricKind::kAuc)}) {
    Metric metric{kind};
    const char* const end = name.data() + name.size();
    const auto [last, error] = std::from_chars(name.data() + std::min<std::size_t>(4, name.size()), end, metric.k);
    const bool is_number = name.starts_with(begin) && error == std::errc() && last == end;
    if (is_number && (metric.k > 0 || kind == MetricKind::kAuc)) return metric;
  }
  return invalid_argument(
      "metric '" + name +
      "': expected accuracy, confusion, top-5 and the like, auc (of class 1; auc-3 of class 3), mse, "
      "mae or perplexity");
}

std::uint64_t confusion(const EvaluationResult& result, std::uint64_t group, std::int64_t label,
                        std::int64_t predicted) {
  const auto count = static_cast<std::uint64_t>(result.num_classes);
  return result
      .counts[(group * count + static_cast<std::uint64_t>(label)) * count + static_cast<std::uint64_t>(predicted)];
}

namespace {

// Of the groups from first to end.
void add_figures(const EvaluationResult& result, std::uint64_t first, std::uint64_t end,
                 const std::optional<std::uint64_t>& group, std::vector<Figure>& out) {
  const bool is_confusion = result.info.metric.kind == MetricKind::kConfusion;
  const std::int64_t count = is_confusion ? result.num_classes : 0;
  const auto cell = [&](std::int64_t label, std::int64_t predicted) {
    std::uint64_t sum = 0;
    for (std::uint64_t g = first; g < end; ++g) sum += confusion(result, g, label, predicted);
    return sum;
  };
  Figure all{is_confusion ? "accuracy" : metric_name(result.info.metric), group, {}, 0, 0};
  for (std::uint64_t g = first; g < end && !is_confusion; ++g) {
    all.numerator += result.counts[2 * g + 1];
    all.denominator += result.counts[2 * g] + result.counts[2 * g + 1];
  }
  std::vector<Figure> classes;
  for (std::int64_t label = 0; label < count; ++label) {
    std::uint64_t labelled = 0, predicted = 0;
    for (std::int64_t other = 0; other < count; ++other) {
      labelled += cell(label, other);
      predicted += cell(other, label);
    }
    const std::uint64_t hits = cell(label, label);
    all.numerator += hits;
    all.denominator += labelled;
    const std::int64_t name = result.first_class + label;
    classes.push_back({"precision", group, name, hits, predicted});
    classes.push_back({"recall", group, name, hits, labelled});
    classes.push_back({"f1", group, name, 2 * hits, labelled + predicted});
  }
  out.push_back(std::move(all));
  out.insert(out.end(), classes.begin(), classes.end());
}

}  // namespace

std::vector<Figure> figures(const EvaluationResult& result) {
  std::vector<Figure> out;
  const Metric& metric = result.info.metric;
  if (metric.kind == MetricKind::kAuc)
    return {{metric_name(metric), {}, {}, result.counts[0], 2 * result.counts[1] * result.counts[2]}};
  if (metric.is_summed()) {
    const double factor = metric.kind == MetricKind::kMse ? result.unit * result.unit : result.unit;
    const bool is_exponential = metric.kind == MetricKind::kPerplexity;
    out.push_back({metric_name(metric), {}, {}, 0, 0, factor, is_exponential});
    for (std::uint64_t group = 0; group < metric.num_groups; ++group) {
      const Figure own{
          metric_name(metric), group, {}, result.counts[group], result.group_rows[group] * result.num_targets, factor,
          is_exponential};
      out[0].numerator += own.numerator;
      out[0].denominator += own.denominator;
      if (metric.num_groups > 1) out.push_back(own);
    }
    return out;
  }
  const std::uint64_t num_groups = result.info.metric.num_groups;
  add_figures(result, 0, num_groups, {}, out);
  for (std::uint64_t group = 0; group < num_groups && num_groups > 1; ++group)
    add_figures(result, group, group + 1, group, out);
  return out;
}

std::optional<double> r_squared(const EvaluationResult& result) {
  if (result.info.metric.kind != MetricKind::kMse || result.target_deviation <= 0) return std::nullopt;
  return 1 - static_cast<double>(figures(result).front().numerator) / result.target_deviation;
}

namespace {

// So much more than a step is as much as doubles make of it.
constexpr double kSlack = 1 + 0x1p-20;
// What rounding in the head moves a loss by at most, in nats (qir/log_loss.h).
constexpr double kLogLossError = 0x1p-10;

// Numbers whose squares' root, or whose mean size, is `size`, each moved by at most `step`.
Interval moved(double size, double step) { return {std::max(0.0, size - kSlack * step), kSlack * (size + step)}; }
Interval squares(const Interval& sizes) { return {sizes.low * sizes.low, sizes.high * sizes.high}; }

}  // namespace

std::optional<Interval> error_bounds(const EvaluationResult& result, const Figure& figure) {
  if (!result.info.metric.is_summed() || figure.denominator == 0) return std::nullopt;
  if (figure.is_exponential) {
    const double nats = std::log(figure.value());
    return Interval{std::exp(std::max(0.0, nats - kSlack * kLogLossError)), std::exp(nats + kSlack * kLogLossError)};
  }
  if (result.info.metric.kind == MetricKind::kMae) return moved(figure.value(), result.unit);
  return squares(moved(std::sqrt(figure.value()), result.unit));
}

std::optional<Interval> bounds_of_set(const EvaluationResult& result, const Figure& figure, double confidence) {
  if (figure.denominator == 0) return std::nullopt;
  if (!result.info.is_sampled()) return error_bounds(result, figure).value_or(Interval{figure.value(), figure.value()});
  const std::optional<ShareBounds> bounds = share_bounds(result, figure, confidence);
  return bounds.has_value() ? std::optional<Interval>(bounds->of_set) : std::nullopt;
}

std::optional<double> least_r_squared(const EvaluationResult& result) {
  if (!r_squared(result).has_value()) return std::nullopt;
  const Figure first = figures(result).front();
  const auto count = static_cast<double>(first.denominator);
  // Of the targets alone, in units.
  const Interval deviation = squares(moved(std::sqrt(result.target_deviation / count), 0.5));
  if (deviation.low <= 0) return std::nullopt;
  return 1 - error_bounds(result, first)->high / (result.unit * result.unit * deviation.low);
}

std::optional<ShareBounds> share_bounds(const EvaluationResult& result, const Figure& figure, double confidence) {
  const EvaluationInfo& info = result.info;
  const bool is_share = figure.denominator == info.num_rows && !figure.group.has_value() && !figure.label.has_value() &&
                        info.metric.kind <= MetricKind::kTopK;
  if (!is_share) return std::nullopt;
  return ShareBounds{share_of_all(figure.numerator, figure.denominator, info.set_rows, confidence),
                     share_of_source(figure.numerator, figure.denominator, confidence)};
}

}  // namespace zkinfer
