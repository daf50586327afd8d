// SPDX-License-Identifier: Apache-2.0
// Stage, share done and time left on stderr, for operations over a second: on a terminal one line with a bar in colour, elsewhere a
// plain line now and then. With --quiet only if --progress is given too.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "command.h"
#include "signals.h"
#include "zkinfer/model.h"

namespace zkinfer::cli {

class ProgressLine {
 public:
  ProgressLine(const Session& session, std::string what);
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // Valid while the object lives. Asks the operation to end where a signal says so, which from then on ends the process no more. One of several operations takes
  // the part from begin to end: what was shown never goes back.
  Progress callback(double begin = 0, double end = 1);
  void update(const char* stage, double fraction);
  // Removes the line, for a line of text in its place.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  std::optional<StopSignals> signals_;
  std::string what_;
  bool enabled_ = false, terminal_ = false, colour_ = false, shown_ = false;
  double highest_ = 0;
  Clock::time_point start_, last_;
};

// The same for what says nothing of how far it is: stage and time so far, from the first second until the object dies.
class WaitingLine {
 public:
  WaitingLine(const Session& session, std::string what, std::string stage);
  ~WaitingLine();
  WaitingLine(const WaitingLine&) = delete;
  WaitingLine& operator=(const WaitingLine&) = delete;

 private:
  struct Ticker;
  std::unique_ptr<Ticker> ticker_;  // nothing where nothing would be shown
};

}  // namespace zkinfer::cli
