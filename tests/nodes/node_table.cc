// SPDX-License-Identifier: Apache-2.0
#include "nodes/node_table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

namespace zkinfer::nodes {

namespace {

using State = Outcome::State;

// "Operator: reason" of the first node that a message names, without what differs from test to test, so that equal
// reasons are counted together.
std::string short_reason(std::string reason) {
  if (const std::size_t file = reason.find("model.onnx: "); file != std::string::npos)
    reason = reason.substr(file + sizeof("model.onnx: ") - 1);
  if (const std::size_t node = reason.find("node '"); node != std::string::npos) {
    const std::size_t open = reason.find(" (", node), close = reason.find("): ", node);
    if (open < close && close != std::string::npos)
      reason = reason.substr(open + 2, close - open - 2) + ": " + reason.substr(close + 3);
  }
  std::string out;
  bool in_name = false;
  for (const char c : reason) {
    if (c == '\n' || c == ';') break;
    if (c == '\'' && (in_name = !in_name)) out += "..";  // of a value or tensor
    if (!in_name && c != '\'') out += c == '|' ? '/' : c;
  }
  return out.substr(0, 160);
}

// Those that pass with an error that the default widths should not have, the largest first.
std::string coarse_list(const std::vector<Row>& rows) {
  std::vector<const Row*> coarse;
  for (const Row& row : rows) {
    if (row.outcome.state == State::kPassed && row.outcome.error > kFineError) coarse.push_back(&row);
  }
  std::stable_sort(coarse.begin(), coarse.end(),
                   [](const Row* a, const Row* b) { return a->outcome.error > b->outcome.error; });
  std::ostringstream out;
  out << "\npassed, with an error above 0.1 % of the largest output (* : within the bound only of the float model at "
         "the "
         "rounded inputs):\n\n";
  for (const Row* row : coarse) {
    char error[32];
    std::snprintf(error, sizeof error, "%.2g %%", 100 * row->outcome.error);
    out << "- " << row->name << ": " << (row->outcome.error >= 1e30 ? "an integer differs" : error)
        << (row->outcome.rounded ? " *" : "") << "\n";
  }
  return out.str();
}

std::string reason_of(const Outcome& outcome) {
  return outcome.state == State::kRefused && !outcome.refusals.empty() ? outcome.refusals[0] : outcome.reason;
}

}  // namespace

void Counts::add(const Outcome& outcome) {
  switch (outcome.state) {
    case State::kRefused: ++refused; return;
    case State::kNoMeaning: ++no_meaning; return;
    case State::kFailed: ++failed; return;
    case State::kPassed: break;
  }
  ++(outcome.binding == Binding::kNone ? run_time : outcome.binding == Binding::kAll ? folded : partly);
  if (outcome.error > kFineError) ++coarse;
  if (outcome.rounded) ++rounded;
  if (outcome.proved) ++proved;
  if (outcome.binding == Binding::kAll) return;
  core.insert(outcome.core.begin(), outcome.core.end());
  if (!outcome.rounded && std::isfinite(outcome.error)) error = std::max(error, outcome.error);
}

std::map<std::string, Counts> by_operator(const std::vector<Row>& rows) {
  std::map<std::string, Counts> out;
  for (const Row& row : rows) out[row.op].add(row.outcome);
  return out;
}

Counts total(const std::vector<Row>& rows) {
  Counts out;
  for (const Row& row : rows) out.add(row.outcome);
  return out;
}

std::string to_json(const std::vector<Row>& rows) {
  nlohmann::ordered_json out;
  const auto counts = [](const Counts& c) {
    return nlohmann::ordered_json{{"passed_run_time", c.run_time},
                                  {"passed_partly_constant", c.partly},
                                  {"passed_folded", c.folded},
                                  {"refused", c.refused},
                                  {"no_meaning", c.no_meaning},
                                  {"failed", c.failed},
                                  {"error_above_0.1_percent", c.coarse},
                                  {"only_for_rounded_inputs", c.rounded},
                                  {"proved", c.proved}};
  };
  out["largest_error"] = kLargestError;
  out["total"] = counts(total(rows));
  for (const auto& [op, c] : by_operator(rows)) out["operators"][op] = counts(c);
  for (const Row& row : rows) {
    nlohmann::ordered_json test{{"name", row.name}, {"operator", row.op}, {"state", state_name(row.outcome.state)}};
    if (row.outcome.state == State::kPassed) {
      test["inputs"] = binding_name(row.outcome.binding);
      test["error"] = std::isfinite(row.outcome.error) ? nlohmann::ordered_json(row.outcome.error) : nullptr;
      test["proved"] = row.outcome.proved;
    }
    if (!row.outcome.reason.empty()) test["reason"] = row.outcome.reason;
    if (!row.outcome.refusals.empty()) test["refused"] = row.outcome.refusals;
    test["seconds"] = row.seconds;
    out["tests"].push_back(std::move(test));
  }
  return out.dump(1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string to_markdown(const std::vector<Row>& rows) {
  std::ostringstream out;
  const Counts all = total(rows);
  out << all.all() << " node tests: " << all.passed() << " pass (" << all.run_time << " with every input at run time, "
      << all.partly << " with some constant, " << all.folded << " folded), " << all.refused << " refused, "
      << all.no_meaning << " without a meaning here, " << all.failed << " FAIL. Of those that pass " << all.proved
      << " are proved, " << all.coarse << " have an error above 0.1 %, " << all.rounded
      << " agree only with the float model at the rounded inputs.\n\n"
      << "| operator | passed at run time | partly | folded | refused | no meaning | FAIL |\n"
      << "| --- | --- | --- | --- | --- | --- | --- |\n";
  for (const auto& [op, c] : by_operator(rows)) {
    out << "| " << op << " | " << c.run_time << " | " << c.partly << " | " << c.folded << " | " << c.refused << " | "
        << c.no_meaning << " | " << c.failed << " |\n";
  }
  out << coarse_list(rows);
  for (const State state : {State::kFailed, State::kRefused, State::kNoMeaning}) {
    std::map<std::string, std::vector<std::string>> reasons;
    for (const Row& row : rows) {
      if (row.outcome.state == state) reasons[short_reason(reason_of(row.outcome))].push_back(row.name);
    }
    std::vector<std::pair<std::string, std::vector<std::string>>> sorted(reasons.begin(), reasons.end());
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.second.size() > b.second.size(); });
    out << "\n" << state_name(state) << ":\n\n";
    for (const auto& [reason, names] : sorted) {
      out << "- " << names.size() << " x " << reason << ": ";
      const std::size_t shown = state == State::kFailed ? names.size() : std::min<std::size_t>(names.size(), 3);
      for (std::size_t i = 0; i < shown; ++i) out << (i > 0 ? ", " : "") << names[i];
      out << (shown < names.size() ? ", ..\n" : "\n");
    }
  }
  return out.str();
}

namespace {

// Two digits, upwards; what is below a millionth is how floats are printed.
std::string percent(double error) {
  if (error < 1e-8) return "0";
  const double unit = std::pow(10.0, std::floor(std::log10(100 * error)) - 1);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2g", std::ceil(100 * error / unit) * unit);
  return text.data();
}

std::string joined(const std::set<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : " ") + name;
  return out.empty() ? "-" : out;
}

}  // namespace

