#include "bridge/schema/secret_fields.h"

#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/unknown_field_set.h"
#include "gtest/gtest.h"
#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

namespace pb = ::google::protobuf;

// Of these messages, Login has a field with debug_redact, which Debian's
// compiler does not know. `type` is that of Response's field.
bool FoundIn(const std::string& type) {
  pb::FileDescriptorProto file;
  file.set_name("test.proto");
  const auto add = [&file](const std::string& name,
                           const std::vector<std::string>& types) {
    pb::DescriptorProto* const message = file.add_message_type();
    message->set_name(name);
    for (const std::string& each : types) {
      pb::FieldDescriptorProto* const field = message->add_field();
      field->set_number(message->field_size());
      field->set_name("f" + std::to_string(message->field_size()));
      field->set_label(pb::FieldDescriptorProto::LABEL_REPEATED);
      if (each == "secret" || each == "public") {
        field->set_type(pb::FieldDescriptorProto::TYPE_STRING);
        pb::FieldOptions* const options = field->mutable_options();
        options->GetReflection()->MutableUnknownFields(options)->AddVarint(
            16, each == "secret" ? 1 : 0);
      } else {
        field->set_type(pb::FieldDescriptorProto::TYPE_MESSAGE);
        field->set_type_name(each);
      }
    }
  };
  add("Response", {"public", type});
  add("Login", {"public", "secret", "Login"});
  add("Open", {"public", "Open"});
  add("Outer", {"Open", "Login"});
  pb::DescriptorPool pool;
  const pb::FileDescriptor* const built = pool.BuildFile(file);
  EXPECT_NE(built, nullptr);
  return MayContainSecrets(built->FindMessageTypeByName("Response"));
}

TEST(SecretFieldsTest, FoundAtAnyDepth) {
  EXPECT_FALSE(FoundIn("public"));
  EXPECT_FALSE(FoundIn("Open"));
  EXPECT_TRUE(FoundIn("secret"));
  EXPECT_TRUE(FoundIn("Login"));
  EXPECT_TRUE(FoundIn("Outer"));
}

TEST(SecretFieldsTest, CompressInTheSchema) {
  const auto compressible = [](const std::string& option) {
    const auto schema = LoadTestProto(
        "service S { rpc M(Request) returns (stream Request) {\n"
        "option (sse.v1.stream) = { shared: true " +
        option +
        " };\n"
        "option (google.api.http).get = '/m'; } }\n"
        "message Request {}\n");
    EXPECT_TRUE(schema.ok()) << schema.status();
    return schema.ok() && (*schema)->FindMethod("test.S.M")->compressible();
  };
  EXPECT_TRUE(compressible(""));
  EXPECT_TRUE(compressible("compress: true"));
  EXPECT_FALSE(compressible("compress: false"));
}

}  // namespace
}  // namespace sse_bridge
