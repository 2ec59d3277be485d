#include "bridge/http/accept_encoding.h"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/gzip/gzip_body.h"

namespace sse_bridge {
namespace {

// A smaller body fits into one packet anyway.
constexpr size_t kMinBytes = 1024;
// Compressing a larger one would keep a worker from other requests.
constexpr size_t kMaxBytes = 8 << 20;

double QualityOf(absl::string_view parameters) {
  for (absl::string_view each : absl::StrSplit(parameters, ';')) {
    each = absl::StripAsciiWhitespace(each);
    if (!absl::StartsWithIgnoreCase(each, "q=")) continue;
    double q = 0;
    return absl::SimpleAtod(each.substr(2), &q) && q > 0 ? q : 0;
  }
  return 1;
}

}  // namespace

bool WantsGzip(const std::vector<absl::string_view>& accept_encoding) {
  std::optional<double> gzip, identity, others;
  for (const absl::string_view header : accept_encoding) {
    for (const absl::string_view item : absl::StrSplit(header, ',')) {
      const std::pair<absl::string_view, absl::string_view> parts =
          absl::StrSplit(item, absl::MaxSplits(';', 1));
      const absl::string_view coding = absl::StripAsciiWhitespace(parts.first);
      const double q = QualityOf(parts.second);
      if (absl::EqualsIgnoreCase(coding, "gzip") ||
          absl::EqualsIgnoreCase(coding, "x-gzip")) {
        gzip = q;
      } else if (absl::EqualsIgnoreCase(coding, "identity")) {
        identity = q;
      } else if (coding == "*") {
        others = q;
      }
    }
  }
  const double wanted = gzip.value_or(others.value_or(0));
  return wanted > 0 && wanted >= identity.value_or(0);
}

void CompressResponse(const std::vector<absl::string_view>& accept_encoding,
                      HttpResponse* response) {
  if (!response->compressible) return;
  response->headers.emplace_back("Vary", "Accept-Encoding");
  const size_t size = response->body.size();
  if (size < kMinBytes || size > kMaxBytes || !WantsGzip(accept_encoding)) {
    return;
  }
  std::string compressed = GzipBody(response->body);
  if (compressed.empty()) return;
  response->body = std::move(compressed);
  response->headers.emplace_back("Content-Encoding", "gzip");
  for (auto& [name, value] : response->headers) {
    // The bytes are not those that a strong tag names.
    if (name == "ETag" && !absl::StartsWith(value, "W/")) {
      value.insert(0, "W/");
    }
  }
}

}  // namespace sse_bridge
