// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/result_json.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/json_text.h"
#include "formats/frame.h"
#include "zkinfer/bundle.h"
#include "zkinfer/cid.h"
#include "zkinfer/evaluation.h"
#include "zkinfer/formats.h"
#include "zkinfer/hex.h"
#include "zkinfer/inspect.h"
#include "zkinfer/seats.h"

namespace zkinfer {

std::string tensor_policy_text(const TensorPolicy& group) {
  const std::string exposure = group.is_public() ? "public" : group.is_committed() ? "committed" : "private";
  if (group.hash == TensorHash::kNone) return exposure;
  return exposure + (group.hash == TensorHash::kSha256 ? ":sha256" : ":keccak256");
}

std::string profile_text(Profile profile) {
  return profile == Profile::kBalanced ? "balanced" : profile == Profile::kFast ? "fast" : "small";
}

std::string_view rejection_hint(RejectReason reason) {
  switch (reason) {
    case RejectReason::kNone: return "";
    case RejectReason::kBadHeader: return "This is no proof of this version, or its first bytes were changed.";
    case RejectReason::kWrongStatement:
      return "The proof was made under another key, or for other inputs, outputs or another context than what you "
             "check.";
    case RejectReason::kTruncated:
      return "Bytes are missing: the file was cut off, or is for a model with a longer proof.";
    case RejectReason::kTrailingBytes: return "There are bytes after the proof's end.";
    case RejectReason::kBadPublicValue:
      return "A public value is missing, of another size, outside its range, or has another hash than the proof says: "
             "the proof was changed, or the data given beside it are about something else.";
    case RejectReason::kNonCanonical:
    case RejectReason::kMerklePath:
    case RejectReason::kOpening:
    case RejectReason::kMaskCodeword:
    case RejectReason::kFinalCheck: return "The proof was changed, or whoever made it did not run this model.";
    // The first check that depends on everything before it: key, context and outputs enter the challenges.
    case RejectReason::kZeroDenominator:
    case RejectReason::kSumcheck:
    case RejectReason::kProofOfWork:
      return "Key, outputs and proof do not belong together: another model's key, or changed outputs.";
    case RejectReason::kUncertified:
      return "Without a certificate the weights may be any field elements, and the model no integer network.";
    case RejectReason::kLink: return "Each proof may be right by itself, but one is not about what the other gave.";
    case RejectReason::kOverLimit: return "It was not looked at: that would cost more than the limits allow.";
  }
  return "";
}

std::vector<std::pair<std::string, std::string>> digest_rows(TensorHash hash, const Digest& digest) {
  if (hash != TensorHash::kSha256) return {{"keccak256", to_hex(digest)}};
  return {{"sha256", to_hex(digest)}, {"cid", cid_of_sha256(digest)}};
}

std::string context_json(ByteView context) {
  if (std::ranges::count(context, 0) == std::ssize(context)) return "null";
  return json_text("hex:" + to_hex(context));
}

namespace {

std::string tensor_json(const TensorInfo& tensor) {
  JsonObject json;
  json.text("name", tensor.name);
  json.add("shape", json_numbers(tensor.shape));
  json.integer("lo", tensor.format.lo);
  json.integer("hi", tensor.format.hi);
  json.real("scale", tensor.format.scale());
  return std::move(json).take();
}

// {"kind":..} and the members of `object`, which has some.
std::string with_kind(const char* kind, const std::string& object) {
  return json_joined("{\"kind\":" + json_text(kind) + "}", object);
}

}  // namespace

std::string tensor_infos_json(std::span<const TensorInfo> tensors) {
  JsonList list;
  for (const TensorInfo& tensor : tensors) list.add(tensor_json(tensor));
  return std::move(list).take();
}

std::string key_json(const KeyInfo& info) {
  JsonObject json;
  json.text("model", info.model_name);
  json.text("identity", to_hex(info.model_identity));
  json.text("root_identity", to_hex(info.root_identity));
  json.number("depth", info.depth);
  json.text("structure", to_hex(info.structure_digest));
  json.number("parameters", info.num_parameters);
  json.number("segments", info.num_segments);
  json.real("security_bits", info.security_bits);
  json.number("pow_bits", info.pow_bits);
  json.text("profile", profile_text(info.profile));
  json.real("verify_seconds_at_most", static_cast<double>(info.verify_cost.nanoseconds) / 1e9);
  json.number("verify_memory_bytes_at_most", info.verify_cost.memory_bytes);
  json.boolean("zero_knowledge", info.zero_knowledge && !info.insecure_seed);
  json.boolean("public_weights", info.public_parameters);
  json.text("inputs_seen", tensor_policy_text(info.inputs));
  json.text("outputs_seen", tensor_policy_text(info.outputs));
  json.boolean("carries_history", info.carries);
  json.number("budget", info.model_budget);
  json.number("tensor_budget", info.tensor_budget);
  json.add("inputs", tensor_infos_json(info.input_tensors));
  json.add("outputs", tensor_infos_json(info.output_tensors));
  return std::move(json).take();
}

namespace {

JsonObject values_of(std::string_view name, std::span<const std::int64_t> shape, double scale,
                     std::span<const std::int64_t> integers) {
  JsonObject json;
  json.text("name", name);
  json.add("shape", json_numbers(shape));
  json.real("scale", scale);
  json.add("integers", json_numbers(integers));
  JsonList values;
  for (const std::int64_t value : integers) values.add(json_number(static_cast<double>(value) * scale));
  json.add("values", std::move(values).take());
  return json;
}

JsonObject commitment_of(const TensorCommitment& commitment) {
  JsonObject json;
  json.text("commitment", to_hex(commitment.id()));
  json.text("commitment_root", to_hex(commitment.root()));
  json.number("commitment_budget", commitment.budget());
  return json;
}

JsonObject sides_of(const VerifiedRow& row) {
  JsonObject json;
  json.add("outputs", verified_json(row.outputs));
  json.add("inputs", verified_json(row.inputs));
  return json;
}

}  // namespace

std::string values_json(std::string_view name, std::span<const std::int64_t> shape, double scale,
                        std::span<const std::int64_t> integers) {
  return values_of(name, shape, scale, integers).take();
}

std::string commitment_json(const TensorCommitment& commitment) {
  JsonObject json;
  json.add("tensor", tensor_json(commitment.tensor()));
  json.update(commitment_of(commitment));
  return std::move(json).take();
}

std::string verified_json(std::span<const VerifiedTensor> tensors) {
  JsonList list;
  for (const VerifiedTensor& tensor : tensors) {
    JsonObject json;
    if (tensor.group.is_public()) {
      json = values_of(tensor.name, tensor.shape, tensor.format.scale(), tensor.integers);
    } else {
      json.text("name", tensor.name);
      json.add("shape", json_numbers(tensor.shape));
    }
    json.text("seen", tensor_policy_text(tensor.group));
    if (tensor.digest.has_value()) {
      for (const auto& [name, value] : digest_rows(tensor.group.hash, *tensor.digest)) json.text(name, value);
    }
    if (tensor.commitment.has_value()) json.update(commitment_of(*tensor.commitment));
    list.add(std::move(json).take());
  }
  return std::move(list).take();
}

namespace {

JsonObject summary_of(const VerifySummary& result) {
  JsonObject json;
  json.real("security_bits", result.security_bits);
  json.text("weights", weight_evidence_name(result.weights));
  json.boolean("weights_certified", result.weights == WeightEvidence::kCertified);
  json.text("serving_identity", to_hex(result.serving_identity));
  json.number("slot", result.slot);
  json.add("context", context_json(result.context));
  return json;
}

}  // namespace

std::string summary_json(const VerifySummary& result) { return summary_of(result).take(); }

std::string accepted_json(const VerifySummary& result, std::span<const VerifiedRow> rows, bool is_batch) {
  JsonObject json = summary_of(result);
  if (!is_batch) {
    json.update(sides_of(rows.front()));
    return std::move(json).take();
  }
  json.number("num_rows", rows.size());
  JsonList list;
  for (const VerifiedRow& row : rows) list.add(sides_of(row).take());
  json.add("rows", std::move(list).take());
  return std::move(json).take();
}

std::string generation_json(const GenerationResult& generation) {
  const SamplingRule rule = generation.sampling.value_or(SamplingRule{});
  const bool is_drawn = rule.temperature > 0;
  JsonObject json;
  json.text("rule", is_drawn ? "sampled" : "greedy");
  json.real("temperature", rule.temperature / 1024.0);
  json.number("top_k", rule.top_k);
  json.real("top_p", rule.top_p / 65536.0);
  json.real("repetition_penalty", rule.repetition / 1024.0);
  json.add("seed", is_drawn ? json_text(generation.seeded() ? "context" : "chosen by the prover") : "null");
  json.number("num_tokens_before", generation.num_before);
  json.number("num_prompt_tokens", generation.num_prompt);
  json.number("num_answer_tokens", generation.num_answer);
  json.add("prompt_tokens", generation.shown.prompt ? json_numbers(generation.prompt) : "null");
  json.add("answer_tokens", generation.shown.answer ? json_numbers(generation.answer) : "null");
  return std::move(json).take();
}

namespace {

// What a proof or batch says of itself.
Status add_claims(ByteView proof, JsonObject& json) {
  const std::optional<Digest> identity = claimed_identity(proof);
  if (!identity.has_value()) return corrupt("proof: it is cut off in its header");
  json.text("claimed_identity", to_hex(*identity));
  if (const std::optional<std::uint64_t> rows = claimed_rows(proof)) json.number("claimed_rows", *rows);
  return {};
}

Status add_evaluation(ByteView bytes, JsonObject& json) {
  const std::optional<EvaluationInfo> info = claimed_evaluation(bytes);
  if (!info.has_value()) return corrupt("evaluation: it is cut off or damaged in its header");
  json.text("claimed_identity", to_hex(info->identity));
  json.text("metric", metric_name(info->metric));
  json.text("data_set_digest", to_hex(info->data_set));
  json.number("num_rows", info->num_rows);
  json.number("chunk_rows", info->chunk_rows);
  json.boolean("totals_only", info->totals_only);
  json.number("data_set_rows", info->set_rows);
  if (info->is_sampled()) json.text("nonce", to_hex(info->nonce));
  return {};
}

Status add_joint(ByteView bytes, JsonObject& json) {
  ZKI_ASSIGN_OR_RETURN(const JointOutline outline, outline_of_joint(bytes));
  json.text("claimed_identity", to_hex(outline.identity));
  json.number("num_seats", outline.num_seats);
  json.number("slot", outline.slot);
  json.text("seats_root", to_hex(outline.root));
  return {};
}

Status add_seat(ByteView bytes, JsonObject& json) {
  ZKI_ASSIGN_OR_RETURN(const SeatOutline outline, outline_of_seat(bytes));
  json.number("seat", outline.index);
  json.number("num_seats", outline.num_seats);
  json.add("context", context_json(outline.context));
  return {};
}

Status add_bundle(ByteView bytes, JsonObject& json) {
  ZKI_ASSIGN_OR_RETURN(const ProofBundle bundle, parse_bundle(bytes));
  ZKI_RETURN_IF_ERROR(add_claims(bundle.proof, json));
  if (!bundle.path.empty()) {
    ZKI_RETURN_IF_ERROR(check_frame(FileKind::kPath, bundle.path));
    ZKI_ASSIGN_OR_RETURN(const PathOutline outline, outline_of_path(bundle.path));
    json.text("root_identity", to_hex(outline.root_identity));
  }
  json.number("proof_bytes", bundle.proof.size());
  json.number("path_bytes", bundle.path.size());
  json.number("certificate_bytes", bundle.certificate.size());
  return {};
}

Status add_certificate(ByteView bytes, JsonObject& json) {
  ByteReader reader(bytes);
  reader.raw(kFrameBytes);
  const std::uint64_t slot = reader.u64();
  reader.blob(1 << 16);
  if (!reader.ok() || reader.remaining() == 0) return corrupt("certificate: it is cut off or damaged");
  json.number("slot", slot);
  return {};
}

Status add_path(ByteView bytes, JsonObject& json) {
  ZKI_ASSIGN_OR_RETURN(const PathOutline outline, outline_of_path(bytes));
  json.text("root_identity", to_hex(outline.root_identity));
  json.number("depth", outline.num_steps);
  json.number("commitments", outline.num_commitments);
  return {};
}

}  // namespace

Result<std::string> inspect_json(ByteView bytes, const VerifyLimits& limits) {
  const FileFormat* format = find_format(bytes);
  const FileKind kind = format == nullptr ? FileKind{} : format->kind;
  JsonObject said;
  const auto as = [&](const char* name, const Status& status) -> Result<std::string> {
    ZKI_RETURN_IF_ERROR(status);
    return with_kind(name, std::move(said).take());
  };
  if (kind == FileKind::kKey) {
    ZKI_ASSIGN_OR_RETURN(const VerificationKey key, VerificationKey::from_bytes(bytes, 0, limits));
    return with_kind("key", key_json(key.info()));
  }
  if (kind == FileKind::kTensorCommitment) {
    ZKI_ASSIGN_OR_RETURN(const TensorCommitment commitment, TensorCommitment::from_bytes(bytes));
    return with_kind("tensor_commitment", commitment_json(commitment));
  }
  if (kind == FileKind::kBundle) return as("bundle", add_bundle(bytes, said));
  constexpr std::array kOthers = {FileKind::kProof, FileKind::kBatch, FileKind::kCertificate, FileKind::kEvaluation,
                                  FileKind::kPath,  FileKind::kJoint, FileKind::kSeat};
  if (std::ranges::find(kOthers, kind) == kOthers.end()) {
    return invalid_argument(
        "expected a key (.zkkey), proof, batch, evaluation, joint proof, seat, bundle, certificate, path or tensor "
        "commitment of zkinfer, got " +
        (format == nullptr ? std::string(bytes.empty() ? "no bytes at all" : "bytes that begin like none of its files")
                           : std::string(format->article()) + " " + std::string(format->name) + " (" +
                                 std::string(format->extension) + ")"));
  }
  ZKI_RETURN_IF_ERROR(check_frame(kind, bytes));
  if (kind == FileKind::kEvaluation) return as("evaluation", add_evaluation(bytes, said));
  if (kind == FileKind::kJoint) return as("joint_proof", add_joint(bytes, said));
  if (kind == FileKind::kSeat) return as("seat", add_seat(bytes, said));
  if (kind == FileKind::kCertificate) return as("certificate", add_certificate(bytes, said));
  if (kind == FileKind::kPath) return as("path", add_path(bytes, said));
  return as(kind == FileKind::kBatch ? "batch" : "proof", add_claims(bytes, said));
}

}  // namespace zkinfer
