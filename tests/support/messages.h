// SPDX-License-Identifier: Apache-2.0
// Proofs with one changed message.
#pragma once

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "prover/prove.h"

namespace zkinfer::e2e {

// One proof for each label of a message, in which the first message of that label is another: none is accepted. How many labels
// there are. verdict_on(ProveHooks): of a proof with these hooks.
template <class VerdictOn>
std::size_t refuse_one_message_of_every_label(const VerdictOn& verdict_on) {
  std::vector<std::string> labels;
  prover::ProveHooks record;
  record.messages = [&](std::size_t, const char* label, Fe&) { labels.emplace_back(label); };
  EXPECT_TRUE(verdict_on(record).accepted());
  std::set<std::string> seen;
  for (std::size_t wanted = 0; wanted < labels.size(); ++wanted) {
    if (!seen.insert(labels[wanted]).second) continue;
    prover::ProveHooks hooks;
    hooks.messages = [&](std::size_t index, const char*, Fe& value) {
      if (index == wanted) value += Fe::one();
    };
    EXPECT_FALSE(verdict_on(hooks).accepted()) << labels[wanted];
  }
  return seen.size();
}

}  // namespace zkinfer::e2e
