// SPDX-License-Identifier: Apache-2.0
// zkinfer prove --batch: all samples that are asked for in one proof.
#pragma once

#include <string>

#include "command.h"
#include "files.h"

namespace zkinfer::cli {

struct ProveBatchArguments {
  std::string model_path, secret_path, output_path, context;
  InputOptions input;
  std::string write_inputs, write_outputs;  // canonical bytes of all rows, one after the other
  bool strict = false, force = false;
};
CommandResult prove_batch(Session& session, const ProveBatchArguments& arguments);

}  // namespace zkinfer::cli
