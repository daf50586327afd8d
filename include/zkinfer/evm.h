// SPDX-License-Identifier: Apache-2.0
// What contracts on an Ethereum chain need to check proofs (docs/evm.md). No verdict needs it: of the component `inspect`.
#pragma once

#include <vector>

#include "zkinfer/bytes.h"
#include "zkinfer/verify.h"

namespace zkinfer {

// A key's verification program (docs/formats/program.md), as ZkInferRegistry.register takes it.
struct EvmProgram {
  Bytes bytes;
  Digest identity{};  // KeyInfo::model_identity
  Digest model_id{};  // evm_model_id of these
};
// A key's name on chain: Keccak-256 of "zkinfer evm model", its identity, and Keccak-256 of its program's bytes.
Digest evm_model_id(ByteView identity, ByteView program);
inline constexpr std::size_t kMaxEvmProgramBytes = 65536;  // what a registry takes, as the code of three contracts

// key: one that proofs are made under, so a serving key where a path leads to it (verify_path). invalid_argument, unsupported: no contract
// checks proofs of this key; it says why. resource_limit: a program of more than kMaxEvmProgramBytes.
Result<EvmProgram> evm_program(const VerificationKey& key);

// The data of the call ZkInferVerifier.verify(modelId, publicInputs, publicOutputs, proof, context) that checks this proof.
// inputs, outputs: the data of public tensors of which the proof holds only the hash. invalid_argument: the proof is rejected here already, or data
// are missing.
Result<Bytes> evm_calldata(const VerificationKey& key, const EvmProgram& program, ByteView proof,
                           const std::vector<KnownTensor>& inputs = {}, const std::vector<KnownTensor>& outputs = {});

}  // namespace zkinfer
