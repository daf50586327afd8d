// SPDX-License-Identifier: Apache-2.0
// Attacks on rotations and certificates: parameters of the forger's choice, files of another kind, keys that are nearly the same.
#include <gtest/gtest.h>

#include "prover/certify.h"
#include "prover/key_proof_params.h"
#include "prover/rotate.h"
#include "prover/write.h"
#include "support/session.h"
#include "support/small_graphs.h"
#include "verifier/certificate.h"
#include "verifier/rotation.h"

namespace zkinfer::e2e {
namespace {

prover::CommittedModel commit(const prover::ModelOptions& options, std::uint8_t seed, std::uint64_t params_seed = 1) {
  const qir::QGraph graph = mlp_graph();
  auto model = prover::commit_model(graph, draw_params(graph, params_seed), options, test_seed(seed));
  ZKI_CHECK(model.ok(), model.status().to_string().c_str());
  return std::move(model).value();
}

prover::ModelOptions with_outputs(const TensorPolicy& outputs) {
  prover::ModelOptions options = test_options(true);
  options.visibility.outputs = outputs;
  return options;
}

// The opening parameters that a rotation or certificate carries, and the file with others in their place.
std::size_t params_offset(ByteView file) {
  const bool is_rotation = find_format(file) == &format_of(FileKind::kRotation);
  return 8 + 8 * (is_rotation ? verifier::kRotationKind : verifier::kCertificateKind).num_slots;
}
pcs::OpeningParams params_of(ByteView file) {
  ByteReader reader(file.subspan(params_offset(file)));
  ByteReader params(reader.blob(1 << 16));
  return pcs::parse_params(params).value();
}
Bytes with_params(ByteView file, const pcs::OpeningParams& params) {
  ByteReader reader(file);
  ByteWriter writer;
  writer.raw(reader.raw(params_offset(file)));
  static_cast<void>(reader.blob(1 << 16));
  writer.blob(params.canonical_bytes());
  writer.raw(file.subspan(reader.offset()));
  return std::move(writer).take();
}

class RotationAttack : public ::testing::Test {
 protected:
  Bytes rotation() const { return prover::rotate(before_, after_, {}).value(); }
  Verdict verify(ByteView file) const { return verifier::verify_rotation(before_.prepared, after_.prepared, file); }

