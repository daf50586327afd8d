// SPDX-License-Identifier: Apache-2.0
// Long operations: they run in a thread of their own without the GIL, while the caller's thread hands their progress to Python
// and listens to signals. So Ctrl-C ends the call within a tenth of a second, whatever the operation is doing; the operation
// itself is told to stop, ends at its next stage, and what it made is thrown away.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "native.h"
#include "zkinfer/progress.h"

namespace zkinfer::python {

// invalid_argument in a process that was forked from one that had computed: it has none of the threads.
Status check_process();

// The work of any type behind run().
using AnyWork = std::function<Status(const Progress&)>;
// progress: None, or a function of (stage, fraction); False or an exception from it asks to stop. Needs the GIL. Throws what
// Python raised meanwhile.
Status run_work(const py::object& progress, AnyWork work);

// work must own what it uses: it may outlive the call.
template <class T>
T run(const py::object& progress, std::function<Result<T>(const Progress&)> work) {
  auto made = std::make_shared<std::optional<T>>();
  must(run_work(progress, [made, work = std::move(work)](const Progress& report) -> Status {
    Result<T> result = work(report);
    if (!result.ok()) return result.status();
    *made = std::move(result).value();
    return {};
  }));
  return std::move(**made);
}

// Before the interpreter ends: asks operations that were left behind to stop, and waits for them.
void end_left_behind();

}  // namespace zkinfer::python
