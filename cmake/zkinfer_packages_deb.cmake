# SPDX-License-Identifier: Apache-2.0
# Debian packages by CPack (`make deb`): the program, what verifiers build against, and what provers build against beside it.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME zkinfer)
set(CPACK_PACKAGE_VENDOR "zkinfer")
set(CPACK_PACKAGE_CONTACT "zkinfer maintainers")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program verify prove)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_COMPONENT_PROGRAM_GROUP program)
set(CPACK_COMPONENT_VERIFY_GROUP verify)
set(CPACK_COMPONENT_PROVE_GROUP prove)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(description_end " There is no trusted setup, and a proof is checked in milliseconds with a small public key.")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME zkinfer)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION
    "proves that a neural network was run correctly\n The command line: compile, commit, prove, verify; the network and its input stay hidden.\n${description_end}")
set(CPACK_DEBIAN_VERIFY_PACKAGE_NAME libzkinfer-verify-dev)
set(CPACK_DEBIAN_VERIFY_PACKAGE_SECTION libdevel)
set(CPACK_COMPONENT_VERIFY_DESCRIPTION
    "verifier of proofs of neural network inference, for C++ and C\n Static library and headers; depends on nothing but the C++ library.\n${description_end}")
set(CPACK_DEBIAN_PROVE_PACKAGE_NAME libzkinfer-dev)
set(CPACK_DEBIAN_PROVE_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PROVE_PACKAGE_DEPENDS
    "libzkinfer-verify-dev (= ${PROJECT_VERSION}), libtbb-dev, libssl-dev, libonnx-dev, libprotobuf-dev, zlib1g-dev")
set(CPACK_COMPONENT_PROVE_DESCRIPTION
    "prover and compiler of zkinfer, for C++ and C\n Static libraries and headers of the components prove and compile.\n${description_end}")

find_program(GZIP_PROGRAM gzip REQUIRED)
add_custom_command(OUTPUT ${PROJECT_BINARY_DIR}/package/changelog.gz
  COMMAND sh -c "${GZIP_PROGRAM} -9n < ${PROJECT_SOURCE_DIR}/CHANGELOG.md > ${PROJECT_BINARY_DIR}/package/changelog.gz"
  DEPENDS ${PROJECT_SOURCE_DIR}/CHANGELOG.md VERBATIM)
add_custom_target(zkinfer_changelog ALL DEPENDS ${PROJECT_BINARY_DIR}/package/changelog.gz)
file(WRITE ${PROJECT_BINARY_DIR}/package/copyright "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: zkinfer

Files: *
Copyright: the zkinfer authors
License: Apache-2.0
 On Debian systems the whole text of the licence stands in /usr/share/common-licenses/Apache-2.0
")
foreach(part program verify prove)
  string(TOUPPER ${part} upper)
  set(folder ${CMAKE_INSTALL_DATADIR}/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  install(FILES ${PROJECT_BINARY_DIR}/package/copyright DESTINATION ${folder} COMPONENT ${part})
  install(FILES ${PROJECT_BINARY_DIR}/package/changelog.gz DESTINATION ${folder} COMPONENT ${part})
endforeach()
include(CPack)
