// SPDX-License-Identifier: Apache-2.0
// A small model whose name lives through rotations, and a verifier that knows its root.
#pragma once

#include <filesystem>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "package/package.h"
#include "slots/test_folder.h"
#include "support/session.h"
#include "support/small_graphs.h"
#include "zkinfer/commitment_tree.h"

namespace zkinfer {

inline constexpr std::uint64_t kBudget = 8;  // a root: certificate, 4 serving commitments, 3 inner ones

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

}  // namespace zkinfer
