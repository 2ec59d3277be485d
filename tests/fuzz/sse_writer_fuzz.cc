// Whatever texts data holds, what is written is read as the event that it was
// meant to be, and as no other (WHATWG HTML, 9.2.6).

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "bridge/http/http_response.h"
#include "bridge/transcode/sse_format.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

// A reader's lines: they end with CR LF, LF or CR.
std::vector<std::string> Lines(absl::string_view text) {
  std::vector<std::string> lines(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' || text[i] == '\n') {
      if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
      lines.emplace_back();
    } else {
      lines.back().push_back(text[i]);
    }
  }
  return lines;
}

// One block: fields or comments, then an empty line, and nothing more.
void RequireOneBlock(absl::string_view text,
                     const std::vector<absl::string_view>& starts) {
  const std::vector<std::string> lines = Lines(text);
  Require(lines.size() >= 3);
  Require(lines[lines.size() - 1].empty() && lines[lines.size() - 2].empty());
  for (size_t i = 0; i + 2 < lines.size(); ++i) {
    bool known = false;
    for (absl::string_view start : starts) {
      known = known || absl::StartsWith(lines[i], start);
    }
    Require(known);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t half = text.find('|');
  const std::string name(text.substr(0, half));
  const absl::string_view value =
      half == absl::string_view::npos ? "" : text.substr(half + 1);

  RequireOneBlock(sse_bridge::CommentFrame(text), {":"});
  RequireOneBlock(sse_bridge::StatusEvent(value),
                  {"event: grpc-status", "data:"});
  std::string clean = name;
  sse_bridge::RemoveLineEnds(0, &clean);
  Require(sse_bridge::IsOneLine(clean));
  Require(sse_bridge::IsOneLine(name) == (clean == name));
  RequireOneBlock(sse_bridge::EventFrame(clean, value), {"event: ", "data:"});

  // A header is one line, or none.
  std::string head;
  sse_bridge::AppendHeader(name, value, &head);
  if (head.empty()) return 0;
  Require(absl::EndsWith(head, "\r\n"));
  const absl::string_view line =
      absl::string_view(head).substr(0, head.size() - 2);
  Require(line.find_first_of(absl::string_view("\r\n\0", 3)) ==
          absl::string_view::npos);
  Require(absl::StartsWith(line, name + ": "));
  return 0;
}
