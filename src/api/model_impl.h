// SPDX-License-Identifier: Apache-2.0
// What a public Model holds; shared by the files of this folder.
#pragma once

#include "package/package.h"
#include "zkinfer/model.h"

namespace zkinfer {

struct Model::Impl {
  package::Package package;
};

namespace api {

// Integers of every graph input, in order, and what was clipped of each. Messages name the input.
Result<std::vector<std::vector<std::int64_t>>> quantize_inputs(const qir::QGraph& graph, const RealInputs& inputs,
                                                               std::vector<Clipping>& clipping);

}  // namespace api
}  // namespace zkinfer
