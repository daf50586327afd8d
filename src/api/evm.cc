// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/evm.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "api/key_impl.h"
#include "evm/abi.h"
#include "evm/program.h"
#include "evm/publics.h"
#include "hash/keccak.h"
#include "statement/canonical_bytes.h"

namespace zkinfer {

namespace {

using evm::append;

constexpr std::string_view kModelTag = "zkinfer evm model";
constexpr std::string_view kVerify = "verify(bytes32,bytes,bytes,bytes,bytes32)";

ByteView bytes_of(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

}  // namespace

Digest evm_model_id(ByteView identity, ByteView program) {
  Bytes named;
  append(named, bytes_of(kModelTag));
  append(named, identity);
  append(named, keccak256(program));
  return keccak256(named);
}

Result<EvmProgram> evm_program(const VerificationKey& key) {
  const verifier::PreparedKey& prepared = api::impl(key).prepared;
  EvmProgram program;
  ZKI_ASSIGN_OR_RETURN(program.bytes, evm::program_bytes(prepared));
  if (program.bytes.size() > kMaxEvmProgramBytes) {
    return resource_limit("the verification program of this key has " + std::to_string(program.bytes.size()) +
                          " bytes, and registries take up to " + std::to_string(kMaxEvmProgramBytes) +
                          "; a smaller model has a smaller one");
  }
  program.identity = prepared.identity;
  program.model_id = evm_model_id(program.identity, program.bytes);
  return program;
}

Result<Bytes> evm_calldata(const VerificationKey& key, const EvmProgram& program, ByteView proof,
                           const std::vector<KnownTensor>& inputs, const std::vector<KnownTensor>& outputs) {
  const verifier::PreparedKey& prepared = api::impl(key).prepared;
  const qir::QGraph& graph = prepared.key.graph;
  statement::PublicValues beside;
  std::size_t next = 0;
  for (const auto& [id, policy] : qir::seen_tensors(graph, prepared.key.visibility)) {
    const bool is_output = next < graph.outputs.size();
    const std::size_t index = is_output ? next : next - graph.outputs.size();
    ++next;
    if (!policy.is_public() || policy.in_proof()) continue;
    const std::vector<KnownTensor>& known = is_output ? outputs : inputs;
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&](const KnownTensor& one) { return one.index == index && one.data.has_value(); });
    if (found == known.end())
      return invalid_argument("value '" + graph.value(id).name + "': the proof holds only its hash; give its data");
    ZKI_ASSIGN_OR_RETURN(std::vector<std::int64_t> values,
                         statement::parse_canonical_bytes(graph.value(id), *found->data));
    beside.push_back(std::move(values));
  }
  statement::Header header;
  if (const Verdict verdict = verifier::verify(prepared, proof, beside, &header); !verdict.accepted())
    return invalid_argument("no contract accepts this proof: " + verdict.to_string());
  const evm::Publics publics = evm::publics_of(prepared.key, header.data);
  const std::array<ByteView, 3> arguments = {publics.inputs, publics.outputs, proof};
  Bytes out;
  const Digest selector = keccak256(bytes_of(kVerify));
  append(out, ByteView(selector).first(4));
  append(out, program.model_id);
  std::uint64_t offset = 5 * evm::kWord;
  for (const ByteView argument : arguments) {
    evm::append_word(out, offset);
    offset = evm::behind(offset, argument);
  }
  append(out, header.context);
  for (const ByteView argument : arguments) evm::append_padded(out, argument);
  return out;
}

}  // namespace zkinfer
