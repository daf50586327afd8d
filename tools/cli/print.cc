// SPDX-License-Identifier: Apache-2.0
#include "print.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "base/check.h"

namespace zkinfer::cli {
namespace {

struct State {
  bool to_standard_error = false;
  int error = 0;  // errno of the first write to standard output that failed
};

State& state() {
  static State value;
  return value;
}

void write_out(std::string_view text) {
  std::FILE* stream = state().to_standard_error ? stderr : stdout;
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stream) != text.size() && stream == stdout && state().error == 0) {
    state().error = errno == 0 ? EIO : errno;
  }
}

}  // namespace

std::string filled(std::string_view pattern, const std::vector<std::string>& arguments) {
  std::string out;
  std::size_t next = 0;
  for (std::size_t at = 0; at < pattern.size();) {
    if (pattern.substr(at, 2) == "{}") {
      ZKI_CHECK(next < arguments.size(), "a {} without its argument");
      out += arguments[next++];
      at += 2;
    } else {
      out += pattern[at++];
    }
  }
  ZKI_CHECK_EQ(next, arguments.size(), "one {} for each argument");
  return out;
}

void print_lines(std::string_view lines) { write_out(printable_lines(lines)); }
void print_styled(std::string_view text) { write_out(text); }

std::string json_text(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

void print_json(const nlohmann::ordered_json& json) { write_out(json_text(json)); }

std::string status_text(const Status& status) {
  // Only the list of unsupported nodes has lines of its own; other line breaks come from names of files.
  std::string text = printable_lines(status.to_string());
  if (status.code() == StatusCode::kUnsupported) return text;
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at)) text.replace(at, 1, "\\n");
  return text;
}

void note_lines(std::string_view lines) {
  static_cast<void>(std::fflush(stdout));
  std::fputs(printable_lines(lines).c_str(), stderr);
}

bool has_colour(int descriptor) {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return isatty(descriptor) == 1 && (no_colour == nullptr || *no_colour == '\0') &&
         (terminal == nullptr || std::string_view(terminal) != "dumb");
}

void note_warning(std::string_view text) {
  static_cast<void>(std::fflush(stdout));
  const bool colour = has_colour(STDERR_FILENO);
  std::fputs(((colour ? "\033[31m" : "") + printable(text) + (colour ? "\033[0m\n" : "\n")).c_str(), stderr);
}

void print_to_standard_error(bool on) { state().to_standard_error = on; }

void keep_standard_streams() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
    // The other way round, so that using it fails; nobody can be told when standard error does.
    static_cast<void>(::open("/dev/null", fd == 1 ? O_RDONLY : O_WRONLY));
  }
}

Status finish_output(bool* reader_gone) {
  State& now = state();
  errno = 0;
  // The flag too: what others print (CLI11 its help) is flushed, and has failed, before.
  const bool failed = std::fflush(stdout) != 0;
  if ((failed || std::ferror(stdout) != 0) && now.error == 0) now.error = errno == 0 ? EIO : errno;
  if (reader_gone != nullptr) *reader_gone = now.error == EPIPE;
  if (now.error == 0) return ok_status();
  return io_error(std::string("cannot write to standard output: ") + std::strerror(now.error));
}

}  // namespace zkinfer::cli
