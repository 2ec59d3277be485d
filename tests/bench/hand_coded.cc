#include "tests/bench/hand_coded.h"

#include <cstdint>
#include <cstring>

#include "absl/base/casts.h"
#include "bridge/transcode/json_text.h"
#include "bridge/transcode/wire_reader.h"

namespace sse_bridge::hand_coded {
namespace {

template <size_t n>
inline char* Put(const char (&literal)[n], char* out) {
  std::memcpy(out, literal, n - 1);
  return out + n - 1;
}

inline char* String(absl::string_view s, char* out) {
  *out++ = '"';
  const char* in = s.data();
  const char* const end = in + s.size();
  while (end - in >= 8) {
    uint64_t eight;
    std::memcpy(&eight, in, 8);
    if (json_text::NeedsCare(eight)) break;
    std::memcpy(out, &eight, 8);
    in += 8;
    out += 8;
  }
  while (in != end) {
    const auto c = static_cast<uint8_t>(*in);
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '<' &&
        c != '>') {
      *out++ = *in++;
      continue;
    }
    out = json_text::PutCharacter(&in, end, out);
    if (in == nullptr) return nullptr;
  }
  *out++ = '"';
  return out;
}

// Reads the fields of a message by calling `field(tag, &in)` for each.
template <typename Field>
inline bool ForEachField(absl::string_view wire, const Field& field) {
  const char* in = wire.data();
  const char* const end = in + wire.size();
  while (in != end) {
    uint32_t tag;
    in = wire::ReadTag(in, end, &tag);
    if (in == nullptr) return false;
    in = field(tag, in, end);
    if (in == nullptr) return false;
  }
  return true;
}

inline char* Timestamp(absl::string_view wire, char* out) {
  uint64_t seconds = 0;
  uint64_t nanos = 0;
  const bool ok =
      ForEachField(wire, [&](uint32_t tag, const char* in, const char* end) {
        if (tag == 8) return wire::ReadVarint(in, end, &seconds);
        if (tag == 16) return wire::ReadVarint(in, end, &nanos);
        return wire::Skip(in, end, tag);
      });
  const auto s = static_cast<int64_t>(seconds);
  const auto n = static_cast<int32_t>(nanos);
  if (!ok || s < json_text::kMinTimestampSeconds ||
      s > json_text::kMaxTimestampSeconds || n < 0 || n > 999999999) {
    return nullptr;
  }
  return json_text::PutTimestamp(s, static_cast<uint32_t>(n), out);
}

struct Chat {
  absl::string_view text[5];
  absl::string_view timestamp;
  bool has_timestamp = false;
};

char* ChatMessageFields(absl::string_view wire, char* out) {
  Chat chat;
  const bool ok =
      ForEachField(wire, [&](uint32_t tag, const char* in, const char* end) {
        if (tag >= 10 && tag <= 42 && (tag & 7) == 2) {
          return wire::ReadBytes(in, end, &chat.text[(tag >> 3) - 1]);
        }
        if (tag == 50) {
          chat.has_timestamp = true;
          return wire::ReadBytes(in, end, &chat.timestamp);
        }
        return wire::Skip(in, end, tag);
      });
  if (!ok) return nullptr;
  out = String(chat.text[0], Put("\"id\":", out));
  if (out == nullptr) return nullptr;
  out = String(chat.text[1], Put(",\"channel\":", out));
  if (out == nullptr) return nullptr;
  out = String(chat.text[2], Put(",\"user_id\":", out));
  if (out == nullptr) return nullptr;
  out = String(chat.text[3], Put(",\"username\":", out));
  if (out == nullptr) return nullptr;
  out = String(chat.text[4], Put(",\"content\":", out));
  if (out == nullptr) return nullptr;
  if (chat.has_timestamp) {
    out = Timestamp(chat.timestamp, Put(",\"timestamp\":", out));
  }
  return out;
}

}  // namespace

