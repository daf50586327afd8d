// SPDX-License-Identifier: Apache-2.0
// Status and Result<T>: the only channel for bad input (model, file, request). A message says where, what was
// expected, what was got and what to do. A rejected proof is not a Status: see verdict.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace zkinfer {

namespace detail {
// A mistake in the program, not in its input: says what and aborts.
[[noreturn]] void wrong_use(const char* what);
}  // namespace detail

enum class StatusCode {
  kOk = 0,
  kInvalidArgument,  // a request or option that cannot be served
  kUnsupported,      // a model uses something we do not do (all such things are listed at once)
  kOutOfRange,       // a value outside its stated range
  kCorrupt,          // bytes that do not follow their grammar
  kResourceLimit,    // would need more memory, budget or time than allowed
  kIo,               // the operating system said no
  kInternal,         // a self check failed; never caused by input alone
  kCancelled = 9,    // the caller asked to stop (progress.h); 8 is a code of the C interface's own
};

std::string_view status_code_name(StatusCode code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}
  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }
  // "<code>: <message>", for people.
  std::string to_string() const;
  // The same status with `where` put before the message; no change when ok.
  Status with_context(std::string_view where) const;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

inline Status ok_status() { return {}; }
Status invalid_argument(std::string message);
Status unsupported(std::string message);
Status out_of_range(std::string message);
Status corrupt(std::string message);
Status resource_limit(std::string message);
Status io_error(std::string message);
Status internal_error(std::string message);

// A value or the Status that says why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}         // NOLINT: implicit on purpose, `return value;`
  Result(Status status) : status_(std::move(status)) {  // NOLINT: implicit on purpose, `return status;`
    if (status_.ok()) detail::wrong_use("a Result without value needs an error");
  }
  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  T& value() & {
    if (!ok()) detail::wrong_use("value() of a failed Result");
    return *value_;
  }
  const T& value() const& {
    if (!ok()) detail::wrong_use("value() of a failed Result");
    return *value_;
  }
  T&& value() && {
    if (!ok()) detail::wrong_use("value() of a failed Result");
    return std::move(*value_);
  }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace zkinfer

#define ZKI_RETURN_IF_ERROR(expr)                                                   \
  do {                                                                              \
    if (::zkinfer::Status zki_status = (expr); !zki_status.ok()) return zki_status; \
  } while (false)

#define ZKI_CONCAT_INNER(a, b) a##b
#define ZKI_CONCAT(a, b) ZKI_CONCAT_INNER(a, b)
// ZKI_ASSIGN_OR_RETURN(auto x, f()): x = value of f(), or return its Status.
#define ZKI_ASSIGN_OR_RETURN(lhs, expr) ZKI_ASSIGN_OR_RETURN_IMPL(ZKI_CONCAT(zki_result_, __LINE__), lhs, expr)
#define ZKI_ASSIGN_OR_RETURN_IMPL(tmp, lhs, expr) \
  auto tmp = (expr);                              \
  if (!tmp.ok()) return tmp.status();             \
  lhs = std::move(tmp).value()
