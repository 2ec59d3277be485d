#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_JSON_IMAGE_READER_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_JSON_IMAGE_READER_H_

#include <nlohmann/json.hpp>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// Fills descriptors from ProtoJSON with extensions, which protobuf 3.21's own
// parser does not read. Not thread-safe.
class JsonImageReader {
 public:
  // `strict`: else ignores options and fields that are unknown.
  explicit JsonImageReader(bool strict) : strict_(strict) {}

  // Adds the members of `json` to `message`. Errors are kInvalidArgument and
  // begin with the path of the member.
  absl::Status Read(const nlohmann::json& json,
                    google::protobuf::Message* message) {
    return ReadMessage(json, "", 0, message);
  }

 private:
  using Fields = absl::flat_hash_map<std::string,
                                     const google::protobuf::FieldDescriptor*>;

  absl::Status ReadMessage(const nlohmann::json& json, const std::string& path,
                           int depth, google::protobuf::Message* message);
  absl::Status ReadMember(const nlohmann::json& json, const std::string& path,
                          int depth,
                          const google::protobuf::FieldDescriptor* field,
                          google::protobuf::Message* message);
  absl::Status ReadMap(const nlohmann::json& json, const std::string& path,
                       int depth,
                       const google::protobuf::FieldDescriptor* field,
                       google::protobuf::Message* message);
  absl::Status ReadValue(const nlohmann::json& json, const std::string& path,
                         int depth,
                         const google::protobuf::FieldDescriptor* field,
                         google::protobuf::Message* message);

  // Returns the field or extension with this JSON name, or null.
  const google::protobuf::FieldDescriptor* FindMember(
      const std::string& key, const google::protobuf::Message& message);

  const bool strict_;
  absl::flat_hash_map<const google::protobuf::Descriptor*, Fields> fields_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_JSON_IMAGE_READER_H_
