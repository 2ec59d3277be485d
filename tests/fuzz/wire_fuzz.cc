// Wire bytes of messages with every kind of field, against libprotobuf: what
// it cannot parse is refused here too, and the JSON of what it can parse reads
// back as the same message. The first byte says which type and which options.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bridge/transcode/frame_encoder.h"
#include "bridge/transcode/json_encoder.h"
#include "bridge/transcode/json_request.h"
#include "bridge/transcode/sse_format.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/stubs/logging.h"
#include "google/protobuf/unknown_field_set.h"
#include "google/protobuf/util/json_util.h"
#include "tests/unit/transcode/test_schema.h"

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr const char* kTypes[] = {"t3.Scalars",    "t3.Repeated", "t3.Maps",
                                  "t3.Choice",     "t3.Known",    "t3.Tree",
                                  "t3.Everything", "t3.Envelope", "t2.Old",
                                  "t2.HoldsSet",   "t3.Optionals"};

// `told` helps whoever looks at a finding.
void Require(bool holds, absl::string_view told = "") {
  if (holds) return;
  std::fprintf(stderr, "%.*s\n", static_cast<int>(told.size()), told.data());
  std::abort();
}

// The unit tests' types in one pool with the well-known ones, as the bridge's
// own schema has them.
class Types {
 public:
  Types() : factory_(&pool_) {
    const sse_bridge::TestSchema schema;
    Add(schema.Type("t3.Tree")->file());
    Add(schema.Type("t2.Old")->file());
  }

  const google::protobuf::DescriptorPool* pool() const { return &pool_; }
  const Descriptor* Type(const std::string& name) const {
    return pool_.FindMessageTypeByName(name);
  }
  std::unique_ptr<Message> New(const Descriptor* type) const {
    return std::unique_ptr<Message>(factory_.GetPrototype(type)->New());
  }

 private:
  void Add(const google::protobuf::FileDescriptor* file) {
    if (pool_.FindFileByName(file->name()) != nullptr) return;
    for (int i = 0; i < file->dependency_count(); ++i) {
      Add(file->dependency(i));
    }
    google::protobuf::FileDescriptorProto proto;
    file->CopyTo(&proto);
    file->CopyJsonNameTo(&proto);
    Require(pool_.BuildFile(proto) != nullptr);
  }

  google::protobuf::DescriptorPool pool_;
  mutable google::protobuf::DynamicMessageFactory factory_;
};

const Types& Schema() {
  static const auto* const types = new Types;
  return *types;
}

// Brings a parsed message to the form in which equal values have equal bytes.
// False where JSON cannot tell the value, so that it cannot come back.
bool Canonicalize(Message* message);

bool CanonicalizeAny(Message* any) {
  const Reflection* reflection = any->GetReflection();
  const FieldDescriptor* url_field = any->GetDescriptor()->FindFieldByNumber(1);
  const FieldDescriptor* value = any->GetDescriptor()->FindFieldByNumber(2);
  const std::string url = reflection->GetString(*any, url_field);
  const size_t slash = url.rfind('/');
  // The writer takes any prefix, the reader wants one.
  if (!url.empty() && slash == 0) return false;
  const Descriptor* type =
      slash == std::string::npos
          ? nullptr
          : Schema().pool()->FindMessageTypeByName(url.substr(slash + 1));
  if (type == nullptr) return true;  // refused, or empty
  const auto packed = Schema().New(type);
  if (!packed->ParsePartialFromString(reflection->GetString(*any, value))) {
    return false;
  }
  // The reader wants what is required.
  if (!Canonicalize(packed.get()) || !packed->IsInitialized()) return false;
  reflection->SetString(any, value, sse_bridge::Serialize(*packed));
  return true;
}

bool EntriesAreClear(Message* message, const FieldDescriptor* map) {
  // An entry with an unknown value of a closed enum is an unknown field, which
  // libprotobuf does only for generated classes.
  const FieldDescriptor* value = map->message_type()->map_value();
  const Reflection* reflection = message->GetReflection();
  for (int i = 0; i < reflection->FieldSize(*message, map); ++i) {
    const Message& entry = reflection->GetRepeatedMessage(*message, map, i);
    const auto& unknown = entry.GetReflection()->GetUnknownFields(entry);
    for (int j = 0; j < unknown.field_count(); ++j) {
      if (unknown.field(j).number() == value->number()) return false;
    }
  }
  return true;
}

