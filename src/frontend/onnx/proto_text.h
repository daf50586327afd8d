// SPDX-License-Identifier: Apache-2.0
// Names in ONNX files are arbitrary bytes; messages, reports and value names want printable ones.
#pragma once

#include <string>
#include <string_view>

#include "base/text.h"

namespace zkinfer::frontend_onnx {

// A name that all later stages take (base/text.h).
inline bool is_printable(std::string_view text) { return check_name("", text).ok(); }

}  // namespace zkinfer::frontend_onnx
