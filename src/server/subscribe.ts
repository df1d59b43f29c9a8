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
  return Symbol.asyncIterator in source ? new Results(operation, source[Symbol.asyncIterator]()) : source;
}

class Results implements AsyncIterableIterator<ExecutionResult> {
  readonly #operation: ValidatedSubscriptionArgs;
  readonly #source: AsyncIterator<unknown>;

  constructor(operation: ValidatedSubscriptionArgs, source: AsyncIterator<unknown>) {
    this.#operation = operation;
    this.#source = source;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<ExecutionResult>> {
    const event = await this.#source.next();
    if (event.done) return { done: true, value: undefined };
    const { app, viewer } = this.#operation.contextValue as Context;
    const operation = { ...this.#operation, rootValue: event.value, contextValue: contextFor(app, viewer) };
    return { done: false, value: await executeSubscriptionEvent(operation) };
  }

  async return(): Promise<IteratorResult<ExecutionResult>> {
    await this.#source.return?.();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<IteratorResult<ExecutionResult>> {
    await this.#source.return?.();
    throw error;
  }
}
