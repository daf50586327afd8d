// SPDX-License-Identifier: Apache-2.0
#include "signals.h"

#include <string_view>

#include <unistd.h>

namespace zkinfer::cli {
namespace {

volatile std::sig_atomic_t held = 0, stopped = 0, soon = 0;

void hold(int number) { held = number; }

void note_stop(int number) {
  stopped = number;
  constexpr std::string_view kText[] = {"\nzkinfer: ending after this one; again to end at once\n",
                                        "\nzkinfer: stopping; again to end at once\n"};
  const std::string_view text = kText[soon != 0 ? 1 : 0];
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, text.data(), text.size());
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

StopSignals::StopSignals(Stop when) {
  soon = when == Stop::kSoon ? 1 : 0;
  take(note_stop, before_);
}

StopSignals::~StopSignals() {
  give_back(before_);
  soon = 0;
}

int StopSignals::stopped_by() { return stopped; }
bool StopSignals::stops_soon() { return soon != 0 && stopped != 0; }

}  // namespace zkinfer::cli
