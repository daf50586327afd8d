// SPDX-License-Identifier: Apache-2.0
#include "evaluation_output.h"

#include <numeric>

#include "inputs/input_bytes.h"
#include "print.h"
#include "text.h"
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
  if (data.num_groups() > 1) rows.emplace_back("groups", human_count(data.num_groups()));
  for (const DataSet::Column& column : data.parts().inputs)
    rows.emplace_back(column.name,
                      std::string(dtype_name(column.values.dtype())) + " " + shape_text(column.values.shape()));
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
          {"num_duplicates", data.num_duplicates()},
          {"preprocessing", data.parts().preprocessing},
          {"inputs", std::move(inputs)}};
}

namespace {

constexpr std::int64_t kClassesShown = 20;

// "4,930 of 5,000 = 98.6 %"
std::string fraction_text(const Figure& figure) {
  return human_count(figure.numerator) + " of " + human_count(figure.denominator) +
         (figure.denominator == 0 ? "" : " = " + decimal(100 * figure.value(), 2) + " %");
}

std::string name_text(const Figure& figure) {
  return figure.name + (figure.label.has_value() ? " of class " + std::to_string(*figure.label) : "") +
         (figure.group.has_value() ? ", group " + std::to_string(*figure.group) : "");
}

}  // namespace

std::string figures_text(const EvaluationResult& result) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const Figure& figure : figures(result)) {
    // Of each class of all rows F1; precision and recall are for programs.
    const bool is_shown = !figure.label.has_value() ||
                          (figure.name == "f1" && !figure.group.has_value() && result.num_classes <= kClassesShown);
    if (is_shown && !(figure.group.has_value() && figure.denominator == 0))
      rows.emplace_back(name_text(figure), fraction_text(figure));
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
  return name_text(first) + " " + fraction_text(first);
}

namespace {

// Fewer rows that are counted together than this are as good as shown.
constexpr std::uint64_t kFewRows = 10;

bool shows_rows(const EvaluationResult& result) {
  const std::uint64_t groups = result.info.metric.num_groups, cells = result.counts.size() / groups;
  for (const std::vector<std::uint64_t>& chunk : result.chunks) {
    for (std::uint64_t group = 0; group < groups; ++group) {
      const auto begin = chunk.begin() + static_cast<std::ptrdiff_t>(group * cells);
      const std::uint64_t rows = std::accumulate(begin, begin + static_cast<std::ptrdiff_t>(cells), std::uint64_t{0});
      if (rows > 0 && rows < kFewRows) return true;
    }
  }
  return false;
}

}  // namespace

std::string evaluation_text(const EvaluationResult& result, const DataSet& data) {
  const EvaluationInfo& info = result.info;
  return figures_text(result) +
         text(
             "proven: the committed model, and no other, gives these counts on exactly the {} of the data set {} "
             "({}),\n"
             "each once, by its output {}{}\n",
             counted(info.num_rows, "row"), in_quotes(data.parts().name), to_hex(info.data_set), info.metric.output,
             info.metric.num_groups > 1 ? ", in " + counted(info.metric.num_groups, "group") : std::string()) +
         text("shown: the counts of each of {} of {}{}; weights and outputs stay hidden\n",
              counted(info.num_chunks(), "chunk"), counted(info.chunk_rows, "row"),
              shows_rows(result) ? ", which say how single rows did: some chunk or group has so few"
                                 : ", nothing of single rows") +
         "not proven: that whoever trained the model had not seen these rows. The data set is public: a model may have "
         "learned it "
         "by heart\n" +
         (data.num_duplicates() == 0
              ? ""
              : text("{} of the data set are there more than once\n", counted(data.num_duplicates(), "row")));
}

nlohmann::ordered_json evaluation_json(const EvaluationResult& result, const DataSet& data) {
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
  return {{"metric", metric_name(info.metric)},
          {"output", info.metric.output},
          {"num_groups", info.metric.num_groups},
          {"first_class", result.first_class},
          {"num_classes", result.num_classes},
          {"num_rows", info.num_rows},
          {"chunk_rows", info.chunk_rows},
          {"data_set", data.parts().name},
          {"data_set_digest", to_hex(info.data_set)},
          {"num_duplicates", data.num_duplicates()},
          {"figures", std::move(list)},
          {"counts", result.counts},
          {"chunk_counts", result.chunks},
          {"slots", result.slots}};
}

}  // namespace zkinfer::cli
