#include "tests/unit/transcode/test_schema.h"

#include <gmock/gmock.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/wrappers.pb.h>

namespace sse_bridge {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;

constexpr char kProto3[] = R"(
syntax = "proto3";
package t3;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";

enum Color { BLACK = 0; RED = 1; GREEN = 2; NOIR = -5; FAR = 1000000; }
enum Alias { option allow_alias = true; A_ZERO = 0; A_FIRST = 1; A_OTHER = 1; }

message Scalars {
  double f_double = 1;
  float f_float = 2;
  int32 f_int32 = 3;
  int64 f_int64 = 4;
  uint32 f_uint32 = 5;
  uint64 f_uint64 = 6;
  sint32 f_sint32 = 7;
  sint64 f_sint64 = 8;
  fixed32 f_fixed32 = 9;
  fixed64 f_fixed64 = 10;
  sfixed32 f_sfixed32 = 11;
  sfixed64 f_sfixed64 = 12;
  bool f_bool = 13;
  string f_string = 14;
  bytes f_bytes = 15;
  Color f_color = 16;
  Alias f_alias = 17;
  string renamed = 18 [json_name = "other\"<Name"];
}
message Optionals {
  optional double f_double = 1;
  optional int32 f_int32 = 3;
  optional string f_string = 14;
  optional Color f_color = 16;
  Scalars f_message = 20;
}
message Repeated {
  repeated double f_double = 1;
  repeated float f_float = 2;
  repeated int32 f_int32 = 3;
  repeated sint64 f_sint64 = 4;
  repeated bool f_bool = 5;
  repeated string f_string = 6;
  repeated bytes f_bytes = 7;
  repeated Color f_color = 8;
  repeated Scalars f_message = 9;
  repeated fixed32 f_unpacked = 3000 [packed = false];
  repeated google.protobuf.Timestamp times = 3001;
}
message Maps {
  map<string, string> strings = 1;
  map<int32, int32> int32s = 2;
  map<int64, double> int64s = 3;
  map<uint32, bytes> uint32s = 4;
  map<uint64, Color> uint64s = 5;
  map<sint32, bool> sint32s = 6;
  map<sint64, Scalars> sint64s = 7;
  map<fixed32, int64> fixed32s = 8;
  map<fixed64, float> fixed64s = 9;
  map<sfixed32, string> sfixed32s = 10;
  map<sfixed64, google.protobuf.Timestamp> sfixed64s = 11;
  map<bool, Maps> bools = 12;
}
message Choice {
  int32 before = 1;
  oneof kind {
    int32 number = 2;
    string text = 3;
    Scalars message = 4;
    google.protobuf.NullValue nothing = 5;
  }
  int32 after = 6;
}
message Known {
  google.protobuf.Any any = 1;
  google.protobuf.Timestamp timestamp = 2;
  google.protobuf.Duration duration = 3;
  google.protobuf.FieldMask mask = 4;
  google.protobuf.Struct struct = 5;
  google.protobuf.Value value = 6;
  google.protobuf.ListValue list = 7;
  google.protobuf.Empty empty = 8;
  google.protobuf.DoubleValue w_double = 9;
  google.protobuf.FloatValue w_float = 10;
  google.protobuf.Int64Value w_int64 = 11;
  google.protobuf.UInt64Value w_uint64 = 12;
  google.protobuf.Int32Value w_int32 = 13;
  google.protobuf.UInt32Value w_uint32 = 14;
  google.protobuf.BoolValue w_bool = 15;
  google.protobuf.StringValue w_string = 16;
  google.protobuf.BytesValue w_bytes = 17;
  google.protobuf.NullValue null = 18;
}
message Tree {
  string name = 1;
  Tree left = 2;
  repeated Tree children = 3;
  google.protobuf.Any any = 4;
}
message Everything {
  Scalars scalars = 1;
  Optionals optionals = 2;
  Repeated repeated = 3;
  Maps maps = 4;
  Choice choice = 5;
  Tree tree = 6;
  map<string, Everything> more = 7;
}
message Envelope {
  Scalars event = 1;
  string name = 2;
  string cursor = 3;
  int64 number = 4;
  Color color = 5;
  bytes raw = 6;
  bool flag = 7;
  Envelope nested = 8;
  repeated string list = 9;
  map<string, int32> map = 10;
  oneof place {
    string here = 11;
    Envelope there = 12;
  }
  optional int32 maybe = 13;
  sint32 minus = 14;
  sfixed64 wide = 15;
  fixed32 narrow = 16;
  double real = 17;
}
)";

constexpr char kProto2[] = R"(
syntax = "proto2";
package t2;

enum Mode { NONE = 0; SLOW = 1; FAST = 2; }

