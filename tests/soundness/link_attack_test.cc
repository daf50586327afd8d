// SPDX-License-Identifier: Apache-2.0
// Attacks on what a verifier compares: tensors it knows, and links of a chain that mean something else on either side.
#include <gtest/gtest.h>

#include "prover/write.h"
#include "support/session.h"
#include "support/small_graphs.h"
#include "zkinfer/verify.h"

namespace zkinfer::e2e {
namespace {

constexpr TensorPolicy kPrivate{};
constexpr TensorPolicy kPublic{Exposure::kPublic, TensorHash::kNone};
constexpr TensorPolicy kKeccak{Exposure::kPublic, TensorHash::kKeccak256};
constexpr TensorPolicy kPrivateSha{Exposure::kPrivate, TensorHash::kSha256};
constexpr TensorPolicy kPublicSha{Exposure::kPublic, TensorHash::kSha256};
constexpr TensorPolicy kCommitted{Exposure::kCommitted, TensorHash::kNone};

// ---- links, on tensors as accepted proofs would give them

VerifiedTensor tensor(std::vector<std::int64_t> shape, std::int64_t lo, std::int64_t hi, const TensorPolicy& group,
                      std::vector<std::int64_t> values) {
  VerifiedTensor out;
  out.name = "t";
  out.shape = std::move(shape);
  out.format = {lo, hi, 1, -4};
  out.group = group;
  if (group.is_public()) out.integers = values;
  if (group.hash != TensorHash::kNone) out.digest = hash_data(group.hash, canonical_bytes(out, values).value());
  return out;
}

bool linked(const VerifiedTensor& output, const VerifiedTensor& input) { return check_link(output, input).accepted(); }

TEST(LinkAttack, ValuesAndDigests) {
  const std::vector<std::int64_t> values = {1, 0, 7}, others = {1, 0, 6};
  for (const TensorPolicy& from : {kPublic, kKeccak, kPublicSha, kPrivateSha}) {
    for (const TensorPolicy& to : {kPublic, kKeccak, kPublicSha, kPrivateSha}) {
      const bool comparable =
          (from.is_public() && to.is_public()) || from.is_public() || to.is_public() || from.hash == to.hash;
      EXPECT_EQ(linked(tensor({3}, 0, 7, from, values), tensor({3}, 0, 7, to, values)), comparable);
      EXPECT_FALSE(linked(tensor({3}, 0, 7, from, values), tensor({3}, 0, 7, to, others)));
    }
  }
  EXPECT_FALSE(linked(tensor({3}, 0, 7, kPrivate, values), tensor({3}, 0, 7, kPrivate, values)))
      << "nothing binds them";
  EXPECT_FALSE(linked(tensor({3}, 0, 7, kPrivateSha, values), tensor({3}, 0, 7, kPrivate, values)));
  // The same 32 bytes under two hashes.
  VerifiedTensor sha = tensor({3}, 0, 7, kPrivateSha, values), keccak = tensor({3}, 0, 7, kKeccak, values);
  keccak.integers.clear();
  keccak.group.exposure = Exposure::kPrivate;
  keccak.digest = sha.digest;
  EXPECT_FALSE(linked(sha, keccak));
}

// The same bytes as other integers.
TEST(LinkAttack, OneDigestTwoMeanings) {
  const auto digest_of = [](std::int64_t lo, std::int64_t hi, std::vector<std::int64_t> values) {
    const auto size = static_cast<std::int64_t>(values.size());
    return tensor({size}, lo, hi, kPrivateSha, std::move(values));
  };
  const VerifiedTensor bytes = digest_of(0, 255, {255, 255}), signed_bytes = digest_of(-128, 127, {-1, -1});
  ASSERT_EQ(bytes.digest, signed_bytes.digest);
  EXPECT_FALSE(linked(bytes, signed_bytes));
  EXPECT_FALSE(linked(signed_bytes, bytes));
  // A range inside the other, in other bytes: an output beyond its range (weights without a certificate) would change its meaning.
  EXPECT_FALSE(linked(digest_of(0, 100, {5, 5}), digest_of(-128, 127, {5, 5})));
  const VerifiedTensor one_wide = digest_of(0, 65535, {0x0201}), two_narrow = digest_of(0, 255, {1, 2});
  ASSERT_EQ(one_wide.digest, two_narrow.digest);
  EXPECT_FALSE(linked(two_narrow, one_wide));
  EXPECT_FALSE(linked(one_wide, two_narrow));
  // Ranges of one format, one inside the other.
  EXPECT_TRUE(linked(digest_of(0, 100, {5, 5}), digest_of(0, 255, {5, 5})));
  EXPECT_FALSE(linked(digest_of(0, 255, {5, 5}), digest_of(0, 100, {5, 5}))) << "an output that the input cannot hold";
}

TEST(LinkAttack, ScaleAndSize) {
  const VerifiedTensor output = tensor({2, 2}, 0, 7, kPublic, {1, 2, 3, 4});
  VerifiedTensor input = tensor({4}, 0, 7, kPublic, {1, 2, 3, 4});
  EXPECT_TRUE(linked(output, input)) << "tensors are flat";
  input.format.scale_exponent = -5;
  EXPECT_FALSE(linked(output, input));
  input.format.scale_mantissa = 2;
  EXPECT_TRUE(linked(output, input)) << "2 * 2^-5 = 2^-4";
  EXPECT_FALSE(linked(tensor({3}, 0, 7, kPublic, {1, 2, 3}), tensor({4}, 0, 7, kPublic, {1, 2, 3, 0})));
}

// ---- whole proofs

struct Party {
  Session session;
  VerificationKey key;
  Bytes proof;
  std::vector<std::shared_ptr<const prover::CommittedValues>> outputs;

