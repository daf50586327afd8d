// SPDX-License-Identifier: Apache-2.0
// What the classifiers of ai.onnx.ml share: labels and the transformations of scores.
#pragma once

#include <string_view>
#include <vector>

#include "frontend/onnx/handlers.h"

namespace zkinfer::frontend_onnx {

// What a classifier's integers stand for. Words have no integer form: their positions stand for them.
struct Labels {
  std::size_t count = 0;
  Dims numbers;  // empty: 0, 1, ..

  // Whether the label of position i is i.
  bool are_positions() const;
};
// From the first of these attributes that is there: lists of integers or of words.
Result<Labels> read_labels(const NodeContext& context, std::string_view ints, std::string_view words);

Status check_post_transform(const NodeContext& context);
// NONE, SOFTMAX, LOGISTIC, SOFTMAX_ZERO or PROBIT of scores [N, classes]; makes output `output`.
Result<ir::ValueId> post_transformed(NodeContext& context, ir::ValueId scores, std::size_t output);

// The label of the largest score of each row of [N, classes], the first of equal ones; makes output 0, [N].
Result<ir::ValueId> label_of_largest(NodeContext& context, ir::ValueId scores, const Labels& labels);

// [N, features]: a vector is one row.
Result<ir::ValueId> rows_of_input(NodeContext& context);

}  // namespace zkinfer::frontend_onnx
