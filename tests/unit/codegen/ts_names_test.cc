#include "bridge/codegen/ts_names.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

constexpr char kEmpty[] = "message Empty {} ";

// A method that serves GET /NUMBER.
std::string Rpc(const std::string& name, int number) {
  return "rpc " + name +
         "(Empty) returns (Empty) { option (google.api.http) = { get: \"/" +
         std::to_string(number) + "\" }; } ";
}

std::shared_ptr<const Schema> Load(const std::string& body) {
  const auto schema = LoadTestProto(body);
  EXPECT_TRUE(schema.ok()) << schema.status();
  return schema.ok() ? *schema : nullptr;
}

std::vector<std::string> MethodNames(const std::string& service,
                                     const std::vector<std::string>& methods) {
  std::string text = std::string(kEmpty) + "service " + service + " { ";
  for (size_t i = 0; i < methods.size(); ++i) {
    text += Rpc(methods[i], static_cast<int>(i));
  }
  const auto schema = Load(text + "}");
  if (schema == nullptr) return {};
  const TsServiceNames names(*schema);
  std::vector<std::string> out;
  for (const Method* method : schema->methods()) {
    out.push_back(names.Method(method->descriptor));
  }
  return out;
}

std::vector<std::string> ServiceNames(const std::vector<std::string>& services,
                                      bool classes) {
  std::string text = kEmpty;
  for (size_t i = 0; i < services.size(); ++i) {
    text += "service " + services[i] + " { " + Rpc("Get", static_cast<int>(i)) +
            "} ";
  }
  const auto schema = Load(text);
  if (schema == nullptr) return {};
  const TsServiceNames names(*schema);
  std::vector<std::string> out;
  for (const Method* method : schema->methods()) {
    const auto* service = method->descriptor->service();
    out.push_back(classes ? names.Class(service) : names.Member(service));
  }
  return out;
}

using Names = std::vector<std::string>;

TEST(TsNamesTest, TheNounOfTheServiceIsLeftOut) {
  EXPECT_EQ(MethodNames("Orders", {"StreamOrders", "GetOrder", "HTTPGet"}),
            (Names{"stream", "get", "httpGet"}));
}

TEST(TsNamesTest, MethodsWhoseNamesDifferInCaseAreTwo) {
  EXPECT_EQ(MethodNames("S", {"Delete", "delete", "DELETE"}),
            (Names{"delete", "delete_2", "delete_3"}));
}

TEST(TsNamesTest, AShortNameThatTwoWouldHaveIsNobodys) {
  EXPECT_EQ(MethodNames("Orders", {"ListOrders", "ListOrder", "List"}),
            (Names{"listOrders", "listOrder", "list"}));
}

TEST(TsNamesTest, MembersWithAMeaningInJavaScriptHaveAnUnderscore) {
  EXPECT_EQ(MethodNames("S", {"Then", "Constructor", "ToString", "ToJSON",
                              "then_", "__proto__"}),
            (Names{"then_", "constructor_", "toString_", "toJSON_", "then__2",
                   "__proto___"}));
}

TEST(TsNamesTest, ServicesDoNotTakeMembersOfTheClient) {
  EXPECT_EQ(ServiceNames({"Shared", "Close", "Then", "Orders"}, false),
            (Names{"shared_", "close_", "then_", "orders"}));
}

TEST(TsNamesTest, ServicesWhoseNamesDifferInCaseAreTwo) {
  const Names services = {"Orders", "orders", "OrdersService"};
  EXPECT_EQ(ServiceNames(services, false),
            (Names{"testOrders", "orders", "testOrdersService"}));
  EXPECT_EQ(ServiceNames({"Orders", "orders"}, false),
            (Names{"orders", "orders_2"}));
  EXPECT_EQ(ServiceNames({"Orders", "orders"}, true),
            (Names{"OrdersClient", "OrdersClient_2"}));
}

std::vector<std::string> TypeNames(const std::string& messages,
                                   const std::string& used) {
  const auto schema = Load(
      "service S { rpc M(Uses) returns (Uses) { option "
      "(google.api.http) = { post: \"/m\" body: \"*\" }; } } " +
      messages + " message Uses { " + used + " }");
  if (schema == nullptr) return {};
  const Shapes shapes(*schema);
  const TsTypeNames names(shapes, {"SClient"});
  std::vector<std::string> out;
  for (const Shape& shape : shapes.all()) {
    if (shape.type->name() != "Uses") out.push_back(names.Of(shape));
  }
  return out;
}

TEST(TsNamesTest, TypesDoNotTakeWordsNorExportsOfTheClient) {
  EXPECT_EQ(TypeNames("message any {} message BridgeError {} message keyof {} "
                      "message SClient {} message Promise {}",
                      "any a = 1; BridgeError b = 2; keyof c = 3; SClient d = "
                      "4; Promise e = 5;"),
            (Names{"any_", "BridgeError_", "keyof_", "SClient_2", "Promise",
                   "any_Input", "BridgeError_Input", "keyof_Input",
                   "SClient_2Input", "PromiseInput"}));
}

TEST(TsNamesTest, NestedTypesKeepApartFromOthersWithTheirName) {
  EXPECT_EQ(TypeNames("message A { message B {} B b = 1; } message A_B {}",
                      "A a = 1; A_B b = 2;"),
            (Names{"A", "Test_A_B", "Test_A_B_2", "AInput", "Test_A_BInput",
                   "Test_A_B_2Input"}));
}

TEST(TsNamesTest, ATypeKeepsItsNameBeforeTheInputOfAnother) {
  EXPECT_EQ(
      TypeNames("message A {} message AInput {}", "A a = 1; AInput b = 2;"),
      (Names{"A", "AInput", "AInput_2", "AInputInput"}));
}

}  // namespace
}  // namespace sse_bridge
