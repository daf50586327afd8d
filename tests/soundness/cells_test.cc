// SPDX-License-Identifier: Apache-2.0
// One cell of one committed column is changed and the prover goes on honestly. Which cells may change at all:
//   lookup blind   random, used by nobody else: any nonzero value is as good (pads_test.cc)
//   pads           random, one per message: any value is as good as long as the message uses it (pads_test.cc)
//   addresses of the oracle outside every column's blocks, and the random rows: no functional reads them
//   an input or an accumulator's slack: another value may be another true statement (then check_columns agrees)
// Every other change must break a check.
#include <gtest/gtest.h>

#include "commit/pcs/cpu_backend.h"
#include "field/inverse.h"
#include "lookup/gkr_prover.h"
#include "prover/check_columns.h"
#include "support/outer_check.h"
#include "support/wide_graphs.h"

namespace zkinfer::e2e {
namespace {

std::vector<NamedGraph> all_graphs() {
  std::vector<NamedGraph> graphs = small_graphs();
  for (NamedGraph& graph : wide_graphs()) graphs.push_back(std::move(graph));
  return graphs;
}

bool is_witness_column(const Session& session, circuit::ColumnId id) {
  const circuit::Circuit& circuit = session.compiled().circuit;
  return circuit.columns[id].oracle == circuit::Oracle::kWitness && id != circuit.pads && id != circuit.blind;
}

bool is_multiplicity(const Session& session, circuit::ColumnId id) {
  for (const circuit::Table& table : session.compiled().circuit.tables) {
    if (table.multiplicity == id) return true;
  }
  return false;
}

// Changes the cell before the lookups are counted; a multiplicity, which does not exist yet then, right before committing.
prover::ProveHooks change_cell(const Session& session, circuit::ColumnId id, std::size_t cell, Fp difference) {
  prover::ProveHooks hooks;
  const auto change = [id, cell, difference](circuit::ColumnValues& data) { data[id][cell] += difference; };
  if (is_multiplicity(session, id)) {
    hooks.committed = [change](circuit::ColumnValues& data, std::vector<Fe>&) { change(data); };
  } else {
    hooks.columns = change;
  }
  return hooks;
}

// Too large for any range, so no true statement has it.
constexpr Fp kLarge{0x1234567812345678};

TEST(EveryCell, HonestColumnsPass) {
  for (const NamedGraph& named : all_graphs()) {
    ASSERT_TRUE(qir::validate(named.graph).ok()) << named.name << ": " << qir::validate(named.graph).to_string();
    for (const bool zero_knowledge : {false, true}) {
      const Session session(named.graph, zero_knowledge);
      EXPECT_TRUE(failed_checks(session, {}).empty()) << named.name;
    }
  }
}

TEST(EveryCell, OfSmallGraphs) {
  for (const NamedGraph& named : all_graphs()) {
    const Session session(named.graph, true);
    const auto& columns = session.compiled().circuit.columns;
    for (circuit::ColumnId id = 0; id < columns.size(); ++id) {
      if (!is_witness_column(session, id)) continue;
      const std::size_t size = columns[id].num_elements();
      const std::size_t step = is_multiplicity(session, id) ? std::max<std::size_t>(1, size / 16) : 1;
      for (std::size_t cell = 0; cell < size; cell += step) {
        EXPECT_FALSE(failed_checks(session, change_cell(session, id, cell, kLarge)).empty())
            << named.name << " column " << columns[id].name << " cell " << cell;
      }
    }
  }
}

// The smallest change. It may give another true statement (a pixel's change that rounding swallows); the relations
// evaluated on the columns themselves say which, and the checks of the protocol must agree with them.
TEST(EveryCell, ByOneAgreesWithTheRelations) {
  std::size_t num_true = 0;
  for (const NamedGraph& named : all_graphs()) {
    const Session session(named.graph, true);
    const auto& columns = session.compiled().circuit.columns;
    for (circuit::ColumnId id = 0; id < columns.size(); ++id) {
      if (!is_witness_column(session, id) || is_multiplicity(session, id)) continue;
      for (std::size_t cell = 0; cell < columns[id].num_elements(); ++cell) {
        const prover::ProveHooks hooks = change_cell(session, id, cell, cell % 2 == 0 ? Fp(1) : -Fp(1));
        argument::TupleValues tuples;
        const OuterState state = outer_state(session, hooks, tuples);
        const bool is_true = prover::check_columns(session.compiled(), state.data, state.public_data.values).ok();
        num_true += is_true ? 1 : 0;
        EXPECT_EQ(failed_checks(session, hooks).empty(), is_true)
            << named.name << " column " << columns[id].name << " cell " << cell;
      }
    }
  }
  EXPECT_GT(num_true, 0u);
}

// Changed after the lookups were prepared: the messages speak of other columns than the committed ones.
TEST(EveryCell, ChangedBehindTheMessages) {
  std::mt19937_64 draws(3);
  for (const NamedGraph& named : all_graphs()) {
    const Session session(named.graph, true);
    const auto& columns = session.compiled().circuit.columns;
    for (circuit::ColumnId id = 0; id < columns.size(); ++id) {
      if (!is_witness_column(session, id)) continue;
      const std::size_t cell = draws() % columns[id].num_elements();
      prover::ProveHooks hooks;
      hooks.committed = [&](circuit::ColumnValues& data, std::vector<Fe>&) { data[id][cell] += Fp(1); };
      EXPECT_FALSE(failed_checks(session, hooks).empty())
          << named.name << " column " << columns[id].name << " cell " << cell;
    }
  }
}

TEST(EveryCell, OfEveryOp) {
  std::mt19937_64 draws(4);
  for (const bool zero_knowledge : {false, true}) {
    const Session session(qir::every_op_graph(), zero_knowledge);
    const auto& columns = session.compiled().circuit.columns;
    for (circuit::ColumnId id = 0; id < columns.size(); ++id) {
      if (!is_witness_column(session, id)) continue;
      for (int i = 0; i < (zero_knowledge ? 3 : 1); ++i) {
        const std::size_t cell = draws() % columns[id].num_elements();
        EXPECT_FALSE(failed_checks(session, change_cell(session, id, cell, kLarge)).empty())
            << "column " << columns[id].name << " cell " << cell;
      }
    }
  }
}

// The same with whole proofs.
TEST(EveryCell, OfEveryOpThroughTheOpening) {
  std::mt19937_64 draws(5);
  const Session session(qir::every_op_graph(), true);
  const auto& columns = session.compiled().circuit.columns;
  for (circuit::ColumnId id = 0; id < columns.size(); ++id) {
    if (!is_witness_column(session, id)) continue;
    const std::size_t cell = draws() % columns[id].num_elements();
    const Verdict verdict = session.verdict_on(change_cell(session, id, cell, kLarge));
    EXPECT_EQ(verdict.reason, RejectReason::kOpening)
        << "column " << columns[id].name << " cell " << cell << ": " << verdict.to_string();
  }
}

// A prover that lists the leaves of the lookup argument, and may put a fraction at an address of a lookup's block that is no point of its
// box, to make the sum zero whatever is looked up.
class ListedLeaves final : public argument::Backend {
 public:
  enum class Slack { kHonest, kFirst, kLast };
  explicit ListedLeaves(Slack slack) : slack_(slack) {}

