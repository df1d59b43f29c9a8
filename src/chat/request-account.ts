import type { Prices } from '../model/prices.ts';
import type { TokenUsage } from '../model/request.ts';
import { countTokens } from '../model/tokens.ts';
import type { LedgerEntry } from '../usage/ledger.ts';
import type { GeneratedReply } from './generated-reply.ts';
import type { Outcome } from './asking.ts';
import type { Task } from './generation.ts';

const NOTHING: TokenUsage = { promptTokens: 0, cachedTokens: 0, completionTokens: 0, reasoningTokens: 0 };

/** What is known of one request to the chat API while it is under way, until it becomes a row of the ledger. */
export class RequestAccount {
  readonly startedAt = new Date();
  /** As reported; the last word counts. */
  usage: TokenUsage | undefined;
  readonly #task: Task;
  readonly #attempt: number;
  readonly #replies: GeneratedReply[];
  #requestId: string | null = null;

  constructor(task: Task, attempt: number, replies: GeneratedReply[]) {
    this.#task = task;
    this.#attempt = attempt;
    this.#replies = replies;
  }

  accept(requestId: string | null): void {
    this.#requestId = requestId;
  }

  /** The tokens of a reply's text, where the API has said so: it speaks of all replies together. */
  tokensOf({ refusal }: GeneratedReply): number | undefined {
    if (!this.usage || this.#replies.length > 1 || refusal !== '') return undefined;
    return this.usage.completionTokens - this.usage.reasoningTokens;
  }

  async close(outcome: Outcome, prices: Prices): Promise<LedgerEntry> {
    const failure = outcome.kind === 'FAILED' ? outcome.failure : undefined;
    // Whoever turns a request away bills nothing for it. All else may be billed, and is counted if not reported.
    const usage = this.usage ?? (failure?.refused ? NOTHING : await this.#count());
    const stopped = this.#replies.every(({ state }) => state !== 'growing');
    return {
      generationId: this.#task.id,
      attempt: this.#attempt,
      owner: this.#task.owner,
      conversationId: this.#task.conversationId,
      model: this.#task.request.model,
      outcome: stopped && outcome.kind === 'COMPLETE' ? 'STOPPED' : outcome.kind,
      errorCode: failure?.code ?? null,
      requestId: this.#requestId ?? failure?.details.requestId ?? null,
      startedAt: this.startedAt,
      usage,
      reported: this.usage !== undefined || failure?.refused === true,
      price: prices.of(this.#task.request.model, usage.promptTokens).price,
    };
  }

  /** Hidden reasoning cannot be counted, so that this is a lower bound. */
  async #count(): Promise<TokenUsage> {
    const model = this.#task.request.model;
    const counts = await Promise.all(this.#replies.map(({ written }) => countTokens(written, model)));
    return {
      ...NOTHING,
      promptTokens: this.#task.promptTokens,
      completionTokens: counts.reduce((sum, tokens) => sum + tokens, 0),
    };
  }
}
