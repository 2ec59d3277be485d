#include "tests/load/load_service.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace sse_bridge::testing {
namespace {

using load::v1::Item;
using load::v1::Quote;
using load::v1::Tick;

constexpr char kTicks[] = "ticks";
constexpr char kQuotes[] = "quotes";
constexpr char kChat[] = "chat";
constexpr char kSessions[] = "sessions";

// A stream that has more than this waiting misses a tick or a quote.
constexpr size_t kMaxWaiting = 100;

}  // namespace

void LoadService::Began(const std::string& topic) {
  MutexLock lock(&mu_);
  auto& counts = topics_[topic].counts;
  counts.set_open(counts.open() + 1);
  counts.set_started(counts.started() + 1);
  counts.set_most(std::max(counts.most(), counts.open()));
}

void LoadService::Ended(const std::string& topic) {
  MutexLock lock(&mu_);
  auto& counts = topics_[topic].counts;
  counts.set_open(counts.open() - 1);
}

LoadService::Writer<Tick> LoadService::Ticks(
    Context*, const load::v1::TicksRequest* request) {
  auto stream = EventStream<Tick>::Create();
  Began(kTicks);
  stream->Open();
  pacer_.Add(request->rate(),
             [weak = std::weak_ptr(stream), n = uint32_t{0},
              pad = std::string(request->pad(), 'x')]() mutable {
               auto stream = weak.lock();
               if (stream == nullptr) return false;
               if (stream->waiting() > kMaxWaiting) return true;
               Tick tick;
               tick.set_t_ns(absl::GetCurrentTimeNanos());
               tick.set_n(++n);
               tick.set_pad(pad);
               return stream->Send(std::move(tick));
             });
  stream->SetCallbacks({nullptr, [this] { Ended(kTicks); }});
  return stream->reactor();
}

LoadService::Writer<Tick> LoadService::OwnTicks(
    Context* context, const load::v1::TicksRequest* request) {
  return Ticks(context, request);
}

LoadService::Writer<load::v1::ChatEvent> LoadService::Chat(
    Context*, const load::v1::ChatRequest* request) {
  auto stream = EventStream<load::v1::ChatEvent>::Create();
  Began(kChat);
  stream->Open();
  pacer_.Add(request->rate(), [this, weak = std::weak_ptr(stream),
                               pad = std::string(request->pad(), 'x'),
                               private_every = request->private_every()] {
    auto stream = weak.lock();
    if (stream == nullptr) return false;
    if (stream->waiting() > kMaxWaiting) return true;
    load::v1::ChatEvent event;
    const uint32_t n = ++chat_;
    event.mutable_tick()->set_t_ns(absl::GetCurrentTimeNanos());
    event.mutable_tick()->set_n(n);
    event.mutable_tick()->set_pad(pad);
    if (private_every > 0 && n % private_every == 0) {
      event.add_only_to("m0");
    }
    return stream->Send(std::move(event));
  });
  stream->SetCallbacks({nullptr, [this] { Ended(kChat); }});
  return stream->reactor();
}

grpc::ServerUnaryReactor* LoadService::Enter(
    Context* context, const load::v1::EnterRequest* request,
    load::v1::EnterReply* reply) {
  bool is_new;
  {
    MutexLock lock(&mu_);
    is_new = sessions_.insert(request->session()).second;
    auto& counts = topics_[kSessions].counts;
    counts.set_sent(counts.sent() + 1);  // calls of Enter
  }
  if (is_new) Began(kSessions);
  reply->mutable_welcome()->mutable_tick()->set_n(chat_);
  auto* const reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerUnaryReactor* LoadService::Leave(
    Context* context, const load::v1::LeaveRequest* request,
    load::v1::LeaveReply*) {
  bool was_in;
  {
    MutexLock lock(&mu_);
    was_in = sessions_.erase(request->session()) > 0;
  }
  if (was_in) Ended(kSessions);
  auto* const reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

LoadService::Writer<Quote> LoadService::Quotes(
    Context*, const load::v1::QuotesRequest* request) {
  auto stream = EventStream<Quote>::Create();
  Began(kQuotes);
  stream->Open();
  pacer_.Add(request->rate(), [weak = std::weak_ptr(stream), n = uint32_t{0},
                               symbols = std::vector<std::string>(
                                   request->symbols().begin(),
                                   request->symbols().end())]() mutable {
    auto stream = weak.lock();
    if (stream == nullptr) return false;
    if (stream->waiting() > kMaxWaiting) return true;
    ++n;
    for (const std::string& symbol : symbols) {
      Quote quote;
      quote.set_symbol(symbol);
      quote.set_t_ns(absl::GetCurrentTimeNanos());
      quote.set_n(n);
      if (!stream->Send(std::move(quote))) return false;
    }
    return true;
  });
  stream->SetCallbacks({nullptr, [this] { Ended(kQuotes); }});
  return stream->reactor();
}

LoadService::Writer<Item> LoadService::Follow(const std::string& topic) {
  auto stream = EventStream<Item>::Create();
  Began(topic);
  stream->Open();
  {
    MutexLock lock(&mu_);
    topics_[topic].followers.insert(stream);
  }
  stream->SetCallbacks({nullptr, [this, topic, weak = std::weak_ptr(stream)] {
                          if (auto stream = weak.lock()) {
                            MutexLock lock(&mu_);
                            topics_[topic].followers.erase(stream);
                          }
                          Ended(topic);
                        }});
  return stream->reactor();
}

LoadService::Writer<Item> LoadService::Flood(
    Context*, const load::v1::FloodRequest* request) {
  auto stream = EventStream<Item>::Create();
  Began(request->topic());
  stream->Open();
  auto next = [this, weak = std::weak_ptr(stream), topic = request->topic(),
               n = std::make_shared<uint32_t>(0), count = request->count(),
               pad = std::string(request->pad(), 'x')] {
    auto stream = weak.lock();
    if (stream == nullptr) return;
    if (*n == count) {
      stream->Finish(grpc::Status::OK);
      return;
    }
    Item item;
    item.set_key("k0");
    item.set_n(++*n);
    item.set_pad(pad);
    {
      MutexLock lock(&mu_);
      topics_[topic].counts.set_sent(*n);
    }
    stream->Send(std::move(item));
  };
  stream->SetCallbacks(
      {next, [this, topic = request->topic()] { Ended(topic); }});
  next();
  return stream->reactor();
}

grpc::ServerUnaryReactor* LoadService::Publish(
    Context* context, const load::v1::PublishRequest* request,
    load::v1::PublishReply* reply) {
  const std::string pad(request->pad(), 'x');
  const uint32_t keys = std::max(request->keys(), 1u);
  {
    MutexLock lock(&mu_);
    Topic& topic = topics_[request->topic()];
    reply->set_streams(static_cast<uint32_t>(topic.followers.size()));
    for (uint32_t i = 0; i < request->count(); ++i) {
      Item item;
      item.set_key(absl::StrCat("k", topic.last % keys));
      item.set_n(++topic.last);
      item.set_pad(pad);
      for (const auto& follower : topic.followers) follower->Send(item);
    }
    reply->set_last(topic.last);
  }
  auto* const reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerUnaryReactor* LoadService::Counts(
    Context* context, const load::v1::CountsRequest* request,
    load::v1::CountsReply* reply) {
  {
    MutexLock lock(&mu_);
    *reply = topics_[request->topic()].counts;
  }
  auto* const reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

}  // namespace sse_bridge::testing
