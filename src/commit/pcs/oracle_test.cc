// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "base/files.h"
#include "commit/pcs/code_file.h"
#include "commit/pcs/test_support.h"
#include "commit/pcs/unkept_code.h"
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
  EXPECT_EQ(other.encoded().open(opened)->rows, oracle.encoded().open(opened)->rows);
  EXPECT_NE(other.root(), oracle.root());
}

// Blocks of any size have the rows of the whole, and rows made again are the ones that were hashed.
TEST(Oracle, CodeThatIsNotKept) {
  SeededRandom random(6);
  for (const CodeParams& params : {small_oracle(), CodeParams{1, 0, 0, 0, 1}, CodeParams{700, 60, 1, 11, 9},
                                   CodeParams{2500, 11, 2, 13, 40}, CodeParams{1 << 14, 0, 1, 15, 70}}) {
    const FpVec message = draw(random, params.num_lanes() * params.num_coefs);
    const CommittedOracle kept(params, message.span(), random);
    FpVec lanes(params.num_lanes() * params.dimension());
    for (std::size_t lane = 0; lane < params.num_lanes(); ++lane) {
      const FpVec values = kept.lane(lane);
      std::copy(values.begin(), values.end(), lanes.data() + lane * params.dimension());
    }
    std::vector<Fp> random_rows;
    for (std::size_t lane = 0; lane < params.num_lanes(); ++lane) {
      for (std::size_t row = params.num_coefs; row < params.dimension(); ++row)
        random_rows.push_back(lanes[lane * params.dimension() + row]);
    }
    std::vector<std::uint64_t> opened;
    for (std::uint64_t i = 0; i < params.num_queries; ++i) opened.push_back(i * i * 2654435761u % params.domain_size());
    opened.push_back(params.domain_size() - 1);
    std::sort(opened.begin(), opened.end());
    opened.erase(std::unique(opened.begin(), opened.end()), opened.end());
    const std::size_t whole = params.domain_size() * params.num_lanes() * sizeof(Fp);
    for (const std::size_t bytes : {whole, whole / 4, whole / 32}) {
      FixedRandom again(random_rows);
      const UnkeptCode code(std::make_shared<const LaneCoefs>(params, lanes, again), bytes);
      EXPECT_EQ(code.root(), kept.root()) << params.num_coefs << " " << bytes;
      const auto rows = code.open(opened);
      ASSERT_TRUE(rows.ok());
      EXPECT_EQ(rows->rows, kept.encoded().open(opened)->rows) << params.num_coefs;
      EXPECT_EQ(rows->siblings, kept.encoded().open(opened)->siblings) << params.num_coefs;
    }
  }
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

// M: small integers of several widths, in memory and on disk, against the same numbers as elements of F.
class CodeFiles : public ::testing::Test {
 protected:
  CodeFiles() : random_(5) {
    std::vector<std::uint8_t> widths;
    for (std::size_t lane = 0; lane < params_.num_lanes(); ++lane) widths.push_back(lane == 0 ? 4 : lane == 1 ? 2 : 1);
    IntLanes ints(widths, params_.num_coefs);
    FpVec elements(params_.num_lanes() * params_.num_coefs);
    for (std::size_t i = 0; i < elements.size(); ++i) {
      const std::size_t lane = i / params_.num_coefs;
      const auto x = static_cast<std::int32_t>(static_cast<std::int64_t>(i * 2654435761u % (1u << 31)) - (1 << 30)) >>
                     (32 - 8 * widths[lane]);
      std::memcpy(ints.lane_bytes(lane) + i % params_.num_coefs * widths[lane], &x, widths[lane]);
      elements[i] = Fp::from_int(x);
    }
    FpVec random_coefs(params_.num_lanes() * params_.num_random_coefs);
    random_.fill(random_coefs.span());
    std::vector<Fp> list(random_coefs.begin(), random_coefs.end());
    FixedRandom fixed(list);
    expected_ = CommittedOracle(params_, elements.span(), fixed);
    coefs_ = std::make_shared<const LaneCoefs>(params_, std::move(ints), random_coefs);
    path_ = ::testing::TempDir() + "pcs_code_file";
  }
  ~CodeFiles() override { std::remove(path_.c_str()); }

  // A file of so many parts, each of which has its rows if they are at most so many bytes.
  void write(std::size_t num_parts = 1, std::uint64_t most_rows = kMostWrittenRows) {
    std::remove(path_.c_str());
    auto file = NewCodeFile::create(path_);
    ASSERT_TRUE(file.ok()) << file.status().to_string();
    for (std::size_t i = 0; i < num_parts; ++i) {
      const auto part = (*file)->add(coefs_, most_rows);
      ASSERT_TRUE(part.ok()) << part.status().to_string();
      CodeFileHeader header;
      header.content.fill(7);
      header.rows_key.fill(8);
      header.base = random_.element();
      header.evaluations.resize(params_.num_lanes(), random_.element());
      ASSERT_TRUE((*file)->seal(**part, header).ok());
      EXPECT_EQ((*part)->root(), expected_.root());
    }
    EXPECT_FALSE(CodeFile::exists(path_)) << "nothing is there before it is published";
    ASSERT_TRUE((*file)->publish().ok());
  }

  // 9 coefficients in 4 blocks of 16 points.
  CodeParams params_{5, 4, 2, 6, 3};
  SeededRandom random_;
  CommittedOracle expected_;
  std::shared_ptr<const LaneCoefs> coefs_;
  std::string path_;
};

TEST_F(CodeFiles, HoldWhatMemoryHolds) {
  const std::vector<std::uint64_t> opened = {0, 3, 8, 17, 31, 32, 63};
  for (const std::size_t num_parts : {std::size_t{1}, std::size_t{3}}) {
    for (const bool with_rows : {true, false}) {
      write(num_parts, with_rows ? kMostWrittenRows : 0);
      const auto file = CodeFile::open(path_);
      ASSERT_TRUE(file.ok()) << file.status().to_string();
      ASSERT_EQ(file->size(), num_parts);
      for (const std::shared_ptr<CodeFile>& part : *file) {
        EXPECT_EQ(part->header().params, params_);
        EXPECT_EQ(part->has_rows(), with_rows);
        part->compute_rows_from(coefs_);
        const auto rows = part->open(opened);
        ASSERT_TRUE(rows.ok()) << rows.status().to_string();
        EXPECT_EQ(rows->rows, expected_.encoded().open(opened)->rows);
        EXPECT_EQ(rows->siblings, expected_.encoded().open(opened)->siblings);
        const auto random_coefs = part->random_coefs();
        ASSERT_TRUE(random_coefs.ok());
        EXPECT_TRUE(std::equal(random_coefs->begin(), random_coefs->end(), coefs_->random_coefs().begin()));
      }
    }
  }
  const UnkeptCode unkept(coefs_, 1 << 20);
  EXPECT_EQ(unkept.root(), expected_.root());
  EXPECT_EQ(unkept.open(opened)->rows, expected_.encoded().open(opened)->rows);
}

// A code file is a function of what it holds: nothing of the memory that it was made in.
TEST_F(CodeFiles, AreTheSameEachTime) {
  write(2);
  Bytes first = read_file(path_, 1 << 20).value();
  // Written among other things in memory. The base and the evaluations are drawn anew, so all but the headers are compared.
  write(2);
  Bytes second = read_file(path_, 1 << 20).value();
  ASSERT_EQ(first.size(), second.size());
  for (Bytes* bytes : {&first, &second}) {
    for (const std::size_t begin : {std::size_t{0}, bytes->size() / 2}) {
      const auto at = bytes->begin() + static_cast<std::ptrdiff_t>(begin);
      std::fill(at, at + 4096, std::uint8_t{0});
    }
  }
  EXPECT_EQ(first, second);
  // The unused node is the first of the tree, on the third page of a part.
  for (std::size_t i = 0; i < 32; ++i) EXPECT_EQ(first[2 * 4096 + i], 0) << i;
}

// Rows that are computed from other coefficients than those committed to do not leave.
TEST_F(CodeFiles, OtherCoefficientsAreFound) {
  write(1, 0);
  const auto file = CodeFile::open(path_);
  ASSERT_TRUE(file.ok()) << file.status().to_string();
  FpVec random_coefs(params_.num_lanes() * params_.num_random_coefs);
  (*file)[0]->compute_rows_from(std::make_shared<const LaneCoefs>(
      params_, IntLanes(std::vector<std::uint8_t>(params_.num_lanes(), 1), params_.num_coefs), random_coefs));
  const std::vector<std::uint64_t> opened = {5};
  EXPECT_EQ((*file)[0]->open(opened).status().code(), StatusCode::kCorrupt);
}

// Damage is found where it is read, or does not matter: no row leaves that is not under the root.
TEST_F(CodeFiles, DamageIsFound) {
  write(2);
  const Bytes bytes = read_file(path_, 1 << 20).value();
  std::vector<std::uint64_t> all(params_.domain_size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  const std::vector<std::uint64_t> some = {1, 40};
  std::size_t num_harmless = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 5) {
    Bytes changed = bytes;
    changed[i] ^= 1;
    ASSERT_TRUE(write_file(path_, changed).ok());
    const auto file = CodeFile::open(path_);
    if (!file.ok()) {
      EXPECT_EQ(file.status().code(), StatusCode::kCorrupt) << i;
      continue;
    }
    const CodeFile& part = *(*file)[i < bytes.size() / 2 ? 0 : 1];
    const auto random_coefs = part.random_coefs();
    if (!random_coefs.ok()) {
      EXPECT_EQ(random_coefs.status().code(), StatusCode::kCorrupt) << i;
      continue;
    }
    // Padding, the tree's inner nodes and rows that nobody opens.
    ++num_harmless;
    const auto rows = part.open(some);
    if (rows.ok()) {
      EXPECT_EQ(rows->rows, expected_.encoded().open(some)->rows) << i;
    } else {
      EXPECT_EQ(rows.status().code(), StatusCode::kCorrupt) << i;
    }
    // The rows are the last page of each part, and part of it.
    const std::size_t row_bytes = params_.domain_size() * params_.num_lanes() * 8;
    const std::size_t in_part = i % (bytes.size() / 2), code_begin = bytes.size() / 2 - 4096;
    ASSERT_LE(row_bytes, 4096u);
    if (in_part >= code_begin && in_part < code_begin + row_bytes)
      EXPECT_EQ(part.open(all).status().code(), StatusCode::kCorrupt) << i;
  }
  EXPECT_LT(num_harmless, bytes.size() / 5);
  for (const std::size_t size : {std::size_t{0}, std::size_t{20}, bytes.size() - 1, bytes.size() + 1}) {
    Bytes changed = bytes;
    changed.resize(size);
    ASSERT_TRUE(write_file(path_, changed).ok());
    EXPECT_EQ(CodeFile::open(path_).status().code(), StatusCode::kCorrupt) << size;
  }
  std::remove(path_.c_str());
  EXPECT_EQ(CodeFile::open(path_).status().code(), StatusCode::kIo);
  EXPECT_EQ(NewCodeFile::create("/nowhere/at/all").status().code(), StatusCode::kIo);
  // What is no code file is not replaced.
  const Bytes note = {'n', 'o', 't', 'e'};
  ASSERT_TRUE(write_file(path_, note).ok());
  EXPECT_EQ(NewCodeFile::create(path_).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(read_file(path_, 100).value(), note);
}

}  // namespace
}  // namespace zkinfer::pcs