  prover::CommittedModel before_ = commit(test_options(true), 1);
  prover::CommittedModel after_ = commit(test_options(true), 2);
};

using Change = std::function<void(pcs::OpeningParams&)>;
const std::vector<std::pair<const char*, Change>>& hostile_changes() {
  static const std::vector<std::pair<const char*, Change>> changes = {
      {"M with fewer queries", [](auto& p) { p.model.num_queries -= 1; }},
      {"M with one query", [](auto& p) { p.model.num_queries = 1; }},
      {"M with another rate", [](auto& p) { p.model.log_domain = static_cast<std::uint8_t>(p.model.log_domain + 1); }},
      {"M with more rows", [](auto& p) { p.model.num_coefs += 1; }},
      {"M with more random rows", [](auto& p) { p.model.num_random_coefs += 1; }},
      {"another budget of M", [](auto& p) { p.model_budget -= 1; }},
      {"no M",
       [](auto& p) {
         p.has_model = false;
         p.model = {};
         p.model_budget = 0;
       }},
      {"W with fewer queries", [](auto& p) { p.witness.num_queries /= 2; }},
      {"W with one query", [](auto& p) { p.witness.num_queries = 1; }},
      {"W with more rows", [](auto& p) { p.witness.num_coefs += 1; }},
      {"W with other lanes", [](auto& p) { p.witness.log_lanes = static_cast<std::uint8_t>(p.witness.log_lanes + 1); }},
      {"a weak mask", [](auto& p) { p.mask.num_queries = 1; }},
      {"no zero knowledge",
       [](auto& p) {
         p.security.zero_knowledge = false;
         p.mask = {};
       }},
      {"fewer bits", [](auto& p) { p.security.bits = 40; }},
      {"more bits than there are",
       [](auto& p) {
         p.security.bits += 1;
         p.security.pow_bits = 0;
       }},
      {"no grinding",
       [](auto& p) {
         p.security.pow_bits = 0;
         p.security.bits += 2;
       }},
      {"other regime",
       [](auto& p) {
         p.security.decoding = p.security.decoding == Decoding::kJohnson ? Decoding::kUnique : Decoding::kJohnson;
       }},
      {"twice the new M",
       [](auto& p) {
         if (!p.data.empty())
           p.data.push_back(p.data[0]);
         else
           p.data.push_back({p.model, 1});
       }},
      {"not the new M",
       [](auto& p) {
         if (!p.data.empty())
           p.data.clear();
         else
           p.data.push_back({p.model, p.model_budget});
       }},
      {"the new M for more proofs",
       [](auto& p) {
         if (!p.data.empty())
           p.data[0].budget += 1;
         else
           p.model_budget += 1;
       }},
      {"the new M for one proof less",
       [](auto& p) {
         if (!p.data.empty())
           p.data[0].budget -= 1;
         else
           p.model_budget -= 1;
       }},
      {"the new M with one query",
       [](auto& p) {
         if (!p.data.empty())
           p.data[0].oracle.num_queries = 1;
         else
           p.model.num_queries = 1;
       }},
  };
  return changes;
}

TEST_F(RotationAttack, ParametersOfTheForgersChoice) {
  const Bytes honest = rotation();
  ASSERT_TRUE(verify(honest).accepted());
  ASSERT_TRUE(verify(with_params(honest, params_of(honest))).accepted());
  for (const auto& [what, change] : hostile_changes()) {
    pcs::OpeningParams params = params_of(honest);
    change(params);
    EXPECT_FALSE(verifier::prepare_rotation(before_.prepared, after_.prepared, params).ok()) << what;
    const Verdict verdict = verify(with_params(honest, params));
    EXPECT_TRUE(verdict.reason == RejectReason::kBadHeader || verdict.reason == RejectReason::kWrongStatement)
        << what << ": " << verdict.to_string();
  }
  // Good parameters, but not those of this proof.
  pcs::OpeningParams other = params_of(honest);
  other.security.pow_bits = static_cast<std::uint8_t>(other.security.pow_bits + 1);
  ASSERT_TRUE(verifier::prepare_rotation(before_.prepared, after_.prepared, other).ok());
  EXPECT_FALSE(verify(with_params(honest, other)).accepted());
}

TEST_F(RotationAttack, CertificatesWithParametersOfTheForgersChoice) {
  const Bytes honest = prover::certify(before_, {}).value();
  const auto verify_it = [&](ByteView file) { return verifier::verify_certificate(before_.prepared, file); };
  ASSERT_TRUE(verify_it(honest).accepted());
  ASSERT_TRUE(verify_it(with_params(honest, params_of(honest))).accepted());
  for (const auto& [what, change] : hostile_changes()) {
    pcs::OpeningParams params = params_of(honest);
    change(params);
    EXPECT_FALSE(verifier::prepare_certificate(before_.prepared, params).ok()) << what;
    const Verdict verdict = verify_it(with_params(honest, params));
    EXPECT_TRUE(verdict.reason == RejectReason::kBadHeader || verdict.reason == RejectReason::kWrongStatement)
        << what << ": " << verdict.to_string();
  }
}

// One kind of file under another's name.
TEST_F(RotationAttack, FilesOfAnotherKind) {
  prover::ProveRequest request;
  request.inputs = draw_inputs(mlp_graph(), 2);
  const Bytes proof = prover::prove(before_, request).value().bytes;
  const Bytes certificate = prover::certify(before_, {}).value();
  const Bytes honest = rotation();
  for (Bytes file : {proof, certificate, prover::key_bytes(before_.prepared.key)}) {
    EXPECT_FALSE(verify(file).accepted());
    std::copy_n(honest.begin(), 8, file.begin());
    EXPECT_FALSE(verify(file).accepted()) << "under a rotation's magic";
  }
  for (Bytes file : {proof, honest}) {
    EXPECT_FALSE(verifier::verify_certificate(before_.prepared, file).accepted());
    std::copy_n(certificate.begin(), 8, file.begin());
    EXPECT_FALSE(verifier::verify_certificate(before_.prepared, file).accepted()) << "under a certificate's magic";
  }
  for (Bytes file : {certificate, honest}) {
    EXPECT_FALSE(verifier::verify(before_.prepared, file, nullptr).accepted());
    std::copy_n(proof.begin(), statement::kValuesOffset, file.begin());
    EXPECT_FALSE(verifier::verify(before_.prepared, file, nullptr).accepted()) << "under a proof's header";
  }
}

// Keys whose commitment is the same, because only the visibility differs: what was shown of one is not shown of the other.
TEST_F(RotationAttack, KeysThatDifferInVisibilityAlone) {
  const prover::CommittedModel hashed = commit(with_outputs({Exposure::kPublic, TensorHash::kSha256}), 2);
  ASSERT_EQ(hashed.prepared.key.commitment, after_.prepared.key.commitment);
  const Bytes honest = rotation();
  EXPECT_FALSE(verifier::verify_rotation(before_.prepared, hashed.prepared, honest).accepted());
  EXPECT_TRUE(verifier::verify_rotation(before_.prepared, hashed.prepared, prover::rotate(before_, hashed, {}).value())
                  .accepted());
  const Bytes certificate = prover::certify(after_, {}).value();
  EXPECT_FALSE(verifier::verify_certificate(hashed.prepared, certificate).accepted());
  // Both at once: a rotation between keys of one commitment would show the same rows twice.
  EXPECT_FALSE(prover::rotate(after_, hashed, {}).ok());
}

TEST_F(RotationAttack, PublicOrWeakerKeys) {
  const Bytes honest = rotation();
  prover::ModelOptions open = test_options(true);
  open.visibility.public_params = true;
  const prover::CommittedModel public_model = commit(open, 3);
  EXPECT_EQ(verifier::verify_rotation(before_.prepared, public_model.prepared, honest).reason,
            RejectReason::kWrongStatement);
  EXPECT_EQ(verifier::verify_rotation(public_model.prepared, after_.prepared, honest).reason,
            RejectReason::kWrongStatement);
  // Neither key may lend the other a security it does not have.
  prover::ModelOptions weak = test_options(true);
  weak.security.bits = 100;
  const prover::CommittedModel weaker = commit(weak, 4);
  const prover::CommittedModel* const keys[] = {&before_, &weaker, &before_};
  for (const prover::CommittedModel* const* key = keys; key < keys + 2; ++key) {
    const prover::CommittedModel *a = key[0], *b = key[1];
    const auto made = prover::rotate(*a, *b, {});
    EXPECT_FALSE(made.ok());
    EXPECT_NE(made.status().code(), StatusCode::kInternal) << made.status().to_string();
    EXPECT_FALSE(verifier::verify_rotation(a->prepared, b->prepared, honest).accepted());
  }
}

// A chain of rotations says that the first and the last hold the same; none of its links can be left out.
TEST_F(RotationAttack, ChainsOfRotations) {
  const prover::CommittedModel third = commit(test_options(true), 3);
  const Bytes first = rotation();
  const Bytes second = prover::rotate(after_, third, {}).value();
  EXPECT_TRUE(verifier::verify_rotation(after_.prepared, third.prepared, second).accepted());
  EXPECT_FALSE(verifier::verify_rotation(before_.prepared, third.prepared, first).accepted());
  EXPECT_FALSE(verifier::verify_rotation(before_.prepared, third.prepared, second).accepted());
}

// Every byte before the messages, and some after: an answer, never a crash, and never another accepted file.
TEST_F(RotationAttack, EveryByteOfTheFront) {
  const Bytes honest = rotation();
  const std::size_t front = 12 + params_of(honest).canonical_bytes().size();
  std::mt19937_64 random(3);
  for (std::size_t at = 0; at < front + 200; ++at) {
    Bytes changed = honest;
    changed[at] ^= static_cast<std::uint8_t>(1 + random() % 255);
    EXPECT_FALSE(verify(changed).accepted()) << at;
    if (at < front + 8) EXPECT_FALSE(verify(ByteView(honest).first(at)).accepted()) << at;
  }
}

}  // namespace
}  // namespace zkinfer::e2e