  explicit Party(Session s)
      : session(std::move(s)), key(VerificationKey::from_bytes(prover::key_bytes(session.model.prepared.key)).value()) {
    prover::Proof made = session.prove();
    proof = std::move(made.bytes);
    outputs = std::move(made.committed_outputs);
  }
};

prover::ModelOptions options_of(const TensorPolicy& inputs, const TensorPolicy& outputs) {
  prover::ModelOptions options = test_options(true);
  options.visibility = {inputs, outputs, false};
  options.tensor_budget = 4;
  return options;
}

// [1, n] in [lo, hi] to [1, m] in [-64, 63].
qir::QGraph layer(std::int64_t n, std::int64_t m, std::int64_t lo, std::int64_t hi) {
  qir::TestBuilder b;
  const std::int32_t clamp = b.clamp_table(-512, 10, -64, 63);
  const qir::ValueId x = b.input({1, n}, lo, hi);
  const qir::ValueId w = b.param({n, m}, -15, 15);
  b.graph.outputs = {b.node(qir::Op::kMatMul, {x, w}, {1, m}, -64, 63, with_coefs({}, {6, clamp}))};
  return b.graph;
}

Party next_of(const Party& before, const qir::QGraph& graph) {
  Session session(graph, options_of(kCommitted, kPublic), 9);
  session.request.inputs.clear();
  session.request.committed_inputs = {before.outputs[0].get()};
  return Party(std::move(session));
}

TEST(LinkAttack, ChainsOfCommitments) {
  const Party a(Session(layer(5, 6, -8, 7), options_of(kPrivate, kCommitted)));
  const Party b = next_of(a, layer(6, 3, -64, 63));
  const Party stranger(Session(layer(5, 6, -8, 7), options_of(kPrivate, kCommitted), 30));
  const auto chain = [](const std::vector<const Party*>& parties) {
    std::vector<ChainStep> steps;
    for (const Party* party : parties) steps.push_back({&party->key, party->proof, VerifyRequest::uncertified(), 0, 0});
    return verify_chain(steps).verdict;
  };
  EXPECT_EQ(chain({&a, &b}).to_string(), "accepted");
  EXPECT_EQ(chain({&stranger, &b}).reason, RejectReason::kLink) << "another first step";
  EXPECT_FALSE(chain({&b, &a}).accepted());
  EXPECT_FALSE(chain({&a, &a}).accepted());
  EXPECT_FALSE(chain({}).accepted());
  // A prover of the second step whose input has a wider range than its commitment's output could have: fine; a narrower one is not,
  // though these very numbers would fit.
  const Party wide = next_of(a, layer(6, 3, -100, 100));
  EXPECT_TRUE(chain({&a, &wide}).accepted());
  bool small = true;
  for (const std::int64_t x : a.outputs[0]->values) small &= x >= -60 && x <= 60;
  ASSERT_TRUE(small);
  const Party narrow = next_of(a, layer(6, 3, -60, 60));
  EXPECT_EQ(chain({&a, &narrow}).reason, RejectReason::kLink);
  // The commitment that the first proof shows, as a verifier may know it.
  const VerifyResult first = verify(a.key, a.proof, VerifyRequest::uncertified());
  ASSERT_TRUE(first.verdict.accepted());
  const TensorCommitment known = *first.outputs[0].commitment;
  const auto with = [&](const TensorCommitment& commitment) {
    VerifyRequest request = VerifyRequest::uncertified();
    request.inputs = {{0, {}, {}, {}, commitment}};
    return verify(b.key, b.proof, request).verdict;
  };
  EXPECT_EQ(with(known).to_string(), "accepted");
  EXPECT_EQ(with(*verify(stranger.key, stranger.proof, VerifyRequest::uncertified()).outputs[0].commitment).reason,
            RejectReason::kWrongStatement);
  // Every byte of its file: another commitment, another meaning, or no file; names and shapes of one size are free.
  const Bytes file = known.to_bytes();
  const std::size_t format = 4 + 4 + 4 + known.tensor().name.size() + 4 + 8 * known.tensor().shape.size();
  for (std::size_t at = format; at < file.size(); ++at) {
    Bytes changed = file;
    changed[at] ^= 0x41;
    const Result<TensorCommitment> other = TensorCommitment::from_bytes(changed);
    if (other.ok()) EXPECT_FALSE(with(*other).accepted() && at >= format + 16) << at - format;
  }
}

TEST(LinkAttack, WhatAVerifierKnows) {
  const Party party(Session(layer(3, 2, -8, 7), options_of(kPrivateSha, kPublic)));
  const std::vector<std::int64_t> input = party.session.request.inputs[0];
  const VerifyResult result = verify(party.key, party.proof, VerifyRequest::uncertified());
  ASSERT_TRUE(result.verdict.accepted()) << result.verdict.to_string();
  const Digest digest = *result.inputs[0].digest;
  const Bytes data = canonical_bytes(result.inputs[0], input).value();
  const auto knowing = [&](KnownTensor in, KnownTensor out) {
    VerifyRequest request = VerifyRequest::uncertified();
    request.inputs = {std::move(in)};
    request.outputs = {std::move(out)};
    return verify(party.key, party.proof, request).verdict.accepted();
  };
  const std::vector<std::int64_t> output = result.outputs[0].integers;
  EXPECT_TRUE(knowing({0, data, input, digest, {}}, {0, {}, output, {}, {}}));
  Bytes other_data = data;
  other_data[1] ^= 1;
  std::vector<std::int64_t> other_input = input, other_output = output;
  other_input[2] += other_input[2] > 0 ? -1 : 1;
  other_output[0] += other_output[0] > 0 ? -1 : 1;
  Digest other_digest = digest;
  other_digest[31] ^= 1;
  EXPECT_FALSE(knowing({0, other_data, {}, {}, {}}, {0, {}, {}, {}, {}}));
  EXPECT_FALSE(knowing({0, data, other_input, {}, {}}, {0, {}, {}, {}, {}})) << "given twice, differently";
  EXPECT_FALSE(knowing({0, {}, other_input, {}, {}}, {0, {}, {}, {}, {}}));
  EXPECT_FALSE(knowing({0, {}, {}, other_digest, {}}, {0, {}, {}, {}, {}}));
  EXPECT_FALSE(knowing({0, {}, {}, {}, {}}, {0, {}, other_output, {}, {}}));
  EXPECT_FALSE(knowing({0, {}, {}, {}, {}}, {0, {}, {}, digest, {}})) << "a digest of what has none";
  EXPECT_FALSE(knowing({1, {}, {}, {}, {}}, {0, {}, {}, {}, {}})) << "no such tensor";
  EXPECT_FALSE(knowing({0, Bytes(2), {}, {}, {}}, {0, {}, {}, {}, {}})) << "too few bytes";
  const Party hidden(Session(layer(3, 2, -8, 7), options_of(kPrivate, kPublic)));
  VerifyRequest request = VerifyRequest::uncertified();
  request.inputs = {{0, {}, hidden.session.request.inputs[0], {}, {}}};
  EXPECT_FALSE(verify(hidden.key, hidden.proof, request).verdict.accepted()) << "true, but the proof does not say it";
}

// A key may call two tensors by one name: tensors are told apart by their place.
TEST(LinkAttack, TensorsOfOneName) {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({1, 2}, -8, 7);
  const qir::ValueId y = b.input({1, 2}, -8, 7);
  b.graph.outputs = {b.node(qir::Op::kLinear, {x, y}, {1, 2}, -16, 14, with_coefs({1, 1}))};
  b.graph.values[y].name = b.graph.values[x].name;
  const Party party(Session(b.graph, options_of(kPublic, kPublic)));
  const auto knowing = [&](std::size_t index, std::size_t of) {
    VerifyRequest request = VerifyRequest::uncertified();
    request.inputs = {{index, {}, party.session.request.inputs[of], {}, {}}};
    return verify(party.key, party.proof, request).verdict.accepted();
  };
  ASSERT_NE(party.session.request.inputs[0], party.session.request.inputs[1]);
  EXPECT_TRUE(knowing(0, 0) && knowing(1, 1));
  EXPECT_FALSE(knowing(0, 1) || knowing(1, 0) || knowing(2, 0));
}

}  // namespace
}  // namespace zkinfer::e2e
