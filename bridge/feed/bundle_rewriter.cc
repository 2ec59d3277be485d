#include "bridge/feed/bundle_rewriter.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/feed/reset_event.h"

namespace sse_bridge {
namespace {

constexpr absl::string_view kId = "id: ";

bool IsPlain(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
         c == '.' || c == '_' || c == ':';
}

void AppendEscaped(absl::string_view text, std::string* out) {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (char c : text) {
    if (IsPlain(c)) {
      out->push_back(c);
    } else {
      out->push_back('%');
      out->push_back(kHex[static_cast<unsigned char>(c) >> 4]);
      out->push_back(kHex[static_cast<unsigned char>(c) & 15]);
    }
  }
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool Unescape(absl::string_view text, std::string* out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out->push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return false;
    const int high = HexValue(text[i + 1]), low = HexValue(text[i + 2]);
    if (high < 0 || low < 0) return false;
    out->push_back(static_cast<char>(high << 4 | low));
    i += 2;
  }
  return true;
}

}  // namespace

absl::flat_hash_map<std::string, std::string> BundleCursor::Parse(
    absl::string_view text) {
  absl::flat_hash_map<std::string, std::string> ids;
  if (text.size() > kMaxBytes) return ids;
  for (absl::string_view part : absl::StrSplit(text, '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(part, absl::MaxSplits('=', 1));
    std::string name, id;
    if (!Unescape(pair.first, &name) || !Unescape(pair.second, &id)) continue;
    if (!name.empty() && !id.empty()) ids.try_emplace(name, id);
  }
  return ids;
}

void BundleCursor::AppendTo(absl::string_view name, absl::string_view id,
                            std::string* out) {
  if (!out->empty()) out->push_back('&');
  AppendEscaped(name, out);
  out->push_back('=');
  AppendEscaped(id, out);
}

BundleRewriter::BundleRewriter(std::vector<Part> parts)
    : parts_(std::move(parts)) {}

std::string BundleRewriter::Cursor() const {
  std::string cursor;
  for (const Part& part : parts_) {
    if (!part.id.empty()) BundleCursor::AppendTo(part.key, part.id, &cursor);
  }
  return cursor;
}

FramePtr BundleRewriter::Rewrite(const Frame& frame, int tag) {
  const FrameInfo& info = frame.info();
  if (!info.is_event) return Frame::Create(frame.payload(), info);
  Part& part = parts_[static_cast<size_t>(tag)];
  if (info.data_begin == 0) return RewriteOwn(frame, &part);

  const absl::string_view payload = frame.payload();
  const bool has_id = info.id_end > info.event_end;
  FrameInfo rewritten = info;
  std::string text = part.name.empty()
                         ? std::string(payload.substr(0, info.event_end))
                         : absl::StrCat("event: ", part.name, "\n");
  rewritten.event_end = static_cast<uint32_t>(text.size());
  if (has_id) {
    // Between "id: " and the end of the line.
    const absl::string_view id =
        payload.substr(info.event_end + kId.size(),
                       info.id_end - info.event_end - kId.size() - 1);
    part.id.assign(id.data(), id.size());
    absl::StrAppend(&text, kId, Cursor(), "\n");
  }
  rewritten.id_end = static_cast<uint32_t>(text.size());
  const uint32_t data_line = has_id ? info.id_end : info.event_end;
  rewritten.data_begin += rewritten.id_end - data_line;
  rewritten.data_end += rewritten.id_end - data_line;
  const absl::string_view rest = payload.substr(data_line);
  text.append(rest.data(), rest.size());
  return Frame::Create(text, rewritten);
}

FramePtr BundleRewriter::RewriteOwn(const Frame& frame, Part* part) {
  constexpr absl::string_view kData = "data: {";
  const absl::string_view payload = frame.payload();
  const size_t data = payload.find(kData);
  if (data == absl::string_view::npos) return nullptr;
  FrameInfo info = frame.info();
  std::string text(payload.substr(0, info.event_end));
  if (IsReset(frame)) {
    // This stream stands nowhere now; the others where they stood.
    part->id.clear();
    absl::StrAppend(&text, kId, Cursor(), "\n", kData);
    info.id_end = static_cast<uint32_t>(text.size() - kData.size());
  } else {
    text = std::string(payload.substr(0, data + kData.size()));
  }
  const absl::string_view members = payload.substr(data + kData.size());
  if (!part->name.empty()) {
    // Names are checked to be plain words, so they need no JSON escapes.
    absl::StrAppend(&text, "\"stream\":\"", part->name, "\"",
                    members[0] == '}' ? "" : ",");
  }
  absl::StrAppend(&text, members);
  return Frame::Create(text, info);
}

}  // namespace sse_bridge
