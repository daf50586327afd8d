// SPDX-License-Identifier: Apache-2.0
#include "report/html.h"

#include "base/check.h"

namespace zkinfer::cli {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string script_text(const nlohmann::ordered_json& json) {
  std::string out;
  for (const char c : json.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace)) {
    if (c == '<')
      out += "\\u003c";
    else
      out += c;
  }
  return out;
}

std::string filled(std::string_view text, const std::function<std::string(std::string_view)>& find) {
  std::string out;
  while (true) {
    const std::size_t begin = text.find("{{");
    if (begin == std::string_view::npos) return out += text;
    const std::size_t end = text.find("}}", begin);
    ZKI_CHECK(end != std::string_view::npos, "a name in the template ends");
    out += text.substr(0, begin);
    out += find(text.substr(begin + 2, end - begin - 2));
    text.remove_prefix(end + 2);
  }
}

}  // namespace zkinfer::cli
