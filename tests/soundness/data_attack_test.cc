// SPDX-License-Identifier: Apache-2.0
// Attacks on inputs and outputs that are committed or bound by a hash: order, identity of commitments, hostile parameters.
#include <gtest/gtest.h>

#include <chrono>

#include "base/big_endian.h"
#include "prover/key_proof_params.h"
#include "prover/prf.h"
#include "prover/write.h"
#include "statement/canonical_bytes.h"
#include "support/session.h"
#include "support/small_graphs.h"
#include "zkinfer/inspect.h"
#include "zkinfer/verify.h"

namespace zkinfer::e2e {
namespace {

constexpr TensorPolicy kPrivate{};
constexpr TensorPolicy kPublic{Exposure::kPublic, TensorHash::kNone};
constexpr TensorPolicy kKeccak{Exposure::kPublic, TensorHash::kKeccak256};
constexpr TensorPolicy kSha{Exposure::kPublic, TensorHash::kSha256};
constexpr TensorPolicy kPrivateSha{Exposure::kPrivate, TensorHash::kSha256};
constexpr TensorPolicy kCommitted{Exposure::kCommitted, TensorHash::kNone};

prover::ModelOptions data_options(const TensorPolicy& in, const TensorPolicy& out) {
  prover::ModelOptions options = test_options(true);
  options.visibility = {in, out, false};
  options.tensor_budget = 2;
  return options;
}

struct DataSession : Session {
  DataSession(const qir::QGraph& g, const TensorPolicy& in, const TensorPolicy& out)
      : Session(g, data_options(in, out), 3) {}
  DataSession(qir::QGraph g, Result<prover::CommittedModel> made) : Session(std::move(g), std::move(made), 4) {}
  Verdict verify(const prover::Proof& proof) const {
    return verifier::verify(model.prepared, proof.bytes, beside(proof), nullptr);
  }
};

// Two inputs and two outputs of one shape and range.
qir::QGraph twins_graph() {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({1, 3}, -8, 7);
  const qir::ValueId y = b.input({1, 3}, -8, 7);
  const qir::ValueId w = b.param({3, 3}, -15, 15);
  const std::int32_t clamp = b.clamp_table(-512, 10, -64, 63);
  b.graph.outputs = {b.node(qir::Op::kMatMul, {x, w}, {1, 3}, -64, 63, with_coefs({}, {2, clamp})),
                     b.node(qir::Op::kMatMul, {y, w}, {1, 3}, -64, 63, with_coefs({}, {3, clamp}))};
  return b.graph;
}

// ---- order and identity of tensors

// Outputs may be inputs of the graph, or stand there twice; each place in the statement follows its own group's rule.
TEST(DataAttack, InputsThatAreOutputs) {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({1, 3}, -8, 7);
  const qir::ValueId w = b.param({3, 2}, -15, 15);
  const qir::ValueId y = b.node(qir::Op::kMatMul, {x, w}, {1, 2}, -512, 511);
  b.graph.outputs = {x, y, y};
  for (const TensorPolicy& in : {kPrivate, kPublic, kKeccak, kCommitted, kPrivateSha}) {
    for (const TensorPolicy& out : {kPublic, kSha, kCommitted, kPrivateSha}) {
      const DataSession session(b.graph, in, out);
      const prover::Proof proof = session.prove();
      EXPECT_EQ(session.verify(proof).to_string(), "accepted")
          << static_cast<int>(in.exposure) << static_cast<int>(in.hash) << " " << static_cast<int>(out.exposure)
          << static_cast<int>(out.hash);
    }
  }
}

TEST(DataAttack, TensorsBesideAProofInAnotherOrder) {
  const DataSession session(twins_graph(), kKeccak, kSha);
  const prover::Proof proof = session.prove();
  const statement::PublicValues beside = session.beside(proof);
  ASSERT_EQ(beside.size(), 4u);
  ASSERT_TRUE(verifier::verify(session.model.prepared, proof.bytes, beside, nullptr).accepted());
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      statement::PublicValues swapped = beside;
      std::swap(swapped[i], swapped[j]);
      EXPECT_EQ(verifier::verify(session.model.prepared, proof.bytes, swapped, nullptr).reason,
                RejectReason::kBadPublicValue)
          << i << j;
      // With the digests swapped as well, where they are of one kind, the transcript tells.
      if (i / 2 != j / 2) continue;
      Bytes bytes = proof.bytes;
      const auto at = bytes.begin() + statement::kValuesOffset;
      std::swap_ranges(at + static_cast<std::ptrdiff_t>(32 * i), at + static_cast<std::ptrdiff_t>(32 * i + 32),
                       at + static_cast<std::ptrdiff_t>(32 * j));
      EXPECT_FALSE(verifier::verify(session.model.prepared, bytes, swapped, nullptr).accepted()) << i << j;
    }
  }
}

