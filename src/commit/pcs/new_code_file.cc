// SPDX-License-Identifier: Apache-2.0
// The writer of code files.
#include <atomic>
#include <bit>
#include <future>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/parallel.h"
#include "commit/pcs/code_layout.h"
#include "commit/pcs/content_digest.h"
#include "commit/pcs/unkept_code.h"
#include "formats/frame.h"
#include "hash/keccak.h"

namespace zkinfer::pcs {
namespace {

constexpr std::size_t kMaxBlockBytes = std::size_t{1} << 30;
// Of a code word that is hashed and not written.
constexpr std::size_t kMaxUnwrittenBlockBytes = std::size_t{1} << 28;

std::string descriptor_name(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

void write_fe(ByteWriter& out, const Fe& x) {
  for (const Fp c : x.c) out.u64(c.v);
}

Bytes header_of(const CodeFileHeader& header, bool has_rows, const Digest& random_digest) {
  ByteWriter out;
  write_frame(out, FileKind::kCodeFile);
  out.u8(has_rows ? 1 : 0);
  out.u64(header.params.num_coefs);
  out.u64(header.params.num_random_coefs);
  out.u8(header.params.log_lanes);
  out.u8(header.params.log_domain);
  out.u32(header.params.num_queries);
  out.raw(header.root);
  out.raw(header.content);
  out.raw(header.rows_key);
  write_fe(out, header.base);
  for (const Fe& x : header.evaluations) write_fe(out, x);
  out.raw(random_digest);
  out.raw(keccak256(out.bytes()));
  return std::move(out).take();
}

// Whether a regular file begins as code files do, of whatever version, or with the zeros that a lost write leaves; whatever is wrong with the rest.
bool is_code_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return false;
  struct stat facts {};
  Bytes head(kFrameBytes);
  const bool is_file =
      ::fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) && ::pread(fd, head.data(), head.size(), 0) >= 0;
  ::close(fd);
  const FileFormat* const format = find_format(head);
  const bool is_blank = std::ranges::all_of(head, [](std::uint8_t byte) { return byte == 0; });
  return is_file && (is_blank || (format != nullptr && format->kind == FileKind::kCodeFile));
}

// Writes all bytes or says why not (errno).
bool write_all(int fd, std::uint64_t offset, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        ::pwrite(fd, bytes.data(), std::min<std::size_t>(bytes.size(), 1u << 30), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return true;
}

}  // namespace

NewCodeFile::~NewCodeFile() {
  if (fd_ >= 0) ::close(fd_);
  if (direct_ >= 0) ::close(direct_);
  if (!is_published_ && !is_nameless_) ::unlink(temporary_.c_str());
}

// A code word is larger than all else together and read in a few places only, much later: it would push everything out of
// the system's cache, and filling fresh pages there costs more than the disk does.
Status NewCodeFile::write(std::uint64_t offset, ByteView bytes) {
  const bool is_aligned = offset % kCodePage == 0 && reinterpret_cast<std::uintptr_t>(bytes.data()) % kCodePage == 0;
  if (direct_ >= 0 && is_aligned) {
    const std::size_t whole = bytes.size() / kCodePage * kCodePage;
    if (write_all(direct_, offset, bytes.first(whole))) {
      bytes = bytes.subspan(whole);
      offset += whole;
    } else if (errno == EINVAL) {
      ::close(direct_);  // this file system cannot
      direct_ = -1;
    }
  }
  if (write_all(fd_, offset, bytes)) return ok_status();
  return system_error("cannot write the code file", temporary_);
}

Result<std::unique_ptr<NewCodeFile>> NewCodeFile::create(const std::string& path) {
  if (CodeFile::exists(path) && !is_code_file(path)) {
    return invalid_argument("'" + path + "' is there already and is no code file; move it away");
  }
  // Several processes, and threads of one, may make the same file at the same time.
  static std::atomic<std::uint64_t> count{0};
  const std::string temporary = path + ".tmp" + std::to_string(::getpid()) + "." + std::to_string(count++);
  // Without a name until it is published, so that a killed process leaves nothing; with one where the system cannot.
  const std::size_t slash = path.find_last_of('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  int fd = ::access("/proc/self/fd", X_OK) == 0 ? ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
  const bool is_nameless = fd >= 0;
  if (!is_nameless) fd = ::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return system_error("cannot create the code file", temporary);
  std::unique_ptr<NewCodeFile> file(new NewCodeFile(path, temporary, fd));
  file->is_nameless_ = is_nameless;
#ifdef O_DIRECT
  const std::string name = is_nameless ? descriptor_name(fd) : temporary;
  file->direct_ = ::open(name.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC);
#endif
  return file;
}

Result<std::shared_ptr<CodeFile>> NewCodeFile::add(std::shared_ptr<const LaneCoefs> coefs, std::uint64_t most_rows) {
  const CodeParams& params = coefs->params();
  const int fd = ::dup(fd_);
  if (fd < 0) return system_error("cannot create the code file", temporary_);
  const std::shared_ptr<CodeFile> part(new CodeFile(path_, fd, end_));
  part->header_.params = params;
  part->has_rows_ = rows_bytes(params) <= most_rows;
  const Sections sections = sections_of(params, part->has_rows_);
  // Takes the space first: a full disk is found here, and not after the work.
  const int error = ::posix_fallocate(fd_, static_cast<off_t>(end_), static_cast<off_t>(sections.end));
  if (error != 0) {
    errno = error;
    return system_error("no room for the code file (" + std::to_string(end_ + sections.end) + " bytes)", temporary_);
  }
  const ByteView random = bytes_of(coefs->random_coefs().span());
  part->random_digest_ = content_digest(random);
  ZKI_RETURN_IF_ERROR(write(end_ + sections.random, random));
  const std::size_t num_lanes = params.num_lanes();
  merkle::MerkleTree tree(tree_shape(params, num_lanes));
  const std::size_t block_bytes = part->has_rows_ ? kMaxBlockBytes : kMaxUnwrittenBlockBytes;
  ZKI_RETURN_IF_ERROR(encode_in_blocks(*coefs, block_bytes, [&](std::uint64_t first, FpCSpan values) {
    const ByteView rows = bytes_of(values);
    if (!part->has_rows_) {
      tree.hash_leaves(first, values);
      return ok_status();
    }
    // The disk works while the rows are hashed, if there may be a thread for it.
    std::future<Status> written = std::async(more_threads_allowed() ? std::launch::async : std::launch::deferred,
                                             [&] { return write(end_ + sections.rows + first * num_lanes * 8, rows); });
    tree.hash_leaves(first, values);
    return written.get();
  }));
  tree.hash_nodes();
  const std::span<const Digest> nodes =
      static_cast<const merkle::MerkleTree&>(tree).nodes().first(std::size_t{2} << last_level(params, part->has_rows_));
  ZKI_RETURN_IF_ERROR(
      write(end_ + sections.tree, {reinterpret_cast<const std::uint8_t*>(nodes.data()), nodes.size_bytes()}));
  part->header_.root = tree.root();
  if (!part->has_rows_) part->compute_rows_from(std::move(coefs));
  end_ += sections.end;
  return part;
}

Status NewCodeFile::seal(CodeFile& part, CodeFileHeader header) {
  ZKI_CHECK_EQ(header.evaluations.size(), part.header_.params.num_lanes(), "an evaluation per lane");
  header.params = part.header_.params;
  header.root = part.header_.root;
  part.header_ = std::move(header);
  return write(part.begin_, header_of(part.header_, part.has_rows_, part.random_digest_));
}

Status NewCodeFile::publish() {
  ZKI_CHECK(!is_published_, "a code file is published once");
  if (is_nameless_ &&
      ::linkat(AT_FDCWD, descriptor_name(fd_).c_str(), AT_FDCWD, temporary_.c_str(), AT_SYMLINK_FOLLOW) != 0)
    return system_error("cannot name the code file", temporary_);
  is_nameless_ = false;
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return system_error("cannot name the code file", path_);
  is_published_ = true;
  return ok_status();
}

}  // namespace zkinfer::pcs
