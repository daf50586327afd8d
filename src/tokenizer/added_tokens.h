// SPDX-License-Identifier: Apache-2.0
// Pieces that are cut out of a text before anything else is done with it: special tokens and those that users added.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "tokenizer/index.h"
#include "tokenizer/spec.h"

namespace zkinfer {

class AddedTokens {
 public:
  AddedTokens() = default;
  // Those of `all` that are looked for in normalized text, or those that are not. `all` stays.
  AddedTokens(const std::vector<AddedToken>& all, bool normalized);

  // A part of a text: a token, or (-1) what is between them.
  using Part = std::function<Status(std::string_view text, int token)>;
  // The leftmost first, of several the longest.
  Status each_part(std::string_view text, bool read_special, const Part& part) const;

 private:
  const std::vector<AddedToken>* all_ = nullptr;
  PrefixIndex every_, plain_;  // by place in all_; without the special ones
};

}  // namespace zkinfer
