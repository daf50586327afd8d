// SPDX-License-Identifier: Apache-2.0
#include "evaluation_output.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "inputs/input_bytes.h"
#include "print.h"
#include "text.h"
#include "zkinfer/hex.h"
#include "zkinfer/metric_names.h"

namespace zkinfer::cli {

Result<DataSet> load_data_set(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_kind(path, FileKind::kDataSet));
  Result<DataSet> data = DataSet::from_bytes(bytes);
  if (!data.ok()) return data.status().with_context(in_quotes(path));
  return data;
}

std::vector<std::pair<std::string, std::string>> data_set_rows(const DataSet& data) {
  std::vector<std::pair<std::string, std::string>> rows = {{"name", data.parts().name},
                                                           {"digest", to_hex(data.digest())},
                                                           {"Merkle root", to_hex(data.root())},
                                                           {"rows", human_count(data.num_rows())}};
  if (data.num_groups() > 1)
    rows.emplace_back("groups", human_count(data.num_groups()) +
                                    (data.num_empty_groups() == 0
                                         ? ""
                                         : ", of which " + human_count(data.num_empty_groups()) + " without rows"));
  for (const DataSet::Column& column : data.parts().inputs)
    rows.emplace_back(column.name,
                      std::string(dtype_name(column.values.dtype())) + " " + shape_text(column.values.shape()));
  if (data.parts().targets.has_value())
    rows.emplace_back("targets", "float32 " + shape_text(data.parts().targets->shape()));
  rows.emplace_back("numbers", data.parts().preprocessing);
  if (data.num_duplicates() > 0)
    rows.emplace_back("there already", counted(data.num_duplicates(), "row") + " whose inputs are an earlier one's");
  return rows;
}

nlohmann::ordered_json data_set_json(const DataSet& data) {
  auto inputs = nlohmann::ordered_json::array();
  for (const DataSet::Column& column : data.parts().inputs)
    inputs.push_back({{"name", column.name},
                      {"shape", column.values.shape()},
                      {"dtype", std::string(dtype_name(column.values.dtype()))}});
  return {{"name", data.parts().name},
          {"digest", to_hex(data.digest())},
          {"data_set_root", to_hex(data.root())},
          {"num_rows", data.num_rows()},
          {"num_groups", data.num_groups()},
          {"num_empty_groups", data.num_empty_groups()},
          {"labels", data.parts().targets.has_value() ? "targets" : "classes"},
          {"num_duplicates", data.num_duplicates()},
          {"preprocessing", data.parts().preprocessing},
          {"inputs", std::move(inputs)}};
}

namespace {

constexpr std::int64_t kClassesShown = 20;

bool is_error(const EvaluationResult& result) { return result.info.metric.has_targets(); }
bool is_auc(const EvaluationResult& result) { return result.info.metric.kind == MetricKind::kAuc; }

// "4,930 of 5,000 = 98.6 %", "0.0123 (..)"
std::string fraction_text(const EvaluationResult& result, const Figure& figure) {
  if (figure.denominator == 0) return is_error(result) ? "no rows" : "0 of 0";
  if (is_error(result))
    return significant(figure.value(), 6) + " (" + human_count(figure.numerator) + " units over " +
           counted(figure.denominator, "number") + ")";
  if (is_auc(result))
    return significant(figure.value(), 6) + " (" + human_count(figure.numerator) + " of " +
           human_count(figure.denominator) + ", pairs counted twice; " + counted(result.counts[1], "row") +
           " of the class, " + human_count(result.counts[2]) + " others)";
  return human_count(figure.numerator) + " of " + human_count(figure.denominator) + " = " +
         decimal(100 * figure.value(), 2) + " %";
}

std::string interval_text(const Interval& interval) {
  return decimal(100 * interval.low, 2) + " % to " + decimal(100 * interval.high, 2) + " %";
}

std::string name_text(const Figure& figure) {
  return figure.name + (figure.label.has_value() ? " of class " + std::to_string(*figure.label) : "") +
         (figure.group.has_value() ? ", group " + std::to_string(*figure.group) : "");
}

}  // namespace

