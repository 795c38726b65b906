# SPDX-License-Identifier: Apache-2.0
# One static library a folder, one executable a unit test, SQL and pages as C strings.

# penstock_library(NAME SOURCES ... ROOMS base schema ... LIBS PkgConfig::pq ... SQL file.sql ... PAGES file.html ...)
# NAME is the folder's name. ROOMS are folders of common/ it may include; LIBS stay private to it.
function(penstock_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;ROOMS;LIBS;SQL;PAGES" ${ARGN})
  add_library(penstock_${name} STATIC ${arg_SOURCES})
  target_link_libraries(penstock_${name} PUBLIC penstock_flags Threads::Threads)
  foreach(room ${arg_ROOMS})
    target_link_libraries(penstock_${name} PUBLIC penstock_${room})
  endforeach()
  target_link_libraries(penstock_${name} PRIVATE ${arg_LIBS})
  if(arg_SQL)
    penstock_embed(penstock_${name} sql ${arg_SQL})
  endif()
  if(arg_PAGES)
    penstock_embed(penstock_${name} pages ${arg_PAGES})
  endif()
endfunction()

# Each sql/a/b.sql (path from the top) becomes `const char sql_a_b[]`, a/b.html `a_b_html[]`, in "<target>_<kind>.h".
function(penstock_embed target kind)
  set(header ${CMAKE_CURRENT_BINARY_DIR}/${target}_${kind}.h)
  set(files)
  foreach(file ${ARGN})
    list(APPEND files ${CMAKE_SOURCE_DIR}/${file})
  endforeach()
  list(JOIN ARGN "|" names)
  add_custom_command(OUTPUT ${header}
    COMMAND ${CMAKE_COMMAND} -DTOP=${CMAKE_SOURCE_DIR} -DOUT=${header} -DFILES=${names}
      -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
  target_sources(${target} PRIVATE ${header})
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
endfunction()

# A test that hangs ends at last; none comes near this, however busy the machine is.
set(penstock_test_timeout 600)

# penstock_unit_test(test_csv ROOMS format ... LIBS ...): tests/unit/<room>/test_csv.c, label unit.
function(penstock_unit_test name)
  cmake_parse_arguments(arg "" "LABEL" "SOURCES;ROOMS;LIBS" ${ARGN})
  add_executable(${name} ${name}.c ${arg_SOURCES})
  foreach(room ${arg_ROOMS})
    target_link_libraries(${name} PRIVATE penstock_${room})
  endforeach()
  target_link_libraries(${name} PRIVATE penstock_flags PkgConfig::cmocka ${arg_LIBS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(${name} PRIVATE SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  add_test(NAME ${arg_LABEL}.${name} COMMAND ${name})
  set_tests_properties(${arg_LABEL}.${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${penstock_test_timeout})
  if(arg_LABEL STREQUAL integration)
    set_tests_properties(${arg_LABEL}.${name} PROPERTIES LABELS "integration;sanitizers" COST 50)
  endif()
endfunction()
