// SPDX-License-Identifier: Apache-2.0
// Tests that end processes of their own.
#pragma once

#include <csignal>
#include <functional>

#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"

namespace zkinfer {

// Runs `work` in a process of its own.
inline ::pid_t start(const std::function<void()>& work) {
  const ::pid_t child = ::fork();
  ZKI_CHECK(child >= 0, "a test can start a process");
  if (child == 0) {
    work();
    ::_exit(0);
  }
  return child;
}

// How it ended, once it has.
enum class End { kDone, kKilled, kOther };

inline End end_of(::pid_t child) {
  int status = 0;
  if (::waitpid(child, &status, 0) != child) return End::kOther;
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return End::kKilled;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? End::kDone : End::kOther;
}

}  // namespace zkinfer
