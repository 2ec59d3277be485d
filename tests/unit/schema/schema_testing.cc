#include "tests/unit/schema/schema_testing.h"

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <set>
#include <sstream>

#include "google/protobuf/compiler/importer.h"
#include "google/protobuf/descriptor_database.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

class MemoryTree : public pb::compiler::SourceTree {
 public:
  explicit MemoryTree(const ProtoFiles& files) : files_(files) {}

  pb::io::ZeroCopyInputStream* Open(const std::string& name) override {
    const auto it = files_.find(name);
    if (it != files_.end()) return New(it->second);
    std::ifstream file(std::string(SSE_BRIDGE_PROTO_DIR) + "/" + name);
    if (!file) return nullptr;
    std::stringstream text;
    text << file.rdbuf();
    return New(text.str());
  }

 private:
  // The stream points into the text, which lives as long as the tree.
  pb::io::ZeroCopyInputStream* New(std::string text) {
    texts_.push_back(std::make_unique<std::string>(std::move(text)));
    return new pb::io::ArrayInputStream(
        texts_.back()->data(), static_cast<int>(texts_.back()->size()));
  }

  const ProtoFiles& files_;
  std::vector<std::unique_ptr<std::string>> texts_;
};

class FailTest : public pb::compiler::MultiFileErrorCollector {
 public:
  void AddError(const std::string& file, int line, int,
                const std::string& message) override {
    ADD_FAILURE() << file << ":" << line + 1 << ": " << message;
  }
};

void Copy(const pb::FileDescriptor* file, bool recurse, bool source_info,
          std::set<const pb::FileDescriptor*>* seen,
          pb::FileDescriptorSet* out) {
  if (!seen->insert(file).second) return;
  for (int i = 0; recurse && i < file->dependency_count(); ++i) {
    Copy(file->dependency(i), recurse, source_info, seen, out);
  }
  pb::FileDescriptorProto* proto = out->add_file();
  file->CopyTo(proto);
  file->CopyJsonNameTo(proto);
  if (source_info) file->CopySourceCodeInfoTo(proto);
}

}  // namespace

pb::FileDescriptorSet CompileProtos(const ProtoFiles& files,
                                    const CompileOptions& options) {
  MemoryTree tree(files);
  pb::DescriptorPoolDatabase generated(*pb::DescriptorPool::generated_pool());
  pb::compiler::SourceTreeDescriptorDatabase database(&tree, &generated);
  FailTest errors;
  database.RecordErrorsTo(&errors);
  pb::DescriptorPool pool(&database, database.GetValidationErrorCollector());
  pb::FileDescriptorSet out;
  std::set<const pb::FileDescriptor*> seen;
  for (const auto& [name, text] : files) {
    const pb::FileDescriptor* file = pool.FindFileByName(name);
    EXPECT_NE(file, nullptr) << name;
    if (file != nullptr) {
      Copy(file, options.include_imports, options.source_info, &seen, &out);
    }
  }
  return out;
}

SchemaSource SourceOf(const pb::FileDescriptorSet& set,
                      const std::string& name) {
  return {name, set.SerializeAsString()};
}

std::string TestProto(const std::string& body) {
  std::string head =
      "syntax = \"proto3\"; package test; "
      "import \"google/protobuf/any.proto\"; "
      "import \"google/protobuf/timestamp.proto\"; "
      "import \"google/protobuf/wrappers.proto\"; ";
  for (const auto& [used, file] :
       {std::pair("buf.validate.", "buf/validate/validate.proto"),
        std::pair("google.api.http", "google/api/annotations.proto"),
        std::pair("sse.v1.", "sse/v1/sse.proto")}) {
    if (body.find(used) != std::string::npos) {
      head += std::string("import \"") + file + "\"; ";
    }
  }
  return head + "\n" + body;
}

absl::StatusOr<std::shared_ptr<const Schema>> LoadTestProto(
    const std::string& body, const LoadOptions& options) {
  return Schema::Load(
      {SourceOf(CompileProtos({{"test.proto", TestProto(body)}}))}, options);
}

std::string LoadError(const std::string& body, const LoadOptions& options) {
  LoadOptions strict = options;
  strict.strict = true;
  const auto schema = LoadTestProto(body, strict);
  return schema.ok() ? "" : std::string(schema.status().message());
}

}  // namespace sse_bridge
