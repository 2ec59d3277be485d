#include "bridge/schema/descriptor_merge.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/schema/descriptor_file.h"
#include "bridge/schema/descriptor_walk.h"
#include "bridge/schema/editions.h"
#include "bridge/schema/option_values.h"
#include "bridge/schema/schema_errors.h"
#include "bridge/schema/schema_image.h"
#include "buf/validate/validate.pb.h"
#include "google/api/annotations.pb.h"
#include "google/api/httpbody.pb.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/descriptor.pb.h"
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

bool IsContract(absl::string_view file) {
  for (absl::string_view prefix : kContracts) {
    if (absl::StartsWith(file, prefix)) return true;
  }
  return false;
}

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

class Merger {
 public:
  // If `skipped` is set, unusable files are skipped and reported there. Either
  // pointer may be null.
  Merger(const std::vector<SchemaSource>& all, ServiceConfigWriter* config,
         std::vector<SkippedFile>* skipped)
      : all_(all), config_(config), skipped_(skipped) {}

  // `chosen` holds indexes into `all`.
  absl::StatusOr<MergedPool> Merge(const std::vector<int>& chosen) {
    size_t bytes = 0;
    for (int index : chosen) {
      const SchemaSource& source = all_[static_cast<size_t>(index)];
      bytes += source.bytes.size();
      if (bytes > kMaxSetBytes) {
        return absl::InvalidArgumentError(
            absl::StrCat(source.name, ": descriptor sets of more than ",
                         kMaxSetBytes, " bytes"));
      }
      if (absl::Status s = AddSource(source, index); !s.ok()) return s;
    }
    std::vector<pb::FileDescriptorProto*> files;
    for (auto& [name, entry] : entries_) files.push_back(&entry.proto);
    std::vector<std::pair<std::string, absl::Status>> failed =
        PrepareOptions(files);
    for (auto& each : LowerEditions(files)) failed.push_back(std::move(each));
    for (const auto& [file, status] : failed) {
      if (skipped_ == nullptr) return status;
      LeaveOut(file, status);
    }
    for (pb::FileDescriptorProto* file : files) {
      if (config_ != nullptr && !bad_.contains(file->name())) {
        config_->Apply(file);
      }
    }
    return Build();
  }

 private:
  struct Entry {
    pb::FileDescriptorProto proto;
    std::string source;
    std::vector<int> sources = {};
    // ComparableForm(proto), if several sources have the file.
    std::string comparable = "";
  };

  void LeaveOut(const pb::FileDescriptorProto& file,
                const std::vector<int>& sources, const absl::Status& why) {
    if (!bad_.insert(file.name()).second) return;
    SkippedFile skipped;
    skipped.sources = sources;
    std::vector<std::string> services;
    for (const pb::ServiceDescriptorProto& service : file.service()) {
      services.push_back(absl::StrCat(
          file.package(), file.package().empty() ? "" : ".", service.name()));
      for (const pb::MethodDescriptorProto& method : service.method()) {
        skipped.methods.emplace_back(services.back(), method.name());
      }
    }
    skipped.why = absl::StrCat(
        file.name(), " is skipped",
        services.empty() ? ""
                         : absl::StrCat(" and does not provide ",
                                        absl::StrJoin(services, ", ")),
        ": ", why.message());
    skipped_->push_back(std::move(skipped));
  }

  void LeaveOut(const std::string& file, const absl::Status& why) {
    const Entry& entry = entries_.at(file);
    LeaveOut(entry.proto, entry.sources, why);
  }

  absl::Status AddSource(const SchemaSource& source, int index) {
    bool any = false;
    absl::Status status;
    const bool is_set =
        ForEachFile(source.bytes, [&](pb::FileDescriptorProto* file) {
          any = true;
          KeepUsefulLocations(file);
          status = CheckShape(file);
          if (!status.ok() && skipped_ != nullptr) {
            LeaveOut(*file, {index}, status);
            status = absl::OkStatus();
          } else if (status.ok()) {
            status = AddFile(source, index, file);
          }
          return status.ok();
        });
    if (!status.ok()) return status;
    if (!is_set) {
      return absl::InvalidArgumentError(
          absl::StrCat(source.name, ": this is not a descriptor set"));
    }
    if (!any) {
      return absl::InvalidArgumentError(
          absl::StrCat(source.name, ": this descriptor set has no file"));
    }
    return absl::OkStatus();
  }

