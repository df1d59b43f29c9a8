import {
  createSourceEventStream,
  executeSubscriptionEvent,
  validateSubscriptionArgs,
  type ExecutionArgs,
  type ExecutionResult,
  type ValidatedSubscriptionArgs,
} from 'graphql';
import type { Context } from '../../schema/builder.ts';
import { contextFor } from './context.ts';
import type { Caller } from './gate.ts';
import type { Work } from './work.ts';

/**
 * Carries out a subscription. Written by hand for two reasons: who leaves must wake what waits, and an async generator
 * that waits does not hear; and each event needs loaders of its own, or it would see what an earlier one has read.
 */
export async function subscribe(
  args: ExecutionArgs,
): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> {
  const operation = validateSubscriptionArgs(args);
  if (!('schema' in operation)) return { errors: operation };
  const source = await createSourceEventStream(operation);
  if (!(Symbol.asyncIterator in source)) return source;
  return new Results(operation, source[Symbol.asyncIterator](), (args.contextValue as Caller).work);
}

class Results implements AsyncIterableIterator<ExecutionResult> {
  readonly #operation: ValidatedSubscriptionArgs;
  readonly #source: AsyncIterator<unknown>;
  readonly #work: Work;
  /** Whether an event is being carried out, or its result being sent. */
  #busy = false;

  constructor(operation: ValidatedSubscriptionArgs, source: AsyncIterator<unknown>, work: Work) {
    this.#operation = operation;
    this.#source = source;
    this.#work = work;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Comes when the last result has been sent. */
  async next(): Promise<IteratorResult<ExecutionResult>> {
    this.#rest();
    const event = await this.#source.next();
    if (event.done) return { done: true, value: undefined };
    this.#busy = true;
    this.#work.begin();
    const { app, viewer } = this.#operation.contextValue as Context;
    const operation = { ...this.#operation, rootValue: event.value, contextValue: contextFor(app, viewer) };
    return { done: false, value: await executeSubscriptionEvent(operation) };
  }

  async return(): Promise<IteratorResult<ExecutionResult>> {
    this.#rest();
    await this.#source.return?.();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<IteratorResult<ExecutionResult>> {
    await this.return();
    throw error;
  }

  #rest(): void {
    if (this.#busy) this.#work.end();
    this.#busy = false;
  }
}
