// SPDX-License-Identifier: Apache-2.0
// Every way of showing inputs and outputs, through the public interface: what the prover hands over is accepted, what the verifier
// knows otherwise is rejected at the tensor's name.
#include <gtest/gtest.h>

#include "support/owner.h"

namespace zkinfer::data_test {
namespace {

const std::vector<TensorPolicy>& all_groups() {
  static const std::vector<TensorPolicy> groups = [] {
    std::vector<TensorPolicy> out;
    for (const Exposure exposure : {Exposure::kPrivate, Exposure::kPublic, Exposure::kCommitted}) {
      for (const TensorHash hash : {TensorHash::kNone, TensorHash::kKeccak256, TensorHash::kSha256}) {
        if (const TensorPolicy group{exposure, hash}; group.valid()) out.push_back(group);
      }
    }
    return out;
  }();
  return groups;
}

// Rejected as a wrong statement (or as data that are not the tensor's), at the named place.
void expect_rejected(const Owner& owner, const ProofResult& result, const VerifyRequest& request,
                     const std::string& name, const char* what) {
  const VerifyResult checked = verify(owner.key, result.proof, request);
  EXPECT_TRUE(checked.verdict.reason == RejectReason::kWrongStatement ||
              checked.verdict.reason == RejectReason::kBadPublicValue)
      << what << ": " << checked.verdict.to_string();
  EXPECT_NE(checked.verdict.where.find("'" + name + "'"), std::string::npos)
      << what << ": " << checked.verdict.to_string();
  EXPECT_TRUE(checked.outputs.empty() && checked.inputs.empty() && checked.context.empty()) << what;
}

// Everything that the verifier could know of one side, each item wrong in turn.
void check_side(const Owner& owner, const ProofResult& result, bool is_output) {
  const TensorPolicy& group = is_output ? owner.key.info().outputs : owner.key.info().inputs;
  const auto& tensors = is_output ? owner.key.info().output_tensors : owner.key.info().input_tensors;
  const auto& values = is_output ? result.outputs : result.inputs;
  const auto change = [&](std::size_t i, auto edit) {
    VerifyRequest request = result.statement;
    edit((is_output ? request.outputs : request.inputs)[i]);
    return request;
  };
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::string& name = tensors[i].name;
    // The statement may be handed on: it holds what verifiers may see, and of a hidden tensor its digest only.
    const KnownTensor& stated = (is_output ? result.statement.outputs : result.statement.inputs)[i];
    EXPECT_EQ(stated.integers.has_value(), group.is_public()) << name;
    EXPECT_EQ(stated.digest.has_value(), !group.is_public() && group.hash != TensorHash::kNone) << name;
    std::vector<std::int64_t> other = values[i];
    other[0] += other[0] > 0 ? -1 : 1;
    expect_rejected(owner, result, change(i, [&](KnownTensor& t) { t.integers = other; }), name, "other integers");
    expect_rejected(owner, result, change(i, [&](KnownTensor& t) { t.integers = {1, 2}; }), name, "too few integers");
    expect_rejected(owner, result, change(i, [&](KnownTensor& t) { t.data = Bytes(3); }), name, "too few bytes");
    Digest wrong = e2e::test_seed(5);
    expect_rejected(owner, result, change(i, [&](KnownTensor& t) { t.digest = wrong; }), name, "another digest");
    const TensorCommitment stranger = must(CommittedTensor::create(tensors[i], values[i])).commitment();
    expect_rejected(owner, result, change(i, [&](KnownTensor& t) { t.commitment = stranger; }), name,
                    "another commitment to the same");
    if (group.is_public() && group.hash != TensorHash::kNone) {
      expect_rejected(owner, result, change(i, [&](KnownTensor& t) { t.integers.reset(); }), name,
                      "no data beside the proof");
      const Bytes bytes = must(canonical_bytes(tensors[i], values[i]));
      EXPECT_TRUE(
          verify(owner.key, result.proof, change(i, [&](KnownTensor& t) { t.integers.reset(), t.data = bytes; }))
              .verdict.accepted());
    }
    if (group.hash == TensorHash::kNone && !group.is_public()) continue;
    const Bytes bytes = must(canonical_bytes(tensors[i], values[i]));
    EXPECT_TRUE(verify(owner.key, result.proof, change(i, [&](KnownTensor& t) { t.data = bytes; })).verdict.accepted())
        << "both forms";
  }
  // A tensor the model does not have.
  VerifyRequest beyond = result.statement;
  KnownTensor& last = (is_output ? beyond.outputs : beyond.inputs).emplace_back();
  last.index = tensors.size();
  EXPECT_EQ(verify(owner.key, result.proof, beyond).verdict.reason, RejectReason::kWrongStatement);
}

TEST(Statement, EveryGroupOfInputsAndOutputs) {
  for (const TensorPolicy& in : all_groups()) {
    for (const TensorPolicy& out : all_groups()) {
      // Each input group with two outputs groups and the other way round: the pairs are tried in tests/honest.
      if (in != out && !(in == kPrivate || out == kPublic)) continue;
      Owner owner(two_by_two_graph(), in, out);
      std::vector<CommittedTensor> committed;
      ProveRequest request = owner.request(owner.draw(3), committed);
      request.context = {'o', 'r', 'd', 'e', 'r'};
      const ProofResult result = must(owner.prover.prove(request));
      const VerifyResult checked = owner.verify(result);
      ASSERT_TRUE(checked.verdict.accepted()) << checked.verdict.to_string();
      ASSERT_EQ(checked.inputs.size(), 2u);
      ASSERT_EQ(checked.outputs.size(), 2u);
      EXPECT_EQ(Bytes(checked.context.begin(), checked.context.begin() + 5), request.context);
      for (const bool is_output : {true, false}) {
        const TensorPolicy& group = is_output ? out : in;
        for (std::size_t i = 0; i < 2; ++i) {
          const VerifiedTensor& tensor = (is_output ? checked.outputs : checked.inputs)[i];
          const auto& values = (is_output ? result.outputs : result.inputs)[i];
          EXPECT_EQ(tensor.group, group);
          EXPECT_EQ(tensor.integers, group.is_public() ? values : std::vector<std::int64_t>{});
          EXPECT_EQ(tensor.digest.has_value(), group.hash != TensorHash::kNone);
          if (tensor.digest.has_value())
            EXPECT_EQ(*tensor.digest, hash_data(group.hash, must(canonical_bytes(tensor, values))));
          ASSERT_EQ(tensor.commitment.has_value(), group.is_committed());
          if (!group.is_committed()) continue;
          const TensorCommitment made =
              is_output ? result.committed_outputs[i].commitment() : committed[i].commitment();
          EXPECT_EQ(tensor.commitment->to_bytes(), made.to_bytes());
        }
        check_side(owner, result, is_output);
      }
      VerifyRequest other_context = result.statement;
      other_context.context = Bytes{'o'};
      EXPECT_EQ(verify(owner.key, result.proof, other_context).verdict.reason, RejectReason::kWrongStatement);
      other_context.context = Bytes(33);
      EXPECT_EQ(verify(owner.key, result.proof, other_context).verdict.reason, RejectReason::kWrongStatement);
    }
  }
}

// Commitments and data of two tensors of one size, exchanged.
TEST(Statement, TensorsCannotBeExchanged) {
  for (const TensorPolicy& group : {kCommitted, TensorPolicy{Exposure::kPublic, TensorHash::kSha256},
                                    TensorPolicy{Exposure::kPrivate, TensorHash::kSha256}}) {
    Owner owner(two_by_two_graph(), group, group);
    std::vector<CommittedTensor> committed;
    const ProofResult result = must(owner.prover.prove(owner.request(owner.draw(4), committed)));
    ASSERT_NE(result.inputs[0], result.inputs[1]);
    for (const bool is_output : {false, true}) {
      VerifyRequest swapped = result.statement;
      std::vector<KnownTensor>& known = is_output ? swapped.outputs : swapped.inputs;
      std::swap(known[0].index, known[1].index);
      EXPECT_FALSE(verify(owner.key, result.proof, swapped).verdict.accepted());
    }
    // The order in which a verifier lists what it knows is free.
    VerifyRequest turned = result.statement;
    std::swap(turned.inputs[0], turned.inputs[1]);
    EXPECT_TRUE(verify(owner.key, result.proof, turned).verdict.accepted());
  }
  // A prover that takes them in the wrong order proves about the wrong ones.
  Owner owner(two_by_two_graph(), kCommitted, kPublic);
  std::vector<CommittedTensor> committed;
  ProveRequest request = owner.request(owner.draw(4), committed);
  const VerifyRequest wanted = must(owner.prover.prove(request)).statement;
  std::swap(request.committed_inputs[0], request.committed_inputs[1]);
  const ProofResult turned = must(owner.prover.prove(request));
  EXPECT_TRUE(owner.verify(turned).verdict.accepted());
  VerifyRequest inputs_only = VerifyRequest::uncertified();
  inputs_only.inputs = wanted.inputs;
  EXPECT_EQ(verify(owner.key, turned.proof, inputs_only).verdict.reason, RejectReason::kWrongStatement);
}

}  // namespace
}  // namespace zkinfer::data_test