char* PriceUpdate(absl::string_view wire, char* out) {
  absl::string_view symbol;
  absl::string_view timestamp;
  uint64_t price = 0;
  uint64_t change = 0;
  bool has_timestamp = false;
  const bool ok =
      ForEachField(wire, [&](uint32_t tag, const char* in, const char* end) {
        switch (tag) {
          case 10:
            return wire::ReadBytes(in, end, &symbol);
          case 17:
            return wire::ReadFixed(in, end, &price);
          case 25:
            return wire::ReadFixed(in, end, &change);
          case 34:
            has_timestamp = true;
            return wire::ReadBytes(in, end, &timestamp);
          default:
            return wire::Skip(in, end, tag);
        }
      });
  if (!ok) return nullptr;
  out = String(symbol, Put("{\"symbol\":", out));
  if (out == nullptr) return nullptr;
  out = json_text::PutDouble(absl::bit_cast<double>(price),
                             Put(",\"price\":", out));
  out = json_text::PutDouble(absl::bit_cast<double>(change),
                             Put(",\"change\":", out));
  if (has_timestamp) {
    out = Timestamp(timestamp, Put(",\"timestamp\":", out));
    if (out == nullptr) return nullptr;
  }
  return Put("}", out);
}

char* Notification(absl::string_view wire, char* out) {
  absl::string_view text[4];
  absl::string_view created_at;
  uint64_t read = 0;
  bool has_created_at = false;
  const bool ok =
      ForEachField(wire, [&](uint32_t tag, const char* in, const char* end) {
        switch (tag) {
          case 10:
          case 18:
          case 26:
          case 34:
            return wire::ReadBytes(in, end, &text[(tag >> 3) - 1]);
          case 40:
            return wire::ReadVarint(in, end, &read);
          case 50:
            has_created_at = true;
            return wire::ReadBytes(in, end, &created_at);
          default:
            return wire::Skip(in, end, tag);
        }
      });
  if (!ok) return nullptr;
  out = String(text[0], Put("{\"id\":", out));
  if (out == nullptr) return nullptr;
  out = String(text[1], Put(",\"type\":", out));
  if (out == nullptr) return nullptr;
  out = String(text[2], Put(",\"title\":", out));
  if (out == nullptr) return nullptr;
  out = String(text[3], Put(",\"body\":", out));
  if (out == nullptr) return nullptr;
  out = read != 0 ? Put(",\"read\":true", out) : Put(",\"read\":false", out);
  if (has_created_at) {
    out = Timestamp(created_at, Put(",\"created_at\":", out));
    if (out == nullptr) return nullptr;
  }
  return Put("}", out);
}

char* ProgressUpdate(absl::string_view wire, char* out) {
  absl::string_view task_id;
  absl::string_view status;
  absl::string_view message;
  absl::string_view error;
  uint64_t progress = 0;
  bool has_message = false;
  bool has_error = false;
  const bool ok =
      ForEachField(wire, [&](uint32_t tag, const char* in, const char* end) {
        switch (tag) {
          case 10:
            return wire::ReadBytes(in, end, &task_id);
          case 18:
            return wire::ReadBytes(in, end, &status);
          case 25:
            return wire::ReadFixed(in, end, &progress);
          case 34:
            has_message = true;
            return wire::ReadBytes(in, end, &message);
          case 42:
            has_error = true;
            return wire::ReadBytes(in, end, &error);
          default:
            return wire::Skip(in, end, tag);
        }
      });
  if (!ok) return nullptr;
  out = String(task_id, Put("{\"task_id\":", out));
  if (out == nullptr) return nullptr;
  out = String(status, Put(",\"status\":", out));
  if (out == nullptr) return nullptr;
  out = json_text::PutDouble(absl::bit_cast<double>(progress),
                             Put(",\"progress\":", out));
  if (has_message) {
    out = String(message, Put(",\"message\":", out));
    if (out == nullptr) return nullptr;
  }
  if (has_error) {
    out = String(error, Put(",\"error\":", out));
    if (out == nullptr) return nullptr;
  }
  return Put("}", out);
}

