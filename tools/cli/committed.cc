// SPDX-License-Identifier: Apache-2.0
#include "committed.h"

#include <algorithm>

#include <sys/stat.h>

#include "base/files.h"
#include "files.h"
#include "machine.h"
#include "new_secret.h"
#include "output_files.h"
#include "output_names.h"
#include "print.h"
#include "stopwatch.h"
#include "text.h"
#include "trust.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {

CommitmentTree::Told told(const Session& session, ProgressLine& progress, double end) {
  CommitmentTree::Told out;
  out.progress = progress.callback(0, end);
  if (!session.quiet) {
    out.notice = [&progress](const std::string& text) {
      progress.clear();
      note("zkinfer: {}\n", text);
    };
  }
  return out;
}

Status refuse_below_root(CommitmentRole role, const std::string& secret_path) {
  if (role == CommitmentRole::kSingle || role == CommitmentRole::kRoot) return ok_status();
  return invalid_argument("'" + secret_path +
                          "' is the secret of a commitment below a root; give the root's, beside the folder");
}

Result<Committed> Committed::open(const Model& model, const std::string& secret_path, const Progress& progress) {
  ZKI_RETURN_IF_ERROR(NewSecret::refuse_unfinished(secret_path));
  {
    ZKI_ASSIGN_OR_RETURN(const SlotFile file, SlotFile::open(secret_path, kModelSecretFile));
    const Result<CommitmentInfo> info = read_commitment_secret(file.payload());
    if (!info.ok()) return info.status().with_context("'" + secret_path + "'");
    ZKI_RETURN_IF_ERROR(refuse_below_root(info->role, secret_path));
  }
  ZKI_ASSIGN_OR_RETURN(Prover prover, Prover::open(model, secret_path, progress));
  Result<VerificationKey> key = VerificationKey::from_bytes(prover.verification_key(), 0, kNoVerifyLimits);
  if (!key.ok()) return internal_error("the key does not read back: " + key.status().to_string());
  if (key->info().insecure_seed) {
    return invalid_argument("'" + secret_path +
                            "': made with a fixed seed, for tests and benchmarks; its proofs would hide nothing");
  }
  return Committed(std::move(prover), std::move(key).value(), secret_path);
}

Result<std::optional<std::uint64_t>> Committed::proofs_left() const {
  if (key_.info().model_budget == 0 || tree_.has_value()) return std::optional<std::uint64_t>();
  ZKI_ASSIGN_OR_RETURN(const SlotFile file, SlotFile::open(secret_path_, kModelSecretFile));
  return std::optional(file.slots().num_left(SlotUse::kProof));
}

namespace {

// Whose secret it is; nothing below a root.
Result<CommitmentRole> role_of(const std::string& secret_path) {
  ZKI_RETURN_IF_ERROR(NewSecret::refuse_unfinished(secret_path));
  ZKI_ASSIGN_OR_RETURN(const SlotFile file, SlotFile::open(secret_path, kModelSecretFile));
  const Result<CommitmentInfo> info = read_commitment_secret(file.payload());
  if (!info.ok()) return info.status().with_context("'" + secret_path + "'");
  ZKI_RETURN_IF_ERROR(refuse_below_root(info->role, secret_path));
  return info->role;
}

}  // namespace

Result<Committed> Committed::under_root(const Model& model, const std::string& secret_path, CommitmentTree tree,
                                        Result<CommitmentTree::Serving> serving, const CommitmentTree::Told& told) {
  if (!serving.ok()) return serving.status();
  Committed committed(std::move(serving->prover), std::move(serving->key), secret_path);
  committed.path_ = std::move(serving->path);
  committed.node_name_ = serving->node.name;
  committed.model_ = &model;
  committed.tree_ = std::move(tree);
  committed.told_ = told;
  return committed;
}

Result<Committed> Committed::serve(const Model& model, const std::string& secret_path,
                                   const CommitmentTree::Told& told) {
  ZKI_ASSIGN_OR_RETURN(const CommitmentRole role, role_of(secret_path));
  if (role == CommitmentRole::kSingle) return open(model, secret_path, told.progress);
  ZKI_ASSIGN_OR_RETURN(CommitmentTree tree, CommitmentTree::open(secret_path));
  Result<CommitmentTree::Serving> serving = tree.serve(model, told);
  return under_root(model, secret_path, std::move(tree), std::move(serving), told);
}

Result<Committed> Committed::planned(const Model& model, const std::string& secret_path, const Digest& identity,
                                     const CommitmentTree::Told& told) {
  ZKI_ASSIGN_OR_RETURN(const CommitmentRole role, role_of(secret_path));
  if (role == CommitmentRole::kSingle) return open(model, secret_path, told.progress);
  ZKI_ASSIGN_OR_RETURN(CommitmentTree tree, CommitmentTree::open(secret_path));
  Result<CommitmentTree::Serving> serving = tree.serving(model, identity, told);
  return under_root(model, secret_path, std::move(tree), std::move(serving), told);
}

