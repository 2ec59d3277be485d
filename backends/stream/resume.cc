#include "backends/stream/resume.h"

#include <utility>

#include "backends/stream/status.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace sse_bridge {
namespace {

constexpr char kReason[] = "CURSOR_EXPIRED";
constexpr char kDomain[] = "realtime.v1";
constexpr char kOldest[] = "oldest";

}  // namespace

absl::StatusOr<std::vector<LoggedEvent>> ReadFrom(EventLog* log,
                                                  const std::string& topic,
                                                  bool from_oldest,
                                                  std::string* cursor) {
  auto events = log->Read(topic, *cursor, 1);
  if (from_oldest && absl::IsOutOfRange(events.status())) {
    cursor->clear();
    events = log->Read(topic, "", 1);
  }
  return events;
}

grpc::Status ReadError(const absl::Status& status, EventLog* log,
                       const std::string& topic) {
  if (!absl::IsOutOfRange(status)) return ToGrpc(status);
  absl::StatusOr<std::string> oldest = log->Oldest(topic);
  if (!oldest.ok()) return ToGrpc(oldest.status());
  google::rpc::ErrorInfo info;
  info.set_reason(kReason);
  info.set_domain(kDomain);
  (*info.mutable_metadata())[kOldest] = *std::move(oldest);
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(std::string(status.message()));
  details.add_details()->PackFrom(info);
  return grpc::Status(grpc::StatusCode::OUT_OF_RANGE, details.message(),
                      details.SerializeAsString());
}

}  // namespace sse_bridge
