// SPDX-License-Identifier: Apache-2.0
// What a language model that answers looks like from outside; of keys and of models.
#pragma once

#include <string>
#include <vector>

#include "zkinfer/tensor_info.h"

namespace zkinfer::api {

// Why a model with these inputs and outputs does not give a choice for each token that it reads; empty where it does.
std::string why_no_choices(const std::vector<TensorInfo>& inputs, const std::vector<TensorInfo>& outputs);

}  // namespace zkinfer::api
