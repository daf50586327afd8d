// SPDX-License-Identifier: Apache-2.0
// The head of an evaluation: operators behind a model's program, which give the *cell* that an inference is counted in. Verifiers
// write them behind the key's structure themselves, so no prover can give a graph that counts something else.
#pragma once

#include "qir/qgraph.h"
#include "zkinfer/metric.h"

namespace zkinfer::qir {

inline constexpr std::int64_t kMaxClasses = std::int64_t{1} << 12;
inline constexpr std::int64_t kMaxCells = std::int64_t{1} << 16;

// inputs: the model's, then the label [1] and, of several groups, the group [1]. output: the cell [1], in [0, num_cells):
//   kAccuracy, kTopK  2 group + (1 for a hit, else 0)
//   kConfusion        (group C + label) C + class, both counted from first_class, C of them
struct Outcome {
  QGraph graph;
  std::int64_t first_class = 0, num_classes = 0;
  std::uint64_t num_cells = 0;
};
// invalid_argument: the model has no such output, classes or groups; unsupported: an output that has no classes, or too many cells.
Result<Outcome> with_outcome(QGraph structure, const Metric& metric);

}  // namespace zkinfer::qir