std::string figures_text(const EvaluationResult& result, double confidence) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const Figure& figure : figures(result)) {
    // Of each class of all rows F1; precision and recall are for programs.
    const bool is_shown = !figure.label.has_value() ||
                          (figure.name == "f1" && !figure.group.has_value() && result.num_classes <= kClassesShown);
    if (is_shown && !(figure.group.has_value() && figure.denominator == 0))
      rows.emplace_back(name_text(figure), fraction_text(result, figure));
  }
  const Figure first = figures(result).front();
  if (result.info.metric.kind == MetricKind::kMse && first.denominator > 0)
    rows.emplace_back("rmse", significant(std::sqrt(first.value()), 6));
  if (const std::optional<double> r2 = r_squared(result)) rows.emplace_back("r squared", decimal(*r2, 6));
  if (const auto bounds = share_bounds(result, first, confidence); bounds.has_value() && result.info.is_sampled()) {
    rows.emplace_back("of all " + counted(result.info.set_rows, "row"), interval_text(bounds->of_set));
    rows.emplace_back("of rows like them", interval_text(bounds->beyond) + ", each with a confidence of " +
                                               significant(100 * confidence, 6) + " %");
  }
  std::string out = pairs_text(rows);
  if (result.info.metric.kind != MetricKind::kConfusion || result.num_classes > kClassesShown) return out;
  out += "  rows of each label (down) and class (across)\n";
  for (std::int64_t label = 0; label < result.num_classes; ++label) {
    std::string line = "  ";
    for (std::int64_t predicted = 0; predicted < result.num_classes; ++predicted) {
      std::uint64_t sum = 0;
      for (std::uint64_t group = 0; group < result.info.metric.num_groups; ++group)
        sum += confusion(result, group, label, predicted);
      const std::string number = std::to_string(sum);
      line += std::string(number.size() < 7 ? 7 - number.size() : 1, ' ') + number;
    }
    out += line + "\n";
  }
  return out;
}

std::string evaluation_line(const EvaluationResult& result) {
  const Figure first = figures(result).front();
  return name_text(first) + " " + fraction_text(result, first);
}

