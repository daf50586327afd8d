// SPDX-License-Identifier: Apache-2.0
// Text that came from a file or a command line, before it is shown or believed. A terminal obeys control characters, and
// newlines, invisible and direction-changing characters make one text look like another: none of them is ever shown as it is,
// and no name in our files holds one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "zkinfer/status.h"

namespace zkinfer {

// Names of models, tensors and nodes.
inline constexpr std::size_t kMaxNameBytes = 4096;
inline constexpr std::size_t kMaxModelNameBytes = 256;  // what verifiers read first

// The length in bytes of the character that `text` begins with if it is UTF-8 and may be shown; 0 otherwise: not shortest or
// no UTF-8, a control, format, invisible or separator character, a surrogate, no character at all.
std::size_t shown_character(std::string_view text);

// `text` on one line: what may not be shown becomes \n, \t, \x1b (bytes) or \u{202e} (characters), a backslash \\ .
std::string printable(std::string_view text);
// The same, but lines stay lines and backslashes as they are: for text whose parts are printable already.
std::string printable_lines(std::string_view text);
// printable() between apostrophes, shortened in the middle beyond 400 bytes.
std::string in_quotes(std::string_view text);

// corrupt, "<what>: .." with the place: more than max_bytes, something that may not be shown, or spaces that are not single
// and inside. Names may be empty.
Status check_name(std::string_view what, std::string_view name, std::size_t max_bytes = kMaxNameBytes);

}  // namespace zkinfer
