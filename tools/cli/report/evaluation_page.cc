// SPDX-License-Identifier: Apache-2.0
#include "report/evaluation_page.h"

#include <algorithm>
#include <map>

#include "base/check.h"
#include "evaluation_output.h"
#include "files.h"
#include "report/evaluation_text.h"
#include "report/html.h"
#include "report/style_text.h"
#include "text.h"
#include "trust.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {
namespace {

// More are for programs.
constexpr std::int64_t kMostClasses = 200, kMostMatrix = 20;
constexpr std::size_t kMostChunks = 100;

std::string cell(const std::string& text, const char* kind = "") {
  return "<td" + std::string(kind) + ">" + escaped(text) + "</td>";
}
constexpr char kNumber[] = " class=\"n\"";

std::string row(const std::string& name, const std::string& value) {
  return "<tr>" + cell(name) + cell(value, kNumber) + "</tr>";
}
// Of text that may be long.
std::string line(const std::string& name, const std::string& value) {
  return "<tr>" + cell(name) + "<td><code class=\"id\">" + escaped(value) + "</code></td></tr>";
}
std::string fact(const std::string& value, const std::string& name) {
  return "<div><b>" + escaped(value) + "</b><span>" + escaped(name) + "</span></div>";
}
std::string head(const std::vector<std::string>& names) {
  std::string html = "<thead><tr>";
  for (const std::string& name : names)
    html += (&name == &names.front() ? "<th>" : "<th class=\"n\">") + escaped(name) + "</th>";
  return html + "</tr></thead>";
}
std::string table(const std::string& title, const std::string& soft, const std::string& content) {
  return "<h2>" + escaped(title) + "</h2>" + (soft.empty() ? "" : "<p class=\"soft\">" + escaped(soft) + "</p>") +
         "<div class=\"scroll\"><table>" + content + "</table></div>";
}

std::uint64_t cell_of(const EvaluationResult& result, std::int64_t label, std::int64_t predicted) {
  std::uint64_t sum = 0;
  for (std::uint64_t group = 0; group < result.info.metric.num_groups; ++group)
    sum += confusion(result, group, label, predicted);
  return sum;
}

// Recall, precision and F1 of each class, exactly and in percent.
std::string classes_html(const EvaluationResult& result) {
  std::map<std::int64_t, std::map<std::string, Figure>> by_class;
  for (const Figure& figure : figures(result)) {
    if (figure.label.has_value() && !figure.group.has_value()) by_class[*figure.label][figure.name] = figure;
  }
  if (by_class.empty()) return "";
  std::string rows = head({"class", "rows", "recall", "precision", "F1"});
  std::int64_t shown = 0;
  for (const auto& [label, named] : by_class) {
    if (++shown > kMostClasses) break;
    const auto share = [&](const char* name) {
      const Figure& figure = named.at(name);
      if (figure.denominator == 0) return std::string("none");
      return human_count(figure.numerator) + " of " + human_count(figure.denominator) + " = " +
             decimal(100 * figure.value(), 2) + " %";
    };
    rows += "<tr>" + cell(std::to_string(label)) + cell(human_count(named.at("recall").denominator), kNumber) +
            cell(share("recall"), kNumber) + cell(share("precision"), kNumber) + cell(share("f1"), kNumber) + "</tr>";
  }
  const std::string more = shown > kMostClasses ? "The first " + human_count(kMostClasses) + " classes." : "";
  return table("By class", more, rows);
}

std::string matrix_html(const EvaluationResult& result) {
  if (result.info.metric.kind != MetricKind::kConfusion || result.num_classes > kMostMatrix) return "";
  std::vector<std::string> names = {"label"};
  for (std::int64_t i = 0; i < result.num_classes; ++i) names.push_back(std::to_string(result.first_class + i));
  std::string rows = head(names);
  for (std::int64_t label = 0; label < result.num_classes; ++label) {
    rows += "<tr>" + cell(std::to_string(result.first_class + label));
    for (std::int64_t predicted = 0; predicted < result.num_classes; ++predicted)
      rows += cell(human_count(cell_of(result, label, predicted)), label == predicted ? " class=\"n hit\"" : kNumber);
    rows += "</tr>";
  }
  return table("Confusion matrix", "Rows of each label (down) and class that the model gave (across).", rows);
}

std::string chunks_html(const EvaluationResult& result) {
  if (result.chunks.empty() || result.chunks.size() > kMostChunks || result.chunks.size() < 2) return "";
  const MetricKind kind = result.info.metric.kind;
  const bool has_hits =
      (kind == MetricKind::kAccuracy || kind == MetricKind::kTopK) && result.info.metric.num_groups == 1;
  std::vector<std::string> names = {"chunk", "rows", "slot"};
  if (has_hits) names.emplace_back("hits");
  std::string rows = head(names);
  for (std::size_t i = 0; i < result.chunks.size(); ++i) {
    const std::uint64_t begin = i * result.info.chunk_rows;
    const std::uint64_t count = std::min(result.info.chunk_rows, result.info.num_rows - begin);
    rows += "<tr>" + cell(std::to_string(i)) + cell(human_count(count), kNumber) +
            cell(std::to_string(result.slots[i]), kNumber) +
            (has_hits ? cell(human_count(result.chunks[i][1]), kNumber) : "") + "</tr>";
  }
  return table("Proofs", "A proof for each chunk of rows, each with a slot of the key's budget.", rows);
}

// What it says of rows that were not counted.
std::string bounds_html(const EvaluationResult& result, double confidence) {
  const auto bounds = share_bounds(result, figures(result).front(), confidence);
  if (!bounds.has_value()) return "";
  std::string rows;
  if (result.info.is_sampled()) {
    rows += row("of all " + counted(result.info.set_rows, "row") + " of the data set (hypergeometric)",
                interval_text(bounds->of_set));
    rows += line("chosen by the verifier's nonce", to_hex(result.info.nonce));
  }
  rows += row("of rows like them, drawn independently from the same source (Clopper and Pearson)",
              interval_text(bounds->beyond));
  return table("What " + counted(result.info.num_rows, "row") + " say of others",
               "Exact intervals, each with a confidence of " + significant(100 * confidence, 6) + " %.", rows);
}

std::string evaluation_section(const CheckedEvaluation& one, double confidence) {
  const EvaluationResult& result = one.result;
  std::string rows;
  for (const auto& [name, value] : figure_rows(result, confidence, false)) rows += row(name, value);
  std::string facts = line("file", one.file) + line("serving key", to_hex(result.serving_identity)) +
                      row("bound to", context_text(result.context)) +
                      row("output of the model", std::to_string(result.info.metric.output));
  return "<section>" + table(metric_name(result.info.metric), "Shown: " + shown_text(result) + ".", rows) +
         bounds_html(result, confidence) + classes_html(result) + matrix_html(result) + chunks_html(result) +
         table("The proofs", "", facts) + "</section>";
}

std::string facts_html(const std::vector<CheckedEvaluation>& evaluations) {
  std::size_t num_bytes = 0, num_proofs = 0;
  double seconds = 0, bits = 1e9;
  for (const CheckedEvaluation& one : evaluations) {
    num_bytes += one.num_bytes;
    num_proofs += one.result.slots.size();
    seconds += one.verify_seconds;
    bits = std::min(bits, one.result.security_bits);
  }
  const EvaluationInfo& info = evaluations.front().result.info;
  return fact(human_count(info.num_rows),
              info.is_sampled() ? "of " + human_count(info.set_rows) + " rows counted" : "rows counted, all of them") +
         fact(human_count(num_proofs), num_proofs == 1 ? "proof" : "proofs") + fact(human_bytes(num_bytes), "in all") +
         fact(human_seconds(seconds), "to check") + fact(decimal(bits, 1) + " bits", "security, proven");
}

std::string sees_html(const KeyInfo& key, const std::vector<CheckedEvaluation>& evaluations) {
  bool any_rows = false, all_totals = true;
  for (const CheckedEvaluation& one : evaluations) {
    any_rows = any_rows || shows_rows(one.result);
    all_totals = all_totals && one.result.info.totals_only;
  }
  return row("architecture, scales, identity", "public") +
         row("weights", key.public_parameters ? "public" : "hidden: a commitment") +
         row("rows and labels", "public: the data set") + row("the figures above", "public") +
         row("what single chunks count", all_totals ? "hidden" : "public") +
         row("outputs of the model, what it says of single rows",
             any_rows ? "hidden, but some chunk or group has fewer than ten rows" : "hidden");
}

}  // namespace

