// SPDX-License-Identifier: Apache-2.0
// The text as the vocabulary wants it: Unicode normal forms, case, accents, spaces. Unicode's data are ICU's.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/index.h"
#include "tokenizer/spec.h"

namespace zkinfer {

class Normalizer {
 public:
  // user_pieces: what a map of characters leaves alone where the step says so; its texts stay.
  static Result<Normalizer> make(const std::vector<NormalizeStep>& steps, const PrefixIndex& user_pieces);
  // at_start, where it is wanted: becomes false where whitespace at the start goes, for what is left does not start the text.
  Result<std::string> apply(std::string_view text, bool* at_start = nullptr) const;
  bool empty() const { return steps_.empty(); }

 private:
  struct Step;
  std::vector<std::shared_ptr<const Step>> steps_;
};

}  // namespace zkinfer
