// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numeric>

#include <nlohmann/json.hpp>

#include "outputs.h"
#include "report/html.h"
#include "report/report.h"
#include "report/style_text.h"
#include "tensor_policy_text.h"
#include "text.h"

namespace zkinfer::cli {
namespace {

std::string grey(float level) {
  const std::string value = std::to_string(std::lround(std::clamp(level, 0.0f, 255.0f)));
  return "rgb(" + value + "," + value + "," + value + ")";
}

// One square per pixel: sharp at any size.
std::string picture_svg(const Array& picture) {
  const std::int64_t height = picture.shape[0], width = picture.shape[1];
  std::string svg = "<svg role=\"img\" aria-label=\"the input picture\" width=\"176\" viewBox=\"0 0 " +
                    std::to_string(width) + " " + std::to_string(height) +
                    "\" shape-rendering=\"crispEdges\" style=\"border-radius:10px\">";
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      svg += "<rect x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\" width=\"1\" height=\"1\" fill=\"" +
             grey(picture.data[static_cast<std::size_t>(y * width + x)]) + "\"/>";
    }
  }
  return svg + "</svg>";
}

struct Bar {
  std::string name, value;
  double share = 0;  // of the track's length
  bool strong = true;
};

// Horizontal bars, name on the left, value on the right.
std::string bars_svg(const std::vector<Bar>& bars, int name_width, int value_width) {
  constexpr int kWidth = 460, kRow = 26;
  const int track = kWidth - name_width - value_width;
  std::string svg = "<svg width=\"100%\" viewBox=\"0 0 " + std::to_string(kWidth) + " " +
                    std::to_string(kRow * static_cast<int>(bars.size())) + "\">";
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const Bar& bar = bars[i];
    const int y = static_cast<int>(i) * kRow;
    const double length = std::max(bar.share > 0 ? 1.5 : 0.0, std::clamp(bar.share, 0.0, 1.0) * track);
    const std::string text_y = std::to_string(y + 17);
    svg += "<text x=\"0\" y=\"" + text_y + "\">" + escaped(bar.name) + "</text>";
    svg += "<rect x=\"" + std::to_string(name_width) + "\" y=\"" + std::to_string(y + 6) + "\" width=\"" +
           std::to_string(track) + "\" height=\"14\" rx=\"3\" fill=\"var(--track)\"/>";
    svg += "<rect x=\"" + std::to_string(name_width) + "\" y=\"" + std::to_string(y + 6) + "\" width=\"" +
           decimal(length, 1) + "\" height=\"14\" rx=\"3\" fill=\"var(" + (bar.strong ? "--bar" : "--s4") + ")\"/>";
    svg += "<text class=\"soft\" text-anchor=\"end\" x=\"" + std::to_string(kWidth) + "\" y=\"" + text_y + "\">" +
           escaped(bar.value) + "</text>";
  }
  return svg + "</svg>";
}

std::string classes_svg(const Report& data) {
  std::vector<Bar> bars;
  const std::size_t top =
      static_cast<std::size_t>(std::max_element(data.shares.begin(), data.shares.end()) - data.shares.begin());
  for (std::size_t i = 0; i < data.shares.size(); ++i) {
    bars.push_back({std::to_string(i),
                    decimal(static_cast<double>(data.outputs[i]) * data.output_scale, 2) + "  (" +
                        decimal(100 * data.shares[i], 1) + " %)",
                    data.shares[i], i == top});
  }
  return bars_svg(bars, 24, 120);
}

// The largest entries where there are no scores.
std::string values_svg(const Report& data) {
  constexpr std::size_t kMost = 12;
  std::vector<std::size_t> order(data.outputs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t x, std::size_t y) { return data.outputs[x] > data.outputs[y]; });
  order.resize(std::min(order.size(), kMost));
  double largest = 1e-300;
  for (const std::size_t i : order) largest = std::max(largest, std::abs(static_cast<double>(data.outputs[i])));
  std::vector<Bar> bars;
  for (const std::size_t i : order) {
    const auto value = static_cast<double>(data.outputs[i]);
    bars.push_back({"[" + std::to_string(i) + "]", decimal(value * data.output_scale, 5), std::abs(value) / largest,
                    i == order.front()});
  }
  return bars_svg(bars, 60, 110);
}

