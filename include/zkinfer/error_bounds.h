// SPDX-License-Identifier: Apache-2.0
// What an evaluation's errors say of outputs and targets as they are. They are counted in whole units (EvaluationResult::unit), which follow from the
// range of the model's output, and that from what its owner calibrated it on: a model of a wide range has units in which everything may be 0.
#pragma once

#include <optional>

#include "zkinfer/evaluation.h"

namespace zkinfer {

// What an error would be if neither outputs nor targets were rounded to units: each moves an error by half a unit at most; and a perplexity without the
// rounding in its head, which moves the mean loss by less than 2^-10 nats. None of other metrics, and of no rows.
std::optional<Interval> error_bounds(const EvaluationResult& result, const Figure& figure);
// Where the figure of the whole data set lies: of a sample with this confidence, of errors as they may be unrounded, else the figure itself. None of no
// rows, and where a sample says nothing.
std::optional<Interval> bounds_of_set(const EvaluationResult& result, const Figure& figure, double confidence);
// The least that r squared would be; none where that is no number.
std::optional<double> least_r_squared(const EvaluationResult& result);

}  // namespace zkinfer
