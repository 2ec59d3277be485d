#include "bridge/upstream/direct/direct_call.h"

#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/upstream/call_metadata.h"
#include "bridge/upstream/metadata_name.h"

namespace sse_bridge {
namespace {

// How often a call tries another connection before it is rejected.
constexpr int kMaxCallMoves = 8;

constexpr char kUserAgent[] = "sse-bridge/" SSE_BRIDGE_VERSION;

absl::Duration PoolNow() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

absl::Status CancelledCall() {
  return StatusOfEnd({.code = static_cast<int>(absl::StatusCode::kCancelled)});
}

// As gRPC maps the error codes of HTTP/2.
absl::StatusCode CodeOfReset(uint32_t error) {
  switch (error) {
    case NGHTTP2_CANCEL:
      return absl::StatusCode::kCancelled;
    case NGHTTP2_ENHANCE_YOUR_CALM:
      return absl::StatusCode::kResourceExhausted;
    case NGHTTP2_INADEQUATE_SECURITY:
      return absl::StatusCode::kPermissionDenied;
    case NGHTTP2_REFUSED_STREAM:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

DirectCall::DirectCall(absl::string_view path, std::string request,
                       CallOptions options)
    : path_(path), options_(std::move(options)), deadline_(OnDeadline, this) {
  request_ = GrpcPrefix(request.size());
  request_ += request;
}

void DirectCall::Start(const std::shared_ptr<ConnectionPool>& pool,
                       ConnectionPool::Use use) {
  pool_ = pool;
  use_ = use;
  for (auto& [name, value] : options_.metadata) absl::AsciiStrToLower(&name);
  refusal_ = CheckMetadata(options_.metadata);
  if (refusal_.ok() && options_.deadline != absl::InfiniteFuture()) {
    const absl::Duration left = options_.deadline - absl::Now();
    if (left <= absl::ZeroDuration()) {
      refusal_ = StatusOfEnd(
          {.code = static_cast<int>(absl::StatusCode::kDeadlineExceeded)});
    }
    deadline_ns_ = absl::ToInt64Nanoseconds(
        absl::Nanoseconds(Clock::Real()->MonotonicNanos()) + left);
  }
  if (refusal_.ok()) {
    lease_ = pool_->Take(use_, PoolNow());
    if (lease_ == nullptr) refusal_ = NoPlaceForCall();
  }
  if (refusal_.ok()) {
    link_ = static_cast<DirectConnection*>(lease_->connection())->link();
    max_message_bytes_ = link_->settings().max_message_bytes;
  }
  DirectLoop* const loop =
      link_ != nullptr ? link_->loop() : DirectLoop::Next();
  loop_.store(loop, std::memory_order_release);
  loop->Post(shared_from_this(), kStart);
}

void DirectCall::Cancel() {
  if (over() || cancelled_.exchange(true, std::memory_order_acq_rel)) return;
  loop()->Post(shared_from_this(), kCancel);
}

void DirectCall::PostRead() { loop()->Post(shared_from_this(), kRead); }

void DirectCall::OnCommand(DirectLoop* loop, int what) {
  if (loop != this->loop()) {  // it has moved
    this->loop()->Post(shared_from_this(), what);
    return;
  }
  if (over()) return;
  switch (what) {
    case kStart:
      self_ = shared_from_this();
      Begin();
      break;
    case kCancel:
      if (ended_) {
        OnEnd(CancelledCall(), /*abrupt=*/true);
      } else {
        Finish(CancelledCall(), /*abrupt=*/true);
      }
      break;
    case kRead:
      OnReadCommand();
      break;
    default:
      break;
  }
}

void DirectCall::Begin() {
  if (cancelled()) {
    Finish(CancelledCall(), /*abrupt=*/true);
  } else if (!refusal_.ok()) {
    Finish(refusal_, /*abrupt=*/false);
  } else {
    if (deadline_ns_ != EventLoop::kNever) deadline_.Arm(loop(), deadline_ns_);
    link_->Begin(self_);
  }
}

void DirectCall::OpenOn(DirectSession* session) {
  const DirectSettings& settings = link_->settings();
  const size_t count = options_.metadata.size();
  // Copied by the session.
  thread_local std::vector<DirectSession::Field> fields;
  thread_local std::vector<std::string> encoded;
  fields.clear();
  encoded.clear();
  fields.reserve(count + 8);
  encoded.reserve(count + 1);
  constexpr bool kIndexed = true;
  fields.push_back({":method", "POST", kIndexed});
  fields.push_back(
      {":scheme", settings.tls == nullptr ? "http" : "https", kIndexed});
  fields.push_back({":path", path_, kIndexed});
  fields.push_back({":authority", settings.authority, kIndexed});
  fields.push_back({"te", "trailers", kIndexed});
  fields.push_back({"content-type", "application/grpc", kIndexed});
  fields.push_back({"user-agent", kUserAgent, kIndexed});
  if (deadline_ns_ != EventLoop::kNever) {
    encoded.push_back(
        GrpcTimeout(absl::Nanoseconds(deadline_ns_ - loop()->now())));
    fields.push_back({"grpc-timeout", encoded.back()});
  }
  for (const auto& [name, value] : options_.metadata) {
    if (!IsBinaryMetadata(name)) {
      fields.push_back({name, value});
      continue;
    }
    std::string text = absl::Base64Escape(value);
    text.erase(text.find_last_not_of('=') + 1);
    encoded.push_back(std::move(text));
    fields.push_back({name, encoded.back()});
  }
  answer_ = std::make_unique<GrpcAnswer>(
      static_cast<size_t>(settings.session.max_metadata_bytes),
      options_.on_metadata ? options_.wanted_metadata.get() : nullptr);
  if (!request_.empty()) body = std::exchange(request_, {});
  body_sent = 0;
  opened_ = false;
  if (!session->Open(this, fields)) {
    Finish(absl::InvalidArgumentError(
               "the metadata of the call are too large to be sent"),
           /*abrupt=*/false);
    return;
  }
  session_ = session;
  if (lease_ != nullptr && !std::exchange(sent_, true)) {
    lease_->Sent(PoolNow());
  }
}

void DirectCall::BeginOn(DirectSession* session) {
  self_ = shared_from_this();
  if (deadline_ns_ != EventLoop::kNever) deadline_.Arm(loop(), deadline_ns_);
  OpenOn(session);
}

void DirectCall::Move(int limit) {
  lease_->Limited(limit, PoolNow());
  lease_ = nullptr;
  if (limit == 0 || ++moves_ > kMaxCallMoves) {
    Finish(CallNotTaken(), /*abrupt=*/false);
    return;
  }
  lease_ = pool_->Take(use_, PoolNow());
  if (lease_ == nullptr) {
    Finish(NoPlaceForCall(), /*abrupt=*/false);
    return;
  }
  sent_ = false;
  link_ = static_cast<DirectConnection*>(lease_->connection())->link();
  if (link_->loop() == loop()) {
    link_->Begin(self_);
    return;
  }
  deadline_.Disarm();
  // From now on, the other loop's thread has the call.
  const std::shared_ptr<DirectCall> self = shared_from_this();
  DirectLoop* const next = link_->loop();
  loop_.store(next, std::memory_order_release);
  next->Post(self, kStart);
}

void DirectCall::Unreachable(const std::string& why) {
  CallEnd end;
  end.code = static_cast<int>(absl::StatusCode::kUnavailable);
  end.message = why;
  if (!why.empty()) end.peer = link_->settings().session.peer;
  Finish(StatusOfEnd(end), /*abrupt=*/false);
}

void DirectCall::OnField(absl::string_view name, absl::string_view value) {
  if (!answer_->Add(name, value)) End(MetadataTooLarge());
}

void DirectCall::OnBlockEnd(bool last) {
  if (last) {
    session_->Release(this, /*ended=*/true);
    session_ = nullptr;
    if (cancelled()) {  // since then, messages were dropped
      Finish(CancelledCall(), /*abrupt=*/true);
      return;
    }
    CallEnd end = answer_->End();
    end.peer = link_->settings().session.peer;
    Finish(StatusOfEnd(end), /*abrupt=*/false);
    return;
  }
  if (opened_ || answer_->IsInformational()) return;
  opened_ = true;
  // The request is not needed any more.
  if (body_sent == body.size()) {
    std::string().swap(body);
    body_sent = 0;
  }
  if (!answer_->IsGrpc()) {
    CallEnd end = answer_->End();
    end.peer = link_->settings().session.peer;
    End(StatusOfEnd(end));
    return;
  }
  if (cancelled()) return;
  TellMetadata();
  OnOpened();
}

void DirectCall::OnData(absl::string_view bytes) {
  if (cancelled()) {
    Consumed(bytes.size());
    return;
  }
  OnBody(bytes);
}

void DirectCall::OnClosed(uint32_t error, bool lost, bool unprocessed) {
  session_ = nullptr;
  if (unprocessed && !opened_ && lease_ != nullptr &&
      ++moves_ <= kMaxCallMoves) {
    // The server has not seen it: safe on another connection.
    link_->BeginLater(self_);
    return;
  }
  CallEnd end;
  end.code = static_cast<int>(lost ? absl::StatusCode::kUnavailable
                                   : CodeOfReset(error));
  end.message = lost ? std::string("the connection was lost")
                     : absl::StrCat("RST_STREAM with error code ", error);
  end.reached = true;
  end.peer = link_->settings().session.peer;
  if (answer_ != nullptr) answer_->BeginBlock();
  Finish(StatusOfEnd(end), /*abrupt=*/false);
}

void DirectCall::Consumed(size_t bytes) {
  if (session_ != nullptr) session_->Consume(this, bytes);
}

void DirectCall::TellMetadata() {
  if (answer_ == nullptr) return;
  Metadata told = answer_->TakeMetadata();
  if (!told.empty()) options_.on_metadata(std::move(told));
}

void DirectCall::End(absl::Status status) {
  if (answer_ != nullptr) answer_->BeginBlock();  // what is incomplete
  Finish(std::move(status), /*abrupt=*/false);
}

void DirectCall::Finish(absl::Status status, bool abrupt) {
  if (std::exchange(ended_, true)) return;
  deadline_.Disarm();
  if (session_ != nullptr) {
    std::exchange(session_, nullptr)->Release(this, /*ended=*/false);
  } else if (link_ != nullptr) {
    link_->Forget(this);
  }
  std::string().swap(body);
  // A caller may start another call as soon as it knows of the end.
  lease_ = nullptr;
  OnEnd(std::move(status), abrupt);
}

void DirectCall::Done() {
  over_.store(true, std::memory_order_release);
  loop()->Bury(std::move(self_));
}

void DirectCall::OnDeadline(void* self) {
  auto* const call = static_cast<DirectCall*>(self);
  CallEnd end;
  end.code = static_cast<int>(absl::StatusCode::kDeadlineExceeded);
  call->End(StatusOfEnd(end));
}

}  // namespace sse_bridge
