#include "bridge/upstream/reflection.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/mutex.h"
#include "bridge/upstream/import_repair.h"
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

// Both versions use the same messages.
constexpr std::array<absl::string_view, 2> kPaths = {
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
};

// Receives the first message and the end of a call.
class OneAnswer : public StreamObserver {
 public:
  void OnMessage(absl::Span<const absl::string_view> slices) override {
    MutexLock lock(&mu_);
    answer_.emplace();
    for (absl::string_view slice : slices) {
      answer_->append(slice.data(), slice.size());
    }
    changed_.notify_all();
  }

  void OnDone(const absl::Status& status) override {
    MutexLock lock(&mu_);
    end_ = status;
    changed_.notify_all();
  }

  // Returns nullopt if nothing has happened until `until`.
  std::optional<absl::StatusOr<std::string>> WaitUntil(
      std::chrono::steady_clock::time_point until) {
    MutexLock lock(&mu_);
    while (!answer_.has_value() && !end_.has_value()) {
      if (changed_.wait_until(mu_, until) == std::cv_status::timeout) break;
    }
    if (answer_.has_value()) return *std::move(answer_);
    if (!end_.has_value()) return std::nullopt;
    if (end_->ok()) {
      return absl::DataLossError("the call ended without a response");
    }
    return *end_;
  }

 private:
  Mutex mu_;
  std::condition_variable_any changed_;
  std::optional<std::string> answer_ ABSL_GUARDED_BY(mu_);
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mu_);
};

class Fetcher {
 public:
  Fetcher(Upstream* upstream, absl::Duration timeout,
          const ReflectionWatcher& watcher)
      : upstream_(upstream),
        deadline_(absl::Now() + timeout),
        watcher_(watcher) {}

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

  absl::Status Error(absl::StatusCode code, absl::string_view what,
                     absl::string_view why) const {
    return absl::Status(
        code, absl::StrCat("gRPC reflection of ", upstream_->address(), ": ",
                           what, ": ", why));
  }

  absl::StatusOr<std::string> Call(absl::string_view path,
                                   const v1::ServerReflectionRequest& request) {
    CallOptions options;
    options.deadline = deadline_;
    options.wait_for_ready = true;
    auto observer = std::make_shared<OneAnswer>();
    const std::shared_ptr<StreamCall> call = upstream_->StartStream(
        path, request.SerializeAsString(), std::move(options), observer);
    // The call ends at its deadline at the latest.
    for (;;) {
      auto answer = observer->WaitUntil(next_tick_);
      if (answer.has_value()) return *std::move(answer);
      next_tick_ = std::chrono::steady_clock::now() +
                   absl::ToChronoNanoseconds(kReflectionTick);
      if (watcher_ == nullptr) continue;
      const auto waited = std::chrono::steady_clock::now() - start_;
      if (!watcher_(
              {absl::FromChrono(waited), version_known_, files_.size()})) {
        return absl::CancelledError("stopped before the answer");
      }
    }
  }

  // Uses the version that works, which the first request determines. Makes one
  // call per request: the backend ends it after its only request, so no state
  // is kept.
  absl::StatusOr<v1::ServerReflectionResponse> Ask(
      const v1::ServerReflectionRequest& request, absl::string_view what) {
    absl::StatusOr<std::string> bytes = Call(kPaths[version_], request);
    while (absl::IsUnimplemented(bytes.status()) && !version_known_ &&
           version_ + 1 < kPaths.size()) {
      ++version_;
      bytes = Call(kPaths[version_], request);
    }
    if (absl::IsUnimplemented(bytes.status()) && !version_known_) {
      return Error(absl::StatusCode::kUnimplemented, what,
                   "the backend has no reflection service (neither v1 nor "
                   "v1alpha)");
    }
    if (!bytes.ok()) {
      return Error(bytes.status().code(), what, bytes.status().message());
    }
    version_known_ = true;
    v1::ServerReflectionResponse response;
    if (!response.ParseFromString(*bytes)) {
      return Error(absl::StatusCode::kDataLoss, what,
                   "the response is not a ServerReflectionResponse");
    }
    if (response.has_error_response()) {
      const v1::ErrorResponse& error = response.error_response();
      const int number = error.error_code();
      return Error(number > 0 && number <= 16
                       ? static_cast<absl::StatusCode>(number)
                       : absl::StatusCode::kUnknown,
                   what, error.error_message());
    }
    return response;
  }

  absl::StatusOr<std::vector<std::string>> ListServices() {
    constexpr absl::string_view kWhat = "the list of services";
    v1::ServerReflectionRequest request;
    request.set_list_services("*");
    absl::StatusOr<v1::ServerReflectionResponse> response = Ask(request, kWhat);
    if (!response.ok()) return response.status();
    if (!response->has_list_services_response()) {
      return Error(absl::StatusCode::kDataLoss, kWhat,
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
        return Error(
            absl::StatusCode::kResourceExhausted, kWhat,
            absl::StrCat("more than ", kMaxReflectionServices, " services"));
      }
      services.push_back(service.name());
    }
    if (services.empty()) {
      return Error(absl::StatusCode::kNotFound, kWhat,
                   "no services except reflection and health");
    }
    return services;
  }

  absl::Status FetchFiles(const v1::ServerReflectionRequest& request,
                          absl::string_view what) {
    absl::StatusOr<v1::ServerReflectionResponse> response = Ask(request, what);
    if (!response.ok()) return response.status();
    const auto& files =
        response->file_descriptor_response().file_descriptor_proto();
    if (files.empty()) {
      return Error(absl::StatusCode::kDataLoss, what,
                   "the response contains no file");
    }
    for (const std::string& bytes : files) {
      FileDescriptorProto file;
      if (!file.ParseFromString(bytes) || file.name().empty()) {
        return Error(absl::StatusCode::kDataLoss, what,
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
      return Error(
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
    return Error(absl::StatusCode::kNotFound, what,
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

  Upstream* const upstream_;  // must outlive this
  const absl::Time deadline_;
  const ReflectionWatcher& watcher_;

  // Ticks also pass while many short calls are made.
  const std::chrono::steady_clock::time_point start_ =
      std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point next_tick_ =
      start_ + absl::ToChronoNanoseconds(kReflectionTick);

  size_t version_ = 0;  // index in kPaths
  bool version_known_ = false;

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
  auto schema = Fetcher(upstream, timeout, watcher).Fetch();
  if (schema.ok()) RepairImports(&schema->files);
  return schema;
}

}  // namespace sse_bridge