  std::unique_ptr<lookup::GrandSum> grand_sum(const argument::Compiled& compiled, const circuit::ColumnValues& data,
                                              argument::TupleValues tuples, const Fe& alpha,
                                              const Fe& beta) const override {
    auto leaves = std::make_unique<Leaves>(std::size_t{1} << compiled.plan.log_leaves);
    std::vector<std::uint64_t> beyond;
    for (const argument::LeafBlock& leaf : compiled.plan.leaves) {
      const std::size_t size = std::size_t{1} << leaf.log_size;
      if (leaf.kind == argument::LeafBlock::Kind::kBlind) {
        const circuit::ColumnView rho = data.view(compiled.circuit.blind);
        leaves->q.set(leaf.offset, {rho[0], rho[1], rho[2]});
      } else if (leaf.kind == argument::LeafBlock::Kind::kTable) {
        const circuit::Table& table = compiled.circuit.tables[leaf.index];
        for (std::size_t row = 0; row < size; ++row) {
          Fe q = alpha - Fe(Fp(leaf.index)), power = beta;
          for (std::size_t j = 0; j < table.tuple_size(); ++j, power *= beta)
            q -= power * Fp::from_int(table.entry(row, j));
          leaves->p[leaf.offset + row] = -data.view(table.multiplicity)[row];
          leaves->q.set(leaf.offset + row, q);
        }
      } else {
        const circuit::Lookup& lookup = compiled.circuit.lookups[leaf.index];
        FpVec is_point(size);
        circuit::visit_block(leaf.block, leaf.order, lookup.box,
                             [&](std::size_t source, std::size_t target, std::size_t count, std::size_t step) {
                               for (std::size_t i = 0; i < count; ++i) {
                                 Fe q = alpha - Fe(Fp(lookup.table)), power = beta;
                                 for (const circuit::NarrowVec& entry : tuples[leaf.index]) {
                                   q -= power * entry[source + i * step];
                                   power *= beta;
                                 }
                                 is_point[target + i] = Fp(1);
                                 leaves->p[leaf.offset + target + i] = Fp(1);
                                 leaves->q.set(leaf.offset + target + i, q);
                               }
                             });
        for (std::size_t i = 0; i < size; ++i) {
          if (is_point[i].is_zero()) beyond.push_back(leaf.offset + i);
        }
      }
    }
    if (slack_ != Slack::kHonest) {
      Fe sum;
      for (std::size_t i = 0; i < leaves->size(); ++i) sum += inverse(leaves->q.get(i)) * leaves->p[i];
      const std::uint64_t at = slack_ == Slack::kFirst ? beyond.front() : beyond.back();
      leaves->p[at] = -Fp(1);
      leaves->q.set(at, inverse(sum));
    }
    return lookup::grand_sum(std::move(leaves));
  }
  std::unique_ptr<sumcheck::ProductRounds> contractions(const argument::Compiled& compiled,
                                                        const circuit::ColumnValues& data, std::span<const Fe> tau,
                                                        const Fe& gamma) const override {
    return argument::cpu_backend().contractions(compiled, data, tau, gamma);
  }

