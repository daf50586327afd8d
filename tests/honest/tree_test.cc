// SPDX-License-Identifier: Apache-2.0
// The tree of a model's commitments on the disk: proofs on and on under one name, processes killed at every step of a
// rotation, two processes at once, copies and backups that come back. No slot is used twice, no name is lost.
#include <gtest/gtest.h>

#include <filesystem>

#include "api/tree_files.h"
#include "base/files.h"
#include "honest/tree.h"
#include "package/package.h"
#include "slots/test_disk.h"
#include "slots/test_faults.h"
#include "slots/test_folder.h"
#include "support/session.h"
#include "support/small_graphs.h"
#include "zkinfer/commitment_tree.h"

namespace zkinfer {
namespace {

TEST_F(Tree, OneNameForManyProofs) {
  // More than the root's own serving commitments give: 4 * 7 proofs, then inner ones.
  std::set<std::size_t> depths;
  for (int i = 0; i < 31; ++i) prove_one();
  const std::vector<CommitmentTree::Node> nodes = must(tree().nodes());
  std::size_t num_inner = 0;
  for (const CommitmentTree::Node& node : nodes) {
    depths.insert(node.depth);
    num_inner += node.role == CommitmentRole::kInner ? 1 : 0;
    EXPECT_TRUE(node.problem.empty()) << node.problem;
    EXPECT_TRUE(node.published);
  }
  EXPECT_EQ(num_inner, 1u);
  EXPECT_EQ(depths, (std::set<std::size_t>{0, 1, 2}));
  std::size_t num_proofs = 0;
  for (const auto& [identity, slots] : used_) {
    EXPECT_FALSE(slots.contains(0)) << "the rotation's";
    num_proofs += slots.size();
  }
  EXPECT_EQ(num_proofs, 31u);
  // Thousands are left: the tree is eight deep.
  EXPECT_GT(CommitmentTree::num_proofs_left(nodes), 1000u);
  EXPECT_EQ(CommitmentTree::num_proofs_ready(nodes), 4u);
  EXPECT_EQ(nodes.front().slots.next, 6u) << "certificate, four serving, one inner";
}

TEST_F(Tree, WhatIsLeftIsCountedAsItIsMade) {
  // From the end of a tree: at depth 8 nothing comes below.
  std::uint64_t left = CommitmentTree::num_proofs_left(must(tree().nodes()));
  // The root's 7 slots: 4 serving commitments of 7 proofs; three inner ones, each with 7 slots of the same kind, down to
  // depth 7, whose 7 slots all serve.
  std::uint64_t below = 7 * 7;
  for (int depth = 6; depth >= 1; --depth) below = 4 * 7 + 3 * below;
  EXPECT_EQ(left, 4 * 7 + 3 * below);
  for (int i = 0; i < 9; ++i) {
    prove_one();
    EXPECT_EQ(CommitmentTree::num_proofs_left(must(tree().nodes())), --left) << i;
  }
}

TEST_F(Tree, RootAndInnerCommitmentsMakeNoProofs) {
  Prover root = must(Prover::open(*model_, secret_));
  EXPECT_EQ(root.prove(inputs()).status().code(), StatusCode::kResourceLimit);
  EXPECT_EQ(SlotFile::open(secret_, kModelSecretFile)->slots().next, 1u);
  // A serving commitment is no root.
  const CommitmentTree::Serving serving = must(tree().serve(*model_));
  EXPECT_FALSE(CommitmentTree::open(tree().folder() + "/" + serving.node.name + ".zksecret").ok());
}

TEST_F(Tree, AnotherModelsRootIsRefused) {
  package::Package package;
  package.graph = e2e::matmul_graph();
  package.weights = e2e::draw_params(package.graph, 1);
  const Model other = must(Model::from_bytes(package::to_bytes(package)));
  EXPECT_EQ(tree().serve(other).status().code(), StatusCode::kInvalidArgument);
  package.graph = e2e::mlp_graph();
  package.weights = e2e::draw_params(package.graph, 2);
  const Model weights = must(Model::from_bytes(package::to_bytes(package)));
  EXPECT_FALSE(tree().serve(weights).ok());
  EXPECT_TRUE(names_there().empty()) << "nothing is made for another model";
  // However many commitments there are: none of them is damaged, and none is to be moved away.
  for (std::size_t i = 0; i <= api::kMaxDamaged; ++i) must(tree().rotate(*model_));
  const std::set<std::string> before = names_there();
  for (const Model* wrong : {&other, &weights}) {
    std::vector<std::string> notices;
    const CommitmentTree::Told told{[&](const std::string& text) { notices.push_back(text); }, {}};
    for (const Status& status : {tree().serve(*wrong, told).status(), tree().rotate(*wrong).status()}) {
      EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status.to_string();
      EXPECT_NE(status.message().find("belongs to another model than"), std::string::npos) << status.message();
      EXPECT_NE(status.message().find(secret_), std::string::npos) << status.message();
    }
    for (const std::string& notice : notices) EXPECT_EQ(notice.find("passed over"), std::string::npos) << notice;
    EXPECT_EQ(names_there(), before);
  }
  EXPECT_EQ(SlotFile::open(secret_, kModelSecretFile)->slots().next, 2 + api::kMaxDamaged)
      << "and no slot is used but those of the right model";
}

TEST_F(Tree, RotatesAheadOfNeed) {
  prove_one();
  EXPECT_FALSE(must(tree().rotate_ahead(*model_))) << "there are enough";
  for (int i = 0; i < 5; ++i) prove_one();
  EXPECT_EQ(CommitmentTree::num_proofs_ready(must(tree().nodes())), 1u);
  EXPECT_TRUE(must(tree().rotate_ahead(*model_)));
  EXPECT_EQ(CommitmentTree::num_proofs_ready(must(tree().nodes())), 8u);
  EXPECT_FALSE(must(tree().rotate_ahead(*model_)));
  // The old one is used up first.
  prove_one();
  EXPECT_EQ(used_.size(), 1u);
}

// The machine is lost; the backup and what verifiers were given come back.
TEST_F(Tree, ARestoredBackupUsesNoSlotAgain) {
  const std::string backup = folder_.file("m.zkbackup");
  ASSERT_TRUE(backup_root(secret_, backup).ok());
  std::set<std::string> before;
  std::uint64_t highest = 0;
  for (int i = 0; i < 3; ++i) {
    const CommitmentTree::Serving made = must(tree().rotate(*model_));
    const PathResult published = verify_path(*root_key_, made.path);
    ASSERT_TRUE(published.verdict.accepted());
    highest = std::max(highest, published.root_slot);
    before.insert(made.node.name);
    prove_one();
  }
  EXPECT_EQ(highest, 3u);
  // The backup cannot be used as it is.
  EXPECT_FALSE(CommitmentTree::open(backup).ok());
  EXPECT_FALSE(Prover::open(*model_, backup).ok());
  RestoreOptions options;
  options.margin = 2;
  EXPECT_EQ(restore_root(backup, secret_, root_key_->info().root_identity, options).status().code(),
            StatusCode::kInvalidArgument)
      << "the secret is there";
  std::filesystem::remove(secret_);
  std::filesystem::remove(secret_ + ".lock");
  // What is still there says that more was published than the caller knows.
  options.margin = 1;
  EXPECT_EQ(restore_root(backup, secret_, root_key_->info().root_identity, options).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_FALSE(std::filesystem::exists(secret_));
  options.highest_published = highest;
  // Another root's key, whose paths say nothing of this one's slots.
  Digest other = root_key_->info().root_identity;
  other[3] ^= 1;
  EXPECT_EQ(restore_root(backup, secret_, other, options).status().code(), StatusCode::kInvalidArgument);
  EXPECT_FALSE(std::filesystem::exists(secret_));
  const SlotRange slots = must(restore_root(backup, secret_, root_key_->info().root_identity, options));
  EXPECT_EQ(slots.next, 5u);
  // Old counts are gone; old proofs still verify, new ones come under the same name, from slots above.
  EXPECT_TRUE(names_there().empty());
  for (int i = 0; i < 5; ++i) prove_one();
  for (const std::string& name : names_there()) {
    EXPECT_FALSE(before.contains(name));
    EXPECT_GE(std::stoull(name), 5u);
  }
  // The same backup a second time, elsewhere: as long as a margin is left.
  options.margin = 8;
  EXPECT_EQ(restore_root(backup, folder_.file("n.zksecret"), root_key_->info().root_identity, options).status().code(),
            StatusCode::kResourceLimit);
  options.highest_published = 8;
  EXPECT_EQ(restore_root(backup, folder_.file("n.zksecret"), root_key_->info().root_identity, options).status().code(),
            StatusCode::kInvalidArgument);
}

TEST_F(Tree, AnOldCopyOfTheRootIsNoticed) {
  const std::string copy = folder_.file("copy");
  std::filesystem::copy_file(secret_, copy);
  prove_one();
  std::filesystem::copy_file(copy, secret_, std::filesystem::copy_options::overwrite_existing);
  const Status status = tree().serve(*model_).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("older copy"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("restore_root"), std::string::npos) << status.message();
  EXPECT_FALSE(tree().rotate(*model_).ok());
  EXPECT_FALSE(tree().rotate_ahead(*model_).ok());
  // Without the commitments themselves, their paths say it as well.
  std::filesystem::remove(tree().folder() + "/1.zksecret");
  EXPECT_FALSE(tree().serve(*model_).ok());
}

TEST_F(Tree, AnOldCopyOfAnInnerCommitmentIsLeftAlone) {
  for (int i = 0; i < 29; ++i) prove_one();  // the last of them under an inner commitment, 5
  const std::string inner = tree().folder() + "/5.zksecret";
  const std::string copy = folder_.file("copy");
  std::filesystem::copy_file(inner, copy);
  while (!names_there().contains("5.2")) prove_one();
  std::filesystem::copy_file(copy, inner, std::filesystem::copy_options::overwrite_existing);
  const std::set<std::string> before = names_there();
  for (int i = 0; i < 8; ++i) prove_one();
  for (const std::string& name : names_there()) {
    EXPECT_TRUE(before.contains(name) || !name.starts_with("5.")) << name << ": made from the old count";
  }
}

TEST_F(Tree, DamagedCommitmentsArePassedOver) {
  prove_one();
  ASSERT_TRUE(write_file(tree().folder() + "/1.zksecret", Bytes(100, 7)).ok());
  prove_one();
  EXPECT_TRUE(names_there().contains("2"));
  const auto nodes = must(tree().nodes());
  EXPECT_FALSE(nodes[1].problem.empty());
  // A damaged path: what it belongs to cannot serve.
  Bytes path = must(read_file(tree().folder() + "/2.zkpath", 1 << 28));
  path[path.size() / 2] ^= 1;
  ASSERT_TRUE(write_file(tree().folder() + "/2.zkpath", path).ok());
  std::vector<std::string> notices;
  CommitmentTree::Told told;
  told.notice = [&](const std::string& text) { notices.push_back(text); };
  EXPECT_EQ(must(tree().serve(*model_, told)).node.name, "3");
  ASSERT_FALSE(notices.empty());
  EXPECT_NE(notices[0].find("2.zkpath"), std::string::npos) << notices[0];
  // The path of another commitment is as bad.
  std::filesystem::copy_file(tree().folder() + "/3.zkpath", tree().folder() + "/2.zkpath",
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(must(tree().serve(*model_)).node.name, "3");
}

TEST_F(Tree, ManyDamagedCommitmentsStopIt) {
  for (int i = 1; i <= 3; ++i) {
    must(tree().rotate(*model_));
    ASSERT_TRUE(write_file(tree().folder() + "/" + std::to_string(i) + ".zksecret", Bytes(100, 7)).ok());
  }
  const std::uint64_t next = must(tree().nodes()).front().slots.next;
  EXPECT_EQ(tree().serve(*model_).status().code(), StatusCode::kCorrupt);
  EXPECT_EQ(tree().rotate_ahead(*model_).status().code(), StatusCode::kCorrupt);
  EXPECT_EQ(must(tree().nodes()).front().slots.next, next);
  // By hand it goes on.
  EXPECT_EQ(must(tree().rotate(*model_)).node.name, "4");
}

// What a test or a benchmark made from a known seed hides nothing: nothing comes under it.
// One progress over several steps: it never goes back, and is done once, at its end.
TEST_F(Tree, ProgressOfSeveralStepsGoesOneWay) {
  std::vector<std::pair<std::string, double>> said;
  CommitmentTree::Told told;
  told.progress = [&](const char* stage, double fraction) { said.emplace_back(stage, fraction); };
  const auto expect_one_way = [&](const char* what) {
    double before = 0;
    for (const auto& [stage, fraction] : said) {
      EXPECT_GE(fraction, before) << what << ": " << stage;
      EXPECT_EQ(stage == "done", fraction >= 1) << what << ": " << stage << " " << fraction;
      before = fraction;
    }
    ASSERT_FALSE(said.empty()) << what;
    EXPECT_EQ(std::ranges::count(said, std::string("done"), [](const auto& entry) { return entry.first; }), 1) << what;
    EXPECT_EQ(said.back().second, 1) << what;
    said.clear();
  };
  ASSERT_TRUE(tree().serve(*model_, told).ok());
  expect_one_way("made to serve");
  ASSERT_TRUE(tree().serve(*model_, told).ok());
  expect_one_way("read to serve");
  // The root's own serving commitments, then an inner one and what serves below it.
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(tree().rotate(*model_, told).ok());
    expect_one_way("rotated");
  }
}

TEST_F(Tree, ARootWithAFixedSeedHasNoDescendants) {
  CommitOptions options;
  options.security.pow_bits = 2;
  options.security.bits = 60;
  options.budget = kBudget;
  options.role = CommitmentRole::kRoot;
  options.insecure_seed = e2e::test_seed(7);
  const std::string path = folder_.file("seed.zksecret");
  ASSERT_TRUE(must(Prover::create(*model_, options)).save(path).ok());
  EXPECT_EQ(must(CommitmentTree::open(path)).rotate(*model_).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(SlotFile::open(path, kModelSecretFile)->slots().next, 0u);
}

}  // namespace
}  // namespace zkinfer
