// SPDX-License-Identifier: Apache-2.0
#include "output_files.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/text.h"
#include "command_options.h"
#include "output_names.h"
#include "print.h"
#include "signals.h"

namespace zkinfer::cli {
namespace {

// "a proof", "an audit key"
std::string named_kind(const FileFormat& format) {
  return std::string(format.article()) + " " + std::string(format.name);
}

// Which file a name stands for.
struct Identity {
  dev_t device = 0;
  ino_t inode = 0;
  explicit Identity(const struct stat& entry) : device(entry.st_dev), inode(entry.st_ino) {}
  friend bool operator==(const Identity&, const Identity&) = default;
};

ByteView bytes_of(const std::string& text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

}  // namespace

struct OutputFiles::Input {
  std::string path;
  Identity identity;
};

struct OutputFiles::File {
  std::string option, path;
  const FileFormat* format = nullptr;  // of ours; else text or data
  std::string head;                    // text
  std::string json_noun;               // of JSON, whose head has no blanks
  std::optional<std::uint64_t> size;   // data
  bool is_private = false;
  bool is_counted = false;  // a secret that counts, made by somebody else
  bool is_checked = false;  // made by somebody else

  int descriptor = -1;    // given: written as it is
  bool in_place = false;  // opened and written at the end
  int pipe = -1;          // in place: once it is open
  std::string real_path;  // regular: the name it will have
  int temporary = -1;     // regular: the file without its name
  bool has_temporary_name = false;
  std::optional<Identity> before;  // a regular file that has the name now
  Bytes pending;                   // not regular: the content until publish()
  bool written = false;
  bool made = false, exchanged = false, replaced = false;  // how it has its name