 private:
  struct Leaves final : lookup::LeafSource {
    explicit Leaves(std::size_t num) : p(num), q(num) { vec::fill(Fe::one(), q); }
    std::size_t size() const override { return q.size(); }
    void load(std::size_t begin, FpSpan p_out, FeSpan q_out) const override {
      for (std::size_t i = 0; i < q_out.size; ++i) {
        p_out[i] = p[begin + i];
        q_out.set(i, q.get(begin + i));
      }
    }
    FpVec p;
    FeVec q;
  };

  const Slack slack_;
};

// A lookup's box is one block of leaves, padded to powers of two. A value out of range whose fraction a leaf of the padding takes back
// leaves nothing wrong but the leaves' claims.
TEST(EveryCell, LeavesBeyondABox) {
  for (const Dims& shape : {Dims{3, 5}, Dims{7, 120}}) {
    qir::TestBuilder b;
    b.graph.outputs = {b.input(Shape(shape), 0, 255)};
    prover::ModelOptions options = test_options(true);
    options.visibility = {{Exposure::kPrivate}, {Exposure::kPrivate}, true};
    const Session session(b.graph, options);
    ASSERT_TRUE(argument::pads_leaves(session.compiled().circuit));
    ASSERT_EQ(session.compiled().circuit.lookups.size(), 1u);
    const prover::ProveHooks large =
        change_cell(session, session.compiled().circuit.lookups[0].tuple[0].views[0].column, 4, kLarge);
    using Leaves = ListedLeaves;
    EXPECT_EQ(failed_checks(session, {}, Leaves(Leaves::Slack::kHonest)), std::vector<std::string>{});
    const std::vector<std::string> of_leaves = {"lookup leaves p", "lookup leaves q"};
    for (const auto slack : {Leaves::Slack::kFirst, Leaves::Slack::kLast}) {
      EXPECT_EQ(failed_checks(session, large, Leaves(slack)), of_leaves);
      const ListedLeaves cheat(slack);
      const prover::Backends backends{cheat, pcs::cpu_backend()};
      prover::ProveRequest request = session.request;
      request.backends = &backends;
      request.hooks = &large;
      EXPECT_EQ(session.verify(prover::prove(session.model, request)->bytes).reason, RejectReason::kOpening);
    }
  }
}

}  // namespace
}  // namespace zkinfer::e2e
