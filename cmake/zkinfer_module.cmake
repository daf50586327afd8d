# SPDX-License-Identifier: Apache-2.0
# How a folder declares itself.
#
#   zkinfer_module(<name> SOURCES a.cc ... [DEPS zkinfer::x ...] [TESTS a_test.cc ...] [SLOW_TESTS b_test.cc ...]
#                  [TEST_DEPS ...] [BENCHES a_bench.cc ...] [BENCH_DEPS ...] [EXCEPTIONS])
# A library, its tests (one program) and its benchmarks (one program). Without SOURCES the library is header-only.
# EXCEPTIONS turns on exceptions and RTTI (only where a library needs them). A module whose DEPS need a package that no
# wanted component asks for (ZKINFER_COMPONENTS) is left out, and so is what needs it.
#
#   zkinfer_test(<name> SOURCES a_test.cc ... DEPS zkinfer::x ... [DEFINITIONS A=1 ...])
# A test program <name>_test and its ctest <name>. It sees tests/ and src/, and ZKINFER_SOURCE_DIR.
include(GoogleTest)

add_library(zkinfer_options INTERFACE)
# A 32-bit size_t: cmake/wasm.cmake has what is lost checked where it runs. -Wrestrict: GCC 12 warns of std::string concatenation without reason (GCC bug 105651).
target_compile_options(zkinfer_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wno-dangling-else
  $<$<BOOL:${ZKINFER_WERROR}>:-Werror>
  $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},wasm32>:-Wno-shorten-64-to-32>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-error=maybe-uninitialized -Wno-error=array-bounds -Wno-error=stringop-overflow -Wno-error=stringop-overread -Wno-restrict>)
if(ZKINFER_SANITIZE)
  add_compile_options(-fsanitize=${ZKINFER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ZKINFER_SANITIZE})
  # For code with RTTI: most objects come from code without, whose vtables that check refuses.
  set(ZKINFER_RTTI_OPTIONS -fno-sanitize=vptr)
endif()

# Sets `out` to whether all of DEPS exist. Only with some components left out may one be missing.
function(zkinfer_have_deps out)
  set(${out} TRUE PARENT_SCOPE)
  if(ZKINFER_ALL_COMPONENTS)
    return()
  endif()
  foreach(dep IN LISTS ARGN)
    if(dep MATCHES "::" AND NOT TARGET ${dep})
      set(${out} FALSE PARENT_SCOPE)
    endif()
  endforeach()
endfunction()

# For programs whose work is done in the libraries: tests, the command line. Half the time to compile, none to run.
set(ZKINFER_LIGHT_OPTIONS $<$<CONFIG:Release,RelWithDebInfo>:-O1>)

function(zkinfer_module name)
  cmake_parse_arguments(M "EXCEPTIONS" "" "SOURCES;DEPS;TESTS;SLOW_TESTS;TEST_DEPS;BENCHES;BENCH_DEPS" ${ARGN})
  zkinfer_have_deps(have ${M_DEPS})
  if(NOT have)
    return()
  endif()
  if(M_SOURCES)
    add_library(zkinfer_${name} STATIC EXCLUDE_FROM_ALL ${M_SOURCES})
    target_link_libraries(zkinfer_${name} PUBLIC ${M_DEPS} PRIVATE zkinfer_options)
    target_include_directories(zkinfer_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
    if(ZKINFER_PYTHON)
      # The same objects go into archives, programs and the Python module. The second option keeps them as fast as in a program.
      set_target_properties(zkinfer_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
      target_compile_options(zkinfer_${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-semantic-interposition>)
    endif()
    if(M_EXCEPTIONS)
      target_compile_options(zkinfer_${name} PRIVATE ${ZKINFER_RTTI_OPTIONS})
    else()
      target_compile_options(zkinfer_${name} PRIVATE -fno-exceptions -fno-rtti)
    endif()
  else()
    add_library(zkinfer_${name} INTERFACE)
    target_link_libraries(zkinfer_${name} INTERFACE ${M_DEPS})
    target_include_directories(zkinfer_${name} INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  endif()
  add_library(zkinfer::${name} ALIAS zkinfer_${name})

  if(M_TESTS OR M_SLOW_TESTS)
    zkinfer_test(${name} SOURCES ${M_TESTS} ${M_SLOW_TESTS} DEPS zkinfer::${name} ${M_TEST_DEPS})
  endif()
  if(ZKINFER_BENCHES AND M_BENCHES)
    add_executable(${name}_bench ${M_BENCHES})
    target_link_libraries(${name}_bench PRIVATE zkinfer_${name} ${M_BENCH_DEPS} zkinfer_options benchmark::benchmark benchmark::benchmark_main)
  endif()
endfunction()

# The headers that every test reads, read once for all: half of the time that most tests take to compile.
function(zkinfer_test_headers)
  if(TARGET zkinfer_test_headers)
    return()
  endif()
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/test_headers.cc CONTENT "" @ONLY)
  add_library(zkinfer_test_headers OBJECT EXCLUDE_FROM_ALL ${PROJECT_BINARY_DIR}/test_headers.cc)
  target_link_libraries(zkinfer_test_headers PRIVATE zkinfer_options GTest::gtest)
  # The second is what ccache needs.
  target_compile_options(zkinfer_test_headers PRIVATE ${ZKINFER_RTTI_OPTIONS} ${ZKINFER_LIGHT_OPTIONS} $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
  target_precompile_headers(zkinfer_test_headers PRIVATE <gtest/gtest.h> <algorithm> <functional> <map> <optional> <random> <span> <string> <vector>)
endfunction()

function(zkinfer_test name)
  cmake_parse_arguments(T "" "" "SOURCES;DEPS;DEFINITIONS" ${ARGN})
  zkinfer_have_deps(have ${T_DEPS})
  if(NOT ZKINFER_TESTS OR NOT have)
    return()
  endif()
  add_executable(${name}_test ${T_SOURCES})
  target_include_directories(${name}_test PRIVATE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(${name}_test PRIVATE ${T_DEPS} zkinfer_options GTest::gtest GTest::gtest_main)
  target_compile_definitions(${name}_test PRIVATE ZKINFER_SOURCE_DIR="${PROJECT_SOURCE_DIR}" ${T_DEFINITIONS})
  zkinfer_test_headers()
  target_precompile_headers(${name}_test REUSE_FROM zkinfer_test_headers)
  target_compile_options(${name}_test PRIVATE ${ZKINFER_RTTI_OPTIONS} ${ZKINFER_LIGHT_OPTIONS} $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
  add_test(NAME ${name} COMMAND ${name}_test --gtest_brief=1)
  set_tests_properties(${name} PROPERTIES TIMEOUT 900)
endfunction()
