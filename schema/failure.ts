// What a client can expect to go wrong, as data: one type for each class of src/failure.ts.
import * as failures from '../src/failure.ts';
import { builder, type Ref } from './builder.ts';

const ErrorInterface = builder.interfaceRef<failures.Failure>('Error').implement({
  description: 'What a client can expect to go wrong.',
  fields: (t) => ({ message: t.exposeString('message', { description: 'For people, in English.' }) }),
});

export const InvalidInputError = builder.objectRef<failures.InvalidInput>('InvalidInputError').implement({
  description: "A value that the schema's types let through but the rules do not.",
  interfaces: [ErrorInterface],
  isTypeOf: (value) => value instanceof failures.InvalidInput,
  fields: (t) => ({
    path: t.exposeStringList('path', {
      description: 'The input fields, from the outside in: `["settings", "temperature"]`.',
    }),
  }),
});

export const NotFoundError = builder.objectRef<failures.NotFound>('NotFoundError').implement({
  description: "It does not exist or is not the viewer's: the two are not told apart.",
  interfaces: [ErrorInterface],
  isTypeOf: (value) => value instanceof failures.NotFound,
  fields: (t) => ({ id: t.exposeID('id', { description: 'As the client gave it.' }) }),
});

export const ContextLengthExceededError = builder
  .objectRef<failures.ContextLengthExceeded>('ContextLengthExceededError')
  .implement({
    description: "The new message alone does not fit the model's context window.",
    interfaces: [ErrorInterface],
    isTypeOf: (value) => value instanceof failures.ContextLengthExceeded,
    fields: (t) => ({
      tokens: t.exposeInt('tokens', { description: 'What the message and the system prompts take.' }),
      contextWindow: t.exposeInt('contextWindow', {
        description: "The model's, in tokens, the reply's room included.",
      }),
    }),
  });

export const IdempotencyConflictError = builder
  .objectRef<failures.IdempotencyConflict>('IdempotencyConflictError')
  .implement({
    description: 'The same idempotencyKey came with a different input.',
    interfaces: [ErrorInterface],
    isTypeOf: (value) => value instanceof failures.IdempotencyConflict,
  });

export { ErrorInterface };

/**
 * The outcome of a mutation: what it promises, or one of the failures that a client can expect.
 * @param failureTypes each tells its own objects by `isTypeOf`; whatever none of them claims is the payload.
 */
export function resultType<T extends object>(
  name: string,
  description: string,
  payload: Ref<T>,
  failureTypes: Ref<failures.Failure>[],
) {
  return builder.unionType(name, {
    description,
    types: [payload, ...failureTypes],
    resolveType: (value) => (value instanceof failures.Failure ? undefined : payload),
  });
}

/** Turns an expected failure into the answer; lets every other error through. */
export async function outcomeOf<T>(work: Promise<T>): Promise<T | failures.Failure> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof failures.Failure) return error;
    throw error;
  }
}
