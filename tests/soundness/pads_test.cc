// SPDX-License-Identifier: Apache-2.0
// The pads of hidden messages: which values a prover may choose freely (they only hurt its own privacy), and which not.
#include <gtest/gtest.h>

#include "support/outer_check.h"
#include "support/small_graphs.h"

namespace zkinfer::e2e {
namespace {

const Fe kOther{Fp(5), Fp(6), Fp(7)};

void set_pad(circuit::ColumnValues& data, circuit::ColumnId column, std::vector<Fe>& pads, std::size_t index,
             const Fe& value) {
  pads[index] = value;
  data[column] = hiding::pad_column(pads, pads.size());
}

class Pads : public ::testing::Test {
 protected:
  Pads() : session(mul_graph(), true), layout(session.compiled().pads.layout()) {}

  // Pads and their column, changed together.
  prover::ProveHooks change(
      std::function<void(const std::function<void(std::size_t, const Fe&)>&, const std::vector<Fe>&)> edit) const {
    prover::ProveHooks hooks;
    hooks.committed = [this, edit](circuit::ColumnValues& data, std::vector<Fe>& pads) {
      edit([&](std::size_t index,
               const Fe& value) { set_pad(data, session.compiled().circuit.pads, pads, index, value); },
           pads);
    };
    return hooks;
  }
  bool is_copied(std::size_t index) const {
    for (const auto& [target, source] : session.compiled().pads.copies()) {
      if (target == index || source == index) return true;
    }
    return false;
  }

  Session session;
  hiding::PadLayout layout;
};

TEST_F(Pads, LayoutHasEverySection) {
  EXPECT_GT(layout.num_plain, 0u);
  EXPECT_GT(layout.num_triples, 0u);
  EXPECT_GT(layout.triple_rows(), layout.num_triples + 1)
      << "this graph should have rows that only fill the power of two";
  EXPECT_FALSE(session.compiled().pads.copies().empty());
}

// The committed pads are not those that the messages used.
TEST_F(Pads, OtherPadsThanTheMessagesAreRejected) {
  for (std::size_t index = 0; index < layout.num_pads(); ++index) {
    for (std::size_t j = 0; j < 3; ++j) {
      prover::ProveHooks hooks;
      hooks.committed = [&](circuit::ColumnValues& data, std::vector<Fe>&) {
        data[session.compiled().circuit.pads][j * layout.num_pads() + index] += Fp(1);
      };
      EXPECT_FALSE(failed_checks(session, hooks).empty()) << "pad " << index << " coefficient " << j;
    }
  }
}

// Free: plain pads, operands whose product follows, the random row, rows that only fill the power of two.
TEST_F(Pads, OwnChoicesOfPadsAreAccepted) {
  for (std::size_t index = 0; index < layout.num_plain; ++index) {
    EXPECT_TRUE(
        failed_checks(session, change([&](const auto& set, const std::vector<Fe>&) { set(index, kOther); })).empty())
        << index;
  }
  for (std::size_t row = 0; row < layout.triple_rows(); ++row) {
    if (is_copied(layout.a_begin() + row) || is_copied(layout.b_begin() + row)) continue;
    const auto hooks = change([&](const auto& set, const std::vector<Fe>& pads) {
      set(layout.a_begin() + row, kOther);
      set(layout.c_begin() + row, kOther * pads[layout.b_begin() + row]);
    });
    EXPECT_TRUE(failed_checks(session, hooks).empty()) << row;
  }
  EXPECT_TRUE(session.verdict_on(change([&](const auto& set, const std::vector<Fe>&) { set(0, Fe()); })).accepted());
}

TEST_F(Pads, ProductThatIsNoneIsRejected) {
  for (std::size_t row = 0; row < layout.triple_rows(); ++row) {
    const auto hooks = change([&](const auto& set, const std::vector<Fe>& pads) {
      set(layout.c_begin() + row, pads[layout.c_begin() + row] + Fe::one());
    });
    EXPECT_FALSE(failed_checks(session, hooks).empty()) << row;
    if (row % 8 == 0) EXPECT_EQ(session.verdict_on(hooks).reason, RejectReason::kOpening) << row;
  }
}

TEST_F(Pads, CopyThatIsNoneIsRejected) {
  std::size_t num_checked = 0;
  for (const auto& [target, source] : session.compiled().pads.copies()) {
    const bool is_a = target < layout.b_begin();
    const std::size_t row = target - (is_a ? layout.a_begin() : layout.b_begin());
    const std::size_t other = row + (is_a ? layout.b_begin() : layout.a_begin());
    const auto hooks = change([&](const auto& set, const std::vector<Fe>& pads) {
      set(target, pads[source] + Fe::one());
      set(layout.c_begin() + row, pads[target] * pads[other]);
    });
    EXPECT_FALSE(failed_checks(session, hooks).empty()) << target;
    if (num_checked++ % 8 == 0) EXPECT_EQ(session.verdict_on(hooks).reason, RejectReason::kOpening) << target;
  }
}

TEST_F(Pads, BlindIsFreeButNotZero) {
  prover::ProveHooks hooks;
  hooks.committed = [&](circuit::ColumnValues& data, std::vector<Fe>&) {
    data[session.compiled().circuit.blind][1] += Fp(1);
  };
  EXPECT_TRUE(session.verdict_on(hooks).accepted());
  hooks.committed = [&](circuit::ColumnValues& data, std::vector<Fe>&) {
    data[session.compiled().circuit.blind] = FpVec(3);
  };
  const Verdict verdict = session.verdict_on(hooks);
  EXPECT_EQ(verdict.reason, RejectReason::kZeroDenominator) << verdict.to_string();
}

}  // namespace
}  // namespace zkinfer::e2e
