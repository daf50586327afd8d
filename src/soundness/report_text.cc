// SPDX-License-Identifier: Apache-2.0
#include "soundness/report_text.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

#include "base/check.h"
#include "base/json_text.h"
#include "soundness/challenge.h"
#include "soundness/terms.h"

namespace zkinfer::soundness {

namespace {

using Texts = std::map<std::string, TermText>;

// printf into a string of at most 300 characters.
__attribute__((format(printf, 1, 2))) std::string formatted(const char* format, ...) {
  char buffer[300];
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(buffer, sizeof buffer, format, arguments);
  va_end(arguments);
  return buffer;
}

void add_identity_texts(const TermContext& context, Texts& texts) {
  const pcs::OpeningParams& params = context.params;
  const std::string source =
      "polynomial identity over pairs of the Johnson list; out-of-domain lemma of WHIR, eprint 2024/1586";
  for (const TermContext::Base& base : context.bases()) {
    const char* name = base.name.c_str();
    texts[base.name == "M" ? "model identity" : "data identity " + base.name] = {
        formatted("L_%s^2/2 n_%s/|K|, L_%s = 2^%.2f, n_%s = 2^%.2f", name, name, name, base.bound.log2_list, name,
                  log2_vector_size(base.params)),
        source};
  }
  texts["mask identity"] = {
      formatted("L_X^2/2 n_X/|K|, L_X = 2^%.2f, n_X = 2^%.2f", context.mask.log2_list, log2_vector_size(params.mask)),
      source};
  for (std::size_t i = 0; i < params.folds.size(); ++i) {
    texts["out-of-domain " + fold_name(i)] = {formatted("L_i^2/2 n_i/|K|, L_i = 2^%.2f, n_i = 2^%.2f",
                                                        context.folds[i].log2_list, log2_vector_size(params.folds[i])),
                                              source};
  }
}

void add_outer_texts(const TermContext& context, Texts& texts) {
  const OuterShape& shape = context.shape;
  const double list = context.witness.log2_list;
  texts["LogUp fingerprint, zero leaf"] = {formatted("N (width + 2) L0/|K|, N = 2^%u, width = %u, L0 = 2^%.2f",
                                                     shape.log_leaves, shape.max_tuple_width, list),
                                           "Schwartz-Zippel; logarithmic derivatives: eprint 2022/1530"};
  texts["GKR layer point, lambda"] = {"2 L0/|K|", "fractional sums: eprint 2023/1284"};
  texts["GKR sumcheck round"] = {"3 L0/|K|", "sumcheck (LFKN)"};
  texts["seat marks"] = {formatted("n (#tensors + bits) L0/|K|, n = %llu, sum = %u",
                                   static_cast<unsigned long long>(shape.num_seats), shape.seat_degree),
                         "Schwartz-Zippel, for each row"};
  texts["tau, gamma"] = {
      formatted("(n + #relations + 1) L0/|K|, n = %u, #relations = %u", shape.tau_variables(), shape.num_relations),
      "Schwartz-Zippel"};
  texts["batched sumcheck round"] = {formatted("d L0/|K|, d = %u", shape.batched_degree), "sumcheck (LFKN)"};
  texts["product tau'"] = {formatted("n L0/|K|, n = %u", shape.log_triple_rows), "Schwartz-Zippel"};
  texts["product zero-check round"] = {"3 L0/|K|", "sumcheck (LFKN)"};
  texts["delta"] = {formatted("#constraints L_all/|K|, #constraints = %llu, L_all = 2^%.2f",
                              static_cast<unsigned long long>(shape.num_functionals), context.log2_all_lists()),
                    "powers of one challenge"};
}

void add_opening_texts(const TermContext& context, Texts& texts) {
  const pcs::OpeningParams& params = context.params;
  const bool johnson = params.security.decoding == Decoding::kJohnson;
  const std::string fold_source = johnson ? "BCHKS25 Theorem 4.6, union over pairs; WHIR Theorem 4.20"
                                          : "BCIKS20 Theorem 1.4, WHIR Lemma 4.10, union over pairs";
  const std::string query_source = johnson ? "radius of BCHKS25 Theorem 4.6; grinding in the random oracle model"
                                           : "half the distance; grinding in the random oracle model";
  const auto add_queries = [&](const std::string& name, const char* batching, const pcs::CodeParams& oracle,
                               const CodeBound& bound) {
    texts["queries of " + name] = {
        formatted("prod_{i<t} (A-i)/(N-i) 2^-pow%s, t = %u, A/N = %.5f, N = 2^%u", batching, oracle.num_queries,
                  bound.agreement, static_cast<unsigned>(oracle.log_domain)),
        query_source, johnson};
  };
  std::string formula, multiplicities;
  for (const TermContext::Base& base : context.bases()) {
    const char* name = base.name.c_str();
    formula += formatted("fold_%s 2^(k_%s-1) + ", name, name);
    multiplicities += formatted(", s_%s = %u", name, base.bound.multiplicity);
    add_queries(base.name, " + batching", base.params, base.bound);
  }
  texts["fold round of " + context.base_names()] = {formula + "2 L_all/|K|" + multiplicities, fold_source, johnson};
  for (std::size_t i = 0; i < params.folds.size(); ++i) {
    texts["fold round of " + fold_name(i)] = {
        formatted("fold_i 2^(k_i-1) + 2 L_i/|K|, s_i = %u", context.folds[i].multiplicity), fold_source, johnson};
    add_queries(fold_name(i), " + batching", params.folds[i], context.folds[i]);
  }
  texts["final round"] = {"2/|K|", "sumcheck (LFKN)"};
  for (std::size_t i = 0; i <= params.folds.size(); ++i) {
    const QueryStage stage = query_stage(context, i);
    texts["batching after " + stage.name] = {
        formatted("(t + 2 + padding) L/|K|, t = %llu, padding = %llu, L = 2^%.2f",
                  static_cast<unsigned long long>(stage.num_queries), static_cast<unsigned long long>(stage.padding),
                  stage.log2_batch_list),
        "powers of one challenge"};
  }
  texts["eta"] = {formatted("fold_X + 2 L_X/|K|, s_X = %u", context.mask.multiplicity),
                  johnson ? "BCHKS25 Theorem 4.6; eprint 2026/391, 7.2" : "BCIKS20 Theorem 1.4; eprint 2026/391, 7.2",
                  johnson};
  add_queries("X", "", params.mask, context.mask);
  texts["hash"] = {"collision of 32-byte digests, 2^128 calls", "birthday bound, Keccak-256"};
}

void add_hiding_texts(const TermContext& context, Texts& texts) {
  const OuterShape& shape = context.shape;
  const std::string source = "docs/soundness.md, Zero knowledge";
  const double width = std::max<std::uint32_t>(shape.max_tuple_width, 1);
  texts["zero leaf"] = {formatted("N width/|K|, N = 2^%u, width = %.0f", shape.log_leaves, width), source};
  texts["blind leaf"] = {"1/|K|", source};
  texts["random triple"] = {formatted("2 n/|K|, n = %u", shape.log_triple_rows), source};
  texts["model value"] = {"(N + 1)/|K|", source};
  for (std::size_t i = 0; i < context.params.data.size(); ++i)
    texts["data value D_" + std::to_string(i + 1)] = {"(N + 1)/|K|", source};
  texts["mask value"] = {"(N_X + 1)/|K|", source};
  texts["guess of an unopened leaf"] = {"N 2^-(bits per leaf) per hash call", source};
}

// A term of all parts together, as the part says it where it is worst.
struct JoinedTerm {
  SoundnessTerm term;
  TermText text;
  std::size_t part = 0;
};

struct Joined {
  SoundnessReport report;  // of all
  std::vector<JoinedTerm> terms, hiding_terms;
  std::size_t num_parts = 1;

