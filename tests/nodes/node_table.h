// SPDX-License-Identifier: Apache-2.0
// What all node tests of a folder gave, by operator.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "nodes/node_run.h"
#include "zkinfer/status.h"

namespace zkinfer::nodes {

struct Row {
  std::string name, op;
  Outcome outcome;
  double seconds = 0;
};

struct Counts {
  int run_time = 0, partly = 0, folded = 0;  // passed: with every input at run time, with some, with none
  int refused = 0, no_meaning = 0, failed = 0;
  int coarse = 0, rounded = 0, proved = 0;  // of those that passed: error above kFineError; only for rounded inputs
  std::set<std::string> core;  // of those that passed with inputs at run time: what they became, and the largest error
  double error = 0;
  int on_inputs() const { return run_time + partly; }
  int passed() const { return on_inputs() + folded; }
  int all() const { return passed() + refused + no_meaning + failed; }
  void add(const Outcome& outcome);
};

std::map<std::string, Counts> by_operator(const std::vector<Row>& rows);
Counts total(const std::vector<Row>& rows);

std::string to_json(const std::vector<Row>& rows);
std::string to_markdown(const std::vector<Row>& rows);

// The committed numbers: operator, passed with inputs at run time, folded, of how many that have a meaning, the largest error in percent of the largest output,
// the core operators that they became. Lines without one are comments (#).
std::string to_passed(const std::vector<Row>& rows);
// One line for each operator of which fewer pass than the file says. Tests of an operator that are not there count as lost.
Result<std::vector<std::string>> fewer_than(const std::string& passed_path, const std::vector<Row>& rows);

}  // namespace zkinfer::nodes
