# SPDX-License-Identifier: Apache-2.0
# Toolchain of the preset `wasm`: Debian 12's clang-19 with the libc of WASI and a libc++ for it (scripts/install_packages.sh web).
# No exceptions in this libc++: what would throw ends the module (js/wasm/runtime.cc).
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(CMAKE_C_COMPILER clang-19)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_C_COMPILER_TARGET wasm32-wasi)
set(CMAKE_CXX_COMPILER_TARGET wasm32-wasi)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
# Whatever holds 64 bits and is put into a 32-bit size without a cast is checked there, and stops the module where it does not fit.
set(CMAKE_CXX_FLAGS_INIT "-fignore-exceptions -nostdinc++ -isystem /usr/lib/llvm-19/include/wasm32-wasi/c++/v1 -fsanitize=implicit-unsigned-integer-truncation,implicit-signed-integer-truncation -fsanitize-trap=all")
