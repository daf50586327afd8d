// SPDX-License-Identifier: Apache-2.0
#include "soundness/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "soundness/challenge.h"

namespace zkinfer::soundness {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double least_bits(const std::vector<SoundnessTerm>& terms) {
  double least = kInfinity;
  for (const SoundnessTerm& term : terms) least = std::min(least, term.bits);
  return least;
}

double summed_bits(const std::vector<SoundnessTerm>& terms) {
  double log2_error = -kInfinity;
  for (const SoundnessTerm& term : terms) {
    if (term.is_round) log2_error = log2_sum(log2_error, -term.total_bits);
  }
  return to_bits(log2_error);
}

std::string number(double bits) {
  if (std::isinf(bits)) return "none";
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.2f", std::floor(bits * 100.0) / 100.0);
  return buffer;
}

std::string json_number(double bits) {
  if (std::isinf(bits)) return "null";
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.4f", std::floor(bits * 1e4) / 1e4);
  return buffer;
}

std::string json_text(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

void add_text(const std::vector<SoundnessTerm>& terms, std::string& out) {
  std::size_t label_width = 4;
  for (const SoundnessTerm& term : terms) label_width = std::max(label_width, term.label.size());
  out += padded("term", label_width) + "    bits  rounds  bound\n";
  for (const SoundnessTerm& term : terms) {
    const std::string bits = number(term.bits);
    out += padded(term.label, label_width) + " " + std::string(bits.size() < 7 ? 7 - bits.size() : 0, ' ') + bits;
    const std::string rounds = std::to_string(term.rounds);
    out += "  " + std::string(rounds.size() < 6 ? 6 - rounds.size() : 0, ' ') + rounds + "  " + term.formula;
    out += "  [" + term.source + "]";
    if (term.rests_on_johnson) out += " *";
    out += "\n";
  }
}

std::string terms_json(const std::vector<SoundnessTerm>& terms) {
  std::string out = "[";
  for (const SoundnessTerm& term : terms) {
    if (out.size() > 1) out += ",";
    out += "{\"label\":" + json_text(term.label) + ",\"bits\":" + json_number(term.bits) +
           ",\"rounds\":" + std::to_string(term.rounds) + ",\"total_bits\":" + json_number(term.total_bits) +
           ",\"rests_on_johnson\":" + (term.rests_on_johnson ? "true" : "false") +
           ",\"formula\":" + json_text(term.formula) + ",\"source\":" + json_text(term.source) + "}";
  }
  return out + "]";
}

}  // namespace

double SoundnessReport::bits() const { return terms.empty() ? 0.0 : least_bits(terms); }
double SoundnessReport::union_bits() const { return terms.empty() ? 0.0 : summed_bits(terms); }
double SoundnessReport::hiding_bits() const { return summed_bits(hiding_terms); }

std::string SoundnessReport::weakest() const {
  const auto worst =
      std::min_element(terms.begin(), terms.end(), [](const auto& a, const auto& b) { return a.bits < b.bits; });
  return worst == terms.end() ? std::string() : worst->label;
}

std::string SoundnessReport::to_text() const {
  std::string out;
  add_text(terms, out);
  out += "* rests on mutual correlated agreement up to the Johnson radius (BCHKS25)\n";
  out += "round by round: " + number(bits()) + " bits (target " + std::to_string(target_bits) +
         ", weakest: " + weakest() + "); sum over all rounds: " + number(union_bits()) + " bits\n";
  if (zero_knowledge) {
    out += "\nzero knowledge: statistical loss, honest verifier\n";
    add_text(hiding_terms, out);
    out += "sum: " + number(hiding_bits()) + " bits\n";
  } else {
    out += "zero knowledge is off: nothing is hidden\n";
  }
  return out;
}

std::string SoundnessReport::to_json() const {
  return "{\"target_bits\":" + std::to_string(target_bits) +
         ",\"meets_target\":" + (meets_target() ? "true" : "false") + ",\"bits\":" + json_number(bits()) +
         ",\"union_bits\":" + json_number(union_bits()) + ",\"zero_knowledge\":" + (zero_knowledge ? "true" : "false") +
         ",\"hiding_bits\":" + json_number(hiding_bits()) + ",\"weakest\":" + json_text(weakest()) +
         ",\"terms\":" + terms_json(terms) + ",\"hiding_terms\":" + terms_json(hiding_terms) + "}";
}

}  // namespace zkinfer::soundness
