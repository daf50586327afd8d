// SPDX-License-Identifier: Apache-2.0
// Proofs through a second back end (argument/backend.h, commit/pcs/backend.h). It lets the CPU's compute, but keeps every
// input and result in places of its own, gives out handles only, wipes what it was given when a call is over, and counts:
// code that reaches around the seam finds nothing there, and the counts say that every phase came through it.
#include <gtest/gtest.h>

#include <algorithm>

#include "argument/cpu_backend.h"
#include "commit/pcs/cpu_backend.h"
#include "prover/prf.h"
#include "support/session.h"
#include "support/small_graphs.h"

namespace zkinfer::e2e {
namespace {

struct Counts {
  std::size_t commits = 0, openings = 0, first_rounds = 0, fold_rounds = 0, fold_commits = 0, evaluations = 0, adds = 0,
              vectors = 0, functionals = 0, opened = 0;
  std::size_t grand_sums = 0, layers = 0, layer_rounds = 0, products = 0, product_rounds = 0;
};

void wipe(FpVec& values) { std::fill(values.begin(), values.end(), Fp(12345)); }

class OwnRows : public pcs::RowSource {
 public:
  OwnRows(const Digest& root, const pcs::RowSource& rows, const pcs::Backend* keeper, Counts& counts)
      : root_(root), rows_(rows), keeper_(keeper), counts_(counts) {}
  const Digest& root() const override { return root_; }
  Result<Opened> open(std::span<const std::uint64_t> indices) const override {
    ++counts_.opened;
    return rows_.open(indices);
  }
  const pcs::Backend* keeper() const override { return keeper_; }

 private:
  Digest root_;
  const pcs::RowSource& rows_;
  const pcs::Backend* keeper_;
  Counts& counts_;
};

struct OwnOracle final : OwnRows {
  OwnOracle(std::unique_ptr<const pcs::CommittedOracle> oracle, const pcs::Backend* keeper, Counts& counts)
      : OwnRows(oracle->root(), oracle->rows(), keeper, counts), inner(std::move(oracle)) {}
  std::unique_ptr<const pcs::CommittedOracle> inner;
};

struct OwnFoldRows final : OwnRows {
  OwnFoldRows(std::shared_ptr<const RowSource> rows, Counts& counts)
      : OwnRows(rows->root(), *rows, nullptr, counts), inner(std::move(rows)) {}
  std::shared_ptr<const RowSource> inner;
};

class OwnFolding final : public pcs::Folding {
 public:
  OwnFolding(const pcs::OpeningParams& params, pcs::OpeningOracles oracles, const pcs::OpeningStatement& statement,
             pcs::ProverHooks& hooks, Counts& counts)
      : params_(params),
        oracles_(std::move(oracles)),
        statement_(statement),
        inner_(pcs::cpu_backend().begin_opening(params_, statement_, oracles_, hooks)),
        counts_(counts) {}

  pcs::RoundPolynomial round() override { return inner_->round(); }
  void bind(const Fe& s) override {
    ++(counts_.fold_commits == 0 ? counts_.first_rounds : counts_.fold_rounds);
    inner_->bind(s);
  }
  std::shared_ptr<const pcs::RowSource> commit(FpCSpan random) override {
    ++counts_.fold_commits;
    FpVec own(random.size());
    std::copy(random.begin(), random.end(), own.begin());
    auto rows = inner_->commit(own.span());
    wipe(own);
    return std::make_shared<OwnFoldRows>(std::move(rows), counts_);
  }
  Fe evaluate(const Fe& zeta) override {
    ++counts_.evaluations;
    return inner_->evaluate(zeta);
  }
  void add(const pcs::FoldTerms& terms) override {
    ++counts_.adds;
    pcs::FoldTerms own = terms;
    inner_->add(own);
    own = {};
  }
  FeVec vector() const override {
    ++counts_.vectors;
    return inner_->vector();
  }
  FeVec functional() const override {
    ++counts_.functionals;
    return inner_->functional();
  }

