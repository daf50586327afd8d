// SPDX-License-Identifier: Apache-2.0
// A secret that counts slots comes before the files that make it useful: a commitment's before its key, a tensor's before its commitment. A
// mark beside it, NAME.unfinished, says until those are there that nobody has anything of it, so that a command that is killed
// meanwhile is in nobody's way. It names the file that comes last: with that one all is there, whether the mark was taken away or not. An
// error, or a stop, takes the secret and its mark away again.
//
//   ZKI_RETURN_IF_ERROR(NewSecret::clear(path));     // before the outputs are checked
//   ..
//   NewSecret secret(path, key_path);
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
  // last: the key, or the tensor's commitment, that is published after everything else; nothing can be read back from "-" or a pipe.
  NewSecret(std::string path, const std::string& last);
  ~NewSecret();
  NewSecret(NewSecret&& other) noexcept;
  NewSecret& operator=(NewSecret&&) = delete;

  // Removes the secret of this name, and what serves under it, that a dead command marked and did not finish: only the one whose
  // identity the mark has, and only while nothing was proven under it. Of one that did finish, only the mark. io: a living one is at it.
  static Status clear(const std::string& path);
  // invalid_argument: it is marked, and nothing may be made under it. A mark that only was not taken away any more goes.
  static Status refuse_unfinished(const std::string& path);

  // What a text says that a mark holds: an identity, or nothing where its maker was ended before; none: it is no mark.
  static std::optional<std::string> marked_identity(std::string_view text);

  // Marks the name for a secret of this identity (of the model, or of the data); on the disk when it returns.
  Status begin(const Digest& identity);
  // The mark goes; the secret still does if keep() is not called.
  Status unmark();
  void keep() { is_kept_ = true; }
  // Whether the last file can be looked for by who comes later.
  bool names_last() const { return !last_.empty(); }

 private:
  std::string path_, last_;
  int mark_ = -1;         // the mark's file, locked
  std::string identity_;  // once it is marked
  bool is_kept_ = false;
};

// Makes the files appear and unmarks the secrets; no signal ends the process in between. Where the last file is a pipe the mark goes
// first: what somebody has read there must not be taken for what nobody has.
Status publish_with(OutputFiles& files, std::span<NewSecret> secrets);

}  // namespace zkinfer::cli
