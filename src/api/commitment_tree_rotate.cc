// SPDX-License-Identifier: Apache-2.0
// Making a commitment under another one, and a root again from its backup. The order of steps is what keeps a crash from using
// a slot twice or losing the model's name; it is in commitment_tree.h and tested in tests/honest/tree_test.cc.
#include <algorithm>
#include <utility>

#include "api/model_impl.h"
#include "api/secret.h"
#include "api/tree_files.h"
#include "prover/write.h"
#include "slots/durable.h"
#include "slots/slot_ledger.h"
#include "verifier/path.h"
#include "zkinfer/hex.h"
#include "zkinfer/slot_memory.h"

namespace zkinfer {

namespace {

static_assert(kMaxTreeDepth == verifier::kMaxPathSteps);

std::string below(const std::string& name, std::uint64_t slot) {
  return name + (name.empty() ? "" : ".") + std::to_string(slot);
}

// A secret and one rotation of one segment: about 100 to 300 KiB.
constexpr std::size_t kRotationRoom = std::size_t{512} << 10;

// Room on the disk, until what it is for is written.
class KeptRoom {
 public:
  static Result<KeptRoom> make(FileOps& ops, const std::string& path, std::size_t num_bytes) {
    ZKI_RETURN_IF_ERROR(write_durably(ops, path, Bytes(num_bytes, 1)));
    return KeptRoom(ops, path);
  }
  KeptRoom(KeptRoom&& other) noexcept : ops_(std::exchange(other.ops_, nullptr)), path_(std::move(other.path_)) {}
  KeptRoom& operator=(KeptRoom&&) = delete;
  ~KeptRoom() { static_cast<void>(free()); }
  Status free() {
    FileOps* ops = std::exchange(ops_, nullptr);
    return ops != nullptr ? ops->remove(path_) : ok_status();
  }

 private:
  KeptRoom(FileOps& ops, std::string path) : ops_(&ops), path_(std::move(path)) {}