message Old {
  required int32 needed = 1;
  optional string text = 2 [default = "unset"];
  optional Mode mode = 3;
  repeated Mode modes = 4;
  repeated int32 plain = 5;
  repeated int32 packed = 6 [packed = true];
  optional group Data = 7 { optional int32 a = 1; optional Old inner = 2; }
  repeated group Item = 8 { optional string s = 1; }
  map<string, Mode> by_name = 9;
  optional bytes raw = 10;
  oneof pick { int32 one = 11; group Two = 12 { optional bool yes = 1; } }
  extensions 100 to 199;
  optional double late = 200;
}
message Extension {
  extend Old { optional Extension nested = 101; }
  optional int32 v = 1;
}
extend Old {
  optional string note = 100;
  repeated int32 numbers = 102;
  optional group Side = 103 { optional int32 s = 1; }
}
message Set {
  option message_set_wire_format = true;
  extensions 4 to max;
}
message SetItem {
  extend Set { optional SetItem item = 1547769; }
  optional string str = 25;
}
message HoldsSet { optional Set set = 1; }
)";

void AddFile(const char* name, const char* text,
             google::protobuf::DescriptorPool* pool) {
  google::protobuf::io::ArrayInputStream stream(
      text, static_cast<int>(std::strlen(text)));
  google::protobuf::io::Tokenizer tokenizer(&stream, nullptr);
  google::protobuf::compiler::Parser parser;
  google::protobuf::FileDescriptorProto file;
  GOOGLE_CHECK(parser.Parse(&tokenizer, &file)) << name;
  file.set_name(name);
  GOOGLE_CHECK(pool->BuildFile(file) != nullptr) << name;
}

// Finds the types of Any messages in the pool, with any URL prefix.
class AnyFinder : public google::protobuf::TextFormat::Finder {
 public:
  explicit AnyFinder(const google::protobuf::DescriptorPool* pool)
      : pool_(pool) {}
  const Descriptor* FindAnyType(const Message&, const std::string&,
                                const std::string& name) const override {
    return pool_->FindMessageTypeByName(name);
  }

 private:
  const google::protobuf::DescriptorPool* const pool_;
};

void LinkKnownTypes() {
  google::protobuf::Any::descriptor();
  google::protobuf::Duration::descriptor();
  google::protobuf::Empty::descriptor();
  google::protobuf::FieldMask::descriptor();
  google::protobuf::Struct::descriptor();
  google::protobuf::Timestamp::descriptor();
  google::protobuf::StringValue::descriptor();
}

}  // namespace

const TestSchema& TestSchema::Get() {
  static const auto* const schema = new TestSchema;
  return *schema;
}

TestSchema::TestSchema()
    : pool_(google::protobuf::DescriptorPool::generated_pool()),
      factory_(&pool_) {
  LinkKnownTypes();
  AddFile("t3.proto", kProto3, &pool_);
  AddFile("t2.proto", kProto2, &pool_);
}

const Descriptor* TestSchema::Type(absl::string_view name) const {
  const Descriptor* type =
      pool_.FindMessageTypeByName(std::string(name.data(), name.size()));
  GOOGLE_CHECK(type != nullptr) << std::string(name.data(), name.size());
  return type;
}

std::unique_ptr<Message> TestSchema::New(const Descriptor* type) const {
  return std::unique_ptr<Message>(factory_.GetPrototype(type)->New());
}

std::unique_ptr<Message> TestSchema::FromText(absl::string_view type,
                                              absl::string_view text) const {
  auto message = New(Type(type));
  google::protobuf::TextFormat::Parser parser;
  AnyFinder finder(&pool_);
  parser.SetFinder(&finder);
  parser.AllowPartialMessage(true);
  GOOGLE_CHECK(parser.ParseFromString(std::string(text.data(), text.size()),
                                      message.get()));
  return message;
}

std::string TestSchema::Wire(absl::string_view type,
                             absl::string_view text) const {
  return Serialize(*FromText(type, text));
}

std::string Serialize(const Message& message) {
  std::string wire;
  google::protobuf::io::StringOutputStream stream(&wire);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  GOOGLE_CHECK(message.SerializePartialToCodedStream(&coded));
  coded.Trim();
  return wire;
}

std::string Varint(uint64_t value) {
  std::string wire;
  for (; value >= 0x80; value >>= 7) {
    wire += static_cast<char>(value | 0x80);
  }
  wire += static_cast<char>(value);
  return wire;
}

std::string Tag(uint32_t number, uint32_t wire_type) {
  return Varint(uint64_t{number} << 3 | wire_type);
}

std::string VarintField(uint32_t number, uint64_t value) {
  return Tag(number, 0) + Varint(value);
}

std::string BytesField(uint32_t number, absl::string_view value) {
  return Tag(number, 2) + Varint(value.size()) +
         std::string(value.data(), value.size());
}

std::string Fixed64Field(uint32_t number, uint64_t value) {
  std::string wire = Tag(number, 1);
  for (int i = 0; i < 8; ++i) wire += static_cast<char>(value >> (8 * i));
  return wire;
}

}  // namespace sse_bridge
