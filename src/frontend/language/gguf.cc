// SPDX-License-Identifier: Apache-2.0
#include "frontend/language/gguf.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "base/text.h"

namespace zkinfer::frontend_language {

namespace {

constexpr std::uint64_t kMostEntries = std::uint64_t{1} << 17;  // of metadata; of tensors
constexpr std::uint64_t kLongestText = std::uint64_t{1} << 20;  // of a single one
constexpr std::uint64_t kMostAxes = 4;
constexpr int kDeepest = 4;
constexpr std::uint64_t kMostTextBytes = std::uint64_t{64} << 20;  // kept, in all

enum Type : std::uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32Value,
  kBool,
  kText,
  kList,
  kU64,
  kI64,
  kF64,
};

// Reads on through a file by blocks. The first failure stays.
class Stream {
 public:
  explicit Stream(const Source& source) : source_(source) {}

  std::uint64_t offset() const { return begin_ + at_; }
  std::uint64_t left() const { return source_.size() - std::min(source_.size(), offset()); }
  bool ok() const { return status_.ok(); }
  const Status& status() const { return status_; }
  void fail(Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

  template <class T>
  T number() {
    std::uint8_t bytes[sizeof(T)] = {};
    take(bytes);
    T out;
    std::memcpy(&out, bytes, sizeof out);
    return out;
  }

  std::string text(std::uint64_t longest) {
    const auto length = number<std::uint64_t>();
    if (!ok()) return {};
    if (length > longest || length > left()) {
      fail(corrupt("a text of " + std::to_string(length) + " bytes at byte " + std::to_string(offset())));
      return {};
    }
    std::string out(static_cast<std::size_t>(length), '\0');
    take({reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
    return out;
  }

  void skip(std::uint64_t num_bytes) {
    if (!ok()) return;
    if (num_bytes > left()) return fail(corrupt("it ends inside its metadata"));
    if (num_bytes <= block_.size() - at_) {
      at_ += static_cast<std::size_t>(num_bytes);
      return;
    }
    begin_ = offset() + num_bytes;
    block_.clear();
    at_ = 0;
  }

 private:
  void take(std::span<std::uint8_t> into) {
    if (!ok()) return;
    if (into.size() > left()) return fail(corrupt("it ends inside its metadata"));
    while (!into.empty()) {
      if (at_ == block_.size()) {
        constexpr std::uint64_t kBlock = 1 << 16;
        begin_ += at_;
        at_ = 0;
        block_.resize(static_cast<std::size_t>(std::min(kBlock, source_.size() - begin_)));
        if (Status status = source_.read(begin_, block_); !status.ok()) return fail(std::move(status));
      }
      const std::size_t now = std::min(into.size(), block_.size() - at_);
      std::copy_n(block_.begin() + static_cast<std::ptrdiff_t>(at_), now, into.begin());
      at_ += now;
      into = into.subspan(now);
    }
  }

  const Source& source_;
  Bytes block_;
  std::uint64_t begin_ = 0;  // of the block
  std::size_t at_ = 0;
  Status status_;
};

std::uint64_t fixed_bytes(std::uint32_t type) {
  constexpr std::uint64_t kBytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return type < std::size(kBytes) ? kBytes[type] : 0;
}

class GgufReader {
 public:
  explicit GgufReader(Gguf& file) : file_(file), stream_(*file.source) {}

  Status run() {
    stream_.skip(kGgufMagic.size());
    const auto version = stream_.number<std::uint32_t>();
    const auto num_tensors = stream_.number<std::uint64_t>();
    const auto num_entries = stream_.number<std::uint64_t>();
    if (!stream_.ok()) return stream_.status();
    if (version != 2 && version != 3)
      return unsupported("version " + std::to_string(version) +
                         ", only 2 and 3 of little-endian machines are read; convert the model again");
    if (num_tensors > kMostEntries || num_entries > kMostEntries)
      return corrupt(std::to_string(num_tensors) + " tensors and " + std::to_string(num_entries) +
                     " entries of metadata");
    for (std::uint64_t i = 0; i < num_entries && stream_.ok(); ++i) read_entry();
    for (std::uint64_t i = 0; i < num_tensors && stream_.ok(); ++i) read_tensor_info();
    if (!stream_.ok()) return stream_.status();
    return place_tensors();
  }

 private:
  struct Info {
    std::string name;
    Dims dims;
    std::uint32_t type = 0;
    std::uint64_t offset = 0;
  };

  void read_entry() {
    const std::string key = stream_.text(kMaxNameBytes);
    const auto type = stream_.number<std::uint32_t>();
    GgufValue value = read_value(type);
    if (!stream_.ok()) return;
    if (!file_.metadata.emplace(key, std::move(value)).second)
      stream_.fail(corrupt("metadata " + in_quotes(key) + " is there twice"));
  }

  GgufValue read_value(std::uint32_t type) {
    const auto whole = [](auto x) { return GgufValue(static_cast<std::int64_t>(x)); };
    switch (type) {
      case kU8: return whole(stream_.number<std::uint8_t>());
      case kI8: return whole(stream_.number<std::int8_t>());
      case kU16: return whole(stream_.number<std::uint16_t>());
      case kI16: return whole(stream_.number<std::int16_t>());
      case kU32: return whole(stream_.number<std::uint32_t>());
      case kI32: return whole(stream_.number<std::int32_t>());
      // What is beyond int64 is no size of anything.
      case kU64: return whole(std::min<std::uint64_t>(stream_.number<std::uint64_t>(), INT64_MAX));
      case kI64: return whole(stream_.number<std::int64_t>());
      case kF32Value: return static_cast<double>(stream_.number<float>());
      case kF64: return stream_.number<double>();
      case kBool: return stream_.number<std::uint8_t>() != 0;
      case kText: {
        std::string text = stream_.text(kLongestText);
        text_bytes_ += text.size();
        if (text_bytes_ > kMostTextBytes) stream_.fail(resource_limit("more than 64 MiB of texts in its metadata"));
        return text;
      }
      case kList: return read_list(0);
      default: stream_.fail(corrupt("metadata of the unknown type " + std::to_string(type))); return false;
    }
  }

  GgufList read_list(int depth) {
    GgufList list;
    list.type = stream_.number<std::uint32_t>();
    list.count = stream_.number<std::uint64_t>();
    list.offset = stream_.offset();
    if (!stream_.ok()) return list;
    const std::uint64_t each = fixed_bytes(list.type);
    // A text or a list has a length at least.
    if (list.type > kF64 || list.count > stream_.left() / (each != 0 ? each : 8) || depth >= kDeepest) {
      stream_.fail(corrupt("a list of " + std::to_string(list.count) + " values of type " + std::to_string(list.type) +
                           " at byte " + std::to_string(list.offset)));
      return list;
    }
    if (each != 0) {
      stream_.skip(each * list.count);
    } else {
      for (std::uint64_t i = 0; i < list.count && stream_.ok(); ++i) {
        if (list.type == kText)
          stream_.skip(stream_.number<std::uint64_t>());
        else
          static_cast<void>(read_list(depth + 1));
      }
    }
    return list;
  }

  void read_tensor_info() {
    Info info;
    info.name = stream_.text(kMaxNameBytes);
    const auto num_axes = stream_.number<std::uint32_t>();
    if (!stream_.ok()) return;
    if (num_axes < 1 || num_axes > kMostAxes)
      return stream_.fail(corrupt("tensor " + in_quotes(info.name) + " has " + std::to_string(num_axes) + " axes"));
    for (std::uint32_t i = 0; i < num_axes; ++i) {
      const auto length = stream_.number<std::uint64_t>();
      if (length < 1 || length > static_cast<std::uint64_t>(kMaxElements))
        stream_.fail(corrupt("tensor " + in_quotes(info.name) + " has an axis of length " + std::to_string(length)));
      info.dims.insert(info.dims.begin(), static_cast<std::int64_t>(length));  // the last of the file is the slowest
    }
    info.type = stream_.number<std::uint32_t>();
    info.offset = stream_.number<std::uint64_t>();
    if (stream_.ok()) infos_.push_back(std::move(info));
  }

  Status place_tensors() {
    const std::int64_t alignment = file_.integer("general.alignment").value_or(32);
    if (alignment < 1 || alignment > 1 << 20 || !std::has_single_bit(static_cast<std::uint64_t>(alignment)))
      return corrupt("an alignment of " + std::to_string(alignment));
    const auto step = static_cast<std::uint64_t>(alignment);
    const std::uint64_t start = (stream_.offset() + step - 1) / step * step;
    const std::uint64_t size = file_.source->size();
    struct Span {
      std::uint64_t begin, end;
      const Info* info;
    };
    std::vector<Span> spans;
    for (Info& info : infos_) {
      const std::string where = "tensor " + in_quotes(info.name);
      const Result<Shape> shape = Shape::make(info.dims);
      if (!shape.ok()) return shape.status().with_context(where);
      const Packing* packing = gguf_packing(info.type);
      if (info.offset % step != 0 || start > size || info.offset > size - start)
        return corrupt(where + " is at " + std::to_string(info.offset) + ", which is no place in this file");
      if (packing != nullptr) {
        if (info.dims.back() % packing->elements != 0)
          return corrupt(where + " of shape " + shape->to_string() + " has no whole blocks of type " +
                         std::string(packing->name));
        const std::uint64_t bytes = packed_bytes(*packing, static_cast<std::uint64_t>(shape->num_elements()));
        if (bytes > size - start - info.offset) return corrupt(where + " goes beyond the end of the file");
        spans.push_back({info.offset, info.offset + bytes, &info});
      }
      ZKI_RETURN_IF_ERROR(file_.tensors.add(
          info.name, {info.dims, gguf_type_name(info.type), packing, start + info.offset, file_.source, false}));
    }
    std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.begin < b.begin; });
    for (std::size_t i = 1; i < spans.size(); ++i)
      if (spans[i].begin < spans[i - 1].end)
        return corrupt("tensors " + in_quotes(spans[i - 1].info->name) + " and " + in_quotes(spans[i].info->name) +
                       " lie on the same bytes");
    return ok_status();
  }

  Gguf& file_;
  Stream stream_;
  std::uint64_t text_bytes_ = 0;
  std::vector<Info> infos_;
};

}  // namespace

const GgufValue* Gguf::find(const std::string& key) const {
  const auto found = metadata.find(key);
  return found == metadata.end() ? nullptr : &found->second;
}

std::optional<std::int64_t> Gguf::integer(const std::string& key) const {
  const GgufValue* value = find(key);
  const auto* integer = value == nullptr ? nullptr : std::get_if<std::int64_t>(value);
  return integer == nullptr ? std::nullopt : std::optional(*integer);
}

std::optional<double> Gguf::number(const std::string& key) const {
  if (const std::optional<std::int64_t> whole = integer(key)) return static_cast<double>(*whole);
  const GgufValue* value = find(key);
  const auto* real = value == nullptr ? nullptr : std::get_if<double>(value);
  return real == nullptr ? std::nullopt : std::optional(*real);
}

std::string Gguf::text(const std::string& key) const {
  const GgufValue* value = find(key);
  const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
  return text == nullptr ? std::string() : *text;
}

bool Gguf::flag(const std::string& key, bool fallback) const {
  const GgufValue* value = find(key);
  const auto* flag = value == nullptr ? nullptr : std::get_if<bool>(value);
  return flag == nullptr ? fallback : *flag;
}

namespace {

// The list of the key, of a type that is wanted; null: there is none.
Result<const GgufList*> list_of(const Gguf& file, const std::string& key, std::uint64_t most, bool texts) {
  const GgufValue* value = file.find(key);
  const auto* list = value == nullptr ? nullptr : std::get_if<GgufList>(value);
  if (list == nullptr || (list->type == kText) != texts || list->type == kList) return nullptr;
  if (list->count > most)
    return resource_limit("metadata " + in_quotes(key) + " has " + std::to_string(list->count) + " values; at most " +
                          std::to_string(most) + " are read");
  return list;
}

}  // namespace

Result<std::vector<std::string>> Gguf::texts(const std::string& key, std::uint64_t most, std::uint64_t longest) const {
  ZKI_ASSIGN_OR_RETURN(const GgufList* list, list_of(*this, key, most, true));
  std::vector<std::string> out;
  if (list == nullptr) return out;
  Stream stream(*source);
  stream.skip(list->offset);
  for (std::uint64_t i = 0; i < list->count && stream.ok(); ++i) out.push_back(stream.text(longest));
  if (!stream.ok()) return stream.status().with_context("metadata " + in_quotes(key));
  return out;
}

Result<std::vector<double>> Gguf::numbers(const std::string& key, std::uint64_t most) const {
  ZKI_ASSIGN_OR_RETURN(const GgufList* list, list_of(*this, key, most, false));
  std::vector<double> out;
  if (list == nullptr) return out;
  Stream stream(*source);
  stream.skip(list->offset);
  for (std::uint64_t i = 0; i < list->count && stream.ok(); ++i) {
    switch (list->type) {
      case kU8:
      case kBool: out.push_back(stream.number<std::uint8_t>()); break;
      case kI8: out.push_back(stream.number<std::int8_t>()); break;
      case kU16: out.push_back(stream.number<std::uint16_t>()); break;
      case kI16: out.push_back(stream.number<std::int16_t>()); break;
      case kU32: out.push_back(stream.number<std::uint32_t>()); break;
      case kI32: out.push_back(stream.number<std::int32_t>()); break;
      case kF32Value: out.push_back(static_cast<double>(stream.number<float>())); break;
      case kU64: out.push_back(static_cast<double>(stream.number<std::uint64_t>())); break;
      case kI64: out.push_back(static_cast<double>(stream.number<std::int64_t>())); break;
      default: out.push_back(stream.number<double>()); break;
    }
  }
  if (!stream.ok()) return stream.status().with_context("metadata " + in_quotes(key));
  return out;
}

Result<Gguf> read_gguf(std::shared_ptr<const Source> source) {
  Gguf file;
  file.source = std::move(source);
  ZKI_RETURN_IF_ERROR(GgufReader(file).run());
  return file;
}

}  // namespace zkinfer::frontend_language
