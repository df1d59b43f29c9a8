import { describe, expect, it } from 'vitest';
import type { Answer } from './support/client.ts';
import { startServer } from './support/server.ts';

const SECRET = 'canary: the inside of the server';

describe('an error', () => {
  it.each([
    ['a syntax error', '{ viewer {', 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', '{ nothing }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a variable that is missing', 'query ($id: ID!) { node(id: $id) { id } }', 'BAD_USER_INPUT'],
    ['an argument that breaks a rule', '{ conversations(first: -1) { totalCount } }', 'BAD_USER_INPUT'],
    ['a question for an ADMIN', '{ usage(groupBy: [USER]) { totals { requests } } }', 'FORBIDDEN'],
    ['a fault of the server', '{ models { id } }', 'INTERNAL_SERVER_ERROR'],
  ])('like %s is told alike over HTTP and over WebSocket', async (_, query, code) => {
    await using server = await startServer();
    server.app.prices.of = () => {
      throw new Error(SECRET);
    };
    const overHttp = (await server.ask(query)).errors!;
    const overSocket = await errorsOf(server.follow(query));
    expect(overHttp).toMatchObject([{ extensions: { code } }]);
    expect(overSocket.map(withoutId)).toEqual(overHttp.map(withoutId));
    expect(JSON.stringify([overHttp, overSocket])).not.toContain(SECRET);
    if (code === 'INTERNAL_SERVER_ERROR') {
      expect(server.logged()).toContain(SECRET);
      expect(server.logged()).toContain(overHttp[0]!.extensions['id']);
    }
  });

  it('of one operation leaves the socket and its other subscriptions alone', async () => {
    await using server = await startServer();
    const { sendMessage } = await server.get(
      'mutation { sendMessage(input: { content: "Count to 30" }) { ... on SendMessagePayload { reply { id } } } }',
    );
    const events = server.follow('subscription ($id: ID!) { replyStream(messageId: $id) { __typename } }', {
      id: sendMessage.reply.id,
    });
    await events.next();
    expect(await errorsOf(server.follow('{ viewer {'))).toMatchObject([
      { extensions: { code: 'GRAPHQL_PARSE_FAILED' } },
    ]);
    const types: string[] = [];
    for await (const { data } of events) types.push(data.replyStream.__typename);
    expect(types.at(-1)).toBe('ReplyEnded');
  });
});

type Errors = NonNullable<Answer['errors']>;

/** Errors come as a message of their own or inside a result. */
async function errorsOf(answers: AsyncIterableIterator<Answer>): Promise<Errors> {
  try {
    return (await answers.next()).value.errors;
  } catch (errors) {
    return errors as Errors;
  }
}

function withoutId(error: Errors[number]): Errors[number] {
  return { ...error, extensions: { ...error.extensions, id: undefined } };
}
