#include "tests/simulation/browser.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/base/own_ids.h"
#include "nlohmann/json.hpp"
#include "tests/simulation/codes.h"

namespace sse_bridge {
namespace {

// Later, a stream whose token has expired is still open by mistake.
constexpr absl::Duration kTokenGrace = absl::Seconds(15);

}  // namespace

Browser::Browser(BrowserContext* context, std::string name, std::string user)
    : context_(context), name_(std::move(name)), user_(std::move(user)) {}

void Browser::AddPart(const std::string& name, uint64_t what) {
  SimulatedBackend& backend = *context_->backend;
  BackendTopic* topic;
  std::string path;
  switch (what % 6) {
    case 0:
    case 1:
      topic = backend.FindTopic(absl::StrCat("l", what % 2), TopicKind::kLog);
      path = absl::StrCat("/log/", topic->name);
      break;
    case 2:
      topic = backend.FindTopic(absl::StrCat("m-", user_), TopicKind::kMine);
      path = "/mine";
      break;
    case 3:
      topic = backend.FindTopic("r0", TopicKind::kRoom);
      path = "/rooms/r0";
      break;
    case 4:
      topic = backend.FindTopic("p0", TopicKind::kPrices);
      path = "/prices/p0";
      break;
    default:
      topic = backend.FindTopic(
          absl::StrCat("j", what / 6 % 4 >= 2 ? 40 : what / 6 % 4, "-",
                       what % 17),
          TopicKind::kJob);
      path = absl::StrCat("/jobs/", topic->name);
  }
  parts_.push_back(
      {name, path,
       StreamModel(context_->trace, absl::StrCat(name_, name), topic, user_)});
}

void Browser::Visit(uint64_t what) {
  if (!parts_.empty()) return;
  bundle_ = what % 8 == 6 || what % 8 == 7;
  if (bundle_) {
    for (const auto& [name, part] : {std::pair("a", 0), std::pair("b", 3),
                                     std::pair("c", 4), std::pair("d", 2)}) {
      if (part != 0 && (what >> part & 1) == 0) continue;
      AddPart(name, static_cast<uint64_t>(part));
    }
  } else {
    AddPart("", what);
    with_token_ = what % 6 == 2 || what % 6 == 3 || what % 3 == 0;
  }
  Connect();
}

std::string Browser::Target() const {
  if (!bundle_) return parts_[0].path;
  std::vector<std::string> streams;
  for (const Part& part : parts_) {
    streams.push_back(absl::StrCat("stream=", part.name, ":", part.path));
  }
  return absl::StrCat("/events?", absl::StrJoin(streams, "&"));
}

void Browser::Connect() {
  if (left_ || finished_ || context_->leaving) return;
  SimulatedNetwork& network = *context_->network;
  asked_ = network.clock()->WallTime();
  ++visits_;
  std::string id = resumes_ ? last_id_ : "";
  sent_foreign_ = false;
  if (!bundle_ && !context_->healed && after_end_ < 0 && network.OneIn(12) &&
      parts_[0].model.topic().kind != TopicKind::kPrices) {
    const BackendTopic& topic = parts_[0].model.topic();
    id = network.OneIn(2) ? absl::StrCat(topic.name, ".", topic.last() + 9999)
                          : "elsewhere.3";
    sent_foreign_ = true;
  }
  // One that it still has, because no event has come since.
  if (!bundle_ && !id.empty() && after_end_ < 0 &&
      !parts_[0].model.topic().NumberOf(id).has_value()) {
    sent_foreign_ = true;
  }
  for (Part& part : parts_) {
    part.model.Connect(!id.empty(), sent_foreign_, asked_);
  }
  ClientRequest request;
  request.target = Target();
  request.headers = {{"accept", "text/event-stream"}};
  if (!id.empty()) request.headers.emplace_back("last-event-id", id);
  if (network.OneIn(2)) request.headers.emplace_back("accept-encoding", "gzip");
  token_expires_ = absl::InfiniteFuture();
  if (with_token_) {
    token_expires_ = asked_ + (context_->healed ? absl::Hours(1)
                                                : context_->plan->token_life);
    // Tokens have whole seconds.
    token_expires_ =
        absl::FromUnixSeconds(absl::ToUnixSeconds(token_expires_) + 1);
    request.headers.emplace_back(
        "authorization",
        absl::StrCat("Bearer ", context_->token(user_, token_expires_)));
  }
  context_->trace->Add(name_, " asks for ", Target(), " after '", id, "'");
  stream_ = context_->clients->Open(
      user_, request, id, [this](const SseEvent& event) { OnEvent(event); });
  if (network.OneIn(4)) stream_->SetReading(false);
  network.Soon([this, visit = visits_] {
    if (visit == visits_ && stream_ != nullptr) stream_->SetReading(true);
  });
}

void Browser::ConnectLater(bool resumes) {
  // The id says that a stream has ended, and it would not begin again.
  for (const Part& part : parts_) {
    const auto code = part.model.end_code();
    if (bundle_ && code.has_value() && IsForGood(*code)) resumes = false;
  }
  last_id_ = stream_ == nullptr ? "" : response().last_event_id();
  stream_ = nullptr;
  resumes_ = resumes && !last_id_.empty();
  if (!resumes_) {
    last_id_.clear();
    after_end_ = -1;
  }
  ++visits_;
  if (context_->leaving || left_ || finished_) return;
  context_->network->After(
      absl::Milliseconds(50) +
          context_->network->RandomDelay(absl::Milliseconds(400)),
      [this, visit = visits_] {
        if (visit == visits_) Connect();
      });
}

Browser::Part* Browser::FindPart(const std::string& name) {
  for (Part& part : parts_) {
    if (part.name == name) return &part;
  }
  return nullptr;
}

void Browser::OnEvent(const SseEvent& event) {
  Trace& trace = *context_->trace;
  trace.Add(name_, " receives ", event.name.empty() ? "" : event.name + " ",
            event.data, " id '", event.last_event_id, "'");
  const auto json = nlohmann::json::parse(event.data, nullptr, false);
  if (json.is_discarded()) {
    return trace.Fail("Framing", name_, " received ", event.data);
  }
  if (event.name == "upstream") return;
  const bool own = event.name == "reset" || event.name == "grpc-status";
  std::string name = own ? "" : event.name;
  if (own && bundle_ && json.contains("stream")) {
    name = json["stream"].get<std::string>();
  }
  if (own && bundle_ && name.empty() && event.name == "grpc-status") {
    // The end of the whole connection.
    for (Part& part : parts_) {
      if (!part.model.ended()) part.model.OnEnd(json["code"].get<int>());
    }
    return;
  }
  Part* const part = FindPart(name);
  if (part == nullptr) {
    return trace.Fail("OwnEvents", name_, " received ", event.name);
  }
  if (event.name == "reset") return part->model.OnReset();
  if (event.name != "grpc-status") {
    if (!json.is_string()) {
      return trace.Fail("Framing", name_, " received ", event.data);
    }
    return part->model.OnData(json.get<std::string>(),
                              bundle_ ? "" : event.last_event_id);
  }
  const int code = json["code"].get<int>();
  part->model.OnEnd(code);
  if (!MayEnd(*part, code)) trace.Fail("Ends", name_, " is told code ", code);
  if (bundle_) {
    // A page that begins anew when one of its streams has ended.
    context_->network->Soon([this, visit = visits_, code] {
      if (visit != visits_ || stream_ == nullptr) return;
      stream_->Reset();
      bool gone = false;
      for (Part& each : parts_) {
        gone = gone || each.model.topic().banned.contains(user_);
      }
      finished_ = gone && context_->healed;
      ConnectLater(/*resumes=*/!IsForGood(code));
    });
  } else if (IsForGood(code) && IsOwnId(event.last_event_id)) {
    after_end_ = code;
  }
}

void Browser::Look() {
  if (stream_ == nullptr) return;
  const uint64_t visit = visits_;
  stream_->Look();
  if (visit != visits_ || stream_ == nullptr) return;
  if (!response().error().empty()) {
    context_->trace->Fail("Framing", name_, ": ", response().error());
  }
  if (response().status() != 0 && !response().is_stream() &&
      response().complete()) {
    return OnAnswer();
  }
  if (stream_->ended()) return OnConnectionEnd();
  if (response().is_stream() &&
      context_->network->clock()->WallTime() > token_expires_ + kTokenGrace) {
    context_->trace->Fail("TokensEnd", name_, " is open after its token");
  }
}

void Browser::OnConnectionEnd() {
  Trace& trace = *context_->trace;
  if (stream_->may_be_repeated()) {
    trace.Add(name_, "'s request may be repeated");
    return ConnectLater(/*resumes=*/true);
  }
  if (response().status() == 0) {
    if (context_->leaving) {
      stream_ = nullptr;
      return;
    }
    trace.Fail("OneAnswer", name_, " has no answer");
    return ConnectLater(/*resumes=*/true);
  }
  if (!response().complete()) {
    trace.Fail("OneAnswer", name_, ": the answer is cut off");
    return ConnectLater(/*resumes=*/true);
  }
  if (!response().is_stream()) return OnAnswer();
  OnStreamEnd();
}

void Browser::OnStreamEnd() {
  context_->trace->Add(name_, "'s stream ends");
  const StreamModel& first = parts_[0].model;
  if (first.topic().kind == TopicKind::kJob &&
      first.end_code() == first.topic().end_code &&
      !IsForGood(first.topic().end_code)) {
    finished_ = true;
  }
  ConnectLater(/*resumes=*/true);
}

void Browser::OnAnswer() {
  const int status = response().status();
  context_->trace->Add(name_, " is answered ", status, " ", response().body());
  if (after_end_ >= 0) {
    const int expected = after_end_ == 0 ? 204 : HttpStatusOf(after_end_);
    if (status != expected && !MayBeAnswered(status)) {
      context_->trace->Fail("Ends", name_, " is answered ", status,
                            " after the end with ", after_end_);
    }
  } else if (!MayBeAnswered(status)) {
    context_->trace->Fail("OneAnswer", name_, " is answered ", status);
  }
  bool job = false, banned = false;
  for (const Part& part : parts_) {
    const BackendTopic& topic = part.model.topic();
    job =
        job ||
        (topic.kind == TopicKind::kJob &&
         status == (topic.end_code == 0 ? 204 : HttpStatusOf(topic.end_code)));
    banned = banned || part.model.topic().banned.contains(user_);
  }
  if (job || (banned && status == 403)) {
    finished_ = true;
  }
  const bool again = after_end_ < 0 && context_->network->OneIn(2);
  ConnectLater(/*resumes=*/again);
}

void Browser::Leave(bool resets) {
  if (stream_ != nullptr && resets) stream_->Reset();
  stream_ = nullptr;
  left_ = true;
  ++visits_;
}

void Browser::Cut() {
  if (stream_ == nullptr) return;
  context_->trace->Add(name_, "'s connection is cut");
  stream_->Cut();
  ConnectLater(/*resumes=*/true);
}

void Browser::Stall(absl::Duration time) {
  if (stream_ == nullptr) return;
  stream_->SetReading(false);
  context_->network->After(time, [this, visit = visits_] {
    if (visit == visits_ && stream_ != nullptr) stream_->SetReading(true);
  });
}

bool Browser::HasAll() const {
  if (left_ || finished_ || parts_.empty()) return true;
  if (stream_ == nullptr || !response().is_stream()) return false;
  return std::all_of(parts_.begin(), parts_.end(), [this](const Part& part) {
    // The next renewal ends the stream, and the next visit is the last.
    if (part.model.topic().kind == TopicKind::kRoom &&
        part.model.topic().banned.contains(user_)) {
      return false;
    }
    // Other streams of a connection may take the place of values in its queue.
    if (bundle_ && part.model.topic().kind == TopicKind::kPrices &&
        context_->drops()) {
      return true;
    }
    return part.model.HasAll();
  });
}

std::string Browser::State() const {
  std::string state = absl::StrCat(
      name_, stream_ == nullptr
                 ? " is not connected"
                 : absl::StrCat(" has status ", response().status()));
  for (const Part& part : parts_) {
    absl::StrAppend(&state, ", ", part.model.Missing());
  }
  return state;
}

}  // namespace sse_bridge