  FileOps* ops_;
  std::string path_;
};

}  // namespace

Status CommitmentTree::remove_unpublished(const std::vector<Node>& nodes) const {
  const auto remove_file = [&](const std::string& path) -> Status {
    ZKI_ASSIGN_OR_RETURN(const FileOps::Facts facts, ops_->facts(path));
    return facts.exists ? ops_->remove(path) : ok_status();
  };
  for (const Node& node : nodes) {
    // A code word can always be made again; where nothing more is proven it only takes room.
    const bool used_up = node.published && node.problem.empty() && node.num_proofs_left == 0;
    if (used_up && !node.name.empty()) ZKI_RETURN_IF_ERROR(remove_file(path_of(node.name, ".zkcode")));
    // A crash before its path: whatever its rotation showed is seen by nobody, and nobody can prove under it.
    if (node.published || !node.problem.empty()) continue;
    const std::string path = path_of(node.name, ".zksecret");
    ZKI_RETURN_IF_ERROR(ops_->remove(path));
    ZKI_RETURN_IF_ERROR(remove_file(path + ".lock"));
    ZKI_RETURN_IF_ERROR(remove_file(path_of(node.name, ".zkcode")));
  }
  return ok_status();
}

Result<CommitmentTree::Serving> CommitmentTree::make_below(const Model& model, const Node& above, CommitmentRole role,
                                                           const Told& told) const {
  ZKI_ASSIGN_OR_RETURN(const Bytes root_bytes, root_key(model));
  ZKI_ASSIGN_OR_RETURN(const VerificationKey root, VerificationKey::from_bytes(root_bytes, 0, kNoVerifyLimits));
  if (root.info().insecure_seed) {
    return invalid_argument("'" + root_path_ +
                            "' was made with a fixed seed, for tests; its descendants are not accepted");
  }
  std::size_t above_bytes = 0;
  verifier::Path path;
  path.root_identity = root.info().model_identity;
  if (!above.name.empty()) {
    const std::string above_path = path_of(above.name, ".zkpath");
    ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_whole(*ops_, above_path, api::kMaxPathBytes));
    above_bytes = bytes.size();
    if (const Verdict verdict = verifier::read_path(bytes, path); !verdict.accepted()) {
      return corrupt("'" + above_path + "': " + verdict.to_string());
    }
  }
  ZKI_ASSIGN_OR_RETURN(Prover parent, open_prover(model, above, told.progress.part(0.0, 0.3)));
  CommitOptions options = parent.options();
  options.role = role;
  options.progress = told.progress.part(0.3, 0.6);
  // Its name is not known before its slot is.
  const std::string making = folder_ + "/making.zkcode";
  if (code_file_pays(model, options)) options.code_file = making;
  ZKI_ASSIGN_OR_RETURN(Prover fresh, Prover::create(model, options));
  // Room for secret and path before the slot above is taken: on a full disk each try would cost one.
  ZKI_ASSIGN_OR_RETURN(KeptRoom room, KeptRoom::make(*ops_, folder_ + "/making.room",
                                                     above_bytes + root.info().num_segments * kRotationRoom));
  Node node;
  const auto save = [&](std::uint64_t slot) -> Status {
    ZKI_RETURN_IF_ERROR(room.free());
    node.name = below(above.name, slot);
    const std::string secret_path = path_of(node.name, ".zksecret");
    for (const char* extension : {".zksecret", ".zkpath"}) {
      ZKI_ASSIGN_OR_RETURN(const FileOps::Facts facts, ops_->facts(path_of(node.name, extension)));
      if (facts.exists) return api::stale_root("'" + path_of(node.name, extension) + "' is there already");
    }
    return fresh.save([&](ByteView secret, const SlotRange& slots) -> Result<std::shared_ptr<SlotStore>> {
      ZKI_ASSIGN_OR_RETURN(SlotFile file, SlotFile::create(secret_path, kModelSecretFile, secret, slots, *ops_));
      node.slots = file.slots();
      return std::shared_ptr<SlotStore>(std::make_shared<SlotFile>(std::move(file)));
    });
  };
  ZKI_ASSIGN_OR_RETURN(Bytes rotation, parent.rotate(fresh, told.progress.part(0.6, 1.0), save));
  ZKI_ASSIGN_OR_RETURN(const statement::Key key, statement::parse_key(fresh.verification_key()));
  if (!options.code_file.empty()) ZKI_RETURN_IF_ERROR(ops_->rename(making, path_of(node.name, ".zkcode")));
  path.steps.push_back({key.params, key.commitment, std::move(rotation), {}});
  for (const statement::Key& segment : key.segments) {
    if (segment.params.has_model) path.steps.back().segments.push_back({segment.params, segment.commitment});
  }
  Bytes bytes = prover::path_bytes(path);
  PathResult checked = verify_path(root, bytes);
  if (!checked.verdict.accepted())
    return internal_error("the new path fails its own check: " + checked.verdict.to_string());
  ZKI_RETURN_IF_ERROR(write_durably(*ops_, path_of(node.name, ".zkpath"), bytes));
  node.role = role;
  node.identity = checked.key->info().model_identity;
  node.depth = path.steps.size();
  node.published = true;
  if (role == CommitmentRole::kServing) node.num_proofs_left = node.slots.num_left(SlotUse::kProof);
  return Serving{std::move(node), std::move(fresh), std::move(*checked.key), std::move(bytes), true};
}

Result<CommitmentTree::Serving> CommitmentTree::rotate_locked(const Model& model, const Told& told) const {
  ZKI_ASSIGN_OR_RETURN(std::vector<Node> found, nodes());
  if (!found.front().problem.empty()) return api::stale_root(found.front().problem);
  ZKI_RETURN_IF_ERROR(remove_unpublished(found));
  for (double begin = 0;;) {
    CommitmentRole role = CommitmentRole::kServing;
    const Node* above = api::choose_parent(found, role);
    if (above == nullptr) {
      return resource_limit("'" + root_path_ +
                            "': no slot is left in the whole tree; commit to the model again, under a new name");
    }
    if (told.notice) {
      told.notice(role == CommitmentRole::kServing ? "making a serving commitment"
                                                   : "the upper commitments are used up; making one to go on from");
    }
    // How many come before it is not known; each takes half of what is left.
    const double end = role == CommitmentRole::kServing ? 1 : (1 + begin) / 2;
    ZKI_ASSIGN_OR_RETURN(Serving made, make_below(model, *above, role, {told.notice, told.progress.part(begin, end)}));
    begin = end;
    // As everybody else will find it: what cannot be read back must not be made again and again.
    ZKI_ASSIGN_OR_RETURN(found, nodes());
    const auto there = std::ranges::find(found, made.node.name, &Node::name);
    if (there == found.end() || !there->published || !there->problem.empty()) {
      return internal_error("the new commitment '" + path_of(made.node.name, ".zksecret") +
                            "' does not read back: " + (there == found.end() ? "it is not there" : there->problem));
    }
    if (role == CommitmentRole::kServing) return made;
  }
}

