#ifndef SSE_BRIDGE_TESTS_UNIT_TRANSCODE_JSON_DIFFERENTIAL_TESTING_H_
#define SSE_BRIDGE_TESTS_UNIT_TRANSCODE_JSON_DIFFERENTIAL_TESTING_H_

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "absl/strings/str_cat.h"
#include "bridge/transcode/json_encoder.h"
#include "bridge/transcode/normalizer.h"
#include "tests/unit/transcode/test_schema.h"

namespace sse_bridge {

// Random messages of the type that the parameter names.
class JsonDifferentialTest : public ::testing::TestWithParam<const char*> {
 protected:
  using Descriptor = google::protobuf::Descriptor;
  using FieldDescriptor = google::protobuf::FieldDescriptor;
  using Message = google::protobuf::Message;
  using Reflection = google::protobuf::Reflection;

  static constexpr int kMessages = 150;  // of each type

  JsonDifferentialTest()
      : resolver_(google::protobuf::util::NewTypeResolverForDescriptorPool(
            "type.googleapis.com", schema_.pool())),
        type_(schema_.Type(GetParam())),
        random_(std::hash<std::string>()(GetParam())) {}

  uint64_t Below(uint64_t n) { return random_() % n; }

  double RandomDouble() {
    switch (Below(6)) {
      case 0:
        return 0;
      case 1:
        return static_cast<double>(Below(2000000)) / 100 - 10000;
      case 2:
        return static_cast<double>(random_()) / 7e12;
      case 3:
        return std::numeric_limits<double>::quiet_NaN();
      case 4:
        return std::numeric_limits<double>::infinity();
      default:
        return static_cast<double>(Below(1000)) / 8;
    }
  }

  std::string RandomText() {
    static constexpr absl::string_view kPieces[] = {
        "a",
        "bc",
        "0123456789",
        "<b>",
        "\"",
        "\\",
        "\n",
        "\x7f",
        "\xc3\xa9",
        "\xe2\x82\xac",
        "\xe2\x80\xa8",
        "\xf0\x9f\x98\x80",
        "&",
        "\x01",
        "long text of no account ",
    };
    std::string text;
    for (uint64_t i = Below(6); i > 0; --i) {
      const absl::string_view piece = kPieces[Below(std::size(kPieces))];
      text.append(piece.data(), piece.size());
    }
    return text;
  }

  uint64_t RandomInt() {
    return Below(3) == 0 ? Below(200) : random_() >> Below(64);
  }

  void FillScalar(Message* m, const FieldDescriptor* f) {
    const Reflection* r = m->GetReflection();
    const bool repeated = f->is_repeated();
    const uint64_t i = RandomInt();
    switch (f->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32: {
        const auto v = static_cast<int32_t>(i);
        repeated ? r->AddInt32(m, f, v) : r->SetInt32(m, f, v);
        break;
      }
      case FieldDescriptor::CPPTYPE_INT64: {
        const auto v = static_cast<int64_t>(i);
        repeated ? r->AddInt64(m, f, v) : r->SetInt64(m, f, v);
        break;
      }
      case FieldDescriptor::CPPTYPE_UINT32: {
        const auto v = static_cast<uint32_t>(i);
        repeated ? r->AddUInt32(m, f, v) : r->SetUInt32(m, f, v);
        break;
      }
      case FieldDescriptor::CPPTYPE_UINT64:
        repeated ? r->AddUInt64(m, f, i) : r->SetUInt64(m, f, i);
        break;
      case FieldDescriptor::CPPTYPE_DOUBLE: {
        const double v = RandomDouble();
        repeated ? r->AddDouble(m, f, v) : r->SetDouble(m, f, v);
        break;
      }
      case FieldDescriptor::CPPTYPE_FLOAT: {
        // Beyond this many digits, libprotobuf does not write the shortest
        // form.
        const float v = static_cast<float>(Below(4000)) / 4;
        repeated ? r->AddFloat(m, f, v) : r->SetFloat(m, f, v);
        break;
      }
      case FieldDescriptor::CPPTYPE_BOOL: {
        const bool v = Below(2) == 0;
        repeated ? r->AddBool(m, f, v) : r->SetBool(m, f, v);
        break;
      }
      case FieldDescriptor::CPPTYPE_ENUM: {
        const auto* e = f->enum_type();
        const auto* v = e->value(
            static_cast<int>(Below(static_cast<uint64_t>(e->value_count()))));
        repeated ? r->AddEnum(m, f, v) : r->SetEnum(m, f, v);
        break;
      }
      case FieldDescriptor::CPPTYPE_STRING: {
        const std::string v = RandomText();
        repeated ? r->AddString(m, f, v) : r->SetString(m, f, v);
        break;
      }
      case FieldDescriptor::CPPTYPE_MESSAGE:
        break;
    }
  }

