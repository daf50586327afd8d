// SPDX-License-Identifier: Apache-2.0
// The files that `prove` writes for each of its inputs.
#pragma once

#include <string>
#include <vector>

#include "command.h"
#include "samples.h"

namespace zkinfer::cli {

// What one proof writes, by name; empty: nothing. As asked for: the options' values, for many inputs patterns.
struct ProofPaths {
  std::string proof, input_data, output_data, committed, report;
};

// Of the input in the file `given`. committed: outputs are, and their openings are named after the proof unless something else is asked for.
ProofPaths proof_paths_after(const std::string& given, const ProofPaths& asked, bool committed);
Result<std::vector<ProofPaths>> proof_paths(const Samples& samples, const ProofPaths& asked, bool committed);
// A proof has cost a slot: many at once never replace one unless told to, a single one says that it does.
Status refuse_existing(const Samples& samples, const std::vector<ProofPaths>& paths, bool force);

}  // namespace zkinfer::cli