std::string outputs_html(const Report& data) {
  if (data.outputs.empty()) return "<p class=\"soft\">The proof does not carry them.</p>";
  if (!data.shares.empty()) return "<p class=\"soft\">Scores, and their softmax as bars.</p>" + classes_svg(data);
  const bool all = data.outputs.size() <= 12;
  return std::string("<p class=\"soft\">") + (all ? "All" : "The largest 12 of " + human_count(data.outputs.size())) +
         " values.</p>" + values_svg(data);
}

std::string timing_html(const ProveStats& stats) {
  const std::vector<std::pair<const char*, double>> stages = {
      {"integer inference", stats.execute_seconds}, {"witness columns", stats.witness_seconds},
      {"witness commitment", stats.commit_seconds}, {"lookups", stats.lookup_seconds},
      {"relations", stats.relations_seconds},       {"opening", stats.opening_seconds}};
  double sum = 0;
  for (const auto& [name, seconds] : stages) sum += seconds;
  if (sum <= 0) return "";
  constexpr double kWidth = 920;
  std::string svg = "<svg width=\"100%\" height=\"30\" viewBox=\"0 0 920 30\" preserveAspectRatio=\"none\">";
  std::string legend = "<ul class=\"legend\">";
  double x = 0;
  int index = 0;
  for (const auto& [name, seconds] : stages) {
    const double width = kWidth * seconds / sum;
    const std::string colour = "var(--s" + std::to_string(++index) + ")";
    svg += "<rect x=\"" + decimal(x, 1) + "\" y=\"0\" width=\"" + decimal(std::max(0.0, width - 2), 1) +
           "\" height=\"30\" fill=\"" + colour + "\"/>";
    legend += "<li><i style=\"background:" + colour + "\"></i>" + std::string(name) + " <span class=\"soft\">" +
              human_seconds(seconds) + "</span></li>";
    x += width;
  }
  return svg + "</svg>" + legend + "</ul>";
}

std::string sizes_svg(const Report& data) {
  std::vector<Bar> bars;
  std::size_t largest = 1, name_length = 0;
  for (const auto& [part, num_bytes] : data.size_table) {
    largest = std::max(largest, num_bytes);
    name_length = std::max(name_length, part.size());
  }
  for (const auto& [part, num_bytes] : data.size_table) {
    bars.push_back({part, human_bytes(num_bytes), static_cast<double>(num_bytes) / static_cast<double>(largest)});
  }
  return bars_svg(bars, std::min(240, 12 + static_cast<int>(7 * name_length)), 72);
}

std::string terms_rows(const nlohmann::json& terms) {
  std::string rows;
  for (const auto& term : terms) {
    const bool has_bits = term.contains("bits") && term["bits"].is_number();
    rows += "<tr><td>" + escaped(term.value("label", "")) + (term.value("rests_on_johnson", false) ? " *" : "") +
            "</td><td class=\"n\">" + (has_bits ? decimal(term["bits"].get<double>(), 1) : "none") +
            "</td><td class=\"n\">" + std::to_string(term.value("rounds", std::uint64_t{1})) + "</td><td><code>" +
            escaped(term.value("formula", "")) + "</code><br><span class=\"soft small\">" +
            escaped(term.value("source", "")) + "</span></td></tr>";
  }
  return rows;
}

