// SPDX-License-Identifier: Apache-2.0
// Columns that were made narrow read as before, and lanes of every width commit to what lanes of elements of F commit to.
#include "argument/place_narrow.h"

#include <gtest/gtest.h>

#include <random>

#include "commit/pcs/oracle_prover.h"

namespace zkinfer::argument {
namespace {

class Drawn final : public hiding::RandomSource {
 public:
  explicit Drawn(std::uint64_t seed) : engine_(seed) {}
  void fill(FpSpan out) override {
    for (Fp& x : out) x = Fp::reduce(engine_());
  }
  std::uint64_t below(std::uint64_t n) { return engine_() % n; }

 private:
  std::mt19937_64 engine_;
};

struct Columns {
  circuit::Circuit circuit;
  circuit::ColumnValues data;
};

// Of 1, 2 and 4 bytes, of elements of F, at the ends of what a width holds, and one that is too short to be made narrow.
Columns make_columns(Drawn& draw) {
  const std::vector<std::pair<std::vector<std::uint64_t>, std::int64_t>> kinds = {
      {{5000}, 1}, {{70, 100}, 127}, {{4097}, 32767},   {{3, 41, 64}, 2147483647}, {{9000}, -1}, {{64, 65}, 2147483648},
      {{37}, 5},   {{4096}, 128},    {{2, 3000}, 32768}};
  Columns out;
  out.data = circuit::ColumnValues(kinds.size());
  for (std::size_t id = 0; id < kinds.size(); ++id) {
    const auto& [shape, most] = kinds[id];
    circuit::Column column{"c", circuit::Oracle::kWitness, shape};
    out.data[id] = FpVec(column.num_elements());
    if (most < 0) draw.fill(out.data[id].span());
    for (std::size_t i = 0; most >= 0 && i < out.data[id].size(); ++i) {
      const auto x = static_cast<std::int64_t>(draw.below(static_cast<std::uint64_t>(most) + 1));
      out.data[id][i] = Fp::from_int(i == 3 ? most : i % 2 == 0 ? -x : x);
    }
    out.circuit.columns.push_back(std::move(column));
  }
  return out;
}

TEST(NarrowColumns, ReadAsBefore) {
  Drawn draw(1);
  const Columns columns = make_columns(draw);
  circuit::ColumnValues narrow = columns.data;
  narrow.narrow();
  std::size_t num_narrow = 0;
  for (std::size_t id = 0; id < narrow.size(); ++id) {
    const circuit::ColumnView before = columns.data.view(id), now = narrow.view(id);
    ASSERT_EQ(now.size(), before.size());
    num_narrow += now.ints.empty() ? 0 : 1;
    FpVec copied(now.size());
    now.copy(0, copied.span());
    for (std::size_t i = 0; i < now.size(); ++i) {
      ASSERT_EQ(now[i], before[i]) << id << " " << i;
      ASSERT_EQ(copied[i], before[i]) << id << " " << i;
    }
  }
  EXPECT_EQ(num_narrow, 6u);
  EXPECT_EQ(narrow.view(0).ints.width, 1);
  EXPECT_EQ(narrow.view(2).ints.width, 2);
  EXPECT_EQ(narrow.view(7).ints.width, 2) << "128 is one too many for a byte";
  // A copy keeps its integers when the first one is changed.
  const circuit::ColumnValues copy = narrow;
  narrow[0][7] += Fp(1);
  EXPECT_EQ(narrow.view(0)[7], columns.data.view(0)[7] + Fp(1));
  EXPECT_EQ(copy.view(0)[7], columns.data.view(0)[7]);
}

TEST(NarrowColumns, CommitToTheSame) {
  Drawn draw(2);
  Columns columns = make_columns(draw);
  for (const int log_lanes : {0, 2, 4}) {
    const circuit::Layout layout = circuit::place_columns(columns.circuit, circuit::Oracle::kWitness, log_lanes);
    const pcs::CodeParams params{layout.num_coefs, 7, static_cast<std::uint8_t>(log_lanes), 17, 3};
    FpVec lanes(params.num_lanes() * params.dimension());
    circuit::place_values(layout, columns.circuit.columns, columns.data, params.dimension(), lanes.span());
    Drawn first(3), second(3);
    const pcs::LaneCoefs expected(params, std::move(lanes), first);
    circuit::ColumnValues data = columns.data;
    data.narrow();
    pcs::IntLanes narrow = place_narrow(layout, columns.circuit.columns, data);
    bool has_ints = false, has_elements = false;
    for (std::size_t lane = 0; lane < params.num_lanes(); ++lane) {
      (narrow.has_elements(lane) ? has_elements : has_ints) = true;
    }
    EXPECT_TRUE(has_elements);
    EXPECT_EQ(has_ints, log_lanes > 0);
    const pcs::LaneCoefs coefs(params, std::move(narrow), second);
    for (std::size_t lane = 0; lane < params.num_lanes(); ++lane) {
      for (std::size_t begin = 0, size = 0; begin < params.dimension(); begin += size) {
        size = std::min<std::size_t>(1 + draw.below(700), params.dimension() - begin);
        FpVec a(size), b(size);
        const FpCSpan x = expected.read(lane, begin, a.span()), y = coefs.read(lane, begin, b.span());
        ASSERT_TRUE(std::equal(x.begin(), x.end(), y.begin(), y.end())) << lane << " " << begin;
      }
    }
    FpVec one(params.num_lanes() << 12), two(params.num_lanes() << 12);
    expected.transpose(one.span(), Fp(5));
    coefs.transpose(two.span(), Fp(5));
    EXPECT_TRUE(std::equal(one.begin(), one.end(), two.begin()));
  }
}

}  // namespace
}  // namespace zkinfer::argument
