import type { IncomingMessage } from 'node:http';
import OpenAI from 'openai';
import { readCompletion, type CompletionShape } from './completion-stream.ts';
import { Circuit } from './circuit.ts';
import { parametersOf, type Feature } from './parameters.ts';
import type { ReplyRequest, ReplySink } from './request.ts';
import { bodyOf, fetchByNode } from './transport.ts';
import { refusedFeature, translate } from './translate.ts';
import { failureOf, UpstreamFailure } from './upstream-failure.ts';
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
  /** Why no request can be made now, for instance since the key was refused again and again; undefined where one can. */
  refusal(): UpstreamFailure | undefined;
}

export interface ChatModelSettings {
  apiKey: string;
  /** Undefined: the SDK's. */
  baseUrl: string | undefined;
  limits: TimeLimits;
  /** Of one event of a stream, or of a plain answer, in characters. */
  maxEventLength: number;
}

export function createChatModel({ apiKey, baseUrl, limits, maxEventLength }: ChatModelSettings): ChatModel {
  const client = new OpenAI({
    apiKey,
    baseURL: baseUrl ?? null,
    fetch: fetchByNode,
    maxRetries: 0, // Ours: see chat/asking.ts.
    timeout: 2 ** 31 - 1, // The watchdog's work.
    logLevel: 'off', // It would log what users wrote.
  });
  const circuit = new Circuit();
  // What this server has refused for a model: it is not asked for it again.
  const lacking = new Map<string, Set<Feature>>();

  async function request(wanted: ReplyRequest, sink: ReplySink, signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    using watchdog = new Watchdog(limits, (failure) => ended.abort(failure));
    const end = AbortSignal.any([signal, ended.signal]);
    const lacks = lacking.get(wanted.model) ?? new Set();
    try {
      const response = await client.chat.completions
        .create(parametersOf(wanted, lacks), { signal: end })
        .asResponse();
      const body = bodyOf(response);
      if (!body) throw failureOf(response.status, undefined, { refused: true });
      circuit.accepted();
      sink.accepted(response.headers.get('x-request-id'));
      await read(body, { n: wanted.n, maxEventLength }, sink, watchdog, end);
    } catch (error) {
      end.throwIfAborted();
      const feature = refusedFeature(error, lacks);
      if (feature) lacking.set(wanted.model, lacks.add(feature));
      throw error instanceof UpstreamFailure ? error : translate(error, feature !== undefined);
    }
  }

  return {
    refusal: () => circuit.refusal(),
    async reply(wanted, sink, signal) {
      const isProbe = circuit.begin();
      try {
        await request(wanted, sink, signal);
      } catch (error) {
        const failure =
          error instanceof UpstreamFailure ? error : new UpstreamFailure('INTERNAL', { cause: error });
        circuit.failed(failure, isProbe);
        throw signal.aborted ? error : failure;
      }
    },
  };
}

async function read(
  body: IncomingMessage,
  shape: CompletionShape,
  sink: ReplySink,
  watchdog: Watchdog,
  end: AbortSignal,
) {
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
    await readCompletion(body, shape, { ...sink, finish });
    // A stream that was cut off cleanly looks as if it had ended; only this tells them apart.
    if (finished.size < shape.n)
      throw new UpstreamFailure('UPSTREAM_PROTOCOL', { cause: new Error('No finish reason.') });
  } catch (error) {
    // What breaks after every choice has its end takes nothing from the reply, at most its usage.
    if (finished.size < shape.n || end.aborted) throw error;
  } finally {
    end.removeEventListener('abort', close);
    // What is still open then is of no use to the next request.
    if (!body.readableEnded) setTimeout(() => body.destroy(), 1000).unref();
  }
}
