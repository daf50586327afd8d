// SPDX-License-Identifier: Apache-2.0
#include "work.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include <unistd.h>

namespace zkinfer::python {

namespace {

struct Job {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false, stop = false, has_news = false;
  std::string stage;
  double fraction = 0;
  Status status;
  std::exception_ptr thrown;  // memory or threads that the system does not give
};

struct LeftBehind {
  std::shared_ptr<Job> job;
  std::thread thread;
};
std::mutex left_behind_mutex;
std::list<LeftBehind>& left_behind() {
  static std::list<LeftBehind> all;
  return all;
}

// The process whose threads compute. fork() copies none of them: a child would wait for them for ever.
std::atomic<pid_t> computing_process{0};

}  // namespace

Status check_process() {
  pid_t expected = 0;
  const pid_t own = ::getpid();
  if (computing_process.compare_exchange_strong(expected, own) || expected == own) return {};
  return invalid_argument(
      "this process was forked from one that had computed with zkinfer already, and has none of its threads; start "
      "processes with multiprocessing's method 'spawn' or 'forkserver', or fork before the first call");
}

namespace {

void ask_to_stop(Job& job) {
  const std::lock_guard lock(job.mutex);
  job.stop = true;
}

std::thread start(const std::shared_ptr<Job>& job, AnyWork work) {
  return std::thread([job, work = std::move(work)]() mutable {
    const Progress report([job](const char* stage, double fraction) {
      const std::lock_guard lock(job->mutex);
      job->stage = stage;
      job->fraction = fraction;
      job->has_news = true;
      job->changed.notify_all();
      return !job->stop;
    });
    Status status;
    std::exception_ptr thrown;
    try {
      status = work(report);
    } catch (...) {
      thrown = std::current_exception();
    }
    work = {};  // what it owns goes before anybody hears of the end
    const std::lock_guard lock(job->mutex);
    job->status = std::move(status);
    job->thrown = thrown;
    job->done = true;
    job->changed.notify_all();
  });
}

// What is left behind and has ended meanwhile.
void join_ended() {
  const std::lock_guard lock(left_behind_mutex);
  std::erase_if(left_behind(), [](LeftBehind& left) {
    {
      const std::lock_guard job_lock(left.job->mutex);
      if (!left.job->done) return false;
    }
    left.thread.join();
    return true;
  });
}

// Calls Python; false: the operation shall stop. Needs the GIL.
bool tell(const py::object& progress, const std::string& stage, double fraction) {
  const py::object answer = progress(stage, fraction);
  return answer.ptr() != Py_False;
}

}  // namespace

Status run_work(const py::object& progress, AnyWork work) {
  using namespace std::chrono_literals;
  ZKI_RETURN_IF_ERROR(check_process());
  join_ended();
  const auto job = std::make_shared<Job>();
  std::thread thread = start(job, std::move(work));
  const auto wait = [&](std::chrono::milliseconds time, bool for_news) {
    const py::gil_scoped_release no_gil;
    std::unique_lock lock(job->mutex);
    job->changed.wait_for(lock, time, [&] { return job->done || (for_news && job->has_news); });
    return job->done;
  };
  const bool has_progress = !progress.is_none();
  try {
    for (bool done = false; !done;) {
      done = wait(100ms, has_progress);
      if (has_progress) {
        std::string stage;
        double fraction = 0;
        bool has_news = false;
        {
          const std::lock_guard lock(job->mutex);
          has_news = std::exchange(job->has_news, false);
          stage = job->stage;
          fraction = job->fraction;
        }
        if (has_news && !tell(progress, stage, fraction)) ask_to_stop(*job);
      }
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    }
  } catch (...) {
    ask_to_stop(*job);
    if (wait(200ms, false)) {
      thread.join();
    } else {
      const std::lock_guard lock(left_behind_mutex);
      left_behind().push_back({job, std::move(thread)});
    }
    throw;
  }
  {
    const py::gil_scoped_release no_gil;
    thread.join();
  }
  if (job->thrown) std::rethrow_exception(job->thrown);
  return job->status;
}

void end_left_behind() {
  if (computing_process != ::getpid()) return;
  const py::gil_scoped_release no_gil;
  const std::lock_guard lock(left_behind_mutex);
  for (LeftBehind& left : left_behind()) ask_to_stop(*left.job);
  for (LeftBehind& left : left_behind()) left.thread.join();
  left_behind().clear();
}

}  // namespace zkinfer::python
