#include "bridge/upstream/reflection/reflection.h"

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/upstream/reflection/import_repair.h"
#include "bridge/upstream/reflection/reflection_client.h"
#include "google/protobuf/descriptor.h"
#include "grpc/reflection/v1/reflection.pb.h"

namespace sse_bridge {
namespace {

namespace v1 = ::grpc::reflection::v1;
using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;

constexpr size_t kMaxReflectionServices = 1000;
constexpr size_t kMaxReflectionFiles = 4000;
// Of all files together.
constexpr size_t kMaxReflectionBytes = 64 * 1024 * 1024;

// For bridges; it has no methods for browsers.
constexpr char kMultiplexerService[] = "sse.v1.Multiplexer";

class Fetcher {
 public:
  explicit Fetcher(ReflectionClient* client) : client_(client) {}

  absl::StatusOr<ReflectedSchema> Fetch() {
    absl::StatusOr<std::vector<std::string>> services = ListServices();
    if (!services.ok()) return services.status();
    absl::Status first;
    for (const std::string& service : *services) {
      absl::Status status =
          FetchSymbol(service, absl::StrCat("the file of service ", service));
      if (IsFatal(status)) return status;
      if (status.ok()) continue;
      Warn(service, " is not served: ", status.message());
      if (first.ok()) first = std::move(status);
    }
    if (files_.empty()) return first;
    while (!wanted_.empty()) {
      const std::string name = std::move(wanted_.front());
      wanted_.pop_front();
      absl::Status status = FetchImport(name);
      if (IsFatal(status)) return status;
      if (status.ok()) continue;
      missing_.insert(name);
      absl::Status elsewhere = FetchTypesOf(name);
      if (IsFatal(elsewhere)) return elsewhere;
      Warn(status.message());
    }
    RepairMissing();
    ReflectedSchema schema;
    schema.files = Sorted();
    schema.warnings = std::move(warnings_);
    return schema;
  }

 private:
  // The backend cannot be queried further, or returned too much.
  static bool IsFatal(const absl::Status& status) {
    return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
           absl::IsCancelled(status) || absl::IsResourceExhausted(status);
  }

  template <typename... Parts>
  void Warn(const Parts&... parts) {
    warnings_.push_back(absl::StrCat(parts...));
  }

  absl::Status FetchSymbol(const std::string& symbol, absl::string_view what) {
    v1::ServerReflectionRequest request;
    request.set_file_containing_symbol(symbol);
    return FetchFiles(request, what);
  }

