#include "bridge/codegen/openapi_annotations.h"

#include <yaml-cpp/yaml.h>

#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "bridge/base/yaml_document.h"
#include "bridge/codegen/comments.h"
#include "openapiv3/annotations.pb.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
namespace v3 = ::openapi::v3;

// Larger or deeper examples are left out.
constexpr size_t kMaxExampleBytes = size_t{64} << 10;
constexpr int kMaxExampleDepth = 32;

void AddText(const char* name, const std::string& text, Json* object) {
  if (!text.empty()) (*object)[name] = text;
}

void AddProse(const std::string& text, Json* object) {
  if (!text.empty()) (*object)["description"] = Prose(text);
}

// A plain scalar by the core schema of YAML 1.2.
Json ScalarOf(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (IsQuotedYaml(node)) return text;
  if (text.empty() || text == "~" || text == "null") return nullptr;
  if (text == "true") return true;
  if (text == "false") return false;
  int64_t integer;
  if (absl::SimpleAtoi(text, &integer)) return integer;
  double number;
  // The names of infinities and NaN stay strings, as in ProtoJSON.
  if (absl::SimpleAtod(text, &number) && std::isfinite(number)) return number;
  return text;
}

// Sets *complete to false if the value is too deep.
Json ValueOf(const YAML::Node& node, int depth, bool* complete) {
  if (depth > kMaxExampleDepth) {
    *complete = false;
    return nullptr;
  }
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      return ScalarOf(node);
    case YAML::NodeType::Sequence: {
      Json list = Json::array();
      for (const YAML::Node& item : node) {
        list.push_back(ValueOf(item, depth + 1, complete));
      }
      return list;
    }
    case YAML::NodeType::Map: {
      Json object = Json::object();
      for (const auto& member : node) {
        object[member.first.Scalar()] =
            ValueOf(member.second, depth + 1, complete);
      }
      return object;
    }
    default:
      return nullptr;
  }
}

}  // namespace

v3::Document DocumentOf(const std::vector<const pb::FileDescriptor*>& files) {
  v3::Document all;
  pb::RepeatedPtrField<v3::Tag> tags;
  std::set<std::string> named;
  for (const pb::FileDescriptor* file : files) {
    v3::Document own = file->options().GetExtension(v3::document);
    for (const v3::Tag& tag : own.tags()) {
      if (named.insert(tag.name()).second) *tags.Add() = tag;
    }
    // What was set before replaces what this file sets.
    own.clear_tags();
    own.MergeFrom(all);
    all = std::move(own);
  }
  *all.mutable_tags() = std::move(tags);
  return all;
}

Json InfoOf(const v3::Info& info) {
  Json out = Json::object();
  AddText("summary", info.summary(), &out);
  AddProse(info.description(), &out);
  AddText("termsOfService", info.terms_of_service(), &out);
  Json contact = Json::object();
  AddText("name", info.contact().name(), &contact);
  AddText("url", info.contact().url(), &contact);
  AddText("email", info.contact().email(), &contact);
  if (!contact.empty()) out["contact"] = std::move(contact);
  Json license = Json::object();
  AddText("name", info.license().name(), &license);
  AddText("url", info.license().url(), &license);
  if (license.contains("name")) out["license"] = std::move(license);
  return out;
}

Json TagOf(const v3::Tag& tag) {
  Json out = Json::object();
  out["name"] = tag.name();
  AddProse(tag.description(), &out);
  Json docs = ExternalDocsOf(tag.external_docs());
  if (!docs.is_null()) out["externalDocs"] = std::move(docs);
  return out;
}

Json ExternalDocsOf(const v3::ExternalDocs& docs) {
  if (docs.url().empty()) return nullptr;
  Json out = Json::object();
  AddProse(docs.description(), &out);
  out["url"] = docs.url();
  return out;
}

Json ExampleOf(const v3::Any& example) {
  Json value;
  bool complete = true;
  const absl::Status read = ReadYaml(
      "example", example.yaml(), kMaxExampleBytes, [&](const YAML::Node& root) {
        value = ValueOf(root, 0, &complete);
        return absl::OkStatus();
      });
  if (!read.ok() || !complete) return nullptr;
  return value;
}

void Annotate(const v3::Schema& texts, Json* schema) {
  AddText("title", texts.title(), schema);
  AddProse(texts.description(), schema);
  Json docs = ExternalDocsOf(texts.external_docs());
  if (!docs.is_null()) (*schema)["externalDocs"] = std::move(docs);
  if (texts.deprecated()) (*schema)["deprecated"] = true;
  if (!texts.has_example()) return;
  Json example = ExampleOf(texts.example());
  if (example.is_null()) return;
  Json examples = Json::array();
  examples.push_back(std::move(example));
  (*schema)["examples"] = std::move(examples);
}

void AlignExample(
    const std::map<const pb::FieldDescriptor*, std::string>& names,
    Json* schema) {
  if (!schema->contains("examples")) return;
  Json& example = (*schema)["examples"][0];
  if (!example.is_object()) return;
  Json aligned = Json::object();
  for (const auto& [key, value] : example.items()) {
    for (const auto& [field, name] : names) {
      if (key == name || key == field->name() || key == field->json_name()) {
        aligned[name] = value;
      }
    }
  }
  example = std::move(aligned);
}

}  // namespace sse_bridge