// Of entries with one key the last one stays, and the keys are sorted.
void CanonicalizeMap(Message* message, const FieldDescriptor* map) {
  const Reflection* reflection = message->GetReflection();
  std::map<std::string, std::unique_ptr<Message>> entries;
  for (int i = 0; i < reflection->FieldSize(*message, map); ++i) {
    const Message& entry = reflection->GetRepeatedMessage(*message, map, i);
    std::unique_ptr<Message> copy(entry.New());
    copy->CopyFrom(entry);
    // Discarding a message's does not reach what entries themselves hold.
    copy->DiscardUnknownFields();
    std::unique_ptr<Message> key(entry.New());
    key->CopyFrom(*copy);
    key->GetReflection()->ClearField(key.get(),
                                     map->message_type()->map_value());
    entries[key->SerializePartialAsString()] = std::move(copy);
  }
  reflection->ClearField(message, map);
  for (const auto& [key, entry] : entries) {
    reflection->AddMessage(message, map)->CopyFrom(*entry);
  }
}

// Numbers that have one JSON for many values.
void CanonicalizeScalar(Message* message, const FieldDescriptor* field) {
  const Reflection* reflection = message->GetReflection();
  const int size =
      field->is_repeated() ? reflection->FieldSize(*message, field) : 1;
  for (int i = 0; i < size; ++i) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
      constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
      if (field->is_repeated()) {
        const double v = reflection->GetRepeatedDouble(*message, field, i);
        if (v != v) reflection->SetRepeatedDouble(message, field, i, kNan);
      } else if (const double v = reflection->GetDouble(*message, field);
                 v != v) {
        reflection->SetDouble(message, field, kNan);
      }
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT) {
      constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
      if (field->is_repeated()) {
        const float v = reflection->GetRepeatedFloat(*message, field, i);
        if (v != v) reflection->SetRepeatedFloat(message, field, i, kNan);
      } else if (const float v = reflection->GetFloat(*message, field);
                 v != v) {
        reflection->SetFloat(message, field, kNan);
      }
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM &&
               field->enum_type()->full_name() == "google.protobuf.NullValue") {
      if (field->is_repeated()) {
        reflection->SetRepeatedEnumValue(message, field, i, 0);
      } else {
        reflection->SetEnumValue(message, field, 0);
      }
    }
  }
}

// The reader takes names, as clients write them; the writer takes any path.
bool IsMaskOfNames(const Message& mask) {
  const Reflection* reflection = mask.GetReflection();
  const FieldDescriptor* paths = mask.GetDescriptor()->FindFieldByNumber(1);
  for (int i = 0; i < reflection->FieldSize(mask, paths); ++i) {
    const std::string path = reflection->GetRepeatedString(mask, paths, i);
    char previous = '.';
    for (char c : path) {
      if (c == '.' && previous == '.') return false;
      if (!absl::ascii_isalnum(c) && c != '.' && c != '_' && c != '*') {
        return false;
      }
      previous = c;
    }
    if (previous == '.') return false;
  }
  return true;
}

bool Canonicalize(Message* message) {
  message->DiscardUnknownFields();
  if (message->GetDescriptor()->full_name() == "google.protobuf.FieldMask" &&
      !IsMaskOfNames(*message)) {
    return false;
  }
  const Reflection* reflection = message->GetReflection();
  if (message->GetDescriptor()->full_name() == "google.protobuf.Any") {
    return CanonicalizeAny(message);
  }
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      CanonicalizeScalar(message, field);
      continue;
    }
    if (!field->is_repeated()) {
      if (!Canonicalize(reflection->MutableMessage(message, field))) {
        return false;
      }
      continue;
    }
    if (field->is_map()) CanonicalizeMap(message, field);
    for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
      if (!Canonicalize(
              reflection->MutableRepeatedMessage(message, field, i))) {
        return false;
      }
    }
  }
  return true;
}

// Before unknown fields are discarded: is there a map entry of the kind that
// EntriesAreClear() tells?
bool MapsAreClear(Message* message) {
  const Reflection* reflection = message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (field->is_map() && !EntriesAreClear(message, field)) return false;
    const int size =
        field->is_repeated() ? reflection->FieldSize(*message, field) : 1;
    for (int i = 0; i < size; ++i) {
      if (!MapsAreClear(
              field->is_repeated()
                  ? reflection->MutableRepeatedMessage(message, field, i)
                  : reflection->MutableMessage(message, field))) {
        return false;
      }
    }
  }
  return true;
}

