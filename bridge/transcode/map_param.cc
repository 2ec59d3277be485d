#include "bridge/transcode/map_param.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "bridge/transcode/field_setter.h"

namespace sse_bridge {

using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;

std::optional<MapParam> SplitMapParam(absl::string_view name) {
  const size_t open = name.find('[');
  if (open == absl::string_view::npos || name.back() != ']') {
    return std::nullopt;
  }
  return MapParam{name.substr(0, open),
                  name.substr(open + 1, name.size() - open - 2)};
}

Reason CheckMapHasText(const FieldDescriptor* map) {
  const FieldDescriptor* value = map->message_type()->map_value();
  if (value->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
      !HasTextForm(*value->message_type())) {
    return absl::StrCat("its values (", value->message_type()->full_name(),
                        ") cannot be given as text");
  }
  return "";
}

Reason SetMapEntry(Message* message, const FieldChain& chain,
                   absl::string_view key, absl::string_view value) {
  for (size_t i = 0; i + 1 < chain.size(); ++i) {
    message = FieldSetter(message, chain[i]).SubMessage();
  }
  const FieldDescriptor* map = chain.back();
  Message* entry = message->GetReflection()->AddMessage(message, map);
  Reason reason =
      FieldSetter(entry, map->message_type()->map_key()).SetFromText(key);
  if (!reason.empty()) return absl::StrCat("invalid key: ", reason);
  return SetFromParamText(entry, map->message_type()->map_value(), value);
}

std::string CanonicalMapKey(const FieldDescriptor* key,
                            absl::string_view text) {
  switch (key->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64: {
      int64_t value = 0;
      (void)ParseInteger(text, &value);
      return absl::StrCat(value);
    }
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64: {
      uint64_t value = 0;
      (void)ParseInteger(text, &value);
      return absl::StrCat(value);
    }
    default:
      return std::string(text);
  }
}

}  // namespace sse_bridge
