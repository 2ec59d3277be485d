#include "bridge/schema/yaml_message.h"

#include <google/protobuf/util/json_util.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/base/json_quote.h"
#include "bridge/base/utf8.h"
#include "bridge/base/yaml_document.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/duration.pb.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// Far deeper than any option. Aliases can make a mapping contain itself.
constexpr int kMaxYamlDepth = 20;

// Writes YAML as ProtoJSON and checks it on the way, because protobuf's JSON
// parser names no lines.
class YamlToJson {
 public:
  explicit YamlToJson(absl::string_view name) : name_(name) {}

  absl::Status WriteMessage(const YAML::Node& node, const pb::Descriptor* type,
                            absl::string_view path, int depth,
                            std::string* out) {
    if (!node.IsMap()) {
      return Error(node, path,
                   absl::StrCat("must be a mapping, not ", YamlKind(node)));
    }
    if (depth == kMaxYamlDepth) return Error(node, path, "is nested too deep");
    absl::flat_hash_set<const void*> seen;  // fields and oneofs
    out->push_back('{');
    bool first = true;
    for (const auto& entry : node) {
      const pb::FieldDescriptor* field = nullptr;
      if (absl::Status s = FindField(entry.first, type, path, &field);
          !s.ok()) {
        return s;
      }
      const std::string inner =
          absl::StrCat(path, path.empty() ? "" : ".", field->name());
      if (!seen.insert(field).second) {
        return Error(entry.first, inner, "is set twice");
      }
      const pb::OneofDescriptor* oneof = field->real_containing_oneof();
      if (oneof != nullptr && !seen.insert(oneof).second) {
        return Error(entry.first, inner,
                     absl::StrCat("only one field of \"", oneof->name(),
                                  "\" can be set"));
      }
      absl::StrAppend(out, first ? "" : ",", JsonQuote(field->name()), ":");
      first = false;
      if (absl::Status s =
              WriteField(entry.first, entry.second, field, inner, depth, out);
          !s.ok()) {
        return s;
      }
    }
    out->push_back('}');
    return absl::OkStatus();
  }

  absl::Status Error(const YAML::Node& node, absl::string_view path,
                     absl::string_view reason) const {
    return absl::InvalidArgumentError(
        absl::StrCat(YamlPosition(name_, node.Mark()), ": ", path,
                     path.empty() ? "" : ": ", reason));
  }

 private:
  absl::Status FindField(const YAML::Node& key, const pb::Descriptor* type,
                         absl::string_view path,
                         const pb::FieldDescriptor** field) const {
    if (!key.IsScalar()) {
      return Error(key, path,
                   absl::StrCat("a key must be a name, not ", YamlKind(key)));
    }
    std::vector<std::string> names;
    for (int i = 0; i < type->field_count(); ++i) {
      *field = type->field(i);
      if (key.Scalar() == (*field)->name() ||
          key.Scalar() == (*field)->json_name()) {
        return absl::OkStatus();
      }
      names.push_back((*field)->name());
    }
    return Error(key, path,
                 absl::StrCat("there is no field \"",
                              CutText(key.Scalar(), kMaxNameShown),
                              "\"; there are: ", absl::StrJoin(names, ", ")));
  }

  absl::Status WriteField(const YAML::Node& key, const YAML::Node& value,
                          const pb::FieldDescriptor* field,
                          absl::string_view path, int depth, std::string* out) {
    if (!field->is_repeated()) {
      return WriteValue(key, value, field, path, depth, out);
    }
    if (!value.IsSequence()) {
      // yaml-cpp gives an empty value the position of the next node.
      return Error(value.IsNull() ? key : value, path,
                   absl::StrCat("must be a list, not ", YamlKind(value)));
    }
    out->push_back('[');
    bool first = true;
    for (const YAML::Node& element : value) {
      if (!first) out->push_back(',');
      first = false;
      if (absl::Status s = WriteValue(key, element, field, path, depth, out);
          !s.ok()) {
        return s;
      }
    }
    out->push_back(']');
    return absl::OkStatus();
  }

  absl::Status WriteValue(const YAML::Node& key, const YAML::Node& node,
                          const pb::FieldDescriptor* field,
                          absl::string_view path, int depth, std::string* out) {
    if (++values_ > kMaxYamlValues) {
      return Error(node, path,
                   absl::StrCat("more than ", kMaxYamlValues, " values"));
    }
    if (node.IsNull()) return Error(key, path, "has no value");
    const bool is_duration = field->message_type() != nullptr &&
                             field->message_type()->well_known_type() ==
                                 pb::Descriptor::WELLKNOWNTYPE_DURATION;
    if (field->message_type() != nullptr && !is_duration) {
      return WriteMessage(node, field->message_type(), path, depth + 1, out);
    }
    if (!node.IsScalar()) {
      return Error(
          node, path,
          absl::StrCat("must be a single value, not ", YamlKind(node)));
    }
    const std::string& text = node.Scalar();
    if (is_duration) {
      pb::Duration parsed;
      if (!pb::util::JsonStringToMessage(JsonQuote(text), &parsed).ok()) {
        return Error(node, path,
                     absl::StrCat("\"", CutText(text, kMaxNameShown),
                                  "\" is not a time in seconds, "
                                  "like 5s or 0.5s"));
      }
      absl::StrAppend(out, JsonQuote(text));
      return absl::OkStatus();
    }
    switch (field->cpp_type()) {
      case pb::FieldDescriptor::CPPTYPE_BOOL:
        if (IsQuotedYaml(node) || (text != "true" && text != "false")) {
          return Error(node, path, "must be true or false");
        }
        absl::StrAppend(out, text);
        return absl::OkStatus();
      case pb::FieldDescriptor::CPPTYPE_ENUM:
        return WriteEnum(node, field->enum_type(), path, out);
      case pb::FieldDescriptor::CPPTYPE_STRING:
        absl::StrAppend(out, JsonQuote(text));
        return absl::OkStatus();
      default: {
        double number;
        if (IsQuotedYaml(node) || !absl::SimpleAtod(text, &number)) {
          return Error(node, path, "must be a number");
        }
        // As a string, which ProtoJSON allows: YAML's numbers have more forms.
        absl::StrAppend(out, JsonQuote(text));
        return absl::OkStatus();
      }
    }
  }

  absl::Status WriteEnum(const YAML::Node& node, const pb::EnumDescriptor* type,
                         absl::string_view path, std::string* out) const {
    std::vector<std::string> names;
    for (int i = 0; i < type->value_count(); ++i) {
      names.push_back(type->value(i)->name());
      if (names.back() != node.Scalar()) continue;
      absl::StrAppend(out, JsonQuote(node.Scalar()));
      return absl::OkStatus();
    }
    return Error(node, path,
                 absl::StrCat("must be one of ", absl::StrJoin(names, ", ")));
  }

  const absl::string_view name_;
  size_t values_ = 0;
};

}  // namespace

absl::Status ReadYamlMessage(absl::string_view name, const YAML::Node& node,
                             absl::string_view path, pb::Message* message) {
  YamlToJson writer(name);
  std::string json;
  if (absl::Status s =
          writer.WriteMessage(node, message->GetDescriptor(), path, 0, &json);
      !s.ok()) {
    return s;
  }
  message->Clear();
  const auto parsed = pb::util::JsonStringToMessage(json, message);
  if (!parsed.ok()) {
    return writer.Error(node, path, parsed.message().ToString());
  }
  return absl::OkStatus();
}

}  // namespace sse_bridge
