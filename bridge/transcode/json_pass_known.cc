// The well-known types (protobuf.dev, "ProtoJSON Format").

#include <cmath>
#include <cstring>
#include <string>

#include "absl/base/casts.h"
#include "bridge/transcode/json_pass.h"
#include "bridge/transcode/utf8_repair.h"

namespace sse_bridge {
namespace {

using json_text::kBlock;
using json_text::kMaxNumberSize;

// From duration.proto: about 10,000 years.
constexpr int64_t kMaxDurationSeconds = 315576000000;
constexpr int32_t kMaxNanos = 999999999;

char* PutLiteral(absl::string_view s, char* out) {
  std::memcpy(out, s.data(), s.size());
  return out + s.size();
}

}  // namespace

char* JsonPass::Known(const MessageTable& type, const char* in, const char* end,
                      char* out) {
  switch (type.known) {
    case KnownType::kAny:
      return Any(in, end, out);
    case KnownType::kTimestamp:
      return Timestamp(in, end, out);
    case KnownType::kDuration:
      return Duration(in, end, out);
    case KnownType::kFieldMask:
      return FieldMask(in, end, out);
    case KnownType::kStruct:
    case KnownType::kListValue: {
      const Step step = OnlyField(type, type.fields[0], in, end, out);
      return step.in == nullptr ? nullptr : step.out;
    }
    case KnownType::kValue:
      return StructValue(type, in, end, out);
    case KnownType::kWrapper:
      return Wrapper(type, in, end, out);
    case KnownType::kNone:
      break;
  }
  return FailKnown(Result::kInvalid, "not a well-known type");
}

// Any has only scalar fields, so their order does not matter. A second URL does
// matter, because the first must be valid UTF-8 too.
char* JsonPass::Any(const char* in, const char* end, char* out) {
  constexpr uint32_t kTypeUrl = 1 << 3 | wire::kLength;
  constexpr uint32_t kValue = 2 << 3 | wire::kLength;
  absl::string_view url("", 0);
  absl::string_view value("", 0);
  bool found_url = false;
  while (in != end) {
    uint32_t tag;
    in = wire::ReadTag(in, end, &tag);
    if (in == nullptr) break;
    if (tag == kTypeUrl) {
      if (found_url) {
        Unusual(nullptr);
        return nullptr;
      }
      found_url = true;
      in = wire::ReadBytes(in, end, &url);
    } else if (tag == kValue) {
      in = wire::ReadBytes(in, end, &value);
    } else {
      in = wire::Skip(in, end, tag, depth_left_);
    }
    if (in == nullptr) break;
  }
  if (in == nullptr) {
    Malformed(nullptr);
    return nullptr;
  }
  const bool lenient = tables_.options().lenient;
  if (url.empty()) {
    if (value.empty()) return PutLiteral("{}", out);
    if (!lenient) return FailKnown(Result::kInvalid, "an Any has no type URL");
  }

  out = PutLiteral("{\"@type\":", out);
  out = String(url, out);
  if (out == nullptr) return nullptr;
  out = Reserve(out, kMaxNumberSize);
  const size_t slash = url.rfind('/');
  const MessageTable* const type = slash == absl::string_view::npos
                                       ? nullptr
                                       : tables_.ByName(url.substr(slash + 1));
  if (type == nullptr) {
    if (tables_.options().unresolved_any_by_url) return PutLiteral("}", out);
    if (!lenient) {
      return FailKnown(Result::kInvalid, "an Any holds an unknown type", url);
    }
  }
  if (type != nullptr) {
    const auto start = static_cast<size_t>(out - buffer_.Begin());
    const int depth_left = depth_left_;
    char* const packed = Packed(*type, url, value, out);
    if (packed != nullptr) return packed;
    if (!lenient) {
      // The bytes around it are in order, and later ones may replace it.
      if (failure_->result == Result::kMalformed) {
        failure_->result = Result::kInvalid;
      }
      return nullptr;
    }
    if (normalizer_ == nullptr) {
      // Only the slower path can decide whether the value can be written.
      failure_->result = Result::kUnusual;
      return nullptr;
    }
    failure_ = nullptr;
    depth_left_ = depth_left;
    out = buffer_.Begin() + start;
  }
  out = Reserve(out, json_text::Base64Size(value.size()) + kMaxNumberSize);
  out = PutLiteral(",\"value\":\"", out);
  out = json_text::PutBase64(value, out);
  return PutLiteral("\"}", out);
}

char* JsonPass::Packed(const MessageTable& type, absl::string_view url,
                       absl::string_view value, char* out) {
  std::string normal;
  if (normalizer_ != nullptr) {
    std::string repaired;
    if (tables_.options().lenient && RepairUtf8(type, value, &repaired)) {
      value = repaired;
    }
    if (!normalizer_->Normalize(type.descriptor, value, &normal)) {
      return FailKnown(Result::kMalformed,
                       "the value of an Any does not match its type", url);
    }
    value = normal;
  }

  const char* const stop = value.data() + value.size();
  if (type.known != KnownType::kNone) {
    out = PutLiteral(",\"value\":", out);
    const Step step = Message(type, value.data(), stop, out);
    if (step.in == nullptr) return nullptr;
    return PutLiteral("}", Reserve(step.out, 1));
  }
  // The fields of the message follow, so its opening bracket becomes the comma.
  const auto start = static_cast<size_t>(out - buffer_.Begin());
  const Step step = Message(type, value.data(), stop, out);
  if (step.in == nullptr) return nullptr;
  out = buffer_.Begin() + start;
  if (step.out == out + 2) return PutLiteral("}", out);
  *out = ',';
  return step.out;
}

// Timestamp and Duration: int64 seconds = 1; int32 nanos = 2.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline bool JsonPass::SecondsAndNanos(
    const char* in, const char* end, int64_t* seconds, int32_t* nanos) {
  constexpr uint32_t kSeconds = 1 << 3 | wire::kVarint;
  constexpr uint32_t kNanos = 2 << 3 | wire::kVarint;
  *seconds = 0;
  *nanos = 0;
  while (in != end) {
    uint32_t tag;
    uint64_t v;
    in = wire::ReadTag(in, end, &tag);
    if (in != nullptr) {
      if (tag == kSeconds) {
        in = wire::ReadVarint(in, end, &v);
        *seconds = static_cast<int64_t>(v);
      } else if (tag == kNanos) {
        in = wire::ReadVarint(in, end, &v);
        *nanos = static_cast<int32_t>(v);
      } else {
        in = wire::Skip(in, end, tag, depth_left_);
      }
    }
    if (in == nullptr) {
      Malformed(nullptr);
      return false;
    }
  }
  return true;
}

