// SPDX-License-Identifier: Apache-2.0
// What follows from an evaluation's counts.
#include "zkinfer/evaluation.h"

#include <algorithm>
#include <charconv>

#include "zkinfer/metric_names.h"

namespace zkinfer {

std::string metric_name(const Metric& metric) {
  switch (metric.kind) {
    case MetricKind::kAccuracy: return "accuracy";
    case MetricKind::kConfusion: return "confusion";
    case MetricKind::kTopK: return "top-" + std::to_string(metric.k);
  }
  return "unknown";
}

Result<Metric> metric_of(const std::string& name) {
  Metric metric;
  if (name == "accuracy") return metric;
  metric.kind = MetricKind::kConfusion;
  if (name == "confusion") return metric;
  metric.kind = MetricKind::kTopK;
  const char* const end = name.data() + name.size();
  const char* const number = name.data() + std::min<std::size_t>(4, name.size());
  const auto [last, error] = std::from_chars(number, end, metric.k);
  if (name.starts_with("top-") && error == std::errc() && last == end && metric.k > 0) return metric;
  return invalid_argument("metric '" + name + "': expected accuracy, confusion, or top-5 and the like");
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
  const std::uint64_t num_groups = result.info.metric.num_groups;
  add_figures(result, 0, num_groups, {}, out);
  for (std::uint64_t group = 0; group < num_groups && num_groups > 1; ++group)
    add_figures(result, group, group + 1, group, out);
  return out;
}

}  // namespace zkinfer
