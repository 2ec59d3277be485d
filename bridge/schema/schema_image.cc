#include "bridge/schema/schema_image.h"

#include <google/protobuf/io/gzip_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bridge/schema/text_image.h"

namespace sse_bridge {

namespace {

namespace io = ::google::protobuf::io;

constexpr absl::string_view kGzipMagic = "\x1f\x8b";
constexpr size_t kGzipTrailer = 8;

// The uncompressed size modulo 2^32, which a gzip member ends with.
uint32_t SizeInTrailer(absl::string_view gzip) {
  uint32_t size = 0;
  for (size_t i = 1; i <= 4; ++i) {
    size = size << 8 | static_cast<unsigned char>(gzip[gzip.size() - i]);
  }
  return size;
}

absl::StatusOr<std::string> Unzip(const std::string& name,
                                  const std::string& gzip) {
  const absl::Status damaged = absl::InvalidArgumentError(
      absl::StrCat(name, ": the gzip data is damaged or incomplete"));
  if (gzip.size() < kGzipTrailer || gzip.size() > kMaxSetBytes) return damaged;
  io::ArrayInputStream bytes(gzip.data(), static_cast<int>(gzip.size()));
  io::GzipInputStream stream(&bytes, io::GzipInputStream::GZIP);
  std::string out;
  const void* data;
  int size;
  while (stream.Next(&data, &size)) {
    if (out.size() + static_cast<size_t>(size) > kMaxSetBytes) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, ": more than ", kMaxSetBytes, " bytes when uncompressed"));
    }
    out.append(static_cast<const char*>(data), static_cast<size_t>(size));
  }
  // Next also returns false at the end of incomplete data.
  if (out.empty() || static_cast<uint32_t>(out.size()) != SizeInTrailer(gzip))
    return damaged;
  return out;
}

// A binary set begins with the tag and length of its first file. Text has no
// control characters and begins with a brace, a comment or a field.
bool LooksLikeText(absl::string_view content) {
  const absl::string_view head = content.substr(0, 256);
  const bool printable = std::all_of(head.begin(), head.end(), [](char c) {
    return !absl::ascii_iscntrl(static_cast<unsigned char>(c)) ||
           absl::ascii_isspace(static_cast<unsigned char>(c));
  });
  const absl::string_view text = absl::StripLeadingAsciiWhitespace(head);
  return printable &&
         (absl::StartsWith(text, "{") || absl::StartsWith(text, "#") ||
          absl::StartsWith(text, "file"));
}

}  // namespace

absl::StatusOr<std::string> ReadSchemaImage(const std::string& name,
                                            std::string content) {
  if (absl::StartsWith(content, kGzipMagic)) {
    auto unzipped = Unzip(name, content);
    if (!unzipped.ok()) return unzipped;
    content = *std::move(unzipped);
  }
  if (!LooksLikeText(content)) return content;
  return absl::StartsWith(absl::StripLeadingAsciiWhitespace(content), "{")
             ? ReadJsonImage(name, content)
             : ReadTextImage(name, content);
}

}  // namespace sse_bridge
