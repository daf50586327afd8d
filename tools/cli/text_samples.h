// SPDX-License-Identifier: Apache-2.0
// Texts as inputs of language models: --calibration and --evaluate with --tokenizer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "command.h"
#include "tokenizer/tokenizer.h"
#include "zkinfer/model.h"

namespace zkinfer::cli {

// load_samples, or with a tokenizer the windows of texts. A text without one is refused with a word of --tokenizer.
Result<std::vector<RealInputs>> load_samples_or_texts(const std::vector<std::string>& paths,
                                                      const std::optional<Tokenizer>& tokenizer,
                                                      const Preprocessing& preprocessing,
                                                      const std::vector<TensorInfo>& inputs, std::size_t most,
                                                      Session& session);

// Windows of the texts' tokens, as many tokens as the network's one input takes; at most so many of each file. Says how much
// of a text is in none.
Result<std::vector<RealInputs>> load_text_samples(const std::vector<std::string>& paths, const Tokenizer& tokenizer,
                                                  const std::vector<TensorInfo>& inputs, std::size_t most,
                                                  Session& session);

}  // namespace zkinfer::cli
