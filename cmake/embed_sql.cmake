# SPDX-License-Identifier: Apache-2.0
# Writes OUT: every file of FILES ("|"-separated, relative to TOP) as a C string constant.
string(REPLACE "|" ";" FILES "${FILES}")
set(text "/* Made from sql/ at build time. */\n")
foreach(file ${FILES})
  file(READ ${TOP}/${file} sql)
  string(REGEX REPLACE "\\.sql$" "" name ${file})
  string(MAKE_C_IDENTIFIER ${name} name)
  string(REPLACE "\\" "\\\\" sql "${sql}")
  string(REPLACE "\"" "\\\"" sql "${sql}")
  string(REPLACE "\n" "\\n\"\n\"" sql "${sql}")
  string(APPEND text "static const char ${name}[] =\n\"${sql}\";\n")
endforeach()
file(WRITE ${OUT} "${text}")
