// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/bundle.h"

#include "formats/frame.h"

namespace zkinfer {

Bytes ProofBundle::to_bytes() const {
  ByteWriter writer;
  write_frame(writer, FileKind::kBundle);
  for (const Bytes* part : {&certificate, &path, &proof}) writer.blob(*part);
  return std::move(writer).take();
}

bool is_bundle(ByteView bytes) {
  const FileFormat* format = find_format(bytes);
  return format != nullptr && format->kind == FileKind::kBundle;
}

Result<ProofBundle> parse_bundle(ByteView bytes) {
  ZKI_ASSIGN_OR_RETURN(ByteReader reader, open_frame(FileKind::kBundle, bytes));
  ProofBundle bundle;
  for (Bytes* part : {&bundle.certificate, &bundle.path, &bundle.proof}) {
    const ByteView view = reader.blob(kMaxProofBytes);
    part->assign(view.begin(), view.end());
  }
  if (!reader.finished()) return corrupt("bundle: truncated, or bytes after its end");
  if (bundle.proof.empty()) return corrupt("bundle: there is no proof in it");
  return bundle;
}

}  // namespace zkinfer