  File() = default;
  File(File&&) = delete;
  ~File() {
    drop_temporary();
    if (pipe >= 0) ::close(pipe);
  }
  // Ours alone, and the same for every process that writes this file.
  std::string temporary_name() const {
    char name[32];
    std::snprintf(name, sizeof name, "/.zkinfer-%016zx.tmp", std::hash<std::string>{}(real_path));
    return (folder_of(real_path) == "/" ? "" : folder_of(real_path)) + name;
  }
  void drop_temporary() {
    if (has_temporary_name) ::unlink(temporary_name().c_str());
    has_temporary_name = false;
    if (temporary >= 0) ::close(temporary);
    temporary = -1;
  }
  std::string named() const { return option + " " + in_quotes(path); }
  std::string what() const { return format != nullptr ? named_kind(*format) : size.has_value() ? "data" : "text"; }
};

OutputFiles::OutputFiles(bool force) : force_(force) {}
OutputFiles::~OutputFiles() {
  files_.clear();
  // Only empty ones go.
  for (const std::string& folder : made_folders_) ::rmdir(folder.c_str());
}

void OutputFiles::may_make(const std::string& folder) {
  if (!folder.empty()) wanted_folders_.push_back(folder);
}

void OutputFiles::reads(const std::string& path) {
  struct stat entry {};
  const int result = path == "-" ? ::fstat(STDIN_FILENO, &entry) : ::stat(path.c_str(), &entry);
  if (result == 0 && S_ISREG(entry.st_mode)) inputs_.push_back({path, Identity(entry)});
  if (result != 0 || !S_ISDIR(entry.st_mode)) return;
  constexpr std::size_t kMostMembers = std::size_t{1} << 20;
  namespace fs = std::filesystem;
  std::error_code error;
  std::size_t num_members = 0;
  for (fs::recursive_directory_iterator it(path, fs::directory_options::skip_permission_denied, error);
       !error && it != fs::recursive_directory_iterator() && ++num_members < kMostMembers; it.increment(error)) {
    const std::string member = it->path().string();
    if (::stat(member.c_str(), &entry) == 0 && S_ISREG(entry.st_mode)) inputs_.push_back({member, Identity(entry)});
  }
}

Status OutputFiles::also_reads(const std::vector<std::string>& paths) {
  reads(paths);
  for (const std::unique_ptr<File>& file : files_) ZKI_RETURN_IF_ERROR(refuse_input(*file));
  return ok_status();
}

Status OutputFiles::refuse_input(const File& file) const {
  for (const Input& input : inputs_) {
    if (!file.before.has_value() || input.identity != *file.before) continue;
    return invalid_argument(file.named() + " is the file " + in_quotes(input.path) +
                            " that this command reads; name another file");
  }
  return ok_status();
}

void OutputFiles::reads(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) reads(path);
}

OutputFiles::Id OutputFiles::add(const std::string& option, const std::string& path, FileKind kind) {
  auto file = std::make_unique<File>();
  file->option = option;
  file->path = path;
  file->format = &format_of(kind);
  file->is_private = file->format->secrecy != Secrecy::kPublic;
  files_.push_back(std::move(file));
  return files_.size() - 1;
}

OutputFiles::Id OutputFiles::add_text(const std::string& option, const std::string& path, const std::string& head,
                                      bool is_private) {
  auto file = std::make_unique<File>();
  file->option = option;
  file->path = path;
  file->head = head;
  file->is_private = is_private;
  files_.push_back(std::move(file));
  return files_.size() - 1;
}

OutputFiles::Id OutputFiles::add_json(const std::string& option, const std::string& path, const std::string& first_key,
                                      const std::string& noun) {
  const Id id = add_text(option, path, "{\"" + first_key + "\"");
  files_[id]->json_noun = noun;
  return id;
}

OutputFiles::Id OutputFiles::add_data(const std::string& option, const std::string& path, std::uint64_t num_bytes) {
  auto file = std::make_unique<File>();
  file->option = option;
  file->path = path;
  file->size = num_bytes;
  file->is_private = true;
  files_.push_back(std::move(file));
  return files_.size() - 1;
}

void OutputFiles::add_counted(const std::string& option, const std::string& path, FileKind kind) {
  const Id id = add(option, path, kind);
  files_[id]->is_counted = true;
}

void OutputFiles::add_checked(const std::string& option, const std::string& path, FileKind kind) {
  const Id id = add(option, path, kind);
  files_[id]->is_checked = true;
}

Status OutputFiles::check_existing(const File& file) const {
  constexpr std::size_t kMostBlanks = 4096;  // before the first key of JSON
  Bytes head = first_bytes(file.real_path, std::max<std::size_t>(kFrameBytes, file.head.size()) +
                                               (file.json_noun.empty() ? 0 : kMostBlanks));
  const FileFormat* found = find_format(head);
  // A backup may be the last copy of what counts.
  if (found != nullptr && (found->secrecy == Secrecy::kCounted || found->kind == FileKind::kCommitmentBackup)) {
    return invalid_argument(
        file.named() + " is " + named_kind(*found) +
        ", which nothing can make again; no command replaces one. Name another file, or move it away");
  }
  struct stat entry {};
  if (::stat(file.real_path.c_str(), &entry) != 0 || entry.st_size == 0 || force_) return ok_status();
  if (!file.json_noun.empty()) std::erase_if(head, [](std::uint8_t c) { return std::isspace(c) != 0; });
  bool same = found == file.format && found != nullptr && found->kind != FileKind::kKeyShares;
  if (file.format == nullptr && found == nullptr) {
    // Data without a head may be anybody's.
    same = !file.size.has_value() && head.size() >= file.head.size() &&
           std::memcmp(head.data(), file.head.data(), file.head.size()) == 0;
  }
  if (same) return ok_status();
  // Whoever has locked money to them waits for these; a second sealing has others.
  const bool is_shares = found != nullptr && found->kind == FileKind::kKeyShares;
  const std::string is = is_shares               ? "has the key shares of another sealing, which nothing can make again"
                         : found != nullptr      ? "is " + named_kind(*found)
                         : file.size.has_value() ? "is there already, and nothing in it says what it is"
                         : file.json_noun.empty() ? "is there already and is no file that this command writes here"
                                                  : "is there already and is no " + file.json_noun;
  // A file that nobody named, as a proof's path, is replaced by nothing.
  const bool can_force = command_has("--force") && file.option.find("--") != std::string::npos;
  return invalid_argument(file.named() + " " + is +
                          (can_force ? "; replace it with --force if you are sure, or name another file"
                                     : "; name another file, or move it away"));
}

// Removes what a dead process left under the temporary name; false while its maker lives, who holds its lock.
bool OutputFiles::remove_dead_temporary(const File& file) {
  const int fd = ::open(file.temporary_name().c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return errno == ENOENT;
  const bool dead = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
  if (dead) ::unlink(file.temporary_name().c_str());
  ::close(fd);
  return dead;
}

Status OutputFiles::open_temporary(File& file) {
  const mode_t mode = file.is_private ? 0600 : 0666;
  const std::string folder = folder_of(file.real_path);
  file.temporary =
      ::access("/proc/self/fd", X_OK) == 0 ? ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, mode) : -1;
  if (file.temporary < 0 && errno != EACCES && errno != EROFS) {
    // No nameless files on this system.
    const auto create = [&] {
      return ::open(file.temporary_name().c_str(), O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, mode);
    };
    file.temporary = create();
    if (file.temporary < 0 && errno == EEXIST) {
      if (!remove_dead_temporary(file)) return io_error("another process is writing it");
      file.temporary = create();
    }
    file.has_temporary_name = file.temporary >= 0;
  }
  if (file.temporary < 0) return io_error(system_text());
  static_cast<void>(::flock(file.temporary, LOCK_EX | LOCK_NB));
  return ok_status();
}

Status OutputFiles::prepare(File& file) {
  if (file.path.empty()) return invalid_argument(file.option + ": name the file to write; - is standard output");
  file.descriptor = given_descriptor(file.path).value_or(-1);
  struct stat entry {};
  const bool exists =
      (file.descriptor >= 0 ? ::fstat(file.descriptor, &entry) : ::stat(file.path.c_str(), &entry)) == 0;
  if (!exists && (file.descriptor >= 0 || (errno != ENOENT && errno != ENOTDIR))) {
    return io_error(file.named() + " cannot be written: " + system_text());
  }
  if (exists && S_ISREG(entry.st_mode)) file.before.emplace(entry);
  ZKI_RETURN_IF_ERROR(refuse_input(file));
  if (exists && S_ISDIR(entry.st_mode)) return invalid_argument(file.named() + " is a folder; name a file in it");
  if (exists && S_ISBLK(entry.st_mode)) return invalid_argument(file.named() + " is a disk; name a file");
  if (exists && S_ISSOCK(entry.st_mode)) return invalid_argument(file.named() + " is a socket; name a file or a pipe");
  const bool is_regular = file.descriptor < 0 && (!exists || S_ISREG(entry.st_mode));
  if (!is_regular) {
    if (file.is_checked) return invalid_argument(file.named() + " must be a file; move away what is there");
    if (file.is_counted) {
      return invalid_argument(file.named() + ": " + named_kind(*file.format) +
                              " counts its slots and must be a file; name one");
    }
    if (file.head.empty() && exists && S_ISCHR(entry.st_mode) && file.descriptor >= 0 &&
        ::isatty(file.descriptor) == 1) {
      return invalid_argument(file.named() + " is a terminal, and " + file.what() +
                              " is no text; name a file, or use a pipe");
    }
    if (file.descriptor >= 0 && (::fcntl(file.descriptor, F_GETFL) & O_ACCMODE) == O_RDONLY) {
      return invalid_argument(file.named() + " is not open for writing");
    }
    file.in_place = file.descriptor < 0;
    return ok_status();
  }
  const bool named_folder = file.path.ends_with('/');
  file.real_path = named_folder ? "" : followed(file.path);
  const std::string folder =
      file.real_path.empty() ? file.path.substr(0, file.path.find_last_of('/')) : folder_of(file.real_path);
  if (file.real_path.empty()) {
    const std::string why = named_folder ? "it names a folder" : system_text();
    return io_error(file.named() + " cannot be written: " + why + "; make the folder first, or name another file");
  }
  if (folder.ends_with(".zkserving")) {
    return invalid_argument(file.named() +
                            " is in a folder of what serves under a commitment, which only `zkinfer prove` and "
                            "`zkinfer rotate` write into; name another file");
  }
  if (exists) {
    if (file.is_counted) {
      return invalid_argument(
          file.named() +
          " is there already, and no command replaces what may be a secret; name another file, or move it away");
    }
    ZKI_RETURN_IF_ERROR(check_existing(file));
  }
  // Taking the lock of a secret away would let two processes use one slot.
  if (file.real_path.ends_with(".lock")) {
    const FileFormat* locked =
        find_format(first_bytes(file.real_path.substr(0, file.real_path.size() - 5), kFrameBytes));
    if (locked != nullptr && locked->secrecy == Secrecy::kCounted) {
      return invalid_argument(file.named() + " is the lock of " + named_kind(*locked) + "; name another file");
    }
  }
  if (Status status = open_temporary(file); !status.ok()) {
    return io_error(file.named() + ": cannot write into the folder " + in_quotes(folder) + ": " + status.message());
  }
  if (file.size.has_value()) ZKI_RETURN_IF_ERROR(reserve(file, *file.size));
  if (file.is_counted || file.is_checked) file.drop_temporary();
  return ok_status();
}

Status OutputFiles::reserve(const File& file, std::uint64_t num_bytes) {
  if (file.temporary < 0 || reserve_room(file.temporary, num_bytes)) return ok_status();
  return io_error(file.named() + ": no room for about " + std::to_string(num_bytes) + " bytes: " + system_text() +
                  "; free some, or name a file elsewhere");
}

Status OutputFiles::reserve(Id id, std::uint64_t num_bytes) { return reserve(*files_[id], num_bytes); }

Status OutputFiles::prepare() {
  // Where that fails, the file in it says why.
  for (const std::string& folder : wanted_folders_) {
    if (::mkdir(folder.c_str(), 0777) == 0) made_folders_.push_back(folder);
  }
  for (const std::unique_ptr<File>& file : files_) ZKI_RETURN_IF_ERROR(prepare(*file));
  int standard_output = keeps_standard_output_ ? 1 : 0;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    const File& file = *files_[i];
    if (file.descriptor == STDOUT_FILENO && ++standard_output > 1) {
      return invalid_argument(file.named() +
                              ": standard output is used twice (another output, or --json); name a file");
    }
    for (std::size_t j = 0; j < i; ++j) {
      const File& other = *files_[j];
      const bool same_name = !file.real_path.empty() && file.real_path == other.real_path;
      const bool same_file = file.before.has_value() && file.before == other.before;
      const bool same_pipe = file.in_place && other.in_place && file.path == other.path && file.path != "/dev/null";
      if (same_name || same_file || same_pipe)
        return invalid_argument(file.named() + " is written by " + other.option + " too; name two files");
    }
  }
  if (standard_output > 0 && !keeps_standard_output_) print_to_standard_error();
  return ok_status();
}

