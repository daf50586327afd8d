// SPDX-License-Identifier: Apache-2.0
// One Prover, many threads: every proof verifies, every slot is another one, and no more proofs are made than the budget has.
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "slots/test_folder.h"
#include "support/owner.h"

namespace zkinfer::data_test {
namespace {

constexpr std::size_t kThreads = 4;

// work(thread) on all threads at once.
template <class Work>
void at_once(const Work& work) {
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) threads.emplace_back([&work, t] { work(t); });
  for (std::thread& thread : threads) thread.join();
}

struct Made {
  std::vector<VerifyResult> accepted;
  std::vector<Status> refused;
};

// Each thread makes and verifies `count` proofs of inputs of its own.
Made prove_at_once(const Owner& owner, const Prover& prover, std::size_t count) {
  std::vector<Made> by_thread(kThreads);
  at_once([&](std::size_t t) {
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<CommittedTensor> committed;
      const std::vector<std::vector<std::int64_t>> inputs = owner.draw(100 * t + i);
      const Result<ProofResult> proof = prover.prove(owner.request(inputs, committed));
      if (!proof.ok()) {
        by_thread[t].refused.push_back(proof.status());
        continue;
      }
      VerifyResult result = owner.verify(*proof);
      EXPECT_TRUE(result.verdict.accepted()) << result.verdict.to_string();
      EXPECT_EQ(proof->inputs, inputs);
      if (owner.key.info().outputs.is_public()) {
        EXPECT_EQ(result.outputs[0].integers, proof->outputs[0]);
      }
      by_thread[t].accepted.push_back(std::move(result));
    }
  });
  Made all;
  std::set<std::uint64_t> slots;
  for (Made& made : by_thread) {
    for (VerifyResult& result : made.accepted) {
      EXPECT_TRUE(slots.insert(result.slot).second) << "slot " << result.slot << " is used twice";
      all.accepted.push_back(std::move(result));
    }
    for (Status& status : made.refused) all.refused.push_back(std::move(status));
  }
  return all;
}

TEST(Threads, ProveThroughOneProver) {
  const Owner owner(e2e::mlp_graph(), kPrivate, kPublic);
  const Made made = prove_at_once(owner, owner.prover, 3);
  EXPECT_EQ(made.accepted.size(), 3 * kThreads);
  EXPECT_EQ(owner.prover.proofs_made(), 3 * kThreads);
}

TEST(Threads, CommittedInputsAndOutputs) {
  const Owner owner(layer_graph(6, 3, -8, 7), kCommitted, kCommitted);
  EXPECT_EQ(prove_at_once(owner, owner.prover, 1).accepted.size(), kThreads);
  // One commitment to an input in all proofs: its three slots are given once each.
  const std::vector<CommittedTensor> shared = owner.commit(owner.draw(7));
  std::atomic<int> num_made = 0;
  at_once([&](std::size_t) {
    ProveRequest request;
    request.committed_inputs = {&shared[0]};
    const Result<ProofResult> proof = owner.prover.prove(request);
    if (!proof.ok()) {
      EXPECT_EQ(proof.status().code(), StatusCode::kResourceLimit) << proof.status().to_string();
      return;
    }
    ++num_made;
    EXPECT_TRUE(owner.verify(*proof).verdict.accepted());
  });
  EXPECT_EQ(num_made, 3);
}

// A certificate, and the move of the count to a file, between the proofs. The file is opened once more and goes on where it is.
TEST(Threads, TheBudgetHoldsAcrossSave) {
  const TestFolder folder;
  CommitOptions options = options_with(kPrivate, kPublic);
  options.budget = 11;
  Owner owner(make_model(e2e::mlp_graph()), options);
  std::thread others([&] {
    EXPECT_TRUE(owner.prover.save(folder.file("m.zksecret")).ok());
    EXPECT_TRUE(owner.prover.certify().ok());
  });
  const Made first = prove_at_once(owner, owner.prover, 2);
  others.join();
  EXPECT_EQ(first.accepted.size(), 8u);
  // 11 slots, one of them kept for a rotation, nine used.
  const Prover again = must(Prover::open(owner.model, folder.file("m.zksecret"), {}, false));
  const Made last = prove_at_once(owner, again, 1);
  EXPECT_EQ(last.accepted.size(), 1u);
  ASSERT_EQ(last.refused.size(), kThreads - 1);
  for (const Status& status : last.refused) EXPECT_EQ(status.code(), StatusCode::kResourceLimit);
  for (const VerifyResult& before : first.accepted) EXPECT_NE(before.slot, last.accepted[0].slot);
}

}  // namespace
}  // namespace zkinfer::data_test
