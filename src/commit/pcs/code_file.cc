// SPDX-License-Identifier: Apache-2.0
#include "commit/pcs/code_file.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <future>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/parallel.h"
#include "commit/merkle/merkle_verifier.h"
#include "commit/pcs/unkept_code.h"
#include "formats/frame.h"
#include "hash/keccak.h"
#include "hash/keccak_many.h"

namespace zkinfer::pcs {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::size_t kMaxBlockBytes = std::size_t{1} << 30;
constexpr std::size_t kPiece = std::size_t{1} << 16;
// Levels of the tree, the leaves among them, that are computed from rows where they are asked for: written out they would be twice
// as long as the rows of four lanes.
constexpr int kLevelsLeftOut = 3;

// Nodes of depth 0 .. this one are in the file.
int last_level(const CodeParams& params) { return std::max(0, params.log_domain - kLevelsLeftOut); }

ByteView bytes_of(FpCSpan values) {
  return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size_bytes()};
}

std::span<std::uint8_t> bytes_of(FpSpan values) {
  return {reinterpret_cast<std::uint8_t*>(values.data()), values.size_bytes()};
}

std::string descriptor_name(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

void write_fe(ByteWriter& out, const Fe& x) {
  for (const Fp c : x.c) out.u64(c.v);
}

// The header is the first section, padded to a page like the others.
std::uint64_t header_bytes(const CodeParams& params) {
  return 4 + 4 + 8 + 8 + 1 + 1 + 4 + 3 * 32 + 24 * (1 + params.num_lanes()) + 32 + 32;
}

struct Sections {
  std::uint64_t random, tree, rows, end;
};

Sections sections_of(const CodeParams& params) {
  const auto padded = [](std::uint64_t bytes) { return (bytes + kPage - 1) / kPage * kPage; };
  Sections s{};
  s.random = padded(header_bytes(params));
  s.tree = s.random + padded(params.num_lanes() * params.num_random_coefs * 8);
  s.rows = s.tree + padded((std::uint64_t{2} << last_level(params)) * sizeof(Digest));
  s.end = s.rows + params.domain_size() * params.num_lanes() * 8;
  return s;
}

Bytes header_of(const CodeFileHeader& header, const Digest& random_digest) {
  ByteWriter out;
  write_frame(out, FileKind::kCodeFile);
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

Status system_error(const std::string& what, const std::string& path) {
  return io_error(what + " '" + path + "': " + std::strerror(errno));
}

// Whether a regular file begins as code files do, whatever is wrong with the rest.
bool is_code_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return false;
  struct stat facts {};
  Bytes head(kFrameBytes);
  const bool is_one = ::fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) &&
                      ::pread(fd, head.data(), head.size(), 0) == static_cast<ssize_t>(head.size()) &&
                      check_frame(FileKind::kCodeFile, head).ok();
  ::close(fd);
  return is_one;
}

}  // namespace

Digest content_digest(ByteView bytes) {
  const std::size_t num_whole = bytes.size() / kPiece;
  std::vector<Digest> digests(num_whole);
  parallel_for(num_whole, 16, [&](std::size_t begin, std::size_t end) {
    keccak256_many({}, bytes.subspan(begin * kPiece, (end - begin) * kPiece), kPiece, kPiece,
                   std::span(digests).subspan(begin, end - begin));
  });
  Keccak256 all;
  for (const Digest& digest : digests) all.update(digest);
  all.update(bytes.subspan(num_whole * kPiece));
  ByteWriter size;
  size.u64(bytes.size());
  all.update(size.bytes());
  return all.finish();
}

CodeFile::~CodeFile() {
  if (fd_ >= 0) ::close(fd_);
  if (direct_ >= 0) ::close(direct_);
  if (!temporary_.empty() && !is_nameless_) ::unlink(temporary_.c_str());
}

Status CodeFile::damaged(const std::string& what) const {
  return corrupt("code file '" + path_ + "': " + what + "; delete it, and it is made again from model and secret");
}

