// SPDX-License-Identifier: Apache-2.0
// Hugging Face folders: config.json says the architecture, safetensors hold the weights under the names of `transformers`.
#pragma once

#include <string>

#include "frontend/language/network.h"
#include "frontend/language/tensors.h"
#include "zkinfer/status.h"

namespace zkinfer::frontend_language {

inline constexpr char kConfigName[] = "config.json";

// A folder with config.json and weights; of sentence-transformers', what becomes of the hidden states too.
Result<Network> read_huggingface_folder(const std::string& folder);
// The same of a configuration's text and tensors.
Result<Network> read_huggingface(ByteView config, Tensors tensors);

}  // namespace zkinfer::frontend_language
