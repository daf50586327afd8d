// SPDX-License-Identifier: Apache-2.0
// The first eight bytes of every file of ours, magic and version, with one wording of what can be wrong with them.
#pragma once

#include "base/bytes.h"
#include "zkinfer/formats.h"
#include "zkinfer/status.h"

namespace zkinfer {

void write_frame(ByteWriter& out, FileKind kind);

// Whether `bytes`, or its first kFrameBytes, begin a file of this kind and version. corrupt, naming what is there instead;
// resource_limit when there are more bytes than a file of this kind may have.
Status check_frame(FileKind kind, ByteView bytes);

// A reader behind the frame.
Result<ByteReader> open_frame(FileKind kind, ByteView bytes);

}  // namespace zkinfer
