#include "bridge/transcode/json_pass.h"

namespace sse_bridge {

using json_text::kMaxNumberSize;

JsonPass::Result JsonPass::WriteField(const MessageTable& type,
                                      absl::Span<const FieldTable* const> path,
                                      absl::string_view wire, char** end) {
  if (wire.data() == nullptr) wire = absl::string_view("", 0);
  char* const out = Reserve(buffer_.Begin(), kMaxNumberSize);
  const char* in = wire.data();
  const char* stop = in + wire.size();
  const MessageTable* parent = &type;
  --depth_left_;
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    if (depth_left_ == 0 || !Narrow(*parent, *path[i], &in, &stop)) {
      return result();
    }
    --depth_left_;
    parent = path[i]->message;
  }
  *end = OnlyField(*parent, *path.back(), in, stop, out).out;
  return result();
}

JsonPass::Step JsonPass::OnlyField(const MessageTable& type,
                                   const FieldTable& field, const char* in,
                                   const char* end, char* out) {
  bool found = false;
  bool written = false;
  while (in != end) {
    uint32_t tag;
    in = wire::ReadTag(in, end, &tag);
    if (in == nullptr) return Malformed(out);
    const FieldTable* const other = type.Find(tag >> 3);
    if (other != &field || !field.Accepts(tag & 7)) {
      if (Unsets(other, field)) return Unusual(out);
      in = wire::Skip(in, end, tag, depth_left_);
      if (in == nullptr) return Malformed(out);
      continue;
    }
    if (found) return Unusual(out);
    found = true;
    const Step step = !field.repeated ? Value(field, in, end, out)
                      : field.map     ? Map(field, in, end, out)
                                      : Elements(field, tag, in, end, out);
    if (step.in == nullptr) return In(field, out);
    in = step.in;
    if (step.out != nullptr) {
      written = true;
      out = step.out;
    }
  }
  return written ? Step{end, out} : Default(field, end, out);
}

bool JsonPass::Narrow(const MessageTable& type, const FieldTable& field,
                      const char** in, const char** end) {
  absl::string_view narrowed(*end, 0);
  bool found = false;
  while (*in != *end) {
    uint32_t tag;
    *in = wire::ReadTag(*in, *end, &tag);
    if (*in != nullptr) {
      const FieldTable* const other = type.Find(tag >> 3);
      if (other == &field && field.Accepts(tag & 7)) {
        if (found) {
          Unusual(nullptr);
          return false;
        }
        found = true;
        *in = wire::ReadMessage(*in, *end, tag, &narrowed, depth_left_);
      } else {
        if (Unsets(other, field)) {
          Unusual(nullptr);
          return false;
        }
        *in = wire::Skip(*in, *end, tag, depth_left_);
      }
    }
    if (*in == nullptr) {
      Malformed(nullptr);
      return false;
    }
  }
  *in = narrowed.data();
  *end = narrowed.data() + narrowed.size();
  return true;
}

JsonPass::Step JsonPass::Default(const FieldTable& field, const char* end,
                                 char* out) {
  if (field.message != nullptr && !field.repeated) {
    return Message(*field.message, end, end, out);
  }
  const json_text::Text text = field.default_value;
  return {end,
          json_text::Put(text, Reserve(out, text.size + json_text::kBlock))};
}

}  // namespace sse_bridge
