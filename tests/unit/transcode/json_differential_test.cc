// Compares with libprotobuf on random messages: the same JSON where both write
// canonical JSON, and the same verdict on malformed bytes.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "bridge/transcode/json_encoder.h"
#include "tests/unit/transcode/json_differential_testing.h"

namespace sse_bridge {
namespace {

TEST_P(JsonDifferentialTest, UsualMessagesGiveTheSameJsonOnTheFastPath) {
  const auto encoder = JsonEncoder::Create(schema_.pool(), {});
  for (int i = 0; i < kMessages; ++i) {
    const std::string wire = RandomWire();
    const std::string ours = Ours(*encoder, wire, /*fast_only=*/true);
    const std::string theirs = Theirs(wire, false);
    ASSERT_EQ(ours.rfind("ERR", 0), std::string::npos) << ours;
    if (ours == theirs) continue;
    // The number format may differ, but not the value.
    ASSERT_EQ(nlohmann::json::parse(ours, nullptr, false),
              nlohmann::json::parse(theirs, nullptr, false))
        << ours << "\n"
        << theirs;
  }
}

TEST_P(JsonDifferentialTest, ConcatenatedMessagesMerge) {
  const auto encoder = JsonEncoder::Create(schema_.pool(), {});
  for (int i = 0; i < kMessages; ++i) {
    const std::string wire = RandomWire() + RandomWire();
    auto merged = schema_.New(type_);
    ASSERT_TRUE(merged->ParsePartialFromString(wire));
    const std::string normal = Canonical(merged.get());
    // The entries of a map are unordered.
    ASSERT_EQ(
        nlohmann::json::parse(Ours(*encoder, wire, false), nullptr, false),
        nlohmann::json::parse(Ours(*encoder, normal, true), nullptr, false));
  }
}

TEST_P(JsonDifferentialTest, MalformedBytesAreRefusedIfLibprotobufRefusesThem) {
  const auto encoder = JsonEncoder::Create(schema_.pool(), {});
  int refused = 0;
  for (int i = 0; i < 5 * kMessages; ++i) {
    std::string wire = RandomWire();
    if (wire.empty()) continue;
    if (Below(2) == 0) wire.resize(Below(wire.size()));
    for (uint64_t n = Below(3); n > 0 && !wire.empty(); --n) {
      wire[Below(wire.size())] = static_cast<char>(random_());
    }
    const std::string ours = Ours(*encoder, wire, false);
    auto message = schema_.New(type_);
    if (!message->ParsePartialFromString(wire)) {
      ASSERT_EQ(ours.substr(0, 3), "ERR");
      ++refused;
      continue;
    }
    if (ours.substr(0, 3) == "ERR") continue;  // the value has no JSON form
    const auto json = nlohmann::json::parse(ours, nullptr, false);
    ASSERT_FALSE(json.is_discarded()) << ours;
    // Equal except for the order of map keys, which normalising sorts.
    ASSERT_EQ(json, nlohmann::json::parse(
                        Ours(*encoder, Canonical(message.get()), false)));
  }
  EXPECT_GT(refused, 0);
}

TEST_P(JsonDifferentialTest, AlwaysPrintAddsTheSameFields) {
  JsonOptions options;
  options.always_print_fields_with_no_presence = true;
  const auto encoder = JsonEncoder::Create(schema_.pool(), options);
  for (int i = 0; i < kMessages; ++i) {
    const std::string wire = RandomWire();
    const std::string ours = Ours(*encoder, wire, true);
    const std::string theirs = Theirs(wire, true);
    auto our_json = nlohmann::json::parse(ours, nullptr, false);
    auto their_json = nlohmann::json::parse(theirs, nullptr, false);
    // libprotobuf writes the string "NULL_VALUE" instead.
    if (our_json.contains("null")) {
      EXPECT_TRUE(our_json["null"].is_null());
      their_json["null"] = nullptr;
    }
    ASSERT_EQ(our_json, their_json) << ours << "\n" << theirs;
  }
}

INSTANTIATE_TEST_SUITE_P(Types, JsonDifferentialTest,
                         ::testing::Values("t3.Scalars", "t3.Optionals",
                                           "t3.Repeated", "t3.Maps",
                                           "t3.Choice", "t3.Known", "t3.Tree",
                                           "t3.Everything", "t3.Envelope"),
                         [](const auto& info) {
                           return std::string(info.param).substr(3);
                         });

}  // namespace
}  // namespace sse_bridge
