// SPDX-License-Identifier: Apache-2.0
// Everything that a report page shows of one proof: of a user's model (`zkinfer prove --report`), or of the demo, which
// knows more.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "inputs/array.h"
#include "machine.h"
#include "zkinfer/compile.h"
#include "zkinfer/fidelity.h"
#include "zkinfer/prove.h"
#include "zkinfer/verify.h"

namespace zkinfer::cli {

struct Attack {
  std::string title;   // what a cheat tries
  std::string detail;  // how it was done here
  Verdict verdict;
  double seconds = 0;
};

struct Report {
  std::string picture_path;
  Array picture;               // levels [height, width, 1]; no data: not shown
  int label = -1;              // what the picture shows; -1: unknown
  std::string headline, lead;  // one sentence, and what it means
  std::string made_by;         // command, for the last line
  std::string check_with;      // the command that checks the proof, and what it needs

  std::string model_name, identity;
  std::string serving_identity;  // of the key that the proof was made under; empty: the same
  std::uint64_t num_parameters = 0;
  Fidelity fidelity;  // no inputs: not measured
  std::size_t num_test_pictures = 0;
  double test_accuracy = 0;  // of the integer model

  double compile_seconds = 0, commit_seconds = 0;  // 0: not here
  double verify_seconds = 0;
  double total_seconds = 0;  // of the whole process; 0: not said
  ProveStats stats;
  std::uint64_t peak_memory = 0;
  std::size_t model_bytes = 0, key_bytes = 0, proof_bytes = 0;
  std::vector<std::pair<std::string, std::size_t>> size_table;

  KeyInfo key;
  std::string soundness_json;
  std::vector<std::int64_t> outputs;  // integers, as proven
  double output_scale = 1;
  std::vector<double> shares;  // softmax of the outputs
  std::string context;
  std::vector<Attack> attacks;
  Machine machine;
};

// A self-contained HTML page.
std::string report_html(const Report& data);

}  // namespace zkinfer::cli
