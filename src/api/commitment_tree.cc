// SPDX-License-Identifier: Apache-2.0
// What is on the disk, and which commitment serves next. How one is made: commitment_tree_rotate.cc.
#include "zkinfer/commitment_tree.h"

#include <algorithm>

#include "api/model_impl.h"
#include "api/secret.h"
#include "api/tree_files.h"
#include "prover/write.h"
#include "slots/durable.h"
#include "zkinfer/hex.h"

namespace zkinfer {

namespace {

constexpr std::uint64_t kKeptForInner = 3;
constexpr std::uint64_t kMany = std::uint64_t{1} << 62;

std::uint64_t times(std::uint64_t a, std::uint64_t b) { return b != 0 && a > kMany / b ? kMany : a * b; }

// Proofs that can come under a commitment at `depth` with `left` rotations, if all below have the same budget.
std::uint64_t num_below(std::uint64_t left, std::uint64_t budget, std::size_t depth) {
  if (depth >= kMaxTreeDepth || budget == 0) return 0;
  // The rotation that makes a commitment takes its first slot.
  const std::uint64_t each = budget - 1;
  if (depth + 1 == kMaxTreeDepth) return times(left, each);
  const std::uint64_t inner = std::min(left, kKeptForInner);
  return std::min(kMany, times(left - inner, each) + times(inner, num_below(each, budget, depth + 1)));
}

// The numbers of a name: "253.4" -> 253, 4. Empty: no name of ours.
std::vector<std::uint64_t> slots_of(const std::string& name) {
  std::vector<std::uint64_t> slots;
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t dot = std::min(name.find('.', at), name.size());
    const std::string part = name.substr(at, dot - at);
    const bool digits = !part.empty() && part.size() <= 18 && (part == "0" || part[0] != '0') &&
                        part.find_first_not_of("0123456789") == std::string::npos;
    if (!digits) return {};
    slots.push_back(std::stoull(part));
    at = dot + 1;
  }
  return slots.size() <= kMaxTreeDepth ? slots : std::vector<std::uint64_t>{};
}

std::string parent_of(const std::string& name) {
  const std::size_t dot = name.find_last_of('.');
  return dot == std::string::npos ? "" : name.substr(0, dot);
}

struct Read {
  CommitmentTree::Node node;
  Status status;
};

Read read_node(FileOps& ops, const std::string& path, std::string name) {
  Read read;
  read.node.role = CommitmentRole::kServing;
  read.node.depth = slots_of(name).size();
  read.node.name = std::move(name);
  const Result<SlotFile> file = SlotFile::open(path, kModelSecretFile, ops);
  if (!file.ok()) {
    read.status = file.status();
    return read;
  }
  const Result<api::Secret> secret = api::parse_secret(file->payload());
  if (!secret.ok()) {
    read.status = secret.status().with_context("'" + path + "'");
    return read;
  }
  read.node.role = secret->role;
  read.node.identity = secret->identity;
  read.node.slots = file->slots();
  return read;
}

}  // namespace