Result<CommitmentTree::Serving> CommitmentTree::rotate(const Model& model, const Told& told) const {
  LockWait wait;
  wait.max_waits = api::kMaxRotationWaits;
  wait.first_wait = [&] {
    if (told.notice) told.notice("another process makes a serving commitment; waiting for it");
  };
  ZKI_ASSIGN_OR_RETURN(const api::TreeLock lock, api::lock_tree(*ops_, folder_, wait));
  return rotate_locked(model, told);
}

Result<bool> CommitmentTree::rotate_ahead(const Model& model, const Told& told) const {
  const auto enough = [&]() -> Result<bool> {
    ZKI_ASSIGN_OR_RETURN(const std::vector<Node> found, nodes());
    if (!found.front().problem.empty()) return api::stale_root(found.front().problem);
    ZKI_RETURN_IF_ERROR(api::check_damage(found, 0));
    return num_proofs_ready(found) >= std::max<std::uint64_t>(2, found.front().slots.total / 16);
  };
  ZKI_ASSIGN_OR_RETURN(const bool enough_before, enough());
  if (enough_before) return false;
  bool busy = false;
  LockWait wait;
  wait.max_waits = 1;
  wait.first_wait = [&] { busy = true; };
  Result<api::TreeLock> lock = api::lock_tree(*ops_, folder_, wait);
  if (!lock.ok() && busy) return false;
  if (!lock.ok()) return lock.status();
  ZKI_ASSIGN_OR_RETURN(const bool enough_now, enough());
  if (enough_now) return false;
  ZKI_RETURN_IF_ERROR(rotate_locked(model, told).status());
  return true;
}

Status backup_root(const std::string& root_secret_path, const std::string& backup_path) {
  ZKI_ASSIGN_OR_RETURN(const SlotFile file, SlotFile::open(root_secret_path, kModelSecretFile));
  ZKI_ASSIGN_OR_RETURN(const api::Secret secret, api::parse_secret(file.payload()));
  if (secret.role != CommitmentRole::kRoot) {
    return invalid_argument("'" + root_secret_path +
                            "' is no root's secret; only a root is backed up, what serves under it is made again");
  }
  return SlotFile::create(backup_path, kRootBackupFile, file.payload(), file.slots()).status();
}

Result<std::string> serving_folder_of(const std::string& root_secret_path) {
  ZKI_ASSIGN_OR_RETURN(const std::string path, system_file_ops().resolve(root_secret_path));
  return api::tree_folder(path);
}

Result<bool> has_descendants(const std::string& root_secret_path) {
  FileOps& ops = system_file_ops();
  ZKI_ASSIGN_OR_RETURN(const std::string path, ops.resolve(root_secret_path));
  ZKI_ASSIGN_OR_RETURN(const std::vector<std::string> files, ops.list(api::tree_folder(path)));
  return std::ranges::any_of(files, [](const std::string& file) {
    return api::name_of_file(file, ".zksecret").has_value() || api::name_of_file(file, ".zkpath").has_value();
  });
}

