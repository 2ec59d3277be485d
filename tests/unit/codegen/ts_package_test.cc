#include "bridge/codegen/ts_package.h"

#include <string>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace sse_bridge {
namespace {

bool IsValid(TsPackageOptions options) { return CheckTsPackage(options).ok(); }

TEST(TsPackageTest, NamesAreThoseOfNpm) {
  for (const char* name :
       {"", "a", "weather-client", "a.b_c~d", "@acme/weather", "0"}) {
    EXPECT_TRUE(IsValid({.name = name})) << name;
  }
  for (const std::string& name :
       {std::string("Weather"), std::string(".a"), std::string("_a"),
        std::string("a b"), std::string("a/b"), std::string("@acme"),
        std::string("@acme/"), std::string("@/a"), std::string("@a/b/c"),
        std::string("@a/.b"), std::string("node_modules"),
        std::string("favicon.ico"), std::string("a%20b"),
        std::string(215, 'a')}) {
    const absl::Status status = CheckTsPackage({.name = name});
    EXPECT_NE(status.message().find("package: \"" + name + "\""),
              std::string::npos)
        << status;
  }
  EXPECT_TRUE(IsValid({.name = std::string(214, 'a')}));
}

TEST(TsPackageTest, VersionsAreThoseOfSemver) {
  for (const char* version :
       {"0.1.0", "10.20.30", "1.0.0-beta.1", "1.0.0+build.5", "1.0.0-a+b"}) {
    EXPECT_TRUE(IsValid({.version = version})) << version;
  }
  for (const char* version : {"", "1", "1.2", "v1.2.3", "1.2.3.4", "01.2.3",
                              "1.2.3-", "1.2.3-a..b", "1.2.x", "1.2.3-\xc3"}) {
    EXPECT_FALSE(IsValid({.version = version})) << version;
  }
}

TEST(TsPackageTest, LicensesAreOneLine) {
  EXPECT_TRUE(IsValid({.license = "MIT OR Apache-2.0"}));
  EXPECT_FALSE(IsValid({.license = ""}));
  EXPECT_FALSE(IsValid({.license = "MIT\n"}));
}

TEST(TsPackageTest, EntryPointsThatAreThereAreExportedAndNeedNoFramework) {
  const auto json = nlohmann::json::parse(
      TsPackageJson({.name = "a"}, {{"index.js", ""},
                                    {"runtime/index.js", ""},
                                    {"runtime/react.js", ""},
                                    {"runtime/testing.js", ""}}));
  EXPECT_EQ(json["exports"]["./react"]["default"], "./runtime/react.js");
  EXPECT_EQ(json["exports"]["./react"]["types"], "./runtime/react.d.ts");
  EXPECT_TRUE(json["exports"].contains("./testing"));
  EXPECT_FALSE(json["exports"].contains("./vue"));
  EXPECT_FALSE(json.contains("dependencies"));
  EXPECT_EQ(json["peerDependencies"].size(), 1u);
  EXPECT_EQ(json["peerDependenciesMeta"]["react"]["optional"], true);
  EXPECT_EQ(json["files"], nlohmann::json({"index.js", "runtime"}));
}

}  // namespace
}  // namespace sse_bridge
