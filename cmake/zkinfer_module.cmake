# SPDX-License-Identifier: Apache-2.0
# One function declares a folder: its library, its tests (one binary) and its benchmarks (one binary).
#
#   zkinfer_module(<name> SOURCES a.cc ... [DEPS zkinfer::x ...] [TESTS a_test.cc ...] [TEST_DEPS ...]
#                  [BENCHES a_bench.cc ...] [BENCH_DEPS ...] [SLOW_TESTS b_test.cc ...] [EXCEPTIONS])
#
# Without SOURCES the library is header-only. EXCEPTIONS turns on exceptions and RTTI (only where a library needs them).
find_package(TBB REQUIRED)
include(GoogleTest)
if(ZKINFER_TESTS)
  find_package(GTest REQUIRED)
endif()
if(ZKINFER_BENCHES)
  find_package(benchmark REQUIRED)
endif()

add_library(zkinfer_options INTERFACE)
target_include_directories(zkinfer_options INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
# -Wrestrict: GCC 12 warns of std::string concatenation without reason (GCC bug 105651).
target_compile_options(zkinfer_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wno-dangling-else -Werror
  $<$<CXX_COMPILER_ID:GNU>:-Wno-error=maybe-uninitialized -Wno-error=array-bounds -Wno-error=stringop-overflow -Wno-error=stringop-overread -Wno-restrict>)
if(ZKINFER_SANITIZE)
  add_compile_options(-fsanitize=${ZKINFER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ZKINFER_SANITIZE})
  # For code with RTTI: most objects come from code without, whose vtables that check refuses.
  set(ZKINFER_RTTI_OPTIONS -fno-sanitize=vptr)
endif()

function(zkinfer_module name)
  cmake_parse_arguments(M "EXCEPTIONS" "" "SOURCES;DEPS;TESTS;SLOW_TESTS;TEST_DEPS;BENCHES;BENCH_DEPS" ${ARGN})
  if(M_SOURCES)
    add_library(zkinfer_${name} STATIC ${M_SOURCES})
    target_link_libraries(zkinfer_${name} PUBLIC ${M_DEPS} PRIVATE zkinfer_options)
    target_include_directories(zkinfer_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
    if(M_EXCEPTIONS)
      target_compile_options(zkinfer_${name} PRIVATE ${ZKINFER_RTTI_OPTIONS})
    else()
      target_compile_options(zkinfer_${name} PRIVATE -fno-exceptions -fno-rtti)
    endif()
  else()
    add_library(zkinfer_${name} INTERFACE)
    target_link_libraries(zkinfer_${name} INTERFACE ${M_DEPS})
    target_include_directories(zkinfer_${name} INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
  endif()
  add_library(zkinfer::${name} ALIAS zkinfer_${name})

  if(ZKINFER_TESTS AND (M_TESTS OR M_SLOW_TESTS))
    add_executable(${name}_test ${M_TESTS} ${M_SLOW_TESTS})
    target_link_libraries(${name}_test PRIVATE zkinfer_${name} ${M_TEST_DEPS} zkinfer_options GTest::gtest GTest::gtest_main)
    target_compile_definitions(${name}_test PRIVATE ZKINFER_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    target_compile_options(${name}_test PRIVATE ${ZKINFER_RTTI_OPTIONS})
    add_test(NAME ${name} COMMAND ${name}_test --gtest_brief=1)
    set_tests_properties(${name} PROPERTIES TIMEOUT 900)
  endif()
  if(ZKINFER_BENCHES AND M_BENCHES)
    add_executable(${name}_bench ${M_BENCHES})
    target_link_libraries(${name}_bench PRIVATE zkinfer_${name} ${M_BENCH_DEPS} zkinfer_options benchmark::benchmark benchmark::benchmark_main)
  endif()
endfunction()
