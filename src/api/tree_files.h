// SPDX-License-Identifier: Apache-2.0
// What the parts of CommitmentTree share: names, the lock, the choice of where a commitment is made.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "slots/durable.h"
#include "zkinfer/commitment_tree.h"

namespace zkinfer::api {

inline constexpr std::uint64_t kMaxPathBytes = std::uint64_t{1} << 28;
// Half an hour: a rotation of a large model takes minutes.
inline constexpr int kMaxRotationWaits = 900'000;

// "network.zksecret" -> "network.zkserving"
std::string tree_folder(const std::string& root_path);
// "253.4.zkpath" -> "253.4"; none for names that are not ours.
std::optional<std::string> name_of_file(const std::string& file, std::string_view extension);

using TreeLock = Descriptor;
// Makes the folder if need be.
Result<TreeLock> lock_tree(FileOps& ops, const std::string& folder, const LockWait& wait);

// Where the next commitment is made, and what it must be; null: no slot is left in the whole tree.
const CommitmentTree::Node* choose_parent(const std::vector<CommitmentTree::Node>& nodes, CommitmentRole& role);

// The code file to open a secret with: there already, or worth writing; else, or where the secret wants none, empty.
Result<std::string> code_file_for(const Model& model, const SlotFile& secret_file);

// What is wrong with many commitments is wrong with the disk or with the program, and making others would use up the root.
inline constexpr std::size_t kMaxDamaged = 3;
Status check_damage(const std::vector<CommitmentTree::Node>& nodes, std::size_t num_broken_paths);

inline Status stale_root(const std::string& problem) {
  return invalid_argument(
      problem +
      ". Slots would be used twice, which shows weights: restore the root with `restore_root`, which "
      "leaves out what may be used");
}

}  // namespace zkinfer::api
