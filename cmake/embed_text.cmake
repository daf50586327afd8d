# SPDX-License-Identifier: Apache-2.0
# Script mode: writes OUTPUT, a header with the text of the file INPUT as `inline constexpr char NAME[]` in namespace NAMESPACE.
file(READ ${INPUT} text)
string(FIND "${text}" ")embedded\"" ending)
if(NOT ending EQUAL -1)
  message(FATAL_ERROR "${INPUT} contains what ends a raw string")
endif()
file(WRITE ${OUTPUT} "// Made by cmake/embed_text.cmake.\n#pragma once\nnamespace ${NAMESPACE} {\ninline constexpr char ${NAME}[] = R\"embedded(${text})embedded\";\n}  // namespace ${NAMESPACE}\n")
