// SPDX-License-Identifier: Apache-2.0
#include "progress.h"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

#include <unistd.h>

#include "print.h"
#include "signals.h"
#include "text.h"

namespace zkinfer::cli {
namespace {

// Green as far as it is done.
std::string bar(double fraction) {
  constexpr int kWidth = 20;
  const int done = static_cast<int>(fraction * kWidth);
  std::string text = "\033[32m";
  for (int i = 0; i < kWidth; ++i) text += (i == done ? "\033[90m" : "") + std::string("\u2501");
  return text + "\033[0m";
}

}  // namespace

ProgressLine::ProgressLine(const Session& session, std::string what)
    : what_(std::move(what)), terminal_(isatty(STDERR_FILENO) == 1), start_(Clock::now()), last_(start_) {
  colour_ = has_colour(STDERR_FILENO);
  enabled_ = !session.quiet || session.progress;
}

void ProgressLine::clear() {
  if (!terminal_) return;  // lines stay, and the next one waits as if this had not been asked for
  if (shown_) std::fputs("\r\033[K", stderr);
  shown_ = false;
}

Progress ProgressLine::callback(double begin, double end) {
  if (!signals_.has_value()) signals_.emplace(StopSignals::Stop::kSoon);
  const Progress whole = [this](const char* stage, double fraction) {
    update(stage, fraction);
    return !StopSignals::stops_soon();
  };
  return whole.part(begin, end);
}

void ProgressLine::update(const char* stage, double fraction) {
  if (!enabled_) return;
  const Clock::time_point now = Clock::now();
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  const double since_last = std::chrono::duration<double>(now - last_).count();
  if (elapsed < 1 || (shown_ && since_last < (terminal_ ? 0.1 : 5))) return;
  fraction = highest_ = std::clamp(fraction, highest_, 1.0);
  // A linear estimate from too little is worse than none.
  const std::string left =
      fraction > 0.02 && fraction < 1 ? ", " + human_seconds(elapsed * (1 - fraction) / fraction) + " left" : "";
  const std::string name =
      colour_ ? "\033[1m" + what_ + "\033[0m " + bar(fraction) + " " + stage : what_ + ": " + stage;
  std::fprintf(stderr, "%s%s, %.0f %%%s%s", terminal_ ? "\r" : "", name.c_str(), 100 * fraction, left.c_str(),
               terminal_ ? "\033[K" : "\n");
  std::fflush(stderr);
  shown_ = true;
  last_ = now;
}

struct WaitingLine::Ticker {
  std::string text;
  bool terminal = false, ended = false;
  std::mutex mutex;
  std::condition_variable end;
  std::thread thread;

  void run() {
    std::unique_lock lock(mutex);
    bool shown = false;
    // On a terminal once a second, elsewhere every five.
    for (int seconds = 1; !end.wait_for(lock, std::chrono::seconds(1), [this] { return ended; }); ++seconds) {
      if (!terminal && seconds % 5 != 1) continue;
      const std::string line = text + ", " + human_seconds(seconds) + " so far";
      std::fprintf(stderr, "%s%s%s", terminal ? "\r" : "", line.c_str(), terminal ? "\033[K" : "\n");
      std::fflush(stderr);
      shown = true;
    }
    if (shown && terminal) std::fputs("\r\033[K", stderr);
  }
};

WaitingLine::WaitingLine(const Session& session, std::string what, std::string stage) {
  const bool terminal = isatty(STDERR_FILENO) == 1;
  if (session.quiet && !session.progress) return;
  ticker_ = std::make_unique<Ticker>();
  ticker_->terminal = terminal;
  const bool colour = has_colour(STDERR_FILENO);
  ticker_->text = (colour ? "\033[1m" + what + "\033[0m " : what + ": ") + stage;
  ticker_->thread = std::thread([ticker = ticker_.get()] { ticker->run(); });
}

WaitingLine::~WaitingLine() {
  if (ticker_ == nullptr) return;
  {
    const std::lock_guard lock(ticker_->mutex);
    ticker_->ended = true;
  }
  ticker_->end.notify_one();
  ticker_->thread.join();
}

}  // namespace zkinfer::cli
