#include "bridge/gateway/resume_points.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "bridge/base/own_ids.h"
#include "bridge/feed/composite_cursor.h"
#include "bridge/feed/end_id.h"
#include "bridge/gateway/share_by.h"
#include "bridge/transcode/sse_format.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string ElementText(const google::protobuf::Message& message,
                        const FieldDescriptor* field, int i) {
  const auto* reflection = message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection->GetRepeatedString(message, field, i);
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(reflection->GetRepeatedInt32(message, field, i));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(reflection->GetRepeatedInt64(message, field, i));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(reflection->GetRepeatedUInt32(message, field, i));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(reflection->GetRepeatedUInt64(message, field, i));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return absl::StrCat(reflection->GetRepeatedDouble(message, field, i));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return absl::StrCat(reflection->GetRepeatedFloat(message, field, i));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetRepeatedBool(message, field, i) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return absl::StrCat(reflection->GetRepeatedEnumValue(message, field, i));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;  // not allowed by the schema
  }
  return "";
}

}  // namespace

bool HasCompositeIds(const Method& method) {
  return method.share_by != nullptr && !method.stream.id_from().empty();
}

std::vector<std::string> CursorKeys(const Method& method,
                                    const google::protobuf::Message& request) {
  const int size = request.GetReflection()->FieldSize(request, method.share_by);
  std::vector<std::string> keys;
  keys.reserve(static_cast<size_t>(size));
  for (int i = 0; i < size; ++i) {
    keys.push_back(ElementText(request, method.share_by, i));
  }
  if (keys.empty()) keys.emplace_back();
  return keys;
}

bool SpeaksForOneUser(const Method& method) {
  if (!method.stream.shared()) return true;
  // With an admission, only its calls name the user.
  return !method.access.subject_into().empty() && method.admission == nullptr;
}

std::string SubjectOfCalls(const Method& method,
                           const std::optional<Identity>& identity) {
  return SpeaksForOneUser(method) && identity.has_value() ? identity->subject
                                                          : "";
}

std::vector<std::string> CallTags(const Method& method, const Message& request,
                                  const std::optional<Identity>& identity) {
  const std::string subject = SubjectOfCalls(method, identity);
  const auto calls = SplitRequest(request, method.share_by);
  if (!calls.ok()) return {};
  std::vector<std::string> tags;
  for (const SharedRequest& call : *calls) {
    tags.resize(call.index + 1);
    tags.back() = CallTag(method.grpc_path, call.bytes, subject);
  }
  return tags;
}

ResumePoints FindResumePoints(const Method& method, const Message& request,
                              const std::optional<Identity>& identity,
                              const std::optional<std::string>& id,
                              bool returning) {
  const bool composite = HasCompositeIds(method);
  const std::vector<std::string> keys =
      composite ? CursorKeys(method, request) : std::vector<std::string>();
  ResumePoints found;
  found.points.resize(std::max<size_t>(keys.size(), 1));
  for (ResumePoint& point : found.points) point.returning = returning;
  found.ids.resize(found.points.size());
  if (!id.has_value()) return found;

  std::vector<std::string> tags;
  const auto ended = [&](absl::string_view end_id, const size_t* call) {
    const auto end = ParseEndId(end_id);
    if (end.has_value() && tags.empty()) {
      tags = CallTags(method, request, identity);
    }
    // A stream of several calls without ids ends with the status of the last
    // one.
    const bool is_its =
        end.has_value() &&
        (call != nullptr ? tags[*call] == end->call_tag
                         : std::find(tags.begin(), tags.end(), end->call_tag) !=
                               tags.end());
    return is_its ? std::optional(end->code) : std::nullopt;
  };
  found.ended = ended(*id, nullptr);
  if (found.ended.has_value()) {
    for (ResumePoint& point : found.points) point.over = true;
    if (!composite) found.ids[0] = *id;
    return found;
  }
  auto ids = composite ? CompositeCursor::Read(*id, keys)
                       : std::optional(std::vector<std::string>{*id});
  if (!ids.has_value()) {
    found.points[0].unknown = *id;
    return found;
  }
  for (size_t i = 0; i < ids->size(); ++i) {
    const std::string& each = (*ids)[i];
    if (composite && ended(each, &i).has_value()) {
      found.points[i].over = true;
    } else if (IsOwnId(each) || !IsOneLine(each)) {
      found.points[i].unknown = each;
      continue;
    } else {
      found.points[i].after = each;
    }
    found.ids[i] = each;
  }
  if (std::all_of(found.points.begin(), found.points.end(),
                  [](const ResumePoint& point) { return point.over; })) {
    found.ended = absl::StatusCode::kOk;
  }
  return found;
}

}  // namespace sse_bridge
