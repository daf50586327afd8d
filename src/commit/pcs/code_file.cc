// SPDX-License-Identifier: Apache-2.0
#include "commit/pcs/code_file.h"

#include <algorithm>
#include <bit>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/parallel.h"
#include "commit/merkle/merkle_verifier.h"
#include "commit/pcs/code_layout.h"
#include "commit/pcs/content_digest.h"
#include "commit/pcs/unkept_code.h"
#include "field/limbs.h"
#include "formats/frame.h"
#include "hash/keccak.h"
#include "hash/keccak_many.h"

namespace zkinfer::pcs {
namespace {

std::span<std::uint8_t> bytes_of(FpSpan values) {
  return {reinterpret_cast<std::uint8_t*>(values.data()), values.size_bytes()};
}

}  // namespace

CodeFile::~CodeFile() {
  if (fd_ >= 0) ::close(fd_);
}

std::uint64_t CodeFile::size() const { return sections_of(header_.params, has_rows_).end; }

Status CodeFile::damaged(const std::string& what) const { return corrupt("code file '" + path_ + "': " + what); }

void CodeFile::announce(std::uint64_t offset, std::size_t num_bytes) const {
  (void)::posix_fadvise(fd_, static_cast<off_t>(begin_ + offset), static_cast<off_t>(num_bytes), POSIX_FADV_WILLNEED);
}

Status CodeFile::read(std::uint64_t offset, std::span<std::uint8_t> bytes) const {
  while (!bytes.empty()) {
    const ssize_t got =
        ::pread(fd_, bytes.data(), std::min<std::size_t>(bytes.size(), 1u << 30), static_cast<off_t>(begin_ + offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("cannot read the code file", path_);
    if (got == 0) return damaged("it is cut off");
    bytes = bytes.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return ok_status();
}

bool CodeFile::exists(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0;
}

Result<std::vector<std::shared_ptr<CodeFile>>> CodeFile::open(const std::string& path) {
  std::vector<std::shared_ptr<CodeFile>> parts;
  struct stat facts {};
  std::uint64_t begin = 0;
  do {
    const int fd = parts.empty() ? ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK) : ::dup(parts[0]->fd_);
    if (fd < 0) return system_error("cannot open the code file", path);
    const std::shared_ptr<CodeFile> part(new CodeFile(path, fd, begin));
    if (begin == 0) {
      if (::fstat(fd, &facts) != 0) return system_error("cannot read the code file", path);
      if (!S_ISREG(facts.st_mode)) return part->damaged("it is no regular file");
    }
    ZKI_RETURN_IF_ERROR(part->read_header());
    ZKI_ASSIGN_OR_RETURN(const Digest root, part->node(1));
    if (root != part->root()) return part->damaged("its tree was changed");
    // Rows are read here and there.
    const std::uint64_t tree = begin + sections_of(part->header_.params, part->has_rows_).tree;
    (void)::posix_fadvise(fd, static_cast<off_t>(tree), static_cast<off_t>(begin + part->size() - tree),
                          POSIX_FADV_RANDOM);
    begin += part->size();
    parts.push_back(part);
  } while (begin < static_cast<std::uint64_t>(facts.st_size));
  if (begin != static_cast<std::uint64_t>(facts.st_size)) {
    return parts[0]->damaged("its size (" + std::to_string(facts.st_size) + " bytes) is not that of its parameters");
  }
  return parts;
}

Status CodeFile::read_header() {
  Bytes bytes(kFixedHeaderBytes);
  ZKI_RETURN_IF_ERROR(read(0, bytes));
  if (const Status frame = check_frame(FileKind::kCodeFile, bytes); !frame.ok()) return damaged(frame.message());
  ByteReader fixed(bytes);
  fixed.raw(kFrameBytes);
  const std::uint8_t rows = fixed.u8();
  has_rows_ = rows == 1;
  CodeParams& params = header_.params;
  params.num_coefs = fixed.u64();
  params.num_random_coefs = fixed.u64();
  params.log_lanes = fixed.u8();
  params.log_domain = fixed.u8();
  params.num_queries = fixed.u32();
  // Bounds as OpeningParams::validate has them, before they are multiplied.
  constexpr std::uint64_t kMaxDomain = std::uint64_t{1} << 32;
  const bool sane = rows <= 1 && params.log_lanes <= 10 && params.log_domain <= 32 && params.num_coefs <= kMaxDomain &&
                    params.num_random_coefs <= kMaxDomain && params.dimension() <= params.domain_size();
  if (!sane) return damaged("its header was changed");
  bytes.resize(header_bytes(params));
  ZKI_RETURN_IF_ERROR(read(0, bytes));
  ByteReader in(ByteView(bytes).subspan(kFixedHeaderBytes));
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
  ZKI_RETURN_IF_ERROR(read(sections_of(header_.params, has_rows_).random, bytes_of(out.span())));
  if (content_digest(bytes_of(static_cast<const FpVec&>(out).span())) != random_digest_) {
    return damaged("its random coefficients were changed");
  }
  return out;
}

Result<Digest> CodeFile::node(std::uint64_t number) const {
  const Sections sections = sections_of(header_.params, has_rows_);
  const int depth = static_cast<int>(std::bit_width(number)) - 1;
  if (depth <= last_level(header_.params, has_rows_)) {
    Digest digest{};
    ZKI_RETURN_IF_ERROR(read(sections.tree + number * sizeof(Digest), digest));
    return digest;
  }
  const std::size_t num_lanes = header_.params.num_lanes();
  const int height = header_.params.log_domain - depth;
  const std::uint64_t first = (number - (std::uint64_t{1} << depth)) << height;
  FpVec rows(num_lanes << height);
  ZKI_RETURN_IF_ERROR(read(sections.rows + first * num_lanes * 8, bytes_of(rows.span())));
  std::vector<Digest> level;
  for (std::size_t i = 0; i < rows.size(); i += num_lanes)
    level.push_back(merkle::hash_leaf(limb_bytes(rows.span().subspan(i, num_lanes))));
  for (; level.size() > 1; level.resize(level.size() / 2)) {
    for (std::size_t i = 0; i < level.size() / 2; ++i) level[i] = merkle::hash_node(level[2 * i], level[2 * i + 1]);
  }
  return level[0];
}

Result<RowSource::Opened> CodeFile::open(std::span<const std::uint64_t> indices) const {
  const CodeParams& params = header_.params;
  const Sections sections = sections_of(params, has_rows_);
  const merkle::TreeShape shape = tree_shape(params, params.num_lanes());
  const std::vector<std::uint64_t> nodes = merkle::multiproof_nodes(shape, indices);
  for (const std::uint64_t index : indices) {
    if (has_rows_) announce(sections.rows + index * shape.row_bytes, shape.row_bytes);
  }
  for (const std::uint64_t number : nodes) {
    if (number >> last_level(params, has_rows_) <= 1) announce(sections.tree + number * sizeof(Digest), sizeof(Digest));
  }
  ZKI_CHECK(has_rows_ || coefs_ != nullptr, "the coefficients of rows that are not in the file");
  FpVec rows = has_rows_ ? FpVec(indices.size() * params.num_lanes()) : evaluate_rows(*coefs_, indices);
  for (std::size_t i = 0; has_rows_ && i < indices.size(); ++i) {
    ZKI_RETURN_IF_ERROR(read(sections.rows + indices[i] * shape.row_bytes,
                             bytes_of(rows.span().subspan(i * params.num_lanes(), params.num_lanes()))));
  }
  Opened opened{limb_bytes(rows.span()), {}};
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
