#include "bridge/transcode/json_pass.h"

namespace sse_bridge {

using json_text::kBlock;
using json_text::kMaxNumberSize;

JsonPass::Step JsonPass::MessageSetFields(const MessageTable& type,
                                          const char* in, const char* end,
                                          char* out) {
  // message MessageSet { repeated group Item = 1 {
  //   required uint32 type_id = 2; required bytes message = 3; } }
  constexpr uint32_t kItem = 1 << 3 | wire::kStartGroup;
  constexpr uint32_t kItemEnd = 1 << 3 | wire::kEndGroup;
  constexpr uint32_t kTypeId = 2 << 3 | wire::kVarint;
  constexpr uint32_t kMessage = 3 << 3 | wire::kLength;
  uint32_t next = 0;
  *out++ = '{';
  while (in != end) {
    uint32_t tag;
    in = wire::ReadTag(in, end, &tag);
    if (in == nullptr) return Malformed(out);
    uint64_t type_id = tag >> 3;
    absl::string_view message("", 0);
    if (tag == kItem) {
      int type_ids = 0, messages = 0;
      while (true) {
        in = wire::ReadTag(in, end, &tag);
        if (in == nullptr) return Malformed(out);
        if (tag == kItemEnd) break;
        if (tag == kTypeId) {
          in = wire::ReadVarint(in, end, &type_id);
          ++type_ids;
        } else if (tag == kMessage) {
          in = wire::ReadBytes(in, end, &message);
          ++messages;
        } else {
          in = wire::Skip(in, end, tag, depth_left_);
        }
        if (in == nullptr) return Malformed(out);
      }
      if (type_ids > 1 || messages > 1) return Unusual(out);
      // An incomplete item is ignored.
      if (type_ids == 0 || messages == 0) type_id = 0;
    } else if ((tag & 7) == wire::kLength) {
      in = wire::ReadBytes(in, end, &message);
    } else {
      in = wire::Skip(in, end, tag, depth_left_);
      type_id = 0;
    }
    if (in == nullptr) return Malformed(out);
    const FieldTable* const field =
        type_id > UINT32_MAX ? nullptr
                             : type.Find(static_cast<uint32_t>(type_id));
    if (field == nullptr || field->message == nullptr || field->repeated) {
      continue;
    }
    if (field->index < next) return Unusual(out);
    next = field->index + 1;
    out = Reserve(out, field->key.size + kBlock + kMaxNumberSize);
    out = json_text::Put(field->key, out);
    const Step step = Message(*field->message, message.data(),
                              message.data() + message.size(), out);
    if (step.in == nullptr) return In(*field, out);
    out = step.out;
    *out++ = ',';
  }
  out = Reserve(out, 1);
  if (out[-1] == ',') --out;
  *out++ = '}';
  return {in, out};
}

}  // namespace sse_bridge
