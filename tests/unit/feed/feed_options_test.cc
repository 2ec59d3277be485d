// What the annotations of a stream mean to its feed.

#include "bridge/feed/feed_options.h"

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

FeedOptions Of(const std::string& stream, bool raw = false) {
  sse::v1::Stream parsed;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(stream, &parsed))
      << stream;
  return FeedOptionsOf(parsed, raw);
}

TEST(FeedOptionsTest, WithoutAnnotationsAFeedIsExclusive) {
  const FeedOptions options = Of("");
  EXPECT_FALSE(options.shared);
  EXPECT_FALSE(options.has_ids);
  EXPECT_FALSE(options.resumable);
  EXPECT_EQ(options.snapshot, Snapshot::What::kNone);
  EXPECT_FALSE(options.live_values);
  EXPECT_FALSE(options.hide_outages);
  EXPECT_EQ(options.slow, SlowPolicy::kUnbounded);
}

TEST(FeedOptionsTest, OnlySharedFeedsHaveAPolicyForSlowReaders) {
  EXPECT_EQ(Of("shared: true").slow, SlowPolicy::kDisconnect);
  EXPECT_EQ(Of("shared: true slow { policy: DISCONNECT }").slow,
            SlowPolicy::kDisconnect);
  EXPECT_EQ(Of("shared: true slow { policy: DROP_OLDEST }").slow,
            SlowPolicy::kDropOldest);
  EXPECT_EQ(Of("shared: true slow { policy: CONFLATE }").slow,
            SlowPolicy::kConflate);
  EXPECT_EQ(Of("slow { policy: DROP_OLDEST }").slow, SlowPolicy::kUnbounded);
}

TEST(FeedOptionsTest, ResumingNeedsIds) {
  EXPECT_TRUE(Of("id_from: 'id'").has_ids);
  EXPECT_FALSE(Of("id_from: 'id'").resumable);
  EXPECT_TRUE(Of("id_from: 'id' resume_into: 'after'").resumable);
  EXPECT_FALSE(Of("resume_into: 'after'").resumable);
}

TEST(FeedOptionsTest, OnlyASnapshotWithoutIdsConsistsOfLiveValues) {
  const FeedOptions values = Of("shared: true snapshot { what: LAST }");
  EXPECT_EQ(values.snapshot, Snapshot::What::kLast);
  EXPECT_TRUE(values.live_values);
  const FeedOptions keyed =
      Of("shared: true snapshot { what: LAST_PER_KEY key: 'k' } id_from: 'id'");
  EXPECT_EQ(keyed.snapshot, Snapshot::What::kLastPerKey);
  EXPECT_FALSE(keyed.live_values);
}

TEST(FeedOptionsTest, RawBytesAreNeverSharedNorResumed) {
  const FeedOptions options =
      Of("shared: true id_from: 'id' resume_into: 'after' hide_outages: true "
         "snapshot { what: LAST } slow { policy: CONFLATE }",
         /*raw=*/true);
  EXPECT_FALSE(options.shared);
  EXPECT_FALSE(options.has_ids);
  EXPECT_FALSE(options.resumable);
  EXPECT_EQ(options.snapshot, Snapshot::What::kNone);
  EXPECT_FALSE(options.live_values);
  EXPECT_TRUE(options.hide_outages);
  EXPECT_EQ(options.slow, SlowPolicy::kUnbounded);
}

}  // namespace
}  // namespace sse_bridge
