// SPDX-License-Identifier: Apache-2.0
// --segments and --memory: whether and how a model is cut.
#pragma once

#include <cstdint>
#include <string>

#include "command.h"
#include "zkinfer/segments.h"

namespace zkinfer::cli {

struct CutArguments {
  std::size_t num_segments = 0;
  std::string memory;  // "4GiB"
};
void add_cut_options(CLI::App& command, CutArguments& arguments);

// "4GiB", "512 MiB", "1.5GB", or bytes; what it is not is an error that names the option.
Result<std::uint64_t> parse_memory(const std::string& option, const std::string& text);

// The model as the options want it.
Result<Model> cut_as_asked(Model model, const CutArguments& arguments);

}  // namespace zkinfer::cli
