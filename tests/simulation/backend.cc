#include "tests/simulation/backend.h"

#include <algorithm>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/simulation/direct_calls.h"
#include "tests/simulation/multiplexer_call.h"

namespace sse_bridge {
namespace {

void AppendText(int number, absl::string_view value, std::string* wire) {
  if (value.empty()) return;
  wire->push_back(static_cast<char>(number << 3 | 2));
  size_t size = value.size();
  for (; size > 127; size >>= 7) {
    wire->push_back(static_cast<char>(size | 128));
  }
  wire->push_back(static_cast<char>(size));
  wire->append(value.data(), value.size());
}

std::string Encode(const BackendTopic& topic, const TopicEvent& event) {
  std::string wire;
  if (topic.kind != TopicKind::kPrices) {
    AppendText(1, topic.IdOf(event.number), &wire);
  }
  AppendText(2, event.key, &wire);
  AppendText(3, event.text, &wire);
  for (const std::string& user : event.only_to) AppendText(4, user, &wire);
  return wire;
}

absl::Status Expired(const BackendTopic& topic) {
  google::rpc::Status details;
  details.set_code(static_cast<int>(absl::StatusCode::kOutOfRange));
  google::rpc::ErrorInfo info;
  info.set_reason("CURSOR_EXPIRED");
  if (topic.kept_from <= topic.last()) {
    (*info.mutable_metadata())["oldest"] = topic.IdOf(topic.kept_from);
  }
  details.add_details()->PackFrom(info);
  absl::Status status = absl::OutOfRangeError("cursor expired");
  status.SetPayload(kStatusDetailsUrl, absl::Cord(details.SerializeAsString()));
  return status;
}

absl::Status Coded(int code) {
  if (code == 0) return absl::OkStatus();
  return absl::Status(static_cast<absl::StatusCode>(code), "as planned");
}

absl::Status Unreachable() {
  return absl::UnavailableError("the backend could not be reached");
}

}  // namespace

std::string WireText(const std::string& message, int number) {
  google::protobuf::io::CodedInputStream in(
      reinterpret_cast<const uint8_t*>(message.data()),
      static_cast<int>(message.size()));
  while (const uint32_t tag = in.ReadTag()) {
    uint32_t size = 0;
    std::string value;
    if ((tag & 7) != 2 || !in.ReadVarint32(&size) ||
        !in.ReadString(&value, static_cast<int>(size))) {
      return "";
    }
    if (static_cast<int>(tag >> 3) == number) return value;
  }
  return "";
}

SimulatedBackend::~SimulatedBackend() = default;

BackendTopic* SimulatedBackend::FindTopic(const std::string& name,
                                          TopicKind kind) {
  std::unique_ptr<BackendTopic>& topic = topics_[name];
  if (topic == nullptr) {
    topic = std::make_unique<BackendTopic>();
    topic->name = name;
    topic->kind = kind;
    if (kind == TopicKind::kJob) {
      // "jN-C": N events, then code C.
      const size_t dash = name.find('-');
      uint64_t events = 0;
      if (!absl::SimpleAtoi(absl::string_view(name).substr(1, dash - 1),
                            &events) ||
          !absl::SimpleAtoi(absl::string_view(name).substr(dash + 1),
                            &topic->end_code)) {
        trace_->Fail("harness", "job ", name);
      }
      // Many large ones: more than an exclusive feed reads ahead.
      const size_t padding = events > 10 ? 3000 : 10;
      for (uint64_t i = 0; i < events; ++i) {
        Publish(topic.get(), "", {}, padding);
      }
    }
  }
  return topic.get();
}

void SimulatedBackend::Publish(BackendTopic* topic, std::string key,
                               std::set<std::string> only_to, size_t padding) {
  TopicEvent event;
  event.number = topic->last() + 1;
  event.text = absl::StrCat(topic->name, "|", event.number, "|", key, "|",
                            std::string(padding, 'p'));
  event.key = std::move(key);
  event.only_to = std::move(only_to);
  topic->events.push_back(event);
  if (topic->kind == TopicKind::kJob) return;
  trace_->Add("backend publishes ", topic->name, ".", event.number);
  const std::string message = Encode(*topic, event);
  for (const Live& live : live_) {
    if (live.topic == topic) live.stream->Send(message);
  }
}

void SimulatedBackend::Restart(absl::Duration away) {
  if (healed_) return;
  trace_->Add("backend is away for ", absl::FormatDuration(away));
  down_ = true;
  last_away_ = network_->clock()->WallTime();
  live_.clear();
  for (const auto& weak : std::exchange(all_, {})) {
    if (auto stream = weak.lock()) stream->Break();
  }
  for (const auto& weak : std::exchange(multiplexers_, {})) {
    if (auto call = weak.lock()) call->Break();
  }
  network_->After(away, [this, restart = ++restarts_] {
    if (restart != restarts_ || !down_) return;
    trace_->Add("backend is back");
    down_ = false;
    last_away_ = network_->clock()->WallTime();
  });
}

void SimulatedBackend::Heal() {
  healed_ = true;
  if (down_) last_away_ = network_->clock()->WallTime();
  down_ = false;
  refusals_.clear();
  healed_at_ = network_->clock()->WallTime();
}

void SimulatedBackend::EndCalls(BackendTopic* topic, int code) {
  topic->end_codes.insert(code);
  std::vector<Live> kept;
  for (const Live& live : std::exchange(live_, {})) {
    if (live.topic == topic) {
      live.stream->End(Coded(code));
    } else {
      kept.push_back(live);
    }
  }
  live_ = std::move(kept);
}

void SimulatedBackend::RefuseNext(BackendTopic* topic, uint64_t calls,
                                  int code) {
  if (code == 0) code = static_cast<int>(absl::StatusCode::kInternal);
  topic->end_codes.insert(code);
  refusals_[topic] = {calls, code};
}

std::shared_ptr<StreamCall> SimulatedBackend::StartStream(
    absl::string_view path, std::string request, CallOptions /*options*/,
    std::shared_ptr<StreamObserver> observer) {
  auto stream = std::make_shared<DirectStream>(network_, std::move(observer));
  network_->Soon(
      [this, stream, path = std::string(path), request = std::move(request)] {
        Serve(stream, path, request);
      });
  return stream->Handle();
}

StartBidi SimulatedBackend::Multiplexer() {
  return [this](const CallOptions&, std::shared_ptr<BidiObserver> observer) {
    auto call = std::make_shared<MultiplexerCall>(this, std::move(observer));
    if (down_) {
      call->Break();
    } else {
      multiplexers_.push_back(call);
    }
    return call->Handle();
  };
}

void SimulatedBackend::ForgetGone() {
  std::erase_if(live_, [](const Live& live) { return live.stream->gone(); });
  std::erase_if(all_, [](const auto& weak) {
    const auto stream = weak.lock();
    return stream == nullptr || stream->gone();
  });
}

size_t SimulatedBackend::open_calls() const {
  size_t open = 0;
  for (const auto& weak : all_) {
    const auto stream = weak.lock();
    if (stream != nullptr && !stream->gone()) ++open;
  }
  return open;
}

size_t SimulatedBackend::sessions_left_over() const {
  size_t left = 0;
  for (const auto& [id, session] : sessions_) {
    if (session.entered > healed_at_) ++left;
  }
  return left;
}

void SimulatedBackend::Serve(const std::shared_ptr<ServerStream>& stream,
                             absl::string_view path,
                             const std::string& request) {
  if (stream->gone()) return;
  ForgetGone();
  if (down_) return stream->End(Unreachable());
  all_.push_back(stream);
  std::string name = WireText(request, 1);
  const std::string user = WireText(request, 2);
  const std::string after = WireText(request, 3);
  absl::ConsumePrefix(&path, "/test.S/");
  if (path == "Mine") name = absl::StrCat("m-", user);
  const auto it = topics_.find(name);
  if (it == topics_.end()) {
    trace_->Fail("harness", "no topic ", name);
    return stream->End(absl::NotFoundError(name));
  }
  BackendTopic* const topic = it->second.get();
  trace_->Add("backend is called: ", path, " ", name, " after '", after, "'");
  topic->called = network_->clock()->WallTime();
  if (Refusal& refusal = refusals_[topic]; refusal.calls > 0) {
    --refusal.calls;
    return stream->End(Coded(refusal.code));
  }
  uint64_t number = topic->last();
  if (!after.empty()) {
    const auto known = topic->NumberOf(after);
    if (!known.has_value() || *known + 1 < topic->kept_from) {
      return stream->End(Expired(*topic));
    }
    number = *known;
  } else if (topic->kind == TopicKind::kJob) {
    number = 0;
  }
  if (network_->OneIn(4) && topic->kind != TopicKind::kJob) {
    // Silent until there is an event.
  } else {
    stream->Open();
  }
  if (topic->kind == TopicKind::kJob) return SendJob(stream, topic, number);
  if (topic->kind == TopicKind::kPrices) {
    for (const auto& [key, event] : topic->Values()) {
      stream->Send(Encode(*topic, *event));
    }
  } else {
    SendFrom(stream, topic, number);
  }
  live_.push_back({topic, stream});
}

void SimulatedBackend::SendFrom(const std::shared_ptr<ServerStream>& stream,
                                BackendTopic* topic, uint64_t number) {
  for (uint64_t i = number; i < topic->last(); ++i) {
    stream->Send(Encode(*topic, topic->events[i]));
  }
}

void SimulatedBackend::SendJob(const std::shared_ptr<ServerStream>& stream,
                               BackendTopic* topic, uint64_t number) {
  if (number >= topic->last()) return stream->End(Coded(topic->end_code));
  stream->Send(Encode(*topic, topic->events[number]));
  network_->After(
      network_->RandomDelay(absl::Milliseconds(topic->last() > 10 ? 1 : 200)),
      [this, stream, topic, number] { SendJob(stream, topic, number + 1); });
}

std::shared_ptr<UnaryCall> SimulatedBackend::StartUnary(absl::string_view path,
                                                        std::string request,
                                                        CallOptions options,
                                                        UnaryDone done) {
  auto call = std::make_shared<DirectUnary>(network_, std::move(done));
  if (options.deadline != absl::InfiniteFuture()) {
    network_->After(
        std::max(options.deadline - network_->clock()->WallTime(),
                 absl::ZeroDuration()),
        [call] { call->Finish(absl::DeadlineExceededError("too late"), ""); });
  }
  network_->Soon(
      [this, call, path = std::string(path), request = std::move(request)] {
        if (down_) return call->FinishSoon(Unreachable(), "");
        // An answer that is lost, and one that does not come.
        const uint64_t restart = restarts_;
        const bool silent = !healed_ && network_->OneIn(25);
        std::string response;
        const absl::Status status = Answer(path, request, &response);
        if (silent) return;
        network_->After(network_->RandomDelay(absl::Milliseconds(100)),
                        [this, call, restart, status, response] {
                          if (restart != restarts_) {
                            call->Finish(Unreachable(), "");
                          } else {
                            call->Finish(status, status.ok() ? response : "");
                          }
                        });
      });
  return call->Handle();
}

absl::Status SimulatedBackend::Answer(const std::string& path,
                                      const std::string& request,
                                      std::string* response) {
  const std::string name = WireText(request, 1);
  if (path == "/test.S/Get") {
    int code = 0;
    if (!absl::SimpleAtoi(name, &code)) trace_->Fail("harness", "Get ", name);
    if (code == 0) AppendText(3, absl::StrCat("answer ", name), response);
    return Coded(code);
  }
  const std::string session = WireText(request, 4);
  if (path == "/test.S/Leave") {
    trace_->Add("backend: a session leaves ", name,
                sessions_.contains(session) ? "" : " (unknown)");
    sessions_.erase(session);
    return absl::OkStatus();
  }
  if (path != "/test.S/Enter") {
    trace_->Fail("harness", path);
    return absl::UnimplementedError(path);
  }
  const std::string user = WireText(request, 2);
  const std::string after = WireText(request, 3);
  BackendTopic* const topic = FindTopic(name, TopicKind::kRoom);
  if (user.empty()) trace_->Fail("admission", "enter without a subject");
  if (topic->banned.contains(user)) {
    sessions_.erase(session);
    return absl::PermissionDeniedError("banned");
  }
  const bool renews = sessions_.contains(session);
  trace_->Add("backend: ", user, renews ? " renews " : " enters ", name);
  sessions_[session] = {topic, user, network_->clock()->WallTime()};
  const uint64_t at = topic->NumberOf(after).value_or(topic->last());
  std::string hello;
  AppendText(1, topic->IdOf(at), &hello);
  AppendText(3, absl::StrCat("hello|", user, "|", at), &hello);
  AppendText(1, hello, response);
  return absl::OkStatus();
}

}  // namespace sse_bridge
