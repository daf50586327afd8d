// SPDX-License-Identifier: Apache-2.0
#include "slots/file_ops.h"
#include "base/files.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

namespace zkinfer {

namespace {

Status failed(const std::string& what) { return io_error(what + ": " + std::strerror(errno)); }

FileOps::Facts facts_from(const struct stat& entry) {
  return {true, S_ISREG(entry.st_mode), entry.st_dev, entry.st_ino, entry.st_nlink};
}

Result<int> opened(const std::string& path, int flags, const char* what) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, S_IRUSR | S_IWUSR);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return failed(what + (" " + in_quotes(path)));
  return fd;
}

class SystemFileOps final : public FileOps {
 public:
  Result<std::string> resolve(const std::string& path) override {
    const auto real = [](const std::string& name) {
      char* found = ::realpath(name.c_str(), nullptr);
      std::string text = found == nullptr ? "" : found;
      std::free(found);
      return text;
    };
    if (std::string whole = real(path); !whole.empty()) return whole;
    const int error = errno;
    const std::size_t slash = path.find_last_of('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
    struct stat entry {};
    // A link to nowhere must not become a file beside its target.
    if (error != ENOENT || name.empty() || ::lstat(path.c_str(), &entry) == 0) {
      errno = error;
      return failed("cannot follow the path " + in_quotes(path));
    }
    const std::string real_folder = real(folder);
    if (real_folder.empty()) return failed("cannot find the folder of " + in_quotes(path));
    return (real_folder == "/" ? "" : real_folder) + "/" + name;
  }

  Result<Facts> facts(const std::string& path) override {
    struct stat entry {};
    if (::lstat(path.c_str(), &entry) == 0) return facts_from(entry);
    if (errno == ENOENT) return Facts{};
    return failed("cannot look at " + in_quotes(path));
  }

  Result<Facts> facts_of(int fd) override {
    struct stat entry {};
    if (::fstat(fd, &entry) != 0) return failed("cannot look at an open file");
    return facts_from(entry);
  }

  Result<int> open_file(const std::string& path) override {
    return opened(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, "cannot open");
  }

  // What a crashed process left under this name is removed first: another owner's file or a link must not receive the secret.
  Result<int> open_empty(const std::string& path) override {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("cannot remove the old " + in_quotes(path));
    return opened(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, "cannot create");
  }

  Result<int> open_folder(const std::string& path) override {
    return opened(path, O_RDONLY | O_DIRECTORY, "cannot open the folder");
  }

  Result<int> open_lock(const std::string& path) override {
    return opened(path, O_RDWR | O_CREAT | O_NOFOLLOW, "cannot open the lock file");
  }

  Result<bool> try_lock(int fd) override {
    int result = -1;
    do {
      result = ::flock(fd, LOCK_EX | LOCK_NB);
    } while (result != 0 && errno == EINTR);
    if (result == 0) return true;
    if (errno == EWOULDBLOCK) return false;
    return failed("cannot lock");
  }

  void wait() override { ::usleep(2000); }

  Result<Bytes> read(int fd, const std::string& path, std::uint64_t max_bytes) override {
    return read_open_file(fd, path, max_bytes);
  }

  Result<std::size_t> write(int fd, ByteView bytes) override {
    ssize_t count = -1;
    do {
      count = ::write(fd, bytes.data(), bytes.size());
    } while (count < 0 && errno == EINTR);
    if (count < 0) return failed("cannot write");
    return static_cast<std::size_t>(count);
  }

  Status sync(int fd) override {
    if (::fsync(fd) != 0) return failed("cannot bring the change to the disk");
    return ok_status();
  }

  Status close(int fd) override {
    if (::close(fd) != 0) return failed("cannot close a file");
    return ok_status();
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return failed("cannot rename the finished file to " + in_quotes(to));
    return ok_status();
  }

  Status remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return failed("cannot remove " + in_quotes(path));
    return ok_status();
  }

  Result<std::vector<std::string>> list(const std::string& folder) override {
    std::vector<std::string> names;
    DIR* stream = ::opendir(folder.c_str());
    if (stream == nullptr && errno == ENOENT) return names;
    if (stream == nullptr) return failed("cannot look into the folder " + in_quotes(folder));
    errno = 0;
    while (const dirent* entry = ::readdir(stream)) names.emplace_back(entry->d_name);
    const int error = errno;
    ::closedir(stream);
    errno = error;
    if (error != 0) return failed("cannot look into the folder " + in_quotes(folder));
    return names;
  }

  Status make_folder(const std::string& path) override {
    if (::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST)
      return failed("cannot make the folder " + in_quotes(path));
    return ok_status();
  }
};

}  // namespace

FileOps& system_file_ops() {
  static SystemFileOps ops;
  return ops;
}

}  // namespace zkinfer
