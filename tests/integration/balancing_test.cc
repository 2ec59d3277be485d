// Several backends behind one --upstream.

#include "gtest/gtest.h"
#include "tests/integration/faults_testing.h"
#include "tests/integration/name_server.h"

namespace sse_bridge::testing {
namespace {

Answer Live(int id, const std::string& text) {
  return Answer{.messages = {FaultEvent(id, text)}, .stay = true};
}

class BalancingTest : public FaultsTest {
 protected:
  // Streams that are open; which backend has them is what `seen` says.
  void Open(Bridge* bridge, int count) {
    for (int i = 0; i < count; ++i) {
      streams_.push_back(
          bridge->Stream("/own/" + std::to_string(streams_.size())));
      streams_.back().Event();
    }
  }

  // Once both have had one, they have turns.
  void ExpectTurns(Bridge* bridge, const TestBackend& one,
                   const TestBackend& two) {
    WaitFor("both", [&] {
      Open(bridge, 1);
      return one.seen().started > 0 && two.seen().started > 0;
    });
    const int had_one = one.seen().started, had_two = two.seen().started;
    Open(bridge, 10);
    EXPECT_EQ(one.seen().started, had_one + 5);
    EXPECT_EQ(two.seen().started, had_two + 5);
  }

  // After a moment, for which the news travels, `backend` gets none of so many.
  void ExpectNoCalls(Bridge* bridge, const TestBackend& backend, int of) {
    int before = -1;
    WaitFor("no calls", [&] {
      before = backend.seen().started;
      Open(bridge, 4);
      return backend.seen().started == before;
    });
    Open(bridge, of);
    EXPECT_EQ(backend.seen().started, before);
  }

  std::vector<HttpConnection> streams_;
};

TEST_F(BalancingTest, CallsGoRoundAndNoneToWhoDoesNotServe) {
  TestBackend one({.health = true}), two({.health = true});
  for (TestBackend* each : {&one, &two}) each->Set(Path("Own"), Live(1, "e"));
  auto bridge = BridgeTo(one.address() + "," + two.address());
  ExpectTurns(bridge.get(), one, two);

  one.SetServing(false);
  ExpectNoCalls(bridge.get(), one, 20);
  EXPECT_EQ(one.seen().cancelled, 0);  // streams that run stay

  two.SetServing(false);
  WaitFor("a refusal",
          [&] { return bridge->Call("GET", "/plain/x").status == 503; });
  one.SetServing(true);
  WaitFor("calls again", [&] {
    return bridge->Call("GET", "/plain/x").status == 501;  // it has no Plain
  });
  const int before = two.seen().started;
  Open(bridge.get(), 10);
  EXPECT_EQ(two.seen().started, before);
}

TEST_F(BalancingTest, LossOfOneBackendMovesItsStreamsToTheOther) {
  // With health checks of their own, that is not counted as calls.
  auto one =
      std::make_unique<TestBackend>(TestBackend::Options{.health = true});
  TestBackend two({.health = true});
  for (TestBackend* each : {one.get(), &two}) {
    each->Set(Path("Own"), [](const std::string& request) {
      return AsksAfter(request, 1) ? Live(2, "e") : Live(1, "e");
    });
  }
  auto bridge = BridgeTo(one->address() + "," + two.address());
  WaitFor("both", [&] {
    Open(bridge.get(), 1);
    return one->seen().started > 0 && two.seen().started > 0;
  });
  const int all = one->seen().started + two.seen().started;
  one = nullptr;
  WaitFor("the move", [&] { return two.seen().started == all; });
  EXPECT_EQ(bridge->Call("GET", "/plain/x").status, 501);
}

// A name's addresses are one backend's, and others tomorrow.
TEST_F(BalancingTest, NameIsAllItsAddressesAlsoWhenTheyChange) {
  TestBackend one({.health = true});
  TestBackend two({.host = "127.0.0.2", .port = one.port(), .health = true});
  auto third = std::make_unique<TestBackend>(TestBackend::Options{
      .host = "127.0.0.3", .port = one.port(), .health = true});
  for (TestBackend* each : {&one, &two, third.get()}) {
    each->Set(Path("Own"), Live(1, "e"));
  }
  NameServer names({"127.0.0.1", "127.0.0.2"});
  auto bridge = BridgeTo("dns://" + names.address() +
                         "/backend.test:" + std::to_string(one.port()));
  ExpectTurns(bridge.get(), one, two);
  EXPECT_EQ(third->seen().started, 0);

  two.SetServing(false);
  ExpectNoCalls(bridge.get(), two, 10);

  names.Set({"127.0.0.3"});
  const int all = static_cast<int>(streams_.size());
  one.Stop();
  two.Stop();
  WaitFor("the move", [&] { return third->seen().started == all; });
}

TEST_F(BalancingTest, NamesAreResolved) {
  backend_->Set(Path("Own"), Live(1, "e"));
  auto bridge =
      BridgeTo("dns:///localhost:" + std::to_string(backend_->port()));
  WaitFor("the name", [&] {
    HttpConnection connection(bridge->address);
    connection.Send(bridge->Request("GET", "/own/x"));
    return connection.ReadHead().status == 200;
  });
}

}  // namespace
}  // namespace sse_bridge::testing