 private:
  pcs::OpeningParams params_;
  pcs::OpeningOracles oracles_;
  pcs::OpeningStatement statement_;
  std::unique_ptr<Folding> inner_;
  Counts& counts_;
};

class OwnOpenings final : public pcs::Backend {
 public:
  explicit OwnOpenings(Counts& counts) : counts_(counts) {}
  pcs::CommittedOracle commit(pcs::LaneCoefs coefs) const override {
    ++counts_.commits;
    const pcs::CodeParams params = coefs.params();
    auto inner = std::make_unique<const pcs::CommittedOracle>(pcs::cpu_backend().commit(std::move(coefs)));
    return {params, std::make_shared<const OwnOracle>(std::move(inner), this, counts_)};
  }
  std::unique_ptr<pcs::Folding> begin_opening(const pcs::OpeningParams& params, const pcs::OpeningStatement& statement,
                                              const pcs::OpeningOracles& oracles,
                                              pcs::ProverHooks& hooks) const override {
    ++counts_.openings;
    pcs::OpeningOracles inner = oracles;
    for (const pcs::CommittedOracle*& oracle : inner.bases) {
      if (oracle->rows().keeper() == this) oracle = static_cast<const OwnOracle&>(oracle->rows()).inner.get();
    }
    return std::make_unique<OwnFolding>(params, std::move(inner), statement, hooks, counts_);
  }

 private:
  Counts& counts_;
};

class OwnGrandSum final : public lookup::GrandSum {
 public:
  // Of columns that it has to itself.
  OwnGrandSum(const argument::Compiled& compiled, const circuit::ColumnValues& data, argument::TupleValues tuples,
              const Fe& alpha, const Fe& beta, Counts& counts)
      : data_(data),
        inner_(argument::cpu_backend().grand_sum(compiled, data_, std::move(tuples), alpha, beta)),
        counts_(counts) {}
  int log_leaves() const override { return inner_->log_leaves(); }
  Fraction root() override { return inner_->root(); }
  void begin_layer(const Fe& lambda, const Fe& claim, std::span<const Fe> r) override {
    ++counts_.layers;
    std::vector<Fe> own(r.begin(), r.end());
    inner_->begin_layer(lambda, claim, own);
    std::fill(own.begin(), own.end(), Fe::one());
  }
  Round round() override { return inner_->round(); }
  void bind(const Fe& s) override {
    ++counts_.layer_rounds;
    inner_->bind(s);
  }
  Opened end_layer() override { return inner_->end_layer(); }

 private:
  circuit::ColumnValues data_;
  std::unique_ptr<GrandSum> inner_;
  Counts& counts_;
};

class OwnProducts final : public sumcheck::ProductRounds {
 public:
  OwnProducts(const argument::Compiled& compiled, const circuit::ColumnValues& data, std::span<const Fe> tau,
              const Fe& gamma, Counts& counts)
      : data_(data), inner_(argument::cpu_backend().contractions(compiled, data_, tau, gamma)), counts_(counts) {
    for (std::size_t id = 0; id < data_.size(); ++id) wipe(data_[id]);  // the tables are made
  }
  int num_rounds() const override { return inner_->num_rounds(); }
  sumcheck::RoundCoefs round() override { return inner_->round(); }
  void bind(const Fe& s) override {
    ++counts_.product_rounds;
    inner_->bind(s);
  }
  std::vector<std::vector<Fe>> values() const override { return inner_->values(); }

 private:
  circuit::ColumnValues data_;
  std::unique_ptr<ProductRounds> inner_;
  Counts& counts_;
};

class OwnOuter final : public argument::Backend {
 public:
  explicit OwnOuter(Counts& counts) : counts_(counts) {}
  std::unique_ptr<lookup::GrandSum> grand_sum(const argument::Compiled& compiled, const circuit::ColumnValues& data,
                                              argument::TupleValues tuples, const Fe& alpha,
                                              const Fe& beta) const override {
    ++counts_.grand_sums;
    return std::make_unique<OwnGrandSum>(compiled, data, std::move(tuples), alpha, beta, counts_);
  }
  std::unique_ptr<sumcheck::ProductRounds> contractions(const argument::Compiled& compiled,
                                                        const circuit::ColumnValues& data, std::span<const Fe> tau,
                                                        const Fe& gamma) const override {
    ++counts_.products;
    return std::make_unique<OwnProducts>(compiled, data, tau, gamma, counts_);
  }