Status OutputFiles::write(Id id, ByteView bytes) {
  File& file = *files_[id];
  ZKI_CHECK(!file.is_counted && !file.is_checked && !file.written, "each file is written once, some by themselves");
  file.written = true;
  if (file.temporary < 0) {
    file.pending.assign(bytes.begin(), bytes.end());
    return ok_status();
  }
  if (!write_whole(file.temporary, bytes) || ::ftruncate(file.temporary, static_cast<off_t>(bytes.size())) != 0 ||
      ::fsync(file.temporary) != 0)
    return io_error("cannot write " + file.named() + ": " + system_text());
  return ok_status();
}

Status OutputFiles::write(Id id, const std::string& text) { return write(id, bytes_of(text)); }

Status OutputFiles::give_name(File& file) {
  const std::string temporary = file.temporary_name();
  const std::string nameless = "/proc/self/fd/" + std::to_string(file.temporary);
  const auto link_to = [&](const std::string& name) {
    return ::linkat(AT_FDCWD, (file.has_temporary_name ? temporary : nameless).c_str(), AT_FDCWD, name.c_str(),
                    AT_SYMLINK_FOLLOW) == 0;
  };
  const auto move = [&](unsigned flags) {
    return ::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, file.real_path.c_str(), flags) == 0;
  };
  const Status meanwhile =
      io_error(file.named() + " was made or replaced by another process meanwhile; nothing was written over it");
  if (!file.before.has_value()) {
    // Fails where somebody else has taken the name: no two writers win.
    if (link_to(file.real_path)) {
      file.made = true;
    } else if (errno != EEXIST && file.has_temporary_name && (move(RENAME_NOREPLACE) || (errno == EINVAL && move(0)))) {
      // A file system without second names.
      file.made = true;
      file.has_temporary_name = false;
    }
    if (file.made) return ok_status();
    return errno == EEXIST ? meanwhile : io_error("cannot make " + file.named() + ": " + system_text());
  }
  if (!file.has_temporary_name && !(file.has_temporary_name = link_to(temporary)) && errno == EEXIST) {
    if (!remove_dead_temporary(file)) return meanwhile;
    file.has_temporary_name = link_to(temporary);
  }
  if (!file.has_temporary_name) return io_error("cannot make " + in_quotes(temporary) + ": " + system_text());
  const auto stands_for = [](const std::string& name, const Identity& identity) {
    struct stat entry {};
    return ::lstat(name.c_str(), &entry) == 0 && Identity(entry) == identity;
  };
  // The old file gets the temporary name, so that it can be looked at, and comes back if another file fails.
  if (move(RENAME_EXCHANGE)) {
    file.exchanged = true;
    if (stands_for(temporary, *file.before)) return ok_status();
    take_back(file);
    return meanwhile;
  }
  if (errno == ENOENT || !stands_for(file.real_path, *file.before)) return meanwhile;
  if (!move(0)) return io_error("cannot give the finished file the name " + file.named() + ": " + system_text());
  file.has_temporary_name = false;
  file.replaced = true;
  return ok_status();
}

