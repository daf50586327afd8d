// SPDX-License-Identifier: Apache-2.0
// A secret that counts slots comes before the files that make it useful: a commitment's before its key, a tensor's before its commitment. A
// mark beside it, NAME.unfinished, says until those are there that nobody has anything of it, so that a command that is killed
// meanwhile is in nobody's way. An error, or a stop, takes the secret and its mark away again.
//
//   ZKI_RETURN_IF_ERROR(NewSecret::clear(path));     // before the outputs are checked
//   ..
//   NewSecret secret(path);
//   ZKI_RETURN_IF_ERROR(secret.begin(identity));     // then the secret is made
//   ..
//   ZKI_RETURN_IF_ERROR(publish_with(files, {&secret, 1}));
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "output_files.h"
#include "zkinfer/bytes.h"
#include "zkinfer/status.h"

namespace zkinfer::cli {

class NewSecret {
 public:
  explicit NewSecret(std::string path);
  ~NewSecret();
  NewSecret(NewSecret&& other) noexcept;
  NewSecret& operator=(NewSecret&&) = delete;

  // Removes the secret of this name, and what serves under it, that a dead command marked and did not finish: only the one whose
  // identity the mark has, and only while nothing was proven under it. io: a living one is at it.
  static Status clear(const std::string& path);
  // invalid_argument: it is marked, and nothing may be made under it.
  static Status refuse_unfinished(const std::string& path);

  // What a text says that a mark holds: an identity, or nothing where its maker was ended before; none: it is no mark.
  static std::optional<std::string> marked_identity(std::string_view text);

  // Marks the name for a secret of this identity (of the model, or of the data); on the disk when it returns.
  Status begin(const Digest& identity);
  // The mark goes; the secret still does if keep() is not called.
  Status unmark();
  void keep() { is_kept_ = true; }

 private:
  std::string path_;
  int mark_ = -1;         // the mark's file, locked
  std::string identity_;  // once it is marked
  bool is_kept_ = false;
};

// Unmarks the secrets and makes the files appear; no signal ends the process in between.
Status publish_with(OutputFiles& files, std::span<NewSecret> secrets);

}  // namespace zkinfer::cli
