// Files converted to an edition keep the JSON that they had.

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <gtest/gtest.h>

#include "bridge/schema/editions.h"
#include "bridge/transcode/json_encoder.h"
#include "bridge/transcode/json_request.h"
#include "tests/unit/schema/editions_testing.h"
#include "tests/unit/transcode/json_differential_testing.h"

namespace sse_bridge {
namespace {

// The schema, converted to an edition and loaded.
std::unique_ptr<google::protobuf::DescriptorPool> InEdition(
    const TestSchema& schema, bool becomes_proto2) {
  std::vector<google::protobuf::FileDescriptorProto> files(2);
  std::vector<google::protobuf::FileDescriptorProto*> pointers;
  for (const char* name : {"t3.proto", "t2.proto"}) {
    auto* file = &files[pointers.size()];
    schema.pool()->FindFileByName(name)->CopyTo(file);
    ConvertToEdition(file);
    if (becomes_proto2) {
      auto* forces = file->add_message_type();
      forces->set_name("Forces");
      forces->add_extension_range()->set_start(1);
      forces->mutable_extension_range(0)->set_end(2);
    }
    pointers.push_back(file);
  }
  EXPECT_TRUE(LowerEditions(pointers).empty());
  auto pool = std::make_unique<google::protobuf::DescriptorPool>(
      google::protobuf::DescriptorPool::generated_pool());
  for (const auto* file : pointers) {
    EXPECT_NE(pool->BuildFile(*file), nullptr);
  }
  EXPECT_EQ(pool->FindFileByName("t3.proto")->syntax() ==
                google::protobuf::FileDescriptor::SYNTAX_PROTO2,
            becomes_proto2);
  return pool;
}

class JsonInEditionTest : public JsonDifferentialTest {
 protected:
  static std::shared_ptr<const JsonEncoder> EncoderOf(
      const google::protobuf::DescriptorPool& pool, JsonOptions options) {
    options.lenient = true;
    return JsonEncoder::Create(&pool, options);
  }

  static std::string Encoded(const JsonEncoder& encoder,
                             const google::protobuf::DescriptorPool& pool,
                             absl::string_view wire) {
    std::string json;
    const auto status = encoder.Encode(
        encoder.TableFor(pool.FindMessageTypeByName(GetParam())), wire, &json);
    return status.ok() ? json : "ERR";
  }

  // The bytes that a request with this JSON body sends, or "ERR".
  static std::string Sent(const google::protobuf::DescriptorPool& pool,
                          const std::string& json) {
    google::protobuf::DynamicMessageFactory factory(&pool);
    const std::unique_ptr<Message> message(
        factory.GetPrototype(pool.FindMessageTypeByName(GetParam()))->New());
    return JsonToMessage(json, message.get()).ok() ? Serialize(*message)
                                                   : "ERR";
  }

  void CompareWith(const google::protobuf::DescriptorPool& converted) {
    const google::protobuf::DescriptorPool& original = *schema_.pool();
    const JsonOptions all = {.always_print_fields_with_no_presence = true};
    const auto before = EncoderOf(original, {});
    const auto after = EncoderOf(converted, {});
    const auto before_all = EncoderOf(original, all);
    const auto after_all = EncoderOf(converted, all);
    const auto expect_same = [&](const std::string& wire) {
      EXPECT_EQ(Encoded(*after, converted, wire),
                Encoded(*before, original, wire));
    };
    int compared = 0;
    for (int i = 0; i < kMessages && !HasFailure(); ++i) {
      std::string wire = RandomWire();
      expect_same(wire);
      for (const bool prints_all : {false, true}) {
        const std::string printed =
            Encoded(prints_all ? *before_all : *before, original, wire);
        ASSERT_EQ(Encoded(prints_all ? *after_all : *after, converted, wire),
                  printed);
        const std::string sent = Sent(original, printed);
        ASSERT_EQ(Sent(converted, printed), sent) << printed;
        if (sent != "ERR") ++compared;
      }
      // Unusual order, and unknown numbers of enums.
      wire += RandomWire();
      expect_same(wire);
      for (uint64_t n = Below(3); n > 0 && !wire.empty(); --n) {
        wire[Below(wire.size())] = static_cast<char>(random_());
      }
      expect_same(wire);
    }
    EXPECT_GT(compared, 0);
  }
};

TEST_P(JsonInEditionTest, ConvertedFilesKeepTheirJson) {
  CompareWith(*InEdition(schema_, /*becomes_proto2=*/false));
}

TEST_P(JsonInEditionTest, FilesThatBecomeProto2KeepTheirJson) {
  CompareWith(*InEdition(schema_, /*becomes_proto2=*/true));
}

INSTANTIATE_TEST_SUITE_P(Types, JsonInEditionTest,
                         ::testing::Values("t3.Scalars", "t3.Optionals",
                                           "t3.Repeated", "t3.Maps",
                                           "t3.Choice", "t3.Known", "t3.Tree",
                                           "t3.Everything", "t3.Envelope",
                                           "t2.Old", "t2.HoldsSet"),
                         [](const auto& info) {
                           std::string name = info.param;
                           return name.replace(2, 1, "_");
                         });

}  // namespace
}  // namespace sse_bridge
