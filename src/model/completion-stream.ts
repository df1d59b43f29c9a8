import type { IncomingMessage } from 'node:http';
import { createParser } from 'eventsource-parser';
import { interpret, record, type Json } from './chunk.ts';
import type { ReplySink } from './request.ts';
import { failureInStream, UpstreamFailure } from './upstream-failure.ts';

/** What is asked for, and how much is taken. */
export interface CompletionShape {
  /** How many choices. */
  n: number;
  /** Of one event of a stream, or of a plain answer, in characters. */
  maxEventLength: number;
}

/**
 * Reads the body of an answer with status 200 to its end and hands on what it holds.
 * @throws UpstreamFailure where it breaks off, tells of an error, or cannot be read.
 */
export function readCompletion(
  body: IncomingMessage,
  shape: CompletionShape,
  sink: ReplySink,
): Promise<void> {
  const isStream = body.headers['content-type']?.includes('json') !== true;
  return isStream ? readStream(body, shape, sink) : readPlain(body, shape, sink);
}

function readStream(body: IncomingMessage, shape: CompletionShape, sink: ReplySink): Promise<void> {
  return new Promise((resolve, reject) => {
    let done = false;
    const finish = (failure?: Error) => {
      if (done) return;
      done = true;
      if (!failure) return resolve();
      body.destroy();
      reject(failure);
    };
    const parser = createParser({
      maxBufferSize: shape.maxEventLength,
      onError: (error) => error.type === 'max-buffer-size-exceeded' && finish(unreadable(error)),
      // Servers may go on after [DONE]; nobody listens.
      onEvent: ({ event, data }) => done || take(event, data),
    });
    const take = (event: string | undefined, data: string) => {
      if (data === '[DONE]') return finish();
      const json = parse(data);
      if (!json) return finish(unreadable(new Error('An event that is no JSON object.')));
      if (event === 'error' || json['error']) return finish(failureInStream(json['error'] ?? json));
      try {
        interpret(json, shape.n, sink);
      } catch (error) {
        finish(error as Error); // The sink takes no more.
      }
    };
    body.setEncoding('utf8');
    body.on('data', (text: string) => done || parser.feed(text));
    body.on('end', () => {
      if (!done) parser.feed('\n\n'); // Some servers do not end their last event.
      finish();
    });
    body.on('error', (error) =>
      finish(new UpstreamFailure('UPSTREAM_PROTOCOL', { again: true, cause: error })),
    );
  });
}

/** A server that does not stream answers with the whole completion. */
async function readPlain(body: IncomingMessage, shape: CompletionShape, sink: ReplySink): Promise<void> {
  body.setEncoding('utf8');
  let text = '';
  try {
    for await (const piece of body) {
      text += piece;
      if (text.length > shape.maxEventLength) throw unreadable(new Error('An answer that is too long.'));
    }
  } catch (error) {
    throw error instanceof UpstreamFailure
      ? error
      : new UpstreamFailure('UPSTREAM_PROTOCOL', { again: true, cause: error });
  }
  const json = parse(text);
  if (!json) throw unreadable(new Error('An answer that is no JSON object.'));
  if (json['error']) throw failureInStream(json['error']);
  interpret(json, shape.n, sink);
}

function parse(text: string): Json | undefined {
  try {
    return record(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function unreadable(cause: Error): UpstreamFailure {
  return new UpstreamFailure('UPSTREAM_PROTOCOL', { cause });
}
