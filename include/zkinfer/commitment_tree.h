// SPDX-License-Identifier: Apache-2.0
// A model whose name lives as long as its weights. Verifiers know one key, the root's. Proofs are made under serving commitments
// that descend from it: a rotation (prove.h) shows that each holds the weights of the one above, and the path of a serving
// commitment is the list of rotations from the root to it (verify_path in verify.h). Root and inner commitments only rotate; their
// last three slots make further inner commitments, so that the tree does not end with its first level.
//
//   network.zksecret                  the root: Prover::create with CommitmentRole::kRoot, certify(), save()
//   network.zkserving/17.zksecret     the commitment that the root's slot 17 made, a serving or an inner one
//   network.zkserving/17.zkpath       its path; a commitment is used only once this file is on the disk
//   network.zkserving/253.4.zksecret  made by slot 4 of the inner commitment 253
//
// The order in which a commitment is made, each step on the disk before the next begins: slot of the one above; secret of the
// new one, with its first slot used; rotation, checked; path. What a crash leaves before the last step is removed by the next
// rotation; the slot is lost. Seeds are fresh, so that a lost commitment never comes back with an empty count. Processes that
// share the folder exclude each other by a lock. Thread-safe as far as different objects go.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "zkinfer/prove.h"
#include "zkinfer/slots.h"

namespace zkinfer {

// The least budget of a commitment in a tree: certificate, rotations, and the last three.
inline constexpr std::uint64_t kMinTreeBudget = 8;
// Steps of a path at most.
inline constexpr std::size_t kMaxTreeDepth = 8;

class CommitmentTree {
 public:
  // One commitment as it is on the disk.
  struct Node {
    std::string name;  // "253.4"; empty: the root
    CommitmentRole role = CommitmentRole::kRoot;
    Digest identity{};
    SlotRange slots;
    std::size_t depth = 0;   // steps of its path
    bool published = false;  // its path is there; else nothing may be made under it
    std::string problem;     // why it cannot be used: damaged, or older than what was made under it; empty: none
    // How many proofs it can make, or the commitments that can still come under it.
    std::uint64_t num_proofs_left = 0;
  };
  // A commitment to prove under, and what shows that it is the root's.
  struct Serving {
    Node node;
    Prover prover;
    VerificationKey key;  // for verify(), as verify_path gives it
    Bytes path;           // give it along with proofs
    bool made_now = false;
  };
  struct Told {
    // Says what happens beside the asked for, one sentence each: that a commitment is used up, that somebody else rotates.
    std::function<void(const std::string&)> notice;
    Progress progress;
  };

  // Reads the root's secret only. invalid_argument: the secret is no root's.
  static Result<CommitmentTree> open(const std::string& root_secret_path);
  static Result<CommitmentTree> open(const std::string& root_secret_path, FileOps& ops);

  // "network.zksecret" -> "network.zkserving"
  const std::string& folder() const { return folder_; }
  // The root first, then by name.
  Result<std::vector<Node>> nodes() const;
  // Of all of them together. Unpublished ones count for nothing.
  static std::uint64_t num_proofs_left(const std::vector<Node>& nodes);
  // Published serving commitments' own, which need no rotation.
  static std::uint64_t num_proofs_ready(const std::vector<Node>& nodes);

  // A published serving commitment with a slot left; makes one if there is none. The slot is taken by Prover::prove: if others
  // were faster, it says kResourceLimit, and this call gives the next one.
  Result<Serving> serve(const Model& model, const Told& told = {}) const;
  // The published one with this identity, with slots left or without: for what was planned under it (proof_parts.h). invalid_argument:
  // there is none.
  Result<Serving> serving(const Model& model, const Digest& identity, const Told& told = {}) const;
  // Makes a further serving commitment, and inner ones as needed.
  Result<Serving> rotate(const Model& model, const Told& told = {}) const;
  // Ahead of need: makes one if fewer than a sixteenth of a budget are ready and nobody else is at it; else nothing.
  Result<bool> rotate_ahead(const Model& model, const Told& told = {}) const;

  // The root's key (docs/formats/key.md), without encoding the weights again.
  Result<Bytes> root_key(const Model& model) const;

 private:
  CommitmentTree(std::string root_path, FileOps& ops);
  Result<Serving> open_serving(const Model& model, const Node& node, const Told& told) const;
  Result<Prover> open_prover(const Model& model, const Node& node, const Progress& progress) const;
  Result<Serving> rotate_locked(const Model& model, const Told& told) const;
  Result<Serving> make_below(const Model& model, const Node& above, CommitmentRole role, const Told& told) const;
  Status remove_unpublished(const std::vector<Node>& nodes) const;
  std::string path_of(const std::string& name, const char* extension) const;

  std::string root_path_;  // resolved
  std::string folder_;
  FileOps* ops_;
};

// A root's secret as it is kept in another place: it cannot be used as one, only restored.
inline constexpr SlotFileKind kRootBackupFile = {FileKind::kCommitmentBackup, "backup_root",
                                                 "it cannot be used, only restored",
                                                 "take another copy of it, or, while the root's secret is there, make "
                                                 "one with `backup_root`"};

// Writes a root's secret and how far its slots are used now. Keep only this of a model's commitments: copies of what is in use
// would count the same slots twice.
Status backup_root(const std::string& root_secret_path, const std::string& backup_path);

// "network.zksecret" -> "network.zkserving", beside what a symbolic link stands for.
Result<std::string> serving_folder_of(const std::string& root_secret_path);
// Removes all that is under a root whose secret is gone, before another one takes its place; invalid_argument while it is there.
// Proofs that were made stay what they are.
Status discard_descendants(const std::string& root_secret_path);
// Whether anything is.
Result<bool> has_descendants(const std::string& root_secret_path);

struct RestoreOptions {
  // The highest slot of the root that anybody has seen a rotation of (PathResult::root_slot), if any.
  std::optional<std::uint64_t> highest_published;
  // Slots to leave out above it and above the backup's own count: for rotations that were made and are not known.
  std::uint64_t margin = 8;
};
// Makes the root's secret again where it is lost. identity: of the root's key, whose paths highest_published is of. What is under it is discarded: nobody knows how far those counts had come.
// kInvalidArgument: there is a secret, or the backup is of another root. kResourceLimit: no slot would be left.
Result<SlotRange> restore_root(const std::string& backup_path, const std::string& root_secret_path,
                               const Digest& identity, const RestoreOptions& options);

}  // namespace zkinfer