std::string soundness_html(const Report& data) {
  const nlohmann::json report = nlohmann::json::parse(data.soundness_json, nullptr, false);
  if (!report.is_object() || !report.contains("terms") || !report["terms"].is_array()) return "";
  const std::string head =
      "<thead><tr><th>source of error</th><th class=\"n\">bits</th><th class=\"n\">rounds</th><th>bound, with its "
      "numbers</th></tr></thead>";
  std::string html =
      "<section><h2>Soundness, term by term</h2><p class=\"soft\">A cheat succeeds in a round with probability at most "
      "2<sup>&minus;bits</sup>. The weakest round decides: " +
      escaped(report.value("weakest", "")) + ". Terms marked * use list decoding up to the Johnson radius.</p>";
  html += "<div class=\"scroll\"><table>" + head + terms_rows(report["terms"]) + "</table></div></section>";
  if (report.contains("hiding_terms") && report["hiding_terms"].is_array() && !report["hiding_terms"].empty()) {
    html +=
        "<section><h2>Zero knowledge, term by term</h2><p class=\"soft\">How much the view of a verifier may differ "
        "from one made "
        "without weights and input.</p><div class=\"scroll\"><table>" +
        head + terms_rows(report["hiding_terms"]) + "</table></div></section>";
  }
  return html;
}

std::string fact(const std::string& value, const std::string& name) {
  return "<div><b>" + value + "</b><span>" + name + "</span></div>";
}

std::string row(const std::string& name, const std::string& value) {
  return "<tr><td>" + name + "</td><td class=\"n\">" + value + "</td></tr>";
}

std::string header_html(const Report& data) {
  std::string html = "<header><div><div class=\"verdict\">PROOF ACCEPTED</div><h1>" + escaped(data.headline) +
                     "</h1><p class=\"soft\">" + escaped(data.lead) + "</p>";
  html += "<p class=\"small\"><span class=\"soft\">model</span> " + escaped(data.model_name) +
          "<br><span class=\"soft\">identity</span> <code class=\"id\">" + data.identity + "</code>";
  if (!data.serving_identity.empty()) {
    html += "<br><span class=\"soft\">serving key</span> <code class=\"id\">" + data.serving_identity + "</code>";
  }
  html += "<br><span class=\"soft\">bound to</span> <code>" + escaped(data.context) + "</code></p>";
  if (!data.check_with.empty()) {
    html += "<p class=\"small\">This page is a claim; the proof is the evidence. Check it: <code>" +
            escaped(data.check_with) + "</code></p>";
  }
  html += "</div>";
  if (!data.picture.data.empty()) html += "<div>" + picture_svg(data.picture) + "</div>";
  return html + "</header>";
}

std::string facts_html(const Report& data) {
  return "<div class=\"facts\">" + fact(human_seconds(data.stats.total_seconds), "to prove") +
         (data.total_seconds > 0 ? fact(human_seconds(data.total_seconds), "with loading and writing") : "") +
         fact(human_seconds(data.verify_seconds), "to verify") + fact(human_bytes(data.proof_bytes), "proof") +
         fact(human_bytes(data.peak_memory), "peak memory") +
         fact(decimal(data.key.security_bits, 1) + " bits", "soundness") +
         fact(data.key.zero_knowledge ? "on" : "off", "zero knowledge") + "</div>";
}

std::string attacks_html(const Report& data) {
  std::string html =
      "<section><h2>What is rejected</h2><p class=\"soft\">The same verifier, with something changed each "
      "time.</p><div class=\"scroll\"><table>"
      "<thead><tr><th>attempt</th><th>verdict</th><th>reason and place</th></tr></thead>";
  for (const Attack& attack : data.attacks) {
    html += "<tr><td>" + escaped(attack.title) + "<br><span class=\"soft small\">" + escaped(attack.detail) +
            "</span></td><td class=\"no\">" + (attack.verdict.accepted() ? "accepted" : "rejected") + "</td><td>" +
            escaped(verdict_text(attack.verdict)) + "<br><span class=\"soft small\">" +
            escaped(std::string(rejection_hint(attack.verdict.reason))) + "</span></td></tr>";
  }
  return html + "</table></div></section>";
}