namespace api {

std::string tree_folder(const std::string& root_path) {
  constexpr std::string_view kExtension = ".zksecret";
  std::string stem = root_path;
  if (stem.ends_with(kExtension)) stem.resize(stem.size() - kExtension.size());
  return stem + ".zkserving";
}

std::optional<std::string> name_of_file(const std::string& file, std::string_view extension) {
  if (!file.ends_with(extension)) return std::nullopt;
  std::string name = file.substr(0, file.size() - extension.size());
  if (slots_of(name).empty()) return std::nullopt;
  return name;
}

Result<TreeLock> lock_tree(FileOps& ops, const std::string& folder, const LockWait& wait) {
  ZKI_RETURN_IF_ERROR(ops.make_folder(folder));
  {
    // The folder must be there after a crash as much as what is put into it.
    ZKI_ASSIGN_OR_RETURN(const int fd, ops.open_folder(folder_of(folder)));
    const Descriptor parent(ops, fd);
    ZKI_RETURN_IF_ERROR(ops.sync(fd));
  }
  return take_lock(ops, folder + "/rotating.lock", wait);
}

const CommitmentTree::Node* choose_parent(const std::vector<CommitmentTree::Node>& nodes, CommitmentRole& role) {
  std::vector<const CommitmentTree::Node*> above;
  for (const CommitmentTree::Node& node : nodes) {
    const bool rotates = node.role == CommitmentRole::kRoot || node.role == CommitmentRole::kInner;
    if (rotates && node.published && node.problem.empty()) above.push_back(&node);
  }
  // Short paths first.
  std::ranges::stable_sort(above, {}, &CommitmentTree::Node::depth);
  role = CommitmentRole::kServing;
  for (const CommitmentTree::Node* node : above) {
    const std::uint64_t left = node->slots.num_left(SlotUse::kRotation);
    const std::uint64_t kept = node->depth + 1 < kMaxTreeDepth ? kKeptForInner : 0;
    if (node->depth < kMaxTreeDepth && left > kept) return node;
  }
  role = CommitmentRole::kInner;
  for (const CommitmentTree::Node* node : above) {
    if (node->depth + 1 < kMaxTreeDepth && node->slots.num_left(SlotUse::kRotation) > 0) return node;
  }
  return nullptr;
}

Status check_damage(const std::vector<CommitmentTree::Node>& nodes, std::size_t num_broken_paths) {
  std::size_t num_damaged = num_broken_paths;
  const std::string* first = nullptr;
  for (const CommitmentTree::Node& node : nodes) {
    if (node.problem.empty()) continue;
    ++num_damaged;
    if (first == nullptr) first = &node.problem;
  }
  if (num_damaged < kMaxDamaged) return ok_status();
  return corrupt(
      std::to_string(num_damaged) + " commitments under the root cannot be used" +
      (first == nullptr ? "" : " (the first: " + *first + ")") +
      "; nothing is made by itself any more. Look at the disk, move the damaged files away, or make one with "
      "CommitmentTree::rotate");
}

}  // namespace api

CommitmentTree::CommitmentTree(std::string root_path, FileOps& ops)
    : root_path_(std::move(root_path)), folder_(api::tree_folder(root_path_)), ops_(&ops) {}

Result<CommitmentTree> CommitmentTree::open(const std::string& root_secret_path) {
  return open(root_secret_path, system_file_ops());
}

Result<CommitmentTree> CommitmentTree::open(const std::string& root_secret_path, FileOps& ops) {
  ZKI_ASSIGN_OR_RETURN(std::string path, ops.resolve(root_secret_path));
  const Read root = read_node(ops, path, "");
  ZKI_RETURN_IF_ERROR(root.status);
  if (root.node.role != CommitmentRole::kRoot) {
    return invalid_argument("'" + root_secret_path + "' is no root's secret, so no commitments come under it");
  }
  return CommitmentTree(std::move(path), ops);
}

std::string CommitmentTree::path_of(const std::string& name, const char* extension) const {
  return folder_ + "/" + name + extension;
}

