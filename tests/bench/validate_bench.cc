// The cost of validating requests: by native rules, by the same rules as an
// expression in CEL, and of a message without rules. Counts allocations too.

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "bridge/schema/validator.h"
#include "buf/validate/validate.pb.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "tests/bench/counted_allocations.h"

namespace sse_bridge {
namespace {

namespace pb = ::google::protobuf;
using Rules = buf::validate::FieldRules;

// Adds the field `name` to a message and returns its rules.
Rules* AddField(pb::DescriptorProto* message, const std::string& name,
                pb::FieldDescriptorProto::Type type) {
  pb::FieldDescriptorProto* field = message->add_field();
  field->set_name(name);
  field->set_number(message->field_size());
  field->set_type(type);
  field->set_label(pb::FieldDescriptorProto::LABEL_OPTIONAL);
  return field->mutable_options()->MutableExtension(buf::validate::field);
}

void AddExpression(const std::string& expression, Rules* rules) {
  buf::validate::Rule* rule = rules->add_cel();
  rule->set_id("rule");
  rule->set_message("is not valid");
  rule->set_expression(expression);
}

// Three messages with the same fields.
pb::FileDescriptorProto MakeFile() {
  pb::FileDescriptorProto file;
  file.set_name("bench.proto");
  file.set_package("bench");
  file.set_syntax("proto3");
  file.add_dependency("buf/validate/validate.proto");
  using Field = pb::FieldDescriptorProto;

  pb::DescriptorProto* plain = file.add_message_type();
  plain->set_name("Plain");
  AddField(plain, "email", Field::TYPE_STRING);
  AddField(plain, "name", Field::TYPE_STRING);
  AddField(plain, "count", Field::TYPE_INT32);

  pb::DescriptorProto* native = file.add_message_type();
  native->set_name("Native");
  AddField(native, "email", Field::TYPE_STRING)
      ->mutable_string()
      ->set_email(true);
  auto* name = AddField(native, "name", Field::TYPE_STRING)->mutable_string();
  name->set_min_len(1);
  name->set_max_len(64);
  auto* count = AddField(native, "count", Field::TYPE_INT32)->mutable_int32();
  count->set_gte(1);
  count->set_lt(100);

  pb::DescriptorProto* cel = file.add_message_type();
  cel->set_name("Cel");
  AddExpression("this.isEmail()", AddField(cel, "email", Field::TYPE_STRING));
  AddExpression("size(this) >= 1 && size(this) <= 64",
                AddField(cel, "name", Field::TYPE_STRING));
  AddExpression("this >= 1 && this < 100",
                AddField(cel, "count", Field::TYPE_INT32));
  return file;
}

void Validate(benchmark::State& state, const Validator* validator,
              const pb::Message* message) {
  const auto run = [&] {
    const auto violations = validator->Validate(*message);
    if (!violations.ok() || !violations->empty()) std::abort();
  };
  run();
  const int64_t before = Allocations();
  for (auto _ : state) run();
  state.counters["allocs"] =
      benchmark::Counter(static_cast<double>(Allocations() - before),
                         benchmark::Counter::kAvgIterations);
}

int Main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  // The file that the program needs must be linked in.
  (void)buf::validate::FieldRules::descriptor();
  pb::DescriptorPool pool(pb::DescriptorPool::generated_pool());
  const pb::FileDescriptor* file = pool.BuildFile(MakeFile());
  if (file == nullptr) return 1;
  pb::DynamicMessageFactory factory(&pool);
  std::vector<std::unique_ptr<pb::Message>> messages;
  std::vector<std::shared_ptr<const Validator>> validators;
  for (int i = 0; i < file->message_type_count(); ++i) {
    const pb::Descriptor* type = file->message_type(i);
    auto validator = Validator::Compile(type);
    if (!validator.ok()) {
      std::fprintf(stderr, "%s\n", validator.status().ToString().c_str());
      return 1;
    }
    messages.emplace_back(factory.GetPrototype(type)->New());
    pb::Message* message = messages.back().get();
    const pb::Reflection* reflection = message->GetReflection();
    reflection->SetString(message, type->FindFieldByName("email"),
                          "ada.lovelace@example.com");
    reflection->SetString(message, type->FindFieldByName("name"),
                          "Ada Lovelace");
    reflection->SetInt32(message, type->FindFieldByName("count"), 42);
    validators.push_back(*std::move(validator));
    benchmark::RegisterBenchmark(("validate/" + type->name()).c_str(), Validate,
                                 validators.back().get(), message);
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace
}  // namespace sse_bridge

int main(int argc, char** argv) { return sse_bridge::Main(argc, argv); }
