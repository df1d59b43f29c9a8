// Lists as Relay's connections: https://relay.dev/graphql/connections.htm
import type { Page } from '../src/page.ts';
import { builder, type Ref } from './builder.ts';

const PageInfo = builder.objectRef<Page<unknown>['pageInfo']>('PageInfo').implement({
  description: 'Where in a list a page lies.',
  fields: (t) => ({
    hasNextPage: t.exposeBoolean('hasNextPage', { description: 'Whether rows follow this page.' }),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
      description: 'Whether rows come before this page.',
    }),
    startCursor: t.exposeString('startCursor', {
      nullable: true,
      description: 'The first row, for `before`.',
    }),
    endCursor: t.exposeString('endCursor', { nullable: true, description: 'The last row, for `after`.' }),
  }),
});

/** The arguments that every list takes. */
export function pageArguments(pageSize: number) {
  return {
    ...forwardArguments(pageSize),
    last: builder.args((t) => ({ last: t.int({ description: 'So many rows from the end, at most 100.' }) }))
      .last,
    before: builder.args((t) => ({
      before: t.string({ description: 'Only rows before the one with this cursor.' }),
    })).before,
  };
}

/** Of a list that is read from its beginning only. */
export function forwardArguments(pageSize: number) {
  return builder.args((t) => ({
    first: t.int({
      description: `So many rows from the beginning, at most 100; ${pageSize} where nothing is said.`,
    }),
    after: t.string({ description: 'Only rows after the one with this cursor.' }),
  }));
}

/** The edge of a list: a row and its place. Its own fields can be added by `builder.objectFields`. */
export function edgeOf<T>(name: string, node: Ref<T>) {
  return builder.objectRef<Page<T>['edges'][number]>(name).implement({
    description: 'A row of the list, and its place in it.',
    fields: (t) => ({
      cursor: t.exposeString('cursor', { description: 'Opaque; good for this list and this viewer.' }),
      node: t.field({ type: node, description: 'The row itself.', resolve: (edge) => edge.node as never }),
    }),
  });
}

/** The page of a list. Its own fields, for instance a count, can be added by `builder.objectFields`. */
export function connectionOf<T, P extends Page<T>>(name: string, description: string, node: Ref<T>) {
  const edge = edgeOf(name.replace('Connection', 'Edge'), node);
  const connection = builder.objectRef<P>(name).implement({
    description,
    fields: (t) => ({
      edges: t.field({
        type: [edge],
        description: 'The rows with their cursors.',
        resolve: (page) => page.edges,
      }),
      nodes: t.field({
        type: [node],
        description: 'The rows alone.',
        resolve: (page) => page.edges.map((row) => row.node) as never,
      }),
      pageInfo: t.field({
        type: PageInfo,
        description: 'Whether there is more.',
        resolve: (page) => page.pageInfo,
      }),
    }),
  });
  return { connection, edge };
}
