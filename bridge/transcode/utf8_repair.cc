#include "bridge/transcode/utf8_repair.h"

#include <google/protobuf/descriptor.h>

#include "bridge/transcode/json_text.h"
#include "bridge/transcode/wire_reader.h"

namespace sse_bridge {
namespace {

using google::protobuf::FieldDescriptor;

void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) {
    out->push_back(static_cast<char>(value | 0x80));
  }
  out->push_back(static_cast<char>(value));
}

void AppendBytes(absl::string_view bytes, std::string* out) {
  AppendVarint(bytes.size(), out);
  out->append(bytes.data(), bytes.size());
}

class Copier {
 public:
  explicit Copier(std::string* out) : out_(out) {}

  bool replaced() const { return replaced_; }

  // Copies the fields from `in` to `end`, or to the end of the group with this
  // number (0: not in a group). Returns the position after them, or null if
  // they are malformed.
  const char* Fields(const MessageTable& type, const char* in, const char* end,
                     uint32_t group, int depth_left) {
    while (in != end) {
      const char* const start = in;
      uint32_t tag;
      in = wire::ReadTag(in, end, &tag);
      if (in == nullptr) return nullptr;
      if ((tag & 7) == wire::kEndGroup) {
        if (group == 0 || tag >> 3 != group) return nullptr;
        Append(start, in);
        return in;
      }
      const FieldTable* const field = type.Find(tag >> 3);
      const bool known = field != nullptr && field->Accepts(tag & 7);
      if (known && field->kind == FieldDescriptor::TYPE_STRING) {
        Append(start, in);
        in = String(in, end);
      } else if (known && field->kind == FieldDescriptor::TYPE_MESSAGE &&
                 depth_left > 0) {
        Append(start, in);
        in = Message(*field->message, in, end, depth_left - 1);
      } else if (known && field->kind == FieldDescriptor::TYPE_GROUP &&
                 depth_left > 0) {
        Append(start, in);
        in = Fields(*field->message, in, end, field->number, depth_left - 1);
      } else {
        in = wire::Skip(in, end, tag, depth_left);
        if (in != nullptr) Append(start, in);
      }
      if (in == nullptr) return nullptr;
    }
    return group == 0 ? in : nullptr;
  }

 private:
  void Append(const char* from, const char* to) { out_->append(from, to); }

  const char* String(const char* in, const char* end) {
    absl::string_view text;
    in = wire::ReadBytes(in, end, &text);
    if (in == nullptr) return nullptr;
    if (json_text::IsUtf8(text)) {
      AppendBytes(text, out_);
      return in;
    }
    std::string valid;
    json_text::AppendUtf8(text, &valid);
    AppendBytes(valid, out_);
    replaced_ = true;
    return in;
  }

  const char* Message(const MessageTable& type, const char* in, const char* end,
                      int depth_left) {
    absl::string_view bytes;
    in = wire::ReadBytes(in, end, &bytes);
    if (in == nullptr) return nullptr;
    std::string inner;
    std::string* const outer = out_;
    out_ = &inner;
    const char* const after =
        Fields(type, bytes.data(), bytes.data() + bytes.size(), 0, depth_left);
    out_ = outer;
    if (after == nullptr) return nullptr;
    AppendBytes(inner, out_);
    return in;
  }

  std::string* out_;
  bool replaced_ = false;
};

}  // namespace

bool RepairUtf8(const MessageTable& type, absl::string_view wire,
                std::string* repaired) {
  if (wire.empty()) return false;
  repaired->clear();
  Copier copier(repaired);
  return copier.Fields(type, wire.data(), wire.data() + wire.size(), 0,
                       wire::kMaxDepth) != nullptr &&
         copier.replaced();
}

}  // namespace sse_bridge
