// The output of a scrape.

#include "bridge/ops/metrics.h"

#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(HistogramStatsTest, BucketBoundsAreInclusive) {
  EXPECT_EQ(HistogramStats::BucketOf(0), 0u);
  for (size_t i = 0; i + 1 < HistogramStats::kBuckets; ++i) {
    const uint64_t bound = HistogramStats::UpperBound(i);
    EXPECT_EQ(HistogramStats::BucketOf(bound), i);
    EXPECT_EQ(HistogramStats::BucketOf(bound + 1), i + 1);
  }
  EXPECT_EQ(HistogramStats::BucketOf(UINT64_MAX), HistogramStats::kBuckets - 1);
}

TEST(MetricsTest, DeliveryStatsAreExported) {
  MetricSources sources;
  sources.version = "1.2.3";
  sources.draining = [] { return true; };
  sources.delivery = [] {
    DeliveryStats stats;
    stats.events = 12345678;
    stats.queue_bytes = 7;
    stats.latency.counts[0] = 2;
    stats.latency.counts[HistogramStats::kBuckets - 1] = 1;
    stats.latency.sum_nanos = 1'500'000'000;
    return stats;
  };
  const std::string text = MetricsText(sources);
  EXPECT_THAT(text, HasSubstr("sse_bridge_info{version=\"1.2.3\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sse_bridge_draining 1\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE sse_bridge_events_sent_total counter\n"));
  EXPECT_THAT(text, HasSubstr("sse_bridge_events_sent_total 12345678\n"));
  EXPECT_THAT(text, HasSubstr("sse_bridge_queue_bytes 7\n"));
  EXPECT_THAT(text, HasSubstr("sse_bridge_delivery_latency_seconds_count 3\n"));
  EXPECT_THAT(text, HasSubstr("sse_bridge_delivery_latency_seconds_sum 1.5\n"));
  EXPECT_THAT(text, HasSubstr("le=\"+Inf\"} 3\n"));
}

TEST(MetricsTest, LabelsAreEscapedAndOpenIsOpenedMinusEnded) {
  JsonAccessLog lifecycle({});
  StreamRequest request;
  request.method = "a.\"B\\\n";
  auto first = lifecycle.OnExecuting(request);
  auto second = lifecycle.OnExecuting(request);
  first->OnStarted();
  second->OnStarted();
  second->OnEnded("slow", 0, 0, absl::ZeroDuration());
  MetricSources sources;
  sources.lifecycle = &lifecycle;
  const std::string text = MetricsText(sources);
  const std::string label = "{method=\"a.\\\"B\\\\\\n\"";
  EXPECT_THAT(text, HasSubstr("sse_bridge_streams_open" + label + "} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("sse_bridge_streams_opened_total" + label + "} 2\n"));
  EXPECT_THAT(text, HasSubstr("sse_bridge_streams_ended_total" + label +
                              ",reason=\"slow\"} 1\n"));
}

TEST(MetricsTest, ConcurrentScrapesShowNoNegativeCount) {
  constexpr int kThreads = 3;
  constexpr int kStreams = 300;
  JsonAccessLog lifecycle({});
  LabelledCounter errors;
  MetricSources sources;
  sources.lifecycle = &lifecycle;
  sources.http_errors = &errors;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      StreamRequest request;
      request.method = "m";
      for (int k = 0; k < kStreams; ++k) {
        auto log_entry = lifecycle.OnExecuting(request);
        log_entry->OnStarted();
        log_entry->OnEnded("ended", 1, 1, absl::ZeroDuration());
        errors.Add("NOT_FOUND");
        if (k % 100 == 0) lifecycle.SetOptions({});
      }
    });
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_THAT(MetricsText(sources),
                Not(HasSubstr("sse_bridge_streams_open{method=\"m\"} -")));
  }
  for (std::thread& thread : threads) thread.join();
  const std::string text = MetricsText(sources);
  EXPECT_THAT(text, HasSubstr("sse_bridge_streams_open{method=\"m\"} 0\n"));
  EXPECT_THAT(text,
              HasSubstr("sse_bridge_streams_ended_total{method=\"m\",reason="
                        "\"ended\"} 900\n"));
}

TEST(MetricsTest, MissingSourcesAreOmitted) {
  EXPECT_THAT(MetricsText({}), Not(HasSubstr("events_sent")));
}

TEST(MetricsTest, AdmissionsAreCountedByResult) {
  LabelledCounter results;
  results.Add("a.S.Watch", "entered");
  results.Add("a.S.Watch", "leave_dropped", 2);
  MetricSources sources;
  sources.admissions = &results;
  sources.admission_sessions = [] { return int64_t{3}; };
  sources.leaves_waiting = [] { return int64_t{4}; };
  sources.multiplexed_streams = [] { return int64_t{5}; };
  const std::string text = MetricsText(sources);
  EXPECT_THAT(text,
              HasSubstr("sse_bridge_admissions_total{method=\"a.S.Watch\","
                        "result=\"entered\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("result=\"leave_dropped\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("sse_bridge_admission_sessions 3\n"));
  EXPECT_THAT(text, HasSubstr("sse_bridge_admission_leaves_waiting 4\n"));
  EXPECT_THAT(text, HasSubstr("sse_bridge_multiplexed_streams 5\n"));
}

}  // namespace
}  // namespace sse_bridge