  std::string place(const JoinedTerm& term) const {
    return num_parts == 1 ? "" : " of segment " + std::to_string(term.part + 1);
  }
  std::string weakest() const {
    const auto worst = std::ranges::min_element(terms, {}, [](const JoinedTerm& joined) { return joined.term.bits; });
    return worst == terms.end() ? std::string() : worst->term.label + place(*worst);
  }
};

void join_terms(const std::vector<SoundnessTerm>& terms, const Texts& texts, std::size_t part,
                std::vector<JoinedTerm>& out) {
  for (const SoundnessTerm& term : terms) {
    const auto text = texts.find(term.label);
    ZKI_CHECK(text != texts.end(), "a text for every term");
    const auto same = std::ranges::find(out, term.label, [](const JoinedTerm& joined) { return joined.term.label; });
    if (same == out.end()) {
      out.push_back({term, text->second, part});
      continue;
    }
    // What is no round, the hash, is one for all.
    SoundnessTerm all = same->term;
    if (term.is_round) {
      all.rounds += term.rounds;
      all.total_bits = to_bits(log2_sum(-all.total_bits, -term.total_bits));
    }
    if (term.bits < all.bits) {
      all.bits = term.bits;
      same->text = text->second;
      same->part = part;
    }
    same->term = all;
  }
}

Joined join_parts(const std::vector<ReportPart>& parts) {
  Joined out;
  out.num_parts = parts.size();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const SoundnessReport report = analyze(parts[i].params, parts[i].shape);
    const Texts texts = term_texts(parts[i].params, parts[i].shape);
    join_terms(report.terms, texts, i, out.terms);
    join_terms(report.hiding_terms, texts, i, out.hiding_terms);
    out.report.add(report);
  }
  return out;
}

std::string number(double bits) {
  if (std::isinf(bits)) return "none";
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.2f", std::floor(bits * 100.0) / 100.0);
  return buffer;
}

std::string json_bits(double bits) {
  if (std::isinf(bits)) return "null";
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.4f", std::floor(bits * 1e4) / 1e4);
  return buffer;
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

void add_text(const Joined& joined, const std::vector<JoinedTerm>& terms, std::string& out) {
  std::size_t label_width = 4;
  for (const JoinedTerm& one : terms) label_width = std::max(label_width, one.term.label.size());
  out += padded("term", label_width) + "    bits  rounds  bound\n";
  for (const JoinedTerm& one : terms) {
    const std::string bits = number(one.term.bits);
    out += padded(one.term.label, label_width) + " " + std::string(bits.size() < 7 ? 7 - bits.size() : 0, ' ') + bits;
    const std::string rounds = std::to_string(one.term.rounds);
    out += "  " + std::string(rounds.size() < 6 ? 6 - rounds.size() : 0, ' ') + rounds + "  " + one.text.formula;
    out += joined.place(one) + "  [" + one.text.source + "]";
    if (one.text.rests_on_johnson) out += " *";
    out += "\n";
  }
}

std::string terms_json(const Joined& joined, const std::vector<JoinedTerm>& terms) {
  std::string out = "[";
  for (const JoinedTerm& one : terms) {
    if (out.size() > 1) out += ",";
    out += "{\"label\":" + json_text(one.term.label) + ",\"bits\":" + json_bits(one.term.bits) +
           ",\"rounds\":" + std::to_string(one.term.rounds) + ",\"total_bits\":" + json_bits(one.term.total_bits) +
           ",\"rests_on_johnson\":" + (one.text.rests_on_johnson ? "true" : "false") +
           ",\"formula\":" + json_text(one.text.formula) + ",\"source\":" + json_text(one.text.source);
    if (joined.num_parts > 1) out += ",\"segment\":" + std::to_string(one.part + 1);
    out += "}";
  }
  return out + "]";
}

}  // namespace

std::map<std::string, TermText> term_texts(const pcs::OpeningParams& params, const OuterShape& shape) {
  const TermContext context = make_context(params, shape);
  Texts texts;
  add_identity_texts(context, texts);
  add_outer_texts(context, texts);
  add_opening_texts(context, texts);
  add_hiding_texts(context, texts);
  return texts;
}

std::string report_text(const std::vector<ReportPart>& parts) {
  const Joined joined = join_parts(parts);
  const SoundnessReport& report = joined.report;
  std::string out, all;
  if (parts.size() > 1) {
    all = " of all " + std::to_string(parts.size()) + " segments";
    out = "bits of each term are those of the segment where it is worst, rounds are" + all + "\n";
  }
  add_text(joined, joined.terms, out);
  out += "* rests on mutual correlated agreement up to the Johnson radius (BCHKS25)\n";
  out += "round by round: " + number(report.bits()) + " bits (target " + std::to_string(report.target_bits) +
         ", weakest: " + joined.weakest() + "); sum over all rounds" + all + ": " + number(report.union_bits()) +
         " bits\n";
  if (report.zero_knowledge) {
    out += "\nzero knowledge: statistical loss, honest verifier\n";
    add_text(joined, joined.hiding_terms, out);
    out += "sum" + all + ": " + number(report.hiding_bits()) + " bits\n";
  } else {
    out += "zero knowledge is off: nothing is hidden\n";
  }
  return out;
}

std::string report_json(const std::vector<ReportPart>& parts) {
  const Joined joined = join_parts(parts);
  const SoundnessReport& report = joined.report;
  return "{\"target_bits\":" + std::to_string(report.target_bits) +
         ",\"meets_target\":" + (report.meets_target() ? "true" : "false") + ",\"bits\":" + json_bits(report.bits()) +
         ",\"union_bits\":" + json_bits(report.union_bits()) +
         ",\"zero_knowledge\":" + (report.zero_knowledge ? "true" : "false") +
         ",\"hiding_bits\":" + json_bits(report.hiding_bits()) + ",\"segments\":" + std::to_string(parts.size()) +
         ",\"weakest\":" + json_text(joined.weakest()) + ",\"terms\":" + terms_json(joined, joined.terms) +
         ",\"hiding_terms\":" + terms_json(joined, joined.hiding_terms) + "}";
}

}  // namespace zkinfer::soundness
