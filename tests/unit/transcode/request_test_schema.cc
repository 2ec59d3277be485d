#include "tests/unit/transcode/request_test_schema.h"

#include <cstdlib>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "bridge/transcode/bad_request.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/compiler/parser.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/wrappers.pb.h"
#include "google/rpc/error_details.pb.h"

namespace sse_bridge {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FileDescriptorProto;

namespace {

constexpr char kAllTypes[] = R"(
syntax = "proto3";
package test;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";

enum Color { COLOR_NONE = 0; RED = 1; GREEN = 2; MINUS = -1; }

message Nested {
  string name = 1;
  int32 count = 2;
  Nested child = 3;
  repeated string tags = 4;
  google.protobuf.Timestamp at = 5;
  oneof pick { string left = 6; int32 right = 7; Nested deep = 8; }
}

message All {
  int32 int32_value = 1;
  int64 int64_value = 2;
  uint32 uint32_value = 3;
  uint64 uint64_value = 4;
  sint32 sint32_value = 5;
  sint64 sint64_value = 6;
  fixed32 fixed32_value = 7;
  fixed64 fixed64_value = 8;
  sfixed32 sfixed32_value = 9;
  sfixed64 sfixed64_value = 10;
  float float_value = 11;
  double double_value = 12;
  bool bool_value = 13;
  string string_value = 14;
  bytes bytes_value = 15;
  Color color = 16;
  Nested nested = 17;
  optional int32 optional_int32 = 18;
  string renamed = 19 [json_name = "otherName"];

  repeated int32 int32s = 21;
  repeated string strings = 22;
  repeated Nested nesteds = 23;
  repeated Color colors = 24;
  repeated bytes bytess = 25;
  repeated double doubles = 26;
  repeated bool bools = 27;

  map<string, string> string_map = 31;
  map<int32, int32> int32_map = 32;
  map<int64, Nested> int64_map = 33;
  map<uint32, Color> uint32_map = 34;
  map<uint64, bytes> uint64_map = 35;
  map<bool, string> bool_map = 36;
  map<sint32, google.protobuf.Value> value_map = 37;
  map<string, google.protobuf.NullValue> null_map = 38;

  oneof choice {
    uint32 one_int = 41;
    string one_string = 42;
    Nested one_nested = 43;
    google.protobuf.NullValue one_null = 44;
    google.protobuf.Value one_value = 45;
  }

  google.protobuf.Any any = 51;
  google.protobuf.Timestamp timestamp = 52;
  google.protobuf.Duration duration = 53;
  google.protobuf.FieldMask field_mask = 54;
  google.protobuf.Struct struct_value = 55;
  google.protobuf.Value value = 56;
  google.protobuf.ListValue list_value = 57;
  google.protobuf.Empty empty = 58;
  google.protobuf.BoolValue bool_wrapper = 61;
  google.protobuf.Int32Value int32_wrapper = 62;
  google.protobuf.Int64Value int64_wrapper = 63;
  google.protobuf.UInt32Value uint32_wrapper = 64;
  google.protobuf.UInt64Value uint64_wrapper = 65;
  google.protobuf.FloatValue float_wrapper = 66;
  google.protobuf.DoubleValue double_wrapper = 67;
  google.protobuf.StringValue string_wrapper = 68;
  google.protobuf.BytesValue bytes_wrapper = 69;
  repeated google.protobuf.Value values = 71;
  repeated google.protobuf.Timestamp timestamps = 72;
  repeated google.protobuf.Int32Value int32_wrappers = 73;
  google.protobuf.NullValue null_value = 74;
  repeated google.protobuf.NullValue null_values = 75;
}
)";

constexpr char kOld[] = R"(
syntax = "proto2";
package test2;

enum Size { UNSIZED = 0; SMALL = 1; LARGE = 2; }

message Old {
  required string key = 1;
  optional Size size = 2;
  repeated Size sizes = 3;
  optional group Data = 4 { optional int32 group_int = 1; }
  repeated group Item = 5 { optional int32 n = 1; }
  map<string, Size> size_map = 6;
  optional Old inner = 7;
  extensions 100 to 200;
}

extend Old {
  optional int32 extra = 100;
  repeated string extras = 101;
}

message Scope {
  extend Old { optional Scope scoped = 102; }
  optional string text = 1;
}
)";

}  // namespace

RequestTestSchema::RequestTestSchema(const std::vector<std::string>& files)
    : factory_(&pool_) {
  for (const Descriptor* known : {google::protobuf::Any::descriptor(),
                                  google::protobuf::Duration::descriptor(),
                                  google::protobuf::Empty::descriptor(),
                                  google::protobuf::FieldMask::descriptor(),
                                  google::protobuf::Struct::descriptor(),
                                  google::protobuf::Timestamp::descriptor(),
                                  google::protobuf::BoolValue::descriptor()}) {
    FileDescriptorProto proto;
    known->file()->CopyTo(&proto);
    known->file()->CopyJsonNameTo(&proto);
    pool_.BuildFile(proto);
  }
  for (size_t i = 0; i < files.size(); ++i) {
    google::protobuf::io::ArrayInputStream input(
        files[i].data(), static_cast<int>(files[i].size()));
    google::protobuf::io::Tokenizer tokenizer(&input, nullptr);
    google::protobuf::compiler::Parser parser;
    FileDescriptorProto proto;
    const bool parsed = parser.Parse(&tokenizer, &proto);
    proto.set_name(absl::StrCat("file", i, ".proto"));
    if (!parsed || pool_.BuildFile(proto) == nullptr) {
      std::cerr << "the test's schema does not parse\n";
      std::abort();
    }
  }
}

const Descriptor* RequestTestSchema::Type(const std::string& name) const {
  const Descriptor* type = pool_.FindMessageTypeByName(name);
  if (type == nullptr) {
    std::cerr << "no type " << name << "\n";
    std::abort();
  }
  return type;
}

std::unique_ptr<google::protobuf::Message> RequestTestSchema::New(
    const std::string& name) {
  return std::unique_ptr<google::protobuf::Message>(
      factory_.GetPrototype(Type(name))->New());
}

RequestTestSchema& AllTypesSchema() {
  static auto* const schema = new RequestTestSchema({kAllTypes, kOld});
  return *schema;
}

std::string Violations(const absl::Status& status) {
  const auto payload = status.GetPayload(kBadRequestTypeUrl);
  if (!payload.has_value()) return "no BadRequest";
  google::rpc::BadRequest details;
  if (!details.ParseFromString(std::string(*payload))) return "unparsable";
  std::string out;
  for (const auto& violation : details.field_violations()) {
    absl::StrAppend(&out, out.empty() ? "" : "|", violation.field(),
                    violation.field().empty() ? "" : ": ",
                    violation.description());
  }
  return out;
}

}  // namespace sse_bridge
