import type { Conversation } from '../src/chat/chat.ts';
import type { ReportRow } from '../src/usage/report.ts';
import { reportPage, type ReportPage } from '../src/usage/report-page.ts';
import type { Usage as UsageShape } from '../src/usage/usage.ts';
import { globalId } from '../src/ids.ts';
import { builder, type Ref } from './builder.ts';
import { connectionOf, forwardArguments } from './connection.ts';

export const Usage = builder.objectRef<UsageShape>('Usage').implement({
  description:
    'Tokens as the chat API reported them, and their cost at the price of the moment: later price changes alter nothing.',
  fields: (t) => ({
    requests: t.expose('requests', {
      type: 'SafeInt',
      description: 'Requests to the chat API, those that failed or were made again included.',
    }),
    promptTokens: t.expose('promptTokens', {
      type: 'SafeInt',
      description: 'What the model was given to read.',
    }),
    cachedTokens: t.expose('cachedTokens', {
      type: 'SafeInt',
      description: 'Part of promptTokens: what the provider had in its cache.',
    }),
    completionTokens: t.expose('completionTokens', { type: 'SafeInt', description: 'What the model wrote.' }),
    reasoningTokens: t.expose('reasoningTokens', {
      type: 'SafeInt',
      description: 'Part of completionTokens: what nobody sees.',
    }),
    totalTokens: t.field({
      type: 'SafeInt',
      description: 'promptTokens and completionTokens together.',
      resolve: ({ promptTokens, completionTokens }) => promptTokens + completionTokens,
    }),
    cost: t.expose('cost', {
      type: 'Decimal',
      nullable: true,
      description:
        'In US dollars, of all that has a known price; null where nothing has. Never a 0 for what is not known.',
    }),
    unpricedTokens: t.expose('unpricedTokens', {
      type: 'SafeInt',
      description: 'Tokens without a known price: where not 0, cost is not all.',
    }),
    estimatedTokens: t.expose('estimatedTokens', {
      type: 'SafeInt',
      description:
        "Tokens that the API did not report (a stopped or broken stream), counted here with the model's tokenizer.",
    }),
  }),
});

const UsageDimension = builder.enumType('UsageDimension', {
  description: 'What the rows of a report tell apart.',
  values: {
    DAY: { description: 'The day of the time zone on which the request ended.' },
    MODEL: { description: 'The model that was asked for.' },
    CONVERSATION: { description: 'The conversation, deleted ones included.' },
    USER: { description: 'Whose conversation it is. For an ADMIN only.' },
  } as const,
});

const UsageOrder = builder.enumType('UsageOrder', {
  description: 'The order of the rows of a report.',
  values: {
    COST_DESC: { description: 'The dearest first; what has no known price last.' },
    TOKENS_DESC: { description: 'The most tokens first.' },
    REQUESTS_DESC: { description: 'The most requests first.' },
    DAY_ASC: { description: 'The earliest day first.' },
    DAY_DESC: { description: 'The latest day first.' },
  } as const,
});

/** @param Conversation as a type, which in turn has a Usage. */
export function defineReport(Conversation: Ref<Conversation>): void {
  const UsageRow = builder.objectRef<ReportRow>('UsageRow').implement({
    description:
      'One row of a report. A dimension that was not grouped by is null; conversation is also null once it is deleted: its usage stays.',
    fields: (t) => ({
      day: t.expose('day', {
        type: 'Date',
        nullable: true,
        description: 'The day, by the time zone of the report.',
      }),
      model: t.exposeString('model', { nullable: true, description: 'The model.' }),
      conversation: t.field({
        type: Conversation,
        nullable: true,
        description: 'The conversation; null once it is deleted.',
        resolve: ({ conversationId }, _, { load }) =>
          conversationId ? load.conversation.load(conversationId) : null,
      }),
      conversationId: t.id({
        nullable: true,
        description: 'Its id, also once it is deleted.',
        resolve: ({ conversationId }) => conversationId && globalId('Conversation', conversationId),
      }),
      userId: t.exposeString('owner', { nullable: true, description: 'The user.' }),
      usage: t.expose('usage', { type: Usage, description: 'What the row sums up.' }),
    }),
  });

  const { connection } = connectionOf<ReportRow, ReportPage>(
    'UsageConnection',
    'A page of a report.',
    UsageRow,
  );
  builder.objectFields(connection, (t) => ({
    totals: t.expose('totals', { type: Usage, description: 'Over all rows, not only this page.' }),
  }));

  builder.queryField('usage', (t) =>
    t.field({
      type: connection,
      description: `Usage and cost over whole days of the time zone, one row for each combination of the grouping dimensions, e.g. \`[CONVERSATION]\` for usage by conversation.

Answered from roll-ups, so its cost does not grow with the number of messages. Only an ADMIN may group by USER or ask about somebody else; everyone else sees their own.`,
      args: {
        from: t.arg({
          type: 'Date',
          description: 'The first day; 29 days before the last where nothing is said.',
        }),
        to: t.arg({ type: 'Date', description: 'The last day, included; today where nothing is said.' }),
        timeZone: t.arg.string({
          required: true,
          defaultValue: 'UTC',
          description: 'Whose days, by its name in the IANA database: `Asia/Seoul`.',
        }),
        groupBy: t.arg({
          type: [UsageDimension],
          required: true,
          defaultValue: [],
          description: 'What the rows tell apart; a single row of everything where empty.',
        }),
        conversationId: t.arg.id({ description: 'Only of this conversation.' }),
        model: t.arg.string({ description: 'Only of this model.' }),
        userId: t.arg.string({ description: 'Only of this user.' }),
        orderBy: t.arg({
          type: UsageOrder,
          required: true,
          defaultValue: 'COST_DESC',
          description: 'The order of the rows.',
        }),
        ...forwardArguments(100),
      },
      resolve: (_, args, { app, viewer }) => reportPage(app.db, viewer, args),
    }),
  );
}