Result<std::vector<CommitmentTree::Node>> CommitmentTree::nodes() const {
  Read root = read_node(*ops_, root_path_, "");
  ZKI_RETURN_IF_ERROR(root.status);
  root.node.published = true;
  std::vector<Node> nodes = {std::move(root.node)};
  ZKI_ASSIGN_OR_RETURN(const std::vector<std::string> files, ops_->list(folder_));
  for (const std::string& file : files) {
    const std::optional<std::string> name = api::name_of_file(file, ".zksecret");
    if (!name.has_value()) continue;
    Read read = read_node(*ops_, path_of(*name, ".zksecret"), *name);
    // A damaged commitment is one commitment lost; the tree goes on without it.
    if (!read.status.ok()) read.node.problem = read.status.message();
    ZKI_ASSIGN_OR_RETURN(const FileOps::Facts facts, ops_->facts(path_of(read.node.name, ".zkpath")));
    read.node.published = facts.exists && facts.is_file;
    nodes.push_back(std::move(read.node));
  }
  std::ranges::sort(nodes, [](const Node& a, const Node& b) { return slots_of(a.name) < slots_of(b.name); });
  // Nothing can come under a slot that is not used: then the count is an old copy.
  for (const std::string& file : files) {
    for (const char* extension : {".zksecret", ".zkpath"}) {
      const std::optional<std::string> name = api::name_of_file(file, extension);
      if (!name.has_value()) continue;
      const std::string parent = parent_of(*name);
      const std::uint64_t slot = slots_of(*name).back();
      const auto above = std::ranges::find(nodes, parent, &Node::name);
      if (above == nodes.end() || !above->problem.empty() || slot < above->slots.next) continue;
      above->problem = "'" + (parent.empty() ? root_path_ : path_of(parent, ".zksecret")) +
                       "' is an older copy: it has used " + std::to_string(above->slots.next) + " slots, but '" +
                       folder_ + "' has what slot " + std::to_string(slot) + " made";
    }
  }
  for (Node& node : nodes) {
    if (!node.published || !node.problem.empty()) continue;
    node.num_proofs_left = node.role == CommitmentRole::kServing
                               ? node.slots.num_left(SlotUse::kProof)
                               : num_below(node.slots.num_left(SlotUse::kRotation), node.slots.total, node.depth);
  }
  return nodes;
}

std::uint64_t CommitmentTree::num_proofs_left(const std::vector<Node>& nodes) {
  std::uint64_t sum = 0;
  for (const Node& node : nodes) sum = std::min(kMany, sum + node.num_proofs_left);
  return sum;
}

std::uint64_t CommitmentTree::num_proofs_ready(const std::vector<Node>& nodes) {
  std::uint64_t sum = 0;
  for (const Node& node : nodes) sum += node.role == CommitmentRole::kServing ? node.num_proofs_left : 0;
  return sum;
}

Result<Bytes> CommitmentTree::root_key(const Model& model) const {
  ZKI_ASSIGN_OR_RETURN(const SlotFile file, SlotFile::open(root_path_, kModelSecretFile, *ops_));
  ZKI_ASSIGN_OR_RETURN(const api::Secret secret, api::parse_secret(file.payload()));
  const package::Package& package = api::impl(model).package;
  ZKI_ASSIGN_OR_RETURN(const auto cut, api::cut_of(package));
  auto key = api::key_of(secret, package.graph, cut.get());
  if (!key.ok()) return key.status().with_context("'" + root_path_ + "'");
  return prover::key_bytes(*key);
}

Result<Prover> CommitmentTree::open_prover(const Model& model, const Node& node, const Progress& progress) const {
  const std::string path = node.name.empty() ? root_path_ : path_of(node.name, ".zksecret");
  ZKI_ASSIGN_OR_RETURN(SlotFile file, SlotFile::open(path, kModelSecretFile, *ops_));
  auto store = std::make_shared<SlotFile>(std::move(file));
  // Read where it is, written where that pays.
  ZKI_ASSIGN_OR_RETURN(const std::string code_file, api::code_file_for(model, *store));
  Result<Prover> prover = Prover::restore(model, store->payload(), store, progress, code_file);
  if (!prover.ok()) return prover.status().with_context("'" + path + "'");
  if (const SlotRange all = prover->all_slots();
      store->slots().total != all.total || store->slots().num_kept != all.num_kept) {
    return corrupt("'" + path + "': it counts slots of another commitment than the one it holds");
  }
  return prover;
}

