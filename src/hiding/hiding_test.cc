// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>

#include "hiding/product.h"
#include "hiding/test_session.h"

namespace zkinfer::hiding {
namespace {

TEST(LinearForm, IsLinear) {
  TestRandom random(1);
  std::vector<Fe> pads(4);
  for (Fe& pad : pads) pad = random.fe();
  const Fe u = random.fe(), v = random.fe(), factor = random.fe();
  const LinearForm a = LinearForm::from_ciphertext(u + pads[1], 1);
  const LinearForm b = LinearForm::from_ciphertext(v + pads[3], 3);
  EXPECT_EQ(evaluate(a, pads), u);
  EXPECT_EQ(evaluate(a + b, pads), u + v);
  EXPECT_EQ(evaluate(a - b, pads), u - v);
  EXPECT_EQ(evaluate(a * factor, pads), u * factor);
  LinearForm c = a;
  c.add_scaled(b, factor);
  c += u;
  c -= v;
  EXPECT_EQ(evaluate(c, pads), u + factor * v + u - v);
  EXPECT_FALSE(a.is_constant());
  EXPECT_TRUE(LinearForm(u).is_constant());
}

TEST(LinearForm, AddsItselfScaled) {
  const std::vector<Fe> pads{Fe(Fp(5))};
  LinearForm a = LinearForm::from_ciphertext(Fe(Fp(12)), 0);
  a.add_scaled(a, Fe(Fp(2)));
  EXPECT_EQ(evaluate(a, pads), Fe(Fp(21)));
  a += a;
  EXPECT_EQ(evaluate(a, pads), Fe(Fp(42)));
  a -= a;
  EXPECT_EQ(evaluate(a, pads), Fe());
}

TEST(LinearForm, WithoutPadIsConstant) {
  const LinearForm a = LinearForm::from_ciphertext(Fe(Fp(3)), kNoPad);
  EXPECT_TRUE(a.is_constant());
  EXPECT_EQ(a.constant(), Fe(Fp(3)));
}

TEST(PadLayout, KeepsOneRandomRow) {
  for (std::size_t num_triples = 1; num_triples < 20; ++num_triples) {
    PadLayout layout;
    layout.num_plain = 3;
    layout.num_triples = num_triples;
    EXPECT_GT(layout.triple_rows(), num_triples);
    EXPECT_TRUE(layout.log_triple_rows() == 0 || layout.triple_rows() / 2 <= num_triples);
    EXPECT_EQ(layout.b_begin(), layout.a_begin() + layout.triple_rows());
    EXPECT_EQ(layout.num_pads(), layout.c_begin() + layout.triple_rows());
  }
  EXPECT_EQ(PadLayout().num_pads(), 0u);
  PadLayout plain_only;
  plain_only.num_plain = 3;
  EXPECT_EQ(plain_only.num_pads(), 3u);
}

TEST(PadAllocator, EveryIndexOnce) {
  PadAllocator counting(true);
  const auto use = [](PadAllocator& pads) {
    std::vector<PadIndex> indices;
    for (int i = 0; i < 5; ++i) {
      indices.push_back(pads.plain());
      const std::size_t row = pads.triple();
      for (const PadIndex index : {pads.a(row), pads.b(row), pads.c(row)}) indices.push_back(index);
    }
    return indices;
  };
  use(counting);
  PadAllocator pads(true);
  pads.set_layout(counting.used());
  const std::vector<PadIndex> indices = use(pads);
  EXPECT_EQ(std::set<PadIndex>(indices.begin(), indices.end()).size(), indices.size());
  for (const PadIndex index : indices) EXPECT_LT(index, pads.layout().num_pads());
  PadAllocator off(false);
  for (const PadIndex index : use(off)) EXPECT_EQ(index, kNoPad);
}

TEST(FillPads, CopiesTriplesAndTheRandomRow) {
  TestSession session{.zero_knowledge = true, .count = [](PadAllocator& pads) {
                        pads.plain();
                        const std::size_t first = pads.triple(), second = pads.triple();
                        pads.copied_triple(pads.b(second), pads.b(first));
                        pads.triple();
                        pads.triple();
                      }};
  session.make_pads(2);
  const PadLayout& layout = session.layout;
  ASSERT_EQ(layout.num_triples, 5u);
  ASSERT_EQ(layout.triple_rows(), 8u);
  const auto a = [&](std::size_t row) { return session.pads[layout.a_begin() + row]; };
  const auto b = [&](std::size_t row) { return session.pads[layout.b_begin() + row]; };
  const auto c = [&](std::size_t row) { return session.pads[layout.c_begin() + row]; };
  for (std::size_t row = 0; row < 8; ++row) {
    EXPECT_EQ(c(row), a(row) * b(row));
    EXPECT_EQ(a(row).is_zero(), row > 5);  // row 5 is the random one
    EXPECT_EQ(b(row).is_zero(), row > 5);
  }
  EXPECT_EQ(a(2), b(1));
  EXPECT_EQ(b(2), b(0));
}

// ---- two products and the copied third one, with all four values u, v, s, t and v t

struct Products {
  Fe u, v, s, t;
};

TestSession product_session(bool zero_knowledge) {
  return {.zero_knowledge = zero_knowledge, .count = [](PadAllocator& pads) {
            const std::size_t first = pads.triple(), second = pads.triple();
            pads.copied_triple(pads.b(second), pads.b(first));
            pads.plain();
          }};
}

void prove_products(ProverChannel& channel, const Products& x) {
  const auto first = channel.send_product("u", x.u, "v", x.v);
  const auto second = channel.send_product("s", x.s, "t", x.t);
  channel.pads().copied_triple(second.second, first.second);
  channel.send_hidden("sum", x.u * x.v + x.s * x.t + x.v * x.t);
}

void verify_products(VerifierChannel& channel) {
  const ProductForms first = receive_product(channel, "u", "v");
  const ProductForms second = receive_product(channel, "s", "t");
  const LinearForm third = copied_product(channel, first, second);
  const LinearForm sum = channel.receive_hidden("sum");
  channel.require_zero("sum", first.uv + second.uv + third - sum);
}

TEST(Products, HonestAndMutated) {
  for (const bool zero_knowledge : {false, true}) {
    TestRandom random(3);
    TestSession session = product_session(zero_knowledge);
    session.make_pads(4);
    const Products x{random.fe(), random.fe(), random.fe(), random.fe()};
    EXPECT_TRUE(session.prove([&](ProverChannel& channel) { prove_products(channel, x); }));
    const auto outcome = session.verify(verify_products);
    EXPECT_TRUE(outcome.accepted());
    EXPECT_TRUE(outcome.same_pads);
    EXPECT_EQ(outcome.num_constraints, zero_knowledge ? 3u : 0u);
    for (std::size_t i = 0; i < 5; ++i) {
      const auto bad = session.verify(mutate(session.proof, i), verify_products);
      EXPECT_FALSE(bad.accepted());
      if (!zero_knowledge) {
        EXPECT_EQ(bad.verdict.reason, RejectReason::kSumcheck);
        EXPECT_EQ(bad.verdict.where, "sum");
      }
    }
  }
}

TEST(Products, CiphertextsDifferFromValues) {
  TestSession session = product_session(true);
  session.make_pads(5);
  const Products zero{};
  session.prove([&](ProverChannel& channel) { prove_products(channel, zero); });
  for (std::size_t i = 0; i + 24 <= session.proof.size(); i += 24)
    EXPECT_FALSE(std::all_of(session.proof.begin() + static_cast<std::ptrdiff_t>(i),
                             session.proof.begin() + static_cast<std::ptrdiff_t>(i) + 24,
                             [](auto b) { return b == 0; }));
}

TEST(Products, WrongTripleOrCopyIsCaught) {
  TestRandom random(6);
  const Products x{random.fe(), random.fe(), random.fe(), random.fe()};
  TestSession session = product_session(true);
  session.make_pads(7);
  // C of rows 0, 1, 2, and A and B of the copied row 2.
  const PadLayout& layout = session.layout;
  for (const std::size_t pad :
       {layout.c_begin(), layout.c_begin() + 1, layout.c_begin() + 2, layout.a_begin() + 2, layout.b_begin() + 2}) {
    TestSession bad = session;
    bad.pads[pad] += Fe::one();
    bad.prove([&](ProverChannel& channel) { prove_products(channel, x); });
    EXPECT_FALSE(bad.verify(verify_products).accepted()) << pad;
  }
}

TEST(VerifierChannel, TruncatedAtEveryByteAndTrailing) {
  for (const bool zero_knowledge : {false, true}) {
    TestRandom random(8);
    TestSession session = product_session(zero_knowledge);
    session.make_pads(9);
    const Products x{random.fe(), random.fe(), random.fe(), random.fe()};
    session.prove([&](ProverChannel& channel) { prove_products(channel, x); });
    for (std::size_t size = 0; size < session.proof.size(); ++size) {
      const auto outcome = session.verify(ByteView(session.proof).first(size), verify_products);
      EXPECT_EQ(outcome.verdict.reason, RejectReason::kTruncated);
      const char* const labels[] = {"u", "v", "s", "t", "sum"};
      EXPECT_EQ(outcome.verdict.where, labels[size / 24]);
    }
    Bytes longer = session.proof;
    longer.push_back(0);
    EXPECT_EQ(session.verify(longer, verify_products).bytes_left, 1u);
  }
}

TEST(VerifierChannel, NonCanonicalLimb) {
  TestSession session = product_session(true);
  session.make_pads(10);
  session.prove([&](ProverChannel& channel) { prove_products(channel, {}); });
  for (std::size_t limb = 0; limb < session.proof.size() / 8; ++limb) {
    for (const std::uint64_t value : {Fp::kModulus, ~std::uint64_t{0}}) {
      Bytes bytes = session.proof;
      store_big_endian(value, bytes.data() + 8 * limb);
      EXPECT_EQ(session.verify(bytes, verify_products).verdict.reason, RejectReason::kNonCanonical);
    }
  }
}

TEST(VerifierChannel, RawBytesAndDigests) {
  TestSession session{.zero_knowledge = false, .count = [](PadAllocator&) {}};
  session.make_pads(0);
  const Digest digests[2] = {{1, 2, 3}, {4, 5}};
  const Bytes raw{9, 8, 7};
  session.prove([&](ProverChannel& channel) {
    channel.send_digests("roots", digests);
    channel.send_raw(raw);
    channel.send_u64_raw(77);
  });
  const auto body = [&](VerifierChannel& channel) {
    const std::vector<Digest> got = channel.receive_digests("roots", 2);
    const ByteView view = channel.receive_raw("raw", 3);
    const std::uint64_t number = channel.receive_u64_raw("number");
    if (channel.failed()) return;
    EXPECT_EQ(got[1], digests[1]);
    EXPECT_EQ(Bytes(view.begin(), view.end()), raw);
    EXPECT_EQ(number, 77u);
  };
  EXPECT_TRUE(session.verify(body).accepted());
  EXPECT_EQ(session.verify(ByteView(session.proof).first(70), body).verdict.where, "number");
  EXPECT_EQ(session.verify(ByteView(session.proof).first(65), body).verdict.where, "raw");
  EXPECT_EQ(session.verify(ByteView(session.proof).first(63), body).verdict.where, "roots");
}

}  // namespace
}  // namespace zkinfer::hiding