// A prover that swaps digests, or commitments, in the statement from the start.
TEST(DataAttack, StatementsWithSwappedTensors) {
  {
    const DataSession session(twins_graph(), kPrivateSha, kPrivateSha);
    ASSERT_TRUE(session.verify(session.prove()).accepted());
    for (const auto& [i, j] : {std::pair{0, 1}, {2, 3}, {0, 2}}) {
      prover::ProveHooks hooks;
      hooks.outputs = [i = i, j = j](statement::PublicIo& data) {
        std::swap(data.digests[static_cast<std::size_t>(i)], data.digests[static_cast<std::size_t>(j)]);
      };
      EXPECT_FALSE(session.verify(session.prove(&hooks)).accepted()) << i << j;
    }
  }
  {
    DataSession session(twins_graph(), kCommitted, kPublic);
    ASSERT_TRUE(session.verify(session.prove()).accepted());
    prover::ProveHooks hooks;
    hooks.outputs = [](statement::PublicIo& data) { std::swap(data.commitments[0], data.commitments[1]); };
    EXPECT_FALSE(session.verify(session.prove(&hooks)).accepted()) << "the openings are those of the others";
    // Commitments and openings swapped: each holds the other tensor.
    std::swap(session.committed_inputs[0]->values, session.committed_inputs[1]->values);
    std::swap(session.request.committed_inputs[0], session.request.committed_inputs[1]);
    EXPECT_FALSE(session.verify(session.prove()).accepted()) << "the tensors are those of the others";
  }
}

// Keys that differ in visibility alone, so that circuit, parameters and weight commitment are the same.
TEST(DataAttack, ReplayUnderAnotherVisibility) {
  const qir::QGraph graph = twins_graph();
  const std::vector<TensorPolicy> groups = {kPublic, kKeccak, kSha};
  std::vector<DataSession> sessions;
  for (const TensorPolicy& out : groups) sessions.emplace_back(graph, kPrivate, out);
  for (std::size_t from = 0; from < groups.size(); ++from) {
    const prover::Proof proof = sessions[from].prove();
    const Bytes messages(proof.bytes.begin() + static_cast<std::ptrdiff_t>(
                                                   statement::header_size(graph, sessions[from].key().visibility)),
                         proof.bytes.end());
    for (std::size_t to = 0; to < groups.size(); ++to) {
      const statement::Key& key = sessions[to].key();
      ASSERT_EQ(key.commitment, sessions[from].key().commitment);
      ASSERT_EQ(key.params.canonical_bytes(), sessions[from].key().params.canonical_bytes());
      // The header that the other key asks for, about the same outputs.
      statement::PublicIo data;
      data.values = proof.data.values;
      if (groups[to].hash != TensorHash::kNone) {
        for (std::size_t i = 0; i < 2; ++i) {
          data.digests.push_back(statement::hash_data(
              groups[to].hash, statement::canonical_bytes(graph.value(graph.outputs[i]), data.values[i])));
        }
      }
      Bytes replayed = prover::header_bytes(key, Digest{}, 0, data);
      replayed.insert(replayed.end(), messages.begin(), messages.end());
      const statement::PublicValues beside = groups[to].in_proof() ? statement::PublicValues{} : data.values;
      EXPECT_EQ(verifier::verify(sessions[to].model.prepared, replayed, beside, nullptr).accepted(), from == to)
          << from << to;
    }
  }
}

// ---- commitments

// Both bytes and limbs of a commitment have one form.
TEST(DataAttack, NonCanonicalCommitments) {
  const DataSession session(twins_graph(), kCommitted, kPublic);
  const prover::Proof proof = session.prove();
  const std::size_t begin =
      statement::header_size(session.graph, session.key().visibility) - 2 * statement::kCommitmentBytes;
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t limb = 0; limb < 3; ++limb) {
      Bytes bytes = proof.bytes;
      store_big_endian(Fp::kModulus, bytes.data() + begin + i * statement::kCommitmentBytes + 32 + 8 * limb);
      EXPECT_EQ(verifier::verify(session.model.prepared, bytes, nullptr).reason, RejectReason::kNonCanonical)
          << i << limb;
    }
  }
}

