// SPDX-License-Identifier: Apache-2.0
#include "new_secret.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "files.h"
#include "inputs/input_bytes.h"
#include "output_names.h"
#include "signals.h"
#include "zkinfer/commit_tensor.h"
#include "zkinfer/commitment_tree.h"
#include "zkinfer/hex.h"
#include "zkinfer/prove.h"

namespace zkinfer::cli {
namespace {

constexpr char kText[] = "zkinfer: this secret is unfinished, and nobody has its key: ";

std::string mark_of(const std::string& path) { return path + ".unfinished"; }

Status failed(const std::string& path) { return io_error(in_quotes(mark_of(path)) + ": " + std::strerror(errno)); }

Status busy(const std::string& path) {
  return io_error("another process is making " + in_quotes(path) + "; wait for it, or name another file");
}

// The identity of the secret that is there; none: there is none, or it cannot be read.
std::optional<std::string> identity_at(const std::string& path) {
  const Result<const FileFormat*> format = kind_of_file(path);
  if (!format.ok() || *format == nullptr) return std::nullopt;
  if ((*format)->kind == FileKind::kTensorSecret) {
    const Result<CommittedTensor> tensor = CommittedTensor::open(path);
    return tensor.ok() ? std::optional(to_hex(tensor->commitment().id())) : std::nullopt;
  }
  const Result<SlotFile> file = SlotFile::open(path, kModelSecretFile);
  if (!file.ok()) return std::nullopt;
  const Result<CommitmentInfo> info = read_commitment_secret(file->payload());
  return info.ok() ? std::optional(to_hex(info->model_identity)) : std::nullopt;
}

// Whether the file that a mark names last is there, and of its identity.
bool is_there(const std::string& last, const std::string& identity) {
  const Result<const FileFormat*> format = kind_of_file(last);
  if (identity.empty() || last.empty() || !format.ok() || *format == nullptr) return false;
  if ((*format)->kind == FileKind::kTensorCommitment) {
    const Result<TensorCommitment> tensor = load_data_commitment(last);
    return tensor.ok() && to_hex(tensor->id()) == identity;
  }
  const Result<VerificationKey> key = load_key(last, 0, kNoVerifyLimits);
  return key.ok() && to_hex(key->info().model_identity) == identity;
}

// What an open mark says.
struct Mark {
  std::string identity, last;
  bool finished() const { return is_there(last, identity); }
};
Mark read_mark(int fd) {
  constexpr std::size_t kMostBytes = 8192;
  std::string text(kMostBytes, '\0');
  const ssize_t got = ::read(fd, text.data(), text.size());
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  Mark mark{NewSecret::marked_identity(text).value_or(""), {}};
  const std::size_t line = text.find('\n');
  if (line != std::string::npos) mark.last = text.substr(line + 1);
  return mark;
}

// More slots are used than the command that made it takes: of a root one for the certificate, one for what serves, which has
// used the one of its rotation.
bool is_in_use(const std::string& path) {
  const Result<CommitmentTree> tree = CommitmentTree::open(path);
  if (!tree.ok()) return false;
  const auto nodes = tree->nodes();
  if (!nodes.ok()) return true;
  return std::ranges::any_of(*nodes, [](const CommitmentTree::Node& node) {
    return node.problem.empty() && node.slots.num_used() > (node.name.empty() ? 2U : 1U);
  });
}

// The secret, its lock, what serves under it and their code words. Errors are not said: what stays is said by whoever meets it.
void remove_secret(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  fs::remove(path, ignored);
  fs::remove(path + ".lock", ignored);
  if (!path.ends_with(".zktsecret")) fs::remove(code_file_of(path), ignored);
  const Result<std::string> folder = serving_folder_of(path);
  if (!folder.ok() || !fs::is_directory(*folder, ignored)) return;
  if (!discard_descendants(path).ok()) return;
  fs::remove(fs::path(*folder) / "making.zkcode", ignored);
  fs::remove(fs::path(*folder) / "rotating.lock", ignored);
  fs::remove(*folder, ignored);  // unless something of somebody's is in it
}

// Only the secret of this identity, and what is left of it where it is gone.
void remove_unfinished(const std::string& path, const std::string& identity) {
  std::error_code error;
  if (identity.empty()) return;
  if (std::filesystem::exists(path, error) && (identity_at(path) != identity || is_in_use(path))) return;
  remove_secret(path);
}

bool is_still_there(int fd, const std::string& mark) {
  struct stat ours {
  }, there{};
  return ::fstat(fd, &ours) == 0 && ::lstat(mark.c_str(), &there) == 0 && ours.st_dev == there.st_dev &&
         ours.st_ino == there.st_ino;
}

void sync_folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  static_cast<void>(::fsync(fd));
  ::close(fd);
}

}  // namespace

