// The closed family of what can go wrong in a way that a caller can expect. Everything else is a fault of the server:
// it is masked at the gate (server/mask.ts) under an id that the log has too.

import type { Quota } from './usage/quota.ts';

/** Expected failures that a mutation returns as data: one class for each error type of the schema. */
export abstract class Failure extends Error {}

/** A value that the schema's types let through but the rules do not. */
export class InvalidInput extends Failure {
  /** The input fields, from the outside in. */
  readonly path: string[];

  constructor(path: string[], message: string) {
    super(message);
    this.path = path;
  }
}

/** It does not exist, or is not the viewer's: the two are not told apart. */
export class NotFound extends Failure {
  /** As the client gave it. */
  readonly id: string;

  constructor(id: string) {
    super('There is nothing with this id.');
    this.id = id;
  }
}

/** The new message alone does not fit the model's context window. */
export class ContextLengthExceeded extends Failure {
  readonly tokens: number;
  readonly contextWindow: number;

  constructor(tokens: number, contextWindow: number) {
    super(
      `The message and the room for its reply are more than the model's context window of ${contextWindow} tokens.`,
    );
    this.tokens = tokens;
    this.contextWindow = contextWindow;
  }
}

/** A reply is still being written under the message or on the branch. */
export class ConversationBusy extends Failure {
  readonly replyId: string;

  constructor(replyId: string) {
    super('A reply is still being written here. Stop it, or wait for its end.');
    this.replyId = replyId;
  }
}

/** What a user may use a day does not allow it. */
export class QuotaExceeded extends Failure {
  readonly quota: Quota;

  constructor(quota: Quota) {
    super(`The limit for today is used up. It begins anew at ${quota.resetsAt.toISOString()}.`);
    this.quota = quota;
  }
}

/** Too many messages a minute. */
export class RateLimited extends Failure {
  /** Seconds. */
  readonly retryAfter: number;

  constructor(retryAfter: number) {
    super(`Too many messages. Try again in ${retryAfter} s.`);
    this.retryAfter = retryAfter;
  }
}

/** The same idempotency key came with a different input. */
export class IdempotencyConflict extends Failure {
  constructor() {
    super('This idempotency key was used for something else. Use a new key for every new message.');
  }
}

/** A broken request: it becomes a GraphQL error with the code BAD_USER_INPUT. */
export class BadInput extends Error {}

/** The viewer may not ask this: a GraphQL error with the code FORBIDDEN. */
export class Forbidden extends Error {}

/** What a query or subscription asks for does not exist, or is not the viewer's: a GraphQL error with the code NOT_FOUND. */
export class NothingThere extends Error {
  constructor() {
    super('There is nothing with this id.');
  }
}

/** The database does not answer, or the server is about to go. Nothing was stored; the same call may be made again. */
export class Unavailable extends Error {
  constructor(reason: string, cause?: unknown) {
    super(`${reason} Nothing was stored: try again.`, { cause });
  }
}