// A commitment that holds more than the tensor: of another size, or with another layout, it is another commitment.
TEST(DataAttack, CommitmentsOfOtherSizes) {
  const pcs::TensorOracle small = prover::tensor_oracle_params(12, 2, Security{}).value();
  pcs::TensorOracle other = small;
  other.budget += 1;
  const Digest root = test_seed(7);
  EXPECT_FALSE(statement::data_point(small, 12, root) == statement::data_point(small, 13, root));
  EXPECT_FALSE(statement::data_point(small, 12, root) == statement::data_point(other, 12, root));
  EXPECT_FALSE(statement::data_point(small, 12, root) == statement::data_point(small, 12, test_seed(8)));
}

// Data oracles with more lanes than M and W, and with fewer: the first rounds skip each other's.
TEST(DataAttack, LanesOfEveryNumber) {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({1, 200}, -8, 7);
  const qir::ValueId w = b.param({200, 2}, -15, 15);
  const std::int32_t clamp = b.clamp_table(-512, 10, -64, 63);
  b.graph.outputs = {b.node(qir::Op::kMatMul, {x, w}, {1, 2}, -64, 63, with_coefs({}, {6, clamp}))};
  const DataSession plain(b.graph, kCommitted, kPublic);
  const pcs::OpeningParams own = plain.key().params;
  bool more = false, fewer = false;
  for (int lanes = 0; lanes <= 10; ++lanes) {
    circuit::Circuit flat;
    flat.columns.push_back({"data", circuit::data_oracle(0), {200}});
    pcs::TensorOracle data = own.data[0];
    data.oracle.log_lanes = static_cast<std::uint8_t>(lanes);
    data.oracle.num_coefs = circuit::place_columns(flat, circuit::data_oracle(0), lanes).num_coefs;
    auto params = prover::key_proof_params(own, plain.model.prepared.compiled, {data});
    if (!params.ok() || data.oracle.dimension() >= data.oracle.domain_size()) continue;
    // Far more lanes than the numbers need are refused by an honest committer.
    if (!prover::commit_tensor(std::vector<std::int64_t>(200), data, test_seed(9)).ok()) continue;
    ASSERT_TRUE(params->validate().ok());
    more |= lanes > params->witness.log_lanes && lanes > params->model.log_lanes;
    fewer |= lanes < params->witness.log_lanes || lanes < params->model.log_lanes;
    DataSession session(
        b.graph, prover::recommit_model(b.graph, plain.model.weights, *params, plain.key().visibility, test_seed(5)));
    EXPECT_EQ(session.verify(session.prove()).to_string(), "accepted") << lanes;
    // One entry of the commitment is another number.
    for (const std::size_t at : {0, 127, 128, 199}) {
      std::vector<std::int64_t> values = session.request.inputs[0];
      values[at] += values[at] > 0 ? -1 : 1;
      prover::CommittedValues lie = prover::commit_tensor(values, data, test_seed(9)).value();
      lie.values = session.request.inputs[0];
      session.request.committed_inputs = {&lie};
      EXPECT_FALSE(session.verify(session.prove()).accepted()) << lanes << " " << at;
    }
  }
  EXPECT_TRUE(more);
  EXPECT_TRUE(fewer);
}

// ---- hostile keys