NewSecret::NewSecret(std::string path, const std::string& last) : path_(std::move(path)) {
  struct stat entry {};
  const bool is_file = is_named_file(last) && (::stat(last.c_str(), &entry) != 0 || S_ISREG(entry.st_mode));
  std::error_code error;
  // Whoever looks may be in another folder.
  if (is_file) last_ = std::filesystem::absolute(last, error).string();
}

NewSecret::NewSecret(NewSecret&& other) noexcept
    : path_(std::move(other.path_)),
      last_(std::move(other.last_)),
      mark_(std::exchange(other.mark_, -1)),
      identity_(std::exchange(other.identity_, {})),
      is_kept_(other.is_kept_) {}

NewSecret::~NewSecret() {
  if (!is_kept_) remove_unfinished(path_, identity_);
  static_cast<void>(unmark());
}

Status NewSecret::clear(const std::string& path) {
  const std::string mark = mark_of(path);
  const int fd = ::open(mark.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return errno == ENOENT || errno == ENOTDIR ? ok_status() : failed(path);
  // Its maker holds it locked.
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    ::close(fd);
    return busy(path);
  }
  const Mark said = read_mark(fd);
  if (!said.finished()) remove_unfinished(path, said.identity);
  if (is_still_there(fd, mark)) ::unlink(mark.c_str());
  ::close(fd);
  return ok_status();
}

std::optional<std::string> NewSecret::marked_identity(std::string_view text) {
  if (!text.starts_with(kText)) return std::nullopt;
  return std::string(text.substr(sizeof kText - 1, 2 * sizeof(Digest)));
}

Status NewSecret::refuse_unfinished(const std::string& path) {
  const std::string mark = mark_of(path);
  struct stat entry {};
  if (::lstat(mark.c_str(), &entry) != 0) return ok_status();
  if (const int fd = ::open(mark.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK); fd >= 0) {
    const bool finished = ::flock(fd, LOCK_EX | LOCK_NB) == 0 && read_mark(fd).finished();
    if (finished && is_still_there(fd, mark)) ::unlink(mark.c_str());
    ::close(fd);
    if (finished) return ok_status();
  }
  return invalid_argument(in_quotes(path) +
                          " is unfinished: the command that makes it is at work, or was stopped before its key was "
                          "there. Nothing is made under it; the same command again removes it and begins anew");
}

Status NewSecret::begin(const Digest& identity) {
  const std::string mark = mark_of(path_);
  mark_ = ::open(mark.c_str(), O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0600);
  if (mark_ < 0) return errno == EEXIST ? busy(path_) : failed(path_);
  // Whoever found it before it was locked took it for a dead one's.
  if (::flock(mark_, LOCK_EX) != 0 || !is_still_there(mark_, mark)) return busy(path_);
  identity_ = to_hex(identity);
  const std::string text = kText + identity_ + "\n" + last_;
  if (::write(mark_, text.data(), text.size()) != static_cast<ssize_t>(text.size()) || ::fsync(mark_) != 0)
    return failed(path_);
  sync_folder_of(mark);
  return ok_status();
}

Status NewSecret::unmark() {
  if (mark_ < 0) return ok_status();
  const std::string mark = mark_of(path_);
  if (is_still_there(mark_, mark) && ::unlink(mark.c_str()) != 0) return failed(path_);
  sync_folder_of(mark);
  ::close(std::exchange(mark_, -1));
  return ok_status();
}

Status publish_with(OutputFiles& files, std::span<NewSecret> secrets) {
  ZKI_RETURN_IF_ERROR(files.open_pipes());
  const HeldSignals held;
  for (NewSecret& secret : secrets)
    if (!secret.names_last()) ZKI_RETURN_IF_ERROR(secret.unmark());
  ZKI_RETURN_IF_ERROR(files.publish());
  for (NewSecret& secret : secrets) secret.keep();
  for (NewSecret& secret : secrets) ZKI_RETURN_IF_ERROR(secret.unmark());
  return ok_status();
}

}  // namespace zkinfer::cli
