// SPDX-License-Identifier: Apache-2.0
#include "commit/pcs/cpu_backend.h"

#include <algorithm>

#include "base/check.h"
#include "base/parallel.h"
#include "commit/pcs/dense_sumcheck.h"
#include "commit/pcs/lane_sumcheck.h"
#include "commit/pcs/opening_prover.h"
#include "commit/pcs/unkept_code.h"
#include "poly/ntt.h"

namespace zkinfer::pcs {
namespace {

constexpr std::size_t kGrain = 4096;
constexpr std::size_t kPowerBlock = 256;
// out[j] += sum_q rows[q].coef rows[q].point^j. Powers are tabled for one block and shared by all blocks.
void add_opened(const std::vector<FoldTerms::OpenedRow>& rows, FeSpan out) {
  const std::size_t block = std::min(kPowerBlock, out.size);
  FpVec table(rows.size() * block);
  for (std::size_t q = 0; q < rows.size(); ++q)
    vec::powers(Fp(1), rows[q].point, table.span().subspan(q * block, block));
  parallel_for(out.size, 16 * kPowerBlock, [&](std::size_t begin, std::size_t end) {
    std::vector<Fe> coefs;
    std::vector<Fp> steps;
    for (const FoldTerms::OpenedRow& row : rows) {
      coefs.push_back(row.coef * pow(row.point, begin));
      steps.push_back(pow(row.point, block));
    }
    for (std::size_t first = begin; first < end; first += block) {
      const std::size_t count = std::min(block, end - first);
      for (std::size_t q = 0; q < rows.size(); ++q) {
        vec::axpy(coefs[q], FpCSpan(table.span()).subspan(q * block, count), out.subspan(first, count));
        coefs[q] *= steps[q];
      }
    }
  });
}

// e_i in arranged order as the polynomials of g_i's rows: limb j of lane l is polynomial 3 l + j.
class FoldCoefs final : public CodeCoefs {
 public:
  // values: lane l from block_of(l) on.
  FoldCoefs(const CodeParams& params, FeVec values) : params_(params), values_(std::move(values)) {}
  static std::size_t block_of(const CodeParams& params, std::size_t lane) {
    return poly::reverse_bits(lane, params.log_lanes) * params.dimension();
  }
  const CodeParams& params() const override { return params_; }
  std::size_t num_polynomials() const override { return fold_leaf_values(params_); }
  FpCSpan read(std::size_t polynomial, std::size_t begin, FpSpan scratch) const override {
    const Fp* const limb = values_.plane(static_cast<int>(polynomial % 3));
    return {limb + block_of(params_, polynomial / 3) + begin, scratch.size()};
  }

 private:
  const CodeParams& params_;
  FeVec values_;
};

// The first rounds, over the lanes of all base oracles at once.
class BaseSumcheck {
 public:
  BaseSumcheck(const OpeningParams& params, const OpeningStatement& statement, const OpeningOracles& oracles,
               std::size_t most_kept_weights) {
    const std::vector<BaseOracle> bases = params.bases();
    parts_.reserve(bases.size());
    for (std::size_t i = 0; i < bases.size(); ++i) {
      const OpeningStatement::Base& base = statement.bases[i];
      parts_.push_back({LaneSumcheck(*oracles.bases[i], base.weights, base.powers, most_kept_weights),
                        params.first_rounds() - bases[i].params->log_lanes, Fp(1), bases[i].offset,
                        bases[i].params->dimension()});
      for (int round = 0; round < parts_.back().skipped; ++round) parts_.back().scale *= kInverseOfTwo;
    }
  }

  // A part that has not begun adds a constant to the round polynomial, which is not sent.
  RoundPolynomial round() {
    RoundPolynomial h;
    for (Part& part : parts_) {
      if (round_ < part.skipped) continue;
      const RoundPolynomial own = part.sumcheck.round();
      h.c1 += own.c1 * part.scale;
      h.c2 += own.c2 * part.scale;
    }
    return h;
  }
  void bind(const Fe& s) {
    for (Part& part : parts_) {
      if (round_ >= part.skipped) part.sumcheck.bind(s);
    }
    ++round_;
  }
  // vector, functional: zeros.
  void finish(FeVec& vector, FeVec& functional) {
    for (Part& part : parts_) {
      part.sumcheck.finish(part.scale, vector.subspan(part.offset, part.dimension),
                           functional.subspan(part.offset, part.dimension));
    }
  }

