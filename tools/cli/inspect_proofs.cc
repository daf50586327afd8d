// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "evaluation_output.h"
#include "files.h"
#include "inspect.h"
#include "key_rows.h"
#include "outputs.h"
#include "result_json.h"
#include "text.h"
#include "zkinfer/hex.h"
#include "zkinfer/inspect.h"
#include "zkinfer/proof_parts.h"
#include "zkinfer/result_json.h"
#include "zkinfer/seats.h"

namespace zkinfer::cli {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;
using Json = nlohmann::ordered_json;

// What a check against a key gave.
void add_verdict(Description& description, const Verdict& verdict, const std::string& hint = {}) {
  description.json["accepted"] = verdict.accepted();
  if (verdict.accepted()) return;
  description.json["reason"] = std::string(reject_reason_name(verdict.reason));
  description.json["where"] = verdict.where;
  if (!hint.empty()) description.facts.emplace_back("to do", hint);
}
std::string checked_text(const Verdict& verdict) {
  return (verdict.accepted() ? "" : "rejected, ") + verdict_text(verdict);
}

// What the bytes say of themselves, for programs; the kind is the description's.
Result<Json> said_json(ByteView bytes) {
  ZKI_ASSIGN_OR_RETURN(const std::string json, inspect_json(bytes));
  Json said = parsed(json);
  said.erase("kind");
  return said;
}

using SizeTable = std::vector<std::pair<std::string, std::size_t>>;

void add_rows(Description& out, std::uint64_t num_rows) {
  out.facts.emplace_back("rows, as it says", human_count(num_rows));
}

// Of a proof or batch, or a bundle with one.
Result<Description> describe_against(const ProofFile& file, const VerificationKey& root, const std::string& key_path) {
  const Bytes& proof = file.content.proof;
  ZKI_ASSIGN_OR_RETURN(const KeyForProof found, key_for_proof(root, key_path, file, {}));
  const std::optional<std::uint64_t> rows = claimed_rows(proof);
  Description out{rows ? "batch proof" : "proof", {}, "", {}, rows ? "batch" : "proof"};
  if (claimed_identity(proof).has_value()) {
    ZKI_ASSIGN_OR_RETURN(out.json, said_json(proof));
  }
  if (rows.has_value()) add_rows(out, *rows);
  out.json["root_identity"] = to_hex(root.info().model_identity);
  if (!found.verdict.accepted()) {
    out.what += " against " + in_quotes(key_path) + ": " + checked_text(found.verdict);
    add_verdict(out, found.verdict, found.hint);
    return out;
  }
  const VerificationKey& key = found.key(root);
  if (!rows.has_value()) out.json["parts"] = Json::array();
  for (const auto& [part, num_bytes] : rows ? SizeTable() : proof_size_table(key, proof)) {
    out.facts.emplace_back(part, human_count(num_bytes) + " bytes");
    out.json["parts"].push_back({{"name", part}, {"part_bytes", num_bytes}});
  }
  const auto beside = [](const TensorPolicy& group) { return group.is_public() && group.hash != TensorHash::kNone; };
  if (beside(key.info().inputs) || beside(key.info().outputs)) {
    out.what += " against " + in_quotes(key_path) +
                ": not checked here, which needs the data beside the proof (`zkinfer verify`)";
    return out;
  }
  const VerifyRequest request = VerifyRequest::uncertified();
  ZKI_ASSIGN_OR_RETURN(const Verdict verdict, within_limits(file.name, rows ? verify_batch(key, proof, request).verdict
                                                                            : verify(key, proof, request).verdict));
  out.what += " against " + in_quotes(key_path) + ": " + checked_text(verdict);
  add_verdict(out, verdict);
  return out;
}

// Only a key says how long a proof or a certificate of it must be.
constexpr char kWholeness[] = "cannot be told without its key: give it with --key";

Result<Description> describe_bare_proof(ByteView proof) {
  const std::optional<Digest> identity = claimed_identity(proof);
  if (!identity.has_value()) return corrupt("proof: it is cut off in its header");
  const std::optional<std::uint64_t> rows = claimed_rows(proof);
  Description out{rows ? "batch proof" : "proof",
                  {{"says it is for the key", to_hex(*identity)},
                   {"whether it is whole", kWholeness},
                   {"use", rows ? "`zkinfer verify` checks it and prints its rows"
                                : "`zkinfer verify` checks it; with --key its parts are shown"}},
                  "",
                  {},
                  rows ? "batch" : "proof"};
  ZKI_ASSIGN_OR_RETURN(out.json, said_json(proof));
  if (rows.has_value()) add_rows(out, *rows);
  return out;
}

}  // namespace

Result<Description> describe_proof(ByteView bytes, const InspectArguments& arguments) {
  if (arguments.key_path.empty()) return describe_bare_proof(bytes);
  ZKI_ASSIGN_OR_RETURN(const VerificationKey root, load_key(arguments.key_path, 0, arguments.limits));
  return describe_against({arguments.path, {{}, {}, Bytes(bytes.begin(), bytes.end())}}, root, arguments.key_path);
}

