// What bounds an expression's costs: its depth on a small stack, and the
// budget.

#include <pthread.h>

#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "bridge/cel/ast.h"
#include "bridge/cel/message_values.h"
#include "bridge/cel/program.h"
#include "gmock/gmock.h"
#include "google/protobuf/any.pb.h"
#include "gtest/gtest.h"

namespace sse_bridge::cel {
namespace {

namespace pb = ::google::protobuf;
using ::testing::HasSubstr;

Declarations Generated() {
  Declarations declarations;
  declarations.types = {pb::DescriptorPool::generated_pool(),
                        pb::MessageFactory::generated_factory()};
  declarations.variables = {{"x", Type::Kind::kDyn}};
  return declarations;
}

std::string Times(absl::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) absl::StrAppend(&all, text);
  return all;
}

absl::Status RunWith(const std::string& text, int64_t units) {
  const absl::StatusOr<Program> program = Compile(text, Generated());
  if (!program.ok()) return program.status();
  Budget budget(units);
  const Value x = Value::Int(1);
  return program->Run({&x, 1}, &budget).status();
}

void OnSmallStack(std::function<void()> work) {
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, 256 * 1024), 0);
  pthread_t thread;
  ASSERT_EQ(pthread_create(
                &thread, &attributes,
                [](void* run) -> void* {
                  (*static_cast<std::function<void()>*>(run))();
                  return nullptr;
                },
                &work),
            0);
  ASSERT_EQ(pthread_join(thread, nullptr), 0);
  pthread_attr_destroy(&attributes);
}

TEST(CelBoundsTest, DeepExpressionsNeedLittleStack) {
  // As deep as they may be, and deeper.
  for (const int depth :
       {kMaxNesting / 2, kMaxNesting - 1, kMaxDepth - 1, kMaxDepth * 20}) {
    const std::string cases[] = {
        Times("!", depth) + "true",
        absl::StrCat(Times("(", depth), "x", Times(")", depth)),
        absl::StrCat(Times("[", depth), "x", Times("]", depth), " == [x]"),
        absl::StrCat(Times("{1: ", depth), "x", Times("}", depth)),
        absl::StrCat(Times("dyn(", depth), "x", Times(")", depth)),
        absl::StrCat(Times("[x].map(y, ", depth), "x", Times(")", depth)),
        absl::StrCat(Times("[x].all(y, ", depth), "true", Times(")", depth)),
        Times("true ? true : ", depth) + "true",
        Times("x == (true || ", depth) + "true" + Times(")", depth),
        "x" + Times("[0]", depth),
        "x" + Times(".a", depth),
        "x" + Times(" + x", depth),
        absl::StrCat(Times("google.protobuf.Any{value: ", depth), "b''",
                     Times("}", depth)),
    };
    for (const std::string& text : cases) {
      OnSmallStack([&] {
        const absl::Status status = RunWith(text, 10'000'000);
        if (depth > kMaxDepth) {
          EXPECT_THAT(std::string(status.message()),
                      ::testing::AnyOf(HasSubstr("nested too deeply"),
                                       HasSubstr("longer than")))
              << text.substr(0, 60);
        }
      });
    }
  }
}

TEST(CelBoundsTest, AnyInAnyNeedsLittleStack) {
  pb::Any any;
  for (int i = 0; i < 500; ++i) {
    pb::Any outer;
    outer.PackFrom(any);
    any = outer;
  }
  OnSmallStack([&] {
    Budget budget(100'000'000);
    const Types types = Generated().types;
    const absl::StatusOr<Value> value =
        MessageValue(any, nullptr, types, &budget);
    ASSERT_TRUE(value.ok()) << value.status();
    EXPECT_TRUE(value->Is(Value::Kind::kNull));
    // Every level is paid for.
    Budget small(100'000);
    EXPECT_TRUE(absl::IsResourceExhausted(
        MessageValue(any, nullptr, types, &small).status()));
  });
}

// What an expression costs: the smallest budget with which it does not fail.
int64_t CostOf(const std::string& text) {
  int64_t low = 0;
  int64_t high = 100'000'000;
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    if (absl::IsResourceExhausted(RunWith(text, middle))) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

TEST(CelBoundsTest, TheBudgetIsExact) {
  const std::string text = "[1, 2, 3].map(y, y * 2).exists(y, y == 6)";
  const int64_t cost = CostOf(text);
  EXPECT_TRUE(RunWith(text, cost).ok());
  const absl::Status error = RunWith(text, cost - 1);
  EXPECT_EQ(error.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(error.message()),
              HasSubstr("the expression costs too much"));
}

// Functions pay for what they read and create: twice the text costs more by at
// least its length.
TEST(CelBoundsTest, FunctionsPayForTheirTexts) {
  for (const char* call : {".size() > 0",
                           ".contains('b')",
                           ".startsWith('$')",
                           ".matches('^a*b')",
                           ".isEmail()",
                           ".isHostname()",
                           ".isUri()",
                           ".isUriRef()",
                           ".isIp()",
                           ".isIpPrefix()",
                           ".isHostAndPort(false)",
                           " + 'a' == ''",
                           ".replace('a', 'bb')",
                           ".split('a')",
                           ".lowerAscii()",
                           ".upperAscii()",
                           ".trim()",
                           ".reverse()",
                           ".indexOf('b')",
                           ".lastIndexOf('b')",
                           ".charAt(7)",
                           ".substring(1)",
                           " == '$'",
                           " < '$'",
                           " in ['$']"}) {
    const auto cost = [&](int length) {
      const std::string text(length, 'a');
      return CostOf(absl::StrCat("'", text, "'",
                                 absl::StrReplaceAll(call, {{"$", text}})));
    };
    EXPECT_GE(cost(2000) - cost(1000), 900) << call;
  }
}

TEST(CelBoundsTest, GrowthIsPaidFor) {
  // Doubles eight times per level.
  std::string text = "['aaaaaaaa']";
  for (int i = 0; i < 8; ++i) {
    absl::StrAppend(&text, ".map(y, y + y + y + y + y + y + y + y)");
  }
  EXPECT_TRUE(absl::IsResourceExhausted(RunWith(text, 1'000'000)));
  EXPECT_TRUE(absl::IsResourceExhausted(
      RunWith(absl::StrCat("'", std::string(1000, 'a'), "'.replace('a', '",
                           std::string(2000, 'b'), "')"),
              1'000'000)));
}

}  // namespace
}  // namespace sse_bridge::cel
