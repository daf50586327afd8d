// SPDX-License-Identifier: Apache-2.0
// Changed and truncated proofs, each with its exact reason.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "commit/pcs/test_support.h"

namespace zkinfer::pcs {
namespace {

using testing::Instance;
using testing::make_params;
using testing::Shape;

// Ten bits of grinding: a changed message before a nonce spoils that nonce, but for one case in a thousand.
OpeningParams reject_params(bool zero_knowledge) {
  Shape shape{50, 2, 30, 3, {2, 2}};
  shape.zero_knowledge = zero_knowledge;
  shape.pow_bits = 10;
  shape.data = {{9, 3, 2}};
  return make_params(shape);
}

RejectReason expected_reason(const std::string& label, bool zero_knowledge) {
  // The response's random part is in no functional, but in the pinned values.
  if (label == "mask product" || label == "mask response") return RejectReason::kOpening;
  if (label.ends_with("rows") || label == "siblings") return RejectReason::kMerklePath;
  // No nonce but the mask's, which is looked at after its pin, comes behind the rounds over the final vector.
  if (label.starts_with("final c")) return zero_knowledge ? RejectReason::kOpening : RejectReason::kFinalCheck;
  return RejectReason::kProofOfWork;  // absorbed messages and nonces
}

TEST(Reject, EveryMessageChanged) {
  for (const bool zero_knowledge : {false, true}) {
    const OpeningParams params = reject_params(zero_knowledge);
    const Instance instance(params, 11);
    const OpeningProof proof = instance.prove();
    ASSERT_TRUE(instance.verify(proof.bytes).accepted());
    std::size_t end = 0;
    for (const ProofSection& section : proof.sections) {
      ASSERT_EQ(section.begin, end);
      end += section.num_bytes;
      if (section.num_bytes == 0) continue;
      const std::string label = section.label;
      const RejectReason expected = expected_reason(label, zero_knowledge);
      Bytes changed = proof.bytes;
      changed[section.begin] ^= 1;
      const Verdict verdict = instance.verify(changed);
      EXPECT_EQ(reject_reason_name(verdict.reason), reject_reason_name(expected))
          << label << " at byte " << section.begin;

      if (label == "opening nonce" || label == "siblings" || label == "fold root") continue;
      for (std::size_t i = 0; i < 8; ++i) changed[section.begin + i] = 0xff;
      EXPECT_EQ(instance.verify(changed).reason, RejectReason::kNonCanonical) << label;
    }
    EXPECT_EQ(end, proof.bytes.size());
  }
}

TEST(Reject, TruncatedAnywhereOrLonger) {
  for (const bool zero_knowledge : {false, true}) {
    const Instance instance(reject_params(zero_knowledge), 12);
    const Bytes proof = instance.prove().bytes;
    for (std::size_t length = 0; length < proof.size(); length += length < 600 ? 1 : 13) {
      EXPECT_EQ(instance.verify(ByteView(proof).first(length)).reason, RejectReason::kTruncated) << length;
    }
    EXPECT_EQ(instance.verify(ByteView(proof).first(proof.size() - 1)).reason, RejectReason::kTruncated);
    Bytes longer = proof;
    longer.push_back(0);
    EXPECT_EQ(instance.verify(longer).reason, RejectReason::kTrailingBytes);
  }
}

TEST(Reject, WrongStatement) {
  for (const bool zero_knowledge : {false, true}) {
    const OpeningParams params = reject_params(zero_knowledge);
    Instance instance(params, 13);
    const RejectReason linear = zero_knowledge ? RejectReason::kOpening : RejectReason::kFinalCheck;
    instance.statement.mu += Fe::one();
    EXPECT_EQ(instance.verify(instance.prove().bytes).reason, linear) << "mu";
    instance.statement.mu -= Fe::one();
    const Bytes proof = instance.prove().bytes;
    ASSERT_TRUE(instance.verify(proof).accepted());

    instance.statement.bases[0].powers[0].coef += Fe::one();
    EXPECT_EQ(instance.verify(proof).reason, linear) << "coefficient of a power functional";
    instance.statement.bases[0].powers[0].coef -= Fe::one();
    for (std::size_t i = 0; i < instance.bases.size(); ++i) {
      instance.statement.bases[i].weights = nullptr;
      EXPECT_EQ(instance.verify(proof).reason, linear) << "weights of base oracle " << i;
      instance.statement.bases[i].weights = instance.weights[i].get();
    }

    std::vector<Digest*> roots = {&instance.roots.mask};
    for (Digest& root : instance.roots.bases) roots.push_back(&root);
    for (Digest* root : roots) {
      (*root)[0] ^= 1;  // the transcript differs as well
      const Verdict verdict = instance.verify(proof);
      EXPECT_FALSE(verdict.accepted());
      (*root)[0] ^= 1;
    }
    EXPECT_TRUE(instance.verify(proof).accepted());
  }
}

// The verifier is total: random changes are rejected and nothing aborts.
TEST(Reject, RandomBytes) {
  std::mt19937_64 draws(14);
  Shape shape{20, 1, 12, 2, {2}};
  shape.pow_bits = 0;
  for (const bool zero_knowledge : {false, true}) {
    shape.zero_knowledge = zero_knowledge;
    const Instance instance(make_params(shape), 15);
    const Bytes proof = instance.prove().bytes;
    for (int i = 0; i < 1500; ++i) {
      Bytes changed = proof;
      if (i % 3 == 0) {
        for (std::size_t j = draws() % changed.size(); j < changed.size(); ++j) {
          changed[j] = static_cast<std::uint8_t>(draws());
        }
      } else {
        changed[draws() % changed.size()] ^= static_cast<std::uint8_t>(1 + draws() % 255);
      }
      if (changed == proof) continue;
      EXPECT_FALSE(instance.verify(changed).accepted());
    }
  }
}

}  // namespace
}  // namespace zkinfer::pcs
