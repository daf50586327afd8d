// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/evm.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "api/key_impl.h"
#include "evm/append.h"
#include "evm/program.h"
#include "evm/publics.h"
#include "hash/keccak.h"

namespace zkinfer {

namespace {

using evm::append;

constexpr std::string_view kModelTag = "zkinfer evm model";
constexpr std::string_view kVerify = "verify(bytes32,bytes,bytes,bytes,bytes32)";
constexpr std::size_t kWord = 32;

ByteView bytes_of(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

void append_word(Bytes& out, std::uint64_t x) {
  out.insert(out.end(), kWord - 8, 0);
  evm::append_integer(out, x, 8);
}

}  // namespace

Result<EvmProgram> evm_program(const VerificationKey& key) {
  const verifier::PreparedKey& prepared = api::impl(key).prepared;
  EvmProgram program;
  ZKI_ASSIGN_OR_RETURN(program.bytes, evm::program_bytes(prepared));
  if (program.bytes.size() > kMaxEvmProgramBytes) {
    return resource_limit("the verification program of this key has " + std::to_string(program.bytes.size()) +
                          " bytes, and a contract's code holds " + std::to_string(kMaxEvmProgramBytes) +
                          "; a smaller model has a smaller one");
  }
  program.identity = prepared.identity;
  Bytes named;
  append(named, bytes_of(kModelTag));
  append(named, program.identity);
  append(named, keccak256(program.bytes));
  program.model_id = keccak256(named);
  return program;
}

Result<Bytes> evm_calldata(const VerificationKey& key, const EvmProgram& program, ByteView proof) {
  const verifier::PreparedKey& prepared = api::impl(key).prepared;
  const auto seen = qir::seen_tensors(prepared.key.graph, prepared.key.visibility);
  if (std::any_of(seen.begin(), seen.end(),
                  [](const auto& one) { return one.policy.is_public() && !one.policy.in_proof(); }))
    return invalid_argument(
        "a public tensor travels beside the proof; its canonical bytes are publicInputs or publicOutputs");
  statement::Header header;
  if (const Verdict verdict = verifier::verify(prepared, proof, &header); !verdict.accepted())
    return invalid_argument("no contract accepts this proof: " + verdict.to_string());
  const evm::Publics publics = evm::publics_of(prepared.key, header.data);
  const std::array<ByteView, 3> arguments = {publics.inputs, publics.outputs, proof};
  Bytes out;
  const Digest selector = keccak256(bytes_of(kVerify));
  append(out, ByteView(selector).first(4));
  append(out, program.model_id);
  std::uint64_t offset = 5 * kWord;
  const auto padded = [](std::size_t size) { return (size + kWord - 1) / kWord * kWord; };
  for (const ByteView argument : arguments) {
    append_word(out, offset);
    offset += kWord + padded(argument.size());
  }
  append(out, header.context);
  for (const ByteView argument : arguments) {
    append_word(out, argument.size());
    append(out, argument);
    out.insert(out.end(), padded(argument.size()) - argument.size(), 0);
  }
  return out;
}

}  // namespace zkinfer
