// SPDX-License-Identifier: Apache-2.0
// A program of answers that shows of a text what it is told to, whoever may see its inputs (docs/sampling.md, "Hidden texts"). Behind tokens and
// choices, an input more, and these outputs in place of the choices:
//   parts [1, 2, n]   of each token, first whether it must be the choice before it, then whether it is shown: 0 or 1
//   shown [1, n]      token + 1 where it is shown, else 0
//   unlike [1, 1]     how many tokens that must be the choice before them are not
//   then `parts` again, and the program's other inputs but for the tokens
#pragma once

#include <optional>

#include "qir/qgraph.h"

namespace zkinfer::qir {

// answers: its first input is of tokens [1, n], n >= 2, its output of choices [1, n]. invalid_argument: it is not.
Result<QGraph> with_shown_text(QGraph answers);
// What with_shown_text was given, as of sampler_of.
std::optional<QGraph> answers_of(const QGraph& graph);

}  // namespace zkinfer::qir
