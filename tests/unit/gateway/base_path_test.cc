#include "bridge/gateway/base_path.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace sse_bridge {
namespace {

// Stores the response.
class KeptLink : public ConnectionHandle {
 public:
  explicit KeptLink(std::string* answer) : answer_(answer) {}
  bool MayKeepAlive() override { return true; }
  void Hold(size_t) override {}
  void Answer(std::string bytes, bool) override { *answer_ = std::move(bytes); }
  std::unique_ptr<Socket> Detach() override { return nullptr; }

 private:
  std::string* const answer_;
};

class BasePathTest : public ::testing::Test {
 protected:
  std::unique_ptr<HttpExchange> Get(const std::string& target) {
    ParsedRequest parsed;
    parsed.verb = "GET";
    parsed.target = target;
    return std::make_unique<HttpExchange>(std::move(parsed),
                                          std::make_unique<KeptLink>(&answer_));
  }
  std::string answer_;
};

TEST_F(BasePathTest, PrefixIsStripped) {
  const auto base = BasePath::Create("/realtime/");
  ASSERT_TRUE(base.ok());
  for (const auto& [target, path] :
       {std::pair("/realtime/x?y=1", "/x"), std::pair("/realtime/", "/"),
        std::pair("/realtime", "/"), std::pair("http://h/realtime/a/b", "/a/b"),
        std::pair("/realtime/realtime", "/realtime")}) {
    const auto exchange = Get(target);
    EXPECT_TRUE(base->Enter(exchange.get())) << target;
    EXPECT_EQ(exchange->raw_path(), path) << target;
    EXPECT_EQ(exchange->public_path(), "/realtime");
  }
  for (const char* target : {"/", "/x", "/realtimes/x", "/real", "/Realtime/x",
                             "/x/realtime/", "*", "//realtime/x"}) {
    const auto exchange = Get(target);
    EXPECT_FALSE(base->Enter(exchange.get())) << target;
    base->Refuse(exchange.get());
    EXPECT_NE(answer_.find(" 404 "), std::string::npos) << answer_;
  }
}

TEST_F(BasePathTest, PrefixWithoutSlashIsRedirected) {
  const auto base = BasePath::Create("/a/b");
  auto exchange = Get("/a/b?c=d");
  exchange->set_forwarded_prefix("/proxy");
  ASSERT_TRUE(base->Enter(exchange.get()));
  EXPECT_TRUE(base->Redirect(exchange.get()));
  EXPECT_NE(answer_.find(" 308 "), std::string::npos) << answer_;
  EXPECT_NE(answer_.find("/a/b/?c=d\r\n"), std::string::npos) << answer_;
  exchange = Get("/a/b/");
  ASSERT_TRUE(base->Enter(exchange.get()));
  EXPECT_FALSE(base->Redirect(exchange.get()));
}

TEST_F(BasePathTest, EmptyBasePathChangesNothing) {
  for (const char* none : {"", "/"}) {
    const auto base = BasePath::Create(none);
    ASSERT_TRUE(base.ok());
    const auto exchange = Get("/x");
    EXPECT_TRUE(base->Enter(exchange.get()));
    EXPECT_FALSE(base->Redirect(exchange.get()));
    EXPECT_EQ(exchange->raw_path(), "/x");
    EXPECT_EQ(exchange->public_path(), "");
  }
}

TEST_F(BasePathTest, InvalidPathsAreRefused) {
  for (const char* wrong :
       {"realtime", "//x", "/a//b", "/a/../b", "/.", "/a b", "/a?b", "/a%2Fb",
        "/a\r\nX: y", "http://h/a", "/a\"b"}) {
    EXPECT_FALSE(BasePath::Create(wrong).ok()) << wrong;
    EXPECT_EQ(ForwardedPrefix({wrong}), "") << wrong;
  }
  EXPECT_FALSE(BasePath::Create("/" + std::string(300, 'a')).ok());
}

TEST_F(BasePathTest, OnlyASingleForwardedPrefixIsUsed) {
  EXPECT_EQ(ForwardedPrefix({" /proxy/ "}), "/proxy");
  EXPECT_EQ(ForwardedPrefix({}), "");
  EXPECT_EQ(ForwardedPrefix({"/a", "/b"}), "");
  EXPECT_EQ(ForwardedPrefix({"/a, /b"}), "");
}

}  // namespace
}  // namespace sse_bridge
