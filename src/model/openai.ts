import type { IncomingMessage } from 'node:http';
import OpenAI, { APIError } from 'openai';
import { readCompletion } from './completion-stream.ts';
import { parametersOf } from './parameters.ts';
import type { ReplyRequest, ReplySink } from './request.ts';
import { bodyOf, fetchByNode } from './transport.ts';
import { failureOf, retryAfterOf, UpstreamFailure } from './upstream-failure.ts';
import { Watchdog, type TimeLimits } from './watchdog.ts';

/** The chat API: OpenAI's, or any server that speaks it. */
export interface ChatModel {
  /**
   * Makes one request and hands on the replies as they come. It is not repeated here, whatever happens: every request
   * costs money and has its row in the ledger.
   * @param signal closes the request at once.
   * @throws UpstreamFailure where not every choice came to its end; the signal's reason where that closed it.
   */
  reply(request: ReplyRequest, sink: ReplySink, signal: AbortSignal): Promise<void>;
}

export interface ChatModelSettings {
  apiKey: string;
  /** Undefined: the SDK's. */
  baseUrl: string | undefined;
  limits: TimeLimits;
}

export function createChatModel({ apiKey, baseUrl, limits }: ChatModelSettings): ChatModel {
  const client = new OpenAI({
    apiKey,
    baseURL: baseUrl ?? null,
    fetch: fetchByNode,
    maxRetries: 0, // Ours: see chat/generation.ts.
    timeout: 2 ** 31 - 1, // The watchdog's work.
    logLevel: 'off', // It would log what users wrote.
  });
  return {
    async reply(request, sink, signal) {
      const ended = new AbortController();
      using watchdog = new Watchdog(limits, (failure) => ended.abort(failure));
      const end = AbortSignal.any([signal, ended.signal]);
      try {
        const response = await client.chat.completions
          .create(parametersOf(request), { signal: end })
          .asResponse();
        sink.accepted(response.headers.get('x-request-id'));
        await read(bodyOf(response), request.n, sink, watchdog, end);
      } catch (error) {
        end.throwIfAborted();
        throw error instanceof UpstreamFailure ? error : translate(error);
      }
    },
  };
}

async function read(body: IncomingMessage, n: number, sink: ReplySink, watchdog: Watchdog, end: AbortSignal) {
  const close = () => body.destroy(end.reason as Error);
  end.addEventListener('abort', close, { once: true });
  body.on('data', () => watchdog.heard());
  const finished = new Set<number>();
  const finish: ReplySink['finish'] = (choice, reason) => {
    finished.add(choice);
    sink.finish(choice, reason);
  };
  try {
    end.throwIfAborted();
    await readCompletion(body, n, { ...sink, finish });
    // A stream that was cut off cleanly looks as if it had ended; only this tells them apart.
    if (finished.size < n)
      throw new UpstreamFailure('UPSTREAM_PROTOCOL', { cause: new Error('No finish reason.') });
  } catch (error) {
    // What breaks after every choice has its end takes nothing from the reply, at most its usage.
    if (finished.size < n || end.aborted) throw error;
  } finally {
    end.removeEventListener('abort', close);
    // What is still open then is of no use to the next request.
    if (!body.readableEnded) setTimeout(() => body.destroy(), 1000).unref();
  }
}

/** The SDK's errors in our words. Its messages stay here: they hold what the API said, and parts of keys. */
function translate(error: unknown): UpstreamFailure {
  if (error instanceof APIError && error.status !== undefined) {
    const { status, code, type, requestID, headers } = error as APIError<number, Headers>;
    return failureOf(
      status,
      { code, type },
      { refused: true, retryAfterMs: retryAfterOf(headers), requestId: requestID },
    );
  }
  const refused = NOT_CONNECTED.test(errnoOf(error) ?? '');
  return new UpstreamFailure('UPSTREAM_UNAVAILABLE', { again: true, refused, cause: error });
}

const NOT_CONNECTED = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/;

/** The operating system's word for what the SDK has wrapped. */
function errnoOf(error: unknown): string | undefined {
  const { code, cause } = (error ?? {}) as { code?: string; cause?: unknown };
  return code ?? (cause === undefined ? undefined : errnoOf(cause));
}
