// Records the conformance cases of google/cel-spec, which the npm package
// @bufbuild/cel-spec contains, for cel_conformance_test:
//   npm ci && node record.mjs
// writes cases.binpb.gz, a cel.expr.conformance.test.SimpleTestFile, and
// types.binpb.gz, a FileDescriptorSet of its types and of those in the cases.
import { create, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import {
  SimpleTestFileSchema,
  file_cel_expr_conformance_test_simple as simple,
} from "@bufbuild/cel-spec/cel/expr/conformance/test/simple_pb.js";
import { file_cel_expr_conformance_proto2_test_all_types_extensions as proto2 } from "@bufbuild/cel-spec/cel/expr/conformance/proto2/test_all_types_extensions_pb.js";
import { file_cel_expr_conformance_proto3_test_all_types as proto3 } from "@bufbuild/cel-spec/cel/expr/conformance/proto3/test_all_types_pb.js";
import { getConformanceSuite } from "@bufbuild/cel-spec/testdata/tests.js";
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

// The sections that protovalidate's dialect of CEL implements.
const wanted = [
  "basic",
  "comparisons",
  "conversions",
  "fields",
  "fp_math",
  "integer_math",
  "lists",
  "logic",
  "macros",
  "namespace",
  "parse",
  "plumbing",
  "string",
  "string_ext",
  "timestamps",
];

const sections = [];
function visit(suite, path) {
  const tests = suite.tests.map((test) => test.original);
  if (tests.length > 0) sections.push({ name: path, test: tests });
  for (const inner of suite.suites) visit(inner, `${path}/${inner.name}`);
}
for (const suite of getConformanceSuite().suites) {
  if (wanted.includes(suite.name)) visit(suite, suite.name);
}

const files = [];
function add(file) {
  if (files.includes(file.proto)) return;
  for (const dependency of file.dependencies) add(dependency);
  if (!files.includes(file.proto)) files.push(file.proto);
}
for (const file of [simple, proto2, proto3]) add(file);

function write(name, schema, message) {
  const bytes = toBinary(schema, create(schema, message));
  writeFileSync(name, gzipSync(bytes, { level: 9 }));
}
write("cases.binpb.gz", SimpleTestFileSchema, { section: sections });
write("types.binpb.gz", FileDescriptorSetSchema, { file: files });
console.log(
  sections.reduce((sum, section) => sum + section.test.length, 0),
  "cases",
);
