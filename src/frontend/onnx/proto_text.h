// SPDX-License-Identifier: Apache-2.0
// Names in ONNX files are arbitrary bytes; messages, reports and value names want printable ones.
#pragma once

#include <string>
#include <string_view>

namespace zkinfer::frontend_onnx {

// True when the text has no control characters.
inline bool is_printable(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  return true;
}

// 'text' with control characters replaced and long texts cut.
inline std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text.substr(0, 200)) out += is_printable({&c, 1}) ? c : '?';
  if (text.size() > 200) out += "...";
  return out + "'";
}

}  // namespace zkinfer::frontend_onnx
