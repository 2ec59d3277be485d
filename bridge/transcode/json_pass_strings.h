#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_PASS_STRINGS_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_PASS_STRINGS_H_

// How JsonPass copies strings. Only for json_pass.cc, which inlines it into the
// loop over the fields.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/strings/string_view.h"
#include "bridge/transcode/json_pass.h"
#include "bridge/transcode/json_text.h"
#include "bridge/transcode/wire_reader.h"

namespace sse_bridge {

// Bytes that InlineContents() needs in addition to the string's size.
inline constexpr size_t kStringSlack = 16;

// Needs space for the string and kStringSlack more, and leaves the slack
// unused.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline char* JsonPass::InlineContents(
    absl::string_view s, char* out) {
  const char* in = s.data();
  const char* const end = in + s.size();
  uint64_t eight;
  while (end - in >= 8) {
    std::memcpy(&eight, in, 8);
    if (ABSL_PREDICT_FALSE(json_text::NeedsCare(eight))) {
      return StringWithCare(in, end, out);
    }
    std::memcpy(out, &eight, 8);
    in += 8;
    out += 8;
  }
  const ptrdiff_t left = end - in;
  if (left >= 4) {
    uint32_t head;
    uint32_t tail;
    std::memcpy(&head, in, 4);
    std::memcpy(&tail, end - 4, 4);
    eight = head | uint64_t{tail} << 32;
    if (ABSL_PREDICT_FALSE(json_text::NeedsCare(eight))) {
      return StringWithCare(in, end, out);
    }
    std::memcpy(out, &head, 4);
    std::memcpy(out + left - 4, &tail, 4);
  } else if (left > 0) {
    // One to three bytes are left: the first, middle and last cover all of
    // them. Spaces fill the rest.
    const char first = in[0];
    const char middle = in[left / 2];
    const char last = in[left - 1];
    eight = 0x2020202020000000 | uint64_t{static_cast<uint8_t>(first)} |
            uint64_t{static_cast<uint8_t>(middle)} << 8 |
            uint64_t{static_cast<uint8_t>(last)} << 16;
    if (ABSL_PREDICT_FALSE(json_text::NeedsCare(eight))) {
      return StringWithCare(in, end, out);
    }
    out[0] = first;
    out[left / 2] = middle;
    out[left - 1] = last;
  }
  return out + left;
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline char* JsonPass::InlineString(
    absl::string_view s, char* out) {
  out = Reserve(out, s.size() + kStringSlack + 2);
  *out++ = '"';
  out = InlineContents(s, out);
  if (ABSL_PREDICT_FALSE(out == nullptr)) {
    return NotUtf8();
  }
  *out++ = '"';
  return out;
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline JsonPass::Step JsonPass::StringField(
    const FieldTable& field, const char* in, const char* end, char* out) {
  absl::string_view text;
  in = wire::ReadBytes(in, end, &text);
  if (ABSL_PREDICT_FALSE(in == nullptr)) return Malformed(out);
  if (text.empty() && field.omit_zero) return {in, nullptr};
  out = InlineString(text, out);
  return {out == nullptr ? nullptr : in, out};
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_PASS_STRINGS_H_