// Checked by `verify`, which needs the data set.
Result<Description> describe_evaluation(ByteView bytes) {
  const std::optional<EvaluationInfo> info = claimed_evaluation(bytes);
  if (!info.has_value()) return corrupt("evaluation: it is cut off or damaged in its header");
  Description out{
      "evaluation",
      {{"says it is for the key", to_hex(info->identity)},
       {"metric, as it says", metric_name(info->metric)},
       {"data set, as it says", to_hex(info->data_set)},
       {"rows, as it says", human_count(info->num_rows) + ", " + human_count(info->chunk_rows) + " a proof"},
       {"use", "`zkinfer verify --data` checks it and prints what was counted"}},
      "",
      {},
      "evaluation"};
  ZKI_ASSIGN_OR_RETURN(out.json, said_json(bytes));
  return out;
}

// Checked by `verify`, which needs a seat and its owner's data.
Result<Description> describe_joint(ByteView bytes) {
  ZKI_ASSIGN_OR_RETURN(const JointOutline outline, outline_of_joint(bytes));
  Description out{"joint proof",
                  {{"says it is for the key", to_hex(outline.identity)},
                   {"seats, as it says", human_count(outline.num_seats)},
                   {"root of the seats, as it says", to_hex(outline.root)},
                   {"slot", std::to_string(outline.slot)},
                   {"use", "who has a seat in it checks his own request: `zkinfer verify --seat`"}},
                  "",
                  {},
                  "joint_proof"};
  ZKI_ASSIGN_OR_RETURN(out.json, said_json(bytes));
  return out;
}

Result<Description> describe_seat(ByteView bytes) {
  ZKI_ASSIGN_OR_RETURN(const SeatOutline outline, outline_of_seat(bytes));
  Description out{
      "seat (secret)",
      {{"seat", std::to_string(outline.index) + " of " + human_count(outline.num_seats)},
       {"context of its owner's request", context_text(Bytes(outline.context.begin(), outline.context.end()))},
       {"use",
        "lets its owner check his request of a joint proof: `zkinfer verify --seat`; with proof and key "
        "whoever has it can try what the request may have been"}},
      "",
      {},
      "seat"};
  ZKI_ASSIGN_OR_RETURN(out.json, said_json(bytes));
  return out;
}

Result<Description> describe_encryption(ByteView bytes) {
  const std::optional<SealedInfo> info = claimed_encryption(bytes);
  if (!info.has_value()) return corrupt("encryption proof: it is cut off or damaged in its header");
  Description out{"encryption proof",
                  {{"says it is for the key", to_hex(info->identity)},
                   {"sale, as it says", context_text(Bytes(info->sale.begin(), info->sale.end()))},
                   {"c1, as it says", to_hex(info->c1)},
                   {"c2, as it says", to_hex(info->c2)},
                   {"ciphertext root, as it says", to_hex(info->root)},
                   {"use", "`zkinfer verify-sealed` checks it with the sealed weights"}},
                  "",
                  {},
                  "encryption_proof"};
  out.json = {{"claimed_identity", to_hex(info->identity)},
              {"sale", to_hex(info->sale)},
              {"c1", to_hex(info->c1)},
              {"c2", to_hex(info->c2)},
              {"ciphertext_root", to_hex(info->root)}};
  return out;
}

Result<Description> describe_data_set(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(const DataSet data, load_data_set(path));
  Description out{"data set", data_set_rows(data), "", {}, "data_set"};
  out.json = data_set_json(data);
  return out;
}

// A certificate names no key. That of the same name is tried where none is given.
Result<Description> describe_certificate(ByteView bytes, const InspectArguments& arguments) {
  Description out{"certificate", {}, "", {}, "certificate"};
  ZKI_ASSIGN_OR_RETURN(out.json, said_json(bytes));
  const std::uint64_t slot = out.json["slot"];
  std::string key_path = arguments.key_path;
  std::error_code error;
  const std::string usual = with_extension(arguments.path, ".zkkey");
  if (key_path.empty() && std::filesystem::is_regular_file(usual, error)) key_path = usual;
  if (key_path.empty()) {
    out.facts = {{"slot of its commitment", std::to_string(slot)},
                 {"whose it is, and whether it is whole", kWholeness},
                 {"use", "shows that the weights of one key lie in their ranges: `zkinfer verify --certificate`"}};
    return out;
  }
  ZKI_ASSIGN_OR_RETURN(const VerificationKey key, load_key(key_path, 0, arguments.limits));
  ZKI_ASSIGN_OR_RETURN(const Verdict verdict, within_limits(arguments.path, verify_certificate(key, bytes)));
  out.what += " against " + in_quotes(key_path) + ": " + checked_text(verdict);
  out.facts = {{"identity of that key", to_hex(key.info().model_identity)},
               {"slot of its commitment", std::to_string(slot)}};
  out.json["identity"] = to_hex(key.info().model_identity);
  add_verdict(out, verdict);
  return out;
}

