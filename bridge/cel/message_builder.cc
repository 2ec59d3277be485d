#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "bridge/cel/message_values.h"
#include "bridge/cel/type.h"

namespace sse_bridge::cel {

namespace {

namespace pb = ::google::protobuf;
using pb::Descriptor;
using pb::FieldDescriptor;
using Kind = Value::Kind;

// Writes values into one message.
class MessageBuilder {
 public:
  MessageBuilder(const Types& types, Budget* budget)
      : types_(types), budget_(budget) {}

  absl::Status SetField(pb::Message* message, const FieldDescriptor* field,
                        const Value& value) {
    if (field->is_map()) return SetMap(message, field, value);
    if (!field->is_repeated()) {
      if (value.Is(Kind::kNull) && LeavesUnset(field)) return absl::OkStatus();
      return Set(message, field, value);
    }
    if (!value.Is(Kind::kList)) return WrongType(field, value);
    for (size_t i = 0; i < value.list().size(); ++i) {
      absl::StatusOr<Value> element = value.list().Get(i, budget_);
      if (!element.ok()) return element.status();
      if (absl::Status s = Set(message, field, *element); !s.ok()) return s;
    }
    return absl::OkStatus();
  }

  // Writes a value into a message of its own type, or of a well-known type that
  // can hold it.
  absl::Status SetMessage(pb::Message* message, const Value& value) {
    if (absl::Status s = budget_->Spend(16); !s.ok()) return s;
    const Descriptor* type = message->GetDescriptor();
    switch (type->well_known_type()) {
      case Descriptor::WELLKNOWNTYPE_TIMESTAMP:
        if (!value.Is(Kind::kTimestamp)) break;
        return SetTime(message, value.timestamp() - absl::UnixEpoch(),
                       /*floor=*/true);
      case Descriptor::WELLKNOWNTYPE_DURATION:
        if (!value.Is(Kind::kDuration)) break;
        return SetTime(message, value.duration(), /*floor=*/false);
      case Descriptor::WELLKNOWNTYPE_VALUE:
        return SetJson(message, value);
      case Descriptor::WELLKNOWNTYPE_LISTVALUE:
      case Descriptor::WELLKNOWNTYPE_STRUCT:
        if (type->field_count() != 1) break;
        return SetField(message, type->field(0), value);
      case Descriptor::WELLKNOWNTYPE_ANY:
        return SetAny(message, value);
      default:
        if (Type::OfMessage(type).Is(Type::Kind::kWrapper)) {
          return Set(message, type->FindFieldByName("value"), value);
        }
    }
    if (!value.Is(Kind::kMessage) || value.message().GetDescriptor() != type) {
      return absl::InvalidArgumentError(
          absl::StrCat("a value of type ", value.TypeName(), " is not a ",
                       type->full_name()));
    }
    if (absl::Status s = budget_->Spend(value.message().ByteSizeLong());
        !s.ok()) {
      return s;
    }
    // Not CopyFrom, which needs the same implementation of the type.
    return message->ParsePartialFromString(
               value.message().SerializePartialAsString())
               ? absl::OkStatus()
               : absl::InvalidArgumentError("a message that cannot be copied");
  }

 private:
  static absl::Status WrongType(const FieldDescriptor* field,
                                const Value& value) {
    return absl::InvalidArgumentError(absl::StrCat(
        "field ", field->name(), " is a ", Type::OfField(field).Name(),
        ", not a ", value.TypeName()));
  }

  static absl::Status OutOfRange(const FieldDescriptor* field) {
    return absl::OutOfRangeError(
        absl::StrCat("field ", field->name(), ": the value is out of range"));
  }

  static bool LeavesUnset(const FieldDescriptor* field) {
    return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
           field->message_type()->well_known_type() !=
               Descriptor::WELLKNOWNTYPE_VALUE &&
           field->message_type()->well_known_type() !=
               Descriptor::WELLKNOWNTYPE_STRUCT &&
           field->message_type()->well_known_type() !=
               Descriptor::WELLKNOWNTYPE_LISTVALUE;
  }

  absl::Status SetMap(pb::Message* message, const FieldDescriptor* field,
                      const Value& value) {
    if (!value.Is(Kind::kMap)) return WrongType(field, value);
    const pb::Reflection* reflection = message->GetReflection();
    const Descriptor* entry_type = field->message_type();
    for (const auto& [k, v] : value.map().entries()) {
      pb::Message* entry =
          reflection->AddMessage(message, field, types_.factory);
      if (absl::Status s = Set(entry, entry_type->map_key(), k); !s.ok()) {
        return s;
      }
      if (absl::Status s = Set(entry, entry_type->map_value(), v); !s.ok()) {
        return s;
      }
    }
    return absl::OkStatus();
  }

