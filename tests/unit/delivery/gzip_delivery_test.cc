#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/delivery/frame_compressor.h"
#include "bridge/delivery/gzip_run.h"
#include "bridge/delivery/gzip_stream.h"
#include "gtest/gtest.h"
#include "tests/unit/delivery/delivery_testing.h"
#include "tests/unit/gzip/inflater.h"

// Gzip streams: whatever happens to a connection, what it receives decodes to
// what it would receive without compression.

namespace sse_bridge {
namespace {

// Turns the stream into a gzip stream with this opening.
void UseGzip(TestStream* stream, absl::string_view opening = "") {
  stream->spec.gzip = true;
  stream->spec.head = std::string(kGzipHeader);
  AppendStored(opening, &stream->spec.head);
  stream->spec.gzip_sum.Add(opening);
}

struct Decoded {
  std::string text;
  bool ended = false;
};

Decoded Decode(absl::string_view body) {
  Decoded decoded;
  Inflater inflater;
  EXPECT_TRUE(inflater.Add(body, &decoded.text));
  decoded.ended = inflater.ended();
  return decoded;
}

class GzipDeliveryTest : public DeliveryFixture {
 protected:
  GzipDeliveryTest()
      : budget_(1 << 20), compressor_(&budget_, GzipFeed::Context::kLarge) {}

  void Publish(const std::shared_ptr<Topic>& topic, const FramePtr& frame) {
    compressor_.Compress(frame, topic.get(),
                         absl::Nanoseconds(clock_.MonotonicNanos()));
    topic->Publish(frame);
  }

