// SPDX-License-Identifier: Apache-2.0
#include "api/circuit_report.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "soundness/proof_size.h"
#include "statement/segments.h"

namespace zkinfer::api {

namespace {

// Where the lookups are, most first: what a faster model would have fewer of.
std::string largest_lookups(const circuit::Circuit& circuit) {
  constexpr std::size_t kShown = 24;
  std::vector<std::pair<std::uint64_t, const std::string*>> rows;
  for (const circuit::Lookup& lookup : circuit.lookups) rows.emplace_back(circuit::box_size(lookup.box), &lookup.name);
  std::ranges::stable_sort(rows, std::greater<>(), [](const auto& row) { return row.first; });
  std::string out;
  for (std::size_t i = 0; i < std::min(rows.size(), kShown); ++i) {
    out += "  " + std::to_string(rows[i].first) + " of " + *rows[i].second + "\n";
  }
  if (rows.size() > kShown) out += "  and " + std::to_string(rows.size() - kShown) + " smaller ones\n";
  return out;
}

}  // namespace

std::string circuit_report(const verifier::PreparedKey& prepared) {
  const std::vector<statement::Key>& segments = prepared.key.segments;
  std::string whole;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto segment = verifier::prepare(segments[i], kNoVerifyLimits);
    whole += statement::segment_name(i, segments.size()) + "\n";
    whole += segment.ok() ? circuit_report(*segment) : segment.status().to_string() + "\n";
  }
  if (!segments.empty()) return whole;
  const relations::CompiledCircuit& compiled = prepared.compiled;
  const circuit::Circuit& circuit = compiled.circuit;
  std::uint64_t num_lookups = 0;
  for (const circuit::Lookup& lookup : circuit.lookups) num_lookups += circuit::box_size(lookup.box);
  std::uint64_t num_rows = 0;
  for (const circuit::Table& table : circuit.tables) num_rows += table.num_rows();
  std::string out;
  const auto line = [&](const std::string& label, std::uint64_t value) {
    out += label + " " + std::to_string(value) + "\n";
  };
  line("parameters committed once     ", compiled.num_elements(circuit::Oracle::kModel));
  line("values committed per proof    ", compiled.num_elements(circuit::Oracle::kWitness));
  line("columns                       ", circuit.columns.size());
  line("contractions                  ", circuit.contractions.size());
  line("lookups                       ", num_lookups);
  line("table rows                    ", num_rows);
  line("lookup leaves, log2           ", static_cast<std::uint64_t>(compiled.plan.log_leaves));
  line("equalities                    ", circuit.equalities.size());
  out += largest_lookups(circuit);
  out += soundness::estimate_proof_bytes(prepared.key.params).to_text();
  return out;
}

}  // namespace zkinfer::api