  // Sets a singular field, or adds to a repeated one.
  absl::Status Set(pb::Message* message, const FieldDescriptor* field,
                   const Value& value) {
    const pb::Reflection* r = message->GetReflection();
    const bool add = field->is_repeated();
    const Kind kind = value.kind();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
      case FieldDescriptor::CPPTYPE_ENUM: {
        if (kind != Kind::kInt) return WrongType(field, value);
        const int64_t number = value.int_value();
        if (number < std::numeric_limits<int32_t>::min() ||
            number > std::numeric_limits<int32_t>::max()) {
          return OutOfRange(field);
        }
        const auto narrow = static_cast<int32_t>(number);
        if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT32) {
          add ? r->AddInt32(message, field, narrow)
              : r->SetInt32(message, field, narrow);
        } else {
          add ? r->AddEnumValue(message, field, narrow)
              : r->SetEnumValue(message, field, narrow);
        }
        return absl::OkStatus();
      }
      case FieldDescriptor::CPPTYPE_INT64:
        if (kind != Kind::kInt) return WrongType(field, value);
        add ? r->AddInt64(message, field, value.int_value())
            : r->SetInt64(message, field, value.int_value());
        return absl::OkStatus();
      case FieldDescriptor::CPPTYPE_UINT32: {
        if (kind != Kind::kUint) return WrongType(field, value);
        if (value.uint_value() > std::numeric_limits<uint32_t>::max()) {
          return OutOfRange(field);
        }
        const auto narrow = static_cast<uint32_t>(value.uint_value());
        add ? r->AddUInt32(message, field, narrow)
            : r->SetUInt32(message, field, narrow);
        return absl::OkStatus();
      }
      case FieldDescriptor::CPPTYPE_UINT64:
        if (kind != Kind::kUint) return WrongType(field, value);
        add ? r->AddUInt64(message, field, value.uint_value())
            : r->SetUInt64(message, field, value.uint_value());
        return absl::OkStatus();
      case FieldDescriptor::CPPTYPE_FLOAT: {
        if (kind != Kind::kDouble) return WrongType(field, value);
        const float narrow = Narrow(value.double_value());
        add ? r->AddFloat(message, field, narrow)
            : r->SetFloat(message, field, narrow);
        return absl::OkStatus();
      }
      case FieldDescriptor::CPPTYPE_DOUBLE:
        if (kind != Kind::kDouble) return WrongType(field, value);
        add ? r->AddDouble(message, field, value.double_value())
            : r->SetDouble(message, field, value.double_value());
        return absl::OkStatus();
      case FieldDescriptor::CPPTYPE_BOOL:
        if (kind != Kind::kBool) return WrongType(field, value);
        add ? r->AddBool(message, field, value.bool_value())
            : r->SetBool(message, field, value.bool_value());
        return absl::OkStatus();
      case FieldDescriptor::CPPTYPE_STRING: {
        const bool bytes = field->type() == FieldDescriptor::TYPE_BYTES;
        if (kind != (bytes ? Kind::kBytes : Kind::kString)) {
          return WrongType(field, value);
        }
        const absl::string_view text = bytes ? value.bytes() : value.string();
        if (absl::Status s = budget_->Spend(text.size()); !s.ok()) return s;
        add ? r->AddString(message, field, std::string(text))
            : r->SetString(message, field, std::string(text));
        return absl::OkStatus();
      }
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return SetMessage(
            add ? r->AddMessage(message, field, types_.factory)
                : r->MutableMessage(message, field, types_.factory),
            value);
    }
    return WrongType(field, value);
  }

  // The conversion of a double beyond a float's range is undefined.
  static float Narrow(double value) {
    constexpr double kMax = std::numeric_limits<float>::max();
    if (std::abs(value) > kMax && std::isfinite(value)) {
      return std::nextafter(
          static_cast<float>(std::copysign(kMax, value)),
          static_cast<float>(
              std::copysign(std::numeric_limits<float>::infinity(), value)));
    }
    return static_cast<float>(value);
  }

