// SPDX-License-Identifier: Apache-2.0
// A normalized text into the words that the model sees one by one.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "tokenizer/spec.h"

namespace zkinfer {

class Splitter {
 public:
  static Result<Splitter> make(const std::vector<SplitStep>& steps);
  ~Splitter();
  Splitter(Splitter&&) noexcept;
  Splitter& operator=(Splitter&&) noexcept;

  // word() for each, in order, until it fails. at_start: nothing stands before `text`.
  Status each_word(std::string_view text, bool at_start, const std::function<Status(std::string_view)>& word) const;

 private:
  struct Step;
  Splitter();
  std::vector<Step> steps_;
};

}  // namespace zkinfer
