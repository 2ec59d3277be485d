// Counts allocations, so it is a program of its own.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "bridge/schema/validator.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/text_format.h"
#include "tests/unit/schema/schema_testing.h"

namespace {

std::atomic<int> allocations = 0;

}  // namespace

void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace sse_bridge {
namespace {

TEST(ValidatorAllocationsTest, NativeRulesAllocateNothingIfTheMessageIsValid) {
  const auto merged = MergeDescriptors({SourceOf(CompileProtos(
      {{"test.proto",
        TestProto(
            "message Request {\n"
            "string a = 1 [(buf.validate.field).string.email = true];\n"
            "string b = 2 [(buf.validate.field).string.uri = true];\n"
            "string c = 3 [(buf.validate.field).string.ipv6 = true];\n"
            "string d = 4 [(buf.validate.field).string = { pattern: "
            "'^[a-z]+$' min_len: 3 not_in: 'x' }];\n"
            "int32 e = 5 [(buf.validate.field).int32 = { gt: 0 in: [1, 2] }];\n"
            "repeated string f = 6 [(buf.validate.field).repeated = { "
            "unique: true items { string { uuid: true } } }];\n"
            "google.protobuf.Timestamp g = 7 "
            "[(buf.validate.field).timestamp.lt_now = true];\n"
            "Request h = 8;\n"
            "string i = 9 [(buf.validate.field).string.hostname = true]; "
            "}")}}))});
  ASSERT_TRUE(merged.ok()) << merged.status();
  const auto* type = merged->pool->FindMessageTypeByName("test.Request");
  const auto validator = Validator::Compile(type);
  ASSERT_TRUE(validator.ok()) << validator.status();
  google::protobuf::DynamicMessageFactory factory;
  std::unique_ptr<google::protobuf::Message> message(
      factory.GetPrototype(type)->New());
  const std::string fields =
      "a: 'someone.with.a.long.name@example.com' "
      "b: 'https://user@example.com:8080/a/long/path?query=%20#fragment' "
      "c: '2001:db8::1:2:3:4' d: 'abc' e: 1 "
      "f: '01234567-89ab-cdef-0123-456789abcdef' "
      "f: '11234567-89ab-cdef-0123-456789abcdef' g { seconds: 1 } "
      "i: 'a.rather.long.name.of.a.host.example.com' ";
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      fields + "h { " + fields + " }", message.get()));
  const auto first = (*validator)->Validate(*message);  // fills caches
  ASSERT_TRUE(first.ok());
  ASSERT_EQ(first->size(), 0) << first->at(0).field;
  const int before = allocations;
  EXPECT_GT(before, 0) << "allocations are counted";
  const bool valid = (*validator)->Validate(*message)->empty();
  EXPECT_EQ(allocations - before, 0);
  EXPECT_TRUE(valid);
}

}  // namespace
}  // namespace sse_bridge