  GzipBudget budget_;
  FrameCompressor compressor_;
};

std::string Price(uint32_t i) {
  return absl::StrCat(R"({"symbol":"AAPL","price":)", i * 2654435761 % 1000000,
                      R"(,"currency":"USD","exchange":"XNAS"})");
}

TEST_F(GzipDeliveryTest, EventsAreCompressedOnceForAll) {
  StartDelivery();
  const auto topic = NewTopic();
  TestStream a, b;
  UseGzip(&a, ": open\n\n");
  UseGzip(&b, ": open\n\n");
  topic->Attach(a.Open(delivery_.get()), {}, {});
  topic->Attach(b.Open(delivery_.get()), {}, {});
  Sync();
  EXPECT_EQ(topic->gzip_members(), 2);
  std::string plain = ": open\n\n";
  for (uint32_t i = 0; i < 500; ++i) {
    const FramePtr frame = Event(Price(i));
    Publish(topic, frame);
    ASSERT_NE(frame->deflated(), nullptr);
    absl::StrAppend(&plain, frame->payload());
  }
  Sync();
  topic->End(nullptr, /*error=*/false);
  const Decoded decoded = Decode(a.ReadToEnd());
  EXPECT_TRUE(decoded.ended);
  EXPECT_EQ(decoded.text, plain);
  EXPECT_LT(a.received.size(), plain.size() / 3);
  EXPECT_EQ(b.ReadToEnd(), a.received);
  const DeliveryStats stats = delivery_->Stats();
  EXPECT_EQ(stats.gzip_plain_bytes, 2 * (plain.size() - 8));
  EXPECT_LT(stats.gzip_bytes, 2 * a.received.size());
  EXPECT_GT(stats.gzip_bytes, 2 * (a.received.size() - 50));
  EXPECT_EQ(stats.events, 1000);
}

TEST_F(GzipDeliveryTest, WithoutGzipMembersNothingIsCompressed) {
  StartDelivery();
  const auto topic = NewTopic();
  TestStream plain;
  topic->Attach(plain.Open(delivery_.get()), {}, {});
  {
    TestStream gzip;
    UseGzip(&gzip);
    topic->Attach(gzip.Open(delivery_.get()), {}, {});
    Sync();
    Publish(topic, Event("a"));
    EXPECT_GT(budget_.used(), 0);
  }
  ASSERT_TRUE(observer_->closed.WaitFor(1));
  EXPECT_EQ(topic->gzip_members(), 0);
  const FramePtr frame = Event("b");
  Publish(topic, frame);
  EXPECT_EQ(frame->deflated(), nullptr);
  EXPECT_EQ(budget_.used(), 0);
  EXPECT_TRUE(plain.ReadUntil("data: b\n\n"));
}

TEST_F(GzipDeliveryTest, AJoinerIsInStepAfterTheNextKeyframe) {
  StartDelivery();
  const auto topic = NewTopic();
  TestStream first;
  UseGzip(&first);
  topic->Attach(first.Open(delivery_.get()), {}, {});
  Sync();
  for (int i = 0; i < 3; ++i) Publish(topic, Event(Price(7)));
  Sync();
  TestStream joiner;
  UseGzip(&joiner);
  topic->Attach(joiner.Open(delivery_.get()), {}, {});
  Sync();
  // Too early for a keyframe.
  Publish(topic, Event(Price(7)));
  Sync();
  topic->WantKey();
  Advance(GzipFeed::kKeyInterval);
  const FramePtr key = Event(Price(7));
  Publish(topic, key);
  EXPECT_TRUE(key->deflated()->key);
  Sync();
  const FramePtr next = Event(Price(7));
  Publish(topic, next);
  EXPECT_FALSE(next->deflated()->key);
  Sync();
  delivery_->Close(joiner.ref, CloseReason::kEnded, nullptr);
  const std::string wire = joiner.ReadToEnd();
  EXPECT_EQ(DataOf(Decode(wire).text), std::vector<std::string>(3, Price(7)));
  EXPECT_TRUE(absl::StrContains(
      wire, absl::StrCat(std::string(key->deflated()->frame->payload()),
                         std::string(next->deflated()->frame->payload()))));
}

TEST_F(GzipDeliveryTest, APingIsFollowedByAKeyframe) {
  StartDelivery();
  const auto topic = NewTopic();
  TestStream stream;
  UseGzip(&stream);
  stream.spec.keep_alive = absl::Seconds(15);
  topic->Attach(stream.Open(delivery_.get()), {}, {});
  Sync();
  for (int i = 0; i < 3; ++i) Publish(topic, Event(Price(7)));
  Sync();
  Advance(absl::Seconds(15));
  const FramePtr after = Event(Price(7));
  Publish(topic, after);
  EXPECT_TRUE(after->deflated()->key);
  Sync();
  topic->End(nullptr, /*error=*/false);
  const Decoded decoded = Decode(stream.ReadToEnd());
  EXPECT_TRUE(decoded.ended);
  const std::string event = std::string(Event(Price(7))->payload());
  EXPECT_EQ(decoded.text,
            absl::StrCat(event, event, event, ": ping\n\n", event));
}

TEST_F(GzipDeliveryTest, EventsForAFewAreNotCompressedWithOthers) {
  StartDelivery();
  const auto topic = NewTopic();
  TestStream alice, bob;
  for (TestStream* stream : {&alice, &bob}) UseGzip(stream);
  alice.spec.subject = "alice";
  bob.spec.subject = "bob";
  topic->Attach(alice.Open(delivery_.get()), {}, {});
  topic->Attach(bob.Open(delivery_.get()), {}, {});
  Sync();
  const auto publish = [&](const std::string& data,
                           std::vector<std::string> only,
                           std::vector<std::string> except) {
    FrameInfo info;
    info.audience = Audience::Create(std::move(only), std::move(except));
    const FramePtr frame =
        Frame::Create(absl::StrCat("data: ", data, "\n\n"), info);
    Publish(topic, frame);
    Sync();
    return frame->deflated() != nullptr;
  };
  EXPECT_TRUE(publish("for all", {}, {}));
  EXPECT_FALSE(publish("for alice", {"alice"}, {}));
  EXPECT_TRUE(publish("for all again", {}, {}));
  EXPECT_TRUE(publish("for all but bob", {}, {"bob"}));
  EXPECT_TRUE(publish("for all again", {}, {}));
  topic->End(nullptr, /*error=*/false);
  EXPECT_EQ(DataOf(Decode(alice.ReadToEnd()).text),
            (std::vector<std::string>{"for all", "for alice", "for all again",
                                      "for all but bob", "for all again"}));
  EXPECT_EQ(
      DataOf(Decode(bob.ReadToEnd()).text),
      (std::vector<std::string>{"for all", "for all again", "for all again"}));
}

TEST_F(GzipDeliveryTest, ManyEventsAtOnceInChunks) {
  StartDelivery();
  const auto topic = NewTopic();
  TestStream stream;
  UseGzip(&stream, "");
  stream.spec.head = absl::StrCat("a\r\n", kGzipHeader, "\r\n");
  stream.spec.chunked = true;
  topic->Attach(stream.Open(delivery_.get()), {}, {});
  Sync();
  std::string plain;
  for (uint32_t i = 0; i < 2000; ++i) {
    const FramePtr frame = Event(Price(i));
    Publish(topic, frame);
    absl::StrAppend(&plain, frame->payload());
  }
  Sync();
  topic->End(Event("last"), /*error=*/false);
  bool complete = false;
  const Decoded decoded = Decode(Unchunk(stream.ReadToEnd(), &complete));
  EXPECT_TRUE(complete);
  EXPECT_TRUE(decoded.ended);
  EXPECT_EQ(decoded.text, plain + "data: last\n\n");
}

TEST_F(GzipDeliveryTest, ASlowClientIsToldAndTheMemberEnds) {
  Delivery::Options options;
  options.queue_limit_bytes = 2000;
  StartDelivery(options);
  const auto topic = NewTopic();
  TestStream stream;
  UseGzip(&stream);
  stream.UseValve();
  stream.spec.slow_frame = Event("too slow");
  topic->Attach(stream.Open(delivery_.get()), {}, {});
  Sync();
  for (uint32_t i = 0; i < 100; ++i) Publish(topic, Event(Price(i)));
  Sync();
  stream.Allow(1 << 20);
  EXPECT_EQ(stream.closed->Wait().reason, CloseReason::kSlow);
  const Decoded decoded = Decode(stream.valve->bytes());
  EXPECT_TRUE(decoded.ended);
  EXPECT_EQ(DataOf(decoded.text).back(), "too slow");
}

TEST_F(GzipDeliveryTest, ACutBodyHasNoEnd) {
  StartDelivery();
  const auto topic = NewTopic();
  TestStream stream;
  UseGzip(&stream);
  stream.spec.cut_unless_ended = true;
  topic->Attach(stream.Open(delivery_.get()), {}, {});
  Sync();
  Publish(topic, Event("a"));
  Sync();
  EXPECT_TRUE(stream.ReadSome());
  topic->End(nullptr, /*error=*/true);
  const Decoded decoded = Decode(stream.ReadToEnd());
  EXPECT_FALSE(decoded.ended);
}

// As TestStream::Allow, for a stream that the bridge may have ended.
void Allow(const TestStream& stream, size_t bytes) {
  stream.valve->Allow(bytes);
  ::send(stream.client, "x", 1, MSG_NOSIGNAL);
}

// Adds an id of its own to each event, like a bundle.
class Numbering : public FrameRewriter {
 public:
  FramePtr Rewrite(const Frame& frame, int) override {
    return Frame::Create(absl::StrCat("id: ", ++last_, "\n", frame.payload()),
                         {.key = frame.info().key});
  }

