// SPDX-License-Identifier: Apache-2.0
// The tokenizer in the metadata of a GGUF file (tokenizer.ggml.*), with the meaning that llama.cpp gives it. It names the words
// of byte-level BPE (tokenizer.ggml.pre) where other files write an expression: a name that is not known is refused.
#pragma once

#include "frontend/language/gguf.h"
#include "tokenizer/spec.h"

namespace zkinfer {

Result<TokenizerSpec> read_gguf_tokenizer(const frontend_language::Gguf& file);

}  // namespace zkinfer
