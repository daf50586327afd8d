// SPDX-License-Identifier: Apache-2.0
// Rotations that are killed, lose power, or run in several processes at once: no slot twice, no name lost.
#include <gtest/gtest.h>

#include "base/files.h"
#include "honest/tree.h"
#include "slots/test_disk.h"
#include "slots/test_faults.h"
#include "slots/test_process.h"

namespace zkinfer {
namespace {

// Whether it was killed; anything but a kill or a good end fails the test.
bool was_killed(::pid_t child) {
  const End end = end_of(child);
  EXPECT_NE(end, End::kOther);
  return end == End::kKilled;
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

}  // namespace
}  // namespace zkinfer
