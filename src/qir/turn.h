// SPDX-License-Identifier: Apache-2.0
// A turn of a conversation as a program: what a language model makes of n more tokens, behind a history of keys and values.
//   inputs   tokens [1, n]; places [1, 2 n + 3 m], public: see TurnShape; history [1, m, width], keys and values of all layers side by side
//   outputs  the choices [1, n]; history.after [1, m, width], the next turn's history, with this turn's rows in their places
// Rows from the first token's position on are whatever they are before: nothing reads them (api/generation.cc checks that of every key).
#pragma once

#include <optional>
#include <vector>

#include "qir/qgraph.h"

namespace zkinfer::qir {

inline constexpr char kHistory[] = "history", kHistoryAfter[] = "history.after";

// Whether what the last output leaves is what the last input takes, by names, shape, range and scale.
bool is_turn(const QGraph& graph);

// The lengths n and m; nothing where a program is no turn, or its inputs and outputs are not those.
struct TurnShape {
  std::int64_t tokens = 0, rows = 0, width = 0;

  // The input `places` of a turn behind so many tokens: the position of each token, at most m - 1; these numbers and one; of each row of the history its
  // number; that and one if the row is of this turn, else the same; and which of the turn's tokens it is, else 0.
  std::vector<std::int64_t> places(std::int64_t num_before) const;
};
std::optional<TurnShape> turn_of(const QGraph& graph);

// `kept` inputs and outputs stay first; those behind them, [1, m, ..] and of one range, become one each, each part in a unit of its own.
// invalid_argument: they have other ranges, or not the same shape in the same place.
Result<QGraph> with_one_history(QGraph graph, std::size_t kept_inputs, std::size_t kept_outputs);

}  // namespace zkinfer::qir
