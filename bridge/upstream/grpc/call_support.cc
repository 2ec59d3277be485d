#include "bridge/upstream/grpc/call_support.h"

#include <grpc/support/time.h>

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bridge/upstream/call_metadata.h"

namespace sse_bridge {

grpc::ByteBuffer ToByteBuffer(std::string bytes) {
  auto* owned = new std::string(std::move(bytes));
  const grpc::Slice slice(
      owned->data(), owned->size(),
      [](void* string) { delete static_cast<std::string*>(string); }, owned);
  return grpc::ByteBuffer(&slice, 1);
}

bool FlattenByteBuffer(const grpc::ByteBuffer& buffer, std::string* out) {
  out->clear();
  if (!buffer.Valid()) return false;
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return false;
  out->reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) {
    const absl::string_view view = SliceView(slice);
    out->append(view.data(), view.size());
  }
  return true;
}

absl::Status ApplyOptions(const CallOptions& options,
                          grpc::ClientContext* context) {
  if (options.deadline != absl::InfiniteFuture()) {
    // By the monotonic clock: when the time of day is set, absl::Now follows a
    // second or two later, and an hour ahead would look like a deadline that is
    // over.
    const absl::Duration left = options.deadline - absl::Now();
    // A quick backend could answer before gRPC notices.
    if (left <= absl::ZeroDuration()) {
      return absl::DeadlineExceededError("Deadline Exceeded");
    }
    context->set_deadline(gpr_time_add(
        gpr_now(GPR_CLOCK_MONOTONIC),
        gpr_time_from_nanos(absl::ToInt64Nanoseconds(left), GPR_TIMESPAN)));
  }
  context->set_wait_for_ready(options.wait_for_ready);
  if (absl::Status status = CheckMetadata(options.metadata); !status.ok()) {
    return status;
  }
  for (const auto& [name, value] : options.metadata) {
    context->AddMetadata(absl::AsciiStrToLower(name), value);
  }
  return absl::OkStatus();
}

void TellMetadata(
    const CallOptions& options,
    const std::multimap<grpc::string_ref, grpc::string_ref>& received) {
  if (options.wanted_metadata == nullptr || !options.on_metadata) return;
  Metadata all;
  for (const auto& [key, text] : received) {
    all.emplace_back(std::string(key.data(), key.size()),
                     std::string(text.data(), text.size()));
  }
  Metadata told = SelectMetadata(std::move(all), *options.wanted_metadata);
  if (!told.empty()) options.on_metadata(std::move(told));
}

}  // namespace sse_bridge
