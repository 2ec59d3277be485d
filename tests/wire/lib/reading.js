import {TimedOut} from './connection.js';

/** Reads what a stream without events sends within the time, until the first comment. */
export async function readQuiet(stream, milliseconds) {
  const deadline = Date.now() + milliseconds;
  // What is sent at the beginning does not count.
  await readFor(stream, Math.min(500, milliseconds / 4));
  stream.comments = 0;
  stream.blocks.length = 0;
  while (stream.comments === 0 && stream.blocks.length === 0 && Date.now() < deadline) {
    await readFor(stream, Math.min(100, deadline - Date.now()));
  }
}

/** Reads for a time, whatever comes. */
export async function readFor(stream, milliseconds) {
  const deadline = Date.now() + milliseconds;
  try {
    while ((await stream.block(deadline)) !== null);
  } catch (error) {
    if (!(error instanceof TimedOut)) throw error;
  }
}
