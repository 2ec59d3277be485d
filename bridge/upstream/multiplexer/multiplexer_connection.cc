#include "bridge/upstream/multiplexer/multiplexer_connection.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/time/clock.h"
#include "bridge/net/wake_batch.h"
#include "bridge/upstream/call_metadata.h"
#include "bridge/upstream/multiplexer/multiplexer_wire.h"

namespace sse_bridge {
namespace {

// Roughly what a credit or a cancellation takes in a message.
constexpr size_t kSmallFrameBytes = 16;

absl::Status Lost() {
  return absl::UnavailableError("the connection to the backend was lost");
}

// Dropping the last reference cancels the stream.
class MultiplexedHandle final : public StreamCall {
 public:
  explicit MultiplexedHandle(std::shared_ptr<MultiplexedStream> stream)
      : stream_(std::move(stream)) {}
  ~MultiplexedHandle() override { stream_->Cancel(); }

  void Read() override { stream_->Read(); }
  void Cancel() override { stream_->Cancel(); }

 private:
  const std::shared_ptr<MultiplexedStream> stream_;
};

std::unique_ptr<sse::v1::Open> MakeOpen(absl::string_view path,
                                        const std::string& request,
                                        const CallOptions& call,
                                        size_t window_bytes) {
  auto open = std::make_unique<sse::v1::Open>();
  open->set_method(std::string(path));
  open->set_request(request);
  for (const auto& [name, value] : call.metadata) {
    sse::v1::Metadatum* const pair = open->add_metadata();
    pair->set_name(absl::AsciiStrToLower(name));
    pair->set_value(value);
  }
  if (call.deadline != absl::InfiniteFuture()) {
    // Zero would mean no deadline.
    open->set_timeout_us(static_cast<uint64_t>(std::max<int64_t>(
        absl::ToInt64Microseconds(call.deadline - absl::Now()), 1)));
  }
  open->set_credit(window_bytes);
  return open;
}

}  // namespace

void MultiplexerConnection::Start(std::shared_ptr<const Options> options,
                                  const StartBidi& start,
                                  const CallOptions& call, Events events) {
  sse::v1::ToBackend hello;
  hello.mutable_hello()->set_max_message_bytes(
      options->stream.max_message_bytes);
  hello.mutable_hello()->set_max_batch_bytes(kMaxBatchBytes);
  std::shared_ptr<MultiplexerConnection> connection(
      new MultiplexerConnection(std::move(options), std::move(events)));
  std::shared_ptr<BidiCall> bidi = start(call, connection);
  bidi->Write(hello.SerializeAsString());
  {
    MutexLock lock(&connection->mu_);
    if (connection->state_ == State::kClosed) return;
    connection->call_ = bidi;
    // The first message may have been handled already.
    if (!connection->fault_.ok()) bidi->Cancel();
  }
  connection->Flush();
  connection->Watch(connection->options_->patience,
                    [weak = connection->weak_from_this()] {
                      if (auto self = weak.lock()) self->CheckHello();
                    });
}

bool MultiplexerConnection::Serves(absl::string_view path) const {
  MutexLock lock(&mu_);
  return state_ == State::kOpen && methods_.contains(path);
}

size_t MultiplexerConnection::streams() const {
  MutexLock lock(&mu_);
  return streams_.size();
}

std::shared_ptr<StreamCall> MultiplexerConnection::Open(
    absl::string_view path, const std::string& request, const CallOptions& call,
    const std::shared_ptr<StreamObserver>& observer) {
  auto open = MakeOpen(path, request, call, options_->stream.window_bytes);
  if (open->ByteSizeLong() > kMaxOpenBytes) return nullptr;
  std::shared_ptr<MultiplexedStream> stream;
  {
    MutexLock lock(&mu_);
    if (state_ != State::kOpen || streams_.size() >= options_->max_streams) {
      return nullptr;
    }
    const uint64_t number = next_stream_++;
    open->set_stream(number);
    stream = std::make_shared<MultiplexedStream>(
        std::shared_ptr<const MultiplexedStream::Options>(options_,
                                                          &options_->stream),
        weak_from_this(), number, call, observer);
    streams_[number] = {stream, std::move(open)};
    opens_.insert(number);
  }
  stream->Start();
  Flush();
  return std::make_shared<MultiplexedHandle>(std::move(stream));
}

void MultiplexerConnection::CloseWhenIdle() {
  {
    MutexLock lock(&mu_);
    close_when_idle_ = true;
  }
  CloseIfIdle();
}

void MultiplexerConnection::CloseIfIdle() {
  {
    MutexLock lock(&mu_);
    if (!close_when_idle_ || !streams_.empty()) return;
  }
  Fail(absl::CancelledError("the connection is not needed any more"));
}

void MultiplexerConnection::Fail(const absl::Status& why) {
  {
    MutexLock lock(&mu_);
    if (fault_.ok()) fault_ = why;
  }
  GiveUp();
}

void MultiplexerConnection::OnMessage(
    absl::Span<const absl::string_view> slices) {
  if (!greeted_) {
    bool given_up;
    {
      MutexLock lock(&mu_);
      given_up = !fault_.ok();
    }
    if (given_up) return GiveUp();
  }
  // A message has events of many streams.
  const WakeBatch wakes;
  bool followed;
  if (slices.size() == 1) {
    followed = Handle(slices[0]);
  } else {
    flat_.clear();
    for (const absl::string_view slice : slices) {
      flat_.append(slice.data(), slice.size());
    }
    followed = Handle(flat_);
    if (flat_.capacity() > 2 * kMaxBatchBytes) std::string().swap(flat_);
  }
  if (followed) return;
  Fail(absl::InternalError("the multiplexer's messages cannot be read"));
}

bool MultiplexerConnection::Handle(absl::string_view message) {
  ToBridgeReader reader(message);
  for (;;) {
    switch (reader.Next()) {
      case ToBridgeReader::Part::kHello:
        if (greeted_ || !OnHello(reader.hello())) return false;
        greeted_ = true;
        break;
      case ToBridgeReader::Part::kFrame:
        if (!greeted_) return false;
        OnFrame(reader.frame());
        break;
      case ToBridgeReader::Part::kPong:
        break;
      case ToBridgeReader::Part::kEnd: {
        MutexLock lock(&mu_);
        heard_ = true;
        return greeted_;
      }
      case ToBridgeReader::Part::kMalformed:
        return false;
    }
  }
}

bool MultiplexerConnection::OnHello(absl::string_view bytes) {
  sse::v1::BackendHello hello;
  if (!hello.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      static_cast<size_t>(hello.methods_size()) > kMaxMethods) {
    return false;
  }
  {
    MutexLock lock(&mu_);
    if (state_ != State::kAsking) return true;
    state_ = State::kOpen;
    spoke_ = true;
    methods_ = {hello.methods().begin(), hello.methods().end()};
  }
  events_.open(shared_from_this());
  if (options_->ping_after > absl::ZeroDuration()) {
    Watch(options_->ping_after, [weak = weak_from_this()] {
      if (auto self = weak.lock()) self->CheckLife();
    });
  }
  return true;
}

void MultiplexerConnection::OnFrame(const MultiplexerFrame& frame) {
  std::shared_ptr<MultiplexedStream> stream;
  {
    MutexLock lock(&mu_);
    const auto found = streams_.find(frame.stream);
    if (found == streams_.end()) return;
    // Nobody can answer what has not been asked.
    if (found->second.open != nullptr) return;
    if (frame.kind == MultiplexerFrame::Kind::kEnd) {
      stream = std::move(found->second.stream);
      streams_.erase(found);
    } else {
      stream = found->second.stream;
    }
  }
  switch (frame.kind) {
    case MultiplexerFrame::Kind::kOpened:
      stream->OnOpened(frame.payload);
      break;
    case MultiplexerFrame::Kind::kMessage:
      stream->OnMessage(frame.payload);
      break;
    case MultiplexerFrame::Kind::kEnd:
      stream->OnEnd(frame.payload);
      CloseIfIdle();
      break;
    case MultiplexerFrame::Kind::kUnknown:
      break;
  }
}

void MultiplexerConnection::OnWritten() {
  {
    MutexLock lock(&mu_);
    writing_ = false;
  }
  Flush();
}

void MultiplexerConnection::OnDone(const absl::Status& status) {
  absl::flat_hash_map<uint64_t, Entry> streams;
  std::shared_ptr<BidiCall> call;  // released after the lock
  bool spoke;
  absl::Status why = status;
  {
    MutexLock lock(&mu_);
    state_ = State::kClosed;
    spoke = spoke_;
    if (!fault_.ok()) why = fault_;
    call = std::move(call_);
    streams.swap(streams_);
    opens_.clear();
    credits_.clear();
    cancels_.clear();
  }
  // First, so that streams that are opened again do not find this connection.
  events_.closed(spoke, why);
  for (const auto& [number, entry] : streams) entry.stream->End(Lost());
}

void MultiplexerConnection::AddCredit(uint64_t stream, size_t bytes) {
  {
    MutexLock lock(&mu_);
    const auto found = streams_.find(stream);
    if (found == streams_.end()) return;
    if (found->second.credit == 0) credits_.push_back(stream);
    found->second.credit += bytes;
  }
  Flush();
}

void MultiplexerConnection::Forget(uint64_t stream) {
  Entry forgotten;  // released after the lock
  {
    MutexLock lock(&mu_);
    const auto found = streams_.find(stream);
    if (found == streams_.end()) return;
    forgotten = std::move(found->second);
    streams_.erase(found);
    if (forgotten.open != nullptr) {
      opens_.erase(stream);  // the backend does not know it yet
    } else {
      cancels_.push_back(stream);
    }
  }
  Flush();
  CloseIfIdle();
}

void MultiplexerConnection::Watch(absl::Duration after,
                                  std::function<void()> task) {
  options_->stream.timers.after(after, std::move(task));
}

void MultiplexerConnection::CheckHello() {
  std::shared_ptr<BidiCall> call;
  {
    MutexLock lock(&mu_);
    if (state_ != State::kAsking || !fault_.ok()) return;
    fault_ = absl::DeadlineExceededError("the multiplexer did not answer");
    call = call_;
  }
  call->CloseWrites();
  Watch(options_->farewell, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->GiveUp();
  });
}

