// SPDX-License-Identifier: Apache-2.0
// Cheating provers of batches: a row that is not what its own inputs give, another number of rows, files taken for others.
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <random>

#include "prover/certify.h"
#include "prover/prove_batch.h"
#include "prover/write.h"
#include "support/session.h"
#include "support/small_graphs.h"
#include "verifier/batch.h"
#include "verifier/certificate.h"

namespace zkinfer::e2e {
namespace {

constexpr std::uint64_t kRows = 3;

class MaliciousBatch : public ::testing::TestWithParam<bool> {
 protected:
  void begin(const qir::QGraph& graph) {
    session.emplace(graph, GetParam());
    plan = prover::plan_batch(session->model, kRows).value();
    request.inputs.assign(graph.inputs.size(), {});
    for (std::uint64_t row = 0; row < kRows; ++row) {
      const auto inputs = draw_inputs(graph, 100 + row);
      for (std::size_t i = 0; i < inputs.size(); ++i)
        request.inputs[i].insert(request.inputs[i].end(), inputs[i].begin(), inputs[i].end());
    }
  }
  Bytes prove(const prover::ProveHooks& hooks = {}) {
    prover::ProveRequest hooked = request;
    hooked.hooks = &hooks;
    return prover::prove_batch(session->model, plan, hooked).value().bytes;
  }
  Verdict verify(ByteView bytes) const { return verifier::verify_batch(session->model.prepared, bytes, {}, nullptr); }
  RejectReason linear() const { return GetParam() ? RejectReason::kOpening : RejectReason::kFinalCheck; }
  const std::vector<circuit::Column>& columns() const { return plan.prepared.compiled.circuit.columns; }
  circuit::ColumnId column_named(const std::string& name) const {
    for (circuit::ColumnId id = 0; id < columns().size(); ++id) {
      if (columns()[id].name == name) return id;
    }
    ADD_FAILURE() << "no column '" << name << "'";
    return 0;
  }
  // Where `row` begins among the entries of a column or a public tensor.
  static std::ptrdiff_t at(std::uint64_t row, std::size_t size) {
    return static_cast<std::ptrdiff_t>(row * size / kRows);
  }
  template <class Container>
  static void swap_rows(Container& values, std::size_t size) {
    std::swap_ranges(values.begin(), values.begin() + at(1, size), values.begin() + at(1, size));
  }

