// SPDX-License-Identifier: Apache-2.0
// The one way from a public object to what it holds, and back: guests see no such door.
#pragma once

#include <utility>

namespace zkinfer::api {

struct Access {
  // A class of its own: clang checks access to an alias' private name where the alias is used.
  template <class T>
  struct Held {
    using Type = typename T::Impl;
  };
  template <class T>
  using Impl = typename Held<T>::Type;
  template <class T>
  static auto& impl(const T& object) {
    return *object.impl_;
  }
  template <class T, class Pointer>
  static T make(Pointer impl) {
    return T(std::move(impl));
  }
};

// What a public object holds.
template <class T>
auto& impl(const T& object) {
  return Access::impl(object);
}

}  // namespace zkinfer::api
