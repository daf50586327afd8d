// SPDX-License-Identifier: Apache-2.0
// What a public Model holds; shared by the files of this folder.
#pragma once

#include "api/access.h"
#include "package/package.h"
#include "zkinfer/model.h"

namespace zkinfer {

struct Model::Impl {
  package::Package package;
};

namespace api {

// The weights of a program with values left out behind, or put there that are no parameters.
qir::WeightStore resized(const qir::WeightStore& weights, std::size_t num_values);
// Of a model that samples, the one that gives its most likely tokens, uncut; another one as it is.
package::Package greedy_package(const package::Package& package);

// invalid_argument unless there are as many tensors as the model has inputs.
Status check_input_count(std::size_t got, std::size_t expected);

// out_of_range, with the place and what is expected, where an input of whole numbers is given others, or some outside of its type.
Status check_whole(const std::vector<WholeTensor>& whole, const std::string& input, const TensorView& values);
// Integers of every graph input, in order, and what was clipped of each. Messages name the input. whole: CompileRecord::whole.
Result<std::vector<std::vector<std::int64_t>>> quantize_inputs(const qir::QGraph& graph,
                                                               const std::vector<WholeTensor>& whole,
                                                               std::span<const TensorView> inputs,
                                                               std::vector<Clipping>& clipping);

}  // namespace api
}  // namespace zkinfer