std::string to_passed(const std::vector<Row>& rows) {
  std::ostringstream out;
  out << "# Node tests of libonnx-testdata that pass through compile, integer execution and proof, of those with a "
         "meaning here.\n"
      << "# Written by `node_tests FOLDER --write-passed FILE`; the test onnx_nodes fails where fewer pass.\n"
      << "# operator\twith inputs at run time\tfolded\tof\tlargest error in percent of the largest output\tcore "
         "operators\n";
  for (const auto& [op, c] : by_operator(rows)) {
    if (c.all() > c.no_meaning)
      out << op << "\t" << c.on_inputs() << "\t" << c.folded << "\t" << c.all() - c.no_meaning << "\t"
          << percent(c.error) << "\t" << joined(c.core) << "\n";
  }
  return out.str();
}

Result<std::vector<std::string>> fewer_than(const std::string& passed_path, const std::vector<Row>& rows) {
  std::ifstream file(passed_path);
  if (!file) return io_error("cannot read " + passed_path);
  std::map<std::string, Counts> counts = by_operator(rows);
  std::vector<std::string> out;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    std::string op;
    int on_inputs = -1, folded = -1;
    if (!(fields >> op >> on_inputs >> folded) || on_inputs < 0 || folded < 0)
      return corrupt(passed_path + ": '" + line + "'");
    const Counts& now = counts[op];
    // What was folded may be computed at run time now, not the other way round.
    if (now.on_inputs() < on_inputs || now.passed() < on_inputs + folded) {
      out.push_back(op + ": " + std::to_string(now.on_inputs()) + " and " + std::to_string(now.folded) +
                    " folded pass, " + std::to_string(on_inputs) + " and " + std::to_string(folded) + " did");
    }
  }
  return out;
}

}  // namespace zkinfer::nodes