 private:
  int last_ = 0;
};

// Each seed is a schedule: connections with every policy come, read slowly,
// miss events and end, among pings, notices and events for some. The feed's
// plain twin of each connection receives the same; both must say the same.
TEST_F(GzipDeliveryTest, RandomSchedules) {
  uint64_t compressed = 0, plain = 0;
  for (uint32_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    std::minstd_rand random(seed);
    Delivery::Options options;
    options.queue_limit_bytes = 3000;
    options.end_timeout = absl::Hours(1);
    StartDelivery(options);
    const auto topic = NewTopic();
    const auto other = NewTopic();
    FrameCompressor compressor(&budget_, seed % 2 == 0
                                             ? GzipFeed::Context::kLarge
                                             : GzipFeed::Context::kSmall);
    struct Client {
      TestStream stream;
      bool rewritten = false, slow = false;
    };
    std::vector<std::unique_ptr<Client>> clients;
    std::vector<FramePtr> history;
    std::set<std::string> published;
    for (int step = 0; step < 250; ++step) {
      const uint32_t what = random() % 100;
      if (what < 5 && clients.size() < 20) {
        auto client = std::make_unique<Client>();
        UseGzip(&client->stream, random() % 2 == 0 ? ": open\n\n" : "");
        client->stream.UseValve(/*unbuffered=*/random() % 2 == 0);
        client->stream.spec.keep_alive = absl::Seconds(15);
        client->stream.spec.subject = absl::StrCat("user", random() % 3);
        client->stream.spec.retry = absl::Seconds(2);
        if (random() % 8 == 0) {
          client->rewritten = true;
          client->stream.spec.rewriter = std::make_unique<Numbering>();
        }
        MembershipOptions membership;
        membership.policy = std::vector<SlowPolicy>{
            SlowPolicy::kDropOldest, SlowPolicy::kConflate,
            SlowPolicy::kDisconnect, SlowPolicy::kUnbounded}[random() % 4];
        // A replay of some of the history.
        std::vector<FramePtr> first;
        if (!history.empty() && random() % 2 == 0) {
          first.assign(history.end() - random() % history.size() - 1,
                       history.end());
        }
        const bool both = random() % 6 == 0;
        client->stream.spec.expected_attaches = both ? 2 : 1;
        client->stream.Open(delivery_.get());
        topic->Attach(client->stream.ref, membership, first);
        if (both) other->Attach(client->stream.ref, membership, {});
        clients.push_back(std::move(client));
      } else if (what < 40 && !clients.empty()) {
        Client& client = *clients[random() % clients.size()];
        Allow(client.stream, random() % 3 == 0 ? 1 << 20 : random() % 500);
      } else if (what < 43) {
        Advance(absl::Seconds(random() % 16));
      } else if (what < 45 && !clients.empty()) {
        delivery_->Send(clients[random() % clients.size()]->stream.ref,
                        Frame::Create("data: \"own\"\n\n"));
      } else if (what < 46) {
        topic->Publish(Event("\"notice\""));  // not compressed
      } else if (what < 50) {
        other->Publish(Event("\"other\""));
      } else if (what < 53) {
        Sync();
      } else {
        FrameInfo info;
        info.key = random() % 3;
        if (random() % 10 == 0) {
          const std::vector<std::string> some = {
              absl::StrCat("user", random() % 3)};
          const std::vector<std::string> none;
          info.audience = random() % 2 == 0 ? Audience::Create(some, none)
                                            : Audience::Create(none, some);
        }
        const std::string data =
            absl::StrCat(seed, "/", step, " ", Price(step));
        const FramePtr frame =
            Frame::Create(absl::StrCat("data: ", data, "\n\n"), info);
        published.insert(data);
        compressor.Compress(frame, topic.get(),
                            absl::Nanoseconds(clock_.MonotonicNanos()));
        topic->Publish(frame);
        history.push_back(frame);
      }
      if (random() % 3 == 0) Sync();
    }
    Sync();
    for (const auto& client : clients) {
      // A replay may be long.
      Allow(client->stream, 8 << 20);
    }
    Sync();
    topic->End(Event("\"end\""), /*error=*/true);
    Sync();
    for (const auto& client : clients) {
      client->stream.closed->Wait();
      const std::string wire = client->stream.valve->bytes();
      const Decoded decoded = Decode(wire);
      EXPECT_TRUE(decoded.ended);
      compressed += wire.size();
      plain += decoded.text.size();
      // Nothing but what was sent, whole, and in order.
      int last_step = -1;
      for (const std::string& event : DataOf(decoded.text)) {
        if (event[0] == '"') continue;
        EXPECT_TRUE(published.contains(event)) << event;
        int now_seed = 0, step = 0;
        ASSERT_EQ(std::sscanf(event.c_str(), "%d/%d ", &now_seed, &step), 2);
        EXPECT_GT(step, last_step) << event;
        last_step = step;
      }
    }
    clients.clear();
    delivery_->Stop();
  }
  EXPECT_LT(compressed, plain);
}

// The same for runs of every length, without sockets.
TEST(GzipRunTest, BothFormsDecode) {
  for (uint32_t seed = 1; seed <= 50; ++seed) {
    std::minstd_rand random(seed);
    GzipBudget budget(1 << 20);
    const auto feed = GzipFeed::Create(&budget, GzipFeed::Context::kLarge);
    GzipRun run;
    struct Client {
      GzipStream stream{GzipSum()};
      std::string wire{kGzipHeader};
      std::string plain;
    };
    std::vector<Client> clients(5);
    StoredFrames stored;
    for (int round = 0; round < 50; ++round) {
      std::vector<FramePtr> frames;
      for (uint32_t i = random() % 5 + 1; i > 0; --i) {
        const FramePtr frame = Event(Price(random() % 10));
        if (random() % 20 != 0) {
          auto deflated = std::make_unique<Deflated>();
          std::string blocks;
          const auto event = feed->Compress(frame->payload(), true,
                                            round * absl::Seconds(1), &blocks);
          deflated->frame = Frame::Create(blocks);
          deflated->position = event.position;
          deflated->key = event.key;
          deflated->piece = GzipPiece::Of(frame->payload());
          frame->SetDeflated(std::move(deflated));
        }
        frames.push_back(frame);
      }
      run.Begin(frames);
      for (Client& client : clients) {
        if (random() % 30 == 0) {
          const FramePtr ping = Event("ping");
          absl::StrAppend(&client.wire,
                          client.stream.Add(ping, &stored)->payload());
          absl::StrAppend(&client.plain, ping->payload());
        }
        if (random() % 30 == 0) continue;  // misses the run
        const GzipRun::Form& form = run.FormFor(client.stream);
        client.stream.Add(form.piece, form.position);
        for (const auto& part : form.parts)
          absl::StrAppend(&client.wire, part.wire->payload());
        for (const FramePtr& frame : frames)
          absl::StrAppend(&client.plain, frame->payload());
        bool complete = false;
        std::string joined;
        if (frames.size() > 1) {
          joined =
              Unchunk(absl::StrCat(form.Wire(true), "0\r\n\r\n"), &complete);
          std::string parts;
          for (const auto& part : form.parts)
            absl::StrAppend(&parts, part.wire->payload());
          EXPECT_EQ(joined, parts);
        }
      }
      run.Clear();
    }
    for (Client& client : clients) {
      absl::StrAppend(&client.wire, client.stream.End()->payload());
      const Decoded decoded = Decode(client.wire);
      EXPECT_TRUE(decoded.ended);
      EXPECT_EQ(decoded.text, client.plain);
      EXPECT_LT(client.wire.size(), client.plain.size());
    }
  }
}

}  // namespace
}  // namespace sse_bridge
