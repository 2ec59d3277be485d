#include "bridge/gateway/share_by.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace sse_bridge {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Appends element `index` of `field` in `from` to `field` in `to`.
void AddElement(const Message& from, const FieldDescriptor* field, int index,
                Message* to) {
  const Reflection* in = from.GetReflection();
  const Reflection* out = to->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      out->AddInt32(to, field, in->GetRepeatedInt32(from, field, index));
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      out->AddInt64(to, field, in->GetRepeatedInt64(from, field, index));
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
      out->AddUInt32(to, field, in->GetRepeatedUInt32(from, field, index));
      break;
    case FieldDescriptor::CPPTYPE_UINT64:
      out->AddUInt64(to, field, in->GetRepeatedUInt64(from, field, index));
      break;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      out->AddDouble(to, field, in->GetRepeatedDouble(from, field, index));
      break;
    case FieldDescriptor::CPPTYPE_FLOAT:
      out->AddFloat(to, field, in->GetRepeatedFloat(from, field, index));
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      out->AddBool(to, field, in->GetRepeatedBool(from, field, index));
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      out->AddEnumValue(to, field,
                        in->GetRepeatedEnumValue(from, field, index));
      break;
    case FieldDescriptor::CPPTYPE_STRING:
      out->AddString(to, field, in->GetRepeatedString(from, field, index));
      break;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      out->AddMessage(to, field)->CopyFrom(
          in->GetRepeatedMessage(from, field, index));
      break;
  }
}

}  // namespace

std::string SerializeCanonically(const Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializePartialToCodedStream(&coded);
  }
  return bytes;
}

absl::StatusOr<std::vector<SharedRequest>> SplitRequest(
    const Message& request, const FieldDescriptor* share_by) {
  std::vector<SharedRequest> requests;
  const int elements = share_by == nullptr ? 0
                                           : request.GetReflection()->FieldSize(
                                                 request, share_by);
  if (elements < 2) {
    requests.push_back({SerializeCanonically(request), 0});
    return requests;
  }
  // The common part is copied for each element, so time and memory grow with
  // the product of both. The total size is therefore bounded.
  std::unique_ptr<Message> part(request.New());
  part->CopyFrom(request);
  part->GetReflection()->ClearField(part.get(), share_by);
  size_t total = 0;
  absl::flat_hash_set<std::string> seen;
  for (int i = 0; i < elements; ++i) {
    part->GetReflection()->ClearField(part.get(), share_by);
    AddElement(request, share_by, i, part.get());
    std::string bytes = SerializeCanonically(*part);
    total += bytes.size();
    if (total > kMaxSharedRequestBytes) {
      return absl::InvalidArgumentError(absl::StrCat(
          share_by->name(), ": the request is too large for so many elements"));
    }
    // Duplicate elements are one stream.
    if (!seen.insert(bytes).second) continue;
    requests.push_back({std::move(bytes), static_cast<size_t>(i)});
  }
  return requests;
}

}  // namespace sse_bridge