void MultiplexerConnection::GiveUp() {
  std::shared_ptr<BidiCall> call;
  {
    MutexLock lock(&mu_);
    call = call_;
  }
  if (call != nullptr) call->Cancel();
}

void MultiplexerConnection::CheckLife() {
  {
    MutexLock lock(&mu_);
    if (state_ != State::kOpen) return;
    ping_ = !std::exchange(heard_, false);
  }
  Flush();
  Watch(options_->ping_after, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->CheckLife();
  });
}

void MultiplexerConnection::Flush() {
  std::shared_ptr<BidiCall> call;
  std::string batch;
  {
    MutexLock lock(&mu_);
    if (writing_ || state_ != State::kOpen || call_ == nullptr) return;
    batch = NextBatch();
    if (batch.empty()) return;
    writing_ = true;
    call = call_;
  }
  call->Write(std::move(batch));
}

std::string MultiplexerConnection::NextBatch() {
  sse::v1::ToBackend message;
  size_t bytes = 0;
  // Streams that begin come last: there may be ever more of them, but only as
  // many cancellations as have begun.
  size_t taken = 0;
  while (taken < cancels_.size() && bytes < kMaxBatchBytes) {
    message.add_cancel(cancels_[taken++]);
    bytes += kSmallFrameBytes;
  }
  cancels_.erase(cancels_.begin(),
                 cancels_.begin() + static_cast<ptrdiff_t>(taken));
  taken = 0;
  while (taken < credits_.size() && bytes < kMaxBatchBytes) {
    const auto found = streams_.find(credits_[taken++]);
    if (found == streams_.end()) continue;
    sse::v1::Credit* const credit = message.add_credit();
    credit->set_stream(found->first);
    credit->set_bytes(std::exchange(found->second.credit, 0));
    bytes += kSmallFrameBytes;
  }
  credits_.erase(credits_.begin(),
                 credits_.begin() + static_cast<ptrdiff_t>(taken));
  while (!opens_.empty() && bytes < kMaxBatchBytes) {
    Entry& entry = streams_.at(*opens_.begin());
    opens_.erase(opens_.begin());
    bytes += entry.open->ByteSizeLong();
    message.mutable_open()->AddAllocated(entry.open.release());
  }
  if (std::exchange(ping_, false)) message.set_ping(1);
  return message.SerializeAsString();
}

}  // namespace sse_bridge
