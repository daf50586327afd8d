// SPDX-License-Identifier: Apache-2.0
// What pages are made with.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace zkinfer::cli {

// Text as HTML shows it.
std::string escaped(std::string_view text);
// JSON inside a script element: no "<" may be in it, or it could end the element.
std::string script_text(const nlohmann::ordered_json& json);
// The template with each {{name}} replaced; what is put in is not looked at again.
std::string filled(std::string_view text, const std::function<std::string(std::string_view)>& find);

}  // namespace zkinfer::cli
