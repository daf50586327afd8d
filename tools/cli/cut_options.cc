// SPDX-License-Identifier: Apache-2.0
#include "cut_options.h"

#include "zkinfer/formats.h"

namespace zkinfer::cli {

void add_cut_options(CLI::App& command, CutArguments& arguments) {
  CLI::Option* segments =
      command
          .add_option("--segments", arguments.num_segments,
                      "cut the model into at most so many segments, each proven on its own (default: 1)")
          ->check(CLI::Range(std::size_t{1}, kMaxSegments));
  command
      .add_option("--memory", arguments.memory,
                  "cut the model into as few segments as keep the estimated memory of its proofs within this, as 1GiB")
      ->type_name("SIZE")
      ->excludes(segments);
}

Result<CutOptions> cut_options(const CutArguments& arguments) {
  CutOptions options;
  options.num_segments = arguments.num_segments;
  if (!arguments.memory.empty()) {
    ZKI_ASSIGN_OR_RETURN(options.memory_bytes, parse_memory(arguments.memory));
  }
  ZKI_RETURN_IF_ERROR(check_cut(options));
  return options;
}

nlohmann::ordered_json memory_json(const std::optional<MemoryEstimate>& memory) {
  if (!memory.has_value()) return nullptr;
  return {{"commit_bytes", memory->commit_bytes}, {"prove_bytes", memory->prove_bytes}};
}

}  // namespace zkinfer::cli
