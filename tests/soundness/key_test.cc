// SPDX-License-Identifier: Apache-2.0
// Verification keys: truncated, mutated, weakened.
#include <gtest/gtest.h>

#include "prover/write.h"
#include "support/regions.h"

namespace zkinfer::e2e {
namespace {

class KeyBytes : public ::testing::TestWithParam<bool> {
 protected:
  KeyBytes()
      : session_(mlp_graph(), test_options(GetParam())), bytes_(prover::key_bytes(session_.model.prepared.key)) {}
  Session session_;
  Bytes bytes_;
};

TEST_P(KeyBytes, RoundTrip) {
  auto key = statement::parse_key(bytes_);
  ASSERT_TRUE(key.ok()) << key.status().to_string();
  EXPECT_EQ(prover::key_bytes(*key), bytes_);
  EXPECT_EQ(key->identity(), session_.model.prepared.key.identity());
}

TEST_P(KeyBytes, EveryTruncationIsRefused) {
  for (std::size_t length = 0; length < bytes_.size(); ++length) {
    const auto key = statement::parse_key(ByteView(bytes_).first(length));
    ASSERT_FALSE(key.ok()) << length;
    EXPECT_EQ(key.status().code(), StatusCode::kCorrupt) << key.status().to_string();
  }
  Bytes longer = bytes_;
  longer.push_back(0);
  EXPECT_FALSE(statement::parse_key(longer).ok());
}

// A mutated key parses to an error or, rarely, to another key, under which the proof does not verify.
TEST_P(KeyBytes, MutationsAreRefusedOrAnotherKey) {
  const Bytes proof = session_.prove().bytes;
  std::mt19937_64 draws(7);
  std::size_t num_parsed = 0;
  std::size_t num_prepared = 0;
  for (int i = 0; i < 3000; ++i) {
    Bytes changed = bytes_;
    const int num_changes = 1 + i % 3;
    for (int j = 0; j < num_changes; ++j) {
      std::uint8_t& byte = changed[draws() % changed.size()];
      byte = i % 2 == 0 ? static_cast<std::uint8_t>(draws()) : static_cast<std::uint8_t>(byte ^ 1u << draws() % 8);
    }
    if (changed == bytes_) continue;
    auto key = statement::parse_key(changed);
    if (!key.ok()) continue;
    ++num_parsed;
    EXPECT_EQ(prover::key_bytes(*key), changed) << "one encoding per key";
    auto prepared = verifier::prepare(std::move(key).value());
    if (!prepared.ok()) continue;
    ++num_prepared;
    EXPECT_FALSE(verifier::verify(*prepared, proof, nullptr).accepted()) << "mutation " << i;
  }
  EXPECT_GT(num_parsed, 0u) << "names and digests are free bytes";
  EXPECT_GT(num_prepared, 0u);
}

// Parameters that give less than they claim are refused by prepare, whatever the key says elsewhere.
TEST_P(KeyBytes, WeakenedParametersAreRefused) {
  const auto prepared_with = [&](const std::function<void(pcs::OpeningParams&)>& change) {
    statement::Key key = session_.model.prepared.key;
    change(key.params);
    return verifier::prepare(std::move(key)).status();
  };
  EXPECT_TRUE(prepared_with([](auto&) {}).ok());
  const auto expect_refused = [&](const char* what, const std::function<void(pcs::OpeningParams&)>& change) {
    const Status status = prepared_with(change);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << what << ": " << status.to_string();
  };
  expect_refused("fewer witness queries", [](auto& p) { p.witness.num_queries /= 2; });
  expect_refused("one witness query", [](auto& p) { p.witness.num_queries = 1; });
  expect_refused("fewer model queries", [](auto& p) { p.model.num_queries /= 2; });
  for (std::size_t i = 0; i < session_.model.prepared.key.params.folds.size(); ++i) {
    expect_refused("fewer fold queries", [i](auto& p) { p.folds[i].num_queries /= 2; });
  }
  if (GetParam()) expect_refused("fewer mask queries", [](auto& p) { p.mask.num_queries /= 2; });
  expect_refused("a higher rate",
                 [](auto& p) { p.witness.log_domain = static_cast<std::uint8_t>(p.witness.log_domain - 2); });
  expect_refused("more bits claimed", [](auto& p) { p.security.bits += 20; });
  expect_refused("no grinding", [](auto& p) {
    p.security.pow_bits = 0;
    p.security.bits += 1;
  });
  expect_refused("rows of another circuit", [](auto& p) { p.witness.num_coefs += 16; });
}

// A key may not claim a privacy that its parameters do not give, nor hide what it calls public.
TEST_P(KeyBytes, VisibilityMustFitTheParameters) {
  for (std::uint32_t bits = 0; bits <= qir::kVisibilityMask; ++bits) {
    statement::Key key = session_.model.prepared.key;
    const auto visibility = qir::visibility_from_bits(bits);
    if (!visibility) continue;
    key.visibility = *visibility;
    const bool committed =
        key.visibility.inputs.is_committed() || key.visibility.outputs.is_committed() || key.visibility.carries;
    const bool fits = GetParam() ? !key.visibility.public_params && !committed : key.visibility.everything();
    EXPECT_EQ(statement::parse_key(prover::key_bytes(key)).ok(), fits) << bits;
  }
  Bytes unknown = bytes_;
  statement::Key other = session_.model.prepared.key;
  other.visibility.public_params = !other.visibility.public_params;
  const Bytes changed = prover::key_bytes(other);
  const auto [at, end] = std::mismatch(unknown.begin(), unknown.end(), changed.begin());
  *at = 0x84;  // the second byte: bits 8 to 15
  EXPECT_FALSE(statement::parse_key(unknown).ok()) << "unknown flags";
}

TEST_P(KeyBytes, SearchedParametersMeetTheirTarget) {
  for (const std::uint32_t bits : {100u, 128u}) {
    for (const Decoding regime : {Decoding::kJohnson, Decoding::kUnique}) {
      prover::ModelOptions options = test_options(GetParam());
      options.security.bits = bits;
      options.security.decoding = regime;
      const Session session(mlp_graph(), options);
      EXPECT_TRUE(verifier::prepare(session.model.prepared.key).ok());
      EXPECT_TRUE(session.verify(session.prove().bytes).accepted());
    }
  }
}

// Keys of bound data: every truncation, and mutations that hardly ever make another key.
TEST(BoundKeyBytes, TruncationsAndMutations) {
  const Session session(reduce_graph(), bound_options());
  const Bytes bytes = prover::key_bytes(session.model.prepared.key);
  ASSERT_TRUE(statement::parse_key(bytes).ok());
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_FALSE(statement::parse_key(ByteView(bytes).first(length)).ok()) << length;
  const Bytes proof = session.prove().bytes;
  ASSERT_TRUE(session.verify(proof).accepted());
  std::mt19937_64 draws(8);
  std::size_t num_prepared = 0;
  for (int i = 0; i < 2000; ++i) {
    Bytes changed = bytes;
    changed[draws() % changed.size()] ^= static_cast<std::uint8_t>(1u << draws() % 8);
    auto key = statement::parse_key(changed);
    if (!key.ok()) continue;
    EXPECT_EQ(prover::key_bytes(*key), changed) << "one encoding per key";
    auto prepared = verifier::prepare(std::move(key).value());
    if (!prepared.ok()) continue;
    ++num_prepared;
    EXPECT_FALSE(verifier::verify(*prepared, proof, nullptr).accepted()) << i;
  }
  EXPECT_GT(num_prepared, 0u);
}

INSTANTIATE_TEST_SUITE_P(ZeroKnowledge, KeyBytes, ::testing::Bool(),
                         [](const auto& tested) { return tested.param ? std::string("On") : std::string("Off"); });

}  // namespace
}  // namespace zkinfer::e2e
