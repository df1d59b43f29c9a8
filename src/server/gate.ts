// The one gate through which every operation goes, by whichever door it came: who asks, what may be asked, and what is
// told of a fault.
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import { createYoga, type Plugin } from 'graphql-yoga';
import { schema } from '../../schema/schema.ts';
import type { App } from '../app.ts';
import type { Viewer } from '../viewer.ts';
import { contextFor } from './context.ts';
import { createMask } from './mask.ts';
import { subscribe } from './subscribe.ts';
import type { Work } from './work.ts';

/** What a door knows of a caller before an operation begins. */
export interface Caller {
  viewer: Viewer;
  work: Work;
}

export type Gate = ReturnType<typeof createGate>;

export function createGate(app: App) {
  const mask = createMask(app.log);
  return createYoga<Caller>({
    schema,
    context: ({ viewer }) => contextFor(app, viewer),
    maskedErrors: { maskError: mask },
    plugins: [ownSubscribe],
    graphiql: app.settings.GRAPHIQL ? { title: 'Parley', subscriptionsProtocol: 'WS' } : false,
    renderGraphiQL,
    landingPage: false,
    multipart: false,
    cors: false,
    // What it would log, the mask does.
    logging: false,
  });
}

const ownSubscribe: Plugin = {
  onSubscribe: ({ setSubscribeFn }) => setSubscribeFn(subscribe),
};