 private:
  struct Part {
    LaneSumcheck sumcheck;
    int skipped;
    Fp scale;
    std::uint64_t offset;
    std::uint64_t dimension;
  };
  std::vector<Part> parts_;
  int round_ = 0;
};

class CpuFolding final : public Folding {
 public:
  CpuFolding(const OpeningParams& params, const OpeningStatement& statement, const OpeningOracles& oracles,
             ProverHooks& hooks, const CpuLimits& limits)
      : params_(params), hooks_(hooks), limits_(limits), rounds_left_(params.first_rounds()) {
    bases_ = std::make_unique<BaseSumcheck>(params, statement, oracles, limits.weights);
    if (rounds_left_ == 0) end_rounds();
  }

  RoundPolynomial round() override { return bases_ != nullptr ? bases_->round() : dense_.round(); }
  void bind(const Fe& s) override;
  std::shared_ptr<const RowSource> commit(FpCSpan random) override;
  Fe evaluate(const Fe& zeta) override;
  void add(const FoldTerms& terms) override;
  FeVec vector() const override { return vector_; }
  FeVec functional() const override { return functional_; }

 private:
  void end_rounds();
  void begin_fold_rounds(Fe lane_factor);
  const CodeParams& oracle() const { return params_.folds[fold_]; }
  // Where lane l of e_i begins in arranged order.
  std::size_t block_of(std::size_t lane) const { return FoldCoefs::block_of(oracle(), lane); }
  void arrange(const FeVec& from, FeVec& to) const;
  EncodedOracle encode() const;

  const OpeningParams& params_;
  ProverHooks& hooks_;
  const CpuLimits limits_;
  int rounds_left_;
  std::size_t fold_ = 0;  // the coming fold, or the one that goes on
  std::unique_ptr<BaseSumcheck> bases_;
  DenseSumcheck dense_;
  FeVec vector_;      // v_i
  FeVec functional_;  // u_i
  // Of a fold until its rounds begin:
  FeVec arranged_;  // e_i
  Fe zeta_;
  FeVec row_powers_;  // of zeta^(2^k)
};

void CpuFolding::bind(const Fe& s) {
  ZKI_CHECK(rounds_left_ > 0, "as many rounds as lane bits");
  bases_ != nullptr ? bases_->bind(s) : dense_.bind(s);
  if (--rounds_left_ == 0) end_rounds();
}

void CpuFolding::end_rounds() {
  if (bases_ != nullptr) {
    vector_ = FeVec(params_.first_vector_size());
    functional_ = FeVec(params_.first_vector_size());
    bases_->finish(vector_, functional_);
    bases_ = nullptr;
    return;
  }
  dense_.finish();
  vector_ = std::move(dense_.v());
  functional_ = std::move(dense_.u());
  ++fold_;
}

// to: lane l, the low k bits of the index, becomes block reverse(l) of [dimension], so that the lowest index bit is the
// highest of the new address. Rows from num_coefs on stay.
void CpuFolding::arrange(const FeVec& from, FeVec& to) const {
  const std::size_t num_lanes = oracle().num_lanes();
  ZKI_CHECK_EQ(from.size(), oracle().message_size(), "arranged vector");
  for (int j = 0; j < 3; ++j) {
    const Fp* in = from.plane(j);
    Fp* out = to.plane(j);
    parallel_for(oracle().num_coefs, kGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t lane = 0; lane < num_lanes; ++lane) {
        Fp* block = out + block_of(lane);
        for (std::size_t row = begin; row < end; ++row) {
          block[row] = in[row * num_lanes + lane];
        }
      }
    });
  }
}

EncodedOracle CpuFolding::encode() const {
  const std::size_t row_values = fold_leaf_values(oracle());
  FpVec codeword(oracle().domain_size() * row_values, Contents::kUnset);
  parallel_for(oracle().dimension(), kGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t lane = 0; lane < oracle().num_lanes(); ++lane) {
      for (int j = 0; j < 3; ++j) {
        const Fp* in = arranged_.plane(j) + block_of(lane);
        Fp* out = codeword.data() + 3 * lane + static_cast<std::size_t>(j);
        for (std::size_t row = begin; row < end; ++row) out[row * row_values] = in[row];
      }
    }
  });
  poly::encode_rows(codeword.span(), row_values, oracle().log_domain, oracle().dimension());
  hooks_.fold_codeword(fold_, codeword);
  return EncodedOracle::from_codeword(oracle(), row_values, std::move(codeword));
}

