// SPDX-License-Identifier: Apache-2.0
// What a verifier of a new proof or batch types.
#pragma once

#include <string>
#include <vector>

#include "zkinfer/prove.h"

namespace zkinfer::cli {

struct ProvedFiles {
  std::string proof, model, secret, context;
  // Canonical bytes beside the proof: names with {index} or so (numbered_path), or one per tensor as they were given.
  std::string input_data, output_data;
  std::vector<std::string> given_inputs;
};

// beside: the files are in one folder, wherever that is.
std::string verify_command(const KeyInfo& key, const ProvedFiles& files, bool beside);

}  // namespace zkinfer::cli
