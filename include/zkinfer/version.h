// SPDX-License-Identifier: Apache-2.0
// The version of this library; CMake and the package files read it here. Includes in C too.
#pragma once

#define ZKINFER_VERSION_MAJOR 0
#define ZKINFER_VERSION_MINOR 1
#define ZKINFER_VERSION_PATCH 0
