// SPDX-License-Identifier: Apache-2.0
// With one target there is nothing to loop over: see highway.h beside this file.
#pragma once
