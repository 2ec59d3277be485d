// The bytes of a connection. Whether they come at once, byte by byte or in
// uneven pieces, the same requests must be found in them, within the limits.
// The head of each is then parsed as its lines say.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "bridge/http/framing/request_framing.h"
#include "bridge/http/httplib_server.h"

namespace {

using sse_bridge::FramingLimits;
using sse_bridge::HttpHeaders;
using sse_bridge::HttplibServer;
using sse_bridge::ParsedRequest;
using sse_bridge::RequestFraming;

void Require(bool holds) {
  if (!holds) std::abort();
}

struct Found {
  RequestFraming::State state;
  size_t end = 0;
  int status = 0;
  bool keep_alive = false;
  std::string verb, target, body, head;
  int minor_version = 1;

  bool operator==(const Found&) const = default;
};

// `pieces`: the sizes of what comes, over and over.
Found Frame(absl::string_view bytes, const FramingLimits& limits,
            const std::vector<size_t>& pieces) {
  RequestFraming framing(&limits);
  size_t seen = 0, piece = 0;
  RequestFraming::State state = framing.Advance("");
  while (seen < bytes.size() && (state == RequestFraming::State::kHead ||
                                 state == RequestFraming::State::kBody)) {
    seen = std::min(bytes.size(), seen + pieces[piece++ % pieces.size()]);
    state = framing.Advance(bytes.substr(0, seen));
    Require(framing.end() <= seen);
  }
  Found found;
  found.state = state;
  if (state == RequestFraming::State::kRefused) {
    found.status = framing.status();
    Require(found.status >= 400 && found.status < 600);
    Require(!framing.reason().empty());
  } else if (state == RequestFraming::State::kComplete) {
    found.end = framing.end();
    found.keep_alive = framing.keep_alive();
    found.verb = framing.verb();
    found.target = framing.target();
    found.minor_version = framing.minor_version();
    found.head = std::string(framing.head(bytes));
    found.body = framing.TakeBody();
  }
  return found;
}

// The headers as the head's lines have them, in the order of their names.
HttpHeaders HeadersIn(absl::string_view head) {
  HttpHeaders headers;
  for (absl::string_view line : absl::StrSplit(head, "\r\n")) {
    const size_t colon = line.find(':');
    if (line.data() == head.data() || line.empty()) continue;
    Require(colon != absl::string_view::npos);
    headers.emplace_back(
        std::string(line.substr(0, colon)),
        std::string(absl::StripAsciiWhitespace(line.substr(colon + 1))));
  }
  return headers;
}

HttpHeaders Sorted(HttpHeaders headers) {
  std::stable_sort(
      headers.begin(), headers.end(), [](const auto& a, const auto& b) {
        return absl::AsciiStrToLower(a.first) < absl::AsciiStrToLower(b.first);
      });
  return headers;
}

void RequireSafe(const Found& found, const FramingLimits& limits) {
  Require(found.end > 0);
  Require(found.body.size() <= limits.max_body_bytes);
  const absl::string_view target = found.target;
  Require(target.size() <= limits.max_request_line_bytes);
  for (char c : target) Require(c > ' ' && c < 0x7f);

  static auto* const httplib = new HttplibServer(/*reuse_port=*/false);
  ParsedRequest request;
  const int refused = httplib->ParseHead(found.head, &request);
  Require(refused == 0 || refused == 400);  // 400: the method is not known
  if (refused != 0) return;
  Require(request.verb == found.verb && request.target == found.target);
  Require(request.minor_version == found.minor_version);
  Require(request.headers.size() <= limits.max_headers);
  Require(Sorted(request.headers) == Sorted(HeadersIn(found.head)));
  int lengths = 0, encodings = 0, hosts = 0;
  for (const auto& [name, value] : request.headers) {
    Require(!name.empty());
    for (char c : value) Require(c != '\r' && c != '\n' && c != '\0');
    lengths += absl::EqualsIgnoreCase(name, "Content-Length");
    encodings += absl::EqualsIgnoreCase(name, "Transfer-Encoding");
    hosts += absl::EqualsIgnoreCase(name, "Host");
  }
  Require(lengths + encodings <= 1 && hosts <= 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FramingLimits limits;
  limits.max_head_bytes = 512;
  limits.max_headers = 10;
  limits.max_request_line_bytes = 128;
  limits.max_body_bytes = 256;
  absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (;;) {
    const Found whole = Frame(bytes, limits, {std::max<size_t>(size, 1)});
    Require(whole == Frame(bytes, limits, {1}));
    Require(whole == Frame(bytes, limits, {3, 1, 17, 2}));
    if (whole.state != RequestFraming::State::kComplete) return 0;
    RequireSafe(whole, limits);
    bytes.remove_prefix(whole.end);
  }
}
