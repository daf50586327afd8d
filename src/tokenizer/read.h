// SPDX-License-Identifier: Apache-2.0
// The file formats of tokenizers, each to a spec. Total on arbitrary bytes; what a reader does not know it refuses by name.
#pragma once

#include "tokenizer/spec.h"

namespace zkinfer {

// Whichever of them it is.
Result<TokenizerSpec> read_tokenizer(ByteView bytes);

// tokenizer.bin of llama2.c: the largest size, then for each piece score, size and text; piece 3 + b is byte b. It has no
// magic: a file is one if its sizes fit exactly. Layout: llama2.c by A. Karpathy.
bool is_llama2c_tokenizer(ByteView bytes);
Result<TokenizerSpec> read_llama2c_tokenizer(ByteView bytes);

// tokenizer.model: sentencepiece's ModelProto. Fields: google/sentencepiece, sentencepiece_model.proto.
Result<TokenizerSpec> read_sentencepiece(ByteView bytes);

inline constexpr char kHuggingFaceFormat[] = "tokenizer.json";
// tokenizer.json of Hugging Face (read_huggingface.h).
Result<TokenizerSpec> read_huggingface(ByteView bytes);
// What lies beside a tokenizer.json and says which tokens begin and end a text: tokenizer_config.json, config.json,
// generation_config.json.
Status read_huggingface_config(ByteView bytes, TokenizerSpec& spec);

}  // namespace zkinfer