  absl::Status AddFile(const SchemaSource& source, int index,
                       pb::FileDescriptorProto* file) {
    Entry entry;
    entry.sources = {index};
    entry.source = source.name;
    const auto it = entries_.find(file->name());
    if (it == entries_.end()) {
      order_.push_back(file->name());
      entry.proto = std::move(*file);
      entries_.emplace(order_.back(), std::move(entry));
      return absl::OkStatus();
    }
    Entry& had = it->second;
    had.sources.push_back(index);
    if (had.comparable.empty()) had.comparable = ComparableForm(&had.proto);
    entry.comparable = ComparableForm(file);
    bool better;
    if (had.comparable == entry.comparable) {
      better =
          !had.proto.has_source_code_info() && file->has_source_code_info();
    } else if (IsContract(file->name())) {
      better = entry.comparable.size() > had.comparable.size();
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat(file->name(), ": the file differs between ", had.source,
                       " and ", source.name));
    }
    if (better) {
      entry.sources = had.sources;
      entry.proto = std::move(*file);
      had = std::move(entry);
    }
    return absl::OkStatus();
  }

  // Builds files whose imports are all built first. Not recursive, because
  // chains of imports may be long.
  absl::StatusOr<MergedPool> Build() {
    MergedPool out;
    out.pool = std::make_unique<pb::DescriptorPool>();
    for (const std::string& name : order_) {
      if (bad_.contains(name)) continue;
      std::string blame = name;
      absl::Status s = BuildWithImports(name, out.pool.get(), &blame);
      if (s.ok()) continue;
      if (skipped_ == nullptr) return s;
      LeaveOut(blame, s);
      // Then skip its importers.
      if (blame != name) LeaveOut(name, s);
    }
    // Types that a user's file defines under another file name take precedence.
    Silence silence;
    for (const pb::FileDescriptor* file : AlwaysThere()) {
      AddBuiltIn(file, &silence, out.pool.get());
    }
    for (const std::string& name : order_) {
      if (!built_.contains(name)) continue;
      out.files.push_back(out.pool->FindFileByName(name));
      out.sources.push_back(entries_.at(name).sources);
    }
    return out;
  }

  static void AddBuiltIn(const pb::FileDescriptor* file, Silence* silence,
                         pb::DescriptorPool* pool) {
    if (pool->FindFileByName(file->name()) != nullptr) return;
    for (int i = 0; i < file->dependency_count(); ++i) {
      AddBuiltIn(file->dependency(i), silence, pool);
    }
    pool->BuildFileCollectingErrors(ProtoOf(file), silence);
  }

  // Sets `blame` to the file that an error is about.
  absl::Status BuildWithImports(const std::string& root,
                                pb::DescriptorPool* pool, std::string* blame) {
    struct Step {
      const std::string* name;
      int next_import = 0;
    };
    if (built_.contains(root)) return absl::OkStatus();
    std::vector<Step> stack;
    absl::flat_hash_set<std::string> open = {root};
    stack.push_back({&entries_.find(root)->first});
    while (!stack.empty()) {
      Entry& entry = entries_.find(*stack.back().name)->second;
      pb::FileDescriptorProto& file = entry.proto;
      *blame = *stack.back().name;
      if (stack.back().next_import == file.dependency_size()) {
        if (absl::Status s = BuildOne(&file, pool); !s.ok()) return s;
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
            where(), ": circular imports: ", absl::StrJoin(cycle, " -> "),
            " -> ", import));
      }
      if (bad_.contains(import)) {
        return absl::InvalidArgumentError(
            absl::StrCat(where(), ": the import \"", import, "\" is skipped"));
      }
      auto found = entries_.find(import);
      if (found == entries_.end()) {
        std::optional<Entry> built_in = BuiltIn(import);
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

  static std::optional<Entry> BuiltIn(const std::string& name) {
    if (!IsContract(name)) return std::nullopt;
    const pb::FileDescriptor* file =
        pb::DescriptorPool::generated_pool()->FindFileByName(name);
    if (file == nullptr) return std::nullopt;
    return Entry{ProtoOf(file), "this program"};
  }

  static absl::Status BuildOne(pb::FileDescriptorProto* file,
                               pb::DescriptorPool* pool) {
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

  const std::vector<SchemaSource>& all_;
  ServiceConfigWriter* const config_;
  std::vector<SkippedFile>* const skipped_;  // if null, report errors instead

  // By file name. A node-based container, because steps point to its keys.
  std::map<std::string, Entry> entries_;
  std::vector<std::string> order_;  // file names, in the order of the sources
  absl::flat_hash_set<std::string> built_;
  absl::flat_hash_set<std::string> bad_;  // skipped
};

absl::StatusOr<MergedPool> MergeAll(const std::vector<SchemaSource>& sources,
                                    ServiceConfigWriter* config) {
  if (sources.empty()) {
    return absl::InvalidArgumentError("no descriptor set was given");
  }
  std::vector<int> all(sources.size());
  std::iota(all.begin(), all.end(), 0);
  return Merger(sources, config, nullptr).Merge(all);
}

}  // namespace

bool SchemaSource::Serves(absl::string_view service) const {
  return (only.empty() ||
          std::find(only.begin(), only.end(), service) != only.end()) &&
         std::find(except.begin(), except.end(), service) == except.end();
}

absl::StatusOr<MergedPool> MergeDescriptors(
    const std::vector<SchemaSource>& sources) {
  return MergeAll(sources, nullptr);
}

absl::StatusOr<MergedSources> MergeSources(
    const std::vector<SchemaSource>& sources, ServiceConfigWriter* config) {
  MergedSources out;
  absl::StatusOr<MergedPool> all = MergeAll(sources, config);
  if (all.ok()) {
    out.pools.push_back(*std::move(all));
    return out;
  }
  std::vector<int> strict;
  std::vector<int> lenient;
  for (size_t i = 0; i < sources.size(); ++i) {
    (sources[i].lenient ? lenient : strict).push_back(static_cast<int>(i));
  }
  if (!strict.empty()) {
    absl::StatusOr<MergedPool> some =
        Merger(sources, config, &out.skipped).Merge(strict);
    if (!some.ok()) return some.status();
    if (!some->files.empty()) out.pools.push_back(*std::move(some));
  }
  if (lenient.size() > 1 || (!lenient.empty() && !strict.empty())) {
    out.warnings.push_back(absl::StrCat(
        "each backend is served with its own files, because they conflict: ",
        all.status().message()));
  }
  for (int index : lenient) {
    absl::StatusOr<MergedPool> one =
        Merger(sources, config, &out.skipped).Merge({index});
    if (one.ok() && !one->files.empty()) {
      out.pools.push_back(*std::move(one));
    } else if (!one.ok()) {
      out.warnings.push_back(std::string(one.status().message()));
    }
  }
  if (out.pools.empty()) return all.status();
  for (const SkippedFile& file : out.skipped) {
    for (const auto& [service, method] : file.methods) {
      if (config != nullptr) {
        config->Select(service, absl::StrCat(service, ".", method));
      }
    }
  }
  return out;
}

}  // namespace sse_bridge
