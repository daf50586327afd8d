// SPDX-License-Identifier: Apache-2.0
// What the files of the C interface share (include/zkinfer/zkinfer.h): errors, buffers and views. Nothing that C++ throws
// crosses into C: the only exception that the libraries let through is that of missing memory.
#pragma once

#include <algorithm>
#include <cstring>
#include <new>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "base/out_of_memory.h"
#include "zkinfer/tensor_commitment.h"
#include "zkinfer/zkinfer_verify.h"

namespace zkinfer::c {

static_assert(static_cast<int>(StatusCode::kOk) == ZKINFER_OK);
static_assert(static_cast<int>(StatusCode::kInvalidArgument) == ZKINFER_INVALID_ARGUMENT);
static_assert(static_cast<int>(StatusCode::kUnsupported) == ZKINFER_UNSUPPORTED);
static_assert(static_cast<int>(StatusCode::kOutOfRange) == ZKINFER_OUT_OF_RANGE);
static_assert(static_cast<int>(StatusCode::kCorrupt) == ZKINFER_CORRUPT);
static_assert(static_cast<int>(StatusCode::kResourceLimit) == ZKINFER_RESOURCE_LIMIT);
static_assert(static_cast<int>(StatusCode::kIo) == ZKINFER_IO);
static_assert(static_cast<int>(StatusCode::kInternal) == ZKINFER_INTERNAL);
static_assert(static_cast<int>(StatusCode::kCancelled) == ZKINFER_CANCELLED);
static_assert(static_cast<int>(Exposure::kPrivate) == ZKINFER_PRIVATE);
static_assert(static_cast<int>(Exposure::kPublic) == ZKINFER_PUBLIC);
static_assert(static_cast<int>(Exposure::kCommitted) == ZKINFER_COMMITTED);
static_assert(static_cast<int>(TensorHash::kNone) == ZKINFER_NO_HASH);
static_assert(static_cast<int>(TensorHash::kKeccak256) == ZKINFER_KECCAK256);
static_assert(static_cast<int>(TensorHash::kSha256) == ZKINFER_SHA256);

inline void write_text(zkinfer_error* error, std::string_view text, int reason = 0) {
  if (error == nullptr) return;
  error->reason = reason;
  error->length = text.size();
  if (error->text == nullptr || error->capacity == 0) return;
  const std::size_t length = std::min(text.size(), error->capacity - 1);
  std::memcpy(error->text, text.data(), length);
  error->text[length] = '\0';
}

// The status as a code, its message in *error.
inline zkinfer_code report(const Status& status, zkinfer_error* error) {
  write_text(error, status.message(), -static_cast<int>(status.code()));
  return static_cast<zkinfer_code>(status.code());
}

inline Status null_pointer(const char* what) { return invalid_argument(std::string(what) + " is NULL"); }

// f() -> Status, whatever happens in it.
template <class F>
zkinfer_code guarded(zkinfer_error* error, F&& f) {
  try {
    return report(f(), error);
  } catch (const OutOfMemory& missing) {
    write_text(error, "not enough memory: " + std::to_string(missing.num_bytes) + " bytes were wanted at once");
    return ZKINFER_RESOURCE_LIMIT;
  } catch (const std::bad_alloc&) {
    write_text(error, "not enough memory");
    return ZKINFER_RESOURCE_LIMIT;
  } catch (const std::system_error& missing) {
    if (missing.code() == std::errc::resource_unavailable_try_again) {
      write_text(error, "the system gives no more threads");
      return ZKINFER_RESOURCE_LIMIT;
    }
    write_text(error, std::string("an unexpected exception, a bug in zkinfer: ") + missing.what());
    return ZKINFER_INTERNAL;
  } catch (...) {
    write_text(error, "an unexpected exception: a bug in zkinfer");
    return ZKINFER_INTERNAL;
  }
}

// Bytes into the caller's buffer, as zkinfer.h says.
inline zkinfer_code copy_out(ByteView bytes, void* buffer, std::size_t* size) {
  if (size == nullptr) return ZKINFER_INVALID_ARGUMENT;
  const std::size_t capacity = std::exchange(*size, bytes.size());
  if (buffer == nullptr) return ZKINFER_OK;
  if (capacity < bytes.size()) return ZKINFER_BUFFER_TOO_SMALL;
  if (!bytes.empty()) std::memcpy(buffer, bytes.data(), bytes.size());
  return ZKINFER_OK;
}

inline zkinfer_code copy_text(const std::string& text, void* buffer, std::size_t* size) {
  return copy_out({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, buffer, size);
}

// make() -> std::string into the caller's buffer, whatever happens in it.
template <class Make>
zkinfer_code json_of(void* json, std::size_t* json_size, const Make& make) {
  zkinfer_code copied = ZKINFER_OK;
  const zkinfer_code made = guarded(nullptr, [&]() -> Status {
    copied = copy_text(make(), json, json_size);
    return {};
  });
  return made == ZKINFER_OK ? copied : made;
}

inline Result<ByteView> bytes_of(const char* what, const void* bytes, std::size_t size) {
  if (bytes == nullptr && size > 0) return null_pointer(what);
  return ByteView(static_cast<const std::uint8_t*>(bytes), size);
}

inline zkinfer_tensor_info info_of(const TensorInfo& tensor) {
  return {tensor.name.c_str(), tensor.shape.size(),          tensor.shape.data(),         tensor.format.lo,
          tensor.format.hi,    tensor.format.scale_mantissa, tensor.format.scale_exponent};
}

inline zkinfer_code info_at(std::span<const TensorInfo> tensors, std::size_t index, zkinfer_tensor_info* info) {
  if (info == nullptr) return ZKINFER_INVALID_ARGUMENT;
  if (index >= tensors.size()) return ZKINFER_OUT_OF_RANGE;
  *info = info_of(tensors[index]);
  return ZKINFER_OK;
}

// The caller's options where they are given, in the library's own size: what a program does not know stays at its default.
template <class Options>
Status read_options(const Options* given, Options& options) {
  if (given == nullptr) return {};
  if (given->struct_size < sizeof(std::size_t) || given->struct_size > sizeof(Options)) {
    return invalid_argument("options of " + std::to_string(given->struct_size) + " bytes, expected at most " +
                            std::to_string(sizeof(Options)) +
                            "; call their _init function, and link the library of the header");
  }
  std::memcpy(&options, given, given->struct_size);
  return {};
}

}  // namespace zkinfer::c
