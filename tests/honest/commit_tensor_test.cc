// SPDX-License-Identifier: Apache-2.0
// Commitments to inputs and outputs: their secret, their files and their slots.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/files.h"
#include "slots/test_folder.h"
#include "support/owner.h"

namespace zkinfer::data_test {
namespace {

bool says(const Status& status, const std::string& part) { return status.message().find(part) != std::string::npos; }

TEST(CommittedTensor, FromRealsIntegersAndWithoutAKey) {
  const Owner owner(layer_graph(6, 3, -8, 7), kCommitted, kPublic);
  const std::vector<std::int64_t> integers = owner.draw(1)[0];
  const Digest seed = e2e::test_seed(9);
  const CommittedTensor exact = must(CommittedTensor::create(owner.key, 0, integers, seed));
  RealTensor reals{{1, 6}, {}};
  for (const std::int64_t x : integers) reals.data.push_back(static_cast<float>(static_cast<double>(x) / 16));
  EXPECT_EQ(must(CommittedTensor::create(owner.key, 0, reals, seed)).commitment().id(), exact.commitment().id());
  TensorCommitOptions options;
  options.security.pow_bits = 2;
  options.budget = 3;
  options.insecure_seed = seed;
  const CommittedTensor alone = must(CommittedTensor::create(owner.key.info().input_tensors[0], integers, options));
  EXPECT_EQ(alone.commitment().id(), exact.commitment().id()) << "the same numbers give the same parameters";
  EXPECT_NE(must(CommittedTensor::create(owner.key, 0, integers)).commitment().id(), exact.commitment().id())
      << "salted";
  EXPECT_EQ(exact.commitment().budget(), 3u);
  EXPECT_EQ(exact.all_slots(), SlotRange::whole(3, 0)) << "nothing rotates: no slot is kept";
  EXPECT_EQ(exact.integers(), integers);
}

TEST(CommittedTensor, RefusesWhatTheKeyDoesNotTake) {
  const Owner owner(layer_graph(6, 3, -8, 7), kCommitted, kPublic);
  const std::vector<std::int64_t> good(6, 1);
  EXPECT_TRUE(CommittedTensor::create(owner.key, 0, good).ok());
  EXPECT_EQ(CommittedTensor::create(owner.key, 1, good).status().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(says(CommittedTensor::create(owner.key, 0, {1, 2, 3}).status(), "expected 6"));
  EXPECT_EQ(CommittedTensor::create(owner.key, 0, {1, 1, 1, 8, 1, 1}).status().code(), StatusCode::kOutOfRange);
  EXPECT_FALSE(CommittedTensor::create(owner.key, 0, RealTensor{{2}, {1, 2}}).ok());
  const Owner hidden(layer_graph(6, 3, -8, 7), kPrivate, kPublic);
  EXPECT_TRUE(says(CommittedTensor::create(hidden.key, 0, good).status(), "CommitOptions::inputs committed"));
  EXPECT_FALSE(CommittedTensor::create(TensorInfo{"x", {0}, {0, 1}}, std::vector<std::int64_t>{}).ok());
  EXPECT_FALSE(CommittedTensor::create(TensorInfo{"x", {2}, {5, 1}}, {3, 3}).ok());
  TensorCommitOptions weak;
  weak.security.bits = Security::kMaxBits + 1;
  EXPECT_FALSE(CommittedTensor::create(owner.key.info().input_tensors[0], good, weak).ok());
}

// ---- the secret as bytes

TEST(CommittedTensor, SecretReadsBackAndNothingElseDoes) {
  const Owner owner(layer_graph(6, 3, -8, 7), kCommitted, kPublic);
  const CommittedTensor tensor = owner.commit(owner.draw(1))[0];
  const Bytes secret = tensor.secret();
  const auto restore = [](ByteView bytes) {
    return CommittedTensor::restore(bytes, std::make_shared<MemorySlots>(SlotRange::whole(3, 0)));
  };
  const CommittedTensor again = must(restore(secret));
  EXPECT_EQ(again.commitment().id(), tensor.commitment().id());
  EXPECT_EQ(again.integers(), tensor.integers());
  EXPECT_EQ(again.secret(), secret);
  EXPECT_EQ(CommittedTensor::restore(secret, nullptr).status().code(), StatusCode::kInvalidArgument);
  for (std::size_t length = 0; length < secret.size(); ++length) {
    EXPECT_EQ(restore(ByteView(secret).first(length)).status().code(), StatusCode::kCorrupt) << length;
  }
  Bytes longer = secret;
  longer.push_back(0);
  EXPECT_FALSE(restore(longer).ok());
  for (std::size_t at = 0; at < secret.size(); ++at) {
    for (const std::uint8_t flip : {std::uint8_t{1}, std::uint8_t{0x80}}) {
      Bytes changed = secret;
      changed[at] ^= flip;
      const auto other = restore(changed);
      if (!other.ok()) continue;
      // What its owner says of the tensor may differ; what it commits to may not.
      EXPECT_EQ(other->commitment().id(), tensor.commitment().id()) << at;
      EXPECT_EQ(other->integers(), tensor.integers()) << at;
      EXPECT_EQ(other->secret(), changed);
    }
  }
}

TEST(CommittedTensor, PublicSideReadsBackCutOrChangedIsAnotherOne) {
  const Owner owner(layer_graph(6, 3, -8, 7), kCommitted, kPublic);
  const TensorCommitment commitment = owner.commit(owner.draw(1))[0].commitment();
  const Bytes file = commitment.to_bytes();
  EXPECT_EQ(must(TensorCommitment::from_bytes(file)).to_bytes(), file);
  for (std::size_t length = 0; length < file.size(); ++length)
    EXPECT_FALSE(TensorCommitment::from_bytes(ByteView(file).first(length)).ok()) << length;
  for (std::size_t at = 0; at < file.size(); ++at) {
    Bytes changed = file;
    changed[at] ^= 1;
    const auto other = TensorCommitment::from_bytes(changed);
    if (!other.ok()) continue;
    EXPECT_EQ(other->to_bytes(), changed) << "one encoding";
    const TensorInfo& was = commitment.tensor();
    const TensorInfo& is = other->tensor();
    EXPECT_TRUE(other->id() != commitment.id() || is.name != was.name || is.shape != was.shape ||
                is.format != was.format)
        << at;
  }
}

// ---- files and slots

TEST(DataOpening, FilesCountAcrossObjects) {
  const TestFolder folder;
  Owner owner(layer_graph(6, 3, -8, 7), kCommitted, kPublic);
  const auto inputs = owner.draw(1);
  CommittedTensor tensor = owner.commit(inputs)[0];
  const std::string path = folder.file("x.zktsecret");
  ASSERT_TRUE(tensor.save(path).ok());
  EXPECT_EQ(tensor.save(folder.file("y.zktsecret")).code(), StatusCode::kInvalidArgument)
      << "two counts of one commitment";
  EXPECT_FALSE(std::filesystem::exists(folder.file("y.zktsecret")));
  EXPECT_TRUE(says(owner.commit(inputs)[0].save(path), "is there already")) << "never written over";
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  for (int i = 0; i < 3; ++i) {
    // A copy, the object itself, another process: one count.
    const CommittedTensor user = i == 0 ? tensor : must(CommittedTensor::open(path));
    ProveRequest request;
    request.committed_inputs = {&user};
    const auto result = owner.prover.prove(request);
    ASSERT_TRUE(result.ok()) << result.status().to_string();
    EXPECT_TRUE(owner.verify(*result).verdict.accepted());
    EXPECT_EQ(must(SlotFile::open(path, kTensorSecretFile)).slots().next, static_cast<std::uint64_t>(i + 1));
  }
  ProveRequest request;
  request.committed_inputs = {&tensor};
  const auto refused = owner.prover.prove(request);
  EXPECT_EQ(refused.status().code(), StatusCode::kResourceLimit);
  EXPECT_TRUE(says(refused.status(), "CommittedTensor::create")) << refused.status().message();
  // The model's slot is taken first: where it has none, the tensor's, which are fewer, are not spent.
  EXPECT_EQ(owner.prover.proofs_made(), 4u);
}

TEST(DataOpening, DamagedAndForeignFilesAreRefused) {
  const TestFolder folder;
  const Owner owner(layer_graph(6, 3, -8, 7), kCommitted, kPublic);
  CommittedTensor tensor = owner.commit(owner.draw(1))[0];
  const std::string path = folder.file("x.zktsecret");
  ASSERT_TRUE(tensor.save(path).ok());
  const Bytes bytes = must(read_file(path, 1 << 20));
  const std::string bad = folder.file("bad.zktsecret");
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes changed = bytes;
    changed[at] ^= 1;
    ASSERT_TRUE(write_file(bad, changed).ok());
    EXPECT_FALSE(CommittedTensor::open(bad).ok()) << at;
    ASSERT_TRUE(write_file(bad, ByteView(bytes).first(at)).ok());
    EXPECT_FALSE(CommittedTensor::open(bad).ok()) << at;
  }
  // A good frame around the wrong count, and other kinds of files.
  for (const SlotRange& slots : {SlotRange::whole(4, 0), SlotRange::whole(3, 1), SlotRange::whole(0, 0)}) {
    std::filesystem::remove(bad);
    ASSERT_TRUE(SlotFile::create(bad, kTensorSecretFile, tensor.secret(), slots).ok());
    EXPECT_EQ(CommittedTensor::open(bad).status().code(), StatusCode::kCorrupt);
  }
  Owner copy(layer_graph(6, 3, -8, 7), kCommitted, kPublic);
  ASSERT_TRUE(copy.prover.save(folder.file("model.zksecret")).ok());
  EXPECT_FALSE(CommittedTensor::open(folder.file("model.zksecret")).ok());
  EXPECT_FALSE(Prover::open(copy.model, path).ok());
  EXPECT_FALSE(CommittedTensor::open(folder.file("none")).ok());
}

// Counts what it gives, or gives nothing.
class CountingSlots final : public SlotStore {
 public:
  CountingSlots(std::string name, std::vector<std::string>& log, bool broken = false)
      : name_(std::move(name)), log_(log), broken_(broken) {}
  Result<std::uint64_t> take_slots(SlotUse, std::uint64_t) override {
    log_.push_back(name_);
    if (broken_) return io_error("the disk is gone");
    return next_++;
  }

