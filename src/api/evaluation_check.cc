// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/evaluation_check.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "base/json_text.h"
#include "zkinfer/error_bounds.h"
#include "zkinfer/hex.h"
#include "zkinfer/metric_names.h"

namespace zkinfer {

namespace {

Verdict wrong(const std::string& where) { return Verdict::reject(RejectReason::kWrongStatement, where); }

std::string short_text(double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.6g", value);
  return buffer;
}

// The figure asked for, against an accepted result.
Result<Verdict> check_figure(const EvaluationDemands& demands, const EvaluationResult& result) {
  const Figure first = figures(result).front();
  if (first.denominator == 0) return wrong("metric: " + first.name + " has no rows");
  const std::optional<Interval> value = bounds_of_set(result, first, demands.confidence);
  if (!value.has_value())
    return invalid_argument("what its figure must be: a sample's " + first.name +
                            " gives no bound for the whole data set; ask for an evaluation of all rows");
  const auto other = [&](double number, const std::string& expected) {
    return wrong("metric: " + first.name + (value->low == value->high ? " is " : " may be ") + short_text(number) +
                 ", expected " + expected);
  };
  if (demands.at_least.has_value() && !(value->low >= *demands.at_least))
    return other(value->low, "at least " + short_text(*demands.at_least));
  if (demands.at_most.has_value() && !(value->high <= *demands.at_most))
    return other(value->high, "at most " + short_text(*demands.at_most));
  return Verdict::accept();
}

Result<Verdict> check_demands(const EvaluationDemands& demands, const EvaluationResult& result) {
  const EvaluationInfo& info = result.info;
  if (!demands.metric.empty()) {
    ZKI_ASSIGN_OR_RETURN(const Metric metric, metric_of(demands.metric));
    if (metric_name(metric) != metric_name(info.metric))
      return wrong("metric: the evaluation is of " + metric_name(info.metric) + ", expected " + demands.metric);
  } else if (demands.at_least.has_value() || demands.at_most.has_value()) {
    return invalid_argument("what its figure must be: say of which metric, or whoever proves chooses it");
  }
  const std::uint32_t output = demands.output.value_or(demands.metric.empty() ? info.metric.output : 0);
  if (output != info.metric.output)
    return wrong("metric: the evaluation is of output " + std::to_string(info.metric.output) + ", expected " +
                 std::to_string(output));
  if (info.is_sampled() && (!demands.nonce.has_value() || !demands.sampled.has_value()))
    return invalid_argument("the evaluation is of " + std::to_string(info.num_rows) + " of " +
                            std::to_string(info.set_rows) + " rows, which the nonce " + to_hex(info.nonce) +
                            " chose: give the nonce that you drew and the number of rows that you asked for; whoever "
                            "proves could have tried many of both");
  if (demands.nonce.value_or(Digest{}) != info.nonce)
    return wrong("nonce: the rows were chosen by " + (info.is_sampled() ? to_hex(info.nonce) : std::string("none")));
  if (demands.sampled.has_value() && *demands.sampled != info.num_rows)
    return wrong("sample: the evaluation is of " + std::to_string(info.num_rows) + " rows, expected " +
                 std::to_string(*demands.sampled));
  if (!demands.at_least.has_value() && !demands.at_most.has_value()) return Verdict::accept();
  return check_figure(demands, result);
}

}  // namespace

Result<EvaluationResult> check_evaluation(const VerificationKey& key, ByteView evaluation, const DataSet& data,
                                          const VerifyRequest& request, const EvaluationDemands& demands) {
  if (!(demands.confidence >= 0.5 && demands.confidence <= 0.999999))
    return invalid_argument("confidence of " + short_text(demands.confidence) + ", expected 0.5 to 0.999999");
  if (demands.nonce == Digest{}) return invalid_argument("nonce: zeros, which nobody drew");
  const std::optional<EvaluationInfo> claimed = claimed_evaluation(evaluation);
  // Bytes that do not begin like an evaluation are rejected for that.
  EvaluationRows rows;
  std::vector<Clipping> clipping;
  if (claimed.has_value() && claimed->data_set != data.digest()) {
    EvaluationResult result;
    result.verdict =
        wrong("data set: the evaluation is about " + to_hex(claimed->data_set) + ", given is " + to_hex(data.digest()));
    return result;
  }
  if (claimed.has_value()) {
    ZKI_ASSIGN_OR_RETURN(
        rows, data.rows_for(key.info().input_tensors, key.info().output_tensors, claimed->metric, &clipping));
  }
  EvaluationResult result = verify_evaluation(key, evaluation, rows, request);
  if (!result.verdict.accepted()) return result;
  ZKI_ASSIGN_OR_RETURN(Verdict verdict, check_demands(demands, result));
  if (verdict.accepted()) {
    result.clipping = std::move(clipping);
    return result;
  }
  EvaluationResult rejected;
  rejected.verdict = std::move(verdict);
  return rejected;
}

namespace {

// Fewer rows that are counted together than this are as good as shown.
constexpr std::uint64_t kFewRows = 10;

}  // namespace

bool shows_rows(const EvaluationResult& result) {
  const std::uint64_t groups = result.info.metric.num_groups, cells = result.counts.size() / groups;
  // One row of the class alone would show its rank.
  if (result.info.metric.kind == MetricKind::kAuc) return std::min(result.counts[1], result.counts[2]) < kFewRows;
  if (result.info.metric.is_summed()) {
    const bool few = std::ranges::any_of(result.group_rows, [](std::uint64_t n) { return n > 0 && n < kFewRows; });
    const std::uint64_t last = result.info.num_rows - (result.info.num_chunks() - 1) * result.info.chunk_rows;
    return few || (!result.info.totals_only && (last < kFewRows || groups > 1));
  }
  const std::vector<std::vector<std::uint64_t>> total = {result.counts};
  for (const std::vector<std::uint64_t>& chunk : result.info.totals_only ? total : result.chunks) {
    for (std::uint64_t group = 0; group < groups; ++group) {
      const auto begin = chunk.begin() + static_cast<std::ptrdiff_t>(group * cells);
      const std::uint64_t rows = std::accumulate(begin, begin + static_cast<std::ptrdiff_t>(cells), std::uint64_t{0});
      if (rows > 0 && rows < kFewRows) return true;
    }
  }
  return false;
}

namespace {

std::string counts_json(std::span<const std::uint64_t> counts) {
  JsonList list;
  for (const std::uint64_t count : counts) list.add(std::to_string(count));
  return std::move(list).take();
}

std::string figure_json(const Figure& figure) {
  JsonObject json;
  json.text("name", figure.name);
  if (figure.group.has_value()) json.number("group", *figure.group);
  if (figure.label.has_value()) json.integer("class", *figure.label);
  json.number("numerator", figure.numerator);
  json.number("denominator", figure.denominator);
  json.add("value", figure.denominator > 0 ? json_number(figure.value()) : "null");
  return std::move(json).take();
}

std::string interval_json(const Interval& interval) {
  return "[" + json_number(interval.low) + "," + json_number(interval.high) + "]";
}

}  // namespace

std::string evaluation_json(const EvaluationResult& result, const DataSet& data, double confidence) {
  const EvaluationInfo& info = result.info;
  JsonList shown, chunks;
  for (const Figure& figure : figures(result)) shown.add(figure_json(figure));
  for (const std::vector<std::uint64_t>& chunk : result.chunks) chunks.add(counts_json(chunk));
  JsonObject json;
  json.text("metric", metric_name(info.metric));
  json.number("output", info.metric.output);
  json.number("num_groups", info.metric.num_groups);
  json.boolean("totals_only", info.totals_only);
  json.number("num_rows", info.num_rows);
  json.number("chunk_rows", info.chunk_rows);
  json.text("data_set", data.parts().name);
  json.text("data_set_digest", to_hex(info.data_set));
  json.number("data_set_rows", info.set_rows);
  json.number("num_duplicates", data.num_duplicates());
  json.add("figures", std::move(shown).take());
  json.add("counts", counts_json(result.counts));
  json.add("chunk_counts", std::move(chunks).take());
  json.add("slots", counts_json(result.slots));
  std::uint64_t num_clipped = 0;
  for (const Clipping& input : result.clipping) num_clipped += input.num_clipped;
  json.number("num_clipped", num_clipped);
  json.boolean("shows_rows", shows_rows(result));
  if (info.metric.is_summed()) {
    json.real("unit", result.unit);
    if (const std::optional<double> r2 = r_squared(result)) json.real("r_squared", *r2);
    if (const auto bounds = error_bounds(result, figures(result).front()))
      json.add("unrounded", interval_json(*bounds));
    if (const std::optional<double> r2 = least_r_squared(result)) json.real("least_r_squared", *r2);
  } else {
    json.integer("first_class", result.first_class);
    json.integer("num_classes", result.num_classes);
  }
  if (!info.is_sampled()) return std::move(json).take();
  json.text("nonce", to_hex(info.nonce));
  if (const auto bounds = share_bounds(result, figures(result).front(), confidence)) {
    json.real("confidence", confidence);
    json.add("of_set", interval_json(bounds->of_set));
    json.add("of_source", interval_json(bounds->beyond));
  }
  return std::move(json).take();
}

}  // namespace zkinfer
