// SPDX-License-Identifier: Apache-2.0
// One lie in the columns of a proof: the relation that breaks, and the reason with zero knowledge on (always the opening:
// nothing else sees a hidden value) and off.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "prover/check_columns.h"
#include "support/outer_check.h"

namespace zkinfer::e2e {

// Cells of the columns by name (the last column of that name), and the claimed outputs.
class Lie {
 public:
  Lie(const Session& session, circuit::ColumnValues& data) : session_(session), data_(data) {}
  Fp& cell(const std::string& column, std::size_t i) { return data_[column_named(session_, column)][i]; }
  void add(const std::string& column, std::size_t i, std::int64_t difference) {
    cell(column, i) += Fp::from_int(difference);
  }
  std::int64_t value(const std::string& column, std::size_t i) { return cell(column, i).to_int(); }
  // In every column of that name, as limbs are.
  void set_each(const std::string& column, std::size_t i, std::int64_t value) {
    const auto& columns = session_.compiled().circuit.columns;
    for (circuit::ColumnId id = 0; id < columns.size(); ++id) {
      if (columns[id].name == column) data_[id][i] = Fp::from_int(value);
    }
  }
  // The last box axis has length n: the first row r where test(r * n) holds.
  template <class Test>
  std::size_t find(std::size_t count, const Test& test) {
    for (std::size_t i = 0; i < count; ++i) {
      if (test(i)) return i;
    }
    ADD_FAILURE() << "no cell suits this cheat";
    return 0;
  }

  static circuit::ColumnId column_named(const Session& session, const std::string& name) {
    const auto& columns = session.compiled().circuit.columns;
    for (auto id = static_cast<circuit::ColumnId>(columns.size()); id-- > 0;) {
      if (columns[id].name == name) return id;
    }
    ADD_FAILURE() << "no column '" << name << "'";
    return 0;
  }

  std::function<void(statement::PublicValues&)> outputs;  // set by a cheat that claims other outputs

 private:
  const Session& session_;
  circuit::ColumnValues& data_;
};

struct Cheat {
  const char* name;
  qir::QGraph graph;
  std::function<void(Lie&)> lie;
  const char* relation;  // what fails first of contractions, lookups, equalities, outputs; "" for multiplicities
  RejectReason off;
};

// The output follows the lie, so that nothing but the named relation stands in the way.
inline void claim(Lie& lie, std::size_t output, std::size_t i, std::int64_t value) {
  lie.outputs = [=](statement::PublicValues& outputs) { outputs[output][i] = value; };
}

inline prover::ProveHooks hooks_of(const Cheat& cheat, const Session& session) {
  prover::ProveHooks hooks;
  const auto outputs = std::make_shared<std::function<void(statement::PublicValues&)>>();
  const auto change = [&cheat, &session, outputs](circuit::ColumnValues& data) {
    Lie lie(session, data);
    cheat.lie(lie);
    *outputs = lie.outputs;
  };
  if (std::string(cheat.name).starts_with("multiplicity")) {
    hooks.committed = [change](circuit::ColumnValues& data, std::vector<Fe>&) { change(data); };
  } else {
    hooks.columns = change;
    hooks.outputs = [outputs](statement::PublicIo& data) {
      if (*outputs) (*outputs)(data.values);
    };
  }
  return hooks;
}

inline void expect_rejected(const std::vector<Cheat>& cheats) {
  for (const Cheat& cheat : cheats) {
    for (const bool zero_knowledge : {false, true}) {
      const Session session(cheat.graph, zero_knowledge);
      ASSERT_TRUE(session.verify(session.prove().bytes).accepted()) << cheat.name;
      const prover::ProveHooks hooks = hooks_of(cheat, session);
      argument::TupleValues tuples;
      const OuterState state = outer_state(session, hooks, tuples);
      const Status relations = prover::check_columns(session.compiled(), state.data, state.public_data.values);
      if (cheat.relation[0] != '\0') {
        EXPECT_NE(relations.message().find(cheat.relation), std::string::npos)
            << cheat.name << ": " << relations.to_string();
      }
      const Verdict verdict = session.verdict_on(hooks);
      const RejectReason expected = zero_knowledge ? RejectReason::kOpening : cheat.off;
      EXPECT_EQ(reject_reason_name(verdict.reason), reject_reason_name(expected))
          << cheat.name << ": " << verdict.to_string();
    }
  }
}

}  // namespace zkinfer::e2e
