// SPDX-License-Identifier: Apache-2.0
// How what people give is matched to a model's inputs.
#pragma once

#include <algorithm>
#include <vector>

namespace zkinfer {

// The one of `given` for each of `inputs`: by name when every input's name is there, otherwise all of `given`, in their order.
template <class Given, class Input>
std::vector<const Given*> by_name_or_order(const std::vector<Given>& given, const std::vector<Input>& inputs) {
  std::vector<const Given*> named, ordered;
  for (const Input& input : inputs) {
    const auto found = std::ranges::find(given, input.name, &Given::name);
    if (found != given.end()) named.push_back(&*found);
  }
  for (const Given& one : given) ordered.push_back(&one);
  return named.size() == inputs.size() ? named : ordered;
}

}  // namespace zkinfer
