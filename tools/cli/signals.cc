// SPDX-License-Identifier: Apache-2.0
#include "signals.h"

#include <string_view>

#include <unistd.h>

namespace zkinfer::cli {
namespace {

volatile std::sig_atomic_t held = 0, stopped = 0, soon = 0, says_json = 0;
bool stop_lives = false;

void say(int descriptor, std::string_view text) {
  [[maybe_unused]] const ssize_t ignored = ::write(descriptor, text.data(), text.size());
}

void say_and_end(int number) {
  say(STDERR_FILENO, "\nzkinfer: interrupted\n");
  if (says_json != 0) say(STDOUT_FILENO, "{\"error\": {\"code\": \"cancelled\", \"message\": \"interrupted\"}}\n");
  std::signal(number, SIG_DFL);
  std::raise(number);  // comes when this handler returns
}

void hold(int number) { held = number; }

void note_stop(int number) {
  stopped = number;
  constexpr std::string_view kText[] = {"\nzkinfer: ending after this one; again to end at once\n",
                                        "\nzkinfer: stopping; again to end at once\n"};
  say(STDERR_FILENO, kText[soon != 0 ? 1 : 0]);
  // The second one, of whatever kind.
  for (const int each : kEndSignals) std::signal(each, SIG_DFL);
}

template <std::size_t kCount>
void take(void (*handler)(int), std::array<struct sigaction, kCount>& before) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kCount; ++i) {
    ::sigaction(kEndSignals[i], nullptr, &before[i]);
    if (before[i].sa_handler != SIG_IGN) ::sigaction(kEndSignals[i], &action, nullptr);
  }
}

template <std::size_t kCount>
void give_back(const std::array<struct sigaction, kCount>& before) {
  for (std::size_t i = 0; i < kCount; ++i) ::sigaction(kEndSignals[i], &before[i], nullptr);
}

}  // namespace

HeldSignals::HeldSignals() {
  held = 0;
  take(hold, before_);
}

HeldSignals::~HeldSignals() {
  give_back(before_);
  if (held != 0) std::raise(held);
}

SaidSignals::SaidSignals(bool json) {
  says_json = json ? 1 : 0;
  take(say_and_end, before_);
}

SaidSignals::~SaidSignals() { give_back(before_); }

StopSignals::StopSignals(Stop when) : is_outer_(!stop_lives), soon_before_(soon) {
  soon = when == Stop::kSoon ? 1 : 0;
  if (!is_outer_) return;
  stop_lives = true;
  take(note_stop, before_);
}

StopSignals::~StopSignals() {
  soon = soon_before_;
  if (!is_outer_) return;
  stop_lives = false;
  give_back(before_);
}

int StopSignals::stopped_by() { return stopped; }
bool StopSignals::stops_soon() { return soon != 0 && stopped != 0; }

}  // namespace zkinfer::cli