// Data oracles as a hostile key may declare them: refused in reading or in preparing, and soon.
TEST(DataAttack, HostileDataOracles) {
  const DataSession session(twins_graph(), kCommitted, kPublic);
  ASSERT_TRUE(statement::parse_key(prover::key_bytes(session.key())).ok());
  const auto status_of = [&](const std::function<void(statement::Key&)>& change) {
    statement::Key key = session.key();
    change(key);
    auto parsed = statement::parse_key(prover::key_bytes(key));
    return parsed.ok() ? verifier::prepare(std::move(*parsed)).status() : parsed.status();
  };
  EXPECT_TRUE(status_of([](statement::Key&) {}).ok());
  using Change = std::function<void(pcs::TensorOracle&)>;
  const std::vector<std::pair<const char*, Change>> changes = {
      {"no budget", [](auto& d) { d.budget = 0; }},
      {"no budget and no random rows",
       [](auto& d) {
         d.budget = 0;
         d.oracle.num_random_coefs = 0;
       }},
      {"a budget beyond the random rows", [](auto& d) { d.budget += 1; }},
      {"an endless budget", [](auto& d) { d.budget = ~std::uint64_t{0}; }},
      {"a budget that overflows", [](auto& d) { d.budget = ~std::uint64_t{0} / d.oracle.num_queries + 1; }},
      {"fewer random rows", [](auto& d) { d.oracle.num_random_coefs -= 1; }},
      {"random rows beyond the domain", [](auto& d) { d.oracle.num_random_coefs = std::uint64_t{1} << 40; }},
      {"fewer queries", [](auto& d) { d.oracle.num_queries /= 2; }},
      {"one query", [](auto& d) { d.oracle.num_queries = 1; }},
      {"no query", [](auto& d) { d.oracle.num_queries = 0; }},
      {"a higher rate", [](auto& d) { d.oracle.log_domain = static_cast<std::uint8_t>(d.oracle.log_domain - 1); }},
      {"a domain beyond the field's", [](auto& d) { d.oracle.log_domain = 33; }},
      {"rows for one number less", [](auto& d) { d.oracle.num_coefs -= 1; }},
      {"rows for one number more", [](auto& d) { d.oracle.num_coefs += 1; }},
      {"no rows", [](auto& d) { d.oracle.num_coefs = 0; }},
      {"other lanes", [](auto& d) { d.oracle.log_lanes = d.oracle.log_lanes == 0 ? 1 : 0; }},
      {"many lanes", [](auto& d) { d.oracle.log_lanes = 11; }},
  };
  for (const auto& [what, change] : changes) {
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_FALSE(status_of([&, i = i](statement::Key& key) { change(key.params.data[i]); }).ok())
          << what << " of D_" << i;
    }
  }
  EXPECT_FALSE(status_of([](statement::Key& key) { key.params.data.pop_back(); }).ok());
  EXPECT_FALSE(status_of([](statement::Key& key) { key.params.data.push_back(key.params.data[0]); }).ok());
  EXPECT_FALSE(status_of([](statement::Key& key) { key.params.data.clear(); }).ok());
  EXPECT_FALSE(status_of([](statement::Key& key) { key.visibility.inputs = kPrivate; }).ok())
      << "data oracles that nothing is committed in";
  EXPECT_FALSE(status_of([](statement::Key& key) { key.visibility.outputs = kCommitted; }).ok()) << "too few";
  // Outputs and inputs exchange their oracles: a proof's, not a key's matter here, since the sizes are equal.
  EXPECT_FALSE(status_of([](statement::Key& key) {
                 key.visibility = {kPublic, kCommitted, false};
                 key.params.model_budget = 0;
               }).ok());
}

// The size table of a proof costs what the proof does, not what the tensors beside it would: here 2^31 numbers.
TEST(DataAttack, SizeTableOfHugeTensorsBesideTheProof) {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({1, 1}, 0, 1);
  qir::Node pad;
  pad.pads_begin = {0, 0};
  b.graph.outputs = {b.node(qir::Op::kPad, {x}, {32, std::int64_t{1} << 26}, 0, 1, pad)};
  prover::ModelOptions options = test_options(true);
  options.visibility = {kPrivate, kSha, false};
  const auto model = prover::commit_model(b.graph, draw_params(b.graph, 1), options, test_seed(1));
  ASSERT_TRUE(model.ok()) << model.status().to_string();
  const Bytes bytes = prover::key_bytes(model->prepared.key);
  EXPECT_EQ(VerificationKey::from_bytes(bytes).status().code(), StatusCode::kResourceLimit);
  const auto key = VerificationKey::from_bytes(bytes, kDefaultMinSecurityBits, kNoVerifyLimits);
  ASSERT_TRUE(key.ok()) << key.status().to_string();
  const std::size_t header = statement::header_size(b.graph, options.visibility);
  const auto table = proof_size_table(*key, Bytes(header + 1000));
  ASSERT_FALSE(table.empty());
  EXPECT_EQ(table[0].second, header);
  EXPECT_FALSE(verify(*key, Bytes(header + 1000), VerifyRequest::uncertified()).verdict.accepted());
}

// Committed tensors are few; more are refused by name, and never wrap around to other oracles.
TEST(DataAttack, HundredsOfCommittedTensors) {
  for (const std::size_t num_inputs : {17, 253, 254, 260}) {
    qir::TestBuilder b;
    std::vector<qir::ValueId> inputs;
    for (std::size_t i = 0; i < num_inputs; ++i) inputs.push_back(b.input({1}, 0, 1));
    qir::Node sum;
    sum.coefs.assign(num_inputs, 1);
    b.graph.outputs = {b.node(qir::Op::kLinear, inputs, {1}, 0, static_cast<std::int64_t>(num_inputs), sum)};
    prover::ModelOptions options = test_options(true);
    options.visibility = {kCommitted, kPublic, false};
    const auto begin = std::chrono::steady_clock::now();
    const auto model = prover::commit_model(b.graph, draw_params(b.graph, 1), options, test_seed(1));
    EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(), 5.0) << num_inputs;
    EXPECT_EQ(model.status().code(), StatusCode::kResourceLimit) << num_inputs << ": " << model.status().to_string();
    EXPECT_NE(model.status().to_string().find("committed"), std::string::npos) << model.status().to_string();
  }
}

}  // namespace
}  // namespace zkinfer::e2e