Result<CommitmentTree::Serving> CommitmentTree::open_serving(const Model& model, const Node& node,
                                                             const Told& told) const {
  const std::string path = path_of(node.name, ".zkpath");
  ZKI_ASSIGN_OR_RETURN(Bytes bytes, read_whole(*ops_, path, api::kMaxPathBytes));
  ZKI_ASSIGN_OR_RETURN(const Bytes root_bytes, root_key(model));
  ZKI_ASSIGN_OR_RETURN(const VerificationKey root, VerificationKey::from_bytes(root_bytes, 0, kNoVerifyLimits));
  PathResult checked = verify_path(root, bytes);
  if (!checked.verdict.accepted()) return corrupt("'" + path + "': " + checked.verdict.to_string());
  if (checked.key->info().model_identity != node.identity) {
    return corrupt("'" + path + "' leads to another commitment than the one beside it");
  }
  ZKI_ASSIGN_OR_RETURN(Prover prover, open_prover(model, node, told.progress));
  return Serving{node, std::move(prover), std::move(*checked.key), std::move(bytes), false};
}

Result<CommitmentTree::Serving> CommitmentTree::serving(const Model& model, const Digest& identity,
                                                        const Told& told) const {
  ZKI_ASSIGN_OR_RETURN(const std::vector<Node> all, nodes());
  const auto node = std::ranges::find_if(all, [&](const Node& one) {
    return one.identity == identity && one.role == CommitmentRole::kServing && one.published;
  });
  if (node == all.end()) {
    return invalid_argument("no commitment under '" + root_path_ + "' has the identity " + to_hex(identity) +
                            "; it was made under another root, or '" + folder_ + "' is not what it was");
  }
  return open_serving(model, *node, told);
}

Result<CommitmentTree::Serving> CommitmentTree::serve(const Model& model, const Told& told) const {
  const auto notice = [&](const std::string& text) {
    if (told.notice) told.notice(text);
  };
  // A model of another structure is one fault of the caller's, not as many as there are commitments.
  ZKI_RETURN_IF_ERROR(root_key(model).status());
  // Where none can be used, one is made.
  const Told opening = {told.notice, told.progress.part(0, 0.5)};
  std::vector<std::string> broken;  // their paths, which nodes() does not read
  // A look without the lock first: proving does not wait for a rotation that goes on ahead of need.
  const auto from_disk = [&]() -> Result<std::optional<Serving>> {
    ZKI_ASSIGN_OR_RETURN(const std::vector<Node> found, nodes());
    if (!found.front().problem.empty()) return api::stale_root(found.front().problem);
    ZKI_RETURN_IF_ERROR(api::check_damage(found, broken.size()));
    for (const Node& node : found) {
      if (node.role != CommitmentRole::kServing || node.num_proofs_left == 0) continue;
      if (std::ranges::count(broken, node.name) > 0) continue;
      Result<Serving> serving = open_serving(model, node, opening);
      if (serving.ok()) {
        ZKI_RETURN_IF_ERROR(told.progress("done", 1.0));
        return std::optional<Serving>(std::move(serving).value());
      }
      // Damaged, or another file under its name.
      const StatusCode code = serving.status().code();
      if (code != StatusCode::kCorrupt && code != StatusCode::kInvalidArgument) return serving.status();
      // Of the same structure, with other weights: the root says which of the two it is.
      if (code == StatusCode::kInvalidArgument) ZKI_RETURN_IF_ERROR(Prover::open(model, root_path_).status());
      broken.push_back(node.name);
      notice("a serving commitment cannot be used and is passed over: " + serving.status().message());
    }
    return std::optional<Serving>();
  };
  ZKI_ASSIGN_OR_RETURN(std::optional<Serving> ready, from_disk());
  if (ready.has_value()) return std::move(*ready);
  LockWait wait;
  wait.max_waits = api::kMaxRotationWaits;
  wait.first_wait = [&] { notice("another process makes the next serving commitment; waiting for it"); };
  ZKI_ASSIGN_OR_RETURN(const api::TreeLock lock, api::lock_tree(*ops_, folder_, wait));
  ZKI_ASSIGN_OR_RETURN(std::optional<Serving> meanwhile, from_disk());
  if (meanwhile.has_value()) return std::move(*meanwhile);
  return rotate_locked(model, {told.notice, told.progress.part(0.5, 1)});
}

}  // namespace zkinfer
