# SPDX-License-Identifier: Apache-2.0
# Compiler settings every target of ours shares, as one interface library: penstock_flags.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

option(PENSTOCK_WERROR "Treat warnings as errors" OFF)
set(PENSTOCK_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them: address,undefined or thread")
option(PENSTOCK_COVERAGE "Instrument for gcov" OFF)
option(PENSTOCK_FUZZ "Build the fuzzers (needs clang)" OFF)

add_library(penstock_flags INTERFACE)
target_include_directories(penstock_flags INTERFACE
  ${CMAKE_SOURCE_DIR}/common ${CMAKE_SOURCE_DIR}/services)
target_compile_definitions(penstock_flags INTERFACE
  _GNU_SOURCE PENSTOCK_VERSION="${PROJECT_VERSION}")
target_compile_options(penstock_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
  -Wpointer-arith -Wundef -fno-strict-aliasing -fstack-protector-strong
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=
  -include ${CMAKE_SOURCE_DIR}/common/base/banned.h)
if(PENSTOCK_WERROR)
  target_compile_options(penstock_flags INTERFACE -Werror)
endif()
if(PENSTOCK_SANITIZE)
  add_compile_options(-fsanitize=${PENSTOCK_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PENSTOCK_SANITIZE})
endif()
if(PENSTOCK_SANITIZE STREQUAL thread)
  add_library(penstock_tsan OBJECT ${CMAKE_SOURCE_DIR}/tests/support/tsan.c)
  target_link_libraries(penstock_tsan PRIVATE penstock_flags)
  link_libraries($<TARGET_OBJECTS:penstock_tsan>)
endif()
if(PENSTOCK_COVERAGE)
  add_compile_options(--coverage -O0)
  add_link_options(--coverage)
endif()
if(NOT PENSTOCK_SANITIZE)
  target_compile_options(penstock_flags INTERFACE $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
endif()