  void Fill(Message* m, int depth) {
    const Descriptor* type = m->GetDescriptor();
    const Reflection* r = m->GetReflection();
    if (type->full_name() == "google.protobuf.Timestamp" ||
        type->full_name() == "google.protobuf.Duration") {
      r->SetInt64(m, type->field(0), static_cast<int64_t>(Below(1u << 30)));
      static constexpr int kNanos[] = {0, 500000000, 1000, 999999999};
      r->SetInt32(m, type->field(1), kNanos[Below(4)]);
      return;
    }
    if (type->full_name() == "google.protobuf.FieldMask") {
      r->AddString(m, type->field(0), "a_b.c");
      return;
    }
    if (type->full_name() == "google.protobuf.Any") {
      static constexpr const char* kTypes[] = {"t3.Scalars", "t3.Tree",
                                               "google.protobuf.Timestamp",
                                               "google.protobuf.StringValue"};
      const char* name = kTypes[Below(4)];
      auto inner = schema_.New(schema_.Type(name));
      Fill(inner.get(), depth + 1);
      // libprotobuf omits the value of a well-known type without bytes.
      if (inner->ByteSizeLong() == 0) return;
      r->SetString(m, type->field(0),
                   absl::StrCat("type.googleapis.com/", name));
      r->SetString(m, type->field(1), Serialize(*inner));
      return;
    }
    if (type->full_name() == "google.protobuf.Value") {
      switch (Below(depth > 4 ? 3 : 5)) {
        case 0:
          r->SetEnumValue(m, type->field(0), 0);
          break;
        case 1:
          r->SetDouble(m, type->field(1), static_cast<double>(Below(100)));
          break;
        case 2:
          r->SetString(m, type->field(2), RandomText());
          break;
        case 3:
          Fill(r->MutableMessage(m, type->field(4)), depth + 1);
          break;
        default:
          Fill(r->MutableMessage(m, type->field(5)), depth + 1);
      }
      return;
    }
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* f = type->field(i);
      if (Below(3) == 0 && !type->options().map_entry()) continue;
      const bool message = f->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
      // The value of a map entry may be a Value, which must not be empty.
      if (message && depth > 3 && !type->options().map_entry()) continue;
      if (!f->is_repeated()) {
        message ? Fill(r->MutableMessage(m, f), depth + 1) : FillScalar(m, f);
        continue;
      }
      for (uint64_t n = Below(4); n > 0; --n) {
        message ? Fill(r->AddMessage(m, f), depth + 1) : FillScalar(m, f);
      }
    }
  }

  std::string RandomWire() {
    auto message = schema_.New(type_);
    Fill(message.get(), 0);
    return Canonical(message.get());
  }

  // Map keys become unique only when the map is built.
  std::string Canonical(Message* message) {
    std::string wire;
    Normalizer(schema_.pool()).Normalize(type_, Serialize(*message), &wire);
    return wire;
  }

  std::string Ours(const JsonEncoder& encoder, absl::string_view wire,
                   bool fast_only) {
    std::string json;
    const MessageTable* type = encoder.TableFor(type_);
    const absl::Status status = fast_only
                                    ? encoder.EncodeFast(type, wire, &json)
                                    : encoder.Encode(type, wire, &json);
    return status.ok() ? json : absl::StrCat("ERR ", status.message());
  }

  std::string Theirs(const std::string& wire, bool always_print) {
    google::protobuf::util::JsonPrintOptions options;
    options.always_print_primitive_fields = always_print;
    std::string json;
    const auto status = google::protobuf::util::BinaryToJsonString(
        resolver_.get(), "type.googleapis.com/" + type_->full_name(), wire,
        &json, options);
    return status.ok() ? json
                       : absl::StrCat("ERR ", std::string(status.message()));
  }

  // Silences libprotobuf: random maps have duplicate keys, random bytes are not
  // valid UTF-8.
  google::protobuf::LogSilencer silence_;
  const TestSchema schema_;
  const std::unique_ptr<google::protobuf::util::TypeResolver> resolver_;
  const Descriptor* const type_;
  std::mt19937_64 random_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_TRANSCODE_JSON_DIFFERENTIAL_TESTING_H_
