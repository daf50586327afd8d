// SPDX-License-Identifier: Apache-2.0
// `zkinfer prove --write-plan` and `--plan FILE --segment 3/8`: a proof of a cut model, segment by segment.
#pragma once

#include <string>
#include <vector>

#include "command.h"
#include "files.h"

namespace zkinfer::cli {

struct PartArguments {
  std::string written_plan;   // --write-plan
  std::string plan, segment;  // --plan, --segment
};
// After the other options of prove: most of those go with none of these.
void add_part_options(CLI::App& command, PartArguments& arguments);

struct PlanArguments {
  std::string model_path, secret_path, output_path, context;
  InputOptions input;
  std::vector<std::string> data;  // the input as canonical bytes
  bool strict = false, force = false;
};
CommandResult write_plan(Session& session, const PlanArguments& arguments);

struct SegmentArguments {
  std::string model_path, secret_path, output_path, plan_path, segment;
  bool force = false;
};
CommandResult prove_segment(Session& session, const SegmentArguments& arguments);

}  // namespace zkinfer::cli