template <class Prove>
auto Committed::under_next(const Prove& prove) -> decltype(prove()) {
  for (;;) {
    auto result = prove();
    if (result.ok() || !tree_.has_value() || result.status().code() != StatusCode::kResourceLimit) return result;
    // Used up, perhaps by others meanwhile; or it is a committed input that has no slot left.
    ZKI_ASSIGN_OR_RETURN(const std::vector<CommitmentTree::Node> nodes, tree_->nodes());
    const auto node = std::ranges::find(nodes, node_name_, &CommitmentTree::Node::name);
    if (node != nodes.end() && node->num_proofs_left > 0) return result;
    ZKI_ASSIGN_OR_RETURN(CommitmentTree::Serving serving, tree_->serve(*model_, told_));
    move_to(std::move(serving));
  }
}

Result<ProofResult> Committed::prove(const ProveRequest& request) {
  return under_next([&] { return prover_.prove(request); });
}
Result<Bytes> Committed::plan(const ProveRequest& request, std::vector<Clipping>& clipping) {
  return under_next([&] { return prover_.plan_proof(request, clipping); });
}
Result<BatchResult> Committed::prove_batch(const BatchRequest& request) {
  return under_next([&] { return prover_.prove_batch(request); });
}

void Committed::move_to(CommitmentTree::Serving serving) {
  prover_ = std::move(serving.prover);
  key_ = std::move(serving.key);
  path_ = std::move(serving.path);
  node_name_ = serving.node.name;
}

namespace {

constexpr const char* kLargerChunks = "use larger chunks (--chunk)";
constexpr const char* kLargerBudget = "commit with more (`zkinfer commit --budget`)";

}  // namespace

Result<std::uint64_t> Committed::prepare_evaluation(const EvaluationRequest& request) {
  ZKI_ASSIGN_OR_RETURN(const std::uint64_t num_chunks, prover_.evaluation_chunks(request));
  ZKI_RETURN_IF_ERROR(prepare_slots(num_chunks, "the evaluation", kLargerChunks));
  return num_chunks;
}

// Slots are taken before anything is computed, so what was too late costs nothing.
template <class Prove>
auto Committed::with_slots(std::uint64_t count, const std::string& what, const std::string& remedy, const Prove& prove)
    -> decltype(prove()) {
  for (;;) {
    auto result = prove();
    if (result.ok() || result.status().code() != StatusCode::kResourceLimit || key_.info().model_budget == 0)
      return result;
    if (tree_.has_value()) {
      ZKI_ASSIGN_OR_RETURN(const std::vector<CommitmentTree::Node> nodes, tree_->nodes());
      const auto node = std::ranges::find(nodes, node_name_, &CommitmentTree::Node::name);
      if (node != nodes.end() && node->num_proofs_left >= count) return result;
    } else {
      ZKI_ASSIGN_OR_RETURN(const std::optional<std::uint64_t> num_left, proofs_left());
      if (!num_left.has_value() || *num_left >= count) return result;
    }
    // Says what is wrong where there are none.
    ZKI_RETURN_IF_ERROR(prepare_slots(count, what, remedy));
  }
}

Result<EvaluationProof> Committed::evaluate(const EvaluationRequest& request, std::uint64_t num_chunks) {
  return with_slots(num_chunks, "the evaluation", kLargerChunks, [&] { return prover_.evaluate(request); });
}
Result<SealedModel> Committed::seal(const SealRequest& request, std::uint64_t num_chunks) {
  return with_slots(num_chunks, "sealing", kLargerBudget, [&] { return prover_.seal(request); });
}

Result<std::uint64_t> Committed::prepare_sealing(const SealRequest& request) {
  ZKI_ASSIGN_OR_RETURN(const std::uint64_t num_chunks, prover_.seal_chunks(request));
  ZKI_RETURN_IF_ERROR(prepare_slots(num_chunks, "sealing", kLargerBudget));
  return num_chunks;
}

