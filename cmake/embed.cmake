# SPDX-License-Identifier: Apache-2.0
# Writes OUT: every file of FILES ("|"-separated, relative to TOP) as a C string constant.
string(REPLACE "|" ";" FILES "${FILES}")
set(text "/* Made at build time from the files named below. */\n")
foreach(file ${FILES})
  file(READ ${TOP}/${file} content)
  string(REGEX REPLACE "\\.sql$" "" name ${file})
  string(MAKE_C_IDENTIFIER ${name} name)
  string(REPLACE "\\" "\\\\" content "${content}")
  string(REPLACE "\"" "\\\"" content "${content}")
  string(REPLACE "\n" "\\n\"\n\"" content "${content}")
  string(APPEND text "static const char ${name}[] =\n\"${content}\";\n")
endforeach()
file(WRITE ${OUT} "${text}")
