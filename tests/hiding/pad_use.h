// SPDX-License-Identifier: Apache-2.0
// Which pad hides which message before the opening, found by changing pads, not by reading the allocator.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "support/outer_check.h"

namespace zkinfer::e2e {

// Labels of the messages that failed_checks sends: without those that pin the mask oracle.
inline std::vector<std::string> outer_labels(const Session& session) {
  std::vector<std::string> labels = OuterMessages(session).labels;
  std::erase(labels, "mask value");
  return labels;
}

// The messages before the opening when pad `changed` (kNoPad: none) has one added.
inline std::vector<Fe> messages_with(const Session& session, hiding::PadIndex changed) {
  std::vector<Fe> messages;
  prover::ProveHooks hooks;
  hooks.committed = [&](circuit::ColumnValues&, std::vector<Fe>& pads) {
    if (changed != hiding::kNoPad) pads[changed] += Fe::one();
  };
  hooks.messages = [&](std::size_t, const char*, Fe& value) { messages.push_back(value); };
  static_cast<void>(failed_checks(session, hooks));
  return messages;
}

// Pads that hide a message: plain ones and the operands of triples that are no copies.
inline std::vector<hiding::PadIndex> serving_pads(const Session& session) {
  const hiding::PadLayout& layout = session.compiled().pads.layout();
  std::set<hiding::PadIndex> copies;
  for (const auto& [target, source] : session.compiled().pads.copies()) copies.insert(target);
  std::vector<hiding::PadIndex> out;
  for (hiding::PadIndex pad = 0; pad < layout.num_plain; ++pad) out.push_back(pad);
  for (std::size_t row = 0; row < layout.num_triples; ++row) {
    for (const std::size_t begin : {layout.a_begin(), layout.b_begin()}) {
      const auto pad = static_cast<hiding::PadIndex>(begin + row);
      if (!copies.contains(pad)) out.push_back(pad);
    }
  }
  return out;
}

struct PadUse {
  std::size_t message = 0;  // the first one that a change of the pad changes; the number of messages if none
  Fe difference;            // by how much, when the pad has one added
};

inline std::map<hiding::PadIndex, PadUse> pad_uses(const Session& session) {
  const std::vector<Fe> honest = messages_with(session, hiding::kNoPad);
  std::map<hiding::PadIndex, PadUse> uses;
  for (const hiding::PadIndex pad : serving_pads(session)) {
    const std::vector<Fe> messages = messages_with(session, pad);
    std::size_t first = 0;
    while (first < messages.size() && messages[first] == honest[first]) ++first;
    uses[pad] = {first, first < messages.size() ? messages[first] - honest[first] : Fe()};
  }
  return uses;
}

}  // namespace zkinfer::e2e
