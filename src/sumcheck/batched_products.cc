// SPDX-License-Identifier: Apache-2.0
#include "sumcheck/batched_products.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

#include "base/check.h"
#include "base/parallel.h"
#include "sumcheck/eq_product.h"
#include "sumcheck/product_kernels.h"

namespace zkinfer::sumcheck {
namespace {

constexpr std::size_t kRowsPerChunk = 4096;

struct ActiveRelation {
  std::optional<EqProduct> eq_product;  // then it has the factors and the claim
  std::vector<FeVec> factors;
  int log_size = 0;  // n_i
  Fe scale;          // coef_i 2^-(n - n_i)
  Fe claim;          // unscaled h(0) + h(1) of the coming round; known once active
  ProductSums sums;  // of the current round
};

struct Chunk {
  std::size_t relation, begin, end;
  ProductSums sums;
};

// The rounds of relation sizes 2^n_i: active from round n - n_i on.
bool is_active(const ActiveRelation& relation, int num_rounds, int round) {
  return round >= num_rounds - relation.log_size;
}
bool is_first_round(const ActiveRelation& relation, int num_rounds, int round) {
  return round == num_rounds - relation.log_size;
}

ProductSums sum_chunk(ActiveRelation& relation, const Chunk& chunk, bool first_round, const Fe& last_challenge) {
  if (relation.eq_product) return relation.eq_product->sum_rows(chunk.begin, chunk.end);
  const std::size_t num_factors = relation.factors.size();
  if (first_round) {
    std::array<FeCSpan, 3> tables;
    for (std::size_t f = 0; f < num_factors; ++f) tables[f] = relation.factors[f].span();
    return product_sums({tables.data(), num_factors}, chunk.begin, chunk.end, true);
  }
  std::array<FeSpan, 3> tables;
  for (std::size_t f = 0; f < num_factors; ++f) tables[f] = relation.factors[f].span();
  return fold_and_sum({tables.data(), num_factors}, last_challenge, chunk.begin, chunk.end);
}

// Folds by last_challenge where needed and sums; all active relations' rows in one parallel loop.
void run_round(std::vector<ActiveRelation>& relations, int num_rounds, int round, const Fe& last_challenge) {
  std::vector<Chunk> chunks;
  std::size_t num_rows = 0;
  for (std::size_t i = 0; i < relations.size(); ++i) {
    if (!is_active(relations[i], num_rounds, round)) continue;
    const std::size_t half = std::size_t{1} << (num_rounds - 1 - round);
    num_rows += half;
    if (relations[i].eq_product) relations[i].eq_product->begin_round(last_challenge);
    for (std::size_t begin = 0; begin < half; begin += kRowsPerChunk)
      chunks.push_back({i, begin, std::min(half, begin + kRowsPerChunk), {}});
  }
  const auto body = [&](std::size_t begin, std::size_t end) {
    for (std::size_t j = begin; j < end; ++j) {
      ActiveRelation& relation = relations[chunks[j].relation];
      chunks[j].sums = sum_chunk(relation, chunks[j], is_first_round(relation, num_rounds, round), last_challenge);
    }
  };
  // Few rows: the loop is cheaper than waking the other threads.
  parallel_for(chunks.size(), num_rows <= kRowsPerChunk ? std::max<std::size_t>(chunks.size(), 1) : 1, body);

  for (ActiveRelation& relation : relations) relation.sums = {};
  for (const Chunk& chunk : chunks) relations[chunk.relation].sums += chunk.sums;
  for (ActiveRelation& relation : relations) {
    if (!is_active(relation, num_rounds, round) || relation.eq_product) continue;
    if (is_first_round(relation, num_rounds, round)) {
      relation.claim = relation.sums.at_zero + relation.sums.at_one;
      continue;
    }
    for (FeVec& factor : relation.factors) factor.resize(factor.size() / 2);
  }
}

// h from h(0), h(1) = claim - h(0), the top coefficient and, for three factors, h(-1).
RoundCoefs round_polynomial(ActiveRelation& relation) {
  if (relation.eq_product) return relation.eq_product->end_round(relation.sums);
  static constexpr Fe kHalf(inverse(Fp(2)));
  const ProductSums& sums = relation.sums;
  const Fe at_one = relation.claim - sums.at_zero;
  const Fe c0 = sums.at_zero;
  switch (relation.factors.size()) {
    case 1: return {c0, at_one - c0, Fe(), Fe()};
    case 2: return {c0, at_one - c0 - sums.top, sums.top, Fe()};
    default: {
      const Fe c2 = (at_one + sums.at_minus_one) * kHalf - c0;
      return {c0, at_one - c0 - c2 - sums.top, c2, sums.top};
    }
  }
}

std::vector<ActiveRelation> prepare(std::vector<ProductRelation> relations, int degree, int& num_rounds) {
  std::vector<ActiveRelation> active;
  num_rounds = 0;
  for (ProductRelation& relation : relations) {
    if (!relation.eq_point.empty()) {
      ZKI_CHECK(degree == 3, "an eq factor adds a degree");
      const Fe coef = relation.coef;
      EqProduct product(std::move(relation));
      num_rounds = std::max(num_rounds, product.log_size());
      const int log_size = product.log_size();
      active.push_back({std::move(product), {}, log_size, coef, Fe(), {}});
      continue;
    }
    const std::size_t num_factors = relation.factors.size();
    ZKI_CHECK(num_factors >= 1 && num_factors <= static_cast<std::size_t>(degree), "1 to `degree` factors");
    const std::size_t size = relation.factors[0].size();
    ZKI_CHECK(std::has_single_bit(size), "a table has 2^n rows");
    for (const FeVec& factor : relation.factors) ZKI_CHECK_EQ(factor.size(), size, "tables of one relation");
    const int log_size = std::countr_zero(size);
    num_rounds = std::max(num_rounds, log_size);
    active.push_back({std::nullopt, std::move(relation.factors), log_size, relation.coef, Fe(), {}});
  }
  const Fe half(inverse(Fp(2)));
  for (ActiveRelation& relation : active)
    relation.scale *= pow(half, static_cast<std::uint64_t>(num_rounds - relation.log_size));
  return active;
}

class CpuProductRounds final : public ProductRounds {
 public:
  CpuProductRounds(std::vector<ProductRelation> relations, int degree)
      : active_(prepare(std::move(relations), degree, num_rounds_)) {}

