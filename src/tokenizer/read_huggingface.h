// SPDX-License-Identifier: Apache-2.0
// tokenizer.json of Hugging Face: a model with its vocabulary, and the steps before and behind it, each a JSON object with a
// "type". A step that is not known is refused by its name: tokens that are nearly right would be wrong in silence.
#pragma once

#include "frontend/json/json.h"
#include "tokenizer/spec.h"

namespace zkinfer {

using frontend_json::Json;

// huggingface_steps.cc: "normalizer", "pre_tokenizer", "decoder" and "post_processor", which may be null.
Status read_normalizer(const Json& json, TokenizerSpec& spec);
Status read_pre_tokenizer(const Json& json, TokenizerSpec& spec);
Status read_decoder(const Json& json, TokenizerSpec& spec);
Status read_post_processor(const Json& json, TokenizerSpec& spec);

}  // namespace zkinfer
