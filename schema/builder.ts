import SchemaBuilder, { type ObjectRef } from '@pothos/core';
import type { App } from '../src/app.ts';
import type { Loaders } from '../src/chat/loaders.ts';
import type { Viewer } from '../src/viewer.ts';

/** What every resolver gets: the application, who is asking, and what gathers their questions. */
export interface Context {
  app: App;
  viewer: Viewer;
  load: Loaders;
}

interface Types {
  Context: Context;
  DefaultFieldNullability: false;
  Scalars: {
    DateTime: { Input: never; Output: Date };
    Date: { Input: string; Output: string };
    SafeInt: { Input: number; Output: number };
    Decimal: { Input: never; Output: string };
    ID: { Input: string; Output: string };
  };
}

export const builder = new SchemaBuilder<Types>({ defaultFieldNullability: false });

/** An object type whose values are T. */
export type Ref<T> = ObjectRef<PothosSchemaTypes.ExtendDefaultTypes<Types>, T>;

builder.queryType({ description: 'What can be read.' });
builder.mutationType({
  description:
    'What can be changed. What a client can expect to go wrong is data, in the result; a result is null only beside an error of the request or of the server.',
});
builder.subscriptionType({
  description: 'What comes as it happens: over WebSocket (graphql-transport-ws) or as server-sent events.',
});
