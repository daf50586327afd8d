// SPDX-License-Identifier: Apache-2.0
// --segments and --memory: whether and how a model is cut.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "command.h"
#include "zkinfer/segments.h"

namespace zkinfer::cli {

struct CutArguments {
  std::size_t num_segments = 0;
  std::string memory;  // "4GiB"
};
void add_cut_options(CLI::App& command, CutArguments& arguments);

// As the library takes it.
Result<CutOptions> cut_options(const CutArguments& arguments);

// Bytes, or null where no cut was asked for.
nlohmann::ordered_json memory_json(const std::optional<MemoryEstimate>& memory);

}  // namespace zkinfer::cli
