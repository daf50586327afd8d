// SPDX-License-Identifier: Apache-2.0
// How a long operation says how far it is, and how it is told to stop.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include "zkinfer/status.h"

namespace zkinfer {

// Made of any function of (const char* stage, double fraction), which the operation calls in the caller's thread at the start of
// each stage and along it; fraction in [0, 1] of the whole operation. Where the function returns a bool, false asks to stop: the
// operation then ends with kCancelled and has written no file and replaced none, unless all is done (fraction 1). A slot that it had
// taken is used.
class Progress {
 public:
  Progress() = default;
  template <class Report>
  requires std::invocable<Report&, const char*, double> &&
      (!std::same_as<std::remove_cvref_t<Report>, Progress>)Progress(Report report)  // NOLINT: implicit on purpose
  {
    if constexpr (std::constructible_from<bool, Report&>) {
      if (!static_cast<bool>(report)) return;  // an empty std::function
    }
    goes_on_ = [report = std::move(report)](const char* stage, double fraction) mutable {
      if constexpr (std::convertible_to<std::invoke_result_t<Report&, const char*, double>, bool>) {
        return static_cast<bool>(report(stage, fraction));
      } else {
        report(stage, fraction);
        return true;
      }
    };
  }

  explicit operator bool() const { return static_cast<bool>(goes_on_); }
  // Of the operation: kCancelled where it shall stop.
  Status operator()(const char* stage, double fraction) const {
    if (!goes_on_ || goes_on_(stage, fraction) || fraction >= 1) return {};
    return {StatusCode::kCancelled, std::string("stopped at '") + stage + "', as its caller asked"};
  }

  // For a step that takes the part of the whole from begin to end: never back, and "done" is said only where the whole is.
  Progress part(double begin, double end) const {
    if (!goes_on_) return {};
    return [whole = *this, begin, end, stage = std::string(), highest = 0.0](const char* now, double fraction) mutable {
      highest = std::max(highest, std::min(fraction, 1.0));
      // The last word of a step is none of the whole; that of its last stage stands until the next begins.
      if (fraction < 1 || end >= 1 || stage.empty()) stage = now;
      return whole(stage.c_str(), begin + (end - begin) * highest).ok();
    };
  }
  // For one of `count` equal operations, which says `name` of itself throughout.
  Progress step(std::size_t index, std::size_t count, const std::string& name) const {
    if (!goes_on_) return {};
    const double each = 1 / static_cast<double>(count);
    return [part = part(static_cast<double>(index) * each, static_cast<double>(index + 1) * each), name](
               const char*, double fraction) { return part(name.c_str(), fraction < 1 ? fraction : 0.999).ok(); };
  }

 private:
  std::function<bool(const char*, double)> goes_on_;
};

}  // namespace zkinfer
