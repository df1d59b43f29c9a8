// The thread in which the embedded PostgreSQL runs. It answers the wire protocol: bytes in, bytes out.
import { workerData, parentPort, type MessagePort } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { createMessageReader } from './wire.ts';

const { dataDir } = workerData as { dataDir: string };
// The default of 128 MB is memory that a database of this size never fills.
const database = await PGlite.create({ dataDir, postgresqlconf: ['shared_buffers = 16MB'] } as {
  dataDir: string;
});

parentPort!.on('message', (message: { connect: MessagePort } | { close: true }) => {
  if ('connect' in message) serve(message.connect);
  else void database.close().then(() => parentPort!.postMessage('closed'));
});
parentPort!.postMessage('open');

/** One connection. The database has a single session, so each connection begins by clearing what the last one left. */
function serve(port: MessagePort): void {
  const complete = createMessageReader();
  let work: Promise<unknown> = database.exec('rollback').then(() => database.exec('discard all'));
  port.on('message', (bytes: Uint8Array) => {
    const ready = complete(bytes);
    if (ready.length > 0) work = work.then(() => answer(port, ready));
  });
}

async function answer(port: MessagePort, bytes: Uint8Array): Promise<void> {
  try {
    await database.execProtocolRawStream(bytes, { onRawData: (data) => port.postMessage(data.slice()) });
  } catch (error) {
    port.close(); // The connection ends, as it does where a server process dies; the client sees a broken connection.
    throw error;
  }
}
