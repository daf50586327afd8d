// SPDX-License-Identifier: Apache-2.0
// Every vector kernel, on every instruction set of this machine, against the scalar field over lengths around the vector widths.
#include "field/vec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "field/inverse.h"
#include "field/narrow.h"
#include "field/simd_test_util.h"

namespace zkinfer {
namespace {

const std::vector<std::size_t> kSizes = {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 255, 1500, 4097};

class VecTest : public testing::TestWithParam<simd::Target> {
 protected:
  Fp draw() {
    // A quarter of the values sits at the ends of the range, where carries are decided.
    switch (rng_() % 16) {
      case 0: return Fp(0);
      case 1: return Fp(Fp::kModulus - 1 - rng_() % 3);
      case 2: return Fp(Fp::kEpsilon + rng_() % 3 - 1);
      case 3: return Fp((Fp::kEpsilon << 32) - rng_() % 2);
      default: return Fp::reduce(rng_());
    }
  }
  Fe draw_fe() { return {draw(), draw(), draw()}; }
  FpVec draw_vec(std::size_t size) {
    FpVec v(size);
    for (Fp& x : v) x = draw();
    return v;
  }
  FeVec draw_fe_vec(std::size_t size) {
    FeVec v(size);
    for (std::size_t i = 0; i < size; ++i) v.set(i, draw_fe());
    return v;
  }
  template <class F>
  void expect_each(FpCSpan got, F expected) {
    for (std::size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i].v, expected(i).v) << i << " of " << got.size();
  }
  template <class F>
  void expect_each(FeCSpan got, F expected) {
    for (std::size_t i = 0; i < got.size; ++i) ASSERT_EQ(got.get(i), expected(i)) << i << " of " << got.size;
  }
  SimdTargetScope target_{GetParam()};
  std::mt19937_64 rng_{20240607};
};

TEST_P(VecTest, BaseFieldElementwise) {
  for (std::size_t size : kSizes) {
    const FpVec a = draw_vec(size), b = draw_vec(size);
    const Fp s = draw();
    FpVec out(size);
    vec::add(a.span(), b.span(), out.span());
    expect_each(out.span(), [&](std::size_t i) { return a[i] + b[i]; });
    vec::sub(a.span(), b.span(), out.span());
    expect_each(out.span(), [&](std::size_t i) { return a[i] - b[i]; });
    vec::mul(a.span(), b.span(), out.span());
    expect_each(out.span(), [&](std::size_t i) { return a[i] * b[i]; });
    vec::scale(s, a.span(), out.span());
    expect_each(out.span(), [&](std::size_t i) { return s * a[i]; });
    out = b;
    vec::axpy(s, a.span(), out.span());
    expect_each(out.span(), [&](std::size_t i) { return b[i] + s * a[i]; });
  }
}

TEST_P(VecTest, ExtensionElementwise) {
  for (std::size_t size : kSizes) {
    const FeVec a = draw_fe_vec(size), b = draw_fe_vec(size);
    const FpVec f = draw_vec(size);
    const Fe s = draw_fe(), t = draw_fe();
    const Fp u = draw();
    FeVec out(size);
    vec::add(a, b, out);
    expect_each(out, [&](std::size_t i) { return a.get(i) + b.get(i); });
    vec::sub(a, b, out);
    expect_each(out, [&](std::size_t i) { return a.get(i) - b.get(i); });
    vec::mul(a, b, out);
    expect_each(out, [&](std::size_t i) { return a.get(i) * b.get(i); });
    vec::mul(f.span(), b, out);
    expect_each(out, [&](std::size_t i) { return f[i] * b.get(i); });
    out = a;
    vec::mul_add(a, b, out);
    expect_each(out, [&](std::size_t i) { return a.get(i) + a.get(i) * b.get(i); });
    out = a;
    vec::mul_add(f.span(), b, out);
    expect_each(out, [&](std::size_t i) { return a.get(i) + f[i] * b.get(i); });
    vec::scale(s, a, out);
    expect_each(out, [&](std::size_t i) { return s * a.get(i); });
    vec::scale(s, f.span(), out);
    expect_each(out, [&](std::size_t i) { return s * f[i]; });
    vec::scale(u, a, out);
    expect_each(out, [&](std::size_t i) { return u * a.get(i); });
    out = b;
    vec::axpy(s, a, out);
    expect_each(out, [&](std::size_t i) { return b.get(i) + s * a.get(i); });
    out = b;
    vec::axpy(s, f.span(), out);
    expect_each(out, [&](std::size_t i) { return b.get(i) + s * f[i]; });
    out = b;
    vec::add_scalar(s, out);
    expect_each(out, [&](std::size_t i) { return b.get(i) + s; });
    vec::affine(s, t, f.span(), out);
    expect_each(out, [&](std::size_t i) { return s * f[i] + t; });
    vec::lift(f.span(), out);
    expect_each(out, [&](std::size_t i) { return Fe(f[i]); });
    vec::fill(t, out);
    expect_each(out, [&](std::size_t) { return t; });
  }
}

TEST_P(VecTest, Folds) {
  for (std::size_t half : kSizes) {
    const FeVec v = draw_fe_vec(2 * half);
    const FpVec f = draw_vec(2 * half);
    const Fe r = draw_fe();
    const auto high = [&](std::size_t i) { return v.get(i) + r * (v.get(i + half) - v.get(i)); };
    const auto low = [&](std::size_t i) { return v.get(2 * i) + r * (v.get(2 * i + 1) - v.get(2 * i)); };
    FeVec out(half);
    vec::fold_high(v, r, out);
    expect_each(out, high);
    vec::fold_low(v, r, out);
    expect_each(out, low);
    FeVec in_place = v;
    vec::fold_high(in_place, r);
    expect_each(in_place.subspan(0, half), high);
    in_place = v;
    vec::fold_low(in_place, r);
    expect_each(in_place.subspan(0, half), low);
    vec::fold_high(f.span(), r, out);
    expect_each(out, [&](std::size_t i) { return Fe(f[i]) + r * (f[i + half] - f[i]); });
    vec::fold_low(f.span(), r, out);
    expect_each(out, [&](std::size_t i) { return Fe(f[2 * i]) + r * (f[2 * i + 1] - f[2 * i]); });
  }
}

TEST_P(VecTest, Reductions) {
  for (std::size_t size : kSizes) {
    const FpVec f = draw_vec(size), g = draw_vec(size);
    const FeVec a = draw_fe_vec(size), b = draw_fe_vec(size);
    Fp sum_f, dot_ff;
    Fe sum_a, dot_fb, dot_ab;
    for (std::size_t i = 0; i < size; ++i) {
      sum_f += f[i];
      dot_ff += f[i] * g[i];
      sum_a += a.get(i);
      dot_fb += f[i] * b.get(i);
      dot_ab += a.get(i) * b.get(i);
    }
    EXPECT_EQ(vec::sum(f.span()), sum_f);
    EXPECT_EQ(vec::sum(a), sum_a);
    EXPECT_EQ(vec::dot(f.span(), g.span()), dot_ff);
    EXPECT_EQ(vec::dot(f.span(), b), dot_fb);
    EXPECT_EQ(vec::dot(a, b), dot_ab);
  }
}

TEST_P(VecTest, LargestValuesDoNotOverflow) {
  const std::size_t size = 50000;
  FpVec f(size);
  FeVec a(size);
  const Fp top(Fp::kModulus - 1);
  for (std::size_t i = 0; i < size; ++i) f[i] = top, a.set(i, {top, top, top});
  EXPECT_EQ(vec::sum(f.span()), -Fp(size));
  EXPECT_EQ(vec::dot(f.span(), f.span()), Fp(size));
  EXPECT_EQ(vec::dot(f.span(), a), Fe(Fp(size), Fp(size), Fp(size)));
  EXPECT_EQ(vec::dot(a, a), Fe(Fp(1), Fp(1), Fp(1)) * Fe(Fp(1), Fp(1), Fp(1)) * Fp(size));
}

TEST_P(VecTest, SumcheckRounds) {
  for (std::size_t half : kSizes) {
    const FeVec a = draw_fe_vec(2 * half), b = draw_fe_vec(2 * half), c = draw_fe_vec(2 * half);
    const FpVec f = draw_vec(2 * half);
    std::array<Fe, 2> ab, fb;
    std::array<Fe, 3> abc;
    for (std::size_t i = 0; i < half; ++i) {
      const Fe da = a.get(i + half) - a.get(i), db = b.get(i + half) - b.get(i), dc = c.get(i + half) - c.get(i);
      ab[0] += a.get(i) * b.get(i);
      ab[1] += da * db;
      fb[0] += f[i] * b.get(i);
      fb[1] += (f[i + half] - f[i]) * db;
      abc[0] += a.get(i) * b.get(i) * c.get(i);
      abc[1] += (a.get(i) - da) * (b.get(i) - db) * (c.get(i) - dc);
      abc[2] += da * db * dc;
    }
    EXPECT_EQ(vec::round_product(a, b), ab);
    EXPECT_EQ(vec::round_product(f.span(), b), fb);
    EXPECT_EQ(vec::round_product(a, b, c), abc);
  }
}

TEST_P(VecTest, BatchInverseKeepsZeros) {
  for (std::size_t size : kSizes) {
    FpVec f = draw_vec(size);
    FeVec a = draw_fe_vec(size);
    if (size > 2) f[2] = Fp(), a.set(1, Fe());
    FpVec f_inv = f;
    FeVec a_inv = a;
    vec::batch_inverse(f_inv.span());
    vec::batch_inverse(a_inv.span());
    expect_each(f_inv.span(), [&](std::size_t i) { return inverse(f[i]); });
    expect_each(a_inv, [&](std::size_t i) { return inverse(a.get(i)); });
  }
}

TEST_P(VecTest, Powers) {
  for (std::size_t size : kSizes) {
    const Fp a = draw(), z = draw();
    const Fe b = draw_fe(), y = draw_fe();
    FpVec f(size);
    FeVec v(size);
    vec::powers(a, z, f.span());
    vec::powers(b, y, v);
    expect_each(f.span(), [&](std::size_t i) { return a * pow(z, i); });
    expect_each(v, [&](std::size_t i) { return b * pow(y, i); });
  }
}

TEST_P(VecTest, EqTableMostSignificantFirst) {
  for (std::size_t num_vars = 0; num_vars < 7; ++num_vars) {
    std::vector<Fe> point(num_vars);
    for (Fe& r : point) r = draw_fe();
    const Fe scale = draw_fe();
    FeVec table(std::size_t{1} << num_vars);
    vec::eq_table(point, table, scale);
    expect_each(table, [&](std::size_t x) {
      Fe product = scale;
      for (std::size_t i = 0; i < num_vars; ++i) {
        product *= (x >> (num_vars - 1 - i)) & 1 ? point[i] : Fe::one() - point[i];
      }
      return product;
    });
  }
}

// The ends of what each width holds, and of the representatives.
TEST_P(VecTest, SmallIntegersThereAndBack) {
  for (const std::size_t size : kSizes) {
    for (const std::uint8_t width : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{4}}) {
      const std::int64_t most = (std::int64_t{1} << (8 * width - 1)) - 1;
      FpVec values(size);
      std::int64_t lo = 0, hi = 0;
      for (std::size_t i = 0; i < size; ++i) {
        const std::int64_t x = i % 5 == 0 ? most : i % 7 == 0 ? -most - 1 : draw().to_int() % most;
        values[i] = Fp::from_int(x);
        lo = i == 0 ? x : std::min(lo, x);
        hi = i == 0 ? x : std::max(hi, x);
      }
      EXPECT_EQ(vec::int_range(values.span()), std::pair(lo, hi)) << size;
      std::vector<std::uint8_t> bytes(size * width + 1, 0xa5);
      vec::to_ints(values.span(), width, bytes.data());
      EXPECT_EQ(bytes.back(), 0xa5) << "behind the last one";
      FpVec back(size);
      vec::from_ints({bytes.data(), size, width}, back.span());
      expect_each(back.span(), [&](std::size_t i) { return values[i]; });
    }
    FpVec any(size);
    for (Fp& x : any) x = draw();
    if (size == 0) continue;
    const auto [lo, hi] = vec::int_range(any.span());
    const auto less = [](Fp a, Fp b) { return a.to_int() < b.to_int(); };
    EXPECT_EQ(lo, std::min_element(any.begin(), any.end(), less)->to_int());
    EXPECT_EQ(hi, std::max_element(any.begin(), any.end(), less)->to_int());
  }
}

TEST_P(VecTest, ResizeKeepsValues) {
  FeVec v = draw_fe_vec(13);
  const FeVec copy = v;
  v.resize(100);
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(v.get(i), i < 13 ? copy.get(i) : Fe());
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(v.plane(1)) % 64, 0u);
  EXPECT_EQ(FeVec(v.to_vector()).get(12), copy.get(12));
}

INSTANTIATE_TEST_SUITE_P(EveryTarget, VecTest, testing::ValuesIn(simd_targets()),
                         [](const auto& test) { return simd::name_of(test.param); });

}  // namespace
}  // namespace zkinfer
