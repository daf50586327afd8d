// SPDX-License-Identifier: Apache-2.0
// What the prover of batched products computes, as a back end has it. sumcheck/batched_products.h sends the messages.
#pragma once

#include <array>
#include <vector>

#include "field/fe.h"

namespace zkinfer::sumcheck {

// c_0 .. c_3 of a round polynomial.
using RoundCoefs = std::array<Fe, 4>;

class ProductRounds {
 public:
  virtual ~ProductRounds() = default;
  virtual int num_rounds() const = 0;
  // num_rounds() times: the batch's polynomial (c_0 is not sent), then its challenge.
  virtual RoundCoefs round() = 0;
  virtual void bind(const Fe& s) = 0;
  // [relation][factor]: T_{i,f} at the last n_i challenges, no eq.
  virtual std::vector<std::vector<Fe>> values() const = 0;
};

}  // namespace zkinfer::sumcheck
