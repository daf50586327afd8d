// SPDX-License-Identifier: Apache-2.0
// A picture as terminal text: 256-colour blocks on a colour terminal, shade characters elsewhere.
#pragma once

#include <string>

#include "inputs/array.h"

namespace zkinfer::cli {

// stdout is a terminal and NO_COLOR is not set.
bool stdout_has_colour();

// Grey or colour levels [height, width, channels]. Small pictures get two columns per pixel, larger ones (over 24 rows)
// two pixels per character (half blocks). Each line starts with `indent` blanks and ends with a line feed.
std::string picture_text(const Array& picture, bool colour, std::size_t indent);

}  // namespace zkinfer::cli
