#include "tests/unit/feed/feed_testing.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include "bridge/feed/own_events.h"
#include "bridge/transcode/json_encoder.h"

namespace sse_bridge {
namespace {

constexpr const char* kFields[] = {"id", "key", "text"};

void AppendField(size_t number, absl::string_view value, std::string* wire) {
  if (value.empty()) return;
  wire->push_back(static_cast<char>(number << 3 | 2));
  size_t size = value.size();
  for (; size > 127; size >>= 7) {
    wire->push_back(static_cast<char>(size | 128));
  }
  wire->push_back(static_cast<char>(size));
  wire->append(value.data(), value.size());
}

const google::protobuf::DescriptorPool* Pool() {
  static const auto* const pool = [] {
    google::protobuf::FileDescriptorProto file;
    file.set_name("feed_test.proto");
    file.set_syntax("proto3");
    auto* const type = file.add_message_type();
    type->set_name("Event");
    for (size_t i = 0; i < std::size(kFields); ++i) {
      auto* const field = type->add_field();
      field->set_name(kFields[i]);
      field->set_number(static_cast<int>(i) + 1);
      field->set_type(google::protobuf::FieldDescriptorProto::TYPE_STRING);
      field->set_label(google::protobuf::FieldDescriptorProto::LABEL_OPTIONAL);
    }
    auto* const made = new google::protobuf::DescriptorPool;
    EXPECT_NE(made->BuildFile(file), nullptr);
    return made;
  }();
  return pool;
}

}  // namespace

std::string Message(absl::string_view text, absl::string_view id,
                    absl::string_view key) {
  std::string wire;
  AppendField(1, id, &wire);
  AppendField(2, key, &wire);
  AppendField(3, text, &wire);
  return wire;
}

std::string EventText(absl::string_view text, absl::string_view id) {
  return absl::StrCat(id.empty() ? "" : absl::StrCat("id: ", id, "\n"),
                      "data: \"", text, "\"\n\n");
}

std::shared_ptr<const FrameEncoder> MessageEncoder() {
  FrameEncoder::Options options;
  options.response = Pool()->FindMessageTypeByName("Event");
  options.id_from = "id";
  options.key = "key";
  options.data_field = "text";
  auto encoder =
      FrameEncoder::Create(JsonEncoder::Create(Pool(), JsonOptions()), options);
  EXPECT_TRUE(encoder.ok()) << encoder.status();
  return *std::move(encoder);
}

std::string StatusText(const absl::Status& status) {
  return absl::StrCat("{\"code\":", static_cast<int>(status.code()),
                      ",\"message\":\"", status.message(), "\"}");
}

std::string StatusEventText(const absl::Status& status) {
  return std::string(StatusFrame(status.code(), StatusText(status))->payload());
}

}  // namespace sse_bridge