std::string evaluation_html(const KeyInfo& key, const DataSet& data, const std::vector<CheckedEvaluation>& evaluations,
                            double confidence, const std::string& check_with, const nlohmann::ordered_json& said) {
  ZKI_CHECK(!evaluations.empty(), "a page is of some evaluation");
  const EvaluationResult& first = evaluations.front().result;
  return filled(kEvaluationPage, [&](std::string_view name) -> std::string {
    if (name == "style") return kReportStyle;
    if (name == "headline") return escaped(evaluation_line(first));
    if (name == "lead")
      return std::string("The model that the key commits to, and no other, gives these counts on ") +
             (first.info.is_sampled() ? "the rows that the verifier's nonce chose of this data set"
                                      : "exactly the rows of this data set") +
             ", each once. What is counted was written by the verifier, not by the model's owner.";
    if (name == "model") return escaped(key.model_name);
    if (name == "identity") return to_hex(key.root_identity);
    if (name == "data_set") return escaped(data.parts().name);
    if (name == "digest") return to_hex(data.digest());
    if (name == "check_with") return escaped(check_with);
    if (name == "facts") return facts_html(evaluations);
    std::string html;
    if (name == "evaluations") {
      for (const CheckedEvaluation& one : evaluations) html += evaluation_section(one, confidence);
      return html;
    }
    if (name == "sees") return sees_html(key, evaluations) + row("weights are", weights_text(key, first.weights));
    if (name == "rows") {
      for (const auto& [what, value] : data_set_rows(data)) html += line(what, value);
      return html;
    }
    if (name == "limits") {
      for (const std::string& limit : limits_of(first, data)) html += "<li>" + escaped(limit) + "</li>";
      return html;
    }
    ZKI_CHECK(name == "data", "the template's names");
    return script_text(said);
  });
}

}  // namespace zkinfer::cli
