import path from 'node:path';

export default {
  // The folder above has the packages.
  outputFileTracingRoot: path.resolve('..'),
  eslint: { ignoreDuringBuilds: true },
};
