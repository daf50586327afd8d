// SPDX-License-Identifier: Apache-2.0
// Laws of Fp and Fe.
#include <random>

#include <gtest/gtest.h>

#include "field/fe.h"
#include "field/inverse.h"
#include "field/limbs.h"

namespace zkinfer {
namespace {

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : engine_(seed) {}
  Fp fp() {
    // One draw in four is an edge value.
    static constexpr std::uint64_t kEdges[] = {0, 1, Fp::kModulus - 1, 0xffffffffULL, 0x100000000ULL, Fp::kModulus / 2};
    const std::uint64_t x = engine_();
    return x % 4 == 0 ? Fp(kEdges[(x >> 8) % std::size(kEdges)]) : Fp::reduce(x);
  }
  Fe fe() { return {fp(), fp(), fp()}; }

 private:
  std::mt19937_64 engine_;
};

template <class T>
void check_ring_laws(T a, T b, T c) {
  EXPECT_EQ(a + b, b + a);
  EXPECT_EQ((a + b) + c, a + (b + c));
  EXPECT_EQ(a * b, b * a);
  EXPECT_EQ((a * b) * c, a * (b * c));
  EXPECT_EQ(a * (b + c), a * b + a * c);
  EXPECT_EQ(a - b + b, a);
  EXPECT_TRUE((a + (-a)).is_zero());
}

TEST(Field, RingLawsAndInverses) {
  Draw draw(1);
  for (int i = 0; i < 20000; ++i) {
    check_ring_laws(draw.fp(), draw.fp(), draw.fp());
    check_ring_laws(draw.fe(), draw.fe(), draw.fe());
    const Fp a = draw.fp();
    if (!a.is_zero()) EXPECT_EQ(a * inverse(a), Fp(1));
    const Fe b = draw.fe();
    if (!b.is_zero()) EXPECT_EQ(b * inverse(b), Fe::one());
  }
  EXPECT_TRUE(inverse(Fp(0)).is_zero());
  EXPECT_TRUE(inverse(Fe()).is_zero());
}

TEST(Field, MultiplicationAgreesWithWideRemainder) {
  Draw draw(2);
  for (int i = 0; i < 100000; ++i) {
    const Fp a = draw.fp();
    const Fp b = draw.fp();
    EXPECT_EQ((a * b).v, static_cast<std::uint64_t>(static_cast<unsigned __int128>(a.v) * b.v % Fp::kModulus));
  }
}

// Sums of products that are reduced once, against each product reduced; eight of the largest reach every carry.
TEST(Field, ExtensionProductsAgreeTermByTerm) {
  Draw draw(3);
  const Fp most(Fp::kModulus - 1);
  for (int i = 0; i < 100000; ++i) {
    const Fe a = i == 0 ? Fe(most, most, most) : draw.fe();
    const Fe b = i == 0 ? a : draw.fe();
    Fe expected;
    for (std::size_t j = 0; j < 3; ++j) {
      for (std::size_t k = 0; k < 3; ++k) expected.c[(j + k) % 3] += a.c[j] * b.c[k] * Fp(j + k < 3 ? 1 : 2);
    }
    ASSERT_EQ(a * b, expected) << i;
  }
  FpProducts sum;
  for (int i = 0; i < 4; ++i) sum.add(most, most);
  sum.twice();
  EXPECT_EQ(sum.reduced(), Fp(8));
}

TEST(Field, TheExtensionIsAField) {
  // x^3 = 2, and 2 is no cube.
  EXPECT_EQ(Fe::basis(1) * Fe::basis(2), Fe(Fp(2)));
  EXPECT_NE(pow(Fp(2), (Fp::kModulus - 1) / 3), Fp(1));
}

TEST(Field, RootsOfUnityHaveTheirOrder) {
  for (int k = 1; k <= 32; ++k) {
    EXPECT_EQ(pow(root_of_unity(k), std::uint64_t{1} << k), Fp(1));
    EXPECT_EQ(pow(root_of_unity(k), std::uint64_t{1} << (k - 1)), -Fp(1));
  }
}

TEST(Field, SignedIntegersRoundTrip) {
  for (std::int64_t x : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{5}, -(std::int64_t{1} << 62)}) {
    EXPECT_EQ(Fp::from_int(x).to_int(), x);
  }
}

TEST(Limbs, OnlyCanonicalOnesAreRead) {
  const std::vector<Fp> limbs = {Fp(1), Fp(Fp::kModulus - 1)};
  Bytes bytes = limb_bytes(limbs);
  EXPECT_EQ(bytes, (Bytes{0, 0, 0, 0, 0, 0, 0, 1, 255, 255, 255, 255, 0, 0, 0, 0}));
  std::vector<Fp> got(2);
  ByteReader reader(bytes);
  EXPECT_TRUE(read_limbs(reader, got));
  EXPECT_EQ(got, limbs);
  ByteReader truncated(ByteView(bytes).first(15));
  EXPECT_FALSE(read_limbs(truncated, got));
  store_big_endian(Fp::kModulus, bytes.data());
  ByteReader too_large(bytes);
  EXPECT_FALSE(read_limbs(too_large, got));
}

}  // namespace
}  // namespace zkinfer