Result<Description> describe_path(ByteView bytes, const InspectArguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const PathOutline outline, outline_of_path(bytes));
  Description out{
      "path",
      {{"from the root key", to_hex(outline.root_identity)}, {"keys on the way", std::to_string(outline.num_steps)}},
      "",
      {},
      "path"};
  ZKI_ASSIGN_OR_RETURN(out.json, said_json(bytes));
  if (outline.num_commitments > 1)
    out.facts.emplace_back("commitments of each", human_count(outline.num_commitments) + ", of a model that is cut");
  if (arguments.key_path.empty()) {
    out.facts.emplace_back("use",
                           "leads to a key that serves, which --key with the root key shows: `zkinfer verify-path`");
    return out;
  }
  ZKI_ASSIGN_OR_RETURN(const VerificationKey root, load_key(arguments.key_path, 0, arguments.limits));
  PathResult path = verify_path(root, bytes);
  ZKI_ASSIGN_OR_RETURN(path.verdict, within_limits(arguments.path, std::move(path.verdict)));
  out.what += " from " + in_quotes(arguments.key_path) + ": " + checked_text(path.verdict);
  if (path.verdict.accepted()) {
    out.facts.emplace_back("to the serving key", to_hex(path.key->info().model_identity));
    out.json["serving_identity"] = to_hex(path.key->info().model_identity);
  }
  add_verdict(out, path.verdict);
  return out;
}

Result<Description> describe_bundle(ByteView bytes, const InspectArguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const ProofBundle bundle, parse_bundle(bytes));
  ZKI_ASSIGN_OR_RETURN(const Json said, said_json(bytes));
  Description out;
  if (arguments.key_path.empty()) {
    ZKI_ASSIGN_OR_RETURN(out, describe_bare_proof(bundle.proof));
  } else {
    ZKI_ASSIGN_OR_RETURN(const VerificationKey root, load_key(arguments.key_path, 0, arguments.limits));
    ZKI_ASSIGN_OR_RETURN(out, describe_against({arguments.path, bundle}, root, arguments.key_path));
  }
  const auto size = [](const Bytes& part) { return part.empty() ? "none" : human_bytes(part.size()); };
  Rows rows = {{"proof", size(bundle.proof)}, {"path", size(bundle.path)}, {"certificate", size(bundle.certificate)}};
  if (!bundle.path.empty()) {
    rows.emplace_back("its path is from the root key", said["root_identity"]);
  }
  rows.insert(rows.end(), out.facts.begin(), out.facts.end());
  out.facts = std::move(rows);
  out.what = "bundle with a " + out.what;
  out.kind = "bundle";
  out.json.update(said);
  return out;
}

Result<Description> describe_audit_key(ByteView bytes) {
  ZKI_ASSIGN_OR_RETURN(const AuditKeyOutline outline, outline_of_audit_key(bytes));
  Description out{"audit key (secret)", {{"of the key", to_hex(outline.identity)}}, "", {}, "audit_key"};
  if (outline.num_segments > 1) out.facts.emplace_back("segments", human_count(outline.num_segments));
  out.facts.emplace_back("use",
                         "shows an auditor who has the model that the key commits to it: `zkinfer commitment check`");
  out.json = {{"identity", to_hex(outline.identity)}, {"segments", outline.num_segments}};
  return out;
}

Result<Description> describe_plan(ByteView bytes) {
  ZKI_ASSIGN_OR_RETURN(const PlanOutline outline, outline_of_plan(bytes));
  return Description{
      "proof plan (secret)",
      {{"of the key", to_hex(outline.identity)},
       {"slot", std::to_string(outline.slot)},
       {"segments", human_count(outline.num_segments)},
       {"use", "holds an input, and what its proof begins with: `zkinfer prove --plan` proves each segment"}},
      "",
      {},
      "proof_plan",
      {{"identity", to_hex(outline.identity)}, {"slot", outline.slot}, {"segments", outline.num_segments}}};
}

Result<Description> describe_part(ByteView bytes) {
  ZKI_ASSIGN_OR_RETURN(const PartOutline outline, outline_of_part(bytes));
  return Description{"proof part",
                     {{"says it is for the key", to_hex(outline.identity)},
                      {"slot", std::to_string(outline.slot)},
                      {"segment", std::to_string(outline.segment + 1) + " of " + std::to_string(outline.num_segments)},
                      {"use", "`zkinfer join` makes the proof of one part of each segment"}},
                     "",
                     {},
                     "proof_part",
                     {{"claimed_identity", to_hex(outline.identity)},
                      {"slot", outline.slot},
                      {"segment", outline.segment + 1},
                      {"segments", outline.num_segments}}};
}

}  // namespace zkinfer::cli
