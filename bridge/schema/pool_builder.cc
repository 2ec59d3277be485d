#include "bridge/schema/pool_builder.h"

#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/schema/descriptor_walk.h"
#include "bridge/schema/schema_errors.h"
#include "buf/validate/validate.pb.h"
#include "google/api/annotations.pb.h"
#include "google/api/httpbody.pb.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/wrappers.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "sse/v1/sse.pb.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// Number of files shown of an import cycle.
constexpr size_t kMaxCycleShown = 8;

constexpr absl::string_view kContracts[] = {"google/protobuf/", "google/api/",
                                            "google/rpc/", "buf/validate/",
                                            "sse/v1/"};

// The contracts that every pool contains. Naming the types also makes the
// linker keep them.
std::vector<const pb::FileDescriptor*> AlwaysThere() {
  return {pb::FileDescriptorProto::descriptor()->file(),
          pb::Any::descriptor()->file(),
          pb::Duration::descriptor()->file(),
          pb::Empty::descriptor()->file(),
          pb::FieldMask::descriptor()->file(),
          pb::Struct::descriptor()->file(),
          pb::Timestamp::descriptor()->file(),
          pb::StringValue::descriptor()->file(),
          google::api::HttpRule::descriptor()->file(),
          google::api::HttpBody::descriptor()->file(),
          google::rpc::Status::descriptor()->file(),
          google::rpc::BadRequest::descriptor()->file(),
          buf::validate::FieldRules::descriptor()->file(),
          sse::v1::Stream::descriptor()->file()};
}

pb::FileDescriptorProto ProtoOf(const pb::FileDescriptor* file) {
  pb::FileDescriptorProto out;
  file->CopyTo(&out);
  file->CopyJsonNameTo(&out);
  return out;
}

// Reports protobuf's own errors with their line numbers.
class BuildErrors : public pb::DescriptorPool::ErrorCollector {
 public:
  BuildErrors(pb::FileDescriptorProto* file, SchemaErrors* errors)
      : file_(file), errors_(errors) {}

  void AddError(const std::string& filename, const std::string& element,
                const pb::Message* descriptor, ErrorLocation,
                const std::string& message) override {
    std::string where = filename;
    SourcePath path;
    // Skip the walk if nobody will read its result.
    if (errors_->full()) return errors_->Add(where, element, message);
    Walk(file_, &path, [&](pb::Message* m, const SourcePath& at) {
      if (m != descriptor) return true;
      where = WhereInProto(*file_, at);
      return false;
    });
    errors_->Add(where, element == filename ? "" : element, message);
  }

 private:
  pb::FileDescriptorProto* const file_;
  SchemaErrors* const errors_;
};

class Silence : public pb::DescriptorPool::ErrorCollector {
  void AddError(const std::string&, const std::string&, const pb::Message*,
                ErrorLocation, const std::string&) override {}
};

void AddBuiltIn(const pb::FileDescriptor* file, Silence* silence,
                pb::DescriptorPool* pool) {
  if (pool->FindFileByName(file->name()) != nullptr) return;
  for (int i = 0; i < file->dependency_count(); ++i) {
    AddBuiltIn(file->dependency(i), silence, pool);
  }
  pool->BuildFileCollectingErrors(ProtoOf(file), silence);
}

std::optional<PoolEntry> BuiltIn(const std::string& name) {
  if (!IsContract(name)) return std::nullopt;
  const pb::FileDescriptor* file =
      pb::DescriptorPool::generated_pool()->FindFileByName(name);
  if (file == nullptr) return std::nullopt;
  return PoolEntry{ProtoOf(file), "this program"};
}

absl::Status BuildOne(pb::FileDescriptorProto* file, pb::DescriptorPool* pool) {
  SchemaErrors errors;
  BuildErrors collector(file, &errors);
  if (pool->BuildFileCollectingErrors(*file, &collector) != nullptr) {
    return absl::OkStatus();
  }
  if (errors.empty()) {
    errors.Add(file->name(), "", "protobuf rejects this file");
  }
  return errors.ToStatus();
}

}  // namespace

bool IsContract(absl::string_view file) {
  for (absl::string_view prefix : kContracts) {
    if (absl::StartsWith(file, prefix)) return true;
  }
  return false;
}

// Not recursive, because chains of imports may be long.
absl::Status PoolBuilder::Build(const std::string& root, std::string* blame) {
  struct Step {
    const std::string* name;
    int next_import = 0;
  };
  if (built_.contains(root)) return absl::OkStatus();
  std::vector<Step> stack;
  absl::flat_hash_set<std::string> open = {root};
  stack.push_back({&entries_.find(root)->first});
  while (!stack.empty()) {
    PoolEntry& entry = entries_.find(*stack.back().name)->second;
    pb::FileDescriptorProto& file = entry.proto;
    *blame = *stack.back().name;
    if (stack.back().next_import == file.dependency_size()) {
      if (absl::Status s = BuildOne(&file, pool_); !s.ok()) return s;
      built_.insert(file.name());
      open.erase(file.name());
      // The pool has a copy. (Clear() would keep the memory.)
      file = pb::FileDescriptorProto();
      stack.pop_back();
      continue;
    }
    const int index = stack.back().next_import++;
    const std::string& import = file.dependency(index);
    if (built_.contains(import)) continue;
    const auto where = [&] {
      return WhereInProto(
          file, {pb::FileDescriptorProto::kDependencyFieldNumber, index});
    };
    if (open.contains(import)) {
      std::vector<std::string> cycle;
      for (const Step& step : stack) {
        if (!cycle.empty() || *step.name == import) {
          cycle.push_back(*step.name);
        }
      }
      if (cycle.size() > kMaxCycleShown) {
        cycle.resize(kMaxCycleShown);
        cycle.push_back("...");
      }
      return absl::InvalidArgumentError(absl::StrCat(
          where(), ": circular imports: ", absl::StrJoin(cycle, " -> "), " -> ",
          import));
    }
    if (skipped_.contains(import)) {
      return absl::InvalidArgumentError(
          absl::StrCat(where(), ": the import \"", import, "\" is skipped"));
    }
    auto found = entries_.find(import);
    if (found == entries_.end()) {
      std::optional<PoolEntry> built_in = BuiltIn(import);
      if (!built_in.has_value()) {
        return absl::InvalidArgumentError(
            absl::StrCat(where(), ": the import \"", absl::CHexEscape(import),
                         "\" is missing from ", entry.source,
                         " (made without --include_imports?)"));
      }
      found = entries_.emplace(import, *std::move(built_in)).first;
    }
    open.insert(import);
    stack.push_back({&found->first});
  }
  return absl::OkStatus();
}

void PoolBuilder::AddContracts() {
  Silence silence;
  for (const pb::FileDescriptor* file : AlwaysThere()) {
    AddBuiltIn(file, &silence, pool_);
  }
}

}  // namespace sse_bridge