  // Types that files importing `missing` use and nobody defines: the backend
  // may have them under another file name.
  absl::Status FetchTypesOf(const std::string& missing) {
    std::vector<std::string> wanted;
    for (const auto& [name, file] : files_) {
      if (std::find(file.dependency().begin(), file.dependency().end(),
                    missing) == file.dependency().end()) {
        continue;
      }
      for (std::string& type : TypesUsedBy(file)) {
        if (types_.contains(type) ||
            DescriptorPool::generated_pool()->FindFileContainingSymbol(type) !=
                nullptr) {
          continue;
        }
        wanted.push_back(std::move(type));
      }
    }
    for (const std::string& type : wanted) {
      if (types_.contains(type) || !asked_types_.insert(type).second) continue;
      absl::Status status = FetchSymbol(type, absl::StrCat("the type ", type));
      if (IsFatal(status)) return status;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> ListServices() {
    constexpr absl::string_view kWhat = "the list of services";
    v1::ServerReflectionRequest request;
    request.set_list_services("*");
    absl::StatusOr<v1::ServerReflectionResponse> response =
        client_->Ask(request, kWhat);
    if (!response.ok()) return response.status();
    if (!response->has_list_services_response()) {
      return client_->Error(absl::StatusCode::kDataLoss, kWhat,
                            "the response does not match the request");
    }
    std::vector<std::string> services;
    for (const v1::ServiceResponse& service :
         response->list_services_response().service()) {
      if (absl::StartsWith(service.name(), "grpc.reflection.") ||
          absl::StartsWith(service.name(), "grpc.health.") ||
          service.name() == kMultiplexerService) {
        continue;
      }
      if (services.size() == kMaxReflectionServices) {
        return client_->Error(
            absl::StatusCode::kResourceExhausted, kWhat,
            absl::StrCat("more than ", kMaxReflectionServices, " services"));
      }
      services.push_back(service.name());
    }
    if (services.empty()) {
      return client_->Error(absl::StatusCode::kNotFound, kWhat,
                            "no services except reflection and health");
    }
    return services;
  }

  absl::Status FetchFiles(const v1::ServerReflectionRequest& request,
                          absl::string_view what) {
    absl::StatusOr<v1::ServerReflectionResponse> response =
        client_->Ask(request, what);
    if (!response.ok()) return response.status();
    const auto& files =
        response->file_descriptor_response().file_descriptor_proto();
    if (files.empty()) {
      return client_->Error(absl::StatusCode::kDataLoss, what,
                            "the response contains no file");
    }
    for (const std::string& bytes : files) {
      FileDescriptorProto file;
      if (!file.ParseFromString(bytes) || file.name().empty()) {
        return client_->Error(absl::StatusCode::kDataLoss, what,
                              "the response is not a FileDescriptorProto");
      }
      absl::Status status = AddFile(std::move(file), bytes.size(), what);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // Keep the first version of a file.
  absl::Status AddFile(FileDescriptorProto file, size_t size,
                       absl::string_view what) {
    const std::string name = file.name();
    if (files_.contains(name)) return absl::OkStatus();
    bytes_ += size;
    if (files_.size() == kMaxReflectionFiles || bytes_ > kMaxReflectionBytes) {
      return client_->Error(
          absl::StatusCode::kResourceExhausted, what,
          absl::StrCat("the schema has more than ", kMaxReflectionFiles,
                       " files or ", kMaxReflectionBytes, " bytes"));
    }
    for (const std::string& import : file.dependency()) {
      if (asked_.insert(import).second) wanted_.push_back(import);
    }
    for (std::string& type : TypesDefinedBy(file)) {
      types_.insert(std::move(type));
    }
    files_.emplace(name, std::move(file));
    order_.push_back(name);
    client_->set_files(files_.size());
    return absl::OkStatus();
  }

  absl::Status FetchImport(const std::string& name) {
    if (files_.contains(name)) return absl::OkStatus();
    const std::string what = absl::StrCat("the import \"", name, "\"");
    v1::ServerReflectionRequest request;
    request.set_file_by_filename(name);
    absl::Status status = FetchFiles(request, what);
    if (files_.contains(name)) return absl::OkStatus();
    const FileDescriptor* linked =
        DescriptorPool::generated_pool()->FindFileByName(name);
    if (linked != nullptr && !absl::IsDeadlineExceeded(status) &&
        !absl::IsUnavailable(status)) {
      FileDescriptorProto file;
      linked->CopyTo(&file);
      return AddFile(std::move(file), 0, what);
    }
    if (!status.ok()) return status;
    return client_->Error(absl::StatusCode::kNotFound, what,
                          "the response contains only other files");
  }

  // Make files import what they use instead of the missing file.
  void RepairMissing() {
    if (missing_.empty()) return;
    FileDescriptorSet set;
    for (const std::string& name : order_) *set.add_file() = files_.at(name);
    ReplaceImports(missing_, &set);
    for (FileDescriptorProto& file : *set.mutable_file()) {
      FileDescriptorProto& had = files_.at(file.name());
      had.Swap(&file);
    }
  }

  // Put imports before their importers. Missing and circular imports are
  // reported when the schema is loaded.
  FileDescriptorSet Sorted() {
    FileDescriptorSet set;
    absl::flat_hash_set<std::string> seen;
    struct Step {
      const FileDescriptorProto* file;
      int next_import;
    };
    for (const std::string& root : order_) {
      if (!seen.insert(root).second) continue;
      std::vector<Step> path = {{&files_.at(root), 0}};
      while (!path.empty()) {
        Step& step = path.back();
        if (step.next_import == step.file->dependency_size()) {
          *set.add_file() = *step.file;
          path.pop_back();
          continue;
        }
        const std::string& import = step.file->dependency(step.next_import++);
        const auto file = files_.find(import);
        if (file == files_.end() || !seen.insert(import).second) {
          continue;
        }
        path.push_back({&file->second, 0});
      }
    }
    return set;
  }

  ReflectionClient* const client_;  // must outlive this

  absl::flat_hash_map<std::string, FileDescriptorProto> files_;
  std::vector<std::string> order_;  // names of files_, in order of arrival
  size_t bytes_ = 0;
  // Imports that were ever added to wanted_.
  absl::flat_hash_set<std::string> asked_;
  std::deque<std::string> wanted_;
  absl::flat_hash_set<std::string> missing_;  // imports that were not found
  absl::flat_hash_set<std::string> types_;    // defined in files_
  absl::flat_hash_set<std::string> asked_types_;
  std::vector<std::string> warnings_;
};

}  // namespace

absl::StatusOr<ReflectedSchema> FetchSchema(Upstream* upstream,
                                            absl::Duration timeout,
                                            const ReflectionWatcher& watcher) {
  ReflectionClient client(upstream, timeout, watcher);
  auto schema = Fetcher(&client).Fetch();
  if (schema.ok()) RepairImports(&schema->files);
  return schema;
}

}  // namespace sse_bridge
