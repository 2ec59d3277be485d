#include "bridge/schema/descriptor_merge.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/schema/descriptor_file.h"
#include "bridge/schema/editions.h"
#include "bridge/schema/option_values.h"
#include "bridge/schema/pool_builder.h"
#include "bridge/schema/schema_image.h"
#include "google/protobuf/descriptor.pb.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

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
    const PoolEntry& entry = entries_.at(file);
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
    PoolEntry entry;
    entry.sources = {index};
    entry.source = source.name;
    const auto it = entries_.find(file->name());
    if (it == entries_.end()) {
      order_.push_back(file->name());
      entry.proto = std::move(*file);
      entries_.emplace(order_.back(), std::move(entry));
      return absl::OkStatus();
    }
    PoolEntry& had = it->second;
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

  absl::StatusOr<MergedPool> Build() {
    MergedPool out;
    out.pool = std::make_unique<pb::DescriptorPool>();
    PoolBuilder builder(&entries_, &bad_, out.pool.get());
    for (const std::string& name : order_) {
      if (bad_.contains(name)) continue;
      std::string blame = name;
      absl::Status s = builder.Build(name, &blame);
      if (s.ok()) continue;
      if (skipped_ == nullptr) return s;
      LeaveOut(blame, s);
      // Then skip its importers.
      if (blame != name) LeaveOut(name, s);
    }
    // Types that a user's file defines under another file name take precedence.
    builder.AddContracts();
    for (const std::string& name : order_) {
      if (!builder.IsBuilt(name)) continue;
      out.files.push_back(out.pool->FindFileByName(name));
      out.sources.push_back(entries_.at(name).sources);
    }
    return out;
  }

  const std::vector<SchemaSource>& all_;
  ServiceConfigWriter* const config_;
  std::vector<SkippedFile>* const skipped_;  // if null, report errors instead

  PoolEntries entries_;
  std::vector<std::string> order_;  // file names, in the order of the sources
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
