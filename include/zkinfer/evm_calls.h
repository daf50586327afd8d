// SPDX-License-Identifier: Apache-2.0
// The contracts (docs/evm.md) as who sends transactions sees them: the data of calls, what comes back, and what data cost. Speaks to no node.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "zkinfer/evm.h"

namespace zkinfer {

// What `export` makes of a proof: what to register and what to send.
struct EvmExport {
  Digest model_id{}, identity{};  // as of EvmProgram
  Bytes program;
  Bytes calldata;  // of ZkInferVerifier.verify
};
// Errors: as evm_program and evm_calldata.
Result<EvmExport> evm_export(const VerificationKey& key, ByteView proof, const std::vector<KnownTensor>& inputs = {},
                             const std::vector<KnownTensor>& outputs = {});
// Of parts that others wrote: the id is that of identity and program, and that of the calldata, which call verify. Else invalid_argument, which names the part.
Status check_evm_export(const EvmExport& exported);
// Why the program is none of this key (a serving key where a path leads to it); empty: it is. Errors: as evm_program.
Result<std::string> evm_mismatch(const VerificationKey& key, const EvmExport& exported);
// The argument `proof` of its calldata; empty where they are not what abi.encode makes.
Bytes evm_proof(const EvmExport& exported);

// Data of calls, besides EvmExport::calldata: ZkInferReceipts.submit of the same arguments, which stores a receipt; ZkInferRegistry.register, programOf.
Bytes evm_submit_call(const EvmExport& exported);
Bytes evm_register_call(ByteView program, std::string_view card_uri);
Bytes evm_program_of_call(const Digest& model_id);

using EvmAddress = std::array<std::uint8_t, 20>;
// The contracts in the order of their deployment; each takes some of those before it.
struct EvmContract {
  std::string_view name;               // in artifacts.json
  std::string_view key;                // of its address, where people keep them
  std::vector<std::size_t> arguments;  // of its constructor: places in this order
};
std::span<const EvmContract> evm_contracts();
// What a transaction without a receiver carries to deploy it. addresses: of the contracts before it.
Bytes evm_creation(const EvmContract& contract, ByteView bytecode, std::span<const EvmAddress> addresses);

// ZkInferVerifier.contextOf: the context of a proof that is meant for one consumer, on one chain and verifier. nonce: that of Solidity's uint256, big-endian.
Digest evm_context(std::uint64_t chain_id, const EvmAddress& verifier, const EvmAddress& consumer,
                   const Digest& purpose, const Digest& nonce);

// What ZkInferVerifier.verify returned: kNone is accepted. invalid_argument: no verifier answers so.
Result<RejectReason> evm_verdict(ByteView returned);
// Whether ZkInferRegistry.programOf returned a program's address. invalid_argument: no registry answers so.
Result<bool> evm_is_registered(ByteView returned);
// What one of the contracts reverted with, for people; empty: no error of theirs.
std::string evm_error_text(ByteView reverted);

// The gas of a transaction's data: EIP-2028, besides execution; EIP-7623: the least that it pays for everything besides kEvmTransactionGas.
struct EvmDataGas {
  std::uint64_t data = 0, floor = 0;
};
EvmDataGas evm_data_gas(ByteView calldata);
inline constexpr std::uint64_t kEvmTransactionGas = 21000;
inline constexpr std::uint64_t kMaxEvmTransactionGas = 16777216;  // EIP-7825
inline constexpr std::size_t kMaxEvmTransactionBytes = 131072;    // what nodes take of one, signature and all
// Whether a transaction with these data is no larger; of its gas nothing is known here.
bool evm_fits_transaction(ByteView calldata);

}  // namespace zkinfer