// Refused although libprotobuf parses it: values that have no JSON. Those of
// the first list libprotobuf writes all the same, against the specification.
bool HasNoJson(absl::string_view error, const Message& message) {
  for (const char* reason :
       {"does not survive conversion to JSON and back",
        "a google.protobuf.Value has no value", "is not a finite number",
        "a string is not UTF-8", "an Any", "differ in sign",
        "messages nest deeper than 100"}) {
    if (absl::StrContains(error, reason)) return true;
  }
  // The message parsed, so what is cut short is an Any's payload: libprotobuf
  // writes what it could read of it.
  std::unique_ptr<Message> copy(message.New());
  copy->CopyFrom(message);
  if (absl::StrContains(error, "malformed or truncated") &&
      !Canonicalize(copy.get())) {
    return true;
  }
  std::string json;
  return !google::protobuf::util::MessageToJsonString(message, &json).ok();
}

void CheckFrames(const Descriptor* type, absl::string_view wire, bool encodes) {
  using namespace sse_bridge;
  static const std::shared_ptr<const JsonEncoder> encoder =
      JsonEncoder::Create(Schema().pool(), {});
  static const auto* const frames = [] {
    FrameEncoder::Options options;
    options.response = Schema().Type("t3.Envelope");
    options.event_from = "name";
    options.id_from = "nested.cursor";
    options.key = "number";
    return FrameEncoder::Create(encoder, options)->release();
  }();
  if (type->full_name() != "t3.Envelope") return;
  EncodedFrame frame;
  const absl::Status status = frames->Encode({wire}, &frame);
  Require(!status.ok() || encodes);
  if (!status.ok()) {
    Require(frame.payload.empty());
    return;
  }
  size_t lines = 0;
  for (char c : frame.payload) {
    Require(c != '\r' && c != '\0');
    lines += c == '\n';
  }
  Require(lines == 2 + (frame.name().empty() ? 0u : 1u) +
                       (frame.id().empty() ? 0u : 1u));
  // The parts are the ones of what was rendered.
  StreamEvent event;
  event.name = frame.name();
  event.id = frame.id();
  event.data = frame.data();
  std::string again;
  AppendSseEvent(event, &again);
  Require(again == frame.payload);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sse_bridge;
  static google::protobuf::LogSilencer silencer;
  if (size == 0) return 0;
  JsonOptions options;
  options.preserve_proto_field_names = (data[0] & 0x80) != 0;
  options.always_print_enums_as_ints = (data[0] & 0x40) != 0;
  options.always_print_fields_with_no_presence = (data[0] & 0x20) != 0;
  const std::unique_ptr<JsonEncoder> encoder =
      JsonEncoder::Create(Schema().pool(), options);
  const Descriptor* const descriptor =
      Schema().Type(kTypes[(data[0] & 0x1f) % std::size(kTypes)]);
  const MessageTable* const type = encoder->TableFor(descriptor);
  const absl::string_view wire(reinterpret_cast<const char*>(data + 1),
                               size - 1);

  std::string json;
  const absl::Status status = encoder->Encode(type, wire, &json);
  Require(status.ok() || status.code() == absl::StatusCode::kInvalidArgument);
  CheckFrames(descriptor, wire, status.ok());

  // The fast way says the same or nothing, and so do slices.
  std::string other;
  if (encoder->EncodeFast(type, wire, &other).ok()) {
    Require(status.ok() && other == json);
  }
  other.clear();
  const absl::string_view slices[] = {wire.substr(0, wire.size() / 3),
                                      wire.substr(wire.size() / 3)};
  Require(encoder->Encode(type, slices, &other).ok() == status.ok() &&
          other == json);

  const auto parsed = Schema().New(descriptor);
  if (!parsed->ParsePartialFromArray(wire.data(),
                                     static_cast<int>(wire.size()))) {
    Require(!status.ok(), json);
    return 0;
  }
  if (!status.ok()) {
    Require(HasNoJson(absl::string_view(status.message().data(),
                                        status.message().size()),
                      *parsed),
            status.message());
    return 0;
  }
  if (!MapsAreClear(parsed.get()) || !Canonicalize(parsed.get())) return 0;
  if (!parsed->IsInitialized()) return 0;  // the reader wants what is required
  const auto again = Schema().New(descriptor);
  const absl::Status reread = JsonToMessage(json, again.get());
  if (absl::StrContains(
          absl::string_view(reread.message().data(), reread.message().size()),
          "nested deeper")) {
    return 0;
  }
  Require(reread.ok(), absl::StrCat(json, " ", reread.message()));
  Require(Canonicalize(again.get()));
  Require(Serialize(*again) == Serialize(*parsed),
          absl::StrCat(json, " ", again->DebugString(), parsed->DebugString()));
  return 0;
}
