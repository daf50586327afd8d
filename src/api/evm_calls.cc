// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/evm_calls.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "evm/abi.h"
#include "hash/keccak.h"
#include "zkinfer/verdict.h"

namespace zkinfer {

namespace {

using evm::append;
using evm::append_padded;
using evm::append_word;
using evm::kWord;

constexpr std::string_view kVerify = "verify(bytes32,bytes,bytes,bytes,bytes32)";
constexpr std::string_view kSubmit = "submit(bytes32,bytes,bytes,bytes,bytes32)";
constexpr std::size_t kSelector = 4;
constexpr std::size_t kTransactionHead = 256;  // a transaction besides its data

ByteView bytes_of(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

Bytes selector(std::string_view signature) {
  const Digest digest = keccak256(bytes_of(signature));
  return {digest.begin(), digest.begin() + kSelector};
}

bool calls(ByteView data, std::string_view signature) {
  return data.size() >= kSelector && std::ranges::equal(data.first(kSelector), selector(signature));
}

}  // namespace

Result<EvmExport> evm_export(const VerificationKey& key, ByteView proof, const std::vector<KnownTensor>& inputs,
                             const std::vector<KnownTensor>& outputs) {
  ZKI_ASSIGN_OR_RETURN(EvmProgram program, evm_program(key));
  ZKI_ASSIGN_OR_RETURN(Bytes calldata, evm_calldata(key, program, proof, inputs, outputs));
  return EvmExport{program.model_id, program.identity, std::move(program.bytes), std::move(calldata)};
}

Status check_evm_export(const EvmExport& exported) {
  const ByteView calldata = exported.calldata;
  if (calldata.size() < kSelector + kWord || !calls(calldata, kVerify))
    return invalid_argument("\"calldata\" is no call of " + std::string(kVerify));
  if (evm_model_id(exported.identity, exported.program) != exported.model_id)
    return invalid_argument("\"model_id\" is not that of identity and program; export it again");
  if (!std::ranges::equal(calldata.subspan(kSelector, kWord), exported.model_id))
    return invalid_argument("\"calldata\" is of another model than \"model_id\"; export it again");
  return ok_status();
}

Result<std::string> evm_mismatch(const VerificationKey& key, const EvmExport& exported) {
  ZKI_ASSIGN_OR_RETURN(const EvmProgram program, evm_program(key));
  if (program.identity != exported.identity) return std::string("it is of another key");
  if (program.bytes != exported.program) return std::string("its program is not what this zkinfer makes of the key");
  return std::string();
}

Bytes evm_proof(const EvmExport& exported) {
  if (exported.calldata.size() < kSelector) return {};
  const ByteView arguments = ByteView(exported.calldata).subspan(kSelector);
  const std::optional<std::uint64_t> offset = evm::word_at(arguments, 3 * kWord);
  const std::optional<std::uint64_t> size = offset.has_value() ? evm::word_at(arguments, *offset) : std::nullopt;
  if (!size.has_value() || *offset + kWord + *size > arguments.size()) return {};
  const ByteView bytes = arguments.subspan(*offset + kWord, *size);
  return {bytes.begin(), bytes.end()};
}

Bytes evm_submit_call(const EvmExport& exported) {
  Bytes out = selector(kSubmit);
  if (exported.calldata.size() > kSelector) append(out, ByteView(exported.calldata).subspan(kSelector));
  return out;
}

Bytes evm_register_call(ByteView program, std::string_view card_uri) {
  Bytes out = selector("register(bytes,string)");
  append_word(out, std::uint64_t{2 * kWord});
  append_word(out, evm::behind(2 * kWord, program));
  append_padded(out, program);
  append_padded(out, bytes_of(card_uri));
  return out;
}

Bytes evm_program_of_call(const Digest& model_id) {
  Bytes out = selector("programOf(bytes32)");
  append(out, model_id);
  return out;
}

std::span<const EvmContract> evm_contracts() {
  static const std::array<EvmContract, 6> contracts = {{{"ZkInferOuter", "outer", {}},
                                                        {"ZkInferFunctionals", "functionals", {}},
                                                        {"ZkInferRegistry", "registry", {}},
                                                        {"ZkInferVerifier", "verifier", {0, 1, 2}},
                                                        {"ZkInferReceipts", "receipts", {3}},
                                                        {"ZkInferSession", "session", {4}}}};
  return contracts;
}

Bytes evm_creation(const EvmContract& contract, ByteView bytecode, std::span<const EvmAddress> addresses) {
  Bytes out(bytecode.begin(), bytecode.end());
  for (const std::size_t argument : contract.arguments) {
    ZKI_CHECK(argument < addresses.size(), "a contract takes others that were deployed before it");
    append_word(out, ByteView(addresses[argument]));
  }
  return out;
}

Digest evm_context(std::uint64_t chain_id, const EvmAddress& verifier, const EvmAddress& consumer,
                   const Digest& purpose, const Digest& nonce) {
  constexpr std::string_view kTag = "zkinfer evm";
  Bytes words;
  append_word(words, std::uint64_t{6 * kWord});  // where the tag is
  append_word(words, chain_id);
  append_word(words, ByteView(verifier));
  append_word(words, ByteView(consumer));
  append(words, purpose);
  append(words, nonce);
  append_padded(words, bytes_of(kTag));
  return keccak256(words);
}

Result<RejectReason> evm_verdict(ByteView returned) {
  const std::optional<std::uint64_t> reason = returned.size() == kWord ? evm::word_at(returned, 0) : std::nullopt;
  if (!reason.has_value() || *reason > static_cast<std::uint64_t>(RejectReason::kFinalCheck)) {
    return invalid_argument("expected a reason of 32 bytes, got " + std::to_string(returned.size()) +
                            (returned.size() == kWord ? " of another number" : ""));
  }
  return static_cast<RejectReason>(*reason);
}

Result<bool> evm_is_registered(ByteView returned) {
  if (returned.size() != kWord) return invalid_argument("it does not answer programOf");
  return std::ranges::any_of(returned, [](std::uint8_t byte) { return byte != 0; });
}

std::string evm_error_text(ByteView reverted) {
  if (calls(reverted, "Rejected(uint8)")) {
    const Result<RejectReason> reason = evm_verdict(reverted.subspan(kSelector));
    return "the proof is rejected: " +
           (reason.ok() ? std::string(reject_reason_name(*reason)) : "for a reason that is not known");
  }
  if (calls(reverted, "UnknownModel(bytes32)")) return "no model is registered under this id; register it first";
  if (calls(reverted, "NonStandardCalldata()")) return "the data are not encoded in the standard way";
  if (calls(reverted, "WrongLength(bool,uint256,uint256)"))
    return "public inputs or outputs of another length than the model's";
  if (calls(reverted, "InnerCallFailed(address)"))
    return "an inner call ran out of gas, or met another contract than it should";
  for (const auto& [signature, text_at] :
       {std::pair("BadProgram(string)", kWord), std::pair("BadInstruction(uint256,string)", 2 * kWord)}) {
    if (!calls(reverted, signature)) continue;
    const ByteView arguments = reverted.subspan(kSelector);
    const std::optional<std::uint64_t> size = evm::word_at(arguments, text_at);
    const std::string refused = "no program that the registry takes";
    if (!size.has_value() || *size > arguments.size() - text_at - kWord) return refused;
    const std::size_t shown = std::min<std::size_t>(*size, 255);
    return refused + ": " + printable({reinterpret_cast<const char*>(arguments.data()) + text_at + kWord, shown});
  }
  return "";
}

EvmDataGas evm_data_gas(ByteView calldata) {
  EvmDataGas gas;
  for (const std::uint8_t byte : calldata) {
    gas.data += byte == 0 ? 4 : 16;
    gas.floor += byte == 0 ? 10 : 40;
  }
  return gas;
}

bool evm_fits_transaction(ByteView calldata) { return calldata.size() + kTransactionHead <= kMaxEvmTransactionBytes; }

}  // namespace zkinfer