std::shared_ptr<const RowSource> CpuFolding::commit(FpCSpan random) {
  ZKI_CHECK_EQ(rounds_left_, 0, "a fold comes after the rounds of the one before");
  const std::size_t num_lanes = oracle().num_lanes();
  const std::size_t num_random = oracle().num_random_coefs;
  ZKI_CHECK_EQ(random.size(), 3 * num_random * num_lanes, "random rows");
  vector_.resize(oracle().message_size());
  hooks_.fold_vector(fold_, vector_);
  arranged_ = FeVec(num_lanes * oracle().dimension(), Contents::kUnset);
  arrange(vector_, arranged_);
  vector_ = FeVec();
  for (std::size_t lane = 0; lane < num_lanes; ++lane) {
    const std::size_t first = block_of(lane) + oracle().num_coefs;
    for (std::size_t row = 0; row < num_random; ++row) {
      const Fp* x = random.data() + 3 * (lane * num_random + row);
      arranged_.set(first + row, {x[0], x[1], x[2]});
    }
  }
  if (oracle().domain_size() * fold_leaf_values(oracle()) * sizeof(Fp) <= limits_.code_bytes)
    return std::make_shared<const EncodedOracle>(encode());
  // The rounds of this fold use up what the rows are made of before these are opened.
  return std::make_shared<const UnkeptCode>(std::make_shared<const FoldCoefs>(oracle(), arranged_), kUnkeptBlockBytes);
}

// Block reverse(l) contributes zeta^l <e_l, (zeta^(2^k))^row>.
Fe CpuFolding::evaluate(const Fe& zeta) {
  const std::size_t num_lanes = oracle().num_lanes();
  const std::size_t dimension = oracle().dimension();
  zeta_ = zeta;
  row_powers_ = FeVec(dimension, Contents::kUnset);
  vec::powers(Fe::one(), pow(zeta, num_lanes), row_powers_);
  Fe y;
  for (std::size_t lane = num_lanes; lane-- > 0;) {
    y = y * zeta + parallel_dot(arranged_.subspan(block_of(lane), dimension), row_powers_);
  }
  return y;
}

void CpuFolding::add(const FoldTerms& terms) {
  const bool is_fold = !arranged_.empty();
  functional_.resize(is_fold ? oracle().message_size() : std::size_t{1} << params_.final_rounds());
  for (const auto& [range, rows] : terms.opened) {
    add_opened(rows, functional_.subspan(range.begin, range.end - range.begin));
  }
  for (const FoldTerms::Pinned& pinned : terms.pinned) {
    Fe x = pinned.coef;
    for (std::uint64_t t = pinned.range.begin; t < pinned.range.end; ++t, x *= pinned.ratio) {
      functional_.set(t, functional_.get(t) + x);
    }
  }
  if (is_fold) begin_fold_rounds(terms.out_of_domain);
}

void CpuFolding::begin_fold_rounds(Fe lane_factor) {
  const std::size_t dimension = oracle().dimension();
  FeVec u(oracle().num_lanes() * dimension);
  arrange(functional_, u);
  functional_ = FeVec();
  for (std::size_t lane = 0; lane < oracle().num_lanes(); ++lane, lane_factor *= zeta_) {
    const FeSpan block = u.subspan(block_of(lane), dimension);
    parallel_for(dimension, kGrain, [&](std::size_t from, std::size_t to) {
      vec::axpy(lane_factor, row_powers_.subspan(from, to - from), block.subspan(from, to - from));
    });
  }
  row_powers_ = FeVec();
  const Fe claim = parallel_dot(arranged_, u);
  dense_ = DenseSumcheck(std::move(arranged_), std::move(u), claim);
  arranged_ = FeVec();
  rounds_left_ = oracle().log_lanes;
  if (rounds_left_ == 0) end_rounds();
}

class CpuBackend final : public Backend {
 public:
  explicit CpuBackend(const CpuLimits& limits) : limits_(limits) {}
  CommittedOracle commit(LaneCoefs coefs) const override { return commit_lanes(std::move(coefs), limits_.code_bytes); }
  std::unique_ptr<Folding> begin_opening(const OpeningParams& params, const OpeningStatement& statement,
                                         const OpeningOracles& oracles, ProverHooks& hooks) const override {
    return std::make_unique<CpuFolding>(params, statement, oracles, hooks, limits_);
  }

 private:
  CpuLimits limits_;
};

}  // namespace

const Backend& cpu_backend() {
  static const CpuBackend backend{CpuLimits{}};
  return backend;
}

std::unique_ptr<const Backend> new_cpu_backend(const CpuLimits& limits) { return std::make_unique<CpuBackend>(limits); }

}  // namespace zkinfer::pcs
