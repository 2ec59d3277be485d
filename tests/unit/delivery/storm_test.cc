// All operations at once, mainly for the sanitizers.

#include <sys/epoll.h>
#include <sys/resource.h>

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/unit/delivery/delivery_testing.h"

namespace sse_bridge {
namespace {

constexpr int kConnections = 1000;
constexpr int kTopics = 20;
constexpr int kPublishers = 2;
constexpr int kSteps = 30'000;

// Reads from many sockets and discards the data.
class Reader {
 public:
  Reader()
      : epoll_(::epoll_create1(EPOLL_CLOEXEC)), thread_([this] { Run(); }) {}
  ~Reader() {
    stop_ = true;
    thread_.join();
    ::close(epoll_);
  }
  void Add(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ASSERT_EQ(::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event), 0);
  }

 private:
  void Run() {
    epoll_event events[256];
    char buffer[65536];
    while (!stop_) {
      const int n = ::epoll_wait(epoll_, events, 256, 20);
      for (int i = 0; i < n; ++i) {
        const int fd = events[i].data.fd;
        if (::read(fd, buffer, sizeof(buffer)) == 0) {
          ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
        }
      }
    }
  }

  const int epoll_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

TEST(StormTest, RandomOperationsKeepTheCountsConsistent) {
  rlimit limit;
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);

  auto delivery = std::make_unique<Delivery>(
      Delivery::Options{.threads = 3,
                        .queue_limit_bytes = 16 << 10,
                        .linger = absl::Milliseconds(100)});
  ASSERT_TRUE(delivery->Start().ok());
  const auto observer = std::make_shared<RecordingTopicObserver>();
  std::vector<std::shared_ptr<Topic>> topics;
  for (int i = 0; i < kTopics; ++i) {
    topics.push_back(
        Topic::Create(delivery.get(), {.flow_control = i % 4 == 0}, observer));
  }
  std::vector<std::unique_ptr<TestStream>> streams;
  Reader reader;  // destroyed before the sockets that it reads
  for (int i = 0; i < kConnections; ++i) {
    streams.push_back(std::make_unique<TestStream>());
    TestStream& s = *streams.back();
    s.spec.chunked = i % 3 != 0;
    s.spec.keep_alive = absl::Milliseconds(300);
    s.spec.slow_frame = Event("slow");
    s.spec.head = "head";
    if (i % 10 == 0) s.spec.max_age = absl::Milliseconds(500);
    s.Open(delivery.get());
    if (i % 50 != 0) reader.Add(s.client);  // the others never read
  }

  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int p = 0; p < kPublishers; ++p) {
    threads.emplace_back([&, p] {
      std::minstd_rand random(p + 1);
      while (!stop) {
        const uint64_t key = random() % 5;
        topics[random() % kTopics]->Publish(
            Event(std::string(random() % 500, 'x'), key));
        if (random() % 8 == 0) std::this_thread::yield();
      }
    });
  }
  std::minstd_rand random(7);
  const SlowPolicy policies[] = {SlowPolicy::kDisconnect,
                                 SlowPolicy::kDropOldest, SlowPolicy::kConflate,
                                 SlowPolicy::kUnbounded};
  std::vector<std::vector<bool>> attached(kConnections,
                                          std::vector<bool>(kTopics));
  for (int step = 0; step < kSteps; ++step) {
    const int s = random() % kConnections;
    const int t = random() % kTopics;
    const int what = random() % 100;
    if (what < 94) {
      if (attached[s][t]) {
        topics[t]->Detach(streams[s]->ref);
      } else {
        topics[t]->Attach(streams[s]->ref,
                          {.policy = policies[random() % 4],
                           .mode = MembershipOptions::Mode::kBundle},
                          {Event("first"), Event("second")});
      }
      attached[s][t] = !attached[s][t];
    } else if (what < 96) {
      delivery->Send(streams[s]->ref, Event("own"));
    } else if (what < 98) {
      delivery->Close(streams[s]->ref, CloseReason::kEnded, Event("end"));
    } else if (what < 99 && s % 50 == 0) {
      ::shutdown(streams[s]->client, SHUT_RDWR);
    } else if (step % 1000 == 0) {
      topics[t]->End(Event("ended"), /*error=*/step % 2 == 0);
      for (auto& of_connection : attached) of_connection[t] = false;
    }
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  delivery->CloseAll(absl::Milliseconds(200), Event("bye"));
  for (auto& s : streams) ::shutdown(s->client, SHUT_WR);
  EXPECT_TRUE(delivery->WaitUntilEmpty(absl::Now() + kPatience));
  for (auto& s : streams) EXPECT_EQ(s->closed->times.value(), 1);
  const DeliveryStats stats = delivery->Stats();
  EXPECT_EQ(stats.open, 0u);
  EXPECT_EQ(stats.opened, static_cast<uint64_t>(kConnections));
  EXPECT_EQ(stats.queue_bytes, 0u);
  delivery->Stop();
  EXPECT_EQ(delivery->BacklogBytes(), 0u);
  // The loops no longer hold references to the topics.
  for (auto& topic : topics) EXPECT_EQ(topic.use_count(), 1);
}

}  // namespace
}  // namespace sse_bridge
