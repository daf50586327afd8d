// SPDX-License-Identifier: Apache-2.0
// The two JSON files of `zkinfer evm`: what `export` writes of a proof, and where `deploy` has put the contracts.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "base/bytes.h"
#include "zkinfer/status.h"

namespace zkinfer::cli {

struct Exported {
  Bytes model_id, identity, program;
  Bytes calldata;  // of ZkInferVerifier.verify

  // The same arguments to ZkInferReceipts.submit.
  Bytes submission() const;
  // The argument `proof`; empty where the calldata are not what abi.encode makes.
  Bytes proof() const;
};
// Of these fields one to the other: the model's id is that of the program, and the calldata's.
Result<Exported> read_exported(const std::string& path);
void add_exported(CLI::App& command, std::string& path);

struct Deployment {
  std::uint64_t chain_id = 0;
  std::string registry, verifier, receipts;  // addresses
};
Result<Deployment> read_deployment(const std::string& path);

// What the words of a call's data cost: EIP-2028, besides execution; EIP-7623: the least that a transaction pays for everything.
struct DataGas {
  std::uint64_t data = 0, floor = 0;
};
DataGas data_gas(ByteView calldata);
// A transaction besides its data.
inline constexpr std::size_t kTransactionHead = 256;

}  // namespace zkinfer::cli