char* ChannelEvent(absl::string_view wire, char* out) {
  constexpr absl::string_view kType = "realtime.v1.ChatMessage";
  absl::string_view type;
  absl::string_view payload;
  bool has_payload = false;
  bool ok =
      ForEachField(wire, [&](uint32_t tag, const char* in, const char* end) {
        if (tag == 10) return wire::ReadBytes(in, end, &type);
        if (tag == 18) {
          has_payload = true;
          return wire::ReadBytes(in, end, &payload);
        }
        return wire::Skip(in, end, tag);
      });
  if (!ok) return nullptr;
  out = String(type, Put("{\"type\":", out));
  if (out == nullptr) return nullptr;
  if (has_payload) {
    absl::string_view url;
    absl::string_view value;
    ok = ForEachField(payload,
                      [&](uint32_t tag, const char* in, const char* end) {
                        if (tag == 10) return wire::ReadBytes(in, end, &url);
                        if (tag == 18) return wire::ReadBytes(in, end, &value);
                        return wire::Skip(in, end, tag);
                      });
    const size_t slash = url.rfind('/');
    if (!ok || slash == absl::string_view::npos ||
        url.substr(slash + 1) != kType) {
      return nullptr;
    }
    out = String(url, Put(",\"payload\":{\"@type\":", out));
    if (out == nullptr) return nullptr;
    out = ChatMessageFields(value, Put(",", out));
    if (out == nullptr) return nullptr;
    out = Put("}", out);
  }
  return Put("}", out);
}

char* DashboardMetrics(absl::string_view wire, char* out) {
  absl::string_view timestamp;
  uint64_t active_users = 0;
  uint64_t reals[5] = {};
  bool has_timestamp = false;
  const bool ok =
      ForEachField(wire, [&](uint32_t tag, const char* in, const char* end) {
        switch (tag) {
          case 10:
            has_timestamp = true;
            return wire::ReadBytes(in, end, &timestamp);
          case 16:
            return wire::ReadVarint(in, end, &active_users);
          case 25:
          case 33:
          case 41:
          case 49:
          case 57:
            return wire::ReadFixed(in, end, &reals[(tag >> 3) - 3]);
          default:
            return wire::Skip(in, end, tag);
        }
      });
  if (!ok) return nullptr;
  out = Put("{", out);
  if (has_timestamp) {
    out = Timestamp(timestamp, Put("\"timestamp\":", out));
    if (out == nullptr) return nullptr;
    out = Put(",", out);
  }
  out = json_text::PutInt(static_cast<int32_t>(active_users),
                          Put("\"active_users\":", out));
  const auto real = [&](int i) { return absl::bit_cast<double>(reals[i]); };
  out = json_text::PutDouble(real(0), Put(",\"requests_per_sec\":", out));
  out = json_text::PutDouble(real(1), Put(",\"error_rate\":", out));
  out = json_text::PutDouble(real(2), Put(",\"avg_latency_ms\":", out));
  out = json_text::PutDouble(real(3), Put(",\"cpu_usage\":", out));
  out = json_text::PutDouble(real(4), Put(",\"memory_usage\":", out));
  return Put("}", out);
}

char* ListMessagesResponse(absl::string_view wire, char* out) {
  absl::string_view token;
  out = Put("{\"messages\":[", out);
  const bool ok = ForEachField(
      wire, [&](uint32_t tag, const char* in, const char* end) -> const char* {
        if (tag == 10) {
          absl::string_view message;
          in = wire::ReadBytes(in, end, &message);
          if (in == nullptr) return nullptr;
          out = ChatMessageFields(message, Put("{", out));
          if (out == nullptr) return nullptr;
          out = Put("},", out);
          return in;
        }
        if (tag == 18) return wire::ReadBytes(in, end, &token);
        return wire::Skip(in, end, tag);
      });
  if (!ok) return nullptr;
  if (out[-1] == ',') --out;
  out = String(token, Put("],\"next_page_token\":", out));
  return out == nullptr ? nullptr : Put("}", out);
}

}  // namespace sse_bridge::hand_coded
