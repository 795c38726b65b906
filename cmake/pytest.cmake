# SPDX-License-Identifier: Apache-2.0
# Tests written in Python.

# penstock_pytest(FILE LABEL unit [FIXTURE kafka]): one ctest test "<label>.<file's name>".
function(penstock_pytest file)
  cmake_parse_arguments(arg "" "LABEL;FIXTURE" "" ${ARGN})
  get_filename_component(name ${file} NAME_WE)
  add_test(NAME ${arg_LABEL}.${name}
    COMMAND /usr/bin/python3 -m pytest -q -p no:cacheprovider
      -c ${CMAKE_SOURCE_DIR}/tests/pytest.ini ${file}
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/tests)
  set_tests_properties(${arg_LABEL}.${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${penstock_test_timeout}
    ENVIRONMENT "PENSTOCK=${CMAKE_BINARY_DIR}/penstock;PYTHONDONTWRITEBYTECODE=1")
  if(arg_FIXTURE)
    set_tests_properties(${arg_LABEL}.${name} PROPERTIES FIXTURES_REQUIRED ${arg_FIXTURE})
  endif()
endfunction()

# penstock_pytests(FOLDER [EXCEPT test_x] ...): every test_*.py in it, labelled with the folder's name.
function(penstock_pytests folder)
  cmake_parse_arguments(pytests "" "EXCEPT" "" ${ARGN})
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/test_*.py)
  if(pytests_EXCEPT)
    list(FILTER files EXCLUDE REGEX "/${pytests_EXCEPT}[.]py$")
  endif()
  foreach(file ${files})
    penstock_pytest(${file} LABEL ${folder} ${pytests_UNPARSED_ARGUMENTS})
  endforeach()
endfunction()
