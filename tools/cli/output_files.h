// SPDX-License-Identifier: Apache-2.0
// The files that a command writes. They are declared before anything is computed or a slot is taken, and appear together when
// everything is done, or not at all.
//
//   OutputFiles files(arguments.force);
//   files.reads(arguments.model_path);
//   const OutputFiles::Id proof = files.add("--output", arguments.output_path, FileKind::kProof);
//   ZKI_RETURN_IF_ERROR(files.prepare());
//   ..
//   ZKI_RETURN_IF_ERROR(files.write(proof, bytes));
//   ZKI_RETURN_IF_ERROR(files.publish());
//
// Refused by prepare(), naming the option: what the command reads itself, or writes twice; a secret that counts slots, whatever
// is forced; a file of another kind than the new one, unless forced; what is in a folder of serving commitments; folders, disks and sockets; a missing folder or one that
// cannot be written into; binary data on a terminal.
// "-" is standard output, and so are /dev/stdout and /dev/fd/1. Named pipes and character devices (/dev/null) are written in place,
// symbolic links are followed. A regular file is written beside its name (without one, where the system can: nothing is left by a
// kill) and takes the name at the end; if another process makes or replaces the file meanwhile, publish() refuses.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "zkinfer/formats.h"

namespace zkinfer::cli {

class OutputFiles {
 public:
  using Id = std::size_t;

  // force: files of another kind may be replaced.
  explicit OutputFiles(bool force = false);
  ~OutputFiles();
  OutputFiles(const OutputFiles&) = delete;
  OutputFiles& operator=(const OutputFiles&) = delete;

  // A file that the command reads, or a folder, which stands for all that is in it; "-" or what is neither needs no protection.
  void reads(const std::string& path);
  void reads(const std::vector<std::string>& paths);

  // A file of ours; readable by its owner only where the kind is secret.
  Id add(const std::string& option, const std::string& path, FileKind kind);
  // Text that begins with `head`: a file that begins otherwise is of another kind. private: readable by its owner only.
  Id add_text(const std::string& option, const std::string& path, const std::string& head, bool is_private = false);
  // A JSON object whose first key is `first_key`, whoever laid it out: a file that begins otherwise is of another kind. noun: what
  // it is, for people.
  Id add_json(const std::string& option, const std::string& path, const std::string& first_key,
              const std::string& noun);
  // num_bytes of data without a head, readable by its owner only: whatever has the name already is of another kind.
  Id add_data(const std::string& option, const std::string& path, std::uint64_t num_bytes);
  // A file that a SlotFile will make: only checked here. It must not be there.
  void add_counted(const std::string& option, const std::string& path, FileKind kind);
  // A regular file that the library will write or replace: only checked here.
  void add_checked(const std::string& option, const std::string& path, FileKind kind);

  // A folder that prepare() makes where it is not there, inside one that is. It goes again unless something is published.
  // Empty: none.
  void may_make(const std::string& folder);

  // Standard output is needed for something else (--json).
  void keep_standard_output() { keeps_standard_output_ = true; }

  // All checks, and a place for each file. Nothing that can be seen changes.
  Status prepare();
  // Files that turn out to be read after prepare(): refuses as that does.
  Status also_reads(const std::vector<std::string>& paths);
  // After prepare(), which does it for data: room for so many bytes of a file, where the file system can keep some. Before something is spent that a
  // full disk would cost.
  Status reserve(Id id, std::uint64_t num_bytes);
  // The whole content; once per file, after prepare().
  Status write(Id id, ByteView bytes);
  Status write(Id id, const std::string& text);
  // Opens what is written in place; a pipe waits for its reader. publish() does it where it was not done.
  Status open_pipes();
  // Makes the files appear: what is written in place first, then the others in the order of their declaration; no signal ends the
  // process between two names. On an error the files that this call made are removed again; the message says which files it replaced.
  Status publish();

 private:
  struct Input;
  struct File;

  Status prepare(File& file);
  Status refuse_input(const File& file) const;
  Status check_existing(const File& file) const;
  static Status open_temporary(File& file);
  static Status reserve(const File& file, std::uint64_t num_bytes);
  static bool remove_dead_temporary(const File& file);
  static Status give_name(File& file);
  static void take_back(File& file);

  bool force_ = false, keeps_standard_output_ = false;
  std::vector<Input> inputs_;
  std::vector<std::string> wanted_folders_, made_folders_;
  std::vector<std::unique_ptr<File>> files_;
};

}  // namespace zkinfer::cli