  std::optional<Session> session;
  prover::BatchPlan plan;
  prover::ProveRequest request;
};

// Honest columns, but the statement gives rows 0 and 1 each other's outputs.
TEST_P(MaliciousBatch, SwappedOutputsInTheStatement) {
  begin(mlp_graph());
  ASSERT_TRUE(verify(prove()).accepted());
  prover::ProveHooks hooks;
  hooks.outputs = [&](statement::PublicIo& data) { swap_rows(data.values[0], data.values[0].size()); };
  EXPECT_EQ(verify(prove(hooks)).reason, linear());
}

// The witness follows the lie: one column after the other has rows 0 and 1 swapped, with the outputs swapped or not. All of
// them together with the inputs are another true statement; any one alone is none.
TEST_P(MaliciousBatch, SwappedRowsOfOneColumn) {
  begin(mlp_graph());
  std::size_t tried = 0;
  for (circuit::ColumnId id = 0; id < columns().size(); ++id) {
    const circuit::Column& column = columns()[id];
    if (column.oracle != circuit::Oracle::kWitness || column.shape.empty() || column.shape[0] != kRows ||
        id == plan.prepared.compiled.circuit.blind || id == plan.prepared.compiled.circuit.pads) {
      continue;
    }
    bool differs = false;
    for (const bool outputs : {false, true}) {
      prover::ProveHooks hooks;
      hooks.columns = [&](circuit::ColumnValues& data) {
        FpVec& values = data[id];
        if (values.empty()) return;
        differs =
            !std::equal(values.begin(), values.begin() + at(1, values.size()), values.begin() + at(1, values.size()));
        swap_rows(values, values.size());
      };
      if (outputs) {
        hooks.outputs = [&](statement::PublicIo& data) {
          for (auto& values : data.values) swap_rows(values, values.size());
        };
      }
      const Verdict verdict = verify(prove(hooks));
      if (!differs && !outputs) {
        EXPECT_TRUE(verdict.accepted()) << column.name;
        continue;
      }
      EXPECT_FALSE(verdict.accepted()) << column.name << (outputs ? " and outputs" : "");
      ++tried;
    }
  }
  EXPECT_GE(tried, 8u);
}

// Every row's part moved to the row before: a true statement about turned inputs, so it must be accepted. What the tests
// above reject is not rejected for the mere order.
TEST_P(MaliciousBatch, AllColumnsTurnedAreAnotherTrueStatement) {
  begin(mlp_graph());
  for (auto& input : request.inputs) std::rotate(input.begin(), input.begin() + at(1, input.size()), input.end());
  EXPECT_TRUE(verify(prove()).accepted());
}

// What committed tables are numbered for: a value of another row, at an index that is honest there.
TEST_P(MaliciousBatch, AValueGatheredFromAnotherRow) {
  for (const bool along : {false, true}) {
    begin(gather_graph(along));
    const circuit::Circuit& circuit = plan.prepared.compiled.circuit;
    ASSERT_TRUE(verify(prove()).accepted());
    std::size_t tried = 0;
    for (const circuit::Table& table : circuit.tables) tried += table.committed ? 1 : 0;
    ASSERT_GE(tried, 1u);
    // The output's column of row 0 becomes row 1's, together with what is claimed.
    circuit::ColumnId output = 0;
    for (const circuit::Lookup& lookup : circuit.lookups) {
      if (!circuit.tables[lookup.table].committed) continue;
      const circuit::LinExpr& values = lookup.run_box.empty() ? lookup.tuple.back() : lookup.run;
      output = values.views[0].column;
    }
    bool differs = false;
    prover::ProveHooks hooks;
    hooks.columns = [&](circuit::ColumnValues& data) {
      FpVec& values = data[output];
      differs =
          !std::equal(values.begin(), values.begin() + at(1, values.size()), values.begin() + at(1, values.size()));
      std::copy(values.begin() + at(1, values.size()), values.begin() + at(2, values.size()), values.begin());
    };
    hooks.outputs = [&](statement::PublicIo& data) {
      for (auto& values : data.values)
        std::copy(values.begin() + at(1, values.size()), values.begin() + at(2, values.size()), values.begin());
    };
    const Verdict verdict = verify(prove(hooks));
    ASSERT_TRUE(differs);
    EXPECT_FALSE(verdict.accepted()) << along;
  }
}

// No relation of any small graph reads two rows, whatever the operator: at row n every column is read in its n-th part, and
// committed rows carry n.
TEST(BatchRelations, ReadOneRow) {
  std::size_t num_views = 0, num_numbered = 0;
  for (const NamedGraph& named : small_graphs()) {
    const circuit::Circuit row = relations::build(named.graph, {}, relations::kMaxCircuitBytes, nullptr, 5).value();
    const circuit::Circuit batch = relations::build_batch(named.graph, {}, 5).value();
    const auto is_of_row = [&](circuit::ColumnId id) { return row.columns[id].shape != batch.columns[id].shape; };
    const auto check = [&](const circuit::Box& box, const circuit::LinExpr& expr) {
      for (const circuit::View& view : expr.views) {
        const bool of_row = is_of_row(view.column);
        if (of_row) {
          ++num_views;
          EXPECT_EQ(box[0], 5u) << named.name;
          EXPECT_EQ(view.axes[0], (circuit::AxisMap{0, {{0, 1}}, {}})) << named.name;
        }
        for (std::size_t axis = of_row ? 1 : 0; axis < view.axes.size(); ++axis) {
          for (const circuit::AxisTerm& term : view.axes[axis].terms)
            EXPECT_TRUE(term.box_axis > 0 || !of_row) << named.name << ": another axis follows the row";
        }
      }
    };
    for (const circuit::Contraction& c : batch.contractions) {
      for (const circuit::LinExpr* expr : {&c.y, &c.lhs, &c.rhs}) check(c.box, *expr);
    }
    for (const circuit::Equality& equality : batch.equalities) check(equality.box, equality.expr);
    for (const circuit::PublicTensor& tensor : batch.public_tensors) check(tensor.box, tensor.expr);
    const auto check_tuples = [&](const circuit::Tuples& tuples) {
      for (const circuit::LinExpr& entry : tuples.tuple) check(tuples.box, entry);
      if (!tuples.run_box.empty()) check(tuples.whole_box(), tuples.run);
    };
    // The second entry is the row times the number of lines, plus the line: nothing that a prover chooses.
    const auto expect_numbered = [&](const circuit::Tuples& tuples, std::uint64_t lines) {
      ++num_numbered;
      ASSERT_GE(tuples.tuple.size(), 2u);
      EXPECT_TRUE(tuples.tuple[1].views.empty()) << named.name;
      const circuit::Slope wanted{0, Fp(lines)};
      EXPECT_EQ(std::count(tuples.tuple[1].slopes.begin(), tuples.tuple[1].slopes.end(), wanted), 1) << named.name;
    };
    for (const circuit::Lookup& lookup : batch.lookups) {
      check_tuples(lookup);
      const circuit::Table& table = batch.tables[lookup.table];
      if (!table.committed || !is_of_row(table.multiplicity)) continue;
      const std::uint64_t lines = table.num_rows() / table.committed->box.back() / 5;
      expect_numbered(lookup, lines);
      expect_numbered(*table.committed, lines);
    }
    for (const circuit::Table& table : batch.tables) {
      if (table.committed) check_tuples(*table.committed);
    }
  }
  EXPECT_GT(num_views, 100u);
  EXPECT_GE(num_numbered, 6u);
}

// One row more or less than was proven, in the file alone or with public data to match.
TEST_P(MaliciousBatch, AnotherNumberOfRows) {
  begin(mlp_graph());
  const Bytes batch = prove();
  const std::size_t rows_at = 8 + 8 + 4 + plan.prepared.key.params.canonical_bytes().size();
  ASSERT_EQ(batch[rows_at], kRows);
  for (const unsigned other : {0u, 1u, 2u, 4u, 200u}) {
    Bytes changed = batch;
    changed[rows_at] = static_cast<std::uint8_t>(other);
    EXPECT_FALSE(verify(changed).accepted()) << other;
  }
  // Absurd numbers cost nothing.
  for (std::size_t i = 0; i < 8; ++i) {
    Bytes changed = batch;
    changed[rows_at + i] = 0x7f;
    EXPECT_FALSE(verify(changed).accepted()) << i;
  }
  // Two rows of the three, their data and all messages as they were.
  statement::Header header;
  ASSERT_TRUE(verifier::verify_batch(session->model.prepared, batch, {}, &header).accepted());
  statement::Header fewer = header;
  fewer.data.num_rows = 2;
  for (auto& values : fewer.data.values) values.resize(values.size() / 3 * 2);
  const Bytes two = prover::batch_file(session->model.prepared, plan.prepared.key.params, fewer,
                                       ByteView(batch).subspan(header.num_bytes));
  EXPECT_FALSE(verify(two).accepted());
  // And under the parameters of two rows.
  const auto other_plan = prover::plan_batch(session->model, 2).value();
  EXPECT_FALSE(verify(prover::batch_file(session->model.prepared, other_plan.prepared.key.params, fewer,
                                         ByteView(batch).subspan(header.num_bytes)))
                   .accepted());
}

// Where nothing is public the file is as long for any number of rows: what they cost is counted before it is spent.
TEST(BatchCost, AbsurdNumbersOfRows) {
  prover::ModelOptions options = test_options(true);
  options.visibility.outputs = {Exposure::kPrivate, TensorHash::kNone};
  const Session session(conv_graph(false), options);
  const auto plan = prover::plan_batch(session.model, 1).value();
  const Bytes batch = prover::prove_batch(session.model, plan, session.request).value().bytes;
  ASSERT_TRUE(verifier::verify_batch(session.model.prepared, batch, {}, nullptr).accepted());
  const std::size_t rows_at = 8 + 8 + 4 + plan.prepared.key.params.canonical_bytes().size();
  const auto timed = [&](const Bytes& bytes, const verifier::PreparedKey& key) {
    const std::clock_t begin = std::clock();
    const Verdict verdict = verifier::verify_batch(key, bytes, {}, nullptr);
    return std::pair(verdict, static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
  };
  for (const std::uint64_t rows : {std::uint64_t{1} << 20, (std::uint64_t{1} << 20) - 1, (std::uint64_t{1} << 26) - 1,
                                   std::uint64_t{1} << 27, std::uint64_t{1} << 61, ~std::uint64_t{0}}) {
    Bytes changed = batch;
    for (std::size_t i = 0; i < 8; ++i) changed[rows_at + i] = static_cast<std::uint8_t>(rows >> (8 * i));
    const auto [verdict, seconds] = timed(changed, session.model.prepared);
    EXPECT_FALSE(verdict.accepted()) << rows;
    EXPECT_LT(seconds, 1.0) << rows << ": " << verdict.to_string();
  }
  // The least time in which one row may be checked: what fits many rows in all but its messages is over it, by count.
  verifier::PreparedKey tight = session.model.prepared;
  tight.limits.nanoseconds = 1;
  while (verifier::verify_batch(tight, batch, {}, nullptr).reason == RejectReason::kOverLimit)
    tight.limits.nanoseconds += tight.limits.nanoseconds / 16 + 1;
  ASSERT_TRUE(verifier::verify_batch(tight, batch, {}, nullptr).accepted());
  for (const std::uint64_t rows : {std::uint64_t{1} << 20, (std::uint64_t{1} << 22) - 1}) {
    const auto many = prover::plan_batch(session.model, rows);
    ASSERT_TRUE(many.ok()) << many.status().to_string();
    statement::Header header;
    ASSERT_TRUE(verifier::verify_batch(session.model.prepared, batch, {}, &header).accepted());
    const ByteView messages = ByteView(batch).subspan(header.num_bytes);
    header.data.num_rows = rows;
    const Bytes fitting = prover::batch_file(session.model.prepared, many->prepared.key.params, header, messages);
    const auto [counted, count_seconds] = timed(fitting, tight);
    EXPECT_EQ(counted.reason, RejectReason::kOverLimit) << rows << ": " << counted.to_string();
    const auto [verdict, seconds] = timed(fitting, session.model.prepared);
    EXPECT_FALSE(verdict.accepted()) << rows;
    EXPECT_LT(count_seconds + seconds, 1.0) << rows << ": " << verdict.to_string();
  }
}

// A batch is no proof and no certificate, nor the other way round, not even of one row; and none for another commitment.
TEST_P(MaliciousBatch, OtherFilesAreRejected) {
  begin(mlp_graph());
  const Bytes batch = prove();
  const verifier::PreparedKey& prepared = session->model.prepared;
  EXPECT_EQ(session->verify(batch).reason, RejectReason::kBadHeader);
  EXPECT_EQ(verify(session->prove().bytes).reason, RejectReason::kBadHeader);
  EXPECT_EQ(verifier::verify_certificate(prepared, batch).reason, RejectReason::kBadHeader);
  const Bytes certificate = prover::certify(session->model, {}).value();
  EXPECT_EQ(verify(certificate).reason, RejectReason::kBadHeader);
  // With the other's magic and version the bytes still say something else.
  Bytes renamed = certificate;
  std::copy(batch.begin(), batch.begin() + 8, renamed.begin());
  EXPECT_FALSE(verify(renamed).accepted());

  // The messages of a plain proof as those of a batch of one row, under the key's own parameters.
  const prover::Proof single = session->prove();
  statement::Header header;
  ASSERT_TRUE(verifier::verify(prepared, single.bytes, &header).accepted());
  EXPECT_FALSE(verify(prover::batch_file(prepared, prepared.key.params, header,
                                         ByteView(single.bytes).subspan(header.num_bytes)))
                   .accepted());

  auto again = prover::recommit_model(session->graph, session->model.weights, prepared.key.params,
                                      prepared.key.visibility, test_seed(9));
  ASSERT_TRUE(again.ok());
  if (GetParam())  // without zero knowledge the same weights have one commitment
    EXPECT_EQ(verifier::verify_batch(again->prepared, batch, {}, nullptr).reason, RejectReason::kWrongStatement);
  // The identity in the file is for messages only: changed to fit, it helps nobody.
  const Session other(mlp_graph(), GetParam(), 5);
  statement::Header own;
  ASSERT_TRUE(verifier::verify_batch(prepared, batch, {}, &own).accepted());
  EXPECT_FALSE(verifier::verify_batch(other.model.prepared,
                                      prover::batch_file(other.model.prepared, plan.prepared.key.params, own,
                                                         ByteView(batch).subspan(own.num_bytes)),
                                      {}, nullptr)
                   .accepted());
}

TEST_P(MaliciousBatch, ContextAndSlotAreBound) {
  begin(mlp_graph());
  const Bytes batch = prove();
  statement::Header header;
  ASSERT_TRUE(verifier::verify_batch(session->model.prepared, batch, {}, &header).accepted());
  const auto again = [&](const statement::Header& changed) {
    return verify(prover::batch_file(session->model.prepared, plan.prepared.key.params, changed,
                                     ByteView(batch).subspan(header.num_bytes)));
  };
  ASSERT_TRUE(again(header).accepted());
  statement::Header changed = header;
  changed.context[31] = 1;
  EXPECT_FALSE(again(changed).accepted());
  changed = header;
  changed.slot = 1;
  EXPECT_FALSE(again(changed).accepted());
  changed.slot = session->model.prepared.key.params.model_budget + 1;
  EXPECT_EQ(again(changed).reason, RejectReason::kBadHeader);
  for (std::size_t v = 0; v < header.data.values.size(); ++v) {
    changed = header;
    swap_rows(changed.data.values[v], changed.data.values[v].size());
    if (changed.data.values[v] != header.data.values[v]) EXPECT_FALSE(again(changed).accepted()) << v;
  }
}

// Parameters that prove less than the key's, or open another M.
TEST_P(MaliciousBatch, WeakParametersAreRefused) {
  begin(mlp_graph());
  pcs::OpeningParams params = plan.prepared.key.params;
  params.witness.num_queries /= 2;
  EXPECT_FALSE(verifier::prepare_batch(session->model.prepared, params, kRows).ok());
  params = plan.prepared.key.params;
  params.security.bits -= 10;
  EXPECT_FALSE(verifier::prepare_batch(session->model.prepared, params, kRows).ok());
  params = plan.prepared.key.params;
  params.model.num_queries += 1;
  EXPECT_FALSE(verifier::prepare_batch(session->model.prepared, params, kRows).ok());
  EXPECT_TRUE(verifier::prepare_batch(session->model.prepared, plan.prepared.key.params, kRows).ok());
  EXPECT_FALSE(verifier::prepare_batch(session->model.prepared, plan.prepared.key.params, 1000 * kRows).ok());
}

TEST_P(MaliciousBatch, EveryTruncationAndChangedByteIsRejected) {
  begin(mlp_graph());
  const Bytes batch = prove();
  std::mt19937_64 engine(5);
  for (int i = 0; i < 80; ++i) {
    const std::size_t at = i < 40 ? static_cast<std::size_t>(i) * 8 : engine() % batch.size();
    EXPECT_FALSE(verify(ByteView(batch).first(at)).accepted()) << at;
    Bytes changed = batch;
    changed[at] ^= 0x11;
    EXPECT_FALSE(verify(changed).accepted()) << at;
  }
  Bytes longer = batch;
  longer.push_back(0);
  EXPECT_EQ(verify(longer).reason, RejectReason::kTrailingBytes);
}

// Not to have looked is not to have found something; the count comes before the work.
TEST_P(MaliciousBatch, OverTheLimitIsAReasonOfItsOwn) {
  begin(mlp_graph());
  const Bytes batch = prove();
  session->model.prepared.limits.nanoseconds = session->model.prepared.cost.nanoseconds / 2;
  EXPECT_EQ(verify(batch).reason, RejectReason::kOverLimit);
}

INSTANTIATE_TEST_SUITE_P(ZeroKnowledge, MaliciousBatch, ::testing::Bool(),
                         [](const auto& tested) { return tested.param ? std::string("On") : std::string("Off"); });

}  // namespace
}  // namespace zkinfer::e2e