Status discard_descendants(const std::string& root_secret_path) {
  FileOps& ops = system_file_ops();
  ZKI_ASSIGN_OR_RETURN(const std::string path, ops.resolve(root_secret_path));
  const std::string folder = api::tree_folder(path);
  ZKI_ASSIGN_OR_RETURN(const api::TreeLock lock, api::lock_tree(ops, folder, {}));
  ZKI_ASSIGN_OR_RETURN(const FileOps::Facts root, ops.facts(path));
  if (root.exists) return invalid_argument("'" + root_secret_path + "' is there, and what is below it belongs to it");
  ZKI_ASSIGN_OR_RETURN(const std::vector<std::string> files, ops.list(folder));
  for (const std::string& file : files) {
    for (const char* extension : {".zksecret", ".zksecret.lock", ".zkcode", ".zkpath"}) {
      if (api::name_of_file(file, extension).has_value()) ZKI_RETURN_IF_ERROR(ops.remove(folder + "/" + file));
    }
  }
  return ok_status();
}

Result<SlotRange> restore_root(const std::string& backup_path, const std::string& root_secret_path,
                               const Digest& identity, const RestoreOptions& options) {
  FileOps& ops = system_file_ops();
  ZKI_ASSIGN_OR_RETURN(const SlotFile backup, SlotFile::open(backup_path, kRootBackupFile));
  ZKI_ASSIGN_OR_RETURN(const api::Secret secret, api::parse_secret(backup.payload()));
  // Another root's paths say nothing of how far this one's slots are used.
  if (secret.identity != identity)
    return invalid_argument("'" + backup_path + "' is of the root " + to_hex(secret.identity) + ", and the key is of " +
                            to_hex(identity) + "; give the key and the paths of this backup's root");
  ZKI_ASSIGN_OR_RETURN(const std::string path, ops.resolve(root_secret_path));
  SlotRange slots = backup.slots();
  // What this machine has seen used, too.
  std::uint64_t next = SlotLedger::open(ops, slots_remembered_in(), backup.payload()).first_unused(slots);
  if (options.highest_published.has_value()) {
    if (*options.highest_published >= slots.total) {
      return invalid_argument("slot " + std::to_string(*options.highest_published) +
                              " was published, but the commitment has " + std::to_string(slots.total));
    }
    next = std::max(next, *options.highest_published + 1);
  }
  if (next >= slots.end || slots.end - next <= options.margin) {
    const std::uint64_t left = slots.end - std::min(next, slots.end);
    const std::string largest =
        left < 2
            ? "so that nothing can be restored; commit again, under a new name"
            : "so that the largest is " + std::to_string(left - 1) +
                  "; where at most so many rotations since the backup are not known, give RestoreOptions::margin " +
                  std::to_string(left - 1) + " or less, down to 1 where all are";
    return resource_limit("'" + backup_path + "': a margin of " + std::to_string(options.margin) +
                          " does not fit: above slot " + std::to_string(next) + " the root has " +
                          std::to_string(left) + " of " + std::to_string(slots.total) + " slots left, " + largest);
  }
  slots.next = next + options.margin;
  const std::string folder = api::tree_folder(path);
  LockWait wait;
  ZKI_ASSIGN_OR_RETURN(const api::TreeLock lock, api::lock_tree(ops, folder, wait));
  ZKI_ASSIGN_OR_RETURN(const FileOps::Facts facts, ops.facts(path));
  if (facts.exists) {
    return invalid_argument("'" + root_secret_path +
                            "' is there and counts; restore only where the secret is lost, or move it away for good");
  }
  ZKI_ASSIGN_OR_RETURN(const std::vector<std::string> files, ops.list(folder));
  for (const std::string& file : files) {
    const std::optional<std::string> name = api::name_of_file(file, ".zkpath");
    if (!name.has_value() || name->find('.') != std::string::npos || std::stoull(*name) < slots.next) continue;
    return invalid_argument("'" + folder + "/" + file + "' shows that slot " + *name +
                            " was used; give it as published");
  }
  // A path shows what was published, and stays; a secret's count may be an old copy's.
  for (const std::string& file : files) {
    const bool discarded =
        api::name_of_file(file, ".zksecret").has_value() || api::name_of_file(file, ".zkcode").has_value();
    if (discarded) ZKI_RETURN_IF_ERROR(ops.remove(folder + "/" + file));
  }
  ZKI_RETURN_IF_ERROR(SlotFile::create(path, kModelSecretFile, backup.payload(), slots).status());
  return slots;
}

}  // namespace zkinfer