namespace {

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

// A code word is larger than all else together and read in a few places only, much later: it would push everything out of
// the system's cache, and filling fresh pages there costs more than the disk does.
Status CodeFile::write(std::uint64_t offset, ByteView bytes) {
  const bool is_aligned = offset % kPage == 0 && reinterpret_cast<std::uintptr_t>(bytes.data()) % kPage == 0;
  if (direct_ >= 0 && is_aligned) {
    const std::size_t whole = bytes.size() / kPage * kPage;
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

void CodeFile::announce(std::uint64_t offset, std::size_t num_bytes) const {
  (void)::posix_fadvise(fd_, static_cast<off_t>(offset), static_cast<off_t>(num_bytes), POSIX_FADV_WILLNEED);
}

Status CodeFile::read(std::uint64_t offset, std::span<std::uint8_t> bytes) const {
  while (!bytes.empty()) {
    const ssize_t got =
        ::pread(fd_, bytes.data(), std::min<std::size_t>(bytes.size(), 1u << 30), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("cannot read the code file", path_);
    if (got == 0) return damaged("it is cut off");
    bytes = bytes.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return ok_status();
}

Result<std::shared_ptr<CodeFile>> CodeFile::encode(const std::string& path, const LaneCoefs& coefs) {
  const CodeParams& params = coefs.params();
  if (exists(path) && !is_code_file(path)) {
    return invalid_argument("'" + path + "' is there already and is no code file; move it away");
  }
  // Several processes, and threads of one, may make the same file at the same time.
  static std::atomic<std::uint64_t> count{0};
  const std::string temporary = path + ".tmp" + std::to_string(::getpid()) + "." + std::to_string(count++);
  // Without a name until it is sealed, so that a killed process leaves nothing; with one where the system cannot.
  const std::size_t slash = path.find_last_of('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  int fd = ::access("/proc/self/fd", X_OK) == 0 ? ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
  const bool is_nameless = fd >= 0;
  if (!is_nameless) fd = ::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return system_error("cannot create the code file", temporary);
  const std::shared_ptr<CodeFile> file(new CodeFile(path, fd));
  file->temporary_ = temporary;
  file->is_nameless_ = is_nameless;
#ifdef O_DIRECT
  const std::string name = is_nameless ? descriptor_name(fd) : temporary;
  file->direct_ = ::open(name.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC);
#endif
  file->header_.params = params;
  const Sections sections = sections_of(params);
  // Takes the space first: a full disk is found here, and not after the work.
  if (const int error = ::posix_fallocate(fd, 0, static_cast<off_t>(sections.end)); error != 0) {
    errno = error;
    return system_error("no room for the code file (" + std::to_string(sections.end) + " bytes)", temporary);
  }
  const ByteView random = bytes_of(coefs.random_coefs().span());
  file->random_digest_ = content_digest(random);
  ZKI_RETURN_IF_ERROR(file->write(sections.random, random));
  const std::size_t num_lanes = params.num_lanes();
  merkle::MerkleTree tree(tree_shape(params, num_lanes));
  ZKI_RETURN_IF_ERROR(encode_in_blocks(coefs, kMaxBlockBytes, [&](std::uint64_t first, FpCSpan values) {
    const ByteView rows = bytes_of(values);
    // The disk works while the rows are hashed, if there may be a thread for it.
    std::future<Status> written =
        std::async(more_threads_allowed() ? std::launch::async : std::launch::deferred,
                   [&] { return file->write(sections.rows + first * num_lanes * 8, rows); });
    tree.hash_leaves(first, rows);
    return written.get();
  }));
  tree.hash_nodes();
  const std::span<const Digest> nodes =
      static_cast<const merkle::MerkleTree&>(tree).nodes().first(std::size_t{2} << last_level(params));
  ZKI_RETURN_IF_ERROR(
      file->write(sections.tree, {reinterpret_cast<const std::uint8_t*>(nodes.data()), nodes.size_bytes()}));
  file->header_.root = tree.root();
  return file;
}

Status CodeFile::seal(CodeFileHeader header) {
  ZKI_CHECK(!temporary_.empty(), "a code file is sealed once");
  ZKI_CHECK_EQ(header.evaluations.size(), header_.params.num_lanes(), "an evaluation per lane");
  header.params = header_.params;
  header.root = header_.root;
  header_ = std::move(header);
  ZKI_RETURN_IF_ERROR(write(0, header_of(header_, random_digest_)));
  if (is_nameless_ &&
      ::linkat(AT_FDCWD, descriptor_name(fd_).c_str(), AT_FDCWD, temporary_.c_str(), AT_SYMLINK_FOLLOW) != 0)
    return system_error("cannot name the code file", temporary_);
  is_nameless_ = false;
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return system_error("cannot name the code file", path_);
  temporary_.clear();
  if (direct_ >= 0) ::close(direct_);
  direct_ = -1;
  return ok_status();
}

bool CodeFile::exists(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0;
}

Result<std::shared_ptr<CodeFile>> CodeFile::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return system_error("cannot open the code file", path);
  std::shared_ptr<CodeFile> file(new CodeFile(path, fd));
  ZKI_RETURN_IF_ERROR(file->read_header());
  // Rows are read here and there.
  (void)::posix_fadvise(fd, static_cast<off_t>(sections_of(file->header_.params).tree), 0, POSIX_FADV_RANDOM);
  return file;
}

Status CodeFile::read_header() {
  struct stat facts {};
  if (::fstat(fd_, &facts) != 0) return system_error("cannot read the code file", path_);
  if (!S_ISREG(facts.st_mode)) return damaged("it is no regular file");
  constexpr std::size_t kFixed = 4 + 4 + 8 + 8 + 1 + 1 + 4;
  Bytes bytes(kFixed);
  ZKI_RETURN_IF_ERROR(read(0, bytes));
  if (const Status frame = check_frame(FileKind::kCodeFile, bytes); !frame.ok()) return damaged(frame.message());
  ByteReader fixed(bytes);
  fixed.raw(kFrameBytes);
  CodeParams& params = header_.params;
  params.num_coefs = fixed.u64();
  params.num_random_coefs = fixed.u64();
  params.log_lanes = fixed.u8();
  params.log_domain = fixed.u8();
  params.num_queries = fixed.u32();
  // Bounds as OpeningParams::validate has them, before they are multiplied.
  constexpr std::uint64_t kMaxDomain = std::uint64_t{1} << 32;
  const bool sane = params.log_lanes <= 10 && params.log_domain <= 32 && params.num_coefs <= kMaxDomain &&
                    params.num_random_coefs <= kMaxDomain && params.dimension() <= params.domain_size();
  if (!sane || static_cast<std::uint64_t>(facts.st_size) != sections_of(params).end) {
    return damaged("its size (" + std::to_string(facts.st_size) + " bytes) is not that of its parameters");
  }
  bytes.resize(header_bytes(params));
  ZKI_RETURN_IF_ERROR(read(0, bytes));
  ByteReader in(ByteView(bytes).subspan(kFixed));
  const auto digest = [&] {
    Digest out{};
    const ByteView raw = in.raw(out.size());
    std::copy(raw.begin(), raw.end(), out.begin());
    return out;
  };
  const auto element = [&] {
    Fe x;
    for (Fp& c : x.c) c = Fp::reduce(in.u64());
    return x;
  };
  header_.root = digest();
  header_.content = digest();
  header_.rows_key = digest();
  header_.base = element();
  for (std::uint64_t lane = 0; lane < params.num_lanes(); ++lane) header_.evaluations.push_back(element());
  random_digest_ = digest();
  const Digest sum = digest();
  if (!in.finished() || sum != keccak256(ByteView(bytes).first(bytes.size() - sum.size()))) {
    return damaged("its header was changed");
  }
  return ok_status();
}

Result<FpVec> CodeFile::random_coefs() const {
  FpVec out(header_.params.num_lanes() * header_.params.num_random_coefs);
  ZKI_RETURN_IF_ERROR(read(sections_of(header_.params).random, bytes_of(out.span())));
  if (content_digest(bytes_of(static_cast<const FpVec&>(out).span())) != random_digest_) {
    return damaged("its random coefficients were changed");
  }
  return out;
}

Result<Digest> CodeFile::node(std::uint64_t number) const {
  const Sections sections = sections_of(header_.params);
  const int depth = static_cast<int>(std::bit_width(number)) - 1;
  if (depth <= last_level(header_.params)) {
    Digest digest{};
    ZKI_RETURN_IF_ERROR(read(sections.tree + number * sizeof(Digest), digest));
    return digest;
  }
  const std::size_t row_bytes = header_.params.num_lanes() * 8;
  const int height = header_.params.log_domain - depth;
  const std::uint64_t first = (number - (std::uint64_t{1} << depth)) << height;
  Bytes rows(row_bytes << height);
  ZKI_RETURN_IF_ERROR(read(sections.rows + first * row_bytes, rows));
  std::vector<Digest> level;
  for (std::size_t i = 0; i < rows.size(); i += row_bytes)
    level.push_back(merkle::hash_leaf(ByteView(rows).subspan(i, row_bytes)));
  for (; level.size() > 1; level.resize(level.size() / 2)) {
    for (std::size_t i = 0; i < level.size() / 2; ++i) level[i] = merkle::hash_node(level[2 * i], level[2 * i + 1]);
  }
  return level[0];
}

Result<RowSource::Opened> CodeFile::open(std::span<const std::uint64_t> indices) const {
  const CodeParams& params = header_.params;
  const Sections sections = sections_of(params);
  const merkle::TreeShape shape = tree_shape(params, params.num_lanes());
  const std::vector<std::uint64_t> nodes = merkle::multiproof_nodes(shape, indices);
  for (const std::uint64_t index : indices) announce(sections.rows + index * shape.row_bytes, shape.row_bytes);
  for (const std::uint64_t number : nodes) {
    if (number >> last_level(params) <= 1) announce(sections.tree + number * sizeof(Digest), sizeof(Digest));
  }
  Opened opened;
  opened.rows.resize(indices.size() * shape.row_bytes);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    ZKI_RETURN_IF_ERROR(read(sections.rows + indices[i] * shape.row_bytes,
                             std::span(opened.rows).subspan(i * shape.row_bytes, shape.row_bytes)));
  }
  std::vector<Digest> siblings;
  for (const std::uint64_t number : nodes) {
    ZKI_ASSIGN_OR_RETURN(siblings.emplace_back(), node(number));
  }
  for (const Digest& digest : siblings) opened.siblings.insert(opened.siblings.end(), digest.begin(), digest.end());
  if (!merkle::verify_multiproof(shape, header_.root, indices, opened.rows, siblings).ok()) {
    return damaged("a row of the code word was changed");
  }
  return opened;
}

}  // namespace zkinfer::pcs