Status Committed::prepare_slots(std::uint64_t count, const std::string& what, const std::string& remedy) {
  if (key_.info().model_budget == 0) return ok_status();
  const auto too_few = [&](std::uint64_t num_left) {
    return resource_limit(what + " takes " + std::to_string(count) +
                          " slots of one commitment, a proof each, and there are " + std::to_string(num_left) + "; " +
                          remedy);
  };
  if (!tree_.has_value()) {
    ZKI_ASSIGN_OR_RETURN(const std::optional<std::uint64_t> num_left, proofs_left());
    return num_left.has_value() && *num_left < count ? too_few(*num_left) : ok_status();
  }
  // A fresh one has all but the slot that made it and those kept for rotations.
  for (bool is_fresh = count >= key_.info().model_budget;; is_fresh = true) {
    ZKI_ASSIGN_OR_RETURN(const std::vector<CommitmentTree::Node> nodes, tree_->nodes());
    const auto node = std::ranges::find(nodes, node_name_, &CommitmentTree::Node::name);
    const std::uint64_t num_left = node != nodes.end() ? node->num_proofs_left : 0;
    if (num_left >= count) return ok_status();
    if (is_fresh) return too_few(num_left);
    ZKI_ASSIGN_OR_RETURN(CommitmentTree::Serving serving, tree_->rotate(*model_, told_));
    move_to(std::move(serving));
  }
}

std::uint64_t Committed::proof_room(std::size_t num_rows) const {
  // The opening is most of it; the messages before grow with the circuit's depth, a row's statement with its tensors.
  constexpr std::uint64_t kMessages = std::uint64_t{1} << 16, kRow = std::uint64_t{1} << 12;
  return 2 * prover_.price().opening_bytes + kMessages + kRow * num_rows;
}

Status Committed::after_proof(const Status& status) const {
  return status.ok() || key_.info().model_budget == 0 ? status : with_slot_spent(status);
}

void Committed::rotate_ahead() {
  if (!tree_.has_value()) return;
  const Result<bool> made = tree_->rotate_ahead(*model_, told_);
  if (!made.ok()) {
    note("zkinfer: the next serving commitment could not be made ahead of need: {}\n", made.status().to_string());
  }
}

namespace {

constexpr char kPathOption[] = "the proof's path";

std::string path_file_for(const std::string& proof_path, const Committed& committed) {
  if (!is_named_file(proof_path)) return committed.path_file();
  const std::size_t slash = proof_path.find_last_of('/');
  const std::string folder = slash == std::string::npos ? "" : proof_path.substr(0, slash + 1);
  return folder + path_file_name(committed.key().info().model_identity);
}

bool is_there(const std::string& path, const Committed& committed) {
  struct stat entry {};
  if (::stat(path.c_str(), &entry) != 0 || !S_ISREG(entry.st_mode)) return false;
  const Result<Bytes> there = read_file(path, kMaxProofBytes);
  return there.ok() && *there == committed.path();
}

}  // namespace

Status check_path_beside(const std::string& proof_path, const Committed& committed) {
  const std::string path = path_file_for(proof_path, committed);
  if (is_there(path, committed)) return {};
  // Nobody named it, so it replaces nothing but a file.
  OutputFiles checked;
  checked.add_checked(kPathOption, path, FileKind::kPath);
  ZKI_RETURN_IF_ERROR(checked.prepare());
  OutputFiles files;
  const OutputFiles::Id id = files.add(kPathOption, path, FileKind::kPath);
  ZKI_RETURN_IF_ERROR(files.prepare());
  return files.reserve(id, committed.path().size());
}

Result<std::string> write_path_beside(const std::string& proof_path, const Committed& committed) {
  const std::string path = path_file_for(proof_path, committed);
  if (is_there(path, committed)) return path;
  ZKI_RETURN_IF_ERROR(check_path_beside(proof_path, committed));
  OutputFiles files;
  const OutputFiles::Id id = files.add(kPathOption, path, FileKind::kPath);
  ZKI_RETURN_IF_ERROR(files.prepare());
  ZKI_RETURN_IF_ERROR(files.write(id, committed.path()));
  // Others who prove at the same time put the same path there.
  if (const Status status = files.publish(); !status.ok() && !is_there(path, committed)) return status;
  return path;
}

void add_serving(nlohmann::ordered_json& json, const VerifySummary& check, const std::string& path_file,
                 std::size_t path_bytes) {
  json["root_identity"] = to_hex(check.root_identity);
  json["serving_identity"] = to_hex(check.serving_identity);
  if (path_file.empty()) return;
  json["path"] = path_file;
  json["path_bytes"] = path_bytes;
}

void add_totals(nlohmann::ordered_json& json, double restore_seconds) {
  json["total_seconds"] = process_seconds();
  json["restore_seconds"] = restore_seconds;
  json["peak_memory_bytes"] = peak_memory_bytes();
}

void print_path_beside(const std::string& path_file, std::size_t num_bytes) {
  if (path_file.empty()) return;
  print("give along {} ({}, leads from the root's key to this proof; one for many proofs)\n", path_file,
        human_bytes(num_bytes));
}

}  // namespace zkinfer::cli
