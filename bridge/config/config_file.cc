#include "bridge/config/config_file.h"

#include <fstream>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/base/utf8.h"
#include "bridge/base/yaml_document.h"
#include "bridge/config/setting_value.h"

namespace sse_bridge {
namespace {

using ::google::protobuf::FieldDescriptor;

// Reads one mapping.
class Reader {
 public:
  Reader(absl::string_view name, const SettingList& list,
         google::protobuf::Message* message, Origins* origins)
      : name_(name), list_(list), message_(message), origins_(origins) {}

  absl::Status Read(const YAML::Node& root) {
    if (root.IsNull()) return absl::OkStatus();
    if (!root.IsMap()) {
      return Error(
          root.Mark(), "",
          absl::StrCat("must be a mapping of settings, not ", YamlKind(root)));
    }
    for (const auto& entry : root) {
      if (absl::Status s = ReadEntry(entry.first, entry.second); !s.ok()) {
        return s;
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Error(const YAML::Mark& mark, absl::string_view key,
                     absl::string_view reason) const {
    return absl::InvalidArgumentError(absl::StrCat(
        YamlPosition(name_, mark), ": ", key, key.empty() ? "" : ": ", reason));
  }

  absl::Status ReadEntry(const YAML::Node& key_node, const YAML::Node& value) {
    if (!key_node.IsScalar()) {
      return Error(
          key_node.Mark(), "",
          absl::StrCat("a key must be a name, not ", YamlKind(key_node)));
    }
    const std::string& key = key_node.Scalar();
    const SettingInfo* setting = list_.FindKey(key);
    if (setting == nullptr) {
      const std::string nearest = list_.Nearest(key);
      return Error(key_node.Mark(), CutText(key, kMaxNameShown),
                   absl::StrCat("no such setting",
                                nearest.empty() ? "" : "; did you mean '",
                                nearest, nearest.empty() ? "" : "'?"));
    }
    if (setting->rules.not_in_file()) {
      return Error(key_node.Mark(), key, "cannot be set in a file");
    }
    if (!seen_.insert(key).second) {
      return Error(key_node.Mark(), key, "is set twice");
    }
    message_->GetReflection()->ClearField(message_, setting->field);
    std::vector<std::string> origins;
    if (value.IsSequence()) {
      if (!setting->field->is_repeated()) {
        return Error(value.Mark(), key, "expects one value, not a list");
      }
      for (const YAML::Node& element : value) {
        if (absl::Status s = ReadScalar(*setting, key_node, element, &origins);
            !s.ok()) {
          return s;
        }
      }
    } else if (absl::Status s = ReadScalar(*setting, key_node, value, &origins);
               !s.ok()) {
      return s;
    }
    origins_->Set(key, std::move(origins));
    return absl::OkStatus();
  }

  absl::Status ReadScalar(const SettingInfo& setting,
                          const YAML::Node& key_node, const YAML::Node& node,
                          std::vector<std::string>* origins) {
    if (node.IsNull()) {
      // yaml-cpp gives an empty value the position of the next node.
      return Error(key_node.Mark(), setting.key, "has no value");
    }
    if (!node.IsScalar()) {
      return Error(node.Mark(), setting.key,
                   absl::StrCat("expects single values, not ", YamlKind(node)));
    }
    const std::string& text = node.Scalar();
    if (absl::Status s = CheckType(setting, text, IsQuotedYaml(node));
        !s.ok()) {
      return Error(node.Mark(), setting.key, s.message());
    }
    if (absl::Status s = AddValue(setting, text, message_); !s.ok()) {
      return Error(node.Mark(), setting.key, s.message());
    }
    origins->push_back(
        absl::StrCat(YamlPosition(name_, node.Mark()), ": ", setting.key));
    return absl::OkStatus();
  }

  // Unlike flags, values in files have types.
  static absl::Status CheckType(const SettingInfo& setting,
                                const std::string& text, bool quoted) {
    switch (setting.field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL:
        if (!quoted && (text == "true" || text == "false")) break;
        return absl::InvalidArgumentError("must be true or false");
      case FieldDescriptor::CPPTYPE_INT32:
      case FieldDescriptor::CPPTYPE_INT64:
      case FieldDescriptor::CPPTYPE_DOUBLE:
        if (!quoted || setting.rules.unit() == bridge::v1::Setting::BYTES) {
          break;
        }
        return absl::InvalidArgumentError("must be a number without quotes");
      default:
        break;
    }
    return absl::OkStatus();
  }

  const absl::string_view name_;
  const SettingList& list_;
  google::protobuf::Message* message_;
  Origins* origins_;
  std::set<std::string> seen_;
};

}  // namespace

absl::Status ReadConfigText(absl::string_view name, absl::string_view text,
                            const SettingList& list,
                            google::protobuf::Message* message,
                            Origins* origins) {
  return ReadYaml(name, text, kMaxConfigBytes, [&](const YAML::Node& root) {
    return Reader(name, list, message, origins).Read(root);
  });
}

absl::Status ReadConfigFile(const std::string& path, const SettingList& list,
                            google::protobuf::Message* message,
                            Origins* origins) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxConfigBytes + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file && !file.eof()) {
    return absl::NotFoundError(absl::StrCat("cannot read ", path));
  }
  text.resize(static_cast<size_t>(file.gcount()));
  return ReadConfigText(path, text, list, message, origins);
}

}  // namespace sse_bridge
