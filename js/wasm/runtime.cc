// SPDX-License-Identifier: Apache-2.0
// What a module without exceptions does where a library would throw: it says why on standard error, which js/src/module.js reads, and
// ends. Nothing is known of the proof then, and a new instance begins with fresh memory.
#include <cstdio>
#include <cstdlib>
#include <new>

namespace {

[[noreturn]] void out_of_memory() {
  std::fputs("not enough memory", stderr);
  std::abort();
}

const bool handler_is_set = (std::set_new_handler(out_of_memory), true);

}  // namespace

extern "C" {

void* __cxa_allocate_exception(std::size_t) { out_of_memory(); }
void __cxa_throw(void*, void*, void*) { out_of_memory(); }
// The one thread ends with the module, and takes its objects with it.
int __cxa_thread_atexit(void (*)(void*), void*, void*) { return 0; }
}
