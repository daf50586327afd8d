// SPDX-License-Identifier: Apache-2.0
// What keys, proofs and other files say, as JSON: the words of `zkinfer verify --json` and `zkinfer inspect --json` (docs/cli.md), for
// every program that shows them. Component inspect: no verdict needs it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "zkinfer/generation.h"
#include "zkinfer/verify.h"

namespace zkinfer {

// Who sees inputs or outputs, as words: "private", "public", "committed", then perhaps ":sha256" or ":keccak256".
std::string tensor_policy_text(const TensorPolicy& group);
// "balanced", "fast" or "small".
std::string profile_text(Profile profile);
// One sentence on the usual cause of a rejection, for people.
std::string_view rejection_hint(RejectReason reason);
// {"sha256", hexadecimal digits}, or keccak256; of SHA-256 also {"cid", ..}.
std::vector<std::pair<std::string, std::string>> digest_rows(TensorHash hash, const Digest& digest);

// Everything that a key says of itself.
std::string key_json(const KeyInfo& info);
// "hex:00ff..", all 32 bytes; null: the proof is bound to none.
std::string context_json(ByteView context);
// Name, shape, range and scale of each.
std::string tensor_infos_json(std::span<const TensorInfo> tensors);
// Name, shape and scale, the integers and the numbers that they stand for.
std::string values_json(std::string_view name, std::span<const std::int64_t> shape, double scale,
                        std::span<const std::int64_t> integers);
// The tensor that it claims to be of, its name and how many proofs it may serve.
std::string commitment_json(const TensorCommitment& commitment);
// What an accepted proof says of each input or output: name, shape, values, digests, commitments.
std::string verified_json(std::span<const VerifiedTensor> tensors);
// What every accepted proof says: security, weights, key, slot and context.
std::string summary_json(const VerifySummary& result);
// What an accepted proof says, its tensors as "outputs" and "inputs"; of a batch "num_rows" and "rows" with those of each.
std::string accepted_json(const VerifySummary& result, std::span<const VerifiedRow> rows, bool is_batch);
// Of an accepted answer of a language model, without its text, which only a tokenizer tells.
std::string generation_json(const GenerationResult& generation);
// "kind", and what these bytes say of themselves, checked against nothing: a key, proof, batch, evaluation, certificate, path, bundle or tensor commitment.
// corrupt: they are damaged; invalid_argument: none of these.
Result<std::string> inspect_json(ByteView bytes, const VerifyLimits& limits = {});

}  // namespace zkinfer
