// SPDX-License-Identifier: Apache-2.0
#include "evaluation_output.h"

#include <algorithm>
#include <cmath>

#include "inputs/input_bytes.h"
#include "print.h"
#include "text.h"
#include "zkinfer/error_bounds.h"
#include "zkinfer/hex.h"

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
bool is_perplexity(const EvaluationResult& result) { return result.info.metric.kind == MetricKind::kPerplexity; }
bool is_auc(const EvaluationResult& result) { return result.info.metric.kind == MetricKind::kAuc; }

// "4,930 of 5,000 = 98.6 %", "0.0123 (..)"
std::string fraction_text(const EvaluationResult& result, const Figure& figure) {
  if (figure.denominator == 0) return result.info.metric.is_summed() ? "no rows" : "0 of 0";
  if (is_perplexity(result))
    return significant(figure.value(), 6) + " (" + significant(std::log(figure.value()), 6) + " nats for each of " +
           counted(figure.denominator, "label") + ")";
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

std::string name_text(const Figure& figure) {
  return figure.name + (figure.label.has_value() ? " of class " + std::to_string(*figure.label) : "") +
         (figure.group.has_value() ? ", group " + std::to_string(*figure.group) : "");
}

}  // namespace

std::string interval_text(const Interval& interval) {
  return decimal(100 * interval.low, 2) + " % to " + decimal(100 * interval.high, 2) + " %";
}

std::vector<std::pair<std::string, std::string>> figure_rows(const EvaluationResult& result, double confidence,
                                                             bool with_classes) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const Figure& figure : figures(result)) {
    // Of each class of all rows F1; precision and recall are for programs.
    const bool is_shown =
        !figure.label.has_value() ||
        (with_classes && figure.name == "f1" && !figure.group.has_value() && result.num_classes <= kClassesShown);
    if (is_shown && !(figure.group.has_value() && figure.denominator == 0))
      rows.emplace_back(name_text(figure), fraction_text(result, figure));
  }
  const Figure first = figures(result).front();
  if (result.info.metric.kind == MetricKind::kMse && first.denominator > 0)
    rows.emplace_back("rmse", significant(std::sqrt(first.value()), 6));
  if (const std::optional<double> r2 = r_squared(result)) rows.emplace_back("r squared", decimal(*r2, 6));
  if (const std::optional<Interval> bounds = error_bounds(result, first)) {
    const std::optional<double> r2 = least_r_squared(result);
    rows.emplace_back("unrounded", significant(bounds->low, 6) + " to " + significant(bounds->high, 6) +
                                       (r2.has_value() ? ", r squared at least " + decimal(*r2, 6) : ""));
  }
  if (!with_classes) return rows;
  if (const auto bounds = share_bounds(result, first, confidence); bounds.has_value() && result.info.is_sampled()) {
    rows.emplace_back("of all " + counted(result.info.set_rows, "row"), interval_text(bounds->of_set));
    rows.emplace_back("of rows like them", interval_text(bounds->beyond) + ", each with a confidence of " +
                                               significant(100 * confidence, 6) + " %");
  }
  return rows;
}