 private:
  Counts& counts_;
};

void expect_same_bytes(Session& session) {
  const Bytes expected = session.prove().bytes;
  Counts counts;
  const OwnOuter outer(counts);
  const OwnOpenings openings(counts);
  const prover::Backends backends{outer, openings};
  session.request.backends = &backends;
  const Bytes proof = session.prove().bytes;
  EXPECT_EQ(proof, expected);
  EXPECT_TRUE(session.verify(proof).accepted());

  const pcs::OpeningParams& params = session.key().params;
  const auto num_folds = params.folds.size();
  EXPECT_GT(num_folds, 0u);
  EXPECT_EQ(counts.commits, 1u) << "the witness";
  EXPECT_EQ(counts.openings, 1u);
  EXPECT_EQ(counts.first_rounds, static_cast<std::size_t>(params.first_rounds()));
  EXPECT_EQ(counts.fold_rounds, static_cast<std::size_t>(params.fold_bits()));
  EXPECT_EQ(counts.fold_commits, num_folds);
  EXPECT_EQ(counts.evaluations, num_folds);
  EXPECT_EQ(counts.adds, num_folds + 1);
  EXPECT_EQ(counts.vectors, 1u);
  EXPECT_EQ(counts.functionals, 1u);
  EXPECT_EQ(counts.opened, num_folds + 1) << "the witness and every g_i";
  const auto log_leaves = static_cast<std::size_t>(session.compiled().plan.log_leaves);
  EXPECT_EQ(counts.grand_sums, 1u);
  EXPECT_EQ(counts.layers, log_leaves);
  EXPECT_EQ(counts.layer_rounds, log_leaves * (log_leaves - 1) / 2);
  EXPECT_EQ(counts.products, 1u);
  EXPECT_EQ(counts.product_rounds, static_cast<std::size_t>(session.compiled().plan.rounds));
}

class AnotherBackend : public ::testing::TestWithParam<bool> {};

TEST_P(AnotherBackend, GivesTheSameBytes) {
  Session session(long_table_graph(), GetParam());
  expect_same_bytes(session);
}

INSTANTIATE_TEST_SUITE_P(ZeroKnowledge, AnotherBackend, ::testing::Bool(),
                         [](const auto& tested) { return tested.param ? std::string("On") : std::string("Off"); });

// Oracles that were committed to elsewhere, here in this process's memory, are opened beside its own.
TEST(AnotherBackendOpens, TensorCommitments) {
  prover::ModelOptions options = test_options(true);
  options.visibility.inputs = {Exposure::kCommitted};
  options.visibility.outputs = {Exposure::kCommitted};
  qir::QGraph graph = qir::every_op_graph();
  graph.outputs.resize(4);  // each committed one takes some provable security
  Session session(std::move(graph), options);
  ASSERT_FALSE(session.key().params.data.empty());
  expect_same_bytes(session);
}

TEST(AnotherBackendDeathTest, KeepsItsCoefficients) {
  Counts counts;
  const OwnOpenings openings(counts);
  const pcs::CodeParams params{3, 0, 1, 3, 1};
  prover::PrfStream random(test_seed(1), 1);
  const pcs::CommittedOracle oracle = openings.commit({params, FpVec(6).span(), random});
  EXPECT_EQ(oracle.root(), pcs::CommittedOracle(params, FpVec(6).span(), random).root());
  EXPECT_DEATH((void)oracle.coefs(), "another back end keeps");
}

}  // namespace
}  // namespace zkinfer::e2e