namespace {

// Fewer rows that are counted together than this are as good as shown.
constexpr std::uint64_t kFewRows = 10;

bool shows_rows(const EvaluationResult& result) {
  const std::uint64_t groups = result.info.metric.num_groups, cells = result.counts.size() / groups;
  // One row of the class alone would show its rank.
  if (is_auc(result)) return std::min(result.counts[1], result.counts[2]) < kFewRows;
  if (is_error(result)) {
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

}  // namespace

std::string evaluation_text(const EvaluationResult& result, const DataSet& data, double confidence) {
  const EvaluationInfo& info = result.info;
  const std::string set = in_quotes(data.parts().name) + " (" + to_hex(info.data_set) + ")";
  const std::string rows =
      info.is_sampled() ? text("those {} of the {} of the data set {} that the nonce\n{} chooses",
                               counted(info.num_rows, "row"), human_count(info.set_rows), set, to_hex(info.nonce))
                        : text("exactly the {} of the data set {}", counted(info.num_rows, "row"), set);
  const std::string hint = shows_rows(result) ? ", which say how single rows did: some chunk or group has so few"
                                              : ", nothing of single rows";
  const std::string shown =
      info.totals_only
          ? text("shown: the totals of {} that hide their own{}", counted(info.num_chunks(), "chunk"), hint)
          : text("shown: the counts of each of {} of {}{}", counted(info.num_chunks(), "chunk"),
                 counted(info.chunk_rows, "row"), hint);
  std::string out =
      figures_text(result, confidence) +
      text("proven: the committed model, and no other, gives these counts on {},\neach once, by its output {}{}\n",
           rows, info.metric.output,
           info.metric.num_groups > 1 ? ", in " + counted(info.metric.num_groups, "group") : std::string()) +
      shown + "; weights and outputs stay hidden\n";
  if (is_error(result))
    out += text("one unit is {}; targets and outputs are whole numbers of them, rounded to the nearest\n",
                significant(result.unit, 6));
  if (result.weights == WeightEvidence::kUncertified)
    out +=
        "not proven: that the weights are numbers in the model's ranges, so that this is a network's result at all "
        "(--certificate)\n";
  out +=
      "not proven: that whoever trained the model had not seen these rows. The data set is public: a model may have "
      "learned it by heart\n";
  if (data.num_duplicates() > 0)
    out += text("{} of the data set {} there more than once\n", counted(data.num_duplicates(), "row"),
                data.num_duplicates() == 1 ? "is" : "are");
  return out;
}

nlohmann::ordered_json evaluation_json(const EvaluationResult& result, const DataSet& data, double confidence) {
  const EvaluationInfo& info = result.info;
  auto list = nlohmann::ordered_json::array();
  for (const Figure& figure : figures(result)) {
    nlohmann::ordered_json one = {{"name", figure.name}};
    if (figure.group.has_value()) one["group"] = *figure.group;
    if (figure.label.has_value()) one["class"] = *figure.label;
    one["numerator"] = figure.numerator;
    one["denominator"] = figure.denominator;
    if (figure.denominator > 0)
      one["value"] = figure.value();
    else
      one["value"] = nullptr;
    list.push_back(std::move(one));
  }
  nlohmann::ordered_json json = {{"metric", metric_name(info.metric)},
                                 {"output", info.metric.output},
                                 {"num_groups", info.metric.num_groups},
                                 {"totals_only", info.totals_only},
                                 {"num_rows", info.num_rows},
                                 {"chunk_rows", info.chunk_rows},
                                 {"data_set", data.parts().name},
                                 {"data_set_digest", to_hex(info.data_set)},
                                 {"data_set_rows", info.set_rows},
                                 {"num_duplicates", data.num_duplicates()},
                                 {"figures", std::move(list)},
                                 {"counts", result.counts},
                                 {"chunk_counts", result.chunks},
                                 {"slots", result.slots}};
  if (is_error(result)) {
    json["unit"] = result.unit;
    if (const std::optional<double> r2 = r_squared(result)) json["r_squared"] = *r2;
  } else {
    json["first_class"] = result.first_class;
    json["num_classes"] = result.num_classes;
  }
  if (!info.is_sampled()) return json;
  json["nonce"] = to_hex(info.nonce);
  if (const auto bounds = share_bounds(result, figures(result).front(), confidence)) {
    json["confidence"] = confidence;
    json["of_set"] = {bounds->of_set.low, bounds->of_set.high};
    json["of_source"] = {bounds->beyond.low, bounds->beyond.high};
  }
  return json;
}

void add_demand_options(CLI::App& command, EvaluationDemands& demands) {
  command.add_option("--metric", demands.metric, "evaluations must be of this metric");
  command.add_option(
      "--at-least", demands.at_least,
      "and their figure no smaller: 0.97 of an accuracy; of a sample what it says of the whole data set");
  command.add_option("--at-most", demands.at_most, "and no larger: of errors");
  command.add_option("--nonce", demands.nonce, "the nonce that you drew for a sample, 64 hexadecimal digits");
  command.add_option("--confidence", demands.confidence, "of what a sample says of other rows")
      ->check(CLI::Range(0.5, 0.999999))
      ->capture_default_str();
}

Result<Digest> parse_digest(const std::string& option, const std::string& text) {
  Digest digest{};
  const Result<Bytes> bytes = from_hex(text);
  if (!bytes.ok() || bytes->size() != digest.size())
    return invalid_argument(option + ": expected 64 hexadecimal digits, got " + in_quotes(text) + " of " +
                            std::to_string(text.size()) + " characters");
  std::ranges::copy(*bytes, digest.begin());
  return digest;
}

Result<Digest> parse_nonce(const std::string& text) {
  Digest nonce{};
  if (text.empty()) return nonce;
  ZKI_ASSIGN_OR_RETURN(nonce, parse_digest("--nonce", text));
  if (nonce == Digest{}) return invalid_argument("--nonce: 64 zeros, which nobody drew");
  return nonce;
}

Result<Verdict> check_demands(const EvaluationDemands& demands, const EvaluationResult& result) {
  const auto reject = [](const std::string& where) { return Verdict::reject(RejectReason::kWrongStatement, where); };
  const EvaluationInfo& info = result.info;
  if (!result.verdict.accepted()) return result.verdict;
  if (!demands.metric.empty()) {
    ZKI_ASSIGN_OR_RETURN(const Metric metric, metric_of(demands.metric));
    if (metric_name(metric) != metric_name(info.metric))
      return reject("metric: the evaluation is of " + metric_name(info.metric) + ", expected " + demands.metric);
  }
  ZKI_ASSIGN_OR_RETURN(const Digest nonce, parse_nonce(demands.nonce));
  if (info.is_sampled() && demands.nonce.empty())
    return invalid_argument("the evaluation is of " + std::to_string(info.num_rows) + " of " +
                            std::to_string(info.set_rows) + " rows, which the nonce " + to_hex(info.nonce) +
                            " chose: give the nonce that you drew with --nonce; whoever proves could have tried many");
  if (nonce != info.nonce)
    return reject("nonce: the rows were chosen by " + (info.is_sampled() ? to_hex(info.nonce) : std::string("none")));
  if (!demands.at_least.has_value() && !demands.at_most.has_value()) return Verdict::accept();
  const Figure first = figures(result).front();
  if (first.denominator == 0) return reject("metric: " + first.name + " has no rows");
  Interval value{first.value(), first.value()};
  if (info.is_sampled()) {
    const std::optional<ShareBounds> bounds = share_bounds(result, first, demands.confidence);
    if (!bounds.has_value())
      return invalid_argument("--at-least, --at-most: a sample's " + first.name +
                              " gives no bound for the whole data set; ask for an evaluation of all rows");
    value = bounds->of_set;
  }
  const auto other = [&](double number, const std::string& expected) {
    return reject("metric: " + first.name + " is " + significant(number, 6) + ", expected " + expected);
  };
  if (demands.at_least.has_value() && !(value.low >= *demands.at_least))
    return other(value.low, "at least " + significant(*demands.at_least, 6));
  if (demands.at_most.has_value() && !(value.high <= *demands.at_most))
    return other(value.high, "at most " + significant(*demands.at_most, 6));
  return Verdict::accept();
}

}  // namespace zkinfer::cli