void OutputFiles::take_back(File& file) {
  if (file.made && ::unlink(file.real_path.c_str()) == 0) file.made = false;
  if (file.exchanged &&
      ::renameat2(AT_FDCWD, file.temporary_name().c_str(), AT_FDCWD, file.real_path.c_str(), RENAME_EXCHANGE) == 0)
    file.exchanged = false;
}

Status OutputFiles::open_pipes() {
  for (const std::unique_ptr<File>& file : files_) {
    if (!file->in_place || file->pipe >= 0) continue;
    // A pipe waits for its reader, but not beyond a signal to stop.
    constexpr timespec kPause{0, 20'000'000};
    for (;;) {
      file->pipe = ::open(file->path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
      if (file->pipe >= 0 || errno != ENXIO) break;
      if (StopSignals::stopped_by() != 0)
        return Status(StatusCode::kCancelled, "nobody reads " + file->named() + ", and a signal to stop came");
      ::nanosleep(&kPause, nullptr);
    }
    if (file->pipe >= 0) ::fcntl(file->pipe, F_SETFL, ::fcntl(file->pipe, F_GETFL) & ~O_NONBLOCK);
    if (file->pipe < 0) return io_error("cannot write " + file->named() + ": " + system_text());
  }
  return ok_status();
}

Status OutputFiles::publish() {
  ZKI_RETURN_IF_ERROR(open_pipes());
  for (const std::unique_ptr<File>& file : files_) {
    ZKI_CHECK(file->written || file->is_counted || file->is_checked, "every declared file is written");
    if (file->descriptor < 0 && !file->in_place) continue;
    if (!write_whole(file->in_place ? file->pipe : file->descriptor, file->pending))
      return io_error("cannot write " + file->named() + ": " + system_text());
    if (file->in_place) ::close(std::exchange(file->pipe, -1));
  }
  const HeldSignals held;
  for (const std::unique_ptr<File>& file : files_) {
    if (file->temporary < 0) continue;
    const Status status = give_name(*file);
    if (status.ok()) continue;
    std::string kept;
    for (const std::unique_ptr<File>& other : files_) {
      take_back(*other);
      if (other->made || other->exchanged || other->replaced)
        kept += (kept.empty() ? "" : ", ") + in_quotes(other->path);
    }
    return kept.empty() ? status : Status(status.code(), status.message() + ". Written before that: " + kept);
  }
  std::vector<std::string> folders;
  for (const std::unique_ptr<File>& file : files_) {
    if (file->temporary < 0) continue;
    file->drop_temporary();
    const std::string folder = folder_of(file->real_path);
    if (std::ranges::count(folders, folder) > 0) continue;
    folders.push_back(folder);
    // The names outlive a power cut. Where a folder cannot be synced, the files are there all the same.
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) continue;
    static_cast<void>(::fsync(fd));
    ::close(fd);
  }
  return ok_status();
}

}  // namespace zkinfer::cli
