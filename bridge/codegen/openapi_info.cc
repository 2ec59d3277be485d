// What a document says of the API as a whole: info and tags.

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/codegen/comments.h"
#include "bridge/codegen/openapi_annotations.h"
#include "bridge/codegen/openapi_parts.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// A title names at most this many packages.
constexpr size_t kMaxTitlePackages = 3;

constexpr char kDescription[] =
    "gRPC services as JSON and Server-Sent Events. Requests accept JSON names "
    "and proto names of fields.";

std::string TitleOf(std::vector<std::string> packages) {
  if (packages.empty()) return "sse-bridge";
  const size_t more =
      packages.size() - std::min(packages.size(), kMaxTitlePackages);
  if (more > 0) packages.resize(kMaxTitlePackages);
  const std::string title = absl::StrJoin(packages, ", ");
  return more == 0 ? title : absl::StrCat(title, " and ", more, " more");
}

}  // namespace

DocumentTexts::DocumentTexts(const Schema& schema) {
  std::vector<const pb::FileDescriptor*> files;
  for (const Method* method : schema.methods()) {
    if (method->routes.empty()) continue;
    const pb::ServiceDescriptor* service = method->descriptor->service();
    if (!absl::c_linear_search(services_, service)) {
      services_.push_back(service);
      ++names_[service->name()];
    }
    if (!absl::c_linear_search(files, service->file())) {
      files.push_back(service->file());
    }
    const std::string& package = service->file()->package();
    if (!package.empty() && !absl::c_linear_search(packages_, package)) {
      packages_.push_back(package);
    }
  }
  document_ = std::make_unique<openapi::v3::Document>(DocumentOf(files));
  // After the names are counted: they decide how services are called.
  for (const Method* method : schema.methods()) {
    if (method->routes.empty()) continue;
    for (std::string& tag : TagsOf(*method)) {
      if (!absl::c_linear_search(used_tags_, tag)) {
        used_tags_.push_back(std::move(tag));
      }
    }
  }
}

DocumentTexts::~DocumentTexts() = default;

std::string DocumentTexts::NameOf(const pb::ServiceDescriptor* service) const {
  return names_.at(service->name()) == 1 ? service->name()
                                         : service->full_name();
}

std::vector<std::string> DocumentTexts::TagsOf(const Method& method) const {
  if (!method.texts.tags.empty()) return method.texts.tags;
  return {NameOf(method.descriptor->service())};
}

Json DocumentTexts::Info(const OpenApiOptions& options) const {
  const openapi::v3::Info& info = document_->info();
  std::string title = options.title.empty() ? info.title() : options.title;
  if (title.empty()) title = TitleOf(packages_);
  std::string version =
      options.api_version.empty() ? info.version() : options.api_version;
  if (version.empty() && !packages_.empty()) {
    version = packages_[0].substr(packages_[0].rfind('.') + 1);
  }
  if (version.empty()) version.push_back('1');
  Json out = Json::object();
  out["title"] = title;
  out["version"] = version;
  out.update(InfoOf(info));
  if (!out.contains("description")) out["description"] = kDescription;
  return out;
}

Json DocumentTexts::Tags(bool has_bundle) const {
  Json tags = Json::array();
  std::vector<std::string> listed;
  for (const openapi::v3::Tag& tag : document_->tags()) {
    if (tag.name().empty()) continue;
    listed.push_back(tag.name());
    tags.push_back(TagOf(tag));
  }
  for (const std::string& name : used_tags_) {
    if (absl::c_linear_search(listed, name)) continue;
    listed.push_back(name);
    Json tag = Json::object();
    tag["name"] = name;
    for (const pb::ServiceDescriptor* service : services_) {
      if (NameOf(service) != name) continue;
      const std::string comment = CommentOf(service);
      if (!comment.empty()) tag["description"] = Prose(comment);
    }
    tags.push_back(std::move(tag));
  }
  if (has_bundle && !absl::c_linear_search(listed, kBundleTag)) {
    Json tag = Json::object();
    tag["name"] = kBundleTag;
    tag["description"] = "Several streams on one connection.";
    tags.push_back(std::move(tag));
  }
  return tags;
}

Json DocumentTexts::ExternalDocs() const {
  return ExternalDocsOf(document_->external_docs());
}

}  // namespace sse_bridge
