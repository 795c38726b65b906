# SPDX-License-Identifier: Apache-2.0
# `cmake --install`: what belongs to no folder's own CMakeLists.txt.
include(GNUInstallDirs)
install(DIRECTORY schemas/ DESTINATION ${CMAKE_INSTALL_DATADIR}/penstock/schemas)
install(DIRECTORY examples/ DESTINATION ${CMAKE_INSTALL_DATADIR}/penstock/examples
  USE_SOURCE_PERMISSIONS PATTERN ".penstock" EXCLUDE)
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
