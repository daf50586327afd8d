// SPDX-License-Identifier: Apache-2.0
#include "inputs/png_reader.h"

#include <csetjmp>
#include <cstring>

#include <png.h>

namespace zkinfer {
namespace {

constexpr png_uint_32 kMaxSide = 1 << 13;

// Everything libpng's longjmp may jump over lives here and not on decode()'s stack.
struct Decoder {
  ByteView bytes;
  std::size_t offset = 0;
  std::string error;
  png_structp png = nullptr;
  png_infop info = nullptr;
  png_uint_32 width = 0, height = 0;
  std::size_t channels = 0;
  Bytes pixels;
  std::vector<png_bytep> rows;
  std::uint64_t plain_bytes = 0;
  bool wide = false;  // 16 bits per channel

  ~Decoder() { png_destroy_read_struct(&png, &info, nullptr); }
};

void on_error(png_structp png, png_const_charp message) {
  static_cast<Decoder*>(png_get_error_ptr(png))->error = message;
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void on_read(png_structp png, png_bytep out, png_size_t num_bytes) {
  auto* decoder = static_cast<Decoder*>(png_get_io_ptr(png));
  if (num_bytes > decoder->bytes.size() - decoder->offset) png_error(png, "the file is cut off");
  std::memcpy(out, decoder->bytes.data() + decoder->offset, num_bytes);
  decoder->offset += num_bytes;
}

// False after an error, which is then in decoder.error. No object with a destructor may live in this frame (longjmp).
bool decode(Decoder& decoder) {
  if (setjmp(png_jmpbuf(decoder.png)) != 0) return false;
  png_set_read_fn(decoder.png, &decoder, on_read);
  png_set_user_limits(decoder.png, kMaxSide, kMaxSide);
  png_set_chunk_malloc_max(decoder.png, 1 << 22);
  png_set_chunk_cache_max(decoder.png, 64);
  png_read_info(decoder.png, decoder.info);
  decoder.width = png_get_image_width(decoder.png, decoder.info);
  decoder.height = png_get_image_height(decoder.png, decoder.info);
  decoder.wide = png_get_bit_depth(decoder.png, decoder.info) == 16;
  if (decoder.wide) return true;
  png_set_expand(decoder.png);  // palette to colour, fewer bits to 8, transparent colour to alpha
  png_set_interlace_handling(decoder.png);
  png_read_update_info(decoder.png, decoder.info);
  decoder.channels = png_get_channels(decoder.png, decoder.info);
  const std::size_t row_bytes = png_get_rowbytes(decoder.png, decoder.info);
  decoder.plain_bytes = std::uint64_t{row_bytes} * decoder.height;
  if (decoder.plain_bytes > max_plain_bytes(decoder.bytes.size())) return true;
  decoder.pixels.resize(row_bytes * decoder.height);
  for (png_uint_32 y = 0; y < decoder.height; ++y) decoder.rows.push_back(decoder.pixels.data() + y * row_bytes);
  png_read_image(decoder.png, decoder.rows.data());
  png_read_end(decoder.png, nullptr);
  return true;
}

}  // namespace

Result<Array> read_png(ByteView bytes) {
  Decoder decoder;
  decoder.bytes = bytes;
  decoder.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &decoder, on_error, on_warning);
  if (decoder.png == nullptr) return internal_error("libpng cannot start");
  decoder.info = png_create_info_struct(decoder.png);
  if (decoder.info == nullptr) return internal_error("libpng cannot start");
  if (!decode(decoder)) return corrupt("no readable PNG: " + decoder.error);
  if (decoder.wide) return unsupported("PNG with 16 bits per channel; convert it to 8 bits");
  if (decoder.plain_bytes > max_plain_bytes(bytes.size())) {
    return resource_limit("PNG of " + std::to_string(bytes.size()) + " bytes with " +
                          std::to_string(decoder.plain_bytes) + " bytes of pixels, at most " +
                          std::to_string(max_plain_bytes(bytes.size())) + " are decompressed");
  }

  const bool has_alpha = decoder.channels % 2 == 0;
  const std::size_t kept = has_alpha ? decoder.channels - 1 : decoder.channels;
  Array array;
  array.kind = ArrayKind::kLevels;
  array.is_picture = true;
  array.shape = {decoder.height, decoder.width, static_cast<std::int64_t>(kept)};
  const std::size_t num_pixels = static_cast<std::size_t>(decoder.height) * decoder.width;
  array.data.reserve(num_pixels * kept);
  for (std::size_t i = 0; i < num_pixels; ++i) {
    const std::uint8_t* pixel = decoder.pixels.data() + i * decoder.channels;
    if (has_alpha && pixel[kept] != 255) {
      return unsupported("PNG with transparent pixels; flatten it onto a background first");
    }
    for (std::size_t c = 0; c < kept; ++c) array.data.push_back(pixel[c]);
  }
  return array;
}

}  // namespace zkinfer
