// What a client can expect to go wrong, as data: one type for each class of src/failure.ts.
import * as failures from '../src/failure.ts';
import { builder, type Ref } from './builder.ts';

/** A failure as an answer. A copy, since an executor takes every Error that it is handed for one of its own. */
type Told<F extends failures.Failure = failures.Failure> = Omit<F, 'name' | 'stack' | 'cause'> & {
  told: Kind<F>;
};
type Kind<F extends failures.Failure> = new (...args: never[]) => F;

const ErrorInterface = builder.interfaceRef<Told>('Error').implement({
  description: 'What a client can expect to go wrong.',
  fields: (t) => ({ message: t.exposeString('message', { description: 'For people, in English.' }) }),
});

const types = new Map<unknown, Ref<Told>>();

/** The type of a class of failures; its own fields can be added by `builder.objectFields`. */
export function failureType<F extends failures.Failure>(
  kind: Kind<F>,
  name: string,
  description: string,
): Ref<Told<F>> {
  const ref = builder.objectRef<Told>(name).implement({ description, interfaces: [ErrorInterface] });
  types.set(kind, ref);
  return ref as Ref<unknown> as Ref<Told<F>>;
}

export const InvalidInputError = failureType(
  failures.InvalidInput,
  'InvalidInputError',
  "A value that the schema's types let through but the rules do not.",
);
builder.objectFields(InvalidInputError, (t) => ({
  path: t.exposeStringList('path', {
    description: 'The input fields, from the outside in: `["settings", "temperature"]`.',
  }),
}));

export const NotFoundError = failureType(
  failures.NotFound,
  'NotFoundError',
  "It does not exist or is not the viewer's: the two are not told apart.",
);
builder.objectFields(NotFoundError, (t) => ({
  id: t.exposeID('id', { description: 'As the client gave it.' }),
}));

export const ContextLengthExceededError = failureType(
  failures.ContextLengthExceeded,
  'ContextLengthExceededError',
  "The new message alone does not fit the model's context window.",
);
builder.objectFields(ContextLengthExceededError, (t) => ({
  tokens: t.exposeInt('tokens', { description: 'What the message and the system prompts take.' }),
  contextWindow: t.exposeInt('contextWindow', {
    description: "The model's, in tokens, the reply's room included.",
  }),
}));

export const IdempotencyConflictError = failureType(
  failures.IdempotencyConflict,
  'IdempotencyConflictError',
  'The same idempotencyKey came with a different input.',
);

/** The outcome of a mutation: what it promises, or one of the failures that a client can expect. */
export function resultType<T extends object>(
  name: string,
  description: string,
  payload: Ref<T>,
  failureTypes: Ref<Told>[],
) {
  return builder.unionType(name, {
    description,
    types: [payload, ...failureTypes],
    resolveType: (value: T | Told) => ('told' in value ? types.get(value.told) : payload),
  });
}

/** Turns an expected failure into the answer; lets every other error through. */
export async function outcomeOf<T>(work: Promise<T>): Promise<T | Told> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof failures.Failure)) throw error;
    return Object.assign(
      { message: error.message, told: error.constructor as Kind<failures.Failure> },
      error,
    );
  }
}
