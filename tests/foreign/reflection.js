// gRPC server reflection of files exactly as protoc has them. @grpc/reflection
// makes up files of its own, and they have lost their options.
'use strict';
const { execFileSync } = require('child_process');
const fs = require('fs');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const os = require('os');
const path = require('path');
const { Reader } = require('protobufjs/minimal');

// The files of a serialised FileDescriptorSet, as bytes by name.
function split(set) {
  const files = new Map();
  for (const reader = Reader.create(set); reader.pos < reader.len;) {
    reader.uint32();
    const bytes = Buffer.from(reader.bytes());
    const file = Reader.create(bytes);
    let name = '';
    while (name === '' && file.pos < file.len) {
      const tag = file.uint32();
      if (tag >>> 3 === 1) name = file.string();
      else file.skipType(tag & 7);
    }
    files.set(name, bytes);
  }
  return files;
}

// `services`: full names to the file that has them.
exports.addReflection = (server, includeDirs, services) => {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'reflection-'));
  const out = path.join(scratch, 'set');
  execFileSync('protoc', [...includeDirs.map((each) => `-I${each}`), '--include_imports',
    `--descriptor_set_out=${out}`, ...new Set(Object.values(services))]);
  const files = split(fs.readFileSync(out));
  fs.rmSync(scratch, { recursive: true });
  const definition = loader.loadSync('grpc/reflection/v1/reflection.proto', { includeDirs, keepCase: true });
  const answer = (request) => {
    if (request.list_services) {
      return { list_services_response: { service: Object.keys(services).map((name) => ({ name })) } };
    }
    const file = files.get(request.file_by_filename ?? services[request.file_containing_symbol]);
    return file === undefined
      ? { error_response: { error_code: grpc.status.NOT_FOUND, error_message: 'not here' } }
      : { file_descriptor_response: { file_descriptor_proto: [file] } };
  };
  server.addService(grpc.loadPackageDefinition(definition).grpc.reflection.v1.ServerReflection.service, {
    ServerReflectionInfo(call) {
      call.on('data', (request) => call.write({ original_request: request, ...answer(request) }));
      call.on('end', () => call.end());
    },
  });
};