std::string figures_text(const EvaluationResult& result, double confidence) {
  std::string out = pairs_text(figure_rows(result, confidence));
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

std::string shown_text(const EvaluationResult& result) {
  const EvaluationInfo& info = result.info;
  const std::string hint = shows_rows(result) ? ", which say how single rows did: some chunk or group has so few"
                                              : ", nothing of single rows";
  return info.totals_only ? text("the totals of {} that hide their own{}", counted(info.num_chunks(), "chunk"), hint)
                          : text("the counts of each of {} of {}{}", counted(info.num_chunks(), "chunk"),
                                 counted(info.chunk_rows, "row"), hint);
}

namespace {

constexpr char kUncertified[] =
    "that the weights are numbers in the model's ranges, so that this is a network's result at all (--certificate)";
constexpr char kMayHaveSeen[] =
    "that whoever trained the model had not seen these rows. The data set is public: a model may have learned it by "
    "heart";

// Empty: there are none.
std::string duplicates_text(const DataSet& data) {
  if (data.num_duplicates() == 0) return "";
  return text("{} of the data set {} there more than once", counted(data.num_duplicates(), "row"),
              data.num_duplicates() == 1 ? "is" : "are");
}

}  // namespace

std::vector<std::string> limits_of(const EvaluationResult& result, const DataSet& data) {
  std::vector<std::string> limits;
  const std::string not_proven = "Not proven: ";
  if (result.weights == WeightEvidence::kUncertified) limits.push_back(not_proven + kUncertified + ".");
  limits.push_back(not_proven + kMayHaveSeen + ".");
  limits.push_back(not_proven +
                   "that the labels are right, or that these rows are like those that the model will meet.");
  limits.push_back(not_proven +
                   "anything of a float network. Counted is the integer model that the key commits to, bit for bit.");
  if (result.info.is_sampled())
    limits.push_back(
        "The rows are a fair sample for whoever drew the nonce when the model's root key and the data set were fixed. "
        "To others this is a figure of rows that somebody chose.");
  if (!duplicates_text(data).empty()) limits.push_back(duplicates_text(data) + ".");
  return limits;
}

std::string evaluation_text(const EvaluationResult& result, const DataSet& data, double confidence) {
  const EvaluationInfo& info = result.info;
  const std::string set = in_quotes(data.parts().name) + " (" + to_hex(info.data_set) + ")";
  const std::string rows =
      info.is_sampled() ? text("those {} of the {} of the data set {} that the nonce\n{} chooses",
                               counted(info.num_rows, "row"), human_count(info.set_rows), set, to_hex(info.nonce))
                        : text("exactly the {} of the data set {}", counted(info.num_rows, "row"), set);
  std::string out =
      figures_text(result, confidence) + "proven: the committed model, and no other, gives these counts on " + rows +
      text(",\neach once, by its output {}{}\n", info.metric.output,
           info.metric.num_groups > 1 ? ", in " + counted(info.metric.num_groups, "group") : std::string()) +
      "shown: " + shown_text(result) + "; weights and outputs stay hidden\n";
  if (is_error(result))
    out += text("one unit is {}; targets and outputs are whole numbers of them, rounded to the nearest\n",
                significant(result.unit, 6));
  if (is_perplexity(result))
    out += "a label costs -ln of its share in the exponentials of the scores before it, in fixed point\n";
  if (result.weights == WeightEvidence::kUncertified) out += std::string("not proven: ") + kUncertified + "\n";
  for (const Clipping& input : result.clipping)
    if (input.num_clipped > 0)
      out += "clipped: " + clipping_text(input) + "; counted are the nearest ends of the range\n";
  out += std::string("not proven: ") + kMayHaveSeen + "\n";
  if (!duplicates_text(data).empty()) out += duplicates_text(data) + "\n";
  return out;
}

void add_demand_options(CLI::App& command, DemandArguments& arguments) {
  command.add_option("--metric", arguments.demands.metric, "evaluations must be of this metric");
  command.add_option("--of-output", arguments.demands.output,
                     "and of this output of the model, counted from 0 (default with --metric: 0)");
  command.add_option(
      "--at-least", arguments.demands.at_least,
      "and their figure no smaller: 0.97 of an accuracy; of a sample what it says of the whole data set");
  command.add_option("--at-most", arguments.demands.at_most, "and no larger: of errors, as they may be unrounded");
  command.add_option("--nonce", arguments.nonce, "the nonce that you drew for a sample, 64 hexadecimal digits");
  command.add_option("--sample", arguments.demands.sampled, "the number of rows that you asked for with it");
  command.add_option("--confidence", arguments.demands.confidence, "of what a sample says of other rows")
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

Result<EvaluationDemands> read_demands(const DemandArguments& arguments) {
  EvaluationDemands demands = arguments.demands;
  if (arguments.nonce.empty()) return demands;
  ZKI_ASSIGN_OR_RETURN(demands.nonce, parse_nonce(arguments.nonce));
  return demands;
}

}  // namespace zkinfer::cli
