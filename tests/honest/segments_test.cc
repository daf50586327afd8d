// SPDX-License-Identifier: Apache-2.0
// Models that are cut into segments, through the public interface: the same verbs, the same results.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/files.h"
#include "exec/integer/executor.h"
#include "prover/write.h"
#include "segments/split.h"
#include "slots/test_folder.h"
#include "support/layered_graphs.h"
#include "support/owner.h"
#include "zkinfer/segments.h"
#include "zkinfer/structure.h"

namespace zkinfer::data_test {
namespace {

Model cut_at(qir::QGraph graph, std::vector<std::uint32_t> cuts) {
  package::Package package;
  package.graph = std::move(graph);
  package.weights = e2e::draw_params(package.graph, 1);
  package.cuts = std::move(cuts);
  return must(Model::from_bytes(package::to_bytes(package)));
}

CommitOptions options_of(const TensorPolicy& inputs = kPrivate, const TensorPolicy& outputs = kPublic) {
  CommitOptions options = options_with(inputs, outputs);
  options.budget = 8;
  return options;
}

VerifyRequest certified(const Owner& owner, const ProofResult& proof) {
  VerifyRequest request = proof.statement;
  const Verdict verdict = CheckedWeights::from_certificate(owner.key, must(owner.prover.certify()), request.weights);
  EXPECT_TRUE(verdict.accepted()) << verdict.to_string();
  return request;
}

TEST(Segments, ProveAndVerifyWithOneKeyAndOneProof) {
  const Model whole = make_model(e2e::layered_graph(5, 6));
  const Owner owner(cut_at(e2e::layered_graph(5, 6), {2, 3}), options_of());
  EXPECT_EQ(owner.model.num_segments(), 3u);
  EXPECT_EQ(owner.key.info().num_segments, 3u);
  EXPECT_EQ(owner.key.info().num_parameters, 6u * 25u);
  EXPECT_EQ(owner.key.info().structure_digest, owner.model.structure_digest());
  EXPECT_EQ(owner.model.to_bytes(), must(Model::from_bytes(owner.model.to_bytes())).to_bytes());
  const auto inputs = owner.draw(4);
  ProveRequest request;
  request.integers = inputs;
  request.context = {1, 2, 3};
  const ProofResult proof = must(owner.prover.prove(request));
  const VerifyResult result = verify(owner.key, proof.proof, certified(owner, proof));
  ASSERT_TRUE(result.verdict.accepted()) << result.verdict.to_string();
  EXPECT_EQ(result.weights, WeightEvidence::kCertified);
  // What one circuit of the whole gives.
  Owner one(whole, options_of());
  const ProofResult plain = must(one.prover.prove(request));
  EXPECT_EQ(result.outputs[0].integers, plain.outputs[0]);
  EXPECT_EQ(proof.outputs, plain.outputs);
  EXPECT_NE(owner.key.info().model_identity, one.key.info().model_identity);
  EXPECT_FALSE(verify(one.key, proof.proof, proof.statement).verdict.accepted());
  EXPECT_FALSE(verify(owner.key, plain.proof, plain.statement).verdict.accepted());
}

TEST(Segments, TensorsReadTwiceAndOutputsFromTheMiddle) {
  for (const TensorPolicy& inputs :
       {kPrivate, kPublic, kCommitted, TensorPolicy{Exposure::kPrivate, TensorHash::kSha256}}) {
    for (const TensorPolicy& outputs : {kPublic, kCommitted, TensorPolicy{Exposure::kPublic, TensorHash::kKeccak256}}) {
      const Owner owner(cut_at(e2e::skipping_graph(), {1, 2, 3}), options_of(inputs, outputs));
      std::vector<CommittedTensor> committed;
      const auto values = owner.draw(7);
      const ProofResult proof = must(owner.prover.prove(owner.request(values, committed)));
      const VerifyResult result = owner.verify(proof);
      ASSERT_TRUE(result.verdict.accepted()) << result.verdict.to_string();
      const Owner plain(make_model(e2e::skipping_graph()), options_of(kPrivate, kPublic));
      ProveRequest request;
      request.integers = values;
      EXPECT_EQ(proof.outputs, must(plain.prover.prove(request)).outputs);
      // A committed output goes on to other models.
      if (outputs.is_committed()) EXPECT_EQ(proof.committed_outputs[1].integers(), proof.outputs[1]);
    }
  }
}

// What the code file holds of each segment changes no byte of any proof.
TEST(Segments, CodeFilesGiveTheSameProofs) {
  const TestFolder folder;
  const std::string secret = folder.file("m.zksecret"), code = folder.file("m.zkcode");
  const auto commit = [&](std::uint8_t seed, const std::string& code_file) {
    CommitOptions options = options_of();
    options.insecure_seed.emplace();
    options.insecure_seed->fill(seed);
    options.code_file = code_file;
    return Owner(cut_at(e2e::layered_graph(4, 4), {1, 2}), options);
  };
  const Owner in_memory = commit(1, {}), on_disk = commit(1, code);
  const auto prove = [&](const Prover& prover) {
    ProveRequest request;
    request.integers = in_memory.draw(4);
    return must(prover.prove(request)).proof;
  };
  const Bytes first = prove(in_memory.prover), second = prove(in_memory.prover), third = prove(in_memory.prover);
  EXPECT_EQ(prove(on_disk.prover), first);
  Owner saved = commit(1, code);
  ASSERT_TRUE(saved.prover.save(secret).ok());
  const auto open = [&] { return Prover::open(saved.model, secret); };
  EXPECT_EQ(prove(must(open())), first);
  // Another commitment's counts as missing and is made again; so does one segment's of this.
  (void)commit(2, code);
  EXPECT_EQ(prove(must(open())), second);
  Bytes bytes = read_file(code, 1 << 30).value();
  const Prover again = must(open());
  EXPECT_EQ(read_file(code, 1 << 30).value(), bytes);
  EXPECT_EQ(prove(again), third);
  // Damage of what is looked at before a slot is taken is mended: a part's header, and the page behind it, of random coefficients.
  for (const std::size_t place : {std::size_t{20}, std::size_t{4096}}) {
    Bytes changed = bytes;
    changed[place] ^= 1;
    ASSERT_TRUE(write_file(code, changed).ok());
    EXPECT_TRUE(open().ok());
    EXPECT_EQ(read_file(code, 1 << 30).value(), bytes);
  }
}

TEST(Segments, SecretsComeBackAndRotate) {
  const TestFolder folder;
  Owner owner(cut_at(e2e::layered_graph(4, 4), {1, 3}), options_of());
  ASSERT_TRUE(owner.prover.save(folder.file("m.zksecret")).ok());
  const Prover again = must(Prover::open(owner.model, folder.file("m.zksecret")));
  EXPECT_EQ(again.verification_key(), owner.prover.verification_key());
  ProveRequest request;
  request.integers = owner.draw(3);
  const ProofResult first = must(again.prove(request)), second = must(again.prove(request));
  EXPECT_NE(first.proof, second.proof);
  const VerifyResult result = verify(owner.key, second.proof, second.statement);
  EXPECT_TRUE(result.verdict.accepted()) << result.verdict.to_string();
  EXPECT_EQ(result.slot, 1u);
  // A secret of another cut, or of no cut.
  EXPECT_FALSE(Prover::open(cut_at(e2e::layered_graph(4, 4), {2, 3}), folder.file("m.zksecret")).ok());
  EXPECT_FALSE(Prover::open(make_model(e2e::layered_graph(4, 4)), folder.file("m.zksecret")).ok());
  // The next commitment holds the same weights.
  const Owner fresh(owner.model, options_of());
  const Bytes rotation = must(again.rotate(fresh.prover));
  EXPECT_EQ(verify_rotation(owner.key, fresh.key, rotation).to_string(), "accepted");
  EXPECT_FALSE(verify_rotation(fresh.key, owner.key, rotation).accepted());
  const Owner other(cut_at(e2e::layered_graph(4, 4), {2}), options_of());
  EXPECT_FALSE(verify_rotation(owner.key, other.key, rotation).accepted());
  // An auditor who has the model.
  EXPECT_TRUE(must(check_audit_key(owner.model, owner.prover.verification_key(), again.audit_key())).matches);
}

TEST(Segments, PublicModels) {
  CommitOptions options = options_of(kPublic, kPublic);
  options.public_parameters = true;
  options.budget = 0;
  const Owner owner(cut_at(e2e::layered_graph(4, 4), {2}), options);
  ProveRequest request;
  request.integers = owner.draw(3);
  const ProofResult proof = must(owner.prover.prove(request));
  VerifyRequest asked = proof.statement;
  const Verdict verdict = check_public_weights(owner.model, owner.key, asked.weights);
  ASSERT_TRUE(verdict.accepted()) << verdict.to_string();
  EXPECT_TRUE(verify(owner.key, proof.proof, asked).verdict.accepted());
  const Owner again(owner.model, options);
  EXPECT_EQ(again.prover.verification_key(), owner.prover.verification_key());
  options.security.zero_knowledge = false;
  EXPECT_FALSE(Prover::create(owner.model, options).ok()) << "what is between the segments is hidden";
}

// A key says how long the code words are that are made to compare with it: all segments' together are held against the limit.
TEST(Segments, PublicCommitmentsShareTheLimit) {
  CommitOptions options = options_of(kPublic, kPublic);
  options.public_parameters = true;
  options.budget = 0;
  const Owner owner(cut_at(e2e::layered_graph(4, 4), {1, 2, 3}), options);
  statement::Key key = must(statement::parse_key(owner.prover.verification_key()));
  constexpr std::uint64_t kEach = std::uint64_t{16} << 20;
  for (statement::Key& segment : key.segments) {
    pcs::CodeParams& oracle = segment.params.model;
    while (8 * oracle.domain_size() * oracle.num_lanes() < kEach) ++oracle.log_domain;
    oracle.num_queries *= 6;  // enough at that rate
  }
  const auto verdict = [&](std::uint64_t memory) {
    const VerificationKey long_one =
        must(VerificationKey::from_bytes(prover::key_bytes(key), 0, {kNoVerifyLimits.nanoseconds, memory}));
    CheckedWeights weights;
    return check_public_weights(owner.model, long_one, weights);
  };
  EXPECT_EQ(verdict(3 * kEach).reason, RejectReason::kOverLimit) << verdict(3 * kEach).to_string();
  EXPECT_EQ(verdict(4 * kEach).reason, RejectReason::kWrongStatement) << "looked at: another commitment";
}

TEST(Segments, CutsAreWhereLittleCrosses) {
  const Model model = make_model(e2e::layered_graph(6, 12));
  const Model cut = must(cut_model(model, {4, 0}));
  EXPECT_EQ(cut.num_segments(), 4u);
  EXPECT_EQ(must(cut_model(cut, {1, 0})).to_bytes(), model.to_bytes()) << "cut anew: into one";
  EXPECT_FALSE(cut_model(model, {0, 0}).ok());
  EXPECT_FALSE(cut_model(model, {2, std::uint64_t{1} << 30}).ok()) << "one of the two";
  EXPECT_EQ(cut_model(model, {0, 1000}).status().code(), StatusCode::kResourceLimit);
  EXPECT_EQ(must(cut_model(model, {0, std::uint64_t{1} << 40})).num_segments(), 1u);
}

// An estimate is about what is committed to and proven; notes are of the last cut.
TEST(Segments, WhatCuttingCosts) {
  const Model model = make_model(e2e::layered_graph(6, 12));
  const auto notes = [](const Model& of) {
    std::string all;
    for (const Note& note : of.compile_record().notes) all += note.text + "\n";
    return all;
  };
  const Model cut = must(cut_model(model, {4, 0}));
  EXPECT_NE(notes(cut).find("segments save little or no memory"), std::string::npos) << notes(cut);
  EXPECT_EQ(notes(cut).find("not 4"), std::string::npos);
  const Model finest = must(cut_model(cut, {1000, 0}));
  EXPECT_LE(finest.num_segments(), 12u);
  EXPECT_NE(notes(finest).find("not 1000: more would not make"), std::string::npos) << notes(finest);
  EXPECT_EQ(notes(must(cut_model(finest, {1, 0}))), "");
  // What fits is left whole; what cannot fit says what takes the memory.
  const std::uint64_t whole = must(estimate_memory(model)).most();
  EXPECT_EQ(must(cut_model(model, {0, whole})).num_segments(), 1u);
  const Status status = cut_model(model, {0, whole * 3 / 4}).status();
  EXPECT_EQ(status.code(), StatusCode::kResourceLimit);
  EXPECT_NE(status.message().find("committing to the "), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("weights of '"), std::string::npos) << status.message();
  // Of much to compute and few weights the parts are smaller than the whole.
  qir::TestBuilder b;
  const std::int32_t clamp = b.clamp_table(-1024, 11, -64, 63);
  qir::ValueId x = b.input({65536, 4}, -64, 63);
  for (int i = 0; i < 8; ++i)
    x = b.node(qir::Op::kMatMul, {x, b.param({4, 4}, -15, 15)}, {65536, 4}, -64, 63, e2e::with_coefs({}, {5, clamp}));
  b.graph.outputs = {x};
  const Model large = make_model(b.graph);
  const MemoryEstimate of_large = must(estimate_memory(large));
  ASSERT_GT(of_large.prove_bytes, of_large.commit_bytes);
  const std::uint64_t bound = of_large.prove_bytes * 9 / 10;
  const Result<Model> fits = cut_model(large, {0, bound});
  ASSERT_TRUE(fits.ok()) << fits.status().message();
  EXPECT_GT(fits->num_segments(), 1u);
  EXPECT_LE(must(estimate_memory(*fits)).most(), bound);
  EXPECT_EQ(notes(*fits), "");
  for (const char* text : {"4GiB", "512 MiB", "1.5GB", "123456", "7 TiB"}) EXPECT_TRUE(parse_memory(text).ok()) << text;
  EXPECT_EQ(must(parse_memory("1GiB")), std::uint64_t{1} << 30);
  for (const char* text : {"", "GiB", "-1GiB", "0", "1 QiB", "1GiB ", "nan", "inf", "1e30", "0x"}) {
    const Result<std::uint64_t> parsed = parse_memory(text);
    EXPECT_FALSE(parsed.ok()) << text;
    if (!parsed.ok()) EXPECT_NE(parsed.status().message().find("expected an amount of memory"), std::string::npos);
  }
}

TEST(Segments, PackagesWithWrongCuts) {
  package::Package package;
  package.graph = e2e::layered_graph(4, 4);
  package.weights = e2e::draw_params(package.graph, 1);
  for (const std::vector<std::uint32_t>& cuts :
       std::vector<std::vector<std::uint32_t>>{{0}, {4}, {2, 2}, {3, 1}, {1, 2, 3, 4}}) {
    package.cuts = cuts;
    EXPECT_EQ(Model::from_bytes(package::to_bytes(package)).status().code(), StatusCode::kCorrupt);
  }
}

// The structure that people see is that of the whole.
TEST(Segments, TheWholeAgain) {
  const qir::QGraph graph = e2e::skipping_graph();
  const segments::Split split = must(segments::split(graph, {1, 2, 3}));
  std::vector<const qir::QGraph*> graphs;
  for (const segments::Segment& segment : split.segments) graphs.push_back(&segment.graph);
  const qir::QGraph joined = segments::join(graphs, split.reads);
  ASSERT_TRUE(qir::validate(joined).ok());
  EXPECT_EQ(joined.nodes.size(), graph.nodes.size());
  const auto inputs = e2e::draw_inputs(graph, 9);
  const auto run = [&](const qir::QGraph& of) {
    const auto witness = must(exec_integer::run(of, e2e::draw_params(of, 1), inputs));
    return std::pair(witness.values[of.outputs[0]], witness.values[of.outputs[1]]);
  };
  EXPECT_EQ(run(joined), run(graph));
  const Owner owner(cut_at(graph, {1, 2, 3}), options_of());
  EXPECT_NE(structure_text(owner.key).find("Linear"), std::string::npos);
}

}  // namespace
}  // namespace zkinfer::data_test
