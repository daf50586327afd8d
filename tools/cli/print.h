// SPDX-License-Identifier: Apache-2.0
// The one way to standard output: nothing from a file or a command line reaches a terminal unescaped (base/text.h), JSON is valid
// UTF-8, and a write that fails is remembered until finish_output().
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "zkinfer/status.h"

namespace zkinfer::cli {

// How an argument of text() is written: text printable and on one line, numbers in decimal.
inline std::string argument_text(std::string_view text) { return printable(text); }
inline std::string argument_text(const std::string& text) { return printable(text); }
inline std::string argument_text(const char* text) { return printable(text); }
template <class Integer>
requires std::is_integral_v<Integer> std::string argument_text(Integer number) { return std::to_string(number); }

// `pattern` with each {} replaced by the next argument. The pattern is ours and may hold line breaks.
std::string filled(std::string_view pattern, const std::vector<std::string>& arguments);
template <class... Arguments>
std::string text(std::string_view pattern, const Arguments&... arguments) {
  return filled(pattern, {argument_text(arguments)...});
}

// Lines whose parts are printable already: what text() and the functions of text.h and outputs.h return.
void print_lines(std::string_view lines);
// Bytes as they are: for colours of our own around text that is printable.
void print_styled(std::string_view text);
template <class... Arguments>
void print(std::string_view pattern, const Arguments&... arguments) {
  print_lines(text(pattern, arguments...));
}
// Indented, in ASCII, with a line break at the end; what is no UTF-8 is replaced.
std::string json_text(const nlohmann::ordered_json& json);
void print_json(const nlohmann::ordered_json& json);
// On standard error, after what was printed.
template <class... Arguments>
void note(std::string_view pattern, const Arguments&... arguments);
void note_lines(std::string_view lines);
// One line on standard error, red where that is a terminal with colours.
void note_warning(std::string_view text);
// The descriptor is a terminal, and neither NO_COLOR nor TERM=dumb is set.
bool has_colour(int descriptor);

// What went wrong, printable: one line, but for the library's own lists.
std::string status_text(const Status& status);

// An output file is standard output: from now on everything else that is printed goes to standard error.
void print_to_standard_error(bool on = true);
// Descriptors 0 to 2 that are closed would become some file's: they are opened on nothing. First call of the process.
void keep_standard_streams();
// Flushes. io: something that was printed could not be written; reader_gone: because whoever read it has ended.
Status finish_output(bool* reader_gone = nullptr);

template <class... Arguments>
void note(std::string_view pattern, const Arguments&... arguments) {
  note_lines(text(pattern, arguments...));
}

}  // namespace zkinfer::cli
