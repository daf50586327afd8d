// SPDX-License-Identifier: Apache-2.0
// The tree of a model's commitments on the disk: proofs on and on under one name, processes killed at every step of a
// rotation, two processes at once, copies and backups that come back. No slot is used twice, no name is lost.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <set>

#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "package/package.h"
#include "slots/test_disk.h"
#include "slots/test_faults.h"
#include "slots/test_folder.h"
#include "support/session.h"
#include "support/small_graphs.h"
#include "zkinfer/commitment_tree.h"

namespace zkinfer {
namespace {

constexpr std::uint64_t kBudget = 8;  // a root: certificate, 4 serving commitments, 3 inner ones

template <typename T>
T must(Result<T> result) {
  ZKI_CHECK(result.ok(), result.status().to_string().c_str());
  return std::move(result).value();
}

class Tree : public ::testing::Test {
 protected:
  Tree() {
    package::Package package;
    package.graph = e2e::mlp_graph();
    package.weights = e2e::draw_params(package.graph, 1);
    model_.emplace(must(Model::from_bytes(package::to_bytes(package))));
    make_root(kBudget);
  }
  // A root of its own folder, which the test goes on with.
  void make_root(std::uint64_t budget) {
    secret_ = folder_.file("m" + std::to_string(num_roots_++) + ".zksecret");
    CommitOptions options;
    options.security.pow_bits = 2;
    options.security.bits = 60;
    options.security.profile = Profile::kFast;
    options.budget = budget;
    options.role = CommitmentRole::kRoot;
    Prover root = must(Prover::create(*model_, options));
    certificate_ = must(root.certify());
    root_key_.emplace(must(VerificationKey::from_bytes(root.verification_key(), 0)));
    ASSERT_TRUE(root.save(secret_).ok());
    ASSERT_TRUE(CheckedWeights::from_certificate(*root_key_, certificate_, request_.weights).accepted());
  }
  CommitmentTree tree() const { return must(CommitmentTree::open(secret_)); }
  RealInputs inputs() const {
    RealInputs inputs;
    for (const TensorInfo& info : model_->inputs())
      inputs.push_back({info.shape, std::vector<float>(info.num_elements(), 0)});
    return inputs;
  }
  // A verifier that knows the root only.
  VerifyResult verify(const Bytes& path, const Bytes& proof) const {
    const PathResult key = verify_path(*root_key_, path);
    EXPECT_TRUE(key.verdict.accepted()) << key.verdict.to_string();
    return zkinfer::verify(*key.key, proof, request_);
  }
  // One proof; records the slot that it used.
  void prove_one() {
    for (int tries = 0; tries < 3; ++tries) {
      CommitmentTree::Serving serving = must(tree().serve(*model_));
      EXPECT_EQ(serving.prover.options().security.profile, Profile::kFast) << "what the root prefers";
      const Result<ProofResult> proof = serving.prover.prove(inputs());
      if (!proof.ok() && proof.status().code() == StatusCode::kResourceLimit) continue;
      ASSERT_TRUE(proof.ok()) << proof.status().to_string();
      const VerifyResult result = verify(serving.path, proof->proof);
      ASSERT_TRUE(result.verdict.accepted()) << result.verdict.to_string();
      EXPECT_EQ(result.root_identity, root_key_->info().model_identity);
      EXPECT_EQ(result.weights, WeightEvidence::kCertified);
      EXPECT_TRUE(used_[result.serving_identity].insert(result.slot).second) << "slot " << result.slot << " twice";
      return;
    }
    FAIL() << "no slot in three commitments";
  }
  // Every slot of the root that made something, from the names of files; a name is never made twice.
  std::set<std::string> names_there() const {
    std::set<std::string> names;
    const std::string folder = tree().folder();
    if (!std::filesystem::exists(folder)) return names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const std::string file = entry.path().filename().string();
      if (file.ends_with(".zksecret")) names.insert(file.substr(0, file.size() - 9));
    }
    return names;
  }

