// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "commit/pcs/test_support.h"
#include "poly/ntt.h"

namespace zkinfer::pcs {
namespace {

using testing::make_params;
using testing::SeededRandom;
using testing::Shape;

// A random source that hands out a given list.
class FixedRandom : public hiding::RandomSource {
 public:
  explicit FixedRandom(std::vector<Fp> values) : values_(std::move(values)) {}
  void fill(FpSpan out) override {
    for (Fp& x : out) x = values_.at(next_++);
  }

 private:
  std::vector<Fp> values_;
  std::size_t next_ = 0;
};

// Solves the square system rows x = right by elimination.
std::vector<Fp> solve(std::vector<std::vector<Fp>> rows, std::vector<Fp> right) {
  const std::size_t size = right.size();
  for (std::size_t column = 0; column < size; ++column) {
    std::size_t pivot = column;
    while (rows[pivot][column].is_zero()) ++pivot;
    std::swap(rows[pivot], rows[column]);
    std::swap(right[pivot], right[column]);
    const Fp inverse_pivot = inverse(rows[column][column]);
    for (std::size_t r = 0; r < size; ++r) {
      if (r == column) continue;
      const Fp factor = rows[r][column] * inverse_pivot;
      for (std::size_t c = 0; c < size; ++c) rows[r][c] -= factor * rows[column][c];
      right[r] -= factor * right[column];
    }
  }
  for (std::size_t i = 0; i < size; ++i) right[i] *= inverse(rows[i][i]);
  return right;
}

CodeParams small_oracle() { return {5, 4, 2, 5, 3}; }

FpVec draw(SeededRandom& random, std::size_t count) {
  FpVec values(count);
  random.fill(values.span());
  return values;
}

TEST(Oracle, RowsAreLaneEvaluations) {
  SeededRandom random(1);
  const CodeParams params = small_oracle();
  const FpVec message = draw(random, params.num_lanes() * params.num_coefs);
  const CommittedOracle oracle(params, message.span(), random);
  for (std::uint64_t row = 0; row < params.domain_size(); ++row) {
    const Fp x = poly::domain_point(row, params.log_domain);
    for (std::size_t lane = 0; lane < params.num_lanes(); ++lane) {
      Fp value;
      for (std::size_t j = params.dimension(); j-- > 0;) value = value * x + oracle.lane(lane)[j];
      EXPECT_EQ(oracle.encoded().row(row)[lane], value);
    }
  }
}

// With T = t + 1 random rows every set of t + 1 opened rows fits every message: for another message there is exactly one
// choice of the random rows with the same openings.
TEST(Oracle, OpenedRowsFitEveryMessage) {
  SeededRandom random(2);
  const CodeParams params = small_oracle();
  const FpVec message = draw(random, params.num_lanes() * params.num_coefs);
  const FpVec other_message = draw(random, message.size());
  const CommittedOracle oracle(params, message.span(), random);
  const std::vector<std::uint64_t> opened = {3, 8, 17, 31};
  ASSERT_EQ(opened.size(), params.num_random_coefs);
  std::vector<Fp> random_rows;
  for (std::size_t lane = 0; lane < params.num_lanes(); ++lane) {
    std::vector<std::vector<Fp>> system;
    std::vector<Fp> right;
    for (const std::uint64_t row : opened) {
      const Fp x = poly::domain_point(row, params.log_domain);
      Fp known;
      for (std::size_t j = 0; j < params.num_coefs; ++j)
        known += other_message[lane * params.num_coefs + j] * pow(x, j);
      right.push_back(oracle.encoded().row(row)[lane] - known);
      system.emplace_back();
      for (std::size_t j = 0; j < params.num_random_coefs; ++j) system.back().push_back(pow(x, params.num_coefs + j));
    }
    for (const Fp x : solve(system, right)) random_rows.push_back(x);
  }
  FixedRandom fixed(random_rows);
  const CommittedOracle other(params, other_message.span(), fixed);
  EXPECT_EQ(other.encoded().open(opened).rows, oracle.encoded().open(opened).rows);
  EXPECT_NE(other.root(), oracle.root());
}

TEST(Oracle, ModelValueIsThePolynomialOfAllEntries) {
  SeededRandom random(3);
  const CodeParams params{4500, 7, 1, 13, 3};
  const FpVec message = draw(random, params.num_lanes() * params.num_coefs);
  CommittedOracle oracle(params, message.span(), random);
  const Fe z = random.element();
  Fe expected;
  for (std::size_t lane = params.num_lanes(); lane-- > 0;) {
    for (std::size_t row = params.dimension(); row-- > 0;) expected = expected * z + Fe(oracle.lane(lane)[row]);
  }
  EXPECT_EQ(ood_value(oracle, z), expected);
  EXPECT_EQ(ood_value(oracle, z), expected) << "second call, from memory";
}

TEST(Oracle, MaskRowsHoldXAndS) {
  const OpeningParams params = make_params({0, 0, 20, 2, {2}});
  SeededRandom random(4);
  const MaskOracle mask(params, random);
  ASSERT_EQ(mask.x().size(), params.mask.dimension());
  const std::uint64_t row = 5;
  const Fp x = poly::domain_point(row, params.mask.log_domain);
  Fe value_x, value_s;
  for (std::size_t j = mask.x().size(); j-- > 0;) {
    value_x = value_x * x + mask.x()[j];
    value_s = value_s * x + mask.s()[j];
  }
  const FpCSpan values = mask.encoded().row(row);
  EXPECT_EQ(Fe(values[0], values[1], values[2]), value_x);
  EXPECT_EQ(Fe(values[3], values[4], values[5]), value_s);
}

TEST(Oracle, FileRoundTrip) {
  SeededRandom random(5);
  const CodeParams params = small_oracle();
  const FpVec message = draw(random, params.num_lanes() * params.num_coefs);
  const CommittedOracle oracle(params, message.span(), random);
  const std::string path = ::testing::TempDir() + "pcs_oracle_file";
  for (const bool with_codeword : {false, true}) {
    ASSERT_TRUE(oracle.save(path, with_codeword).ok());
    const Result<CommittedOracle> loaded = CommittedOracle::load(path, params);
    ASSERT_TRUE(loaded.ok()) << loaded.status().to_string();
    EXPECT_EQ(loaded->root(), oracle.root());
    for (std::size_t lane = 0; lane < params.num_lanes(); ++lane) {
      EXPECT_TRUE(std::equal(loaded->lane(lane).begin(), loaded->lane(lane).end(), oracle.lane(lane).begin()));
    }
    CodeParams other = params;
    other.num_queries += 1;
    EXPECT_EQ(CommittedOracle::load(path, other).status().code(), StatusCode::kCorrupt);

    const Result<Bytes> bytes = read_file(path, 1 << 20);
    ASSERT_TRUE(bytes.ok());
    for (std::size_t i = 0; i < bytes->size(); i += 7) {
      Bytes changed = *bytes;
      changed[i] ^= 1;
      ASSERT_TRUE(write_file(path, changed).ok());
      EXPECT_EQ(CommittedOracle::load(path, params).status().code(), StatusCode::kCorrupt) << "byte " << i;
      changed.resize(i);
      ASSERT_TRUE(write_file(path, changed).ok());
      EXPECT_EQ(CommittedOracle::load(path, params).status().code(), StatusCode::kCorrupt) << "length " << i;
    }
    Bytes longer = *bytes;
    longer.push_back(0);
    ASSERT_TRUE(write_file(path, longer).ok());
    EXPECT_EQ(CommittedOracle::load(path, params).status().code(), StatusCode::kCorrupt);
  }
  std::remove(path.c_str());
  EXPECT_EQ(CommittedOracle::load(path, params).status().code(), StatusCode::kIo);
}

}  // namespace
}  // namespace zkinfer::pcs