  absl::Status SetTime(pb::Message* message, absl::Duration time, bool floor) {
    const Descriptor* type = message->GetDescriptor();
    absl::Duration rest;
    int64_t seconds = absl::IDivDuration(time, absl::Seconds(1), &rest);
    int64_t nanos = absl::ToInt64Nanoseconds(rest);
    if (floor && nanos < 0) {
      --seconds;
      nanos += 1'000'000'000;
    }
    const FieldDescriptor* first = type->FindFieldByName("seconds");
    const FieldDescriptor* second = type->FindFieldByName("nanos");
    if (first == nullptr || second == nullptr) {
      return absl::InvalidArgumentError("a time without its fields");
    }
    if (absl::Status s = Set(message, first, Value::Int(seconds)); !s.ok()) {
      return s;
    }
    return Set(message, second, Value::Int(nanos));
  }

  absl::Status SetJson(pb::Message* message, const Value& value) {
    const char* name = nullptr;
    Value content = value;
    switch (value.kind()) {
      case Kind::kNull:
        name = "null_value";
        content = Value::Int(0);
        break;
      case Kind::kBool:
        name = "bool_value";
        break;
      case Kind::kInt:
        name = "number_value";
        content = Value::Double(static_cast<double>(value.int_value()));
        break;
      case Kind::kUint:
        name = "number_value";
        content = Value::Double(static_cast<double>(value.uint_value()));
        break;
      case Kind::kDouble:
        name = "number_value";
        break;
      case Kind::kString:
        name = "string_value";
        break;
      case Kind::kList:
        name = "list_value";
        break;
      case Kind::kMap:
        name = "struct_value";
        break;
      default:
        break;
    }
    const FieldDescriptor* field =
        name == nullptr ? nullptr
                        : message->GetDescriptor()->FindFieldByName(name);
    if (field == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("a ", value.TypeName(), " is not a JSON value"));
    }
    return Set(message, field, content);
  }

  // Packs a value as the message that stands for it.
  absl::Status SetAny(pb::Message* message, const Value& value) {
    const char* name = nullptr;
    switch (value.kind()) {
      case Kind::kMessage:
        break;
      case Kind::kBool:
        name = "google.protobuf.BoolValue";
        break;
      case Kind::kInt:
        name = "google.protobuf.Int64Value";
        break;
      case Kind::kUint:
        name = "google.protobuf.UInt64Value";
        break;
      case Kind::kDouble:
        name = "google.protobuf.DoubleValue";
        break;
      case Kind::kString:
        name = "google.protobuf.StringValue";
        break;
      case Kind::kBytes:
        name = "google.protobuf.BytesValue";
        break;
      case Kind::kTimestamp:
        name = "google.protobuf.Timestamp";
        break;
      case Kind::kDuration:
        name = "google.protobuf.Duration";
        break;
      case Kind::kList:
        name = "google.protobuf.ListValue";
        break;
      case Kind::kMap:
        name = "google.protobuf.Struct";
        break;
      default:
        name = "google.protobuf.Value";
    }
    const Descriptor* type = name == nullptr
                                 ? value.message().GetDescriptor()
                                 : types_.pool->FindMessageTypeByName(name);
    const FieldDescriptor* url =
        message->GetDescriptor()->FindFieldByName("type_url");
    const FieldDescriptor* bytes =
        message->GetDescriptor()->FindFieldByName("value");
    if (type == nullptr || url == nullptr || bytes == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(
          "a ", value.TypeName(), " cannot be put into an Any here"));
    }
    const std::unique_ptr<pb::Message> content(
        types_.factory->GetPrototype(type)->New());
    if (absl::Status s = SetMessage(content.get(), value); !s.ok()) return s;
    if (absl::Status s = Set(message, url,
                             Value::OwnString(absl::StrCat(
                                 "type.googleapis.com/", type->full_name())));
        !s.ok()) {
      return s;
    }
    return Set(message, bytes,
               Value::OwnBytes(content->SerializePartialAsString()));
  }

  const Types& types_;
  Budget* const budget_;
};

}  // namespace

absl::StatusOr<Value> BuildMessage(
    const Descriptor* type, const std::vector<const FieldDescriptor*>& fields,
    const std::vector<Value>& values, const Types& types, Budget* budget) {
  std::shared_ptr<pb::Message> message(
      types.factory->GetPrototype(type)->New());
  MessageBuilder builder(types, budget);
  if (absl::Status s = budget->Spend(64); !s.ok()) return s;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (absl::Status s = builder.SetField(message.get(), fields[i], values[i]);
        !s.ok()) {
      return s;
    }
  }
  const pb::Message& built = *message;
  return MessageValue(built, std::move(message), types, budget);
}

}  // namespace sse_bridge::cel
