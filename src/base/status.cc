// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/status.h"

#include "base/check.h"

namespace zkinfer {

void detail::wrong_use(const char* what) { base::check_failed(__FILE__, __LINE__, "wrong use", what, 0, 0); }

std::string_view status_code_name(StatusCode code) {
  switch (code) {
    case StatusCode::kOk: return "ok";
    case StatusCode::kInvalidArgument: return "invalid argument";
    case StatusCode::kUnsupported: return "unsupported";
    case StatusCode::kOutOfRange: return "out of range";
    case StatusCode::kCorrupt: return "corrupt data";
    case StatusCode::kResourceLimit: return "resource limit";
    case StatusCode::kIo: return "input/output";
    case StatusCode::kInternal: return "internal";
    case StatusCode::kCancelled: return "cancelled";
  }
  return "unknown";
}

std::string Status::to_string() const {
  return std::string(status_code_name(code_)) + (message_.empty() ? "" : ": " + message_);
}

Status Status::with_context(std::string_view where) const {
  if (ok()) return *this;
  return Status(code_, std::string(where) + ": " + message_);
}

Status invalid_argument(std::string message) { return {StatusCode::kInvalidArgument, std::move(message)}; }
Status unsupported(std::string message) { return {StatusCode::kUnsupported, std::move(message)}; }
Status out_of_range(std::string message) { return {StatusCode::kOutOfRange, std::move(message)}; }
Status corrupt(std::string message) { return {StatusCode::kCorrupt, std::move(message)}; }
Status resource_limit(std::string message) { return {StatusCode::kResourceLimit, std::move(message)}; }
Status io_error(std::string message) { return {StatusCode::kIo, std::move(message)}; }
Status internal_error(std::string message) { return {StatusCode::kInternal, std::move(message)}; }

}  // namespace zkinfer
