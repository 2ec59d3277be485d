#include "bridge/transcode/json_pass.h"

#include <cstring>

#include "absl/base/casts.h"
#include "absl/strings/str_cat.h"
#include "bridge/transcode/json_pass_strings.h"

namespace sse_bridge {
namespace {

using google::protobuf::FieldDescriptor;
using json_text::kBlock;
using json_text::kMaxEscaped;
using json_text::kMaxNumberSize;

bool IsDelimited(uint8_t kind) {
  return kind == FieldDescriptor::TYPE_STRING ||
         kind == FieldDescriptor::TYPE_BYTES ||
         kind == FieldDescriptor::TYPE_MESSAGE;
}

}  // namespace

JsonPass::Result JsonPass::WriteMessage(const MessageTable& type,
                                        absl::string_view wire, char** end) {
  // A null position means failure, so the input must not start at null.
  if (wire.data() == nullptr) wire = absl::string_view("", 0);
  char* const out = Reserve(buffer_.Begin(), kMaxNumberSize);
  *end = Message(type, wire.data(), wire.data() + wire.size(), out).out;
  return result();
}

std::string JsonPass::Error() const {
  std::string error;
  const auto& where = failure_->where;
  if (!where.empty()) {
    absl::StrAppend(&error, where.back()->containing_type()->full_name());
    for (auto it = where.rbegin(); it != where.rend(); ++it) {
      absl::StrAppend(&error, ".", (*it)->name());
    }
    absl::StrAppend(&error, ": ");
  }
  absl::StrAppend(&error, failure_->what);
  if (!failure_->detail.empty()) {
    absl::StrAppend(&error, ": ", failure_->detail);
  }
  return error;
}

JsonPass::Step JsonPass::Fail(Result result, const char* what, char* out,
                              absl::string_view detail) {
  if (failure_ == nullptr) {
    failure_ = std::make_unique<Failure>();
    failure_->result = result;
    failure_->what = what;
    failure_->detail.assign(detail.data(), detail.size());
  }
  return {nullptr, out};
}

JsonPass::Step JsonPass::In(const FieldTable& field, char* out) {
  if (failure_ != nullptr) failure_->where.push_back(field.descriptor);
  return {nullptr, out};
}

char* JsonPass::StringWithCare(const char* in, const char* end, char* out) {
  while (in != end) {
    out = Reserve(out, static_cast<size_t>(end - in) + kMaxEscaped + 8);
    if (end - in >= 8) {
      uint64_t eight;
      std::memcpy(&eight, in, 8);
      const uint64_t care = json_text::CareMask(eight);
      std::memcpy(out, &eight, 8);
      const int plain = care == 0 ? 8 : __builtin_ctzll(care) / 8;
      in += plain;
      out += plain;
      if (care == 0) continue;
    }
    // Continue to the end of the non-ASCII characters.
    do {
      const char* const character = in;
      out = json_text::PutCharacter(&in, end, Reserve(out, kMaxEscaped));
      if (in == nullptr) {
        if (!replaces_invalid_utf8()) return nullptr;
        std::memcpy(out, json_text::kReplacement.data(),
                    json_text::kReplacement.size());
        out += json_text::kReplacement.size();
        in = character + json_text::InvalidLength(character, end);
      }
    } while (in != end && static_cast<uint8_t>(*in) >= 0x80);
  }
  return out;
}

JsonPass::Step JsonPass::Bytes(const FieldTable& field, const char* in,
                               const char* end, char* out) {
  absl::string_view bytes;
  in = wire::ReadBytes(in, end, &bytes);
  if (ABSL_PREDICT_FALSE(in == nullptr)) return Malformed(out);
  if (bytes.empty() && field.omit_zero) return {in, nullptr};
  out = Reserve(out, json_text::Base64Size(bytes.size()) + 2);
  *out++ = '"';
  out = json_text::PutBase64(bytes, out);
  *out++ = '"';
  return {in, out};
}

JsonPass::Step JsonPass::Enum(const FieldTable& field, const char* in,
                              const char* end, char* out) {
  uint64_t v;
  in = wire::ReadVarint(in, end, &v);
  if (ABSL_PREDICT_FALSE(in == nullptr)) return Malformed(out);
  const auto number = static_cast<int32_t>(v);
  if (number == 0 && field.omit_zero) return {in, nullptr};
  const EnumTable& enumeration = *field.enumeration;
  const json_text::Text* const text = enumeration.Find(number);
  if (text == nullptr && field.closed_enum) return {in, nullptr};
  if (enumeration.is_null_value) {
    std::memcpy(out, "null", 4);
    return {in, out + 4};
  }
  if (text == nullptr) return {in, json_text::PutInt(number, out)};
  return {in, json_text::Put(*text, Reserve(out, text->size + kBlock))};
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline JsonPass::Step JsonPass::InlineValue(
    const FieldTable& field, const char* in, const char* end, char* out) {
  switch (field.kind) {
    case FieldDescriptor::TYPE_DOUBLE: {
      uint64_t bits;
      in = wire::ReadFixed(in, end, &bits);
      if (ABSL_PREDICT_FALSE(in == nullptr)) return Malformed(out);
      if (bits == 0 && field.omit_zero) return {in, nullptr};
      return {in, json_text::PutDouble(absl::bit_cast<double>(bits), out)};
    }
    case FieldDescriptor::TYPE_FLOAT: {
      uint32_t bits;
      in = wire::ReadFixed(in, end, &bits);
      if (ABSL_PREDICT_FALSE(in == nullptr)) return Malformed(out);
      if (bits == 0 && field.omit_zero) return {in, nullptr};
      return {in, json_text::PutFloat(absl::bit_cast<float>(bits), out)};
    }
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64: {
      uint64_t v;
      in = wire::ReadFixed(in, end, &v);
      if (ABSL_PREDICT_FALSE(in == nullptr)) return Malformed(out);
      if (v == 0 && field.omit_zero) return {in, nullptr};
      if (field.kind == FieldDescriptor::TYPE_FIXED64) {
        return {in, json_text::PutQuotedInt(v, out)};
      }
      return {in, json_text::PutQuotedInt(static_cast<int64_t>(v), out)};
    }
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32: {
      uint32_t v;
      in = wire::ReadFixed(in, end, &v);
      if (ABSL_PREDICT_FALSE(in == nullptr)) return Malformed(out);
      if (v == 0 && field.omit_zero) return {in, nullptr};
      if (field.kind == FieldDescriptor::TYPE_FIXED32) {
        return {in, json_text::PutInt(v, out)};
      }
      return {in, json_text::PutInt(static_cast<int32_t>(v), out)};
    }
    case FieldDescriptor::TYPE_STRING:
      return StringField(field, in, end, out);
    case FieldDescriptor::TYPE_BYTES:
      return Bytes(field, in, end, out);
    case FieldDescriptor::TYPE_MESSAGE: {
      uint64_t length;
      in = wire::ReadLength(in, end, &length);
      if (ABSL_PREDICT_FALSE(in == nullptr)) return Malformed(out);
      const char* const stop = in + length;
      // Shortcut for the most frequent submessage type.
      if (field.message->known == KnownType::kTimestamp && depth_left_ > 0) {
        out = Timestamp(in, stop, out);
        return {out == nullptr ? nullptr : stop, out};
      }
      return Message(*field.message, in, stop, out);
    }
    case FieldDescriptor::TYPE_GROUP: {
      if (depth_left_ == 0) {
        return Fail(Result::kMalformed, "messages nest deeper than 100", out);
      }
      if (ABSL_PREDICT_FALSE(field.message->known != KnownType::kNone)) {
        absl::string_view contents;
        in = wire::ReadMessage(in, end, field.number << 3 | wire::kStartGroup,
                               &contents, depth_left_);
        if (in == nullptr) return Malformed(out);
        const char* const stop = contents.data() + contents.size();
        const Step step = Message(*field.message, contents.data(), stop, out);
        return {step.in == nullptr ? nullptr : in, step.out};
      }
      --depth_left_;
      const Step step = Fields(*field.message, in, end, out, field.number);
      ++depth_left_;
      return step;
    }
    case FieldDescriptor::TYPE_ENUM:
      return Enum(field, in, end, out);
    default:
      break;
  }

  uint64_t v;
  in = wire::ReadVarint(in, end, &v);
  if (ABSL_PREDICT_FALSE(in == nullptr)) return Malformed(out);
  switch (field.kind) {
    case FieldDescriptor::TYPE_BOOL:
      if (v != 0) {
        std::memcpy(out, "true", 4);
        return {in, out + 4};
      }
      if (field.omit_zero) return {in, nullptr};
      std::memcpy(out, "false", 5);
      return {in, out + 5};
    case FieldDescriptor::TYPE_INT64:
      if (v == 0 && field.omit_zero) return {in, nullptr};
      return {in, json_text::PutQuotedInt(static_cast<int64_t>(v), out)};
    case FieldDescriptor::TYPE_UINT64:
      if (v == 0 && field.omit_zero) return {in, nullptr};
      return {in, json_text::PutQuotedInt(v, out)};
    case FieldDescriptor::TYPE_SINT64:
      if (v == 0 && field.omit_zero) return {in, nullptr};
      return {in, json_text::PutQuotedInt(wire::ZigZag64(v), out)};
    default:
      break;
  }
  const auto v32 = static_cast<uint32_t>(v);
  if (v32 == 0 && field.omit_zero) return {in, nullptr};
  switch (field.kind) {
    case FieldDescriptor::TYPE_UINT32:
      return {in, json_text::PutInt(v32, out)};
    case FieldDescriptor::TYPE_SINT32:
      return {in, json_text::PutInt(wire::ZigZag32(v32), out)};
    default:
      return {in, json_text::PutInt(static_cast<int32_t>(v32), out)};
  }
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline JsonPass::Step JsonPass::FieldValue(
    const FieldTable& field, uint32_t tag, const char* in, const char* end,
    char* out) {
  if (ABSL_PREDICT_FALSE(field.repeated)) {
    return field.map ? Map(field, in, end, out)
                     : Elements(field, tag, in, end, out);
  }
  return InlineValue(field, in, end, out);
}

char* JsonPass::String(absl::string_view s, char* out) {
  return InlineString(s, out);
}

char* JsonPass::StringContents(absl::string_view s, char* out) {
  return InlineContents(s, out);
}

JsonPass::Step JsonPass::Value(const FieldTable& field, const char* in,
                               const char* end, char* out) {
  return InlineValue(field, in, end, out);
}

JsonPass::Step JsonPass::Message(const MessageTable& type, const char* in,
                                 const char* end, char* out) {
  if (ABSL_PREDICT_FALSE(depth_left_ == 0)) {
    return Fail(Result::kMalformed, "messages nest deeper than 100", out);
  }
  --depth_left_;
  Step step;
  if (type.known == KnownType::kNone) {
    step = Fields(type, in, end, out, 0);
  } else {
    step.out = Known(type, in, end, out);
    step.in = step.out == nullptr ? nullptr : end;
  }
  ++depth_left_;
  return step;
}

JsonPass::Step JsonPass::Fields(const MessageTable& type, const char* in,
                                const char* end, char* out, uint32_t group) {
  if (ABSL_PREDICT_FALSE(type.message_set)) {
    return MessageSetFields(type, in, end, out);
  }
  const FieldTable* next = type.fields.data();  // earlier fields are done
  const FieldTable* const last = next + type.fields.size();
  uint64_t oneofs = 0;  // oneofs that are set
  bool closed = group == 0;
  *out++ = '{';
  while (in != end) {
    uint32_t tag = static_cast<uint8_t>(*in);
    const FieldTable* field = next;
    if (ABSL_PREDICT_TRUE(next != last && tag == next->first_byte)) {
      ++in;
    } else {
      in = wire::ReadTag(in, end, &tag);
      if (ABSL_PREDICT_FALSE(in == nullptr)) return Malformed(out);
      field = type.Find(tag >> 3);
      if (ABSL_PREDICT_FALSE(field == nullptr || !field->Accepts(tag & 7))) {
        if ((tag & 7) == wire::kEndGroup) {
          if (group == 0 || tag >> 3 != group) return Malformed(out);
          closed = true;
          break;
        }
        in = wire::Skip(in, end, tag, depth_left_);
        if (in == nullptr) return Malformed(out);
        continue;
      }
      if (ABSL_PREDICT_FALSE(field < next)) return Unusual(out);
      if (type.any_absent) out = Absent(next, field, out);
    }
    if (field->oneof != 0 && normalizer_ == nullptr) {
      const uint64_t bit = uint64_t{1} << (field->oneof - 1);
      if (ABSL_PREDICT_FALSE((oneofs & bit) != 0)) return Unusual(out);
      oneofs |= bit;
    }
    next = field + 1;

    out = Reserve(out, field->reserve);
    const auto start = static_cast<size_t>(out - buffer_.Begin());
    out = json_text::Put(field->key, out);
    const Step step = FieldValue(*field, tag, in, end, out);
    in = step.in;
    if (ABSL_PREDICT_FALSE(in == nullptr)) return In(*field, out);
    if (ABSL_PREDICT_TRUE(step.out != nullptr)) {
      out = step.out;
      *out++ = ',';
    } else {
      out = buffer_.Begin() + start;
      if (type.any_absent) out = Absent(field, field + 1, out);
    }
  }
  if (ABSL_PREDICT_FALSE(!closed)) return Malformed(out);
  if (type.any_absent && next != last) out = Absent(next, last, out);
  out = Reserve(out, 1);
  if (out[-1] == ',') --out;
  *out++ = '}';
  return {in, out};
}

// Writes the text for absent fields.
char* JsonPass::Absent(const FieldTable* field, const FieldTable* end,
                       char* out) {
  for (; field < end; ++field) {
    const json_text::Text absent = field->absent;
    if (absent.size == 0) continue;
    out = json_text::Put(absent, Reserve(out, absent.size + kBlock));
  }
  return out;
}

JsonPass::Step JsonPass::Elements(const FieldTable& field, uint32_t tag,
                                  const char* in, const char* end, char* out) {
  bool any = false;
  *out++ = '[';
  while (true) {
    const char* stop = end;
    const bool packed = (tag & 7) == wire::kLength && !IsDelimited(field.kind);
    if (packed) {
      uint64_t length;
      in = wire::ReadLength(in, end, &length);
      if (in == nullptr) return Malformed(out);
      stop = in + length;
    }
    while (!packed || in != stop) {
      out = Reserve(out, kMaxNumberSize);
      const Step step = Value(field, in, stop, out);
      in = step.in;
      if (in == nullptr) return step;
      if (step.out != nullptr) {
        out = step.out;
        *out++ = ',';
        any = true;
      }
      if (!packed) break;
    }
    if (in == end) break;
    const char* const after = wire::ReadTag(in, end, &tag);
    if (after == nullptr) return Malformed(out);
    if (tag >> 3 != field.number || !field.Accepts(tag & 7)) break;
    in = after;
  }
  if (!any) return {in, nullptr};
  out[-1] = ']';
  return {in, out};
}

}  // namespace sse_bridge