char* JsonPass::Timestamp(const char* in, const char* end, char* out) {
  int64_t seconds;
  int32_t nanos;
  if (!SecondsAndNanos(in, end, &seconds, &nanos)) return nullptr;
  if (seconds < json_text::kMinTimestampSeconds ||
      seconds > json_text::kMaxTimestampSeconds) {
    return FailKnown(Result::kInvalid,
                     "a timestamp is not within the years 0001 to 9999");
  }
  if (nanos < 0 || nanos > kMaxNanos) {
    return FailKnown(Result::kInvalid,
                     "the nanos of a timestamp are not within 0 to 999999999");
  }
  return json_text::PutTimestamp(seconds, static_cast<uint32_t>(nanos), out);
}

char* JsonPass::Duration(const char* in, const char* end, char* out) {
  int64_t seconds;
  int32_t nanos;
  if (!SecondsAndNanos(in, end, &seconds, &nanos)) return nullptr;
  if (seconds < -kMaxDurationSeconds || seconds > kMaxDurationSeconds) {
    return FailKnown(Result::kInvalid,
                     "a duration exceeds 315576000000 seconds");
  }
  if (nanos < -kMaxNanos || nanos > kMaxNanos) {
    return FailKnown(Result::kInvalid,
                     "the nanos of a duration exceed 999999999");
  }
  if ((seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0)) {
    return FailKnown(Result::kInvalid,
                     "seconds and nanos of a duration differ in sign");
  }
  *out++ = '"';
  if (seconds < 0 || nanos < 0) *out++ = '-';
  out = json_text::PutInt(seconds < 0 ? -seconds : seconds, out);
  out = json_text::PutFraction(
      static_cast<uint32_t>(nanos < 0 ? -nanos : nanos), out);
  return PutLiteral("s\"", out);
}