std::string fidelity_html(const Report& data) {
  return "<section><h2>The same answers as the trained network</h2><p class=\"soft\">The proven model computes with "
         "integers. On " +
         human_count(data.fidelity.num_inputs) + " test pictures that calibration did not see:</p><table>" +
         row("cosine between integer and float outputs", decimal(data.fidelity.cosine().value_or(0), 6)) +
         row("same top class", decimal(100 * data.fidelity.agreement().value_or(0), 2) + " %") +
         row("largest difference of an output", decimal(data.fidelity.max_abs_error().value_or(0), 4)) +
         row("accuracy of the integer model",
             decimal(100 * data.test_accuracy, 2) + " % of " + human_count(data.num_test_pictures)) +
         "</table></section>";
}

std::string once_html(const Report& data) {
  return "<section><h2>Once per model</h2><p class=\"soft\">There is no trusted setup. The owner commits to the "
         "weights once; verifiers "
         "keep the key.</p><table>" +
         row("compile and quantize", human_seconds(data.compile_seconds)) +
         row("commit to the weights", human_seconds(data.commit_seconds)) +
         row("model package (secret)", human_bytes(data.model_bytes)) +
         row("verification key (public)", human_bytes(data.key_bytes)) +
         row("proofs this commitment may serve", human_count(data.key.model_budget)) + "</table></section>";
}

std::string sees_html(const KeyInfo& key) {
  const auto seen = [](const TensorPolicy& policy) {
    return policy.is_public() ? std::string("yes") : "no: " + escaped(tensor_policy_text(policy));
  };
  const auto line = [](const std::string& what, const std::string& verifier) {
    return "<tr><td>" + what + "</td><td>yes</td><td>" + verifier + "</td></tr>";
  };
  return "<section><h2>Who sees what</h2><div "
         "class=\"scroll\"><table><thead><tr><th></th><th>prover</th><th>verifier</th></tr></thead>" +
         line("architecture, scales, identity", "yes") + line("outputs", seen(key.outputs)) +
         line("weights", key.public_parameters ? "yes" : "no: a commitment") + line("input", seen(key.inputs)) +
         line("everything between", key.zero_knowledge ? "no" : "not hidden") + "</table></div></section>";
}

}  // namespace

std::string report_html(const Report& data) {
  std::string html =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\">"
      "<title>zkinfer: proof report</title><style>";
  html += kReportStyle;
  html += "</style></head><body><main>";
  html += header_html(data) + facts_html(data);
  html += "<div class=\"two pair\"><section><h2>Proven outputs</h2>" + outputs_html(data) + "</section>" +
          "<section><h2>Proof size by part</h2><p class=\"soft\">" + human_count(data.proof_bytes) +
          " bytes in all.</p>" + sizes_svg(data) + "</section></div>";
  html += "<section><h2>Where the prover's time goes</h2><p class=\"soft\">" + human_seconds(data.stats.total_seconds) +
          " on " + std::to_string(data.machine.num_cores) + " cores.</p>" + timing_html(data.stats) + "</section>";
  if (!data.attacks.empty()) html += attacks_html(data);
  if (data.fidelity.num_inputs > 0)
    html += "<div class=\"two pair\">" + fidelity_html(data) + once_html(data) + "</div>";
  html += sees_html(data.key) + soundness_html(data);
  html += "<footer>" + escaped(data.machine.cpu) + ", " + std::to_string(data.machine.num_cores) + " cores, " +
          human_bytes(data.machine.memory_bytes) + " &middot; " + escaped(data.machine.system) + " &middot; " +
          escaped(data.machine.compiler) + " &middot; sources " + escaped(data.machine.commit) + "<br>Made by <code>" +
          escaped(data.made_by) + "</code>.</footer></main></body></html>\n";
  return html;
}

}  // namespace zkinfer::cli
