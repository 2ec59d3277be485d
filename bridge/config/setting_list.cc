#include "bridge/config/setting_list.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "bridge/base/nearest_name.h"
#include "google/protobuf/descriptor.pb.h"

// Defined by the target gen_descriptors.
extern "C" const char sse_bridge_config_descriptors[];
extern "C" const char sse_bridge_config_descriptors_end[];

namespace sse_bridge {
namespace {

// Descriptors with comments, which the generated descriptors lack.
const google::protobuf::DescriptorPool& CommentedPool() {
  static const auto* pool = [] {
    auto* made = new google::protobuf::DescriptorPool();
    google::protobuf::FileDescriptorSet set;
    set.ParseFromArray(sse_bridge_config_descriptors,
                       static_cast<int>(sse_bridge_config_descriptors_end -
                                        sse_bridge_config_descriptors));
    for (const auto& file : set.file()) made->BuildFile(file);
    return made;
  }();
  return *pool;
}

std::string Paragraph(absl::string_view comment) {
  std::vector<absl::string_view> words =
      absl::StrSplit(comment, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  return absl::StrJoin(words, " ");
}

}  // namespace

SettingList::SettingList(const google::protobuf::Descriptor* message) {
  const google::protobuf::Descriptor* commented =
      CommentedPool().FindMessageTypeByName(message->full_name());
  std::string group;
  for (int i = 0; i < message->field_count(); ++i) {
    SettingInfo info;
    info.field = message->field(i);
    info.rules = info.field->options().GetExtension(bridge::v1::setting);
    info.key = info.field->name();
    info.flag = absl::StrReplaceAll(info.key, {{"_", "-"}});
    info.variable =
        absl::StrCat("SSE_BRIDGE_", absl::AsciiStrToUpper(info.key));
    // Look up by name: the set may be older than the message and lack fields.
    const google::protobuf::FieldDescriptor* described =
        commented == nullptr ? nullptr : commented->FindFieldByName(info.key);
    google::protobuf::SourceLocation location;
    if (described != nullptr && described->GetSourceLocation(&location)) {
      if (!location.leading_detached_comments.empty()) {
        group = Paragraph(location.leading_detached_comments.back());
      }
      info.comment = Paragraph(location.leading_comments);
    }
    info.group = group;
    settings_.push_back(std::move(info));
  }
}

const SettingInfo* SettingList::FindKey(absl::string_view key) const {
  for (const SettingInfo& setting : settings_) {
    if (setting.key == key) return &setting;
  }
  return nullptr;
}

const SettingInfo* SettingList::FindFlag(absl::string_view flag) const {
  return FindKey(absl::StrReplaceAll(flag, {{"-", "_"}}));
}

std::string SettingList::Nearest(absl::string_view key) const {
  std::vector<std::string> keys;
  for (const SettingInfo& setting : settings_) keys.push_back(setting.key);
  return NearestName(key, keys);
}

const SettingList& BridgeSettings() {
  static const auto* list = new SettingList(bridge::v1::Config::descriptor());
  return *list;
}

}  // namespace sse_bridge
