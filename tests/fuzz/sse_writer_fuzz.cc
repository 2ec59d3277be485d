// Whatever texts data holds, what is written is read as the event that it was
// meant to be, and as no other (WHATWG HTML, 9.2.6).

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "bridge/feed/formats/json_array.h"
#include "bridge/feed/formats/multiplexed.h"
#include "bridge/feed/formats/ndjson.h"
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

// An event whose texts are all hostile is one block, and its spans are where
// the texts stand.
void RequireOneEvent(absl::string_view name, absl::string_view value) {
  sse_bridge::StreamEvent event;
  event.name = name;
  event.id = value;
  event.data = value;
  std::string text;
  sse_bridge::EventSpans spans;
  sse_bridge::AppendSseEvent(event, &text, &spans);
  RequireOneBlock(text, {"event: ", "id: ", "data: "});
  Require(spans.name.size == name.size() && spans.id.size == value.size() &&
          spans.data.size == value.size());
  Require(sse_bridge::IsOneLine(spans.name.In(text)));
  Require(sse_bridge::IsOneLine(spans.id.In(text)));
  Require(sse_bridge::IsOneLine(spans.data.In(text)));
}

// Every format makes of an event what its readers take for one.
void CheckFormats(absl::string_view id, absl::string_view text) {
  using namespace sse_bridge;
  const std::string json =
      nlohmann::json(std::string(text))
          .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  StreamEvent event;
  event.id = IsOneLine(id) ? id : absl::string_view();
  event.name = "n";
  event.data = json;

  MultiplexedFormat multiplexed({{"a", {}, {""}}, {"b", {"x", "y"}, {"", ""}}});
  for (int tag = 0; tag < 3; ++tag) {
    std::string block;
    multiplexed.AppendEvent(event, tag, &block);
    RequireOneBlock(block, {"event: ", "id: ", "data: "});
  }
  NdjsonFormat lines;
  std::string line;
  lines.AppendEvent(event, 0, &line);
  Require(line == json + "\n");

  JsonArrayFormat array;
  std::string whole = array.Open({});
  array.AppendEvent(event, 0, &whole);
  event.kind = EventKind::kUnreadable;
  array.AppendEvent(event, 0, &whole);
  array.AppendEnd(nullptr, CloseReason::kDrain, &whole);
  const auto parsed = nlohmann::json::parse(whole, nullptr, false);
  Require(parsed.is_array() && parsed.size() == 3 &&
          parsed[0] == parsed[1]["n"]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t half = text.find('|');
  const std::string name(text.substr(0, half));
  const absl::string_view value =
      half == absl::string_view::npos ? "" : text.substr(half + 1);

  RequireOneBlock(sse_bridge::CommentFrame(text), {":"});
  std::string clean = name;
  sse_bridge::RemoveLineEnds(0, &clean);
  Require(sse_bridge::IsOneLine(clean));
  Require(sse_bridge::IsOneLine(name) == (clean == name));
  RequireOneEvent(name, value);
  CheckFormats(name, value);

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
