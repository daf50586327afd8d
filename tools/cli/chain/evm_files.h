// SPDX-License-Identifier: Apache-2.0
// The two JSON files of `zkinfer evm`: what `export` writes of a proof, and where `deploy` has put the contracts.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "zkinfer/evm_calls.h"
#include "zkinfer/status.h"

namespace zkinfer::cli {

// Its parts belong together (check_evm_export).
Result<EvmExport> read_exported(const std::string& path);
void add_exported(CLI::App& command, std::string& path);

struct Deployment {
  std::uint64_t chain_id = 0;
  std::string registry, verifier, receipts;  // addresses
};
Result<Deployment> read_deployment(const std::string& path);

}  // namespace zkinfer::cli
