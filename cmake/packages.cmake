# SPDX-License-Identifier: Apache-2.0
# Third-party libraries. A missing one is named with its Debian package.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

function(penstock_package target module package)
  pkg_check_modules(${target} IMPORTED_TARGET ${module})
  if(NOT ${target}_FOUND)
    set_property(GLOBAL APPEND PROPERTY penstock_missing ${package})
  endif()
endfunction()

penstock_package(rdkafka rdkafka>=2.0 librdkafka-dev)
penstock_package(pq libpq libpq-dev)
penstock_package(avro avro-c libavro-dev)
penstock_package(yaml yaml-0.1 libyaml-dev)
penstock_package(jansson jansson libjansson-dev)
penstock_package(archive libarchive libarchive-dev)
penstock_package(zlib zlib zlib1g-dev)
penstock_package(crypto libcrypto libssl-dev)
penstock_package(curl libcurl libcurl4-openssl-dev)
penstock_package(microhttpd libmicrohttpd libmicrohttpd-dev)
penstock_package(expat expat libexpat1-dev)
if(BUILD_TESTING)
  penstock_package(cmocka cmocka libcmocka-dev)
endif()

# libpg_query ships no pkg-config file.
find_path(PG_QUERY_INCLUDE pg_query.h)
find_library(PG_QUERY_LIBRARY pg_query)
if(PG_QUERY_INCLUDE AND PG_QUERY_LIBRARY)
  add_library(PkgConfig::pg_query UNKNOWN IMPORTED)
  set_target_properties(PkgConfig::pg_query PROPERTIES
    IMPORTED_LOCATION ${PG_QUERY_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${PG_QUERY_INCLUDE})
else()
  set_property(GLOBAL APPEND PROPERTY penstock_missing libpg-query-dev)
endif()

get_property(missing GLOBAL PROPERTY penstock_missing)
if(missing)
  list(JOIN missing " " packages)
  message(FATAL_ERROR "Missing libraries. Install them with:\n  apt-get install ${packages}\nor run: make deps")
endif()