  TestFolder folder_;
  std::optional<Model> model_;
  std::optional<VerificationKey> root_key_;
  Bytes certificate_;
  VerifyRequest request_;
  std::string secret_;
  int num_roots_ = 0;
  std::map<Digest, std::set<std::uint64_t>> used_;
};

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
  EXPECT_EQ(SlotFile::open(secret_, kModelSecretFile)->slots().next, 1u) << "and no slot is used";
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

::pid_t start(const std::function<void()>& work) {
  const ::pid_t child = ::fork();
  ZKI_CHECK(child >= 0, "a test can start a process");
  if (child == 0) {
    work();
    ::_exit(0);
  }
  return child;
}

// Whether it was killed; anything but a kill or a good end fails the test.
bool was_killed(::pid_t child) {
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return true;
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  return false;
}

// A rotation that is killed before and after each of its steps on the disk.
TEST_F(Tree, KilledAtEveryStepOfARotation) {
  using Moment = HookedFileOps::Moment;
  constexpr std::uint64_t kManySlots = 40;
  make_root(kManySlots);
  std::set<std::string> ever;  // names of commitments that were ever there, each made by one slot
  std::size_t num_kills = 0, num_lost = 0;
  for (const Moment moment : {Moment::kBefore, Moment::kAfter}) {
    for (std::size_t deadly = 0;; ++deadly) {
      const std::uint64_t next_before = must(tree().nodes()).front().slots.next;
      const std::set<std::string> before = names_there();
      const bool killed = was_killed(start([&] {
        HookedFileOps ops;
        ops.max_write_bytes = 64 << 10;
        ops.hook = [&](const std::string&, std::size_t step, Moment now) {
          if (step == deadly && now == moment) ::raise(SIGKILL);
          return ok_status();
        };
        const CommitmentTree in_child = must(CommitmentTree::open(secret_, ops));
        ZKI_CHECK(in_child.rotate(*model_).ok(), "the rotation works");
      }));
      num_kills += killed ? 1 : 0;
      const std::vector<CommitmentTree::Node> nodes = must(tree().nodes());
      for (const CommitmentTree::Node& node : nodes) EXPECT_TRUE(node.problem.empty()) << node.problem;
      EXPECT_LE(nodes.front().slots.next, next_before + 1) << "a rotation takes one slot";
      for (const std::string& name : names_there()) {
        if (before.contains(name)) continue;
        EXPECT_TRUE(ever.insert(name).second) << "slot " << name << " made two commitments";
        EXPECT_LT(std::stoull(name), nodes.front().slots.next) << "a commitment before its slot was on the disk";
        const Result<SlotFile> file = SlotFile::open(tree().folder() + "/" + name + ".zksecret", kModelSecretFile);
        ASSERT_TRUE(file.ok()) << file.status().to_string();
        EXPECT_EQ(file->slots().next, 1u) << "its first slot is the rotation's";
      }
      // The name lives: somebody else proves.
      prove_one();
      for (const CommitmentTree::Node& node : must(tree().nodes())) {
        if (node.published || node.name.empty()) continue;
        ++num_lost;
        EXPECT_EQ(node.num_proofs_left, 0u);
      }
      if (!killed) break;
      if (nodes.front().slots.num_left(SlotUse::kRotation) > 6) continue;
      make_root(kManySlots);
      ever.clear();
    }
  }
  // read, lock (2), folder, ..: a dozen steps at least, and all the moments between a slot and its path.
  EXPECT_GT(num_kills, 50u);
  EXPECT_GT(num_lost, 5u);
}

// Processes that prove and rotate at the same time: every proof verifies, every slot is used once.
TEST_F(Tree, FourProcessesProveOnAndOn) {
  constexpr int kProcesses = 4, kEach = 9;
  std::vector<::pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    children.push_back(start([&] {
      for (int j = 0; j < kEach;) {
        CommitmentTree::Serving serving = must(tree().serve(*model_));
        const Result<ProofResult> proof = serving.prover.prove(inputs());
        if (!proof.ok() && proof.status().code() == StatusCode::kResourceLimit) continue;
        ZKI_CHECK(proof.ok(), proof.status().to_string().c_str());
        const std::string name = folder_.file(std::to_string(i) + "_" + std::to_string(j));
        ZKI_CHECK(write_file(name + ".zkproof", proof->proof).ok() && write_file(name + ".zkpath", serving.path).ok(),
                  "a test can write");
        static_cast<void>(must(tree().rotate_ahead(*model_)));
        ++j;
      }
    }));
  }
  for (const ::pid_t child : children) EXPECT_FALSE(was_killed(child));
  std::size_t num_proofs = 0;
  for (int i = 0; i < kProcesses; ++i) {
    for (int j = 0; j < kEach; ++j) {
      const std::string name = folder_.file(std::to_string(i) + "_" + std::to_string(j));
      const VerifyResult result =
          verify(must(read_file(name + ".zkpath", 1 << 28)), must(read_file(name + ".zkproof", 1 << 28)));
      ASSERT_TRUE(result.verdict.accepted()) << result.verdict.to_string();
      EXPECT_TRUE(used_[result.serving_identity].insert(result.slot).second) << "slot " << result.slot << " twice";
      ++num_proofs;
    }
  }
  EXPECT_EQ(num_proofs, 36u);
  for (const CommitmentTree::Node& node : must(tree().nodes())) EXPECT_TRUE(node.problem.empty()) << node.problem;
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
  EXPECT_EQ(restore_root(backup, secret_, options).status().code(), StatusCode::kInvalidArgument)
      << "the secret is there";
  std::filesystem::remove(secret_);
  std::filesystem::remove(secret_ + ".lock");
  // What is still there says that more was published than the caller knows.
  options.margin = 1;
  EXPECT_EQ(restore_root(backup, secret_, options).status().code(), StatusCode::kInvalidArgument);
  EXPECT_FALSE(std::filesystem::exists(secret_));
  options.highest_published = highest;
  const SlotRange slots = must(restore_root(backup, secret_, options));
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
  EXPECT_EQ(restore_root(backup, folder_.file("n.zksecret"), options).status().code(), StatusCode::kResourceLimit);
  options.highest_published = 8;
  EXPECT_EQ(restore_root(backup, folder_.file("n.zksecret"), options).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(Tree, AnOldCopyOfTheRootIsNoticed) {
  const std::string copy = folder_.file("copy");
  std::filesystem::copy_file(secret_, copy);
  prove_one();
  std::filesystem::copy_file(copy, secret_, std::filesystem::copy_options::overwrite_existing);
  const Status status = tree().serve(*model_).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("older copy"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("commitment restore"), std::string::npos) << status.message();
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

// The power fails before every operation of a rotation on a simulated disk, and every state is tried in which it may come
// back: never is there a commitment whose slot the one above could give again, nor a path without its commitment.
struct PowerOutcome {
  std::size_t num_states = 0, num_bad = 0;
};
PowerOutcome lose_power_in_a_rotation(const Model& model, Prover root, bool folder_syncs_work) {
  SimulatedDisk disk;
  disk.max_write_bytes = std::size_t{1} << 16;
  EXPECT_TRUE(root.save([&](ByteView secret, const SlotRange& slots) -> Result<std::shared_ptr<SlotStore>> {
                    SlotFile file = must(SlotFile::create("/m.zksecret", kModelSecretFile, secret, slots, disk));
                    return std::shared_ptr<SlotStore>(std::make_shared<SlotFile>(std::move(file)));
                  })
                  .ok());
  disk.folder_syncs_work = folder_syncs_work;
  std::vector<DiskState> moments;
  disk.before_step = [&] { moments.push_back(disk.state); };
  const CommitmentTree tree = must(CommitmentTree::open("/m.zksecret", disk));
  const CommitmentTree::Serving first = must(tree.rotate(model));
  const CommitmentTree::Serving second = must(tree.rotate(model));
  moments.push_back(disk.state);
  const Bytes* paths[] = {&first.path, &second.path};
  PowerOutcome outcome;
  for (DiskState& moment : moments) {
    if (moment.pending.size() > 8) moment.pending.resize(8);  // enough for the faulty disk
    for (const DiskState& state : after_power_loss(moment)) {
      SimulatedDisk back;
      back.state = state;
      ++outcome.num_states;
      const auto nodes = must(CommitmentTree::open("/m.zksecret", back)).nodes();
      bool bad = !nodes.ok();
      for (std::size_t i = 0; nodes.ok() && i < nodes->size(); ++i) {
        const CommitmentTree::Node& node = (*nodes)[i];
        bad |= !node.problem.empty();
        if (node.name.empty() || !node.published) continue;
        bad |= must(read_whole(back, "/m.zkserving/" + node.name + ".zkpath", 1 << 28)) !=
               *paths[std::stoull(node.name) - 1];
      }
      outcome.num_bad += bad ? 1 : 0;
    }
  }
  return outcome;
}

TEST_F(Tree, PowerLossAtEveryStepOfARotation) {
  const auto root = [&] {
    CommitOptions options;
    options.security.pow_bits = 2;
    options.security.bits = 60;
    options.budget = kBudget;
    options.role = CommitmentRole::kRoot;
    Prover prover = must(Prover::create(*model_, options));
    must(prover.certify());
    return prover;
  };
  const PowerOutcome outcome = lose_power_in_a_rotation(*model_, root(), true);
  EXPECT_GT(outcome.num_states, 60u);
  EXPECT_EQ(outcome.num_bad, 0u);
  EXPECT_GT(lose_power_in_a_rotation(*model_, root(), false).num_bad, 0u) << "the test sees a missing sync";
}

// Where all that is made turns out unusable, the root must not be used up in making more.
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
