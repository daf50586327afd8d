// SPDX-License-Identifier: Apache-2.0
// A model's commitment through the library's public interface: its slots, in memory and in files, and its opening.
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include <sys/stat.h>

#include "base/files.h"
#include "package/package.h"
#include "prover/write.h"
#include "slots/test_folder.h"
#include "support/session.h"
#include "support/small_graphs.h"
#include "zkinfer/prove.h"
#include "zkinfer/verify.h"

namespace zkinfer {
namespace {

package::Package make_package(std::uint64_t weights_seed) {
  package::Package package;
  package.graph = e2e::mlp_graph();
  package.weights = e2e::draw_params(package.graph, weights_seed);
  return package;
}

Model make_model(const package::Package& package) {
  Result<Model> model = Model::from_bytes(package::to_bytes(package));
  ZKI_CHECK(model.ok(), "a test's model reads back");
  return std::move(model).value();
}

CommitOptions options_with(std::uint64_t budget) {
  CommitOptions options;
  options.security.pow_bits = 2;
  options.budget = budget;
  return options;
}

Prover commit(const Model& model, const CommitOptions& options) {
  Result<Prover> prover = Prover::create(model, options);
  ZKI_CHECK(prover.ok(), "a test's model can be committed to");
  return std::move(prover).value();
}

RealInputs zeros(const Model& model) {
  RealInputs inputs;
  for (const TensorInfo& info : model.inputs()) {
    std::size_t count = 1;
    for (const std::int64_t dim : info.shape) count *= static_cast<std::size_t>(dim);
    inputs.push_back({info.shape, std::vector<float>(count, 0)});
  }
  return inputs;
}

TEST(Slots, ANewProverKeepsTheLastOne) {
  const Model model = make_model(make_package(1));
  Prover prover = commit(model, options_with(3));
  EXPECT_EQ(prover.all_slots(), SlotRange::whole(3, 1));
  EXPECT_TRUE(prover.prove(zeros(model)).ok());
  EXPECT_TRUE(prover.certify().ok());
  const auto refused = prover.prove(zeros(model));
  EXPECT_EQ(refused.status().code(), StatusCode::kResourceLimit);
  EXPECT_NE(refused.status().message().find("kept for rotation"), std::string::npos) << refused.status().message();
  EXPECT_EQ(prover.certify().status().code(), StatusCode::kResourceLimit);
  EXPECT_EQ(prover.proofs_made(), 2u);
}

// Rotation takes the kept slot, and takes it only where nothing else stands in its way.
TEST(Slots, RotationTakesTheKeptOne) {
  const Model model = make_model(make_package(1));
  Prover prover = commit(model, options_with(2));
  ASSERT_TRUE(prover.prove(zeros(model)).ok());
  ASSERT_FALSE(prover.prove(zeros(model)).ok());
  Prover other_weights = commit(make_model(make_package(2)), options_with(4));
  EXPECT_FALSE(prover.rotate(other_weights).ok());
  Prover used_up = commit(model, options_with(2));
  ASSERT_TRUE(used_up.prove(zeros(model)).ok());
  EXPECT_EQ(prover.rotate(used_up).status().code(), StatusCode::kResourceLimit);
  EXPECT_EQ(prover.proofs_made(), 1u);
  Prover fresh = commit(model, options_with(4));
  const auto rotation = prover.rotate(fresh);
  ASSERT_TRUE(rotation.ok()) << rotation.status().to_string();
  const auto before = VerificationKey::from_bytes(prover.verification_key(), 0);
  const auto after = VerificationKey::from_bytes(fresh.verification_key(), 0);
  EXPECT_TRUE(verify_rotation(*before, *after, *rotation).accepted());
  EXPECT_EQ(fresh.proofs_made(), 1u);
  EXPECT_EQ(prover.rotate(fresh).status().code(), StatusCode::kResourceLimit);
}

TEST(Slots, BudgetsBelowTwoAreRefusedWhereWeightsArePrivate) {
  const Model model = make_model(make_package(1));
  const auto refused = Prover::create(model, options_with(1));
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  CommitOptions options = options_with(1);
  options.public_parameters = true;
  Prover prover = commit(model, options);
  EXPECT_EQ(prover.all_slots().total, 0u);
  EXPECT_TRUE(prover.prove(zeros(model)).ok());
  EXPECT_TRUE(prover.prove(zeros(model)).ok());
}

// The count goes from the new prover to its file, and from there to every prover of the same commitment.
TEST(Slots, OneFileCountsForAll) {
  const TestFolder folder;
  const std::string path = folder.file("a.zksecret");
  const Model model = make_model(make_package(1));
  Prover first = commit(model, options_with(5));
  ASSERT_TRUE(first.prove(zeros(model)).ok());
  ASSERT_TRUE(first.save(path).ok());
  EXPECT_EQ(first.save(folder.file("b.zksecret")).code(), StatusCode::kInvalidArgument);
  EXPECT_FALSE(std::filesystem::exists(folder.file("b.zksecret")));
  Result<Prover> second = Prover::open(model, path);
  ASSERT_TRUE(second.ok()) << second.status().to_string();
  EXPECT_EQ(second->verification_key(), first.verification_key());
  EXPECT_EQ(second->save(folder.file("b.zksecret")).code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(second->prove(zeros(model)).ok());
  EXPECT_TRUE(first.prove(zeros(model)).ok());
  EXPECT_EQ(SlotFile::open(path, kModelSecretFile)->slots(), (SlotRange{0, 3, 5, 5, 1}));
  EXPECT_TRUE(second->certify().ok());
  EXPECT_EQ(first.prove(zeros(model)).status().code(), StatusCode::kResourceLimit);
  // A request that cannot be served takes no slot.
  EXPECT_FALSE(first.prove(RealInputs{}).ok());
  EXPECT_EQ(SlotFile::open(path, kModelSecretFile)->slots().next, 4u);
}

TEST(Slots, ASplitSecretProvesInEveryPart) {
  const TestFolder folder;
  const Model model = make_model(make_package(1));
  Prover prover = commit(model, options_with(4));
  ASSERT_TRUE(prover.save(folder.file("a.zksecret")).ok());
  const std::vector<std::string> parts = {folder.file("1.zksecret"), folder.file("2.zksecret")};
  ASSERT_TRUE(SlotFile::open(folder.file("a.zksecret"), kModelSecretFile)->split(parts).ok());
  EXPECT_EQ(prover.prove(zeros(model)).status().code(), StatusCode::kResourceLimit);
  const auto key = VerificationKey::from_bytes(prover.verification_key(), 0);
  ASSERT_TRUE(key.ok());
  std::size_t num_proofs = 0;
  for (const std::string& path : parts) {
    Result<Prover> part = Prover::open(model, path);
    ASSERT_TRUE(part.ok()) << part.status().to_string();
    for (auto proof = part->prove(zeros(model)); proof.ok(); proof = part->prove(zeros(model))) {
      EXPECT_TRUE(verify(*key, proof->proof, VerifyRequest::uncertified()).verdict.accepted());
      ++num_proofs;
    }
  }
  EXPECT_EQ(num_proofs, 3u);
}

class RefusingStore final : public SlotStore {
 public:
  Result<std::uint64_t> take_slots(SlotUse, std::uint64_t) override { return io_error("the database is down"); }
};

TEST(Slots, AStoreOfOnesOwn) {
  const Model model = make_model(make_package(1));
  const Bytes secret = commit(model, options_with(4)).commitment_secret();
  EXPECT_EQ(Prover::restore(model, secret, nullptr).status().code(), StatusCode::kInvalidArgument);
  Result<Prover> refused = Prover::restore(model, secret, std::make_shared<RefusingStore>());
  ASSERT_TRUE(refused.ok());
  EXPECT_NE(refused->prove(zeros(model)).status().message().find("the database is down"), std::string::npos);
  EXPECT_EQ(refused->proofs_made(), 0u);
  const auto store = std::make_shared<MemorySlots>(refused->all_slots());
  Result<Prover> prover = Prover::restore(model, secret, store);
  ASSERT_TRUE(prover.ok());
  EXPECT_TRUE(prover->prove(zeros(model)).ok());
  EXPECT_EQ(store->slots()->next, 1u);
}

TEST(Slots, ACountOfAnotherCommitmentIsRefused) {
  const TestFolder folder;
  const std::string path = folder.file("a.zksecret");
  const Model model = make_model(make_package(1));
  const Prover prover = commit(model, options_with(4));
  ASSERT_TRUE(SlotFile::create(path, kModelSecretFile, prover.commitment_secret(), SlotRange::whole(40, 1)).ok());
  EXPECT_EQ(Prover::open(model, path).status().code(), StatusCode::kCorrupt);
  EXPECT_FALSE(Prover::open(make_model(make_package(2)), path).ok());
}

TEST(Slots, TheSecretTellsItsCommitment) {
  const Model model = make_model(make_package(1));
  const Prover prover = commit(model, options_with(4));
  const Result<CommitmentInfo> info = read_commitment_secret(prover.commitment_secret());
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->budget, 4u);
  EXPECT_EQ(info->model_identity, VerificationKey::from_bytes(prover.verification_key(), 0)->info().model_identity);
}

void expect_no_match(const Model& model, ByteView key, ByteView opening, const std::string& reason) {
  const Result<AuditCheck> check = check_audit_key(model, key, opening);
  ASSERT_TRUE(check.ok()) << check.status().to_string();
  EXPECT_FALSE(check->matches) << reason;
  EXPECT_NE(check->reason.find(reason), std::string::npos) << check->reason;
}

TEST(Opening, FitsItsModelAndKeyOnly) {
  const package::Package package = make_package(1);
  const Model model = make_model(package);
  const Prover prover = commit(model, options_with(4));
  const Bytes opening = prover.audit_key();
  const Bytes& key = prover.verification_key();
  const Result<AuditCheck> check = check_audit_key(model, key, opening);
  ASSERT_TRUE(check.ok()) << check.status().to_string();
  EXPECT_TRUE(check->matches) << check->reason;

  const Prover again = commit(model, options_with(4));
  expect_no_match(model, again.verification_key(), opening, "belongs to the commitment");
  EXPECT_TRUE(check_audit_key(model, again.verification_key(), again.audit_key())->matches);
  // One weight is another.
  package::Package changed = package;
  qir::Weights weights = package.weights.to_vectors();
  for (std::vector<std::int32_t>& values : weights) {
    if (values.empty()) continue;
    values.back() += values.back() > 0 ? -1 : 1;
    break;
  }
  changed.weights = weights;
  ASSERT_FALSE(changed.weights == package.weights);
  expect_no_match(make_model(changed), key, opening, "weights");
  changed = package;
  changed.graph.nodes.front().name += "2";
  expect_no_match(make_model(changed), key, opening, "structure");
  EXPECT_NE(make_model(changed).structure_digest(), model.structure_digest());
  // What a model is called says nothing of what it computes.
  changed = package;
  changed.graph.name += "2";
  EXPECT_TRUE(check_audit_key(make_model(changed), key, opening)->matches);
  EXPECT_EQ(make_model(changed).structure_digest(), model.structure_digest());
}

// A key with the right root and another out-of-domain value: proofs under it would speak of another code word near the root.
TEST(Opening, TheOutOfDomainValueIsCompared) {
  const Model model = make_model(make_package(1));
  const Prover prover = commit(model, options_with(4));
  statement::Key key = statement::parse_key(prover.verification_key()).value();
  key.commitment.ood_value += Fe(Fp(1));
  Bytes opening = prover.audit_key();
  const Digest identity = key.identity();
  std::copy(identity.begin(), identity.end(), opening.begin() + 8);
  opening.resize(opening.size() - sizeof(Digest));
  const Digest checksum = keccak256(opening);
  opening.insert(opening.end(), checksum.begin(), checksum.end());
  expect_no_match(model, prover::key_bytes(key), opening, "out-of-domain");
}

// The code word in a file: the same proofs as from memory, and no encoding.
TEST(CodeFile, TheSameProofsAsFromMemory) {
  const TestFolder folder;
  const Model model = make_model(make_package(1));
  CommitOptions options = options_with(8);
  options.insecure_seed = Digest{1};
  Prover in_memory = commit(model, options);
  options.code_file = folder.file("m.zkcode");
  Prover in_file = commit(model, options);
  EXPECT_EQ(in_file.verification_key(), in_memory.verification_key());
  const Bytes proof = in_memory.prove(zeros(model))->proof;
  EXPECT_EQ(in_file.prove(zeros(model))->proof, proof);
  const auto slots = std::make_shared<MemorySlots>(in_file.all_slots());
  Result<Prover> again = Prover::restore(model, in_file.commitment_secret(), slots, {}, options.code_file);
  ASSERT_TRUE(again.ok()) << again.status().to_string();
  EXPECT_EQ(again->verification_key(), in_memory.verification_key());
  EXPECT_EQ(again->audit_key(), in_memory.audit_key());
  EXPECT_EQ(again->prove(zeros(model))->proof, proof);
  EXPECT_TRUE(again->certify().ok());
  struct stat facts {};
  ASSERT_EQ(::stat(options.code_file.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

TEST(CodeFile, IsMadeAgainWhereItIsMissing) {
  const TestFolder folder;
  const Model model = make_model(make_package(1));
  Prover prover = commit(model, options_with(8));
  const std::string path = folder.file("m.zkcode");
  const auto restore = [&](const Model& with) {
    return Prover::restore(with, prover.commitment_secret(), std::make_shared<MemorySlots>(prover.all_slots()), {},
                           path);
  };
  ASSERT_TRUE(restore(model).ok());
  EXPECT_TRUE(std::filesystem::exists(path));
  ASSERT_TRUE(restore(model).ok());
  // Other weights under the same structure: refused, and the message says which file and what to do. The file stays.
  const Bytes bytes = read_file(path, std::uint64_t{1} << 30).value();
  const Result<Prover> other = restore(make_model(make_package(2)));
  EXPECT_EQ(other.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(other.status().message().find(path), std::string::npos) << other.status().message();
  EXPECT_EQ(read_file(path, std::uint64_t{1} << 30).value(), bytes);
  // Of another version, or what a lost write leaves: as if it were missing.
  for (const Bytes& head : {Bytes{'Z', 'K', 'I', 'W', 2, 0, 0, 0}, Bytes(8), Bytes()}) {
    Bytes changed = head.empty() ? Bytes() : bytes;
    std::ranges::copy(head, changed.begin());
    ASSERT_TRUE(write_file(path, changed).ok());
    EXPECT_TRUE(restore(model).ok());
    EXPECT_EQ(read_file(path, std::uint64_t{1} << 30).value(), bytes);
  }
  // What is none of ours is not touched.
  ASSERT_TRUE(write_file(path, Bytes(20, 'a')).ok());
  EXPECT_EQ(restore(model).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(read_file(path, std::uint64_t{1} << 30).value(), Bytes(20, 'a'));
  std::filesystem::remove(path);
  // Another commitment's, to the same weights: as if it were missing, and over it.
  CommitOptions options = options_with(8);
  options.code_file = path;
  ASSERT_NE(commit(model, options).verification_key(), prover.verification_key());
  for (int i = 0; i < 2; ++i) {
    Result<Prover> again = restore(model);
    ASSERT_TRUE(again.ok()) << again.status().to_string();
    EXPECT_EQ(again->verification_key(), prover.verification_key());
  }
  std::filesystem::remove(path);
  EXPECT_FALSE(restore(make_model(make_package(2))).ok());
  EXPECT_FALSE(std::filesystem::exists(path)) << "nothing is left of a commitment that is not the secret's";
}

// Damage anywhere in the file gives the proof that memory gives, or an error that names it: never another proof, and never two slots.
TEST(CodeFile, DamageNeverMakesAWrongProof) {
  const TestFolder folder;
  const Model model = make_model(make_package(1));
  CommitOptions options = options_with(8);
  options.insecure_seed = Digest{1};
  options.code_file = folder.file("m.zkcode");
  Prover prover = commit(model, options);
  const Bytes proof = prover.prove(zeros(model))->proof;
  const Bytes bytes = read_file(options.code_file, std::uint64_t{1} << 30).value();
  std::size_t num_refused = 0;
  std::mt19937_64 draws(1);
  const auto restore = [&](const std::shared_ptr<MemorySlots>& slots) {
    return Prover::restore(model, prover.commitment_secret(), slots, {}, options.code_file);
  };
  for (int i = 0; i < 200; ++i) {
    Bytes changed = bytes;
    // A page of zeros, as a lost write leaves it; the first ones hold header and random coefficients.
    const std::size_t at = i < 16 ? static_cast<std::size_t>(i) * 4096 : draws() % changed.size() / 4096 * 4096;
    std::fill(changed.begin() + static_cast<std::ptrdiff_t>(std::min(at, changed.size())),
              changed.begin() + static_cast<std::ptrdiff_t>(std::min(at + 4096, changed.size())), std::uint8_t{0});
    ASSERT_TRUE(write_file(options.code_file, changed).ok());
    const auto slots = std::make_shared<MemorySlots>(prover.all_slots());
    Result<Prover> damaged = restore(slots);
    ASSERT_TRUE(damaged.ok()) << damaged.status().to_string();
    const auto result = damaged->prove(zeros(model));
    if (result.ok()) {
      EXPECT_EQ(result->proof, proof) << at;
      continue;
    }
    ++num_refused;
    EXPECT_GE(i, 2) << "header and random coefficients are looked at before a slot is taken";
    EXPECT_EQ(result.status().code(), StatusCode::kCorrupt) << result.status().to_string();
    EXPECT_NE(result.status().message().find(options.code_file), std::string::npos) << result.status().message();
    EXPECT_FALSE(std::filesystem::exists(options.code_file));
    const std::uint64_t left = slots->slots()->num_left(SlotUse::kProof);
    EXPECT_EQ(damaged->prove(zeros(model)).status().code(), StatusCode::kCorrupt);
    EXPECT_EQ(slots->slots()->num_left(SlotUse::kProof), left);
    Result<Prover> again = restore(slots);
    ASSERT_TRUE(again.ok()) << again.status().to_string();
    EXPECT_TRUE(again->prove(zeros(model)).ok());
    EXPECT_EQ(read_file(options.code_file, std::uint64_t{1} << 30).value(), bytes);
  }
  EXPECT_GT(num_refused, 3u);
}

TEST(Opening, EveryChangedByteIsRefused) {
  const Model model = make_model(make_package(1));
  const Prover prover = commit(model, options_with(4));
  const Bytes opening = prover.audit_key();
  for (std::size_t i = 0; i < opening.size(); ++i) {
    Bytes changed = opening;
    changed[i] ^= 1;
    EXPECT_EQ(check_audit_key(model, prover.verification_key(), changed).status().code(), StatusCode::kCorrupt) << i;
    EXPECT_FALSE(check_audit_key(model, prover.verification_key(), ByteView(opening).first(i)).ok()) << i;
  }
}

// What the opening gives away is the rows' key: neither seed nor secret can be made from it.
TEST(Opening, HoldsNoSeed) {
  const Model model = make_model(make_package(1));
  CommitOptions options = options_with(4);
  options.insecure_seed = e2e::test_seed(77);
  const Bytes opening = commit(model, options).audit_key();
  const Digest seed = *options.insecure_seed;
  EXPECT_TRUE(std::search(opening.begin(), opening.end(), seed.begin(), seed.end()) == opening.end());
}

TEST(Opening, OfAPublicModelNeedsNoSecret) {
  const Model model = make_model(make_package(1));
  CommitOptions options = options_with(0);
  options.public_parameters = true;
  const Prover prover = commit(model, options);
  EXPECT_TRUE(check_audit_key(model, prover.verification_key(), prover.audit_key())->matches);
}

}  // namespace
}  // namespace zkinfer
