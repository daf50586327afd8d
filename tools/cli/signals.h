// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and its like: SIGINT, SIGTERM and SIGHUP, where they are not ignored anyway.
#pragma once

#include <array>
#include <csignal>

namespace zkinfer::cli {

inline constexpr std::array<int, 3> kEndSignals = {SIGINT, SIGTERM, SIGHUP};

// While it lives none of them ends the process; one that came meanwhile does at its end. For moments, not for work.
class HeldSignals {
 public:
  HeldSignals();
  ~HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

 private:
  std::array<struct sigaction, kEndSignals.size()> before_;
};

// While it lives one of them is said, and ends the process: for whatever has no better end.
class SaidSignals {
 public:
  explicit SaidSignals(bool json);  // to programs too
  ~SaidSignals();
  SaidSignals(const SaidSignals&) = delete;
  SaidSignals& operator=(const SaidSignals&) = delete;

 private:
  std::array<struct sigaction, kEndSignals.size()> before_;
};

// While it lives the first of them is noted and said; the second ends the process at once. Inside of another one, which outlives it, it says when.
class StopSignals {
 public:
  enum class Stop : unsigned char {
    kAfterThis,  // what is being worked on is finished: stopped_by() is asked between two pieces of work
    kSoon,       // operations with a progress line end as cancelled at their next step
  };
  explicit StopSignals(Stop when);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  static int stopped_by();  // the signal that came, also when it is over; 0: none
  static bool stops_soon();

 private:
  bool is_outer_ = false;
  int soon_before_ = 0;
  std::array<struct sigaction, kEndSignals.size()> before_;
};

}  // namespace zkinfer::cli
