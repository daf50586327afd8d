// SPDX-License-Identifier: Apache-2.0
// The options of a commitment, shared by commit and bench.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "command.h"
#include "zkinfer/prove.h"

namespace zkinfer::cli {

struct CommitArguments {
  CommitOptions options;
  std::string inputs = "private", outputs = "public";  // tensor_policy_text.h
  std::string profile = "balanced";
  std::optional<std::uint32_t> pow_bits;  // none: what the profile says
  bool no_zero_knowledge = false;
  std::string insecure_seed;  // any text; empty: real randomness
};

void add_commit_options(CLI::App& command, CommitArguments& arguments);
// Refuses what would be ignored.
Status check_commit_options(const CommitArguments& arguments);
// The options with the flags applied.
CommitOptions commit_options(const CommitArguments& arguments);

}  // namespace zkinfer::cli