// repeated string paths = 1
char* JsonPass::FieldMask(const char* in, const char* end, char* out) {
  constexpr uint32_t kPaths = 1 << 3 | wire::kLength;
  bool first = true;
  *out++ = '"';
  while (in != end) {
    uint32_t tag;
    absl::string_view path;
    in = wire::ReadTag(in, end, &tag);
    if (in != nullptr) {
      if (tag != kPaths) {
        in = wire::Skip(in, end, tag, depth_left_);
        if (in != nullptr) continue;
      } else {
        in = wire::ReadBytes(in, end, &path);
      }
    }
    if (in == nullptr) {
      Malformed(nullptr);
      return nullptr;
    }
    out = Reserve(out, path.size() + kMaxNumberSize);
    if (!first) *out++ = ',';
    first = false;
    out = FieldMaskPath(path, out);
    if (out == nullptr) return nullptr;
  }
  out = Reserve(out, 1);
  *out++ = '"';
  return out;
}

// Converts snake_case to camelCase. Refuses names that do not convert back to
// the same name.
char* JsonPass::FieldMaskPath(absl::string_view path, char* out) {
  static constexpr char kNoRoundTrip[] =
      "a field mask path does not survive conversion to JSON and back";
  size_t begin = 0;
  for (size_t i = 0; i <= path.size(); ++i) {
    if (i < path.size()) {
      const char c = path[i];
      if ((c >= 'A' && c <= 'Z') || c == ',') {
        return FailKnown(Result::kInvalid, kNoRoundTrip);
      }
      if (c != '_') continue;
    }
    out = Reserve(out, i - begin + kMaxNumberSize);
    out = StringContents(path.substr(begin, i - begin), out);
    if (out == nullptr) return NotUtf8();
    if (i == path.size()) break;
    ++i;
    if (i == path.size() || path[i] < 'a' || path[i] > 'z') {
      return FailKnown(Result::kInvalid, kNoRoundTrip);
    }
    *out++ = static_cast<char>(path[i] - 'a' + 'A');
    begin = i + 1;
  }
  return out;
}

// message Value { oneof kind { ... } }, fields 1 to 6
char* JsonPass::StructValue(const MessageTable& type, const char* in,
                            const char* end, char* out) {
  constexpr uint32_t kNumberValue = 2 << 3 | wire::kFixed64;
  bool found = false;
  while (in != end) {
    uint32_t tag;
    in = wire::ReadTag(in, end, &tag);
    if (in == nullptr) break;
    const FieldTable* const field = type.Find(tag >> 3);
    if (field == nullptr || !field->Accepts(tag & 7)) {
      in = wire::Skip(in, end, tag, depth_left_);
      if (in == nullptr) break;
      continue;
    }
    if (found) {
      Unusual(nullptr);
      return nullptr;
    }
    found = true;
    if (tag == kNumberValue) {
      uint64_t bits;
      if (wire::ReadFixed(in, end, &bits) != nullptr &&
          !std::isfinite(absl::bit_cast<double>(bits))) {
        return FailKnown(Result::kInvalid,
                         "a google.protobuf.Value is not a finite number");
      }
    }
    const Step step = Value(*field, in, end, out);
    if (step.in == nullptr) return nullptr;
    in = step.in;
    if (step.out == nullptr) {
      found = false;
    } else {
      out = step.out;
    }
  }
  if (in == nullptr) {
    Malformed(nullptr);
    return nullptr;
  }
  if (!found) {
    return FailKnown(Result::kInvalid, "a google.protobuf.Value has no value");
  }
  return out;
}

// A single scalar field with number 1.
char* JsonPass::Wrapper(const MessageTable& type, const char* in,
                        const char* end, char* out) {
  const FieldTable& field = type.fields[0];
  const char* value = nullptr;
  while (in != end) {
    uint32_t tag;
    in = wire::ReadTag(in, end, &tag);
    if (in != nullptr) {
      if (tag >> 3 == field.number && field.Accepts(tag & 7)) {
        if (value != nullptr) {
          Unusual(nullptr);
          return nullptr;
        }
        value = in;
      }
      in = wire::Skip(in, end, tag, depth_left_);
    }
    if (in == nullptr) {
      Malformed(nullptr);
      return nullptr;
    }
  }
  Step step = {in, nullptr};
  if (value != nullptr) step = Value(field, value, end, out);
  if (step.in == nullptr) return nullptr;
  if (step.out == nullptr) step = Default(field, end, out);
  return step.out;
}

}  // namespace sse_bridge