  int num_rounds() const override { return num_rounds_; }

  RoundCoefs round() override {
    run_round(active_, num_rounds_, round_, challenge_);
    polynomials_.assign(active_.size(), {});
    RoundCoefs total{};
    for (std::size_t i = 0; i < active_.size(); ++i) {
      if (!is_active(active_[i], num_rounds_, round_)) continue;
      polynomials_[i] = round_polynomial(active_[i]);
      for (std::size_t j = 0; j < total.size(); ++j) total[j] += active_[i].scale * polynomials_[i][j];
    }
    return total;
  }

  void bind(const Fe& s) override {
    challenge_ = s;
    ++round_;
    for (std::size_t i = 0; i < active_.size(); ++i) {
      const RoundCoefs& c = polynomials_[i];
      active_[i].claim = c[0] + s * (c[1] + s * (c[2] + s * c[3]));
    }
  }

  std::vector<std::vector<Fe>> values() const override {
    std::vector<std::vector<Fe>> out;
    for (const ActiveRelation& relation : active_) {
      if (relation.eq_product) {
        out.push_back(relation.eq_product->values(challenge_));
        continue;
      }
      std::vector<Fe>& values = out.emplace_back();
      for (const FeVec& factor : relation.factors) {
        const Fe low = factor.get(0);
        values.push_back(relation.log_size == 0 ? low : low + challenge_ * (factor.get(1) - low));
      }
    }
    return out;
  }

 private:
  int num_rounds_ = 0;  // before active_, whose initialisation sets it
  std::vector<ActiveRelation> active_;
  int round_ = 0;
  Fe challenge_;
  std::vector<RoundCoefs> polynomials_;  // of this round, by relation
};

}  // namespace

std::unique_ptr<ProductRounds> product_rounds(std::vector<ProductRelation> relations, int degree) {
  ZKI_CHECK(degree == 2 || degree == 3, "degree of a batched sumcheck");
  return std::make_unique<CpuProductRounds>(std::move(relations), degree);
}

BatchedProducts prove_batched_products(hiding::ProverChannel& channel, const char* label, ProductRounds& rounds,
                                       int degree) {
  BatchedProducts result;
  for (int i = 0; i < rounds.num_rounds(); ++i) {
    const RoundCoefs coefs = rounds.round();
    for (int j = 1; j <= degree; ++j) channel.send_hidden(label, coefs[static_cast<std::size_t>(j)]);
    result.point.push_back(channel.challenge(label));
    rounds.bind(result.point.back());
  }
  result.values = rounds.values();
  return result;
}

BatchedProducts prove_batched_products(hiding::ProverChannel& channel, const char* label,
                                       std::vector<ProductRelation> relations, int degree) {
  return prove_batched_products(channel, label, *product_rounds(std::move(relations), degree), degree);
}

}  // namespace zkinfer::sumcheck