 private:
  std::string name_;
  std::vector<std::string>& log_;
  bool broken_;
  std::uint64_t next_ = 0;
};

// Every opened commitment gives a slot before anything is computed; one that cannot stops the proof.
TEST(DataOpening, AllSlotsAreTakenBeforeTheProof) {
  const Owner owner(two_by_two_graph(), kCommitted, kPublic);
  const std::vector<CommittedTensor> made = owner.commit(owner.draw(1));
  for (const std::string& broken : {std::string(), std::string("x"), std::string("y"), std::string("model")}) {
    std::vector<std::string> log;
    const auto store = [&](const std::string& name) {
      return std::make_shared<CountingSlots>(name, log, name == broken);
    };
    const CommittedTensor x = must(CommittedTensor::restore(made[0].secret(), store("x")));
    const CommittedTensor y = must(CommittedTensor::restore(made[1].secret(), store("y")));
    Prover prover = must(Prover::restore(owner.model, owner.prover.commitment_secret(), store("model")));
    bool computing = false;
    std::size_t taken_before = 0;
    ProveRequest request;
    request.committed_inputs = {&x, &y};
    request.progress = [&](const char*, double) {
      if (!computing) taken_before = log.size();
      computing = true;
    };
    const auto result = prover.prove(request);
    EXPECT_EQ(result.ok(), broken.empty()) << broken;
    EXPECT_EQ(computing, broken.empty()) << broken;
    if (result.ok()) EXPECT_EQ(taken_before, 3u);
  }
}

// A request that cannot be served takes no slot of anything.
TEST(DataOpening, RefusedRequestsTakeNothing) {
  Owner owner(two_by_two_graph(), kCommitted, kPublic);
  const auto inputs = owner.draw(1);
  std::vector<std::string> log;
  const auto counted = [&](const CommittedTensor& tensor) {
    return must(CommittedTensor::restore(tensor.secret(), std::make_shared<CountingSlots>("data", log)));
  };
  const std::vector<CommittedTensor> made = owner.commit(inputs);
  const CommittedTensor x = counted(made[0]), y = counted(made[1]);
  CommitOptions other_options = options_with(kCommitted, kPublic);
  other_options.tensor_budget = 4;
  const Owner other_budget(make_model(two_by_two_graph()), other_options);
  const CommittedTensor z = counted(other_budget.commit(inputs)[0]);
  const Owner other_range(layer_graph(4, 3, -16, 7), kCommitted, kPublic);
  const CommittedTensor wide = counted(other_range.commit({{-16, 0, 0, 0}})[0]);
  TensorInfo scaled = owner.key.info().input_tensors[0];
  scaled.format.scale_exponent -= 1;
  TensorCommitOptions same;
  same.security.pow_bits = 2;
  same.budget = 3;
  const CommittedTensor finer = counted(must(CommittedTensor::create(scaled, inputs[0], same)));
  const auto refused = [&](const ProveRequest& request, const std::string& part) {
    const auto result = owner.prover.prove(request);
    ASSERT_FALSE(result.ok());
    EXPECT_TRUE(says(result.status(), part)) << result.status().message();
  };
  const auto committed = [](std::vector<const CommittedTensor*> tensors) {
    ProveRequest request;
    request.committed_inputs = std::move(tensors);
    return request;
  };
  refused(committed({&x}), "expected 2");
  refused(committed({&x, nullptr}), "none is given");
  refused(committed({&x, &x}), "two inputs");
  refused(committed({&x, &z}), "tensor_budget");
  refused(committed({&x, &wide}), "within -8..7");
  refused(committed({&x, &finer}), "input_formats");
  ProveRequest both = committed({&x, &y});
  both.integers = inputs;
  refused(both, "several forms");
  ProveRequest plain;
  plain.integers = inputs;
  refused(plain, "CommittedTensor");
  ProveRequest long_context = committed({&x, &y});
  long_context.context = Bytes(33);
  refused(long_context, "at most 32");
  EXPECT_TRUE(log.empty());
  EXPECT_EQ(owner.prover.proofs_made(), 0u);
  EXPECT_TRUE(owner.prover.prove(committed({&x, &y})).ok());
  EXPECT_EQ(log.size(), 2u);
  // The other way round: this key wants no commitments.
  Owner open(two_by_two_graph(), kPublic, kPublic);
  EXPECT_TRUE(says(open.prover.prove(committed({&x, &y})).status(), "not committed"));
  EXPECT_EQ(log.size(), 2u);
}

// The commitment that a proof makes has served that proof.
TEST(DataOpening, OutputsBeginWithOneSlotUsed) {
  const TestFolder folder;
  Owner owner(layer_graph(6, 5, -8, 7), kPrivate, kCommitted);
  Owner next(layer_graph(5, 2, -64, 63), kCommitted, kPublic);
  ProveRequest request;
  request.integers = owner.draw(1);
  ProofResult result = must(owner.prover.prove(request));
  ASSERT_EQ(result.committed_outputs.size(), 1u);
  CommittedTensor& output = result.committed_outputs[0];
  EXPECT_EQ(output.integers(), result.outputs[0]);
  ASSERT_TRUE(output.save(folder.file("y.zktsecret")).ok());
  EXPECT_EQ(must(SlotFile::open(folder.file("y.zktsecret"), kTensorSecretFile)).slots().next, 1u);
  ProveRequest following;
  following.committed_inputs = {&output};
  EXPECT_TRUE(next.prover.prove(following).ok());
  EXPECT_TRUE(next.prover.prove(following).ok());
  EXPECT_EQ(next.prover.prove(following).status().code(), StatusCode::kResourceLimit);
}

}  // namespace
}  // namespace zkinfer::data_test
